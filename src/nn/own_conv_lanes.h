/* The inner loops of own_conv.c for blocks of LANES channels; it includes this file for 16 and 8. No include guard for
 * that reason. */
#include "nn/lanes.h"

#define INLINE static inline __attribute__((always_inline))
#define ADD(pointer, value) STORE(pointer, LOAD(pointer) + (value))

/* The picture of a strip and its number in it. */
typedef struct NAME(Place) {
    size_t picture, strip;
} NAME(Place);

INLINE NAME(Place) NAME(place_of)(const OwnConv *conv, size_t strip) {
    return (NAME(Place)){.picture = strip / conv->strip_rows, .strip = strip % conv->strip_rows};
}

INLINE void NAME(next_place)(const OwnConv *conv, NAME(Place) * place) {
    if (++place->strip < conv->strip_rows) return;
    place->strip = 0;
    place->picture++;
}

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

#include "nn/own_conv_squares.h"
#include "nn/own_conv_tiles.h"
#include "nn/own_conv_windows.h"

/* --- gathers ------------------------------------------------------------------------------------------------------ */

/* out[columns] = the pixels that a gather reads for a strip, of one block; zero where there are none. */
INLINE void NAME(gather_row)(const OwnConv *conv, const OwnGather *gather, const float *map, size_t strip, float *out) {
    const size_t row = strip * conv->source_step + (size_t)gather->row; /* before the first: past the last */
    const bool exists = row < conv->source_height;
    const size_t from = exists ? gather->from : 0, to = exists ? gather->to : 0;
    for (size_t x = 0; x < from; x++)
        STORE(out + x * LANES, SPLAT(0.0F));
    if (from < to) {
        const size_t column = from * conv->source_step + (size_t)gather->column, step = conv->source_step * LANES;
        const float *pixels = map + (row * conv->source_width + column) * LANES;
        for (size_t x = from; x < to; x++, pixels += step)
            STORE(out + x * LANES, LOAD(pixels));
    }
    for (size_t x = to; x < conv->columns; x++)
        STORE(out + x * LANES, SPLAT(0.0F));
}

/* out[columns] = a class's pixels of a strip, of one block of the output's gradient. */
INLINE void NAME(class_row)(const OwnConv *conv, const OwnClass *class, const float *map, size_t strip, float *out) {
    const size_t row = strip * conv->target_step + class->row;
    for (size_t x = 0; x < conv->columns; x++) {
        const size_t column = x * conv->target_step + class->column;
        const bool exists = row < conv->target_height && column < conv->target_width;
        STORE(out + x * LANES, exists ? LOAD(map + (row * conv->target_width + column) * LANES) : SPLAT(0.0F));
    }
}

/* The target's pixels of a class of a strip, of one block. */
INLINE void NAME(write_class)(const OwnConv *conv, const OwnClass *class, const float *sums, size_t strip, float *map,
                              const NAME(Behind) * behind) {
    const size_t row = strip * conv->target_step + class->row;
    if (row >= conv->target_height) return;
    for (size_t x = 0; x < conv->columns; x++) {
        const size_t column = x * conv->target_step + class->column;
        const Lanes sum = LOAD(sums + x * LANES);
        if (column < conv->target_width)
            NAME(write_pixel)(map + (row * conv->target_width + column) * LANES, &sum, behind);
    }
}

/* --- planes of a group -------------------------------------------------------------------------------------------- */

/* k_planes of strips first .. last-1 of the group. */
INLINE void NAME(read_source)(const ConvTask *task, float *buffer, size_t first, size_t last) {
    const OwnConv *conv = task->conv;
    const size_t map = conv->source_height * conv->source_width * LANES, plane = conv->group * LANES;
    NAME(Place) place = NAME(place_of)(conv, task->first + first);
    if (conv->method == OWN_TILES) NAME(clear_strip)(conv, buffer);
    for (size_t i = first; i < last; i++, NAME(next_place)(conv, &place)) {
        if (conv->method == OWN_WINDOWS) {
            const size_t picture = conv->source_height * conv->source_width * conv->window.channels;
            const float *in = task->source + place.picture * picture;
            NAME(window_strip)(conv, in, place.strip, buffer, task->k_planes + i * conv->columns * LANES);
            continue;
        }
        for (size_t block = 0; block < conv->k_maps; block++) {
            const float *in = task->source + (place.picture * conv->k_maps + block) * map;
            float *out = task->k_planes + block * plane + i * conv->columns * LANES;
            if (conv->method == OWN_TILES)
                NAME(input_strip)(conv, in, place.strip * TILE, buffer, out, task->k_stride);
            else if (conv->method == OWN_SQUARES)
                NAME(read_square)(in, false, out, task->k_stride);
            else
                for (size_t g = 0; g < conv->gather_count; g++, out += conv->k_maps * plane)
                    NAME(gather_row)(conv, &conv->gathers[g], in, place.strip, out);
        }
    }
}

