/* Thumbnails of many pictures as sheets: squares of tiles, one WebP file each. */
#ifndef SPICA_REPORT_SPRITE_SHEET_H
#define SPICA_REPORT_SPRITE_SHEET_H

#include "base/text_buffer.h"
#include "report/picture_tile.h"

/* Tiles along a side of a sheet: one screen of a list needs one or two sheets. */
#define SHEET_TILES 20

typedef struct SheetPlan {
    TileSize tile;
    int quality; /* of WebP */
} SheetPlan;

/* The largest tiles and the best quality with which all of rows[count] take at most `bytes`, estimated from a few
 * sheets of them. Errors: SPICA_ERROR_MEMORY. */
Status sheet_plan(Context *ctx, const Dataset *dataset, const int64_t *rows, size_t count, size_t bytes,
                  SheetPlan *plan);

/* Adds to the page, for every SHEET_TILES^2 of rows[count], <script type="text/plain" id="sheet-NUMBER"> with the
 * sheet in base64. Drawn in parallel; the bytes do not depend on the threads. Progress is reported as the stage
 * "report". Errors: SPICA_ERROR_MEMORY, SPICA_CANCELLED. */
Status sheets_write(Context *ctx, TextBuffer *page, const Dataset *dataset, const int64_t *rows, size_t count,
                    const SheetPlan *plan);

#endif
