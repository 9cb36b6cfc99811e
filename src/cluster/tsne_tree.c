#include "cluster/tsne_tree.h"

#include <math.h>
#include <string.h>

/* The plane is divided 2^LEVELS times in both directions, and points are sorted by the bits of their column and row,
 * which alternate: then every quadrant of every level is a run of points (Morton 1966; Warren and Salmon 1993,
 * doi:10.1145/169627.169640). A cell is the smallest quadrant that holds its points, so every inner cell has at least
 * two within it, and there are fewer than 2 count of them.
 *
 * Cost: O(count); memory 48 count + 28 x 2 count bytes. */

#define LEVELS 16
#define KEY_BITS (2 * LEVELS)
#define DIGIT_BITS 11 /* of the radix sort: three passes */
#define DIGITS (1 << DIGIT_BITS)

Status tsne_tree_open(Context *ctx, TsneTree *tree, size_t count) {
    *tree = (TsneTree){.count = count};
    TRY(NEW_ARRAY(ctx, &tree->keys, count));
    TRY(NEW_ARRAY(ctx, &tree->spare, count));
    TRY(NEW_ARRAY(ctx, &tree->points, count));
    TRY(NEW_ARRAY(ctx, &tree->xs, count));
    TRY(NEW_ARRAY(ctx, &tree->ys, count));
    TRY(NEW_ARRAY(ctx, &tree->cells, 2 * count));
    return NEW_ARRAY(ctx, &tree->groups, count);
}

void tsne_tree_close(Context *ctx, TsneTree *tree) {
    FREE_ARRAY(ctx, &tree->keys);
    FREE_ARRAY(ctx, &tree->spare);
    FREE_ARRAY(ctx, &tree->points);
    FREE_ARRAY(ctx, &tree->xs);
    FREE_ARRAY(ctx, &tree->ys);
    FREE_ARRAY(ctx, &tree->cells);
    FREE_ARRAY(ctx, &tree->groups);
}

/* The square that the plane's part is. */
typedef struct Square {
    float x, y, side; /* the corner of least coordinates */
} Square;

static Square square_around(const float *map, size_t count) {
    float least[2] = {INFINITY, INFINITY}, most[2] = {-INFINITY, -INFINITY};
    for (size_t i = 0; i < 2 * count; i++) {
        if (map[i] < least[i % 2]) least[i % 2] = map[i];
        if (map[i] > most[i % 2]) most[i % 2] = map[i];
    }
    const float width = most[0] - least[0], height = most[1] - least[1];
    return (Square){.x = least[0], .y = least[1], .side = width > height ? width : height};
}

/* The lower 16 bits at every second place. */
static uint64_t bits_spread(uint64_t bits) {
    bits = (bits | bits << 8) & 0x00FF00FF;
    bits = (bits | bits << 4) & 0x0F0F0F0F;
    bits = (bits | bits << 2) & 0x33333333;
    return (bits | bits << 1) & 0x55555555;
}

/* Column or row of a coordinate `from` the square's corner. */
static uint64_t cell_number(float from, float scale) {
    const float number = from * scale;
    return number < (float)((1 << LEVELS) - 1) ? (uint64_t)number : (1 << LEVELS) - 1;
}

static void keys_make(TsneTree *tree, const float *map, Square square, int threads) {
    const float scale = square.side > 0 ? (float)(1 << LEVELS) / square.side : 0;
#pragma omp parallel for schedule(static) num_threads(threads)
    for (size_t i = 0; i < tree->count; i++) {
        const uint64_t column = cell_number(map[2 * i] - square.x, scale);
        const uint64_t row = cell_number(map[2 * i + 1] - square.y, scale);
        tree->keys[i] = (bits_spread(row) << 1 | bits_spread(column)) << 32 | i;
    }
}

/* Radix sort by the upper 32 bits; equal ones keep their order. */
static void keys_sort(TsneTree *tree) {
    for (int shift = 32; shift < 32 + KEY_BITS; shift += DIGIT_BITS) {
        uint32_t places[DIGITS] = {0};
        for (size_t i = 0; i < tree->count; i++)
            places[tree->keys[i] >> shift & (DIGITS - 1)]++;
        for (uint32_t digit = 0, place = 0; digit < DIGITS; digit++) {
            const uint32_t number = places[digit];
            places[digit] = place;
            place += number;
        }
        for (size_t i = 0; i < tree->count; i++)
            tree->spare[places[tree->keys[i] >> shift & (DIGITS - 1)]++] = tree->keys[i];
        uint64_t *sorted = tree->spare;
        tree->spare = tree->keys;
        tree->keys = sorted;
    }
}

