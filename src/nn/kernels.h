/* What we compute ourselves: everything between the convolutions, each operation in one pass over memory.
 *
 * All kernels work on a Grid, which describes every layout of a batch of pictures: a picture is `blocks` blocks of
 * channels, a block `rows` pixels, a pixel `lanes` neighbouring floats (channels). Channels that only pad the last
 * block stay zero: their scale and shift are zero.
 *
 * Sums over the batch are made in two levels, in an order that does not depend on threads: one float partial sum per
 * chunk of neighbouring pictures, then the chunks in order in float64. */
#ifndef SPICA_NN_KERNELS_H
#define SPICA_NN_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Grid {
    size_t blocks, rows, lanes;
} Grid;

static inline size_t grid_channels(const Grid *grid) { return grid->blocks * grid->lanes; } /* with padding */
static inline size_t grid_floats(const Grid *grid) { return grid->blocks * grid->rows * grid->lanes; }

/* Where a range of pictures stands in the batch. Per-channel arrays hold one row of grid_channels floats for each group
 * of group_pictures pictures; partial sums one pair of rows for each chunk of chunk_pictures. */
typedef struct Range {
    size_t first, pictures;
    size_t group_pictures, chunk_pictures;
} Range;

/* out = activation(a * a_scale + a_shift + b * b_scale + b_shift); activation(x) = x > 0 ? x : slope * x. */
typedef struct CombineTask {
    Grid grid;
    Range range;
    const float *a, *a_scale, *a_shift; /* scale and shift NULL: 1 and 0 */
    const float *b, *b_scale, *b_shift; /* b NULL: none */
    float slope;                        /* 1: no activation */
    float *out;
} CombineTask;
void kernel_combine(const CombineTask *task, int threads);

/* Batch norm's statistics. partial[chunk][2][channels]: mean and sum of squared deviations of each chunk. */
typedef struct StatisticsTask {
    Grid grid;
    Range range;
    const float *in;
    float *partial; /* of the range's first chunk */
} StatisticsTask;
void kernel_statistics(const StatisticsTask *task, int threads);

/* Backward of kernel_combine up to the batch norms' sums. With g = g1 + g2 and
 *     m = g * (pre-activation > 0 ? 1 : slope)
 * writes m (unless masked is NULL) and, for operand x in {a, b} whose partial is not NULL,
 *     partial[chunk][2][channels]: sum of m, sum of m * (x - x_mean).
 * The sign of the pre-activation is that of `out`, or, when out is NULL, of a * a_scale + a_shift. */
typedef struct CombineBackwardTask {
    Grid grid;
    Range range;
    const float *g1, *g2; /* g2 NULL: none */
    const float *out;
    const float *a, *a_scale, *a_shift, *a_mean;
    const float *b, *b_mean;
    float slope;
    float *masked; /* may be g1 or g2 */
    float *a_partial, *b_partial;
} CombineBackwardTask;
void kernel_combine_backward(const CombineBackwardTask *task, int threads);

/* Batch norm's input gradient (the backward of y = (x - mean) * scale + shift with batch statistics):
 *     d = m * scale + (x - mean) * slope_coefficient + constant (+ addend)
 * m as in kernel_combine_backward, masked here by x * scale + shift when `mask`. */
typedef struct NormGradientTask {
    Grid grid;
    Range range;
    const float *g, *x, *addend; /* addend NULL: none */
    const float *scale, *shift, *mean, *coefficient, *constant;
    bool mask;
    float slope;
    float *out;
} NormGradientTask;
void kernel_norm_gradient(const NormGradientTask *task, int threads);

/* The numbers of one batch norm; per-channel arrays of one row for each group. */
typedef struct NormTask {
    size_t channels, padded;                /* channels without and with padding */
    size_t groups, chunks;                  /* chunks in the whole batch, a multiple of groups */
    double chunk_values;                    /* values of one channel in a chunk */
    const float *gamma, *beta;              /* scale and shift parameters */
    float *mean, *inverse;                  /* batch mean, 1 / sqrt(variance + epsilon) */
    float *scale, *shift;                   /* gamma * inverse, beta - mean * scale */
    float *coefficient, *constant;          /* of kernel_norm_gradient */
    float *d_gamma, *d_beta;                /* parameter gradients, `channels` each */
    float *running_mean, *running_variance; /* moved when not NULL */
    double momentum;
    const float *partial;
} NormTask;

/* From the chunks' statistics: mean, inverse, scale, shift; moves the running statistics group after group, as PyTorch
 * does in one forward per group (with the unbiased variance). */
void kernel_norm_finish(const NormTask *task);
/* scale and shift from the running statistics, all groups alike. */
void kernel_norm_running(const NormTask *task);
/* From the chunks' backward sums: coefficient, constant, d_gamma, d_beta. */
void kernel_norm_backward_finish(const NormTask *task);

/* out[floats] += `count` arrays of as many floats that stand one behind the other, added in order. */
void kernel_accumulate(float *out, const float *in, size_t floats, size_t count, int threads);

/* Between plain NHWC and a grid; `channels` without padding. */
void kernel_from_nhwc(float *out, const float *in, const Grid *grid, size_t channels, size_t pictures, int threads);
void kernel_to_nhwc(float *out, const float *in, const Grid *grid, size_t channels, size_t pictures, int threads);

typedef struct PoolTask {
    size_t blocks, lanes, pictures;
    size_t in_height, in_width, out_height, out_width;
    size_t kernel, stride, padding;
    float *in, *out; /* backward: their gradients */
    uint8_t *places; /* of each output: which pixel of the window was the (first) largest */
} PoolTask;
void kernel_max_pool(const PoolTask *task, int threads);
void kernel_max_pool_backward(const PoolTask *task, int threads);

/* out[pictures x channels] = mean over the pixels; backward: in's gradient. */
void kernel_avg_pool(float *out, const float *in, const Grid *grid, size_t channels, size_t pictures, int threads);
void kernel_avg_pool_backward(float *d_in, const float *d_out, const Grid *grid, size_t channels, size_t pictures,
                              int threads);

/* out = in * mask / (1 - probability), the mask drawn for (seed, step, picture, node) in NHWC order, so that it depends
 * neither on layout nor on threads. Backward is the same call on gradients. */
typedef struct DropoutTask {
    Grid grid;
    Range range;
    size_t channels;
    const float *in;
    float *out;
    float probability;
    uint64_t seed, step;
    uint32_t node;
} DropoutTask;
void kernel_dropout(const DropoutTask *task, int threads);

/* out[rows x columns] += bias[columns] in each row; and its gradient, d_bias = sum over the rows in order. */
void kernel_add_bias(float *out, const float *bias, size_t rows, size_t columns);
void kernel_bias_gradient(float *d_bias, const float *d_out, size_t rows, size_t columns);

#endif
