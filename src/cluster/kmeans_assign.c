#include "cluster/kmeans_assign.h"

#include <math.h>
#include <string.h>

#include "base/simd.h"

/* The first time, argmin_k of |c_k|^2 - 2 x.c_k, products by blocks of points (points are taken relative to their mean,
 * kmeans_points.h), ties: the smaller k. Later, only the distances that bounds leave open (kmeans_bounds.c), point by
 * point, or where they leave many of a block open, by products again. Sums of clusters are in double precision and
 * change by the points that change their label, part by part. */

/* Floats that bounds may take. */
#define MAX_BOUNDS ((size_t)1 << 28)
/* A distance computed alone costs about as much as so many by products. */
#define ALONE_COST 4

Status lloyd_open(Context *ctx, Lloyd *lloyd, const KmeansSettings *settings, const Points *points, float *centres,
                  int32_t *labels) {
    const size_t clusters = settings->clusters, size = clusters * points->dim;
    *lloyd = (Lloyd){.points = points, .clusters = clusters, .centres = centres, .labels = labels};
    lloyd->unit = settings->unit_centres;
    lloyd->bounded = !settings->plain && points->count <= MAX_BOUNDS / clusters;
    TRY(NEW_ARRAY(ctx, &lloyd->centre_squares, clusters));
    TRY(memory_allocate_zeroed(ctx, (void **)&lloyd->part_sums, points->parts, size * sizeof(double)));
    TRY(NEW_ZEROED(ctx, &lloyd->part_sizes, points->parts * clusters));
    TRY(NEW_ZEROED(ctx, &lloyd->part_changes, points->parts));
    TRY(NEW_ZEROED(ctx, &lloyd->part_measured, points->parts));
    TRY(NEW_ARRAY(ctx, &lloyd->sums, size));
    TRY(NEW_ARRAY(ctx, &lloyd->sizes, clusters));
    if (lloyd->bounded) TRY(bounds_open(ctx, &lloyd->bounds, points->count, clusters));
    for (size_t row = 0; row < points->count; row++)
        labels[row] = -1;
    return SPICA_OK;
}

void lloyd_close(Context *ctx, Lloyd *lloyd) {
    FREE_ARRAY(ctx, &lloyd->centre_squares);
    FREE_ARRAY(ctx, &lloyd->part_sums);
    FREE_ARRAY(ctx, &lloyd->part_sizes);
    FREE_ARRAY(ctx, &lloyd->part_changes);
    FREE_ARRAY(ctx, &lloyd->part_measured);
    FREE_ARRAY(ctx, &lloyd->sums);
    FREE_ARRAY(ctx, &lloyd->sizes);
    bounds_close(ctx, &lloyd->bounds);
}

SIMD_VERSIONS static void sum_add(double *sum, const float *x, double sign, size_t dim) {
    for (size_t d = 0; d < dim; d++)
        sum[d] += sign * (double)x[d];
}

/* Gives a row x[dim] (relative to the mean) of a part another label, -1 being none before. */
static void part_relabel(Lloyd *lloyd, size_t part, size_t row, const float *x, int32_t label) {
    const size_t dim = lloyd->points->dim, old = (size_t)lloyd->labels[row], now = (size_t)label;
    double *sums = lloyd->part_sums + part * lloyd->clusters * dim;
    int64_t *sizes = lloyd->part_sizes + part * lloyd->clusters;
    if (lloyd->labels[row] >= 0) {
        sum_add(sums + old * dim, x, -1, dim);
        sizes[old]--;
    }
    sum_add(sums + now * dim, x, 1, dim);
    sizes[now]++;
    lloyd->labels[row] = label;
    lloyd->part_changes[part]++;
}

/* The nearest centre by its products. */
static int32_t products_nearest(const float *products, const float *centre_squares, size_t clusters) {
    float least = INFINITY;
    int32_t nearest = 0;
    for (size_t cluster = 0; cluster < clusters; cluster++) {
        const float distance = centre_squares[cluster] - 2 * products[cluster];
        if (distance < least) {
            least = distance;
            nearest = (int32_t)cluster;
        }
    }
    return nearest;
}

/* Labels the block that begins at `first` by the products of all its rows with all centres. */
static void block_assign(Lloyd *lloyd, size_t part, size_t first, size_t end) {
    const Points *points = lloyd->points;
    const size_t clusters = lloyd->clusters;
    const PointsBlock block = points_block(points, first, end, lloyd->centres, clusters);
    lloyd->part_measured[part] += (int64_t)(block.rows * clusters);
    for (size_t row = 0; row < block.rows; row++) {
        const float *products = block.products + row * clusters;
        const int32_t nearest = products_nearest(products, lloyd->centre_squares, clusters);
        if (lloyd->labels[first + row] != nearest)
            part_relabel(lloyd, part, first + row, block.rows_centred + row * points->dim, nearest);
        if (lloyd->bounded)
            bounds_set(&lloyd->bounds, first + row, products, lloyd->centre_squares, points->squares[first + row],
                       nearest);
    }
}

