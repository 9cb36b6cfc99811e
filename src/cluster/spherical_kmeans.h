/* Spherical k-means: clusters of directions. */
#ifndef SPICA_CLUSTER_SPHERICAL_KMEANS_H
#define SPICA_CLUSTER_SPHERICAL_KMEANS_H

#include "cluster/kmeans.h"

/* As kmeans, of the points divided by their lengths, with centres[clusters x dim] (may be NULL) of length 1;
 * *similarity (may be NULL): the mean cosine of the points that are not 0 and their centres. Errors: kmeans'. */
Status spherical_kmeans(Context *ctx, const KmeansSettings *settings, const float *points, size_t count, size_t dim,
                        int32_t *labels, float *centres, double *similarity);

/* From given centres, which it moves. They are of length 1. */
Status spherical_kmeans_refine(Context *ctx, const KmeansSettings *settings, const float *points, size_t count,
                               size_t dim, int32_t *labels, float *centres, double *similarity);

#endif
