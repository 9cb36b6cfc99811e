/* k-means++: starting centres spread over the points. */
#ifndef SPICA_CLUSTER_KMEANS_START_H
#define SPICA_CLUSTER_KMEANS_START_H

#include "cluster/kmeans_points.h"

/* Candidates for every centre but the first. */
size_t kmeans_start_candidates(size_t clusters);

/* centres[clusters x dim], relative to the mean: draw `number` of this seed. */
Status kmeans_start(Context *ctx, const Points *points, size_t clusters, uint64_t seed, uint64_t number,
                    float *centres);

#endif