/* As block_assign, where bounds are known. */
static void block_reassign(Lloyd *lloyd, size_t part, size_t first, size_t end) {
    const Points *points = lloyd->points;
    const size_t rows = end - first < points->block_rows ? end - first : points->block_rows, dim = points->dim;
    uint32_t open[POINTS_MAX_BLOCK_ROWS]; /* of each row, the centres that may be nearer than its own */
    size_t all_open = 0;
    for (size_t row = 0; row < rows; row++) {
        const int32_t label = lloyd->labels[first + row];
        open[row] = (uint32_t)bounds_shift(&lloyd->bounds, first + row, label);
        if (open[row] == 0) continue;
        const float *x = points_row(points, first + row, row);
        open[row] = (uint32_t)bounds_tighten(&lloyd->bounds, first + row, label, x, lloyd->centres, dim);
        lloyd->part_measured[part]++;
        all_open += open[row];
    }
    if (all_open * ALONE_COST > rows * lloyd->clusters) {
        block_assign(lloyd, part, first, end);
        return;
    }
    for (size_t row = 0; row < rows; row++) {
        if (open[row] == 0) continue;
        const float *x = points_row(points, first + row, row);
        const int32_t label = lloyd->labels[first + row];
        const int32_t nearest =
            bounds_search(&lloyd->bounds, first + row, label, x, lloyd->centres, dim, &lloyd->part_measured[part]);
        if (nearest != label) part_relabel(lloyd, part, first + row, x, nearest);
    }
}

static void part_assign(Lloyd *lloyd, size_t part) {
    const size_t end = points_part_begin(lloyd->points, part + 1);
    lloyd->part_changes[part] = 0;
    for (size_t first = points_part_begin(lloyd->points, part); first < end; first += lloyd->points->block_rows)
        lloyd->known ? block_reassign(lloyd, part, first, end) : block_assign(lloyd, part, first, end);
}

/* sums and sizes: the parts', in order. */
static void parts_add(Lloyd *lloyd) {
    const Points *points = lloyd->points;
    const size_t parts = points->parts, clusters = lloyd->clusters, dim = points->dim;
#pragma omp parallel for schedule(static) num_threads(points->threads)
    for (size_t cluster = 0; cluster < clusters; cluster++) {
        double *sum = lloyd->sums + cluster * dim;
        memcpy(sum, lloyd->part_sums + cluster * dim, dim * sizeof *sum);
        lloyd->sizes[cluster] = lloyd->part_sizes[cluster];
        for (size_t part = 1; part < parts; part++) {
            const double *more = lloyd->part_sums + (part * clusters + cluster) * dim;
            for (size_t d = 0; d < dim; d++)
                sum[d] += more[d];
            lloyd->sizes[cluster] += lloyd->part_sizes[part * clusters + cluster];
        }
    }
}

int64_t lloyd_assign(Lloyd *lloyd) {
    const Points *points = lloyd->points;
    int64_t changes = 0;
    for (size_t cluster = 0; cluster < lloyd->clusters; cluster++)
        lloyd->centre_squares[cluster] = vector_square(lloyd->centres + cluster * points->dim, points->dim);
#pragma omp parallel for schedule(static) num_threads(points->threads)
    for (size_t part = 0; part < points->parts; part++)
        part_assign(lloyd, part);
    for (size_t part = 0; part < points->parts; part++)
        changes += lloyd->part_changes[part];
    lloyd->known = lloyd->bounded;
    parts_add(lloyd);
    return changes;
}

void lloyd_move_row(Lloyd *lloyd, size_t row, int32_t label) {
    const Points *points = lloyd->points;
    const size_t dim = points->dim, old = (size_t)lloyd->labels[row], now = (size_t)label;
    size_t part = 0;
    while (points_part_begin(points, part + 1) <= row)
        part++;
    const float *x = points_row(points, row, 0);
    part_relabel(lloyd, part, row, x, label);
    sum_add(lloyd->sums + old * dim, x, -1, dim);
    sum_add(lloyd->sums + now * dim, x, 1, dim);
    lloyd->sizes[old]--;
    lloyd->sizes[now]++;
    if (lloyd->bounded) bounds_forget(&lloyd->bounds, row);
}
