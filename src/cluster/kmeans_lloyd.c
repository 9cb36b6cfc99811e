#include "cluster/kmeans_lloyd.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "cluster/blas_threads.h"
#include "cluster/kmeans_assign.h"

/* Lloyd's algorithm.
 *
 *   repeat   label(x) = argmin_k |x - c_k|^2      ties: the smaller k
 *            c_k      = mean of the x with label k
 *   until    no label changes, or sum_k |change of c_k|^2 <= tolerance x the mean variance of the dimensions
 *
 * Lloyd 1982, doi:10.1109/TIT.1982.1056489. The labels: kmeans_assign.c.
 *
 * With unit centres, spherical k-means: c_k is divided by its length; where that is 0, it stays.
 *
 * A cluster without points takes the point farthest from its own centre among clusters of two points or more (ties: the
 * smaller row), so that with as many points as clusters none stays empty, even where points coincide. Cost of an
 * iteration: O(count x dim x clusters) at most, O(count x clusters) at least; memory for bounds
 * 4 count (clusters + 1) bytes, up to a gigabyte, above which every distance is computed anew. */

/* distances[count]: |x - c|^2 of every point to the centre of its own cluster. */
static void lloyd_measure(const Lloyd *lloyd, float *distances) {
    const Points *points = lloyd->points;
    const size_t dim = points->dim;
#pragma omp parallel for schedule(static) num_threads(points->threads)
    for (size_t part = 0; part < points->parts; part++) {
        const size_t end = points_part_begin(points, part + 1);
        for (size_t first = points_part_begin(points, part); first < end; first += points->block_rows) {
            const PointsBlock block = points_block(points, first, end, NULL, 0);
            for (size_t row = 0; row < block.rows; row++)
                distances[first + row] = vector_distance(
                    block.rows_centred + row * dim, lloyd->centres + (size_t)lloyd->labels[first + row] * dim, dim);
        }
    }
}

static size_t farthest_movable(const Lloyd *lloyd, const float *distances) {
    size_t farthest = SIZE_MAX;
    for (size_t row = 0; row < lloyd->points->count; row++)
        if (lloyd->sizes[lloyd->labels[row]] > 1 && (farthest == SIZE_MAX || distances[row] > distances[farthest]))
            farthest = row;
    return farthest;
}

/* Gives every empty cluster a point; *empty: how many there were. */
static Status lloyd_fill_empty(Context *ctx, Lloyd *lloyd, size_t *empty) {
    *empty = 0;
    for (size_t cluster = 0; cluster < lloyd->clusters; cluster++)
        *empty += lloyd->sizes[cluster] == 0;
    if (*empty == 0) return SPICA_OK;
    float *distances;
    TRY(NEW_ARRAY(ctx, &distances, lloyd->points->count));
    lloyd_measure(lloyd, distances);
    for (size_t cluster = 0; cluster < lloyd->clusters; cluster++) {
        if (lloyd->sizes[cluster] != 0) continue;
        const size_t row = farthest_movable(lloyd, distances);
        /* What rounding has left of the points that were here. */
        memset(lloyd->sums + cluster * lloyd->points->dim, 0, lloyd->points->dim * sizeof *lloyd->sums);
        lloyd_move_row(lloyd, row, (int32_t)cluster);
        distances[row] = 0;
    }
    FREE_ARRAY(ctx, &distances);
    return SPICA_OK;
}

/* The factor that brings a cluster's mean to length 1; 0 where it has none. */
static double unit_scale(const Lloyd *lloyd, size_t cluster) {
    const Points *points = lloyd->points;
    double square = 0;
    for (size_t d = 0; d < points->dim; d++) {
        const double sum = lloyd->sums[cluster * points->dim + d] / (double)lloyd->sizes[cluster];
        square += (sum + (double)points->mean[d]) * (sum + (double)points->mean[d]);
    }
    return square > 1e-20 ? 1 / sqrt(square) : 0;
}

/* Moves a centre to the mean of its points; returns the square of the move. */
static double centre_move(Lloyd *lloyd, size_t cluster) {
    const Points *points = lloyd->points;
    const double scale = lloyd->unit ? unit_scale(lloyd, cluster) : 1;
    double moved = 0;
    if (scale <= 0) return 0;
    for (size_t d = 0; d < points->dim; d++) {
        float *centre = &lloyd->centres[cluster * points->dim + d];
        double mean = lloyd->sums[cluster * points->dim + d] / (double)lloyd->sizes[cluster];
        if (lloyd->unit) mean = scale * (mean + (double)points->mean[d]) - (double)points->mean[d];
        const double move = (double)(float)mean - (double)*centre;
        moved += move * move;
        *centre = (float)mean;
    }
    return moved;
}

/* Moves the centres to the means of their points; returns the sum of the squared moves. */
static double lloyd_move(Lloyd *lloyd) {
    double moved = 0;
    for (size_t cluster = 0; cluster < lloyd->clusters; cluster++) {
        const double move = centre_move(lloyd, cluster);
        if (lloyd->bounded) bounds_move(&lloyd->bounds, cluster, move);
        moved += move;
    }
    return moved;
}

/* The sum of the squared distances of all points to their centres. */
static Status lloyd_inertia(Context *ctx, const Lloyd *lloyd, double *inertia) {
    float *distances;
    TRY(NEW_ARRAY(ctx, &distances, lloyd->points->count));
    lloyd_measure(lloyd, distances);
    *inertia = 0;
    for (size_t row = 0; row < lloyd->points->count; row++)
        *inertia += (double)distances[row];
    FREE_ARRAY(ctx, &distances);
    return SPICA_OK;
}

/* At the end the labels are those of the final centres, whichever way the iterations end; only where the last
 * assignment left a cluster empty, the centres are moved once more, to the means of the labels. */
static Status lloyd_iterate(Context *ctx, Lloyd *lloyd, int iterations, double tolerance, int *assignments) {
    const double small = tolerance * lloyd->points->variance;
    for (int iteration = 0;; iteration++) {
        size_t empty;
        const int64_t changes = lloyd_assign(lloyd);
        ++*assignments;
        TRY(lloyd_fill_empty(ctx, lloyd, &empty));
        const bool last = changes == 0 || iteration == iterations;
        const double moved = !last || empty > 0 ? lloyd_move(lloyd) : 0;
        if (last) return SPICA_OK;
        if (moved <= small) iteration = iterations - 1;
        TRY(context_check_cancel(ctx));
    }
}

Status lloyd_run(Context *ctx, const KmeansSettings *settings, const Points *points, float *centres, int32_t *labels,
                 LloydResult *result) {
    const int callers = blas_threads_set(points->threads);
    const int iterations = settings->iterations > 0 ? settings->iterations : 300;
    const double tolerance = settings->tolerance > 0 ? settings->tolerance : 1e-4;
    Lloyd lloyd = {0};
    Status status;
    *result = (LloydResult){0};
    TRY_GOTO(status, close, lloyd_open(ctx, &lloyd, settings, points, centres, labels));
    TRY_GOTO(status, close, lloyd_iterate(ctx, &lloyd, iterations, tolerance, &result->assignments));
    TRY_GOTO(status, close, lloyd_inertia(ctx, &lloyd, &result->inertia));
    for (size_t part = 0; part < points->parts; part++)
        result->measured += lloyd.part_measured[part];
close:
    blas_threads_restore(callers);
    lloyd_close(ctx, &lloyd);
    return status;
}
