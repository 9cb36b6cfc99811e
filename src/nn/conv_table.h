/* Which kernel serves which convolution. A table from measurements (docs/speed-log.md), never measured inside a run, or
 * runs would not repeat. */
#ifndef SPICA_NN_CONV_TABLE_H
#define SPICA_NN_CONV_TABLE_H

#include "nn/dnnl_shim.h"

/* Whether Winograd's F(4x4, 3x3) pays for this pass at the shape's batch. */
bool conv_table_winograd(const ConvShape *shape, ConvPass pass);

/* Pictures per call from which on it pays; 0: at no batch. */
size_t conv_table_winograd_pictures(const ConvShape *shape, ConvPass pass);

#endif
