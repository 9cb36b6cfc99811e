/* Agglomerative clustering: the two nearest clusters are joined, until one is left. */
#ifndef SPICA_CLUSTER_AGGLOMERATIVE_H
#define SPICA_CLUSTER_AGGLOMERATIVE_H

#include <stdint.h>

#include "base/memory.h"
#include "cluster/proximity.h"

/* The matrix of so many points' distances takes 800 MB. */
#define AGGLOMERATIVE_MATRIX_LIMIT 20000

typedef struct AgglomerativeSettings {
    Linkage linkage;
    size_t matrix_limit; /* most points whose distances are held as a matrix; 0: AGGLOMERATIVE_MATRIX_LIMIT */
} AgglomerativeSettings;

/* One join. */
typedef struct Join {
    int32_t first, second; /* a point of either side, first < second */
    float distance;        /* of the two clusters, as SciPy's linkage has it */
} Join;

/* joins[count - 1], by growing distance. The first count - K of them leave K clusters. Errors: SPICA_ERROR_OPTION,
 * SPICA_ERROR_DATA where average linkage has more points than the matrix may have, SPICA_ERROR_NUMERIC where a point is
 * not finite, SPICA_ERROR_MEMORY, SPICA_CANCELLED. */
Status agglomerative_tree(Context *ctx, Join *joins, const AgglomerativeSettings *settings, const float *points,
                          size_t count, size_t dim);

/* labels[count]: the clusters that are left after the first count - clusters joins, numbered by their first point.
 * Errors: SPICA_ERROR_OPTION, SPICA_ERROR_DATA where count < clusters, SPICA_ERROR_MEMORY. */
Status agglomerative_cut(Context *ctx, int32_t *labels, const Join *joins, size_t count, size_t clusters);

#endif
