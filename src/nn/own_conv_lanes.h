/* The inner loops of own_conv.c for blocks of LANES channels; it includes this file for 16 and 8. No include guard for
 * that reason. */
#include "nn/lanes.h"

#define INLINE static inline __attribute__((always_inline))
#define ADD(pointer, value) STORE(pointer, LOAD(pointer) + (value))

/* --- transforms of one column of a tile ----------------------------------------------------------------------------
 *
 * Points 0, +-P, +-Q, infinity, with P = sqrt(1/2), Q = sqrt(2): P^2 = 1/2, Q^2 = 2, P Q = 1. */

#define P 0.70710678118654752F
#define Q 1.41421356237309505F

/* v[6] = B' d[6]: d times x (x^2 - P^2) (x^2 - Q^2) without the factor of each point. */
INLINE void NAME(input_column)(const Lanes d[6], Lanes v[6]) {
    const Lanes p_even = d[4] - 2.0F * d[2], p_odd = P * (d[3] - 2.0F * d[1]);
    const Lanes q_even = d[4] - 0.5F * d[2], q_odd = Q * (d[3] - 0.5F * d[1]);
    v[0] = d[0] - 2.5F * d[2] + d[4];
    v[1] = p_even + p_odd;
    v[2] = p_even - p_odd;
    v[3] = q_even + q_odd;
    v[4] = q_even - q_odd;
    v[5] = d[1] - 2.5F * d[3] + d[5];
}

/* y[4] = A' m[6]: the sums over the points of their powers 0 to 3. */
INLINE void NAME(output_column)(const Lanes m[6], Lanes y[4]) {
    const Lanes p_even = m[1] + m[2], p_odd = P * (m[1] - m[2]);
    const Lanes q_even = m[3] + m[4], q_odd = Q * (m[3] - m[4]);
    y[0] = m[0] + p_even + q_even;
    y[1] = p_odd + q_odd;
    y[2] = 0.5F * p_even + 2.0F * q_even;
    y[3] = 0.5F * p_odd + 2.0F * q_odd + m[5];
}

/* e[6] = A g[4]: the polynomial of coefficients g at the points. */
INLINE void NAME(gradient_column)(const Lanes g[4], Lanes e[6]) {
    const Lanes p_even = g[0] + 0.5F * g[2], p_odd = P * (g[1] + 0.5F * g[3]);
    const Lanes q_even = g[0] + 2.0F * g[2], q_odd = Q * (g[1] + 2.0F * g[3]);
    e[0] = g[0];
    e[1] = p_even + p_odd;
    e[2] = p_even - p_odd;
    e[3] = q_even + q_odd;
    e[4] = q_even - q_odd;
    e[5] = g[3];
}

/* u[6] = G w[3]: the polynomial of coefficients w at the points, over the points' factors: 1, -3/2, 6, 1. */
INLINE void NAME(filter_column)(const Lanes w[3], Lanes u[6]) {
    const Lanes p_even = (-2.0F / 3.0F) * w[0] + (-1.0F / 3.0F) * w[2], p_odd = (-2.0F / 3.0F * P) * w[1];
    const Lanes q_even = (1.0F / 6.0F) * w[0] + (1.0F / 3.0F) * w[2], q_odd = (1.0F / 6.0F * Q) * w[1];
    u[0] = w[0];
    u[1] = p_even + p_odd;
    u[2] = p_even - p_odd;
    u[3] = q_even + q_odd;
    u[4] = q_even - q_odd;
    u[5] = w[2];
}

/* z[3] = G' s[6] */
INLINE void NAME(sum_column)(const Lanes s[6], Lanes z[3]) {
    const Lanes p_even = s[1] + s[2], q_even = s[3] + s[4];
    z[0] = s[0] - (2.0F / 3.0F) * p_even + (1.0F / 6.0F) * q_even;
    z[1] = (-2.0F / 3.0F * P) * (s[1] - s[2]) + (1.0F / 6.0F * Q) * (s[3] - s[4]);
    z[2] = (1.0F / 3.0F) * (q_even - p_even) + s[5];
}