/* n_planes of the output's gradient. */
INLINE void NAME(read_gradient)(const ConvTask *task, float *buffer, size_t first, size_t last) {
    const OwnConv *conv = task->conv;
    const size_t map = conv->target_height * conv->target_width * LANES, plane = conv->group * LANES;
    NAME(Place) place = NAME(place_of)(conv, task->first + first);
    if (conv->method == OWN_TILES) NAME(clear_strip)(conv, buffer);
    for (size_t i = first; i < last; i++, NAME(next_place)(conv, &place))
        for (size_t block = 0; block < conv->n_maps; block++) {
            const float *in = task->gradient + (place.picture * conv->n_maps + block) * map;
            float *out = task->n_planes + block * plane + i * conv->columns * LANES;
            if (conv->method == OWN_TILES)
                NAME(gradient_strip)(conv, in, place.strip * TILE, buffer, out, task->n_stride);
            else if (conv->method == OWN_SQUARES)
                NAME(read_square)(in, true, out, task->n_stride);
            else
                for (size_t c = 0; c < conv->class_count; c++, out += conv->n_maps * plane)
                    NAME(class_row)(conv, &conv->classes[c], in, place.strip, out);
        }
}

/* The task's blocks of the target out of n_planes. */
INLINE void NAME(write_target)(const ConvTask *task) {
    const OwnConv *conv = task->conv;
    const size_t map = conv->target_height * conv->target_width * LANES, plane = conv->group * LANES;
    for (size_t block = task->n_first; block < task->n_last; block++) {
        const float *planes = task->n_planes + (block - task->n_first) * plane;
        const NAME(Behind) behind = NAME(behind_sums)(task, block);
        NAME(Place) place = NAME(place_of)(conv, task->first);
        for (size_t i = 0; i < task->count; i++, NAME(next_place)(conv, &place)) {
            const float *in = planes + i * conv->columns * LANES;
            float *out = task->target + (place.picture * conv->n_maps + block) * map;
            if (conv->method == OWN_TILES)
                NAME(output_strip)(conv, in, task->n_stride, place.strip * TILE, task->strips, out, &behind);
            else if (conv->method == OWN_SQUARES)
                NAME(write_square)(in, task->n_stride, out, &behind);
            else
                for (size_t c = 0; c < conv->class_count; c++, in += conv->n_part * plane)
                    NAME(write_class)(conv, &conv->classes[c], in, place.strip, out, &behind);
        }
    }
}

/* --- matrix products ----------------------------------------------------------------------------------------------
 */

/* sums[maps][rows][LANES] = v[blocks][rows][LANES] x u[maps][blocks][LANES][LANES]: `strides` are floats from block to
 * block of v, from map to map of u and of sums. */
typedef struct NAME(Strides) {
    size_t v, u, sums;
} NAME(Strides);

INLINE void NAME(multiply_rows)(const float *v, size_t blocks, const float *u, float *sums,
                                const NAME(Strides) * strides, const size_t rows, const size_t maps) {
    Lanes sum[MAPS][ROWS];
#pragma GCC unroll 2
    for (size_t map = 0; map < maps; map++)
#pragma GCC unroll 24
        for (size_t r = 0; r < rows; r++)
            sum[map][r] = SPLAT(0.0F);
    for (size_t block = 0; block < blocks; block++, v += strides->v)
        for (size_t k = 0; k < LANES; k++, u += LANES)
#pragma GCC unroll 24
            for (size_t r = 0; r < rows; r++)
#pragma GCC unroll 2
                for (size_t map = 0; map < maps; map++)
                    sum[map][r] += v[r * LANES + k] * LOAD(u + map * strides->u);
#pragma GCC unroll 2
    for (size_t map = 0; map < maps; map++)
#pragma GCC unroll 24
        for (size_t r = 0; r < rows; r++)
            STORE(sums + map * strides->sums + r * LANES, sum[map][r]);
}

