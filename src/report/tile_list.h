/* A few pictures of the data set in the page itself, each an <img> of its own, so that they need no script. */
#ifndef SPICA_REPORT_TILE_LIST_H
#define SPICA_REPORT_TILE_LIST_H

#include "report/html_text.h"
#include "report/picture_tile.h"
#include "report/report_data.h"

/* Zeroed may be closed. */
typedef struct TileList {
    const ReportData *report;
    TilePen pen;
    uint8_t *rgb; /* of one tile, owned */
} TileList;

/* side: of the tiles, in pixels; smaller pictures keep their size. */
Status tile_list_open(Context *ctx, TileList *list, const ReportData *report, int side);
void tile_list_close(Context *ctx, TileList *list);

/* Adds rows[count] as a list. Each picture's text is its path, confidence and label. */
Status tile_list_add(TileList *list, TextBuffer *html, const int64_t *rows, size_t count);

/* Adds the <img> of one tile of these pixels, described by `what` (ours) and the words of picture `row`. */
Status tile_image_add(const ReportData *report, TextBuffer *html, const uint8_t *rgb, TileSize size, int64_t row,
                      const char *what);

#endif