static void points_place(TsneTree *tree, const float *map) {
    for (size_t place = 0; place < tree->count; place++) {
        const size_t point = (size_t)(tree->keys[place] & UINT32_MAX);
        tree->points[place] = (int32_t)point;
        tree->xs[place] = map[2 * point];
        tree->ys[place] = map[2 * point + 1];
    }
}

/* How many times the plane can be divided so that both still lie in one quadrant. */
static int levels_common(uint64_t a, uint64_t b) {
    const uint32_t different = (uint32_t)((a ^ b) >> 32);
    return different == 0 ? LEVELS : __builtin_clz(different) / 2;
}

/* The first place from `first` on, before `end`, whose quadrant at `level` comes after `quadrant`. */
static size_t quadrant_end(const TsneTree *tree, size_t first, size_t end, int level, uint64_t quadrant) {
    const int shift = 32 + KEY_BITS - 2 * (level + 1);
    while (first < end) {
        const size_t middle = first + (end - first) / 2;
        if ((tree->keys[middle] >> shift & 3) <= quadrant)
            first = middle + 1;
        else
            end = middle;
    }
    return first;
}

static void group_add(TsneTree *tree, size_t first, size_t end) {
    TsneGroup group = {.first = first,
                       .count = end - first,
                       .least_x = INFINITY,
                       .most_x = -INFINITY,
                       .least_y = INFINITY,
                       .most_y = -INFINITY};
    for (size_t i = first; i < end; i++) {
        if (tree->xs[i] < group.least_x) group.least_x = tree->xs[i];
        if (tree->xs[i] > group.most_x) group.most_x = tree->xs[i];
        if (tree->ys[i] < group.least_y) group.least_y = tree->ys[i];
        if (tree->ys[i] > group.most_y) group.most_y = tree->ys[i];
    }
    tree->groups[tree->group_count++] = group;
}

typedef struct Sums {
    double x, y;
} Sums;

static Sums points_add(const TsneTree *tree, size_t first, size_t end) {
    Sums sums = {0};
    for (size_t i = first; i < end; i++) {
        sums.x += (double)tree->xs[i];
        sums.y += (double)tree->ys[i];
    }
    return sums;
}

/* The cell of the points first .. end-1 and all within it; returns the sums of their coordinates. grouped: they are of
 * a group already. */
static Sums cell_build(TsneTree *tree, size_t first, size_t end, float side, bool grouped) {
    const size_t number = tree->cell_count++, mass = end - first;
    const int level = levels_common(tree->keys[first], tree->keys[end - 1]);
    const bool leaf = mass <= TSNE_LEAF_POINTS || level == LEVELS;
    if (!grouped && (leaf || mass <= TSNE_GROUP_POINTS)) {
        group_add(tree, first, end);
        grouped = true;
    }
    Sums sums = {0};
    if (leaf) sums = points_add(tree, first, end);
    for (size_t begin = first, quadrant = 0; !leaf && quadrant < 4; quadrant++) {
        const size_t stop = quadrant_end(tree, begin, end, level, quadrant);
        if (stop == begin) continue;
        const Sums within = cell_build(tree, begin, stop, side, grouped);
        sums.x += within.x;
        sums.y += within.y;
        begin = stop;
    }
    const float cell_side = ldexpf(side, -level);
    tree->cells[number] = (TsneCell){.x = (float)(sums.x / (double)mass),
                                     .y = (float)(sums.y / (double)mass),
                                     .mass = (float)mass,
                                     .side_square = cell_side * cell_side,
                                     .first = (int32_t)first,
                                     .next = (int32_t)tree->cell_count,
                                     .leaf = leaf};
    return sums;
}

void tsne_tree_build(TsneTree *tree, const float *map, int threads) {
    const Square square = square_around(map, tree->count);
    keys_make(tree, map, square, threads);
    keys_sort(tree);
    points_place(tree, map);
    tree->cell_count = tree->group_count = 0;
    cell_build(tree, 0, tree->count, square.side, false);
}
