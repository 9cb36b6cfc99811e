#include "cluster/kmeans.h"

#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/simd.h"
#include "cluster/blas_threads.h"
#include "cluster/kmeans_points.h"
#include "cluster/kmeans_start.h"

/* Lloyd's algorithm.
 *
 *   repeat   label(x) = argmin_k |x - c_k|^2      ties: the smaller k
 *            c_k      = mean of the x with label k
 *   until    no label changes, or sum_k |change of c_k|^2 <= tolerance x the mean variance of the dimensions
 *
 * Lloyd 1982, doi:10.1109/TIT.1982.1056489. The argmin is of |c|^2 - 2 x.c, products by blocks of points (points are
 * taken relative to their mean, kmeans_points.h); sums are in double precision. A cluster without points takes the
 * point farthest from its own centre among clusters of two points or more (ties: the smaller row), so that with as many
 * points as clusters none stays empty, even where points coincide. Cost of an iteration: O(count x dim x clusters). */

/* One run of Lloyd's iterations. Zeroed may be closed. */
typedef struct Lloyd {
    const Points *points;
    size_t clusters;
    float *centres;        /* [clusters x dim], relative to the mean; the caller's */
    int32_t *labels;       /* [count]; the caller's */
    float *centre_squares; /* [clusters] */
    double *part_sums;     /* [parts x clusters x dim] */
    int64_t *part_sizes;   /* [parts x clusters] */
    int64_t *part_changes; /* [parts]: labels that changed */
    double *sums;          /* [clusters x dim]: part_sums[0] after lloyd_assign */
    int64_t *sizes;        /* [clusters]: part_sizes[0] after lloyd_assign */
} Lloyd;

static Status lloyd_open(Context *ctx, Lloyd *lloyd, const Points *points, size_t clusters, float *centres,
                         int32_t *labels) {
    *lloyd = (Lloyd){.points = points, .clusters = clusters, .centres = centres, .labels = labels};
    TRY(NEW_ARRAY(ctx, &lloyd->centre_squares, clusters));
    TRY(memory_allocate(ctx, (void **)&lloyd->part_sums, points->parts * clusters, points->dim * sizeof(double)));
    TRY(NEW_ARRAY(ctx, &lloyd->part_sizes, points->parts * clusters));
    TRY(NEW_ARRAY(ctx, &lloyd->part_changes, points->parts));
    lloyd->sums = lloyd->part_sums;
    lloyd->sizes = lloyd->part_sizes;
    for (size_t row = 0; row < points->count; row++)
        labels[row] = -1;
    return SPICA_OK;
}

static void lloyd_close(Context *ctx, Lloyd *lloyd) {
    FREE_ARRAY(ctx, &lloyd->centre_squares);
    FREE_ARRAY(ctx, &lloyd->part_sums);
    FREE_ARRAY(ctx, &lloyd->part_sizes);
    FREE_ARRAY(ctx, &lloyd->part_changes);
}

/* labels[rows]: the nearest centre of each row of products[rows x clusters]; returns how many changed. */
static int64_t block_label(int32_t *labels, const float *products, const float *centre_squares, size_t rows,
                           size_t clusters) {
    int64_t changes = 0;
    for (size_t row = 0; row < rows; row++) {
        const float *product = products + row * clusters;
        float least = INFINITY;
        int32_t nearest = 0;
        for (size_t cluster = 0; cluster < clusters; cluster++) {
            const float distance = centre_squares[cluster] - 2 * product[cluster];
            if (distance < least) {
                least = distance;
                nearest = (int32_t)cluster;
            }
        }
        changes += labels[row] != nearest;
        labels[row] = nearest;
    }
    return changes;
}

SIMD_VERSIONS static void block_add(double *sums, int64_t *sizes, const float *points, const int32_t *labels,
                                    size_t rows, size_t dim) {
    for (size_t row = 0; row < rows; row++) {
        const size_t cluster = (size_t)labels[row];
        double *sum = sums + cluster * dim;
        for (size_t d = 0; d < dim; d++)
            sum[d] += (double)points[row * dim + d];
        sizes[cluster]++;
    }
}