/* All rows of a group, for one map or MAPS: as many rows at once as registers hold. */
INLINE void NAME(multiply_group)(const OwnConv *conv, size_t count, size_t blocks, const float *v, const float *u,
                                 float *sums, size_t maps) {
    const size_t plane = conv->group * LANES;
    const NAME(Strides) strides = {.v = plane, .u = blocks * LANES * LANES, .sums = plane};
    for (size_t row = 0; row < count;) {
        const size_t units = smaller((count - row + ROW_UNIT - 1) / ROW_UNIT, LANES == 16 ? 3 : 1);
        const float *rows = v + row * LANES;
        float *out = sums + row * LANES;
        if (LANES == 8 && maps == MAPS) {
            NAME(multiply_rows)(rows, blocks, u, out, &strides, ROW_UNIT / 2, MAPS);
            row += ROW_UNIT / 2;
            continue;
        }
        if (units == 3)
            NAME(multiply_rows)(rows, blocks, u, out, &strides, 3 * ROW_UNIT, 1);
        else if (units == 2)
            NAME(multiply_rows)(rows, blocks, u, out, &strides, 2 * ROW_UNIT, 1);
        else
            NAME(multiply_rows)(rows, blocks, u, out, &strides, ROW_UNIT, 1);
        row += units * ROW_UNIT;
    }
}

/* --- forward and backward by data ---------------------------------------------------------------------------------
 */

/* Brings strips first .. last-1 of the group, of one block of the target, into the cache, while products keep the core
 * busy: writing would wait for them. */
INLINE void NAME(prefetch_target)(const ConvTask *task, size_t block, size_t first, size_t last) {
    const OwnConv *conv = task->conv;
    const size_t step = conv->method == OWN_TILES ? TILE
                        : conv->strip_rows == 1   ? conv->target_height
                                                  : conv->target_step;
    NAME(Place) place = NAME(place_of)(conv, task->first + first);
    for (size_t i = first; i < last; i++, NAME(next_place)(conv, &place)) {
        const size_t row = place.strip * step, rows = smaller(step, conv->target_height - row);
        const size_t map = (place.picture * conv->n_maps + block) * conv->target_height;
        const float *pixels = task->target + (map + row) * conv->target_width * LANES;
        for (size_t x = 0; x < rows * conv->target_width; x++)
            __builtin_prefetch(pixels + x * LANES, 1, 2);
    }
}

/* All points or classes of a group, and the task's blocks of the target. */
INLINE void NAME(multiply_planes)(const ConvTask *task) {
    const OwnConv *conv = task->conv;
    const size_t rows = task->count * conv->columns, plane = conv->group * LANES, pair = (size_t)LANES * LANES;
    const size_t turns = conv->points * conv->class_count;
    const float *u = task->weights;
    size_t turn = 0;
    for (size_t point = 0; point < conv->points; point++)
        for (size_t c = 0; c < conv->class_count; c++) {
            const OwnClass *class = &conv->classes[c];
            const size_t first = task->count * turn / turns, last = task->count * (turn + 1) / turns;
            const size_t blocks = is_plain(conv) ? (class->last - class->first) * conv->k_maps : conv->k_maps;
            const float *v = task->k_planes + point * task->k_stride + class->first * conv->k_maps * plane;
            float *sums = task->n_planes + point * task->n_stride + c * conv->n_part * plane;
            for (size_t n = task->n_first, maps; n < task->n_last; n += maps) {
                maps = smaller(LANES == 8 ? MAPS : 1, task->n_last - n);
                float *out = sums + (n - task->n_first) * plane;
                for (size_t map = n; map < n + maps; map++)
                    NAME(prefetch_target)(task, map, first, last);
                NAME(multiply_group)(conv, rows, blocks, v, u + n * blocks * pair, out, maps);
            }
            turn++;
            u += conv->n_maps * blocks * pair;
        }
}

