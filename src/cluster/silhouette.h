/* How well clusters hang together and stand apart, without labels. */
#ifndef SPICA_CLUSTER_SILHOUETTE_H
#define SPICA_CLUSTER_SILHOUETTE_H

#include <stdint.h>

#include "base/memory.h"

/* *mean: the mean silhouette coefficient of points[count x dim] in labels[count], each 0 .. clusters-1; NaN where fewer
 * than two clusters have a point, or each point is a cluster. Errors: SPICA_ERROR_MEMORY, SPICA_CANCELLED. */
Status silhouette(Context *ctx, double *mean, const float *points, const int32_t *labels, size_t count, size_t dim,
                  size_t clusters);

#endif
