/* Eigenvectors of large sparse symmetric matrices. */
#ifndef SPICA_CLUSTER_LANCZOS_H
#define SPICA_CLUSTER_LANCZOS_H

#include <stdint.h>

#include "base/memory.h"

/* A symmetric matrix, known by its product: out[order] = matrix in[order]. */
typedef struct LanczosMatrix {
    void (*multiply)(const void *user, double *out, const double *in);
    const void *user;
    size_t order;
} LanczosMatrix;

/* The `rank` largest eigenvalues, values[rank] in falling order, and their eigenvectors, vectors[rank x order] of
 * length 1, to `tolerance` of each value. The seed draws the start. rank <= order. Errors: SPICA_ERROR_OPTION where the
 * order is beyond 2^29, SPICA_ERROR_NUMERIC where the search does not end, SPICA_ERROR_MEMORY, SPICA_CANCELLED. */
Status lanczos_largest(Context *ctx, double *values, double *vectors, const LanczosMatrix *matrix, size_t rank,
                       double tolerance, uint64_t seed);

#endif
