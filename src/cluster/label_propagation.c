#include "cluster/label_propagation.h"

#include <math.h>
#include <string.h>

#include "cluster/neighbour_graph.h"

/* Zhou, Bousquet, Lal, Weston, Schoelkopf: Learning with Local and Global Consistency, NIPS 16 (2003), with the exact
 * solution by conjugate gradients as Iscen, Tolias, Avrithis and Chum have it (CVPR 2019,
 * doi:10.1109/CVPR.2019.00521):
 *
 *   (I - alpha S) F = Y,   S = D^-1/2 W D^-1/2
 *
 * W are the graph's weights, D its row sums, and column k of Y is 1 / (number of seeds of k) at the seeds of class k,
 * so that a class of which many points are known does not outweigh the others. I - alpha S is positive definite for
 * alpha below 1. A graph that is connected lets every class reach every point.
 *
 * Cost: the graph's, then O(iterations x count x neighbours) for each class; memory 32 count bytes for each thread. */

#define REACH_USUAL 0.99
#define ITERATIONS_MOST 200
/* |residual| / |right side| at the end. */
#define TOLERANCE 1e-6

typedef struct Propagation {
    NeighbourGraph graph;
    double reach;
    double *roots;   /* [count]: D^-1/2 */
    size_t *sizes;   /* [K]: seeds of each class */
    double *vectors; /* [threads x 4 x count] */
} Propagation;

static void propagation_close(Context *ctx, Propagation *p) {
    neighbour_graph_close(ctx, &p->graph);
    FREE_ARRAY(ctx, &p->roots);
    FREE_ARRAY(ctx, &p->sizes);
    FREE_ARRAY(ctx, &p->vectors);
}

static Status count_seeds(Context *ctx, Propagation *p, const PropagationSettings *settings, const int32_t *seeds,
                          size_t count) {
    TRY(NEW_ZEROED(ctx, &p->sizes, settings->classes));
    for (size_t i = 0; i < count; i++) {
        if (seeds[i] < 0) continue;
        if ((size_t)seeds[i] >= settings->classes)
            return context_fail(ctx, SPICA_ERROR_OPTION, "labels: class %d of point %zu is none of %zu", (int)seeds[i],
                                i, settings->classes);
        p->sizes[seeds[i]]++;
    }
    for (size_t k = 0; k < settings->classes; k++)
        if (p->sizes[k] == 0) return context_fail(ctx, SPICA_ERROR_OPTION, "labels: no point of class %zu is known", k);
    return SPICA_OK;
}

static Status open_all(Context *ctx, Propagation *p, const PropagationSettings *settings, const float *points,
                       size_t count, size_t dim, const int32_t *seeds) {
    const size_t neighbours = settings->neighbours < count ? settings->neighbours : count - 1;
    TRY(count_seeds(ctx, p, settings, seeds, count));
    TRY(neighbour_graph_open(ctx, &p->graph, points, count, dim, neighbours));
    p->reach = settings->reach > 0.0 ? settings->reach : REACH_USUAL;
    TRY(NEW_ARRAY(ctx, &p->roots, count));
    for (size_t i = 0; i < count; i++) {
        double sum = 0.0;
        for (size_t e = p->graph.begins[i]; e < p->graph.begins[i + 1]; e++)
            sum += (double)p->graph.weights[e];
        p->roots[i] = 1.0 / sqrt(sum); /* connected: every point has a neighbour */
    }
    return NEW_ARRAY(ctx, &p->vectors, (size_t)ctx->threads * 4 * count);
}

/* product = (I - alpha S) x */
static void apply(const Propagation *p, double *product, const double *x) {
    const NeighbourGraph *graph = &p->graph;
    for (size_t i = 0; i < graph->count; i++) {
        double sum = 0.0;
        for (size_t e = graph->begins[i]; e < graph->begins[i + 1]; e++) {
            const size_t other = (size_t)graph->others[e];
            sum += (double)graph->weights[e] * p->roots[other] * x[other];
        }
        product[i] = x[i] - p->reach * p->roots[i] * sum;
    }
}

static double dot(const double *x, const double *y, size_t count) {
    double sum = 0.0;
    for (size_t i = 0; i < count; i++)
        sum += x[i] * y[i];
    return sum;
}

/* x: the solution of (I - alpha S) x = y, y standing in `residual`. vectors of count: x, residual, direction, product.
 */
static void solve(const Propagation *p, double *x, double *residual, double *direction, double *product) {
    const size_t count = p->graph.count;
    memset(x, 0, count * sizeof *x);
    memcpy(direction, residual, count * sizeof *direction);
    double square = dot(residual, residual, count);
    const double least = square * TOLERANCE * TOLERANCE;
    for (int iteration = 0; iteration < ITERATIONS_MOST && square > least; iteration++) {
        apply(p, product, direction);
        const double along = square / dot(direction, product, count);
        for (size_t i = 0; i < count; i++) {
            x[i] += along * direction[i];
            residual[i] -= along * product[i];
        }
        const double next = dot(residual, residual, count), turn = next / square;
        for (size_t i = 0; i < count; i++)
            direction[i] = residual[i] + turn * direction[i];
        square = next;
    }
}

/* Column k of the scores. */
static void spread_class(const Propagation *p, size_t k, size_t classes, const int32_t *seeds, double *vectors,
                         float *scores) {
    const size_t count = p->graph.count;
    double *x = vectors, *residual = vectors + count;
    for (size_t i = 0; i < count; i++)
        residual[i] = seeds[i] == (int32_t)k ? 1.0 / (double)p->sizes[k] : 0.0;
    solve(p, x, residual, vectors + 2 * count, vectors + 3 * count);
    for (size_t i = 0; i < count; i++)
        scores[i * classes + k] = x[i] > 0.0 ? (float)x[i] : 0.0f;
}

static void scale_rows(float *scores, size_t count, size_t classes) {
    for (size_t i = 0; i < count; i++) {
        float *row = scores + i * classes;
        double sum = 0.0;
        for (size_t k = 0; k < classes; k++)
            sum += (double)row[k];
        for (size_t k = 0; k < classes; k++)
            row[k] = sum > 0.0 ? (float)((double)row[k] / sum) : (float)(1.0 / (double)classes);
    }
}

/* A class is one thread's from beginning to end, `threads` of them at a time. */
static Status spread_all(Context *ctx, const Propagation *p, size_t classes, const int32_t *seeds, float *scores) {
    const size_t count = p->graph.count, step = (size_t)ctx->threads;
    for (size_t first = 0; first < classes; first += step) {
        const size_t end = first + step < classes ? first + step : classes;
        TRY(context_check_cancel(ctx));
#pragma omp parallel for schedule(static, 1) num_threads(ctx->threads)
        for (size_t k = first; k < end; k++)
            spread_class(p, k, classes, seeds, p->vectors + (k - first) * 4 * count, scores);
    }
    scale_rows(scores, count, classes);
    return SPICA_OK;
}

Status label_propagate(Context *ctx, const PropagationSettings *settings, const float *points, size_t count, size_t dim,
                       const int32_t *seeds, float *scores) {
    Propagation p = {0};
    Status status;
    if (count < 2) return context_fail(ctx, SPICA_ERROR_OPTION, "labels: %zu points have no neighbours", count);
    TRY_GOTO(status, close, open_all(ctx, &p, settings, points, count, dim, seeds));
    status = spread_all(ctx, &p, settings->classes, seeds, scores);
close:
    propagation_close(ctx, &p);
    return status;
}
