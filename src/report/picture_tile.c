#include "report/picture_tile.h"

#include <math.h>

TileSize tile_size(const Dataset *dataset, int side) {
    const int longer = dataset->height > dataset->width ? dataset->height : dataset->width;
    if (longer <= side) return (TileSize){.width = dataset->width, .height = dataset->height};
    const double scale = (double)side / longer;
    return (TileSize){.width = (int)fmax(1.0, floor(dataset->width * scale + 0.5)),
                      .height = (int)fmax(1.0, floor(dataset->height * scale + 0.5))};
}

Status tile_pen_open(Context *ctx, TilePen *pen, const Dataset *dataset, TileSize size) {
    *pen = (TilePen){.dataset = dataset, .size = size};
    return scratch_open(ctx, &pen->scratch, dataset->height, dataset->width, dataset->channels);
}

void tile_pen_close(Context *ctx, TilePen *pen) { scratch_close(ctx, &pen->scratch); }

void tile_draw(TilePen *pen, int64_t row, uint8_t *rgb, size_t stride) {
    const Dataset *dataset = pen->dataset;
    const ImageView view = image_view_interleaved(dataset_picture(dataset, (size_t)row), dataset->height,
                                                  dataset->width, dataset->channels);
    Image *image = &pen->image;
    *image = (Image){.pixels = pen->scratch.first,
                     .height = pen->size.height,
                     .width = pen->size.width,
                     .channels = dataset->channels};
    if (pen->size.height == dataset->height && pen->size.width == dataset->width)
        image_load(image, view);
    else
        image_resize(image, view, 0, &pen->scratch);
    for (int c = 0; c < 3; c++) {
        const uint8_t *plane = image_plane(image, image->channels == 3 ? c : 0);
        for (int64_t y = 0; y < image->height; y++)
            for (int64_t x = 0; x < image->width; x++)
                rgb[(size_t)y * stride + (size_t)(3 * x + c)] = plane[y * image->width + x];
    }
}
