/* Pictures of the data set as small RGB tiles. */
#ifndef SPICA_REPORT_PICTURE_TILE_H
#define SPICA_REPORT_PICTURE_TILE_H

#include "augment/image.h"
#include "data/dataset.h"

typedef struct TileSize {
    int width, height;
} TileSize;

/* The pictures' shape, shrunk where a side is longer than `side`. */
TileSize tile_size(const Dataset *dataset, int side);

/* One thread's working memory for drawing tiles. Zeroed may be closed. */
typedef struct TilePen {
    const Dataset *dataset;
    TileSize size;
    Image image;
    Scratch scratch;
} TilePen;

Status tile_pen_open(Context *ctx, TilePen *pen, const Dataset *dataset, TileSize size);
void tile_pen_close(Context *ctx, TilePen *pen);

/* Picture `row` into the rectangle that begins at rgb, whose rows are `stride` bytes apart. */
void tile_draw(TilePen *pen, int64_t row, uint8_t *rgb, size_t stride);

#endif
