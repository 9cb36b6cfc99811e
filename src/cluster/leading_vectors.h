/* The directions in which the rows of a matrix are largest: right singular vectors. */
#ifndef SPICA_CLUSTER_LEADING_VECTORS_H
#define SPICA_CLUSTER_LEADING_VECTORS_H

#include <stdint.h>

#include "base/memory.h"

/* Of the matrix X = values - shift (shift[dim]; NULL: nothing), the `rank` largest eigenvalues of X^T X, squares[rank]
 * in falling order (none below 0), and their eigenvectors, vectors[rank x dim] of length 1, whose entry of largest
 * magnitude is positive. rank <= count and rank <= dim. Up to exact_dim columns (0: 4096) by the whole matrix X^T X,
 * beyond by random projection, which draws from the seed. Errors: SPICA_ERROR_NUMERIC, SPICA_ERROR_MEMORY,
 * SPICA_CANCELLED. */
Status leading_vectors(Context *ctx, double *squares, double *vectors, const float *values, size_t count, size_t dim,
                       const double *shift, size_t rank, uint64_t seed, size_t exact_dim);

#endif
