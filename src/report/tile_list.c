#include "report/tile_list.h"

#include <string.h>

#include "report/webp_image.h"

#define TILE_QUALITY 80

Status tile_list_open(Context *ctx, TileList *list, const ReportData *report, int side) {
    const TileSize size = tile_size(&report->dataset, side);
    *list = (TileList){.report = report};
    TRY(tile_pen_open(ctx, &list->pen, &report->dataset, size));
    return NEW_ARRAY(ctx, &list->rgb, (size_t)size.width * (size_t)size.height * 3);
}

void tile_list_close(Context *ctx, TileList *list) {
    tile_pen_close(ctx, &list->pen);
    FREE_ARRAY(ctx, &list->rgb);
}

/* "PATH, 98.2 %, LABEL" */
static void add_words(const ReportData *report, TextBuffer *html, int64_t row) {
    html_text(html, report->table.paths[row]);
    text_add(html, ", ");
    html_percent(html, (double)report->table.confidences[row]);
    if (report->labels == NULL || report->labels[row] < 0) return;
    text_add(html, ", ");
    html_text(html, report->classes.names[report->labels[row]]);
}

Status tile_image_add(const ReportData *report, TextBuffer *html, const uint8_t *rgb, TileSize size, int64_t row,
                      const char *what) {
    WebpImage image;
    if (!webp_encode(&image, rgb, size.width, size.height, TILE_QUALITY))
        return context_fail(html->ctx, SPICA_ERROR_MEMORY, "out of memory for the report's pictures");
    text_print(html, "<img class=\"tile\" loading=\"lazy\" width=\"%d\" height=\"%d\" alt=\"%s", size.width,
               size.height, what);
    add_words(report, html, row);
    text_print(html, "\" title=\"%s", what);
    add_words(report, html, row);
    text_add(html, "\" src=\"data:image/webp;base64,");
    html_base64(html, image.bytes, image.count);
    text_add(html, "\">");
    webp_close(&image);
    return html->status;
}

Status tile_list_add(TileList *list, TextBuffer *html, const int64_t *rows, size_t count) {
    const TileSize size = list->pen.size;
    text_add(html, "<ul class=\"tiles\">\n");
    for (size_t i = 0; i < count; i++) {
        tile_draw(&list->pen, rows[i], list->rgb, (size_t)size.width * 3);
        text_add(html, "<li>");
        TRY(tile_image_add(list->report, html, list->rgb, size, rows[i], ""));
        text_add(html, "</li>\n");
    }
    text_add(html, "</ul>\n");
    return html->status;
}
