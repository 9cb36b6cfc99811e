/* The report's first section: what came out, from what, how, and what to be wary of. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report/report_page.h"
#include "run/run.h"

/* ---- figures ---- */

/* One figure with what it is; `what` is ours. */
static void begin_fact(TextBuffer *html, const char *what) { text_print(html, "<li><span>%s</span> <b>", what); }

static void end_fact(TextBuffer *html) { text_add(html, "</b></li>\n"); }

static void add_percent_fact(TextBuffer *html, const char *what, double share) {
    if (!isfinite(share)) return;
    begin_fact(html, what);
    html_percent(html, share);
    end_fact(html);
}

static void add_score_fact(TextBuffer *html, const char *what, double score) {
    if (!isfinite(score)) return;
    begin_fact(html, what);
    html_number(html, floor(score * 1000.0 + 0.5) / 1000.0, 4);
    end_fact(html);
}

static double reliable_share(const ReportData *report) {
    size_t known = 0, reliable = 0;
    for (size_t row = 0; row < report->count; row++) {
        known += report->table.reliable[row] >= 0;
        reliable += report->table.reliable[row] == 1;
    }
    return known > 0 ? (double)reliable / (double)known : (double)NAN;
}

static double all_seconds(const ReportData *report) {
    double sum = 0.0;
    for (const char *const *stage = method_stages(&report->options); *stage != NULL; stage++) {
        const double seconds = report_metric(report, *stage, "seconds");
        if (isfinite(seconds)) sum += seconds;
    }
    return sum;
}

static void add_facts(ReportPage *page) {
    const ReportData *report = page->report;
    TextBuffer *html = &page->html;
    text_add(html, "<ul class=\"facts\">\n");
    begin_fact(html, "pictures");
    html_count(html, (int64_t)report->count);
    end_fact(html);
    begin_fact(html, "clusters");
    html_count(html, (int64_t)report->clusters);
    end_fact(html);
    add_percent_fact(html, "mean confidence", report_metric(report, NULL, "mean_confidence"));
    add_percent_fact(html, "reliable pictures", reliable_share(report));
    add_score_fact(html, "silhouette", report_metric(report, NULL, "silhouette"));
    add_score_fact(html, "calibration error", report_metric(report, NULL, "calibration_error"));
    add_percent_fact(html, "accuracy (ACC)", report_metric(report, NULL, "acc"));
    add_score_fact(html, "NMI", report_metric(report, NULL, "nmi"));
    add_score_fact(html, "ARI", report_metric(report, NULL, "ari"));
    begin_fact(html, "training time");
    html_duration(html, all_seconds(report));
    end_fact(html);
    text_add(html, "</ul>\n");
}

/* ---- warnings ---- */

static size_t empty_clusters(const ReportPage *page) {
    size_t empty = 0;
    for (size_t k = 0; k < page->report->clusters; k++)
        empty += cluster_size(page->members, k) == 0;
    return empty;
}

static void warn_of_reliable(TextBuffer *html, const ReportData *report) {
    const json_t *joint = json_object_get(json_object_get(report->metrics, "stages"), STAGE_JOINT);
    const json_int_t empty = json_integer_value(json_object_get(joint, "reliable_empty_clusters"));
    if (json_is_true(json_object_get(joint, "reliable_lowered")))
        text_add(html, "<li>Some clusters had no reliable picture at the wanted thresholds, which were lowered for "
                       "them.</li>\n");
    if (empty > 0)
        text_print(html, "<li>%lld clusters had no picture at all when the reliable ones were chosen.</li>\n",
                   (long long)empty);
}

static void add_warnings(ReportPage *page) {
    const ReportData *report = page->report;
    const size_t empty = empty_clusters(page);
    TextBuffer warnings = {.ctx = page->ctx};
    if (empty > 0)
        text_print(&warnings, "<li>%zu of %zu clusters have no picture: the clustering collapsed there.</li>\n", empty,
                   report->clusters);
    warn_of_reliable(&warnings, report);
    if (report->bad_files > 0)
        text_print(&warnings,
                   "<li>%zu files of the data could not be used; <code>bad-files.csv</code> says why.</li>\n",
                   report->bad_files);
    if (report->no_pictures != NULL) {
        text_add(&warnings, "<li>This report has no pictures: ");
        html_text(&warnings, report->no_pictures);
        text_add(&warnings, ".</li>\n");
    }
    if (warnings.length > 0) {
        text_add(&page->html, "<div class=\"warnings\" role=\"note\"><h3>To be wary of</h3><ul>\n");
        text_add(&page->html, warnings.text);
        text_add(&page->html, "</ul></div>\n");
    }
    if (warnings.status != SPICA_OK) page->html.status = warnings.status;
    text_close(&warnings);
}

