/* One run of k-means' iterations. */
#ifndef SPICA_CLUSTER_KMEANS_LLOYD_H
#define SPICA_CLUSTER_KMEANS_LLOYD_H

#include "cluster/kmeans.h"
#include "cluster/kmeans_points.h"

typedef struct LloydResult {
    double inertia;
    int assignments;  /* how often all points were given to their nearest centres */
    int64_t measured; /* distances that this took; without bounds, assignments x count x clusters */
} LloydResult;

/* From centres[clusters x dim] (relative to the points' mean), which move; labels[count]. `points` has been opened for
 * as many columns as clusters. Errors: SPICA_ERROR_MEMORY, SPICA_CANCELLED. */
Status lloyd_run(Context *ctx, const KmeansSettings *settings, const Points *points, float *centres, int32_t *labels,
                 LloydResult *result);

#endif
