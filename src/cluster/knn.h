/* Exact nearest neighbours by cosine (inner product of L2-normalised rows), in blocks that fit the cache. */
#ifndef SPICA_CLUSTER_KNN_H
#define SPICA_CLUSTER_KNN_H

#include <stdint.h>

#include "base/memory.h"

/* neighbours[queries x k]: for each row of query[queries x dim] the k rows of base[count x dim] of largest inner
 * product, best first, ties by smaller index; similarities (same shape) may be NULL. k <= count. Memory beyond the
 * output is bounded by blocks, never queries x count (and queries x k floats where similarities is NULL). A set
 * searched for its own neighbours (query == base, queries == count) costs half; a row may be its own neighbour. Errors:
 * SPICA_ERROR_OPTION, SPICA_ERROR_MEMORY. */
Status knn_search(Context *ctx, int32_t *neighbours, float *similarities, const float *query, size_t queries,
                  const float *base, size_t count, size_t dim, size_t k);

#endif
