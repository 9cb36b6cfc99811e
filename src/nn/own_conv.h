/* Convolutions of our own for 3x3 windows of stride 1 and padding 1, over pictures in blocks of 16 or 8 channels.
 *
 * Maps larger than 2x2: Winograd's minimal filtering F(4x4, 3x3) (Lavin and Gray, doi:10.1109/CVPR.2016.435).
 * A picture is cut into tiles of 4x4 outputs, each reading 6x6 inputs d; with one filter g per pair of channels
 *
 *     y  = A' [ (G g G') * (B' d B) ] A        forward, and backward by data with g turned and the channels swapped
 *     dg = G' [ (A dy A') * (B' d B) ] G       backward by weights
 *
 * where * multiplies element by element: 36 multiplications where the plain sum has 144. Over channels and tiles each
 * of the 36 points is a matrix product. The points of evaluation are 0, +-sqrt(1/2), +-sqrt(2) and infinity, whose
 * products are 1 and whose rounding is less than that of 0, +-1, +-2.
 *
 * Maps of up to 2x2: one matrix product over the pixels and channels of a picture, since every output reads every
 * input.
 *
 * The library's own Winograd (dnnl_shim.h) walks all its 36 planes in memory; here a group of tiles stays in the cache
 * from its input to its output, which makes it pay for few channels too. */
#ifndef SPICA_NN_OWN_CONV_H
#define SPICA_NN_OWN_CONV_H

#include "nn/dnnl_shim.h"

typedef struct OwnConv {
    ConvPass pass;
    bool bias, sum, activate; /* as in ConvOptions */
    float slope;
    int threads;
    size_t lanes;                   /* channels of a block: 16 or 8 */
    size_t pictures, height, width; /* of the maps, which input and output have alike */
    size_t k, n;                    /* channels that are summed over and made; by weights: of input and output */
    size_t pixels;                  /* multiplied whole; 1: by Winograd's tiles */
    size_t points;                  /* matrix products: 36; 1 */
    size_t k_blocks, n_blocks;      /* sides of a product, in blocks of `lanes` */
    size_t tile_rows, tile_columns; /* of a picture */
    size_t strips, group_strips;    /* rows of tiles: of all pictures; of those that are treated together */
    size_t group;                   /* tiles of these, and what fills them up to a kernel's rows */
} OwnConv;

/* Whether this file has a kernel for the convolution. */
bool own_conv_serves(const ConvShape *shape, const ConvOptions *options);

/* For shapes that it serves. */
OwnConv own_conv_make(const ConvShape *shape, const ConvOptions *options);

size_t own_conv_weight_floats(const OwnConv *conv);
size_t own_conv_scratch_bytes(const OwnConv *conv);
const char *own_conv_name(const OwnConv *conv);

/* All pictures of the shape. Results do not depend on the number of threads. */
void own_conv_run(const OwnConv *conv, const ConvBuffers *buffers);

/* Plain OIHW weights into the form that forward and backward by data read. */
void own_conv_pack(const OwnConv *conv, const float *plain, float *packed);
/* Backward by weights: its sums into plain OIHW gradients. */
void own_conv_unpack(const OwnConv *conv, const float *packed, float *plain);

#endif
