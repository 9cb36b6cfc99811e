/* Labels of a few points spread to all over the graph of nearest neighbours. */
#ifndef SPICA_CLUSTER_LABEL_PROPAGATION_H
#define SPICA_CLUSTER_LABEL_PROPAGATION_H

#include <stdint.h>

#include "base/memory.h"

typedef struct PropagationSettings {
    size_t classes;    /* K */
    size_t neighbours; /* of every point in the graph, itself not among them; clipped to count - 1 */
    double reach;      /* alpha, on 0 .. 1: how far labels go; 0: 0.99 */
} PropagationSettings;

/* scores[count x K]: how much of each class reaches each point, rows of sum 1. seeds[count]: a class 0 .. K-1, or -1;
 * at least one point of every class. Does not depend on the number of threads. Errors: SPICA_ERROR_OPTION where a class
 * has no seed or a seed is no class, SPICA_ERROR_NUMERIC where a point is not finite, SPICA_ERROR_MEMORY,
 * SPICA_CANCELLED. */
Status label_propagate(Context *ctx, const PropagationSettings *settings, const float *points, size_t count, size_t dim,
                       const int32_t *seeds, float *scores);

#endif
