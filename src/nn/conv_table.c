#include "nn/conv_table.h"

/* One row: the narrower of input and output channels from which on, and the 4x4 tiles per call from which on, the
 * library's Winograd kernel beat its direct one (Cascade Lake, oneDNN 2.6, one thread). Weight gradients gain most,
 * since the direct kernel is furthest from the machine's limit there. */
typedef struct WinogradRow {
    int channels;
    size_t tiles;
} WinogradRow;

static const WinogradRow rows[] = {
    [CONV_FORWARD] = {64, 64},
    [CONV_BACKWARD_DATA] = {64, 64},
    [CONV_BACKWARD_WEIGHTS] = {32, 64},
};

/* Where tiles hang over the edge by more than this share, the arithmetic saved is lost again. */
#define LEAST_USED_SHARE 0.9

size_t conv_table_winograd_pictures(const ConvShape *shape, ConvPass pass) {
    const WinogradRow *row = &rows[pass];
    const int narrow = shape->in_channels < shape->out_channels ? shape->in_channels : shape->out_channels;
    if (shape->kernel != 3 || shape->stride != 1 || shape->padding != 1 || narrow < row->channels) return 0;
    const size_t height = (size_t)shape->out_height, width = (size_t)shape->out_width;
    const size_t tiles = (height + 3) / 4 * ((width + 3) / 4);
    if ((double)(height * width) < LEAST_USED_SHARE * 16.0 * (double)tiles) return 0;
    return (row->tiles + tiles - 1) / tiles;
}

bool conv_table_winograd(const ConvShape *shape, ConvPass pass) {
    const size_t pictures = conv_table_winograd_pictures(shape, pass);
    return pictures != 0 && shape->batch >= pictures;
}
