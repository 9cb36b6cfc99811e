/* Eigenvectors of symmetric matrices. */
#ifndef SPICA_CLUSTER_SYMMETRIC_H
#define SPICA_CLUSTER_SYMMETRIC_H

#include "base/memory.h"

/* The `rank` largest eigenvalues, values[rank] in falling order, and their eigenvectors, vectors[rank x order] of
 * length 1, of a dense matrix[order x order] of which the lower triangle (row-major) is filled; the matrix is
 * destroyed. The caller has called blas_threads_set(1). Errors: SPICA_ERROR_NUMERIC, SPICA_ERROR_MEMORY. */
Status symmetric_largest(Context *ctx, double *values, double *vectors, double *matrix, size_t order, size_t rank);

#endif