/* --- from pictures to planes --------------------------------------------------------------------------------------
 *
 * A strip is a row of a picture's tiles. Its columns are transformed first, for all its tiles at once, into a buffer of
 * 6 rows, and from there row by row into the planes. */

/* The strip's picture and the first of its rows. */
typedef struct NAME(Place) {
    size_t picture, row;
} NAME(Place);

INLINE NAME(Place) NAME(strip_place)(const OwnConv *conv, size_t strip) {
    return (NAME(Place)){.picture = strip / conv->tile_rows, .row = strip % conv->tile_rows * TILE};
}

INLINE const float *NAME(map_row)(const OwnConv *conv, const float *map, size_t row, const float *zeros) {
    return row < conv->height ? map + row * conv->width * LANES : zeros;
}

/* planes[36][tile] = B' d B of one block of one strip. */
INLINE void NAME(input_strip)(const OwnConv *conv, const float *map, size_t row, float *strip, float *planes,
                              size_t stride) {
    const size_t wide = strip_width(conv);
    const float *rows[6], *zeros = strip + 6 * wide * LANES;
    for (size_t i = 0; i < 6; i++) /* row - 1 is none where row is 0: SIZE_MAX is no row either */
        rows[i] = NAME(map_row)(conv, map, row + i - 1, zeros);
    for (size_t x = 0; x < conv->width; x++) {
        const Lanes d[6] = {LOAD(rows[0] + x * LANES), LOAD(rows[1] + x * LANES), LOAD(rows[2] + x * LANES),
                            LOAD(rows[3] + x * LANES), LOAD(rows[4] + x * LANES), LOAD(rows[5] + x * LANES)};
        Lanes v[6];
        NAME(input_column)(d, v);
        for (size_t i = 0; i < 6; i++)
            STORE(strip + (i * wide + x + 1) * LANES, v[i]);
    }
    for (size_t tile = 0; tile < conv->tile_columns; tile++)
        for (size_t i = 0; i < 6; i++) {
            const float *row_of = strip + (i * wide + tile * TILE) * LANES;
            float *out = planes + i * 6 * stride + tile * LANES;
            const Lanes d[6] = {LOAD(row_of),
                                LOAD(row_of + LANES),
                                LOAD(row_of + 2 * LANES),
                                LOAD(row_of + 3 * LANES),
                                LOAD(row_of + 4 * LANES),
                                LOAD(row_of + 5 * LANES)};
            Lanes v[6];
            NAME(input_column)(d, v);
            for (size_t j = 0; j < 6; j++)
                STORE(out + j * stride, v[j]);
        }
}

/* planes[36][tile] = A dy A' of one block of one strip. */
INLINE void NAME(gradient_strip)(const OwnConv *conv, const float *map, size_t row, float *strip, float *planes,
                                 size_t stride) {
    const size_t wide = strip_width(conv);
    const float *rows[4], *zeros = strip + 6 * wide * LANES;
    for (size_t i = 0; i < TILE; i++)
        rows[i] = NAME(map_row)(conv, map, row + i, zeros);
    for (size_t x = 0; x < conv->width; x++) {
        const Lanes g[4] = {LOAD(rows[0] + x * LANES), LOAD(rows[1] + x * LANES), LOAD(rows[2] + x * LANES),
                            LOAD(rows[3] + x * LANES)};
        Lanes e[6];
        NAME(gradient_column)(g, e);
        for (size_t i = 0; i < 6; i++)
            STORE(strip + (i * wide + x + 1) * LANES, e[i]);
    }
    for (size_t tile = 0; tile < conv->tile_columns; tile++)
        for (size_t i = 0; i < 6; i++) {
            const float *row_of = strip + (i * wide + tile * TILE + 1) * LANES;
            float *out = planes + i * 6 * stride + tile * LANES;
            const Lanes g[4] = {LOAD(row_of), LOAD(row_of + LANES), LOAD(row_of + 2 * LANES), LOAD(row_of + 3 * LANES)};
            Lanes e[6];
            NAME(gradient_column)(g, e);
            for (size_t j = 0; j < 6; j++)
                STORE(out + j * stride, e[j]);
        }
}