static void part_assign(Lloyd *lloyd, size_t part) {
    const Points *points = lloyd->points;
    const size_t clusters = lloyd->clusters, end = points_part_begin(points, part + 1);
    double *sums = lloyd->part_sums + part * clusters * points->dim;
    int64_t *sizes = lloyd->part_sizes + part * clusters;
    memset(sums, 0, clusters * points->dim * sizeof *sums);
    memset(sizes, 0, clusters * sizeof *sizes);
    lloyd->part_changes[part] = 0;
    for (size_t first = points_part_begin(points, part); first < end; first += points->block_rows) {
        const PointsBlock block = points_block(points, first, end, lloyd->centres, clusters);
        lloyd->part_changes[part] +=
            block_label(lloyd->labels + first, block.products, lloyd->centre_squares, block.rows, clusters);
        block_add(sums, sizes, block.rows_centred, lloyd->labels + first, block.rows, points->dim);
    }
}

/* Adds the parts' sums and sizes, in order, to those of part 0. */
static void parts_add(Lloyd *lloyd) {
    const Points *points = lloyd->points;
    const size_t parts = points->parts, clusters = lloyd->clusters, dim = points->dim;
#pragma omp parallel for schedule(static) num_threads(points->threads)
    for (size_t cluster = 0; cluster < clusters; cluster++) {
        double *sum = lloyd->sums + cluster * dim;
        for (size_t part = 1; part < parts; part++) {
            const double *more = lloyd->part_sums + (part * clusters + cluster) * dim;
            for (size_t d = 0; d < dim; d++)
                sum[d] += more[d];
            lloyd->sizes[cluster] += lloyd->part_sizes[part * clusters + cluster];
        }
    }
}

/* Labels all points by the centres, and sums the points of every cluster. Returns the number of labels that changed. */
static int64_t lloyd_assign(Lloyd *lloyd) {
    const Points *points = lloyd->points;
    int64_t changes = 0;
    for (size_t cluster = 0; cluster < lloyd->clusters; cluster++)
        lloyd->centre_squares[cluster] = vector_square(lloyd->centres + cluster * points->dim, points->dim);
#pragma omp parallel for schedule(static) num_threads(points->threads)
    for (size_t part = 0; part < points->parts; part++)
        part_assign(lloyd, part);
    for (size_t part = 0; part < points->parts; part++)
        changes += lloyd->part_changes[part];
    parts_add(lloyd);
    return changes;
}

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
    const size_t dim = lloyd->points->dim;
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
        const size_t old = (size_t)lloyd->labels[row];
        const float *x = lloyd->points->values + row * dim;
        for (size_t d = 0; d < dim; d++) {
            const double value = (double)(x[d] - lloyd->points->mean[d]);
            lloyd->sums[old * dim + d] -= value;
            lloyd->sums[cluster * dim + d] = value;
        }
        lloyd->sizes[old]--;
        lloyd->sizes[cluster] = 1;
        lloyd->labels[row] = (int32_t)cluster;
        distances[row] = 0;
    }
    FREE_ARRAY(ctx, &distances);
    return SPICA_OK;
}