/* One group of strips, from pictures to pictures. */
SIMD_VERSIONS static void NAME(pictures_group)(const ConvTask *task) {
    ConvTask part = *task;
    NAME(read_source)(task, task->strips, 0, task->count);
    for (part.n_first = task->n_first; part.n_first < task->n_last; part.n_first = part.n_last) {
        part.n_last = smaller(part.n_first + task->conv->n_part, task->n_last);
        NAME(multiply_planes)(&part);
        NAME(write_target)(&part);
    }
}

/* --- backward by weights ------------------------------------------------------------------------------------------
 */

/* The planes of input and output gradient of strips first .. last-1 of the group. */
SIMD_VERSIONS static void NAME(sum_planes)(const ConvTask *task, size_t part, size_t first, size_t last) {
    float *buffer = task->strips + part * part_floats(task->conv);
    NAME(read_source)(task, buffer, first, last);
    NAME(read_gradient)(task, buffer, first, last);
}

/* sums[maps][LANES][LANES] = v[rows][LANES]' x e[maps][rows][LANES], from map to map e_step and sums_step floats. */
INLINE void NAME(multiply_columns)(const float *v, const float *e, size_t e_step, size_t rows, float *sums,
                                   size_t sums_step, const size_t maps) {
    const size_t columns = LANES / maps; /* as many sums as registers hold */
    for (size_t first = 0; first < LANES; first += columns) {
        Lanes sum[MAPS][LANES];
#pragma GCC unroll 2
        for (size_t map = 0; map < maps; map++)
#pragma GCC unroll 16
            for (size_t k = 0; k < columns; k++)
                sum[map][k] = SPLAT(0.0F);
        for (size_t r = 0; r < rows; r++) {
#pragma GCC unroll 16
            for (size_t k = 0; k < columns; k++)
#pragma GCC unroll 2
                for (size_t map = 0; map < maps; map++)
                    sum[map][k] += v[r * LANES + first + k] * LOAD(e + map * e_step + r * LANES);
        }
#pragma GCC unroll 2
        for (size_t map = 0; map < maps; map++)
#pragma GCC unroll 16
            for (size_t k = 0; k < columns; k++)
                STORE(sums + map * sums_step + (first + k) * LANES, sum[map][k]);
    }
}

/* Blocks of the input and of the output's gradient whose sums are made together. */
typedef struct NAME(Square) {
    size_t k_first, k_last, n_first, n_last;
} NAME(Square);

/* sums[k maps][n maps][LANES][LANES] of a square, `step` floats from pair to pair: of one plane of either side. */
INLINE void NAME(multiply_square)(const ConvTask *task, const NAME(Square) * square, const float *v, const float *e,
                                  float *sums, size_t step) {
    const size_t rows = task->count * task->conv->columns, plane = task->conv->group * LANES;
    for (size_t k = square->k_first; k < square->k_last; k++)
        for (size_t n = square->n_first, maps; n < square->n_last; n += maps, sums += maps * step) {
            maps = smaller(LANES == 8 ? MAPS : 1, square->n_last - n);
            if (LANES == 8 && maps == MAPS)
                NAME(multiply_columns)(v + k * plane, e + n * plane, plane, rows, sums, step, MAPS);
            else
                NAME(multiply_columns)(v + k * plane, e + n * plane, plane, rows, sums, step, 1);
        }
}

/* Where the gradients of a pair of maps begin. */
INLINE float *NAME(pair_target)(const ConvTask *task, size_t k_map, size_t n_map) {
    return task->target + (k_map * task->conv->n_maps + n_map) * task->conv->taps * LANES * LANES;
}

/* The products of all points over the group's tiles, and their sum into the gradients. */
INLINE void NAME(sum_points)(const ConvTask *task, const NAME(Square) * square, float *sums) {
    const OwnConv *conv = task->conv;
    const size_t pair = (size_t)LANES * LANES, step = conv->points * pair;
    for (size_t point = 0; point < conv->points; point++) {
        const float *v = task->k_planes + point * task->k_stride, *e = task->n_planes + point * task->n_stride;
        NAME(multiply_square)(task, square, v, e, sums + point * pair, step);
    }
    for (size_t k = square->k_first; k < square->k_last; k++)
        for (size_t n = square->n_first; n < square->n_last; n++, sums += step) {
            if (conv->method == OWN_TILES)
                NAME(add_filters)(sums, NAME(pair_target)(task, k, n), pair);
            else
                NAME(add_squares)(sums, NAME(pair_target)(task, k, n), pair);
        }
}

