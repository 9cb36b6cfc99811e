/* The kernels' inner loops for columns of LANES channels; kernels.c includes this file for 16, 8 and 1 lanes. No
 * include guard for that reason. */
#include "nn/lanes.h"

static inline __attribute__((always_inline)) void NAME(combine_column)(const CombineTask *task, size_t offset,
                                                                       size_t channel, bool has_b) {
    const Lanes slope = SPLAT(task->slope);
    const Lanes a_scale = task->a_scale != NULL ? LOAD(task->a_scale + channel) : SPLAT(1.0F);
    Lanes shift = task->a_scale != NULL ? LOAD(task->a_shift + channel) : SPLAT(0.0F);
    const Lanes b_scale = task->b_scale != NULL ? LOAD(task->b_scale + channel) : SPLAT(1.0F);
    if (task->b_scale != NULL) shift += LOAD(task->b_shift + channel);
    const float *a = task->a + offset, *b = has_b ? task->b + offset : NULL;
    float *out = task->out + offset;
    const size_t stride = task->grid.lanes, rows = task->grid.rows;
    for (size_t r = 0; r < rows; r++) {
        Lanes x = LOAD(a + r * stride) * a_scale + shift;
        if (has_b) x += LOAD(b + r * stride) * b_scale;
        STORE(out + r * stride, ACTIVATE(x, slope));
    }
}

/* Items are (picture, block) pairs, blocks fastest. */
SIMD_VERSIONS static void NAME(combine)(const void *any_task, size_t first, size_t last) {
    const CombineTask *task = any_task;
    const size_t blocks = task->grid.blocks, lanes = task->grid.lanes, block_floats = task->grid.rows * lanes;
    for (size_t item = first; item < last; item++) {
        const size_t group = (task->range.first + item / blocks) / task->range.group_pictures;
        const size_t channel = (group * blocks + item % blocks) * lanes;
        for (size_t lane = 0; lane < lanes; lane += LANES) {
            if (task->b != NULL)
                NAME(combine_column)(task, item * block_floats + lane, channel + lane, true);
            else
                NAME(combine_column)(task, item * block_floats + lane, channel + lane, false);
        }
    }
}

/* Sums of x - pivot and its square over the rows of one block of one picture, added to sums[2]. Four rows at a time:
 * the order of the sums is part of the result. */
static inline __attribute__((always_inline)) void NAME(statistics_rows)(const float *in, size_t rows, size_t stride,
                                                                        const Lanes *pivot, Lanes sums[2]) {
    Lanes s0 = {0}, s1 = {0}, s2 = {0}, s3 = {0}, q0 = {0}, q1 = {0}, q2 = {0}, q3 = {0};
    size_t r = 0;
    for (; r + 4 <= rows; r += 4, in += 4 * stride) {
        const Lanes x0 = LOAD(in) - *pivot, x1 = LOAD(in + stride) - *pivot;
        const Lanes x2 = LOAD(in + 2 * stride) - *pivot, x3 = LOAD(in + 3 * stride) - *pivot;
        s0 += x0, s1 += x1, s2 += x2, s3 += x3;
        q0 += x0 * x0, q1 += x1 * x1, q2 += x2 * x2, q3 += x3 * x3;
    }
    for (; r < rows; r++, in += stride) {
        const Lanes x0 = LOAD(in) - *pivot;
        s0 += x0;
        q0 += x0 * x0;
    }
    sums[0] += (s0 + s1) + (s2 + s3);
    sums[1] += (q0 + q1) + (q2 + q3);
}

/* Items are (chunk, block) pairs. The pivot, the chunk's first value of each channel, keeps the sums of squares free of
 * cancellation where the mean is large against the deviation. */
