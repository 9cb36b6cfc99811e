#include "cluster/silhouette.h"

#include <math.h>
#include <string.h>

#include <omp.h>

#include "cluster/kmeans_points.h"

/* The silhouette coefficient (Rousseeuw 1987, doi:10.1016/0377-0427(87)90125-7) of a point:
 *
 *   a = mean distance to the other points of its cluster     b = least mean distance to the points of another cluster
 *   s = (b - a) / max(a, b)
 *
 * Distances are Euclidean. As in scikit-learn, a point alone in its cluster has s = 0, and so has one with a = b = 0.
 * O(count^2 x dim); memory 8 (threads x clusters + count) bytes. Each point's sums go row by row and the mean point by
 * point: bits do not depend on the number of threads. */

/* Points between two looks at the cancel callback. */
#define STRIDE 256

typedef struct Task {
    const float *points;
    const int32_t *labels;
    size_t count, dim, clusters;
    size_t *sizes;  /* [clusters] */
    double *sums;   /* [threads x clusters]: distances to the points of each cluster */
    double *scores; /* [count] */
} Task;

static double score_point(const Task *task, size_t point, double *sums) {
    const size_t own = (size_t)task->labels[point], dim = task->dim;
    memset(sums, 0, task->clusters * sizeof *sums);
    if (task->sizes[own] < 2) return 0.0;
    for (size_t other = 0; other < task->count; other++)
        sums[task->labels[other]] +=
            sqrt((double)vector_distance(task->points + point * dim, task->points + other * dim, dim));
    const double a = sums[own] / (double)(task->sizes[own] - 1);
    double b = INFINITY;
    for (size_t k = 0; k < task->clusters; k++)
        if (k != own && task->sizes[k] > 0) b = fmin(b, sums[k] / (double)task->sizes[k]);
    return fmax(a, b) > 0.0 ? (b - a) / fmax(a, b) : 0.0;
}

static Status score_all(Context *ctx, const Task *task) {
    for (size_t first = 0; first < task->count; first += STRIDE) {
        const size_t end = first + STRIDE < task->count ? first + STRIDE : task->count;
#pragma omp parallel for schedule(static) num_threads(ctx->threads)
        for (size_t point = first; point < end; point++)
            task->scores[point] = score_point(task, point, task->sums + (size_t)omp_get_thread_num() * task->clusters);
        TRY(context_check_cancel(ctx));
    }
    return SPICA_OK;
}

/* How many clusters have a point. */
static size_t count_sizes(const Task *task) {
    size_t occupied = 0;
    for (size_t i = 0; i < task->count; i++)
        occupied += task->sizes[task->labels[i]]++ == 0;
    return occupied;
}

Status silhouette(Context *ctx, double *mean, const float *points, const int32_t *labels, size_t count, size_t dim,
                  size_t clusters) {
    Task task = {.points = points, .labels = labels, .count = count, .dim = dim, .clusters = clusters};
    *mean = NAN;
    Status status;
    TRY_GOTO(status, close, NEW_ZEROED(ctx, &task.sizes, clusters));
    const size_t occupied = count_sizes(&task);
    if (occupied < 2 || occupied == count) goto close;
    TRY_GOTO(status, close, NEW_ARRAY(ctx, &task.sums, (size_t)ctx->threads * clusters));
    TRY_GOTO(status, close, NEW_ARRAY(ctx, &task.scores, count));
    TRY_GOTO(status, close, score_all(ctx, &task));
    double sum = 0.0;
    for (size_t i = 0; i < count; i++)
        sum += task.scores[i];
    *mean = sum / (double)count;
close:
    FREE_ARRAY(ctx, &task.sizes);
    FREE_ARRAY(ctx, &task.sums);
    FREE_ARRAY(ctx, &task.scores);
    return status;
}
