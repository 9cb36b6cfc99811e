#include "cluster/spherical_kmeans.h"

#include <math.h>

/* max sum_i x_i . c_label(i) over labels and centres of length 1 (Dhillon and Modha 2001, doi:10.1023/A:1007612920971).
 *
 *   label(x) = argmax_k x . c_k
 *   c_k      = sum of the x with label k, divided by its length
 *
 * Since |x - c|^2 = 2 - 2 x . c between vectors of length 1, this is k-means whose centres are divided by their length
 * (kmeans_lloyd.c), with its starts, bounds, ties, empty clusters and cost. The inertia is sum_i (2 - 2 x_i . c_i).
 *
 * A row of zeros has no direction: it stays 0, is equally far from all centres, of which rounding chooses (the same at
 * any number of threads), and moves none. A cluster whose points cancel out keeps its centre. Memory: 4 count x dim
 * bytes for the divided points, beside k-means' own. */

/* unit[count x dim]: the points divided by their lengths; returns how many are not 0. */
static size_t rows_normalise(const Context *ctx, float *unit, const float *points, size_t count, size_t dim) {
#pragma omp parallel for schedule(static) num_threads(ctx->threads)
    for (size_t row = 0; row < count; row++) {
        double square = 0;
        for (size_t d = 0; d < dim; d++)
            square += (double)points[row * dim + d] * (double)points[row * dim + d];
        const double scale = square > 0 ? 1 / sqrt(square) : 1;
        for (size_t d = 0; d < dim; d++)
            unit[row * dim + d] = (float)((double)points[row * dim + d] * scale);
    }
    size_t number = 0;
    for (size_t row = 0; row < count; row++) {
        size_t d = 0;
        while (d < dim && unit[row * dim + d] >= 0 && unit[row * dim + d] <= 0)
            d++;
        number += d < dim;
    }
    return number;
}

typedef Status Kmeans(Context *ctx, const KmeansSettings *settings, const float *points, size_t count, size_t dim,
                      int32_t *labels, float *centres, double *inertia);

static Status directions_cluster(Context *ctx, Kmeans *cluster, const KmeansSettings *settings, const float *points,
                                 size_t count, size_t dim, int32_t *labels, float *centres, double *similarity) {
    KmeansSettings with_unit = *settings;
    with_unit.unit_centres = true;
    float *unit;
    double inertia;
    TRY(NEW_ARRAY(ctx, &unit, count * dim));
    const size_t number = rows_normalise(ctx, unit, points, count, dim);
    const Status status = cluster(ctx, &with_unit, unit, count, dim, labels, centres, &inertia);
    FREE_ARRAY(ctx, &unit);
    if (status != SPICA_OK || similarity == NULL) return status;
    /* A row of zeros is at distance 1 from every centre. */
    *similarity = number > 0 ? 1 - 0.5 * (inertia - (double)(count - number)) / (double)number : 0;
    return SPICA_OK;
}

Status spherical_kmeans(Context *ctx, const KmeansSettings *settings, const float *points, size_t count, size_t dim,
                        int32_t *labels, float *centres, double *similarity) {
    return directions_cluster(ctx, kmeans, settings, points, count, dim, labels, centres, similarity);
}

Status spherical_kmeans_refine(Context *ctx, const KmeansSettings *settings, const float *points, size_t count,
                               size_t dim, int32_t *labels, float *centres, double *similarity) {
    return directions_cluster(ctx, kmeans_refine, settings, points, count, dim, labels, centres, similarity);
}