/* ---- stages ---- */

static void add_cell(TextBuffer *html, double value, int digits) {
    text_add(html, "<td>");
    html_number(html, value, digits);
    text_add(html, "</td>");
}

/* Of a stage whose section of the options has one, else NAN. Where it falls, the training section has its curve. */
static double learning_rate(const ReportData *report, const char *stage) {
    char key[48];
    snprintf(key, sizeof key, "%s.learning_rate", stage);
    return option_find(key) >= 0 ? options_real(&report->options, key) : (double)NAN;
}

static void add_stage(ReportPage *page, const char *stage, const char *what) {
    static const char *const scores[] = {"acc", "nmi", "ari"};
    const ReportData *report = page->report;
    TextBuffer *html = &page->html;
    const double seconds = report_metric(report, stage, "seconds"), epochs = report_metric(report, stage, "epochs");
    if (!isfinite(seconds)) return;
    text_print(html, "<tr><th scope=\"row\">%s</th><td>", what);
    html_duration(html, seconds);
    text_add(html, "</td>");
    add_cell(html, epochs, 4);
    add_cell(html, report_metric(report, stage, "steps"), 9);
    add_cell(html, floor(epochs * (double)report->count / seconds + 0.5), 9);
    add_cell(html, learning_rate(report, stage), 4);
    for (size_t i = 0; i < sizeof scores / sizeof scores[0] && report->labels != NULL; i++)
        add_cell(html, report_metric(report, stage, scores[i]), 3);
    text_add(html, "</tr>\n");
}

static const char *stage_words(const char *stage) {
    if (strcmp(stage, STAGE_FEATURES) == 0) return "features, by contrast";
    if (strcmp(stage, STAGE_HEAD) == 0) return "clustering heads";
    if (strcmp(stage, STAGE_JOINT) == 0) return "joint training";
    if (strcmp(stage, STAGE_PICA) == 0) return "partition confidence";
    if (strcmp(stage, STAGE_KNOWN) == 0) return "head from known labels";
    if (strcmp(stage, STAGE_SCAN) == 0) return "clustering by neighbours";
    if (strcmp(stage, STAGE_SELF_LABEL) == 0) return "self-labelling";
    return "partition";
}

static void add_stages(ReportPage *page) {
    TextBuffer *html = &page->html;
    text_add(html, "<h3>Stages</h3>\n<div class=\"wide\" role=\"group\" aria-label=\"Stages\" tabindex=\"0\"><table>\n"
                   "<thead><tr><th scope=\"col\">stage</th><th scope=\"col\">time</th><th scope=\"col\">epochs</th>"
                   "<th scope=\"col\">steps</th><th scope=\"col\">pictures a second</th>"
                   "<th scope=\"col\">learning rate, at the start</th>");
    if (page->report->labels != NULL)
        text_add(html, "<th scope=\"col\">ACC</th><th scope=\"col\">NMI</th><th scope=\"col\">ARI</th>");
    text_add(html, "</tr></thead>\n<tbody>\n");
    for (const char *const *stage = method_stages(&page->report->options); *stage != NULL; stage++)
        add_stage(page, *stage, stage_words(*stage));
    text_add(html, "</tbody></table></div>\n");
}

/* ---- the run ---- */

static void add_row(TextBuffer *html, const char *what, const char *text) {
    if (text == NULL || text[0] == '\0') return;
    text_print(html, "<tr><th scope=\"row\">%s</th><td>", what);
    html_text(html, text);
    text_add(html, "</td></tr>\n");
}

/* As told, or else the command that repeats the run. */
static void add_command(ReportPage *page) {
    const ReportData *report = page->report;
    TextBuffer *html = &page->html;
    const char *command = report_record_text(report, "sessions", "command");
    text_add(html, "<tr><th scope=\"row\">");
    text_add(html, command[0] != '\0' ? "command" : "to repeat it");
    text_add(html, "</th><td><code>");
    if (command[0] != '\0') {
        html_text(html, command);
    } else {
        text_add(html, "spica cluster ");
        html_text(html, report_record_text(report, "data", "path"));
        text_print(html, " -k %zu -o NEW --recipe ", report->clusters);
        html_text(html, report->folder.path);
        text_add(html, "/config.ini");
    }
    text_add(html, "</code></td></tr>\n");
}