/* What stands beside the map stays zero: the strip's first column and those behind the map, and a row of zeros. */
INLINE void NAME(clear_strip)(const OwnConv *conv, float *strip) {
    const size_t wide = strip_width(conv);
    for (size_t i = 0; i < 6; i++)
        for (size_t x = 0; x < wide; x++)
            if (x == 0 || x > conv->width) STORE(strip + (i * wide + x) * LANES, SPLAT(0.0F));
    for (size_t x = 0; x < conv->width; x++)
        STORE(strip + (6 * wide + x) * LANES, SPLAT(0.0F));
}

/* Pictures that are read, and where their planes[points][blocks][rows] go; gradient: of the output's gradient. */
typedef struct NAME(Pictures) {
    const float *maps;
    float *planes;
    size_t blocks, stride;
    bool gradient;
} NAME(Pictures);

/* Strips first .. last-1 of the group. */
INLINE void NAME(read_strips)(const ConvTask *task, const NAME(Pictures) * pictures, float *strip, size_t first,
                              size_t last) {
    const OwnConv *conv = task->conv;
    const size_t map = conv->points == 1 ? LANES : conv->height * conv->width * LANES;
    NAME(clear_strip)(conv, strip);
    for (size_t i = first; i < last; i++) {
        const NAME(Place) place = NAME(strip_place)(conv, task->first + i);
        for (size_t block = 0; block < pictures->blocks; block++) {
            const float *in = pictures->maps + (place.picture * pictures->blocks + block) * map;
            float *out = pictures->planes + (block * conv->group + i * conv->tile_columns) * LANES;
            if (conv->points == 1)
                STORE(out, LOAD(in));
            else if (pictures->gradient)
                NAME(gradient_strip)(conv, in, place.row, strip, out, pictures->stride);
            else
                NAME(input_strip)(conv, in, place.row, strip, out, pictures->stride);
        }
    }
}

/* --- matrix products ----------------------------------------------------------------------------------------------
 */

/* sums[rows][LANES] = v[blocks][rows][LANES] x u[blocks][LANES][LANES], the blocks of v `stride` floats apart. */
INLINE void NAME(multiply_rows)(const float *v, size_t blocks, size_t stride, const float *u, float *sums,
                                const size_t rows) {
    Lanes sum[ROWS];
#pragma GCC unroll 24
    for (size_t r = 0; r < rows; r++)
        sum[r] = SPLAT(0.0F);
    for (size_t block = 0; block < blocks; block++, v += stride)
        for (size_t k = 0; k < LANES; k++, u += LANES) {
            const Lanes weights = LOAD(u);
#pragma GCC unroll 24
            for (size_t r = 0; r < rows; r++)
                sum[r] += v[r * LANES + k] * weights;
        }
#pragma GCC unroll 24
    for (size_t r = 0; r < rows; r++)
        STORE(sums + r * LANES, sum[r]);
}

/* All rows of a group: as many at once as registers hold. */
INLINE void NAME(multiply_group)(const OwnConv *conv, size_t count, const float *v, const float *u, float *sums) {
    const size_t stride = conv->group * LANES;
    for (size_t row = 0; row < count;) {
        const size_t left = count - row;
        const float *rows = v + row * LANES;
        float *out = sums + row * LANES;
        if (LANES == 16 && left > 2 * ROW_UNIT) {
            NAME(multiply_rows)(rows, conv->k_blocks, stride, u, out, 3 * ROW_UNIT);
            row += 3 * ROW_UNIT;
        } else if (LANES == 16 && left > ROW_UNIT) {
            NAME(multiply_rows)(rows, conv->k_blocks, stride, u, out, 2 * ROW_UNIT);
            row += 2 * ROW_UNIT;
        } else {
            NAME(multiply_rows)(rows, conv->k_blocks, stride, u, out, ROW_UNIT);
            row += ROW_UNIT;
        }
    }
}

/* --- forward and backward by data ---------------------------------------------------------------------------------
 */

/* What stands behind the sums: bias, the addition to what is there, the activation. */
typedef struct NAME(Behind) {
    Lanes bias, slope;
    bool sum, activate;
} NAME(Behind);

