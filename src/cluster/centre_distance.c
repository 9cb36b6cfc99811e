#include "cluster/centre_distance.h"

#include <math.h>

#include <omp.h>

#include "cluster/kmeans_points.h"

/* |x - c|^2 directly, not expanded as in k-means' iterations, so that nothing is lost to cancellation and a row's label
 * is the same whatever stands beside it. Between vectors of length 1, |x - c|^2 = 2 (1 - cosine). O(count x clusters x
 * dim); memory 4 dim bytes for each thread. */

/* unit[dim]: the point divided by its length; a point of zeros stays 0. */
static void point_normalise(float *unit, const float *point, size_t dim) {
    double square = 0.0;
    for (size_t d = 0; d < dim; d++)
        square += (double)point[d] * (double)point[d];
    const double scale = square > 0.0 ? 1.0 / sqrt(square) : 1.0;
    for (size_t d = 0; d < dim; d++)
        unit[d] = (float)((double)point[d] * scale);
}

static int32_t point_label(const Centres *centres, const float *point, float *margin) {
    float nearest = INFINITY, next = INFINITY; /* squared distances */
    size_t label = 0;
    for (size_t k = 0; k < centres->clusters; k++) {
        const float square = vector_distance(point, centres->values + k * centres->dim, centres->dim);
        if (square < nearest) {
            next = nearest;
            nearest = square;
            label = k;
        } else if (square < next) {
            next = square;
        }
    }
    const float ratio = next > 0.0f ? nearest / next : 1.0f;
    *margin = 1.0f - (centres->unit ? ratio : sqrtf(ratio));
    return (int32_t)label;
}

Status centres_nearest(Context *ctx, const Centres *centres, int32_t *labels, float *margins, const float *points,
                       size_t count) {
    const size_t dim = centres->dim;
    float *units;
    TRY(memory_allocate(ctx, (void **)&units, (size_t)ctx->threads, dim * sizeof *units));
#pragma omp parallel for schedule(static) num_threads(ctx->threads)
    for (size_t row = 0; row < count; row++) {
        const float *point = points + row * dim;
        float margin, *unit = units + (size_t)omp_get_thread_num() * dim;
        if (centres->unit) {
            point_normalise(unit, point, dim);
            point = unit;
        }
        labels[row] = point_label(centres, point, &margin);
        if (margins != NULL) margins[row] = margin;
    }
    FREE_ARRAY(ctx, &units);
    return SPICA_OK;
}
