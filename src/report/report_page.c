#include "report/report_page.h"

#include <math.h>
#include <stdio.h>

#include "base/files.h"

void page_begin_section(ReportPage *page, const char *id, const char *title) {
    text_print(&page->html, "\n<section id=\"%s\" aria-labelledby=\"%s-title\">\n<h2 id=\"%s-title\">%s</h2>\n", id, id,
               id, title);
}

void page_end_section(ReportPage *page) { text_add(&page->html, "</section>\n"); }

/* RUN/plots/NAME.svg */
static Status write_plot(Context *ctx, const RunFolder *folder, const char *name, const char *svg) {
    char *path = NULL, place[80];
    TextBuffer file = {.ctx = ctx};
    snprintf(place, sizeof place, RUN_PLOTS "/%s.svg", name);
    svg_file(&file, svg);
    Status status = file.status;
    if (status == SPICA_OK) status = run_folder_path(ctx, folder, place, &path);
    if (status == SPICA_OK) status = file_replace(ctx, path, file.text, file.length);
    FREE_ARRAY(ctx, &path);
    text_close(&file);
    return status;
}

Status page_add_plot(ReportPage *page, const char *name, TextBuffer *svg) {
    char *text = NULL;
    Status status = text_take(svg, &text);
    if (status == SPICA_OK) status = write_plot(page->ctx, &page->report->folder, name, text);
    if (status == SPICA_OK) {
        text_add(&page->html, "<div class=\"figure\">");
        text_add(&page->html, text);
        text_add(&page->html, "</div>\n");
    }
    FREE_ARRAY(page->ctx, &text);
    return status;
}

const char *page_main_class(const ReportPage *page, size_t cluster, double *share) {
    const json_t *row = json_array_get(json_object_get(page->report->metrics, "confusion"), cluster);
    const json_t *names = json_object_get(page->report->metrics, "class_names");
    json_int_t sum = 0, most = 0;
    size_t best = 0;
    for (size_t c = 0; c < json_array_size(row); c++) {
        const json_int_t count = json_integer_value(json_array_get(row, c));
        sum += count;
        if (count > most) most = count, best = c;
    }
    *share = sum > 0 ? (double)most / (double)sum : (double)NAN;
    return most > 0 ? json_string_value(json_array_get(names, best)) : NULL;
}

void page_add_cluster_name(ReportPage *page, size_t cluster) {
    double share;
    const char *class = page_main_class(page, cluster, &share);
    text_print(&page->html, "Cluster %zu", cluster);
    if (class == NULL) return;
    text_add(&page->html, " <span class=\"class\">");
    html_percent(&page->html, share);
    text_add(&page->html, " ");
    html_text(&page->html, class);
    text_add(&page->html, "</span>");
}
