/* Points and the two centres that are nearest to them. */
#ifndef SPICA_CLUSTER_CENTRE_DISTANCE_H
#define SPICA_CLUSTER_CENTRE_DISTANCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/memory.h"

/* centres[clusters x dim]: of spherical k-means `unit` is true, distances are 1 - cosine then, and centres of length 1.
 */
typedef struct Centres {
    const float *values;
    size_t clusters, dim;
    bool unit;
} Centres;

/* labels[count]: the nearest centre of each of points[count x dim], ties: the smaller number. margins[count] (may be
 * NULL): 1 - d1 / d2 with the distances to the nearest centre and to the next one, from 0 between two to 1 on the
 * centre; 0 where d2 is 0, 1 where there is one centre alone. A row does not depend on the others. Errors:
 * SPICA_ERROR_MEMORY. */
Status centres_nearest(Context *ctx, const Centres *centres, int32_t *labels, float *margins, const float *points,
                       size_t count);

#endif
