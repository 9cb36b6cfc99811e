/* Convolutions of our own, over pictures in blocks of 16 or 8 channels.
 *
 * TILES, for 3x3 windows of stride 1 on maps larger than 2x2: Winograd's minimal filtering F(4x4, 3x3) (Lavin and Gray,
 * doi:10.1109/CVPR.2016.435). A picture is cut into tiles of 4x4 outputs, each reading 6x6 inputs d; with one filter g
 * per pair of channels
 *
 *     y  = A' [ (G g G') * (B' d B) ] A        forward, and backward by data with g turned and the channels swapped
 *     dg = G' [ (A dy A') * (B' d B) ] G       backward by weights
 *
 * where * multiplies element by element: 36 multiplications where the plain sum has 144. Over channels and tiles each
 * of the 36 points is a matrix product. The points of evaluation are 0, +-sqrt(1/2), +-sqrt(2) and infinity, whose
 * products are 1 and whose rounding is less than that of 0, +-1, +-2.
 *
 * SQUARES, for 3x3 windows of stride 1 on maps of 2x2: 9 multiplications where the plain sum has 16
 * (own_conv_squares.h).
 *
 * GATHERS, for other windows of 1x1 and 3x3, strides 1 and 2, and for all that are to be plain sums: pixels are
 * gathered, tap by tap, into the rows of a matrix that is multiplied by the weights. Outputs fall into classes that
 * read the same taps: one forward, one for each parity of row and column backward by data with stride 2. On the
 * smallest maps, most of whose windows reach over the edge, each output is a class with the pixels that it reads.
 *
 * WINDOWS, for the first layers, whose input has a few channels and lies in no blocks (the library has plain loops
 * where they are one or two): a window's numbers are the channels of a matrix that is multiplied by the weights.
 *
 * Everything runs in groups of strips, rows of a picture's tiles or outputs, whose planes stay in the cache from input
 * to output. That makes Winograd pay for few channels too, which the library's own (dnnl_shim.h) does not: it walks its
 * planes in memory. */
#ifndef SPICA_NN_OWN_CONV_H
#define SPICA_NN_OWN_CONV_H

#include "nn/dnnl_shim.h"

typedef enum OwnMethod { OWN_TILES, OWN_SQUARES, OWN_GATHERS, OWN_WINDOWS } OwnMethod;

#define OWN_GATHERS_MOST 25
#define OWN_CLASSES_MOST 16
#define OWN_WINDOW_MOST 256 /* numbers of a window */

/* The pixel read for place x of strip row r: (r step + row, x step + column), which exists for from <= x < to. tap: of
 * the plain weights. */
typedef struct OwnGather {
    int row, column;
    size_t tap;
    size_t from, to;
} OwnGather;

/* Outputs that read gathers first .. last-1: pixel (r step + row, x step + column) of the target, with its own step. */
typedef struct OwnClass {
    size_t first, last;
    size_t row, column;
} OwnClass;

/* What WINDOWS read: side x side pixels of so many channels, NCHW (planar) or NHWC. row_width: floats of a row of the
 * picture with what stands beside it, as far as windows reach. */
typedef struct OwnWindow {
    size_t side, channels, padding, row_width;
    bool planar;
} OwnWindow;

typedef struct OwnConv {
    ConvPass pass;
    OwnMethod method;
    bool bias, sum, activate; /* as in ConvOptions */
    float slope;
    int threads;
    size_t lanes; /* channels of a block: 16 or 8 */
    size_t pictures, taps;
    size_t source_height, source_width; /* of the maps that are read; by weights: of the input */
    size_t target_height, target_width; /* of those that are made; by weights: of the output's gradient */
    size_t k, n;                        /* channels summed over and made; by weights: of input and output. WINDOWS: k
                                           are a window's numbers, and taps is 1 */
    size_t k_maps, n_maps;              /* blocks of them */
    size_t n_part;                      /* blocks of n that are made at once; by weights all */
    size_t k_blocks, n_blocks;          /* sides of a matrix product, in blocks: maps x gathers, n_part x classes */
    size_t points;                      /* planes: TILES 36, SQUARES 9, GATHERS 1 */
    OwnGather gathers[OWN_GATHERS_MOST];
    OwnClass classes[OWN_CLASSES_MOST];
    size_t gather_count, class_count;
    OwnWindow window;
    size_t source_step, target_step;
    size_t strip_rows, columns;  /* strips of a picture; tiles or outputs of each class of a strip */
    size_t strips, group_strips; /* of all pictures; of those that are treated together */
    size_t group;                /* rows of the planes: group_strips x columns, and what fills a kernel's rows */
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