SIMD_VERSIONS static void NAME(statistics)(const void *any_task, size_t first, size_t last) {
    const StatisticsTask *task = any_task;
    const size_t blocks = task->grid.blocks, lanes = task->grid.lanes, rows = task->grid.rows;
    const size_t chunk_pictures = task->range.chunk_pictures, channels = blocks * lanes;
    const Lanes count = SPLAT((float)(rows * chunk_pictures));
    for (size_t item = first; item < last; item++) {
        const size_t chunk = item / blocks, block = item % blocks;
        for (size_t lane = 0; lane < lanes; lane += LANES) {
            const float *in = task->in + (chunk * chunk_pictures * blocks + block) * rows * lanes + lane;
            const Lanes pivot = LOAD(in);
            Lanes sums[2] = {{0}, {0}};
            for (size_t p = 0; p < chunk_pictures; p++)
                NAME(statistics_rows)(in + p * blocks * rows * lanes, rows, lanes, &pivot, sums);
            const Lanes mean = sums[0] / count, squares = sums[1] - sums[0] * mean;
            float *partial = task->partial + chunk * 2 * channels + block * lanes + lane;
            STORE(partial, pivot + mean);
            STORE(partial + channels, SELECT(squares < 0, (Lanes){0}, squares));
        }
    }
}

/* Which parts of CombineBackwardTask are there; constants where the loop is compiled for one case. */
typedef struct NAME(BackwardParts) {
    bool g2, out, mask, a, b, masked;
} NAME(BackwardParts);

static inline __attribute__((always_inline)) void NAME(combine_backward_rows)(const CombineBackwardTask *task,
                                                                              size_t offset, size_t channel,
                                                                              Lanes sums[3],
                                                                              const NAME(BackwardParts) parts) {
    const size_t rows = task->grid.rows, stride = task->grid.lanes;
    const Lanes slope = SPLAT(task->slope), one = SPLAT(1.0F);
    const bool from_a = parts.mask && !parts.out;
    const Lanes scale = from_a ? LOAD(task->a_scale + channel) : one;
    const Lanes shift = from_a ? LOAD(task->a_shift + channel) : one;
    const Lanes a_mean = parts.a ? LOAD(task->a_mean + channel) : one;
    const Lanes b_mean = parts.b ? LOAD(task->b_mean + channel) : one;
    Lanes sum = {0}, a_sum = {0}, b_sum = {0};
    for (size_t r = 0; r < rows; r++, offset += stride) {
        Lanes g = LOAD(task->g1 + offset);
        if (parts.g2) g += LOAD(task->g2 + offset);
        const Lanes a = parts.a || from_a ? LOAD(task->a + offset) : one;
        if (parts.mask) {
            const Lanes before = parts.out ? LOAD(task->out + offset) : a * scale + shift;
            g = SELECT(before > 0, g, g * slope);
        }
        if (parts.masked) STORE(task->masked + offset, g);
        sum += g;
        if (parts.a) a_sum += g * (a - a_mean);
        if (parts.b) b_sum += g * (LOAD(task->b + offset) - b_mean);
    }
    sums[0] += sum;
    sums[1] += a_sum;
    sums[2] += b_sum;
}

static inline __attribute__((always_inline)) void NAME(combine_backward_case)(const CombineBackwardTask *task,
                                                                              size_t first, size_t last,
                                                                              const NAME(BackwardParts) parts) {
    const size_t blocks = task->grid.blocks, lanes = task->grid.lanes, block_floats = task->grid.rows * lanes;
    const size_t chunk_pictures = task->range.chunk_pictures, channels = blocks * lanes;
    for (size_t item = first; item < last; item++) {
        const size_t chunk = item / blocks, block = item % blocks, picture = chunk * chunk_pictures;
        const size_t group = (task->range.first + picture) / task->range.group_pictures;
        for (size_t lane = 0; lane < lanes; lane += LANES) {
            const size_t column = block * lanes + lane, partial = chunk * 2 * channels + column;
            Lanes sums[3] = {{0}, {0}, {0}};
            for (size_t p = 0; p < chunk_pictures; p++)
                NAME(combine_backward_rows)
            (task, ((picture + p) * blocks + block) * block_floats + lane, group * channels + column, sums, parts);
            if (parts.a) STORE(task->a_partial + partial, sums[0]);
            if (parts.a) STORE(task->a_partial + partial + channels, sums[1]);
            if (parts.b) STORE(task->b_partial + partial, sums[0]);
            if (parts.b) STORE(task->b_partial + partial + channels, sums[2]);
        }
    }
}

