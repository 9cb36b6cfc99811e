#include "nn/conv_table.h"

#include "nn/own_conv.h"

/* One row: the narrower of input and output channels from which on, and the 4x4 tiles per call from which on, an
 * algorithm beat the library's direct one (Cascade Lake, oneDNN 2.6, one thread). */
typedef struct TableRow {
    int channels;
    size_t tiles;
} TableRow;

static const TableRow own_rows[] = {
    [CONV_FORWARD] = {8, 24},
    [CONV_BACKWARD_DATA] = {8, 24},
    [CONV_BACKWARD_WEIGHTS] = {8, 32},
};

static size_t row_pictures(const TableRow *row, const ConvShape *shape) {
    const int narrow = shape->in_channels < shape->out_channels ? shape->in_channels : shape->out_channels;
    const size_t tiles = (size_t)((shape->out_height + 3) / 4) * (size_t)((shape->out_width + 3) / 4);
    return narrow < row->channels ? 0 : (row->tiles + tiles - 1) / tiles;
}

size_t conv_table_pictures(const ConvShape *shape, ConvPass pass, Layout layout) {
    const ConvOptions options = {.pass = pass, .in = layout, .out = layout};
    return own_conv_serves(shape, &options) ? row_pictures(&own_rows[pass], shape) : 0;
}

ConvAlgorithm conv_table_algorithm(const ConvShape *shape, ConvPass pass, Layout layout) {
    const size_t pictures = conv_table_pictures(shape, pass, layout);
    return pictures != 0 && shape->batch >= pictures ? CONV_OWN : CONV_DIRECT;
}