INLINE NAME(Behind) NAME(behind_sums)(const ConvTask *task, size_t block) {
    const OwnConv *conv = task->conv;
    float bias[LANES] __attribute__((aligned(64))) = {0};
    for (size_t lane = 0; conv->bias && lane < LANES && block * LANES + lane < conv->n; lane++)
        bias[lane] = task->bias[block * LANES + lane];
    return (NAME(Behind)){
        .bias = LOAD(bias), .slope = SPLAT(conv->slope), .sum = conv->sum, .activate = conv->activate};
}

INLINE void NAME(write_pixel)(float *out, const Lanes *sum, const NAME(Behind) * behind) {
    Lanes value = *sum + behind->bias;
    if (behind->sum) value += LOAD(out);
    STORE(out, behind->activate ? ACTIVATE(value, behind->slope) : value);
}

/* The map's part of y = A' m A of one block of one strip. */
INLINE void NAME(output_strip)(const OwnConv *conv, const float *planes, size_t stride, size_t row, float *strip,
                               float *map, const NAME(Behind) * behind) {
    const size_t wide = strip_width(conv), left = conv->height - row, rows = left < TILE ? left : TILE;
    for (size_t tile = 0; tile < conv->tile_columns; tile++)
        for (size_t i = 0; i < 6; i++) {
            const float *in = planes + i * 6 * stride + tile * LANES;
            float *out = strip + (i * wide + tile * TILE) * LANES;
            const Lanes m[6] = {LOAD(in),
                                LOAD(in + stride),
                                LOAD(in + 2 * stride),
                                LOAD(in + 3 * stride),
                                LOAD(in + 4 * stride),
                                LOAD(in + 5 * stride)};
            Lanes y[4];
            NAME(output_column)(m, y);
            for (size_t j = 0; j < TILE; j++)
                STORE(out + j * LANES, y[j]);
        }
    for (size_t x = 0; x < conv->width; x++) {
        const float *in = strip + x * LANES;
        const size_t down = wide * LANES;
        const Lanes m[6] = {
            LOAD(in),           LOAD(in + down), LOAD(in + 2 * down), LOAD(in + 3 * down), LOAD(in + 4 * down),
            LOAD(in + 5 * down)};
        Lanes y[4];
        NAME(output_column)(m, y);
        for (size_t i = 0; i < rows; i++)
            NAME(write_pixel)(map + ((row + i) * conv->width + x) * LANES, &y[i], behind);
    }
}

INLINE void NAME(write_strips)(const ConvTask *task) {
    const OwnConv *conv = task->conv;
    const size_t map = conv->points == 1 ? LANES : conv->height * conv->width * LANES;
    for (size_t block = 0; block < conv->n_blocks; block++) {
        const NAME(Behind) behind = NAME(behind_sums)(task, block / conv->pixels);
        for (size_t i = 0; i < task->count; i++) {
            const NAME(Place) place = NAME(strip_place)(conv, task->first + i);
            const float *planes = task->n_planes + (block * conv->group + i * conv->tile_columns) * LANES;
            float *out = task->target + (place.picture * conv->n_blocks + block) * map;
            if (conv->points == 1) {
                const Lanes sum = LOAD(planes);
                NAME(write_pixel)(out, &sum, &behind);
            } else {
                NAME(output_strip)(conv, planes, task->n_stride, place.row, task->strips, out, &behind);
            }
        }
    }
}

/* One group of strips, from pictures to pictures. */
SIMD_VERSIONS static void NAME(pictures_group)(const ConvTask *task) {
    const OwnConv *conv = task->conv;
    const size_t panel = conv->k_blocks * LANES * LANES, tiles = task->count * conv->tile_columns;
    const NAME(Pictures) source = {task->source, task->k_planes, conv->k_blocks, task->k_stride, false};
    NAME(read_strips)(task, &source, task->strips, 0, task->count);
    for (size_t point = 0; point < conv->points; point++)
        for (size_t block = 0; block < conv->n_blocks; block++) {
            const float *v = task->k_planes + point * task->k_stride;
            const float *u = task->weights + (point * conv->n_blocks + block) * panel;
            float *m = task->n_planes + point * task->n_stride + block * conv->group * LANES;
            NAME(multiply_group)(conv, tiles, v, u, m);
        }
    NAME(write_strips)(task);
}

