/* The pictures as points of the plane: a canvas to explore (report_map.js), and plots that need no script. */
#include "report/report_page.h"

/* Reliable pictures against all (SPICE's Fig. 7). */
typedef struct MapPlot {
    const char *file, *title;
    bool reliable;
} MapPlot;

/* The points of one cluster that the plot shows; returns how many. */
static size_t gather(const ReportPage *page, size_t cluster, bool reliable, size_t *next, float *xy) {
    const ReportMap *map = page->map;
    size_t found = 0;
    for (; *next < map->count && map->places[*next] < page->listed->starts[cluster + 1]; (*next)++) {
        const int64_t row = page->listed->order[map->places[*next]];
        if (reliable && page->report->table.reliable[row] != 1) continue;
        xy[2 * found] = map->xy[2 * *next];
        xy[2 * found + 1] = map->xy[2 * *next + 1];
        found++;
    }
    return found;
}

static Status draw_map(ReportPage *page, const MapPlot *which, float *xy, PlotPoints *groups) {
    const Plot plot = {.title = which->title, .width = 420, .height = 440};
    TextBuffer svg = {.ctx = page->ctx};
    size_t next = 0, used = 0;
    for (size_t k = 0; k < page->report->clusters; k++) {
        const size_t found = gather(page, k, which->reliable, &next, xy + 2 * used);
        groups[k] = (PlotPoints){.xy = xy + 2 * used, .count = found, .colour = k};
        used += found;
    }
    plot_points(&svg, &plot, groups, page->report->clusters);
    const Status status = page_add_plot(page, which->file, &svg);
    text_close(&svg);
    return status;
}

static bool has_reliable(const ReportData *report) {
    for (size_t row = 0; row < report->count; row++)
        if (report->table.reliable[row] == 1) return true;
    return false;
}

static Status add_plots(ReportPage *page) {
    static const MapPlot plots[] = {{"map", "All pictures, coloured by cluster", false},
                                    {"map-reliable", "The reliable ones alone", true}};
    const size_t shown = has_reliable(page->report) ? 2 : 1;
    float *xy = NULL;
    PlotPoints *groups = NULL;
    Status status = NEW_ARRAY(page->ctx, &xy, 2 * page->map->count);
    if (status == SPICA_OK) status = NEW_ARRAY(page->ctx, &groups, page->report->clusters);
    text_add(&page->html, "<div class=\"plots\">\n");
    for (size_t i = 0; status == SPICA_OK && i < shown; i++)
        status = draw_map(page, &plots[i], xy, groups);
    text_add(&page->html, "</div>\n");
    FREE_ARRAY(page->ctx, &groups);
    FREE_ARRAY(page->ctx, &xy);
    return status;
}

static void add_explorer(ReportPage *page) {
    TextBuffer *html = &page->html;
    text_add(html, "<div class=\"needs-script\">\n<div class=\"controls\">\n<label>Colour by <select id=\"map-colour\">"
                   "<option value=\"cluster\">cluster</option>");
    if (page->report->labels != NULL) text_add(html, "<option value=\"label\">label</option>");
    text_add(html, "<option value=\"confidence\">confidence</option>");
    if (has_reliable(page->report)) text_add(html, "<option value=\"reliable\">reliability</option>");
    text_add(html, "</select></label>\n");
    if (has_reliable(page->report))
        text_add(html, "<label><input type=\"checkbox\" id=\"map-reliable\"> reliable only</label>\n");
    text_add(html,
             "<button type=\"button\" id=\"map-lasso\" aria-pressed=\"true\">Lasso</button>\n"
             "<button type=\"button\" id=\"map-clear\" disabled>Clear selection</button>\n"
             "<button type=\"button\" id=\"map-export\" disabled>Export selection as CSV</button>\n"
             "<span id=\"map-status\" role=\"status\"></span>\n</div>\n<div class=\"explorer\">\n<div class=\"map\">\n"
             "<canvas id=\"map-canvas\" tabindex=\"0\" role=\"img\" aria-label=\"Map of the pictures. Arrow keys "
             "move from point to point, Enter selects; a drag draws a lasso.\"></canvas>\n"
             "<div id=\"map-tip\" class=\"tip\" hidden></div>\n</div>\n"
             "<div class=\"beside\">\n<ul id=\"map-legend\" class=\"legend\"></ul>\n"
             "<div id=\"map-selection\" class=\"selection\"></div>\n</div>\n</div>\n</div>\n");
}

Status page_add_map(ReportPage *page) {
    page_begin_section(page, "map", "Map");
    if (page->map->count == 0) {
        text_add(&page->html, "<p>There is no map: it needs the run's embeddings of a few pictures.</p>\n");
    } else {
        text_add(&page->html, "<p>");
        html_count(&page->html, (int64_t)page->map->count);
        text_add(&page->html, " pictures as the features see them, by t-SNE: near points are alike; the axes and the "
                              "distances between groups mean nothing.</p>\n");
        add_explorer(page);
        TRY(add_plots(page));
    }
    page_end_section(page);
    return page->html.status;
}
