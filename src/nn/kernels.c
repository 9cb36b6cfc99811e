#include "nn/kernels.h"

#include <math.h>
#include <string.h>

#include "base/random.h"
#include "base/simd.h"
#include "nn/net_graph.h"

#define LANES 16
#include "nn/kernels_lanes.h"
#define LANES 8
#include "nn/kernels_lanes.h"
#define LANES 1
#include "nn/kernels_lanes.h"

/* A kernel's work on the items first .. last-1. */
typedef void (*RangeKernel)(const void *task, size_t first, size_t last);

/* Items are independent, so their split over threads changes no bit. */
static void run_items(RangeKernel kernel, const void *task, size_t items, int threads) {
    if (threads <= 1 || items < 2) {
        kernel(task, 0, items);
        return;
    }
    const size_t parts = (size_t)threads;
#pragma omp parallel for schedule(static) num_threads(threads)
    for (size_t part = 0; part < parts; part++)
        kernel(task, items * part / parts, items * (part + 1) / parts);
}

/* Picks the version for the widest column that divides the lanes of a block. */
#define RUN_LANES(name, grid, task, items, threads)                                                                    \
    run_items((grid)->lanes % 16 == 0 ? name##_16 : (grid)->lanes % 8 == 0 ? name##_8 : name##_1, task, items, threads)

void kernel_combine(const CombineTask *task, int threads) {
    RUN_LANES(combine, &task->grid, task, task->range.pictures * task->grid.blocks, threads);
}

void kernel_statistics(const StatisticsTask *task, int threads) {
    const size_t chunks = task->range.pictures / task->range.chunk_pictures;
    RUN_LANES(statistics, &task->grid, task, chunks * task->grid.blocks, threads);
}

void kernel_combine_backward(const CombineBackwardTask *task, int threads) {
    const size_t chunks = task->range.pictures / task->range.chunk_pictures;
    RUN_LANES(combine_backward, &task->grid, task, chunks * task->grid.blocks, threads);
}

void kernel_norm_gradient(const NormGradientTask *task, int threads) {
    RUN_LANES(norm_gradient, &task->grid, task, task->range.pictures * task->grid.blocks, threads);
}

#define TILE ((size_t)64) /* channels that are summed side by side */

/* total[TILE] = sums over `chunks` rows of one half of the partial sums, in order. */
SIMD_VERSIONS static void chunk_sums(double *total, const float *partial, size_t stride, size_t chunks, size_t width) {
    for (size_t c = 0; c < width; c++)
        total[c] = 0.0;
    for (size_t k = 0; k < chunks; k++)
        for (size_t c = 0; c < width; c++)
            total[c] += (double)partial[k * stride + c];
}

/* squares[TILE] = sum of squared deviations from the group's mean, out of the chunks' own: the deviations within each
 * chunk and those of the chunks' means (Chan, Golub and LeVeque, doi:10.1080/00031305.1983.10483115). */
SIMD_VERSIONS static void chunk_squares(double *squares, const double *mean, const float *partial, size_t padded,
                                        size_t chunks, size_t width, double chunk_values) {
    for (size_t c = 0; c < width; c++)
        squares[c] = 0.0;
    for (size_t k = 0; k < chunks; k++) {
        const float *means = partial + k * 2 * padded, *within = means + padded;
        for (size_t c = 0; c < width; c++) {
            const double apart = (double)means[c] - mean[c];
            squares[c] += (double)within[c] + chunk_values * apart * apart;
        }
    }
}

static void norm_coefficients(const NormTask *task, size_t place, size_t channel, double mean, double variance) {
    const bool real = channel < task->channels;
    const double inverse = 1.0 / sqrt(variance + NORM_EPSILON);
    const double scale = real ? (double)task->gamma[channel] * inverse : 0.0;
    task->mean[place] = real ? (float)mean : 0.0F;
    task->inverse[place] = real ? (float)inverse : 0.0F;
    task->scale[place] = (float)scale;
    task->shift[place] = real ? (float)((double)task->beta[channel] - mean * scale) : 0.0F;
}

static void norm_move_running(const NormTask *task, size_t channel, double mean, double unbiased) {
    if (task->running_mean == NULL || channel >= task->channels) return;
    const double keep = 1.0 - task->momentum;
    task->running_mean[channel] = (float)(keep * (double)task->running_mean[channel] + task->momentum * mean);
    task->running_variance[channel] =
        (float)(keep * (double)task->running_variance[channel] + task->momentum * unbiased);
}

void kernel_norm_finish(const NormTask *task) {
    const size_t chunks = task->chunks / task->groups;
    const double count = (double)chunks * task->chunk_values;
    for (size_t group = 0; group < task->groups; group++) {
        const float *partial = task->partial + group * chunks * 2 * task->padded;
        for (size_t c = 0; c < task->padded; c += TILE) {
            const size_t width = task->padded - c < TILE ? task->padded - c : TILE;
            double mean[TILE], squares[TILE];
            chunk_sums(mean, partial + c, 2 * task->padded, chunks, width);
            for (size_t i = 0; i < width; i++)
                mean[i] /= (double)chunks;
            chunk_squares(squares, mean, partial + c, task->padded, chunks, width, task->chunk_values);
            for (size_t i = 0; i < width; i++) {
                norm_coefficients(task, group * task->padded + c + i, c + i, mean[i], squares[i] / count);
                norm_move_running(task, c + i, mean[i], squares[i] / (count - 1.0));
            }
        }
    }
}

void kernel_norm_running(const NormTask *task) {
    for (size_t group = 0; group < task->groups; group++)
        for (size_t c = 0; c < task->padded; c++) {
            const bool real = c < task->channels;
            norm_coefficients(task, group * task->padded + c, c, real ? (double)task->running_mean[c] : 0.0,
                              real ? (double)task->running_variance[c] : 1.0);
        }
}

/* With y = gamma * (x - mean) * inverse + beta, N values per channel, S1 = sum of m, S2 = sum of m * (x - mean):
 *     d_beta = S1, d_gamma = inverse * S2,
 *     d_x = scale * (m - S1 / N - (x - mean) * inverse^2 * S2 / N). */
void kernel_norm_backward_finish(const NormTask *task) {
    const size_t chunks = task->chunks / task->groups;
    const double count = (double)chunks * task->chunk_values;
    memset(task->d_gamma, 0, task->channels * sizeof(float));
    memset(task->d_beta, 0, task->channels * sizeof(float));
    for (size_t group = 0; group < task->groups; group++) {
        const float *partial = task->partial + group * chunks * 2 * task->padded;
        for (size_t c = 0; c < task->padded; c += TILE) {
            const size_t width = task->padded - c < TILE ? task->padded - c : TILE;
            double plain[TILE], weighted[TILE];
            chunk_sums(plain, partial + c, 2 * task->padded, chunks, width);
            chunk_sums(weighted, partial + task->padded + c, 2 * task->padded, chunks, width);
            for (size_t i = 0; i < width; i++) {
                const size_t place = group * task->padded + c + i;
                const double scale = (double)task->scale[place], inverse = (double)task->inverse[place];
                task->coefficient[place] = (float)(-scale * inverse * inverse * weighted[i] / count);
                task->constant[place] = (float)(-scale * plain[i] / count);
                if (c + i >= task->channels) continue;
                task->d_gamma[c + i] += (float)(inverse * weighted[i]);
                task->d_beta[c + i] += (float)plain[i];
            }
        }
    }
}

/* Flat loops over floats: out, and what is added to it, `count` arrays that stand one behind the other. */
typedef struct FlatTask {
    float *out;
    const float *in;
    size_t count, floats;
} FlatTask;

#define FLAT_BLOCK ((size_t)2048) /* floats of `out` that stay in the first-level cache while all arrays are added */

SIMD_VERSIONS static void accumulate_range(const void *any_task, size_t first, size_t last) {
    const FlatTask *task = any_task;
    for (size_t block = first; block < last; block += FLAT_BLOCK) {
        const size_t end = block + FLAT_BLOCK < last ? block + FLAT_BLOCK : last;
        float *restrict out = task->out;
        for (size_t array = 0; array < task->count; array++) {
            const float *restrict in = task->in + array * task->floats;
            for (size_t i = block; i < end; i++)
                out[i] += in[i];
        }
    }
}

void kernel_accumulate(float *out, const float *in, size_t floats, size_t count, int threads) {
    const FlatTask task = {.out = out, .in = in, .count = count, .floats = floats};
    run_items(accumulate_range, &task, floats, threads);
}

/* Copies between NHWC and a grid; items are pictures. */
typedef struct LayoutTask {
    const Grid *grid;
    size_t channels;
    const float *in;
    float *out;
} LayoutTask;

/* Channels of the block that are no padding. */
static size_t block_channels(const Grid *grid, size_t block, size_t channels) {
    const size_t left = channels - block * grid->lanes;
    return left < grid->lanes ? left : grid->lanes;
}

SIMD_VERSIONS static void from_nhwc_range(const void *any_task, size_t first, size_t last) {
    const LayoutTask *task = any_task;
    const size_t rows = task->grid->rows, lanes = task->grid->lanes, channels = task->channels;
    for (size_t picture = first; picture < last; picture++)
        for (size_t block = 0; block < task->grid->blocks; block++) {
            const float *in = task->in + picture * rows * channels + block * lanes;
            float *out = task->out + (picture * task->grid->blocks + block) * rows * lanes;
            const size_t real = block_channels(task->grid, block, channels);
            for (size_t r = 0; r < rows; r++) {
                for (size_t c = 0; c < real; c++)
                    out[r * lanes + c] = in[r * channels + c];
                for (size_t c = real; c < lanes; c++)
                    out[r * lanes + c] = 0.0F;
            }
        }
}

void kernel_from_nhwc(float *out, const float *in, const Grid *grid, size_t channels, size_t pictures, int threads) {
    const LayoutTask task = {.grid = grid, .channels = channels, .in = in, .out = out};
    run_items(from_nhwc_range, &task, pictures, threads);
}

SIMD_VERSIONS static void to_nhwc_range(const void *any_task, size_t first, size_t last) {
    const LayoutTask *task = any_task;
    const size_t rows = task->grid->rows, lanes = task->grid->lanes, channels = task->channels;
    for (size_t picture = first; picture < last; picture++)
        for (size_t block = 0; block < task->grid->blocks; block++) {
            const float *in = task->in + (picture * task->grid->blocks + block) * rows * lanes;
            float *out = task->out + picture * rows * channels + block * lanes;
            const size_t real = block_channels(task->grid, block, channels);
            for (size_t r = 0; r < rows; r++)
                for (size_t c = 0; c < real; c++)
                    out[r * channels + c] = in[r * lanes + c];
        }
}

void kernel_to_nhwc(float *out, const float *in, const Grid *grid, size_t channels, size_t pictures, int threads) {
    const LayoutTask task = {.grid = grid, .channels = channels, .in = in, .out = out};
    run_items(to_nhwc_range, &task, pictures, threads);
}

void kernel_max_pool(const PoolTask *task, int threads) {
    RUN_LANES(max_pool, task, task, task->pictures * task->blocks, threads);
}

void kernel_max_pool_backward(const PoolTask *task, int threads) {
    RUN_LANES(max_pool_backward, task, task, task->pictures * task->blocks, threads);
}

SIMD_VERSIONS static void avg_pool_range(const void *any_task, size_t first, size_t last) {
    const LayoutTask *task = any_task;
    const size_t rows = task->grid->rows, lanes = task->grid->lanes, channels = task->channels;
    const float share = 1.0F / (float)rows;
    for (size_t picture = first; picture < last; picture++)
        for (size_t block = 0; block < task->grid->blocks; block++) {
            const float *in = task->in + (picture * task->grid->blocks + block) * rows * lanes;
            float *out = task->out + picture * channels + block * lanes;
            const size_t real = block_channels(task->grid, block, channels);
            for (size_t c = 0; c < real; c++)
                out[c] = 0.0F;
            for (size_t r = 0; r < rows; r++)
                for (size_t c = 0; c < real; c++)
                    out[c] += in[r * lanes + c];
            for (size_t c = 0; c < real; c++)
                out[c] *= share;
        }
}

void kernel_avg_pool(float *out, const float *in, const Grid *grid, size_t channels, size_t pictures, int threads) {
    const LayoutTask task = {.grid = grid, .channels = channels, .in = in, .out = out};
    run_items(avg_pool_range, &task, pictures, threads);
}

SIMD_VERSIONS static void avg_pool_backward_range(const void *any_task, size_t first, size_t last) {
    const LayoutTask *task = any_task;
    const size_t rows = task->grid->rows, lanes = task->grid->lanes, channels = task->channels;
    const float share = 1.0F / (float)rows;
    for (size_t picture = first; picture < last; picture++)
        for (size_t block = 0; block < task->grid->blocks; block++) {
            const float *d_out = task->in + picture * channels + block * lanes;
            float *d_in = task->out + (picture * task->grid->blocks + block) * rows * lanes;
            const size_t real = block_channels(task->grid, block, channels);
            for (size_t r = 0; r < rows; r++) {
                for (size_t c = 0; c < real; c++)
                    d_in[r * lanes + c] = d_out[c] * share;
                for (size_t c = real; c < lanes; c++)
                    d_in[r * lanes + c] = 0.0F;
            }
        }
}

void kernel_avg_pool_backward(float *d_in, const float *d_out, const Grid *grid, size_t channels, size_t pictures,
                              int threads) {
    const LayoutTask task = {.grid = grid, .channels = channels, .in = d_out, .out = d_in};
    run_items(avg_pool_backward_range, &task, pictures, threads);
}

static void dropout_range(const void *any_task, size_t first, size_t last) {
    const DropoutTask *task = any_task;
    const size_t rows = task->grid.rows, lanes = task->grid.lanes, floats = grid_floats(&task->grid);
    const float scale = 1.0F / (1.0F - task->probability);
    for (size_t picture = first; picture < last; picture++) {
        const float *in = task->in + picture * floats;
        float *out = task->out + picture * floats;
        Random random = random_at(task->seed, RANDOM_DROPOUT, task->step, task->range.first + picture, task->node);
        if (grid_channels(&task->grid) != task->channels) memset(out, 0, floats * sizeof(float));
        for (size_t r = 0; r < rows; r++)
            for (size_t c = 0; c < task->channels; c++) {
                const size_t place = (c / lanes * rows + r) * lanes + c % lanes;
                out[place] = random_uniform(&random) >= task->probability ? in[place] * scale : 0.0F;
            }
    }
}

void kernel_dropout(const DropoutTask *task, int threads) {
    run_items(dropout_range, task, task->range.pictures, threads);
}

SIMD_VERSIONS void kernel_add_bias(float *out, const float *bias, size_t rows, size_t columns) {
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < columns; c++)
            out[r * columns + c] += bias[c];
}

SIMD_VERSIONS void kernel_bias_gradient(float *d_bias, const float *d_out, size_t rows, size_t columns) {
    for (size_t c = 0; c < columns; c++)
        d_bias[c] = 0.0F;
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < columns; c++)
            d_bias[c] += d_out[r * columns + c];
}