/* Moves the centres to the means of their points; returns the sum of the squared moves. */
static double lloyd_move(Lloyd *lloyd) {
    const size_t dim = lloyd->points->dim;
    double moved = 0;
    for (size_t cluster = 0; cluster < lloyd->clusters; cluster++) {
        for (size_t d = 0; d < dim; d++) {
            float *centre = &lloyd->centres[cluster * dim + d];
            const float mean = (float)(lloyd->sums[cluster * dim + d] / (double)lloyd->sizes[cluster]);
            const double move = (double)mean - (double)*centre;
            moved += move * move;
            *centre = mean;
        }
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
static Status lloyd_iterate(Context *ctx, Lloyd *lloyd, int iterations, double tolerance) {
    const double small = tolerance * lloyd->points->variance;
    for (int iteration = 0;; iteration++) {
        size_t empty;
        const int64_t changes = lloyd_assign(lloyd);
        TRY(lloyd_fill_empty(ctx, lloyd, &empty));
        const bool last = changes == 0 || iteration == iterations;
        const double moved = !last || empty > 0 ? lloyd_move(lloyd) : 0;
        if (last) return SPICA_OK;
        if (moved <= small) iteration = iterations - 1;
        TRY(context_check_cancel(ctx));
    }
}

/* Lloyd's iterations from centres[clusters x dim] (relative to the mean), which they move. */
static Status lloyd_run(Context *ctx, const KmeansSettings *settings, const Points *points, float *centres,
                        int32_t *labels, double *inertia) {
    const int callers = blas_threads_set(points->threads);
    const int iterations = settings->iterations > 0 ? settings->iterations : 300;
    const double tolerance = settings->tolerance > 0 ? settings->tolerance : 1e-4;
    Lloyd lloyd = {0};
    Status status;
    TRY_GOTO(status, close, lloyd_open(ctx, &lloyd, points, settings->clusters, centres, labels));
    TRY_GOTO(status, close, lloyd_iterate(ctx, &lloyd, iterations, tolerance));
    TRY_GOTO(status, close, lloyd_inertia(ctx, &lloyd, inertia));
close:
    blas_threads_restore(callers);
    lloyd_close(ctx, &lloyd);
    return status;
}

/* Results of the best start so far. Zeroed may be closed. */
typedef struct Best {
    float *centres, *tried; /* [clusters x dim] */
    int32_t *labels;        /* [count] */
    double inertia;
} Best;

static Status best_search(Context *ctx, const KmeansSettings *settings, const Points *points, Best *best,
                          int32_t *labels) {
    const int starts = settings->starts > 0 ? settings->starts : 10;
    const size_t size = settings->clusters * points->dim;
    TRY(NEW_ARRAY(ctx, &best->centres, size));
    TRY(NEW_ARRAY(ctx, &best->tried, size));
    TRY(NEW_ARRAY(ctx, &best->labels, points->count));
    best->inertia = INFINITY;
    for (int start = 0; start < starts; start++) {
        double inertia;
        TRY(kmeans_start(ctx, points, settings->clusters, settings->seed, (uint64_t)start, best->tried));
        TRY(lloyd_run(ctx, settings, points, best->tried, best->labels, &inertia));
        if (start > 0 && !(inertia < best->inertia)) continue;
        best->inertia = inertia;
        memcpy(best->centres, best->tried, size * sizeof(float));
        memcpy(labels, best->labels, points->count * sizeof *labels);
    }
    return SPICA_OK;
}

static Status settings_check(Context *ctx, const KmeansSettings *settings, size_t count, size_t dim) {
    if (settings->clusters == 0 || settings->clusters > INT32_MAX || dim == 0 || dim > INT_MAX)
        return context_fail(ctx, SPICA_ERROR_OPTION, "k-means: cannot make %zu clusters of vectors of %zu numbers",
                            settings->clusters, dim);
    if (count < settings->clusters)
        return context_fail(ctx, SPICA_ERROR_DATA, "k-means: %zu clusters asked for, but only %zu points",
                            settings->clusters, count);
    if (count > UINT32_MAX) return context_fail(ctx, SPICA_ERROR_DATA, "k-means: %zu points are too many", count);
    return SPICA_OK;
}

static void centres_add(float *centres, const float *relative, const float *mean, size_t clusters, size_t dim,
                        float sign) {
    for (size_t i = 0; i < clusters * dim; i++)
        centres[i] = relative[i] + sign * mean[i % dim];
}

Status kmeans(Context *ctx, const KmeansSettings *settings, const float *points, size_t count, size_t dim,
              int32_t *labels, float *centres, double *inertia) {
    TRY(settings_check(ctx, settings, count, dim));
    const size_t candidates = kmeans_start_candidates(settings->clusters);
    const size_t columns = candidates > settings->clusters ? candidates : settings->clusters;
    Points all = {0};
    Best best = {0};
    Status status;
    TRY_GOTO(status, close, points_open(ctx, &all, points, count, dim, settings->clusters, columns));
    TRY_GOTO(status, close, best_search(ctx, settings, &all, &best, labels));
    if (centres != NULL) centres_add(centres, best.centres, all.mean, settings->clusters, dim, 1);
    if (inertia != NULL) *inertia = best.inertia;
close:
    points_close(ctx, &all);
    FREE_ARRAY(ctx, &best.centres);
    FREE_ARRAY(ctx, &best.tried);
    FREE_ARRAY(ctx, &best.labels);
    return status;
}

Status kmeans_refine(Context *ctx, const KmeansSettings *settings, const float *points, size_t count, size_t dim,
                     int32_t *labels, float *centres, double *inertia) {
    TRY(settings_check(ctx, settings, count, dim));
    Points all = {0};
    double reached;
    Status status;
    TRY_GOTO(status, close, points_open(ctx, &all, points, count, dim, settings->clusters, settings->clusters));
    centres_add(centres, centres, all.mean, settings->clusters, dim, -1);
    TRY_GOTO(status, close, lloyd_run(ctx, settings, &all, centres, labels, &reached));
    centres_add(centres, centres, all.mean, settings->clusters, dim, 1);
    if (inertia != NULL) *inertia = reached;
close:
    points_close(ctx, &all);
    return status;
}