/* --- backward by weights ------------------------------------------------------------------------------------------
 */

/* The planes of input and output gradient of strips first .. last-1 of the group. */
SIMD_VERSIONS static void NAME(sum_planes)(const ConvTask *task, size_t part, size_t first, size_t last) {
    const OwnConv *conv = task->conv;
    const NAME(Pictures) source = {task->source, task->k_planes, conv->k_blocks, task->k_stride, false};
    const NAME(Pictures) gradient = {task->gradient, task->n_planes, conv->n_blocks, task->n_stride, true};
    float *strip = task->strips + part * strip_floats(conv);
    NAME(read_strips)(task, &source, strip, first, last);
    NAME(read_strips)(task, &gradient, strip, first, last);
}

/* sums[LANES][LANES] = v[rows][LANES]' x e[rows][LANES] */
INLINE void NAME(multiply_columns)(const float *v, const float *e, size_t rows, float *sums) {
    Lanes sum[LANES];
#pragma GCC unroll 16
    for (size_t k = 0; k < LANES; k++)
        sum[k] = SPLAT(0.0F);
    for (size_t r = 0; r < rows; r++) {
        const Lanes gradient = LOAD(e + r * LANES);
#pragma GCC unroll 16
        for (size_t k = 0; k < LANES; k++)
            sum[k] += v[r * LANES + k] * gradient;
    }
#pragma GCC unroll 16
    for (size_t k = 0; k < LANES; k++)
        STORE(sums + k * LANES, sum[k]);
}

/* The gradients of one pair of blocks += G' s G; target: those of tap 0, `stride` floats from tap to tap. */
INLINE void NAME(add_filters)(const float *sums, float *target, size_t stride) {
    for (size_t k = 0; k < LANES; k++) {
        Lanes rows[6][3];
        for (size_t i = 0; i < 6; i++) {
            Lanes s[6];
            for (size_t j = 0; j < 6; j++)
                s[j] = LOAD(sums + ((i * 6 + j) * LANES + k) * LANES);
            NAME(sum_column)(s, rows[i]);
        }
        for (size_t j = 0; j < 3; j++) {
            const Lanes s[6] = {rows[0][j], rows[1][j], rows[2][j], rows[3][j], rows[4][j], rows[5][j]};
            Lanes z[3];
            NAME(sum_column)(s, z);
            for (size_t i = 0; i < 3; i++)
                ADD(target + (i * 3 + j) * stride + k * LANES, z[i]);
        }
    }
}

/* The tap by which output pixel `to` of a map reads pixel `from`; the map has no two pixels further apart. */
INLINE size_t NAME(tap_between)(const OwnConv *conv, size_t from, size_t to) {
    const size_t width = conv->width;
    return (from / width + 1 - to / width) * 3 + from % width + 1 - to % width;
}

/* One pair of blocks: all points' products over the group's tiles, and their sum into the gradients. */
INLINE void NAME(sum_pair)(const ConvTask *task, size_t k_block, size_t n_block) {
    const OwnConv *conv = task->conv;
    const size_t square = LANES * LANES, k_maps = conv->k_blocks / conv->pixels, n_maps = conv->n_blocks / conv->pixels;
    const float *v = task->k_planes + k_block * conv->group * LANES;
    const float *e = task->n_planes + n_block * conv->group * LANES;
    float *target = task->target + (k_block / conv->pixels * n_maps + n_block / conv->pixels) * square;
    float sums[POINTS * LANES * LANES] __attribute__((aligned(64)));
    const size_t tiles = task->count * conv->tile_columns;
    for (size_t point = 0; point < conv->points; point++, v += task->k_stride, e += task->n_stride)
        NAME(multiply_columns)(v, e, tiles, sums + point * square);
    if (conv->points == 1) {
        target += NAME(tap_between)(conv, k_block % conv->pixels, n_block % conv->pixels) * k_maps * n_maps * square;
        for (size_t i = 0; i < square; i += LANES)
            ADD(target + i, LOAD(sums + i));
    } else {
        NAME(add_filters)(sums, target, k_maps * n_maps * square);
    }
}

