#include "nn/conv_table.h"

#include "nn/own_conv.h"

const ConvTableWindow conv_table_windows[CONV_TABLE_WINDOWS] = {{3, 1}, {3, 2}, {1, 1}, {1, 2}};
const int conv_table_sides[CONV_TABLE_SIDES] = {2, 4, 8, 16, 32};
const int conv_table_widths[CONV_TABLE_WIDTHS] = {16, 32, 64, 128, 256};

/* D: the library's direct kernel, W: its Winograd, O: ours. By window, pass and side, a letter for each width. */
typedef char ConvTable[CONV_TABLE_WINDOWS][3][CONV_TABLE_SIDES][CONV_TABLE_WIDTHS + 1];

/* Cascade Lake (AVX-512), oneDNN 2.6. From 128 channels on the library's Winograd kernel is up to a tenth faster where
 * a call has 256 tiles, as in `spica bench --tune`; the slices of a plan have fewer. 3x3 windows of stride 2 by whole
 * training steps on Zen 4: ours by weights, and all passes where a map of up to 4x4 becomes one of 2x2. */
static const ConvTable blocks_of_16 = {
#include "nn/conv_table_16.inc"
};

/* Zen 3 (AVX2), oneDNN 2.6: `spica bench --tune`, ours where it is clearly ahead. */
static const ConvTable blocks_of_8 = {
#include "nn/conv_table_8.inc"
};

/* What a call of ours should have at least, in 4x4 tiles: the kernels of own_conv.c hold 24 rows, and sums are
 * transformed once a call. */
#define LEAST_TILES ((size_t)32)

static int place(const int *bounds, int count, int value) {
    int i = 0;
    while (i + 1 < count && bounds[i] < value)
        i++;
    return i;
}

static char table_entry(const ConvShape *shape, ConvPass pass, Layout layout) {
    const ConvTable *table = layout == LAYOUT_BLOCK16 ? &blocks_of_16 : layout == LAYOUT_BLOCK8 ? &blocks_of_8 : NULL;
    const int narrow = shape->in_channels < shape->out_channels ? shape->in_channels : shape->out_channels;
    const int longer = shape->in_height > shape->in_width ? shape->in_height : shape->in_width;
    if (table == NULL || narrow < conv_table_widths[0] / 2) return 'D';
    for (int window = 0; window < CONV_TABLE_WINDOWS; window++)
        if (shape->kernel == conv_table_windows[window].kernel && shape->stride == conv_table_windows[window].stride)
            return (*table)[window][pass][place(conv_table_sides, CONV_TABLE_SIDES, longer)]
                           [place(conv_table_widths, CONV_TABLE_WIDTHS, narrow)];
    return 'D';
}

size_t conv_table_pictures(const ConvShape *shape, ConvPass pass, Layout layout) {
    if (table_entry(shape, pass, layout) == 'D') return 0;
    const size_t tiles = (size_t)((shape->out_height + 3) / 4) * (size_t)((shape->out_width + 3) / 4);
    return (LEAST_TILES + tiles - 1) / tiles;
}

ConvAlgorithm conv_table_algorithm(const ConvShape *shape, ConvPass pass, Layout layout) {
    const ConvOptions options = {.pass = pass, .in = layout, .out = layout};
    switch (table_entry(shape, pass, layout)) {
    case 'W': return CONV_WINOGRAD;
    case 'O': return own_conv_serves(shape, &options) ? CONV_OWN : CONV_DIRECT;
    default: return CONV_DIRECT;
    }
}