/* The cases of a ResNet's blocks have loops of their own; the last one decides row by row. */
SIMD_VERSIONS static void NAME(combine_backward)(const void *any_task, size_t first, size_t last) {
    const CombineBackwardTask *task = any_task;
    const NAME(BackwardParts) parts = {.g2 = task->g2 != NULL,
                                       .out = task->out != NULL,
                                       .mask = task->slope != 1.0F,
                                       .a = task->a_partial != NULL,
                                       .b = task->b_partial != NULL,
                                       .masked = task->masked != NULL};
    const NAME(BackwardParts) inner = {.mask = true, .a = true};
    const NAME(BackwardParts) residual = {.g2 = true, .out = true, .mask = true, .a = true, .masked = true};
    if (parts.mask && parts.a && !parts.b && !parts.out && !parts.g2 && !parts.masked)
        NAME(combine_backward_case)(task, first, last, inner);
    else if (parts.mask && parts.a && !parts.b && parts.out && parts.g2 && parts.masked)
        NAME(combine_backward_case)(task, first, last, residual);
    else
        NAME(combine_backward_case)(task, first, last, parts);
}

static inline __attribute__((always_inline)) void
NAME(norm_gradient_column)(const NormGradientTask *task, size_t offset, size_t channel, bool mask, bool addend) {
    const size_t rows = task->grid.rows, stride = task->grid.lanes;
    const Lanes slope = SPLAT(task->slope), scale = LOAD(task->scale + channel);
    const Lanes shift = LOAD(task->shift + channel), mean = LOAD(task->mean + channel);
    const Lanes coefficient = LOAD(task->coefficient + channel), constant = LOAD(task->constant + channel);
    for (size_t r = 0; r < rows; r++, offset += stride) {
        const Lanes x = LOAD(task->x + offset);
        Lanes g = LOAD(task->g + offset);
        if (mask) g = SELECT(x * scale + shift > 0, g, g * slope);
        Lanes d = g * scale + ((x - mean) * coefficient + constant);
        if (addend) d += LOAD(task->addend + offset);
        STORE(task->out + offset, d);
    }
}

SIMD_VERSIONS static void NAME(norm_gradient)(const void *any_task, size_t first, size_t last) {
    const NormGradientTask *task = any_task;
    const size_t blocks = task->grid.blocks, lanes = task->grid.lanes, block_floats = task->grid.rows * lanes;
    for (size_t item = first; item < last; item++) {
        const size_t group = (task->range.first + item / blocks) / task->range.group_pictures;
        for (size_t lane = 0; lane < lanes; lane += LANES) {
            const size_t channel = (group * blocks + item % blocks) * lanes + lane;
            const size_t offset = item * block_floats + lane;
            if (task->addend != NULL)
                NAME(norm_gradient_column)(task, offset, channel, task->mask, true);
            else if (task->mask)
                NAME(norm_gradient_column)(task, offset, channel, true, false);
            else
                NAME(norm_gradient_column)(task, offset, channel, false, false);
        }
    }
}

/* Small numbers, one byte each in memory. By way of 16 bits: GCC 12 makes scalars of the step from 8 to 32. */
#define LOAD_BYTES(bytes)                                                                                              \
    __builtin_convertvector(__builtin_convertvector(*(const Bytes *)(const void *)(bytes), Halves), Mask)
#define STORE_BYTES(bytes, numbers)                                                                                    \
    (*(Bytes *)(void *)(bytes) = __builtin_convertvector(__builtin_convertvector(numbers, Halves), Bytes))

/* What of the window of output row (or column) `at` lies in a picture of this many: kernel rows first .. last-1. */
static inline __attribute__((always_inline)) void NAME(pool_bounds)(const PoolTask *task, size_t at, size_t count,
                                                                    size_t *first, size_t *last) {
    const size_t start = at * task->stride, end = count + task->padding; /* both with the padding before them */
    *first = start < task->padding ? task->padding - start : 0;
    *last = end - start < task->kernel ? end - start : task->kernel;
}

