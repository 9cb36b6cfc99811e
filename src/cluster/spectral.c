#include "cluster/spectral.h"

#include <math.h>

#include "cluster/kmeans.h"
#include "cluster/lanczos.h"
#include "cluster/neighbour_graph.h"

/* Normalised spectral clustering (Ng, Jordan and Weiss 2001, NIPS 14; von Luxburg 2007, doi:10.1007/s11222-007-9033-z,
 * section 4).
 *
 *   W      = weights of the graph of nearest neighbours        (neighbour_graph.c)
 *   L      = I - D^-1/2 W D^-1/2, D the rows' sums
 *   U      = the K eigenvectors of the smallest eigenvalues of L, as columns: the largest of D^-1/2 W D^-1/2
 *   labels = k-means of the rows of U, each divided by its length
 *
 * Eigenvectors by ARPACK (lanczos.c). Equal points, rows of zeros too, are neighbours at distance 0; a point alone is
 * its own cluster; with as many clusters as points each point is one. Cost: the neighbours, knn.c's, and O(count x
 * (neighbours + K) x K) for each restart. Memory: 16 count neighbours bytes for the graph, 8 count (2 K + 40) for the
 * eigenvectors. */

#define NEIGHBOURS 10
#define TOLERANCE 1e-9

/* D^-1/2 W D^-1/2. Zeroed may be closed. */
typedef struct Operator {
    NeighbourGraph graph;
    double *scale; /* [count]: D^-1/2 */
    int threads;
} Operator;

static Status operator_open(Context *ctx, Operator *operator, const float * points, size_t count, size_t dim,
                            size_t neighbours) {
    operator->threads = ctx->threads;
    TRY(neighbour_graph_open(ctx, &operator->graph, points, count, dim, neighbours));
    TRY(NEW_ARRAY(ctx, &operator->scale, count));
    const NeighbourGraph *graph = &operator->graph;
    for (size_t row = 0; row < count; row++) {
        double degree = 0;
        for (size_t i = graph->begins[row]; i < graph->begins[row + 1]; i++)
            degree += (double)graph->weights[i];
        operator->scale[row] = 1 / sqrt(degree);
    }
    return SPICA_OK;
}

static void operator_close(Context *ctx, Operator *operator) {
    neighbour_graph_close(ctx, &operator->graph);
    FREE_ARRAY(ctx, &operator->scale);
}

static void operator_multiply(const void *user, double *out, const double *in) {
    const Operator *operator= user;
    const NeighbourGraph *graph = &operator->graph;
#pragma omp parallel for schedule(static) num_threads(operator->threads)
    for (size_t row = 0; row < graph->count; row++) {
        double sum = 0;
        for (size_t i = graph->begins[row]; i < graph->begins[row + 1]; i++) {
            const size_t other = (size_t)graph->others[i];
            sum += (double)graph->weights[i] * operator->scale[other] * in[other];
        }
        out[row] = operator->scale[row] * sum;
    }
}

/* embedding[count x clusters]: rows of vectors[clusters x count] side by side, each row of length 1. */
static void embedding_make(float *embedding, const double *vectors, size_t count, size_t clusters) {
    for (size_t row = 0; row < count; row++) {
        double square = 0;
        for (size_t i = 0; i < clusters; i++)
            square += vectors[i * count + row] * vectors[i * count + row];
        const double scale = square > 0 ? 1 / sqrt(square) : 0;
        for (size_t i = 0; i < clusters; i++)
            embedding[row * clusters + i] = (float)(scale * vectors[i * count + row]);
    }
}

/* A sign for every eigenvector: its entry of largest magnitude is positive. */
static void vectors_fix_signs(double *vectors, size_t count, size_t clusters) {
    for (size_t i = 0; i < clusters; i++) {
        double *vector = vectors + i * count;
        size_t largest = 0;
        for (size_t row = 1; row < count; row++)
            if (fabs(vector[row]) > fabs(vector[largest])) largest = row;
        const double sign = vector[largest] < 0 ? -1 : 1;
        for (size_t row = 0; row < count; row++)
            vector[row] *= sign;
    }
}

static Status embedding_find(Context *ctx, const SpectralSettings *settings, const float *points, size_t count,
                             size_t dim, float *embedding, size_t *pieces) {
    const size_t clusters = settings->clusters, asked = settings->neighbours > 0 ? settings->neighbours : NEIGHBOURS;
    const double tolerance = settings->tolerance > 0 ? settings->tolerance : TOLERANCE;
    Operator operator= {0};
    double *values = NULL, *vectors = NULL;
    Status status;
    TRY_GOTO(status, close, operator_open(ctx, &operator, points, count, dim, (asked < count ? asked : count) - 1));
    const LanczosMatrix matrix = {.multiply = operator_multiply, .user = &operator, .order = count };
    TRY_GOTO(status, close, NEW_ARRAY(ctx, &values, clusters));
    TRY_GOTO(status, close, NEW_ARRAY(ctx, &vectors, clusters * count));
    TRY_GOTO(status, close, lanczos_largest(ctx, values, vectors, &matrix, clusters, tolerance, settings->seed));
    vectors_fix_signs(vectors, count, clusters);
    embedding_make(embedding, vectors, count, clusters);
    *pieces = operator.graph.pieces;
close:
    operator_close(ctx, &operator);
    FREE_ARRAY(ctx, &values);
    FREE_ARRAY(ctx, &vectors);
    return status;
}

static Status settings_check(Context *ctx, const SpectralSettings *settings, size_t count, size_t dim) {
    if (settings->clusters == 0 || dim == 0)
        return context_fail(ctx, SPICA_ERROR_OPTION, "spectral: cannot make %zu clusters of vectors of %zu numbers",
                            settings->clusters, dim);
    if (settings->neighbours == 1)
        return context_fail(ctx, SPICA_ERROR_OPTION,
                            "spectral: 1 neighbour is the point itself; at least 2 are needed");
    if (count < settings->clusters)
        return context_fail(ctx, SPICA_ERROR_DATA, "spectral: %zu clusters asked for, but only %zu points",
                            settings->clusters, count);
    return SPICA_OK;
}

Status spectral(Context *ctx, const SpectralSettings *settings, const float *points, size_t count, size_t dim,
                int32_t *labels, float *embedding, size_t *pieces) {
    TRY(settings_check(ctx, settings, count, dim));
    const KmeansSettings kmeans_settings = {
        .clusters = settings->clusters, .starts = settings->starts, .seed = settings->seed};
    float *own = NULL;
    size_t found = 1;
    Status status;
    if (embedding == NULL) TRY(NEW_ARRAY(ctx, &own, count * settings->clusters));
    float *rows = embedding != NULL ? embedding : own;
    if (count == 1)
        rows[0] = 1;
    else
        TRY_GOTO(status, close, embedding_find(ctx, settings, points, count, dim, rows, &found));
    TRY_GOTO(status, close, kmeans(ctx, &kmeans_settings, rows, count, settings->clusters, labels, NULL, NULL));
    if (pieces != NULL) *pieces = found;
close:
    FREE_ARRAY(ctx, &own);
    return status;
}
