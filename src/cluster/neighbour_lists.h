/* Exact nearest neighbours by Euclidean distance, a set in itself. */
#ifndef SPICA_CLUSTER_NEIGHBOUR_LISTS_H
#define SPICA_CLUSTER_NEIGHBOUR_LISTS_H

#include <stdint.h>

#include "base/memory.h"

/* lists[count x neighbours]: the nearest other points of each, in rising order of their rows; ties in distance: the
 * smaller row. neighbours < count. Errors: SPICA_ERROR_NUMERIC where a point is not finite, SPICA_ERROR_OPTION,
 * SPICA_ERROR_MEMORY. */
Status neighbour_lists(Context *ctx, int32_t *lists, const float *points, size_t count, size_t dim, size_t neighbours);

#endif