/* The same of all gathers and the classes that read them. */
INLINE void NAME(sum_gathers)(const ConvTask *task, const NAME(Square) * square, float *sums) {
    const OwnConv *conv = task->conv;
    const size_t pair = (size_t)LANES * LANES, plane = conv->group * LANES;
    for (size_t c = 0; c < conv->class_count; c++)
        for (size_t g = conv->classes[c].first; g < conv->classes[c].last; g++) {
            const float *from = sums;
            const float *v = task->k_planes + g * conv->k_maps * plane, *e = task->n_planes + c * conv->n_maps * plane;
            NAME(multiply_square)(task, square, v, e, sums, pair);
            for (size_t k = square->k_first; k < square->k_last; k++)
                for (size_t n = square->n_first; n < square->n_last; n++, from += pair) {
                    float *to = NAME(pair_target)(task, k, n) + conv->gathers[g].tap * pair;
                    for (size_t i = 0; i < pair; i += LANES)
                        ADD(to + i, LOAD(from + i));
                }
        }
}

/* Blocks first .. last-1 of the input with all of the output, in squares whose sums stay in the cache. */
SIMD_VERSIONS static void NAME(sum_products)(const ConvTask *task, size_t part, size_t first, size_t last) {
    const size_t n_maps = task->conv->n_maps, side = square_side(task->conv);
    float *sums = task->strips + part * part_floats(task->conv);
    for (size_t k = first; k < last; k += side)
        for (size_t n = 0; n < n_maps; n += side) {
            const NAME(Square) square = {
                .k_first = k, .k_last = smaller(k + side, last), .n_first = n, .n_last = smaller(n + side, n_maps)};
            if (is_plain(task->conv))
                NAME(sum_gathers)(task, &square, sums);
            else
                NAME(sum_points)(task, &square, sums);
        }
}

/* --- weights ------------------------------------------------------------------------------------------------------
 */

#if LANES == 16
#define LOW_HALVES(a, b) __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define HIGH_HALVES(a, b) __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
#else
#define LOW_HALVES(a, b) __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11)
#define HIGH_HALVES(a, b) __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15)
#endif

/* square becomes its transpose: each step of log2(LANES) interleaves row i with row i + LANES / 2. */
INLINE void NAME(transpose)(Lanes square[LANES]) {
#pragma GCC unroll 4
    for (size_t step = 1; step < LANES; step *= 2) {
        Lanes next[LANES];
#pragma GCC unroll 8
        for (size_t i = 0; i < LANES / 2; i++) {
            next[2 * i] = LOW_HALVES(square[i], square[i + LANES / 2]);
            next[2 * i + 1] = HIGH_HALVES(square[i], square[i + LANES / 2]);
        }
#pragma GCC unroll 16
        for (size_t i = 0; i < LANES; i++)
            square[i] = next[i];
    }
}

#undef LOW_HALVES
#undef HIGH_HALVES

/* Floats of a row of a pair's filters: those of LANES channels, and what the last of them is read with. */
#define FILTER_ROW (LANES * 9 + LANES)

/* rows[LANES][FILTER_ROW]: the filters of one pair of blocks as they lie in the plain weights, [n][k][taps], zero where
 * there is no such channel. Backward by data reads them the other way round. */
INLINE void NAME(read_filters)(const OwnConv *conv, const float *plain, size_t k_map, size_t n_map, float *rows) {
    const bool data = conv->pass == CONV_BACKWARD_DATA;
    const size_t outer = data ? conv->k : conv->n, outer_first = (data ? k_map : n_map) * LANES;
    const size_t inner = data ? conv->n : conv->k, inner_first = (data ? n_map : k_map) * LANES;
    const size_t count = smaller(LANES, inner - inner_first) * conv->taps;
    memset(rows, 0, sizeof(float) * LANES * FILTER_ROW);
    for (size_t i = 0; i < smaller(LANES, outer - outer_first); i++) {
        const float *filters = plain + (outer_first + i) * inner * conv->taps;
        if (conv->method == OWN_WINDOWS)
            for (size_t j = 0; j < count; j++)
                rows[i * FILTER_ROW + j] = filters[plain_place(conv, inner_first + j)];
        else
            memcpy(rows + i * FILTER_ROW, filters + inner_first * conv->taps, count * sizeof(float));
    }
}

