/* What the page's scripts read. Pictures are numbered by their place in page->listed: by cluster, the surest first.
 *
 *   report-data        JSON: the clusters, labels, and the sheets' sizes
 *   table-paths        the paths, each with a 0 byte behind it
 *   table-confidences  uint16 each, little-endian: confidence * 65535
 *   table-labels       uint16 each: a number in the labels, 65535 for none; absent where there are no labels
 *   table-reliable     uint8 each: 1, 0, or 255 where the method has none
 *   table-map          three uint32 for each point: its picture's number, and its place in the plane in 1/65535 of the
 *                      map's sides
 *   sheet-0 ...        thumbnails (sprite_sheet.h)
 * All tables are deflated and in base64. */
#include <math.h>

#include "base/json_text.h"
#include "report/report_page.h"
#include "report/sprite_sheet.h"

/* The whole page stays below this, in bytes, as far as thumbnails can be made smaller for it. */
#define PAGE_BYTES 14500000

static size_t listed_count(const ReportPage *page) { return page->listed->starts[page->listed->clusters]; }

/* ---- tables ---- */

static void add_table(ReportPage *page, const char *name, const void *bytes, size_t count) {
    text_print(&page->html, "<script type=\"text/plain\" id=\"table-%s\">", name);
    html_deflated(&page->html, bytes, count);
    text_add(&page->html, "</script>\n");
}

static void put_u16(uint8_t *bytes, uint32_t value) {
    bytes[0] = (uint8_t)value;
    bytes[1] = (uint8_t)(value >> 8);
}

static void put_u32(uint8_t *bytes, uint32_t value) {
    put_u16(bytes, value);
    put_u16(bytes + 2, value >> 16);
}

static void add_paths(ReportPage *page) {
    TextBuffer paths = {.ctx = page->ctx};
    for (size_t i = 0; i < listed_count(page); i++) {
        html_plain(&paths, page->report->table.paths[page->listed->order[i]]);
        text_add_bytes(&paths, "", 1);
    }
    if (paths.status == SPICA_OK)
        add_table(page, "paths", paths.text, paths.length);
    else
        page->html.status = paths.status;
    text_close(&paths);
}

static void fill_row(const ReportData *report, int64_t row, size_t i, uint8_t *confidences, uint8_t *labels,
                     uint8_t *reliable) {
    const float confidence = report->table.confidences[row];
    const int32_t label = report->labels != NULL ? report->labels[row] : -1;
    put_u16(confidences + 2 * i, confidence >= 0.0f ? (uint32_t)lroundf(fminf(confidence, 1.0f) * 65535.0f) : 0u);
    put_u16(labels + 2 * i, label >= 0 && label < 65535 ? (uint32_t)label : 65535u);
    reliable[i] = (uint8_t)report->table.reliable[row];
}

static Status add_columns(ReportPage *page) {
    const size_t count = listed_count(page);
    uint8_t *confidences = NULL, *labels = NULL, *reliable = NULL;
    Status status = NEW_ARRAY(page->ctx, &confidences, 2 * count);
    if (status == SPICA_OK) status = NEW_ARRAY(page->ctx, &labels, 2 * count);
    if (status == SPICA_OK) status = NEW_ARRAY(page->ctx, &reliable, count);
    if (status == SPICA_OK) {
        for (size_t i = 0; i < count; i++)
            fill_row(page->report, page->listed->order[i], i, confidences, labels, reliable);
        add_table(page, "confidences", confidences, 2 * count);
        if (page->report->labels != NULL) add_table(page, "labels", labels, 2 * count);
        add_table(page, "reliable", reliable, count);
    }
    FREE_ARRAY(page->ctx, &reliable);
    FREE_ARRAY(page->ctx, &labels);
    FREE_ARRAY(page->ctx, &confidences);
    return status;
}

/* low[2] and the longer side's length of all points. */
static float map_extent(const ReportMap *map, float low[2]) {
    float high[2] = {map->xy[0], map->xy[1]};
    low[0] = map->xy[0], low[1] = map->xy[1];
    for (size_t i = 0; i < map->count; i++)
        for (size_t axis = 0; axis < 2; axis++) {
            low[axis] = fminf(low[axis], map->xy[2 * i + axis]);
            high[axis] = fmaxf(high[axis], map->xy[2 * i + axis]);
        }
    const float extent = fmaxf(high[0] - low[0], high[1] - low[1]);
    return extent > 0.0f ? extent : 1.0f;
}