/* One output pixel: the window's largest value, and where it stands. A NaN wins, as in PyTorch. */
static inline __attribute__((always_inline)) void NAME(pool_window)(const PoolTask *task, const float *in, float *out,
                                                                    uint8_t *places, size_t y, size_t x) {
    size_t top, bottom, left, right;
    NAME(pool_bounds)(task, y, task->in_height, &top, &bottom);
    NAME(pool_bounds)(task, x, task->in_width, &left, &right);
    const size_t row_floats = task->in_width * task->lanes;
    const float *corner = in + (y * task->stride + top - task->padding) * row_floats +
                          (x * task->stride + left - task->padding) * task->lanes;
    Lanes best = LOAD(corner);
    Mask place = (Mask){0} + (int32_t)(top * task->kernel + left);
    for (size_t ky = top; ky < bottom; ky++, corner += row_floats)
        for (size_t kx = left; kx < right; kx++) {
            const Lanes pixel = LOAD(corner + (kx - left) * task->lanes);
            const Mask larger = (pixel > best) | IS_NAN(pixel);
            best = SELECT(larger, pixel, best);
            place = (larger & (int32_t)(ky * task->kernel + kx)) | (~larger & place);
        }
    STORE(out, best);
    STORE_BYTES(places, place);
}

/* Items are (picture, block) pairs. */
SIMD_VERSIONS static void NAME(max_pool)(const void *any_task, size_t first, size_t last) {
    const PoolTask *task = any_task;
    const size_t in_floats = task->in_height * task->in_width * task->lanes;
    size_t at = first * task->out_height * task->out_width * task->lanes; /* of the output and of its place */
    for (size_t item = first; item < last; item++)
        for (size_t y = 0; y < task->out_height; y++)
            for (size_t x = 0; x < task->out_width; x++)
                for (size_t lane = 0; lane < task->lanes; lane += LANES, at += LANES)
                    NAME(pool_window)
    (task, task->in + item * in_floats + lane, task->out + at, task->places + at, y, x);
}

/* Adds the gradient of one output pixel where its value stood. */
static inline __attribute__((always_inline)) void NAME(pool_window_backward)(const PoolTask *task, float *d_in,
                                                                             const float *d_out, const uint8_t *places,
                                                                             size_t y, size_t x) {
    size_t top, bottom, left, right;
    NAME(pool_bounds)(task, y, task->in_height, &top, &bottom);
    NAME(pool_bounds)(task, x, task->in_width, &left, &right);
    const Lanes gradient = LOAD(d_out);
    const Mask place = LOAD_BYTES(places);
    for (size_t ky = top; ky < bottom; ky++)
        for (size_t kx = left; kx < right; kx++) {
            const size_t iy = y * task->stride + ky - task->padding, ix = x * task->stride + kx - task->padding;
            float *pixel = d_in + (iy * task->in_width + ix) * task->lanes;
            const Mask here = place == (int32_t)(ky * task->kernel + kx);
            STORE(pixel, LOAD(pixel) + SELECT(here, gradient, (Lanes){0}));
        }
}

SIMD_VERSIONS static void NAME(max_pool_backward)(const void *any_task, size_t first, size_t last) {
    const PoolTask *task = any_task;
    const size_t in_floats = task->in_height * task->in_width * task->lanes;
    size_t at = first * task->out_height * task->out_width * task->lanes;
    for (size_t item = first; item < last; item++) {
        float *d_in = task->in + item * in_floats;
        memset(d_in, 0, in_floats * sizeof(float));
        for (size_t y = 0; y < task->out_height; y++)
            for (size_t x = 0; x < task->out_width; x++)
                for (size_t lane = 0; lane < task->lanes; lane += LANES, at += LANES)
                    NAME(pool_window_backward)(task, d_in + lane, task->out + at, task->places + at, y, x);
    }
}

#undef LOAD_BYTES
#undef STORE_BYTES
#include "nn/lanes_end.h"
