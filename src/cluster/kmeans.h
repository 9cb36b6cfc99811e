/* k-means: k-means++ starts (Arthur and Vassilvitskii 2007), Lloyd's iterations. */
#ifndef SPICA_CLUSTER_KMEANS_H
#define SPICA_CLUSTER_KMEANS_H

#include <stdint.h>

#include "base/memory.h"

typedef struct KmeansSettings {
    size_t clusters;
    int starts;       /* n_init; 0: 10 */
    int iterations;   /* at most; 0: 300 */
    double tolerance; /* relative, as scikit-learn's tol; 0: 1e-4 */
    uint64_t seed;
} KmeansSettings;

/* labels[count], centres[clusters x dim] (may be NULL), *inertia (may be NULL): the best of the starts by inertia. An
 * empty cluster takes the point farthest from its centre, so none is empty at the end. Errors: SPICA_ERROR_OPTION,
 * SPICA_ERROR_DATA where count < clusters, SPICA_ERROR_NUMERIC where a point is not finite, SPICA_CANCELLED. */
Status kmeans(Context *ctx, const KmeansSettings *settings, const float *points, size_t count, size_t dim,
              int32_t *labels, float *centres, double *inertia);

/* Lloyd's iterations alone, from given centres[clusters x dim], which they move. */
Status kmeans_refine(Context *ctx, const KmeansSettings *settings, const float *points, size_t count, size_t dim,
                     int32_t *labels, float *centres, double *inertia);

#endif