/* w[taps]: of read_filters' rows those from channel k of what is read to the channels of the block that is made. */
INLINE void NAME(filters)(const OwnConv *conv, const float *rows, size_t k, Lanes w[9]) {
    const bool data = conv->pass == CONV_BACKWARD_DATA;
    const float *first = rows + k * (data ? FILTER_ROW : conv->taps);
    const size_t stride = data ? conv->taps : FILTER_ROW;
    for (size_t tap = 0; tap < 9; tap += LANES) {
        Lanes square[LANES];
#pragma GCC unroll 16
        for (size_t lane = 0; lane < LANES; lane++)
            memcpy(&square[lane], first + lane * stride + tap, sizeof(Lanes));
        NAME(transpose)(square);
#pragma GCC unroll 16
        for (size_t i = 0; i < smaller(LANES, 9 - tap); i++)
            w[tap + i] = square[i];
    }
}

/* line[points][LINE], at channel k's place in its cache line: the points of its filters. */
INLINE void NAME(transform_filters)(const OwnConv *conv, const Lanes w[9], size_t k, float *line) {
    const bool turned = conv->pass == CONV_BACKWARD_DATA;
    float *out = line + k * LANES % LINE;
    Lanes g[9];
    for (size_t tap = 0; tap < 9; tap++)
        g[tap] = w[turned ? 8 - tap : tap];
    if (conv->method == OWN_TILES)
        NAME(pack_tile)(g, out, LINE);
    else
        NAME(pack_square)(g, out, LINE);
}

/* packed[points][n_maps][k_maps][LANES][LANES] of one channel k of a pair of maps, as soon as it fills a cache line
 * with those before it: points lie so far apart that no cache would hold all their lines until the next channel. */
INLINE void NAME(pack_points)(const ConvTask *task, const Lanes w[9], size_t k_map, size_t n_map, size_t k,
                              float *line) {
    const OwnConv *conv = task->conv;
    const size_t stride = conv->n_maps * conv->k_maps * LANES * LANES, end = (k + 1) * LANES;
    float *packed = task->target + (n_map * conv->k_maps + k_map) * LANES * LANES + end - LINE;
    NAME(transform_filters)(conv, w, k, line);
    if (end % LINE != 0) return;
    for (size_t point = 0; point < conv->points; point++, packed += stride, line += LINE)
        for (size_t i = 0; i < LINE; i += LANES)
            STORE(packed + i, LOAD(line + i));
}

/* packed[class][n_maps][gathers of the class][k_maps][LANES][LANES] of one channel k of a pair of maps. */
INLINE void NAME(pack_gathers)(const ConvTask *task, const Lanes w[9], size_t k_map, size_t n_map, size_t k) {
    const OwnConv *conv = task->conv;
    float *packed = task->target;
    for (size_t c = 0; c < conv->class_count; c++) {
        const OwnClass *class = &conv->classes[c];
        const size_t gathers = class->last - class->first;
        for (size_t g = 0; g < gathers; g++) {
            const size_t block = (n_map * gathers + g) * conv->k_maps + k_map;
            STORE(packed + (block * LANES + k) * LANES, w[conv->gathers[class->first + g].tap]);
        }
        packed += gathers * conv->k_maps * conv->n_maps * LANES * LANES;
    }
}

/* The packed weights of one pair of blocks of channels, the blocks read fastest. */
SIMD_VERSIONS static void NAME(pack_pair)(const ConvTask *task, size_t pair) {
    const OwnConv *conv = task->conv;
    const size_t k_map = pair % conv->k_maps, n_map = pair / conv->k_maps;
    float rows[LANES * FILTER_ROW], line[TILE_POINTS * LINE] __attribute__((aligned(64)));
    NAME(read_filters)(conv, task->source, k_map, n_map, rows);
    for (size_t k = 0; k < LANES; k++) {
        Lanes w[9];
        NAME(filters)(conv, rows, k, w);
        if (is_plain(conv))
            NAME(pack_gathers)(task, w, k_map, n_map, k);
        else
            NAME(pack_points)(task, w, k_map, n_map, k, line);
    }
}

#undef FILTER_ROW
#undef INLINE
#undef ADD
#include "nn/lanes_end.h"
