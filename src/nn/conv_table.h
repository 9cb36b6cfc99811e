/* Which kernel serves which convolution. A table from measurements (docs/speed-log.md), never measured inside a run, or
 * runs would not repeat. */
#ifndef SPICA_NN_CONV_TABLE_H
#define SPICA_NN_CONV_TABLE_H

#include "nn/dnnl_shim.h"

/* The algorithm for this pass at the shape's batch, input and output in this layout. */
ConvAlgorithm conv_table_algorithm(const ConvShape *shape, ConvPass pass, Layout layout);

/* Pictures per call from which on an algorithm other than DIRECT pays; 0: at no batch. */
size_t conv_table_pictures(const ConvShape *shape, ConvPass pass, Layout layout);

#endif