static void add_libraries(ReportPage *page) {
    const json_t *session = json_array_get(json_object_get(page->report->record, "sessions"), 0);
    json_t *libraries = json_object_get(session, "libraries");
    const char *name;
    json_t *value;
    json_object_foreach(libraries, name, value) {
        const char *text = json_string_value(value);
        if (strcmp(name, "spica") == 0 || text == NULL) continue;
        text_add(&page->html, "<tr><th scope=\"row\">");
        html_text(&page->html, name);
        text_add(&page->html, "</th><td>");
        html_text(&page->html, text);
        text_add(&page->html, "</td></tr>\n");
    }
}

static void add_run(ReportPage *page) {
    const ReportData *report = page->report;
    TextBuffer *html = &page->html;
    text_add(html, "<h3>The run</h3>\n<div class=\"wide\" role=\"group\" aria-label=\"The run\" tabindex=\"0\">"
                   "<table class=\"pairs\"><tbody>\n");
    add_command(page);
    add_row(html, "method", options_text(&report->options, "run.method"));
    add_row(html, "recipe", options_text(&report->options, "run.recipe"));
    text_print(html, "<tr><th scope=\"row\">seed</th><td>%lld</td></tr>\n",
               (long long)options_integer(&report->options, "run.seed"));
    add_row(html, "data", report_record_text(report, "data", "path"));
    add_row(html, "fingerprint", report_record_text(report, "data", "fingerprint"));
    add_row(html, "begun", report_record_text(report, "sessions", "started"));
    add_row(html, "on", report_record_text(report, "sessions", "host"));
    text_print(html, "<tr><th scope=\"row\">threads</th><td>%lld</td></tr>\n",
               (long long)options_integer(&report->options, "run.threads"));
    add_row(html, "instruction set", report_record_text(report, "sessions", "instruction_set"));
    add_row(html, "spica", report_record_text(report, "sessions", "version"));
    add_libraries(page);
    text_add(html, "</tbody></table></div>\n");
}

/* ---- the section ---- */

static Status add_sizes(ReportPage *page) {
    const size_t clusters = page->report->clusters;
    const Plot plot = {.title = "Sizes of the clusters",
                       .x_title = "cluster",
                       .y_title = "pictures",
                       .width = clusters > 30 ? 860 : 0};
    TextBuffer svg = {.ctx = page->ctx};
    double *sizes = NULL;
    char(*numbers)[24] = NULL;
    const char **names = NULL;
    Status status = NEW_ARRAY(page->ctx, &sizes, clusters);
    if (status == SPICA_OK) status = NEW_ARRAY(page->ctx, &numbers, clusters);
    if (status == SPICA_OK) status = NEW_ARRAY(page->ctx, &names, clusters);
    for (size_t k = 0; status == SPICA_OK && k < clusters; k++) {
        sizes[k] = (double)cluster_size(page->members, k);
        snprintf(numbers[k], sizeof numbers[k], "%zu", k);
        names[k] = numbers[k];
    }
    if (status == SPICA_OK) {
        const PlotBars bars = {
            .groups = names, .group_count = clusters, .bar_count = 1, .values = sizes, .many_colours = true};
        plot_bars(&svg, &plot, &bars);
        status = page_add_plot(page, "sizes", &svg);
    }
    text_close(&svg);
    FREE_ARRAY(page->ctx, &names);
    FREE_ARRAY(page->ctx, &numbers);
    FREE_ARRAY(page->ctx, &sizes);
    return status;
}

/* Bins of a confidence histogram. */
#define CONFIDENCE_BINS 40

static Status add_confidences(ReportPage *page) {
    const ReportData *report = page->report;
    const Plot plot = {.title = "How sure the pictures are",
                       .x_title = "confidence (largest probability)",
                       .y_title = "pictures",
                       .x_low = 0.0,
                       .x_high = 1.0};
    double bins[CONFIDENCE_BINS] = {0};
    TextBuffer svg = {.ctx = page->ctx};
    for (size_t row = 0; row < report->count; row++) {
        const float confidence = report->table.confidences[row];
        const int bin = (int)(confidence * (float)CONFIDENCE_BINS);
        if (confidence >= 0.0f) bins[bin < CONFIDENCE_BINS ? bin : CONFIDENCE_BINS - 1]++;
    }
    plot_histogram(&svg, &plot, bins, CONFIDENCE_BINS, 0);
    const Status status = page_add_plot(page, "confidence", &svg);
    text_close(&svg);
    return status;
}

Status page_add_overview(ReportPage *page) {
    page_begin_section(page, "overview", "Overview");
    add_facts(page);
    add_warnings(page);
    text_add(&page->html, "<div class=\"plots\">\n");
    TRY(add_sizes(page));
    TRY(add_confidences(page));
    text_add(&page->html, "</div>\n");
    add_stages(page);
    add_run(page);
    page_end_section(page);
    return page->html.status;
}