static Status add_map(ReportPage *page) {
    const ReportMap *map = page->map;
    uint8_t *bytes;
    float low[2];
    if (map->count == 0) return SPICA_OK;
    TRY(NEW_ARRAY(page->ctx, &bytes, 12 * map->count));
    const float extent = map_extent(map, low);
    for (size_t i = 0; i < map->count; i++) {
        put_u32(bytes + 12 * i, (uint32_t)map->places[i]);
        for (size_t axis = 0; axis < 2; axis++)
            put_u32(bytes + 12 * i + 4 + 4 * axis,
                    (uint32_t)lroundf((map->xy[2 * i + axis] - low[axis]) / extent * 65535.0f));
    }
    add_table(page, "map", bytes, 12 * map->count);
    FREE_ARRAY(page->ctx, &bytes);
    return SPICA_OK;
}

/* ---- facts ---- */

static Status add_cluster(ReportPage *page, json_t *clusters, size_t cluster) {
    char colour[PLOT_COLOUR_TEXT];
    double share;
    json_t *object = json_object();
    plot_colour(colour, cluster);
    TRY(json_append(page->ctx, clusters, object));
    TRY(json_add_integer(page->ctx, object, "start", (int64_t)page->listed->starts[cluster]));
    TRY(json_add_integer(page->ctx, object, "size", (int64_t)cluster_size(page->members, cluster)));
    TRY(json_add_text(page->ctx, object, "colour", colour));
    return json_add_text(page->ctx, object, "label", page_main_class(page, cluster, &share));
}

static Status add_class(ReportPage *page, json_t *classes, size_t number) {
    char colour[PLOT_COLOUR_TEXT];
    json_t *object = json_object();
    plot_colour(colour, number);
    TRY(json_append(page->ctx, classes, object));
    TRY(json_add_text(page->ctx, object, "name", page->report->classes.names[number]));
    return json_add_text(page->ctx, object, "colour", colour);
}

static Status fill_facts(ReportPage *page, const SheetPlan *plan, json_t *facts) {
    json_t *clusters = json_array(), *classes = json_array();
    TRY(json_add(page->ctx, facts, "clusters", clusters));
    TRY(json_add(page->ctx, facts, "classes", classes));
    TRY(json_add_integer(page->ctx, facts, "listed", (int64_t)listed_count(page)));
    TRY(json_add_integer(page->ctx, facts, "sheetTiles", SHEET_TILES));
    TRY(json_add_integer(page->ctx, facts, "tileWidth", plan->tile.width));
    TRY(json_add_integer(page->ctx, facts, "tileHeight", plan->tile.height));
    for (size_t k = 0; k < page->report->clusters; k++)
        TRY(add_cluster(page, clusters, k));
    for (size_t c = 0; c < page->report->classes.count; c++)
        TRY(add_class(page, classes, c));
    return SPICA_OK;
}

static Status add_facts(ReportPage *page, const SheetPlan *plan) {
    json_t *facts;
    TRY(json_new_object(page->ctx, &facts));
    const Status status = fill_facts(page, plan, facts);
    if (status != SPICA_OK) {
        json_decref(facts);
        return status;
    }
    text_add(&page->html, "<script type=\"application/json\" id=\"report-data\">");
    html_json(&page->html, facts);
    text_add(&page->html, "</script>\n");
    return page->html.status;
}

/* ---- the whole ---- */

/* Bytes left for sheets, before they become base64. */
static size_t bytes_left(const ReportPage *page) {
    const size_t used = page->html.length;
    return used < PAGE_BYTES ? (PAGE_BYTES - used) / 4 * 3 : 0;
}

Status page_add_tables(ReportPage *page) {
    const Dataset *dataset = &page->report->dataset;
    SheetPlan plan = {0};
    add_paths(page);
    TRY(add_columns(page));
    TRY(add_map(page));
    TRY(page->html.status);
    if (report_has_pictures(page->report)) {
        TRY(sheet_plan(page->ctx, dataset, page->listed->order, listed_count(page), bytes_left(page), &plan));
        TRY(sheets_write(page->ctx, &page->html, dataset, page->listed->order, listed_count(page), &plan));
    }
    return add_facts(page, &plan);
}
