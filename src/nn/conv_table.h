/* Which kernel serves which convolution. A table from measurements (`spica bench --tune`, and whole training steps),
 * never measured inside a run, or runs would not repeat. */
#ifndef SPICA_NN_CONV_TABLE_H
#define SPICA_NN_CONV_TABLE_H

#include "nn/dnnl_shim.h"

/* The algorithm for this pass, input and output in this layout, whatever the batch. */
ConvAlgorithm conv_table_algorithm(const ConvShape *shape, ConvPass pass, Layout layout);

/* Pictures that a call should have where the algorithm is not DIRECT; 0: it is. */
size_t conv_table_pictures(const ConvShape *shape, ConvPass pass, Layout layout);

/* The shapes that the table was measured at: windows, sides of the input's maps, and the narrower of input and output
 * channels. A shape takes the entry of the first side and width that are not smaller than its own, else of the last. */
#define CONV_TABLE_WINDOWS 4
#define CONV_TABLE_SIDES 5
#define CONV_TABLE_WIDTHS 5

typedef struct ConvTableWindow {
    int kernel, stride;
} ConvTableWindow;

extern const ConvTableWindow conv_table_windows[CONV_TABLE_WINDOWS];
extern const int conv_table_sides[CONV_TABLE_SIDES];
extern const int conv_table_widths[CONV_TABLE_WIDTHS];

#endif
