#include "cluster/kmeans.h"

#include <limits.h>
#include <math.h>
#include <string.h>

#include "cluster/kmeans_lloyd.h"
#include "cluster/kmeans_points.h"
#include "cluster/kmeans_start.h"

/* The best of several runs of Lloyd's iterations (kmeans_lloyd.c), each from k-means++ starts of its own
 * (kmeans_start.c): the one of least inertia, ties: the earlier. */

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
        LloydResult result;
        TRY(kmeans_start(ctx, points, settings->clusters, settings->seed, (uint64_t)start, best->tried));
        TRY(lloyd_run(ctx, settings, points, best->tried, best->labels, &result));
        if (start > 0 && !(result.inertia < best->inertia)) continue;
        best->inertia = result.inertia;
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
    LloydResult reached;
    Status status;
    TRY_GOTO(status, close, points_open(ctx, &all, points, count, dim, settings->clusters, settings->clusters));
    centres_add(centres, centres, all.mean, settings->clusters, dim, -1);
    TRY_GOTO(status, close, lloyd_run(ctx, settings, &all, centres, labels, &reached));
    centres_add(centres, centres, all.mean, settings->clusters, dim, 1);
    if (inertia != NULL) *inertia = reached.inertia;
close:
    points_close(ctx, &all);
    return status;
}