/* Blocks of channels first .. last-1 of the input with all of the output, in squares whose planes stay in the cache.
 * Pixels that are multiplied whole share their taps' sums, so they stay together. */
SIMD_VERSIONS static void NAME(sum_products)(const ConvTask *task, size_t part, size_t first, size_t last) {
    (void)part;
    const size_t pixels = task->conv->pixels, side = BLOCK_PAIRS / pixels * pixels;
    const size_t k_end = last * pixels, n_end = task->conv->n_blocks;
    for (size_t k = first * pixels; k < k_end; k += side)
        for (size_t n = 0; n < n_end; n += side)
            for (size_t k_block = k; k_block < smaller(k + side, k_end); k_block++)
                for (size_t n_block = n; n_block < smaller(n + side, n_end); n_block++)
                    NAME(sum_pair)(task, k_block, n_block);
}

/* --- weights ------------------------------------------------------------------------------------------------------
 */

/* w[TAPS]: the filters from channel k of what is read to the channels of a block of what is made, zero where there is
 * no such channel. Backward by data reads them the other way round, and turned. */
INLINE void NAME(filters)(const OwnConv *conv, const float *plain, size_t k, size_t n_block, Lanes w[9]) {
    const bool data = conv->pass == CONV_BACKWARD_DATA;
    float rows[9][LANES] __attribute__((aligned(64))) = {{0}};
    for (size_t lane = 0; lane < LANES; lane++) {
        const size_t n = n_block * LANES + lane;
        if (k >= conv->k || n >= conv->n) continue;
        const float *filter = plain + (data ? k * conv->n + n : n * conv->k + k) * TAPS;
        for (size_t tap = 0; tap < TAPS; tap++)
            rows[tap][lane] = filter[data ? TAPS - 1 - tap : tap];
    }
    for (size_t tap = 0; tap < TAPS; tap++)
        w[tap] = LOAD(rows[tap]);
}

/* packed[36] at `stride` = G w G' */
INLINE void NAME(pack_tile)(const Lanes w[9], float *packed, size_t stride) {
    Lanes rows[3][6];
    for (size_t i = 0; i < 3; i++)
        NAME(filter_column)(w + i * 3, rows[i]);
    for (size_t j = 0; j < 6; j++) {
        const Lanes column[3] = {rows[0][j], rows[1][j], rows[2][j]};
        Lanes u[6];
        NAME(filter_column)(column, u);
        for (size_t i = 0; i < 6; i++)
            STORE(packed + (i * 6 + j) * stride, u[i]);
    }
}

/* packed[points][n_blocks][k_blocks][LANES][LANES] of one pair of blocks of channels, the blocks read fastest. */
SIMD_VERSIONS static void NAME(pack_block)(const ConvTask *task, size_t pair) {
    const OwnConv *conv = task->conv;
    const size_t k_maps = conv->k_blocks / conv->pixels, k_map = pair % k_maps, n_map = pair / k_maps;
    for (size_t k = 0; k < LANES; k++) {
        Lanes w[9];
        NAME(filters)(conv, task->source, k_map * LANES + k, n_map, w);
        if (conv->points > 1) {
            NAME(pack_tile)
            (w, task->target + ((n_map * conv->k_blocks + k_map) * LANES + k) * LANES,
             conv->n_blocks * conv->k_blocks * LANES * LANES);
            continue;
        }
        for (size_t to = 0; to < conv->pixels; to++)
            for (size_t from = 0; from < conv->pixels; from++) {
                const size_t row = (n_map * conv->pixels + to) * conv->k_blocks + k_map * conv->pixels + from;
                STORE(task->target + (row * LANES + k) * LANES, w[NAME(tap_between)(conv, from, to)]);
            }
    }
}

#undef INLINE
#undef ADD
#undef P
#undef Q
#include "nn/lanes_end.h"
