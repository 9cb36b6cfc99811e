/* How far clusters are from each other while points are joined. */
#ifndef SPICA_CLUSTER_PROXIMITY_H
#define SPICA_CLUSTER_PROXIMITY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/memory.h"

typedef enum Linkage { LINKAGE_WARD, LINKAGE_AVERAGE } Linkage;

/* A cluster has the number of one of its points. Distances are squares for Ward's linkage, means for average linkage,
 * held as a matrix, or, for Ward's alone, computed from centroids. Zeroed may be closed. */
typedef struct Proximity {
    Linkage linkage;
    size_t count, dim;
    int threads;
    int64_t *sizes;  /* [count]: points of each cluster; 0: joined to another */
    uint32_t *alive; /* [alive_count]: the clusters that are left, in rising order */
    size_t alive_count;
    float *matrix;    /* [count x (count - 1) / 2]: rows of the upper triangle; NULL: centroids */
    float *centroids; /* [count x dim] */
    float *measured;  /* [count]: distances to the clusters of `alive`; with centroids */
} Proximity;

/* Every point a cluster. as_matrix: hold the distances; must be so for average linkage. */
Status proximity_open(Context *ctx, Proximity *proximity, Linkage linkage, bool as_matrix, const float *points,
                      size_t count, size_t dim);
void proximity_close(Context *ctx, Proximity *proximity);

/* The nearest other cluster, and its distance. Ties: `preferred` (SIZE_MAX: none), then the smaller number. At least
 * two clusters are left. */
size_t proximity_nearest(Proximity *proximity, size_t cluster, size_t preferred, float *distance);

/* Joins first to second, which keeps its number. */
void proximity_join(Proximity *proximity, size_t first, size_t second);

#endif
