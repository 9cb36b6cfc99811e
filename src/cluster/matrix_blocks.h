/* A tall matrix of floats, taken block by block into double precision, and products whose bits do not depend on the
 * number of threads. */
#ifndef SPICA_CLUSTER_MATRIX_BLOCKS_H
#define SPICA_CLUSTER_MATRIX_BLOCKS_H

#include <stdbool.h>

#include "base/memory.h"

/* Zeroed may be closed. */
typedef struct MatrixBlocks {
    const float *values; /* [count x dim], the caller's */
    size_t count, dim;
    const double *shift; /* [dim], subtracted from every row, the caller's; NULL: nothing */
    size_t block_rows;   /* rows of a block, fixed by dim alone */
    int threads;
    double *rows; /* [block_rows x dim]: the block that was loaded last */
} MatrixBlocks;

Status matrix_blocks_open(Context *ctx, MatrixBlocks *blocks, const float *values, size_t count, size_t dim,
                          const double *shift);
void matrix_blocks_close(Context *ctx, MatrixBlocks *blocks);

/* Loads the block that begins at row `first`; returns how many rows it has, 0 at the end:
 * for (size_t first = 0, rows; (rows = matrix_blocks_load(&blocks, first)) > 0; first += rows) */
size_t matrix_blocks_load(const MatrixBlocks *blocks, size_t first);

/* mean[dim] of the columns. `who` begins the reason of SPICA_ERROR_NUMERIC, where a value is not finite. */
Status matrix_mean(Context *ctx, const char *who, double *mean, const float *values, size_t count, size_t dim);

/* What stands on the left and on the right of a product, as it lies in memory. */
typedef enum ProductKind {
    PRODUCT_PLAIN,           /* out = a b        a[rows x inner], b[inner x columns] */
    PRODUCT_LEFT_TRANSPOSED, /* out = a^T b      a[inner x rows], b[inner x columns] */
    PRODUCT_RIGHT_TRANSPOSED /* out = a b^T      a[rows x inner], b[columns x inner] */
} ProductKind;

/* out[rows x columns] = the product + keep * out (keep is 0 or 1), in tiles of rows of out, each by one thread. The
 * caller has called blas_threads_set(1). */
void matrix_product(int threads, ProductKind kind, double *out, const double *a, const double *b, size_t rows,
                    size_t columns, size_t inner, double keep);

/* As matrix_product with both factors the same: the lower triangle of out[columns x columns] = a^T a + out, where
 * a[rows x columns]. */
void matrix_add_squares(int threads, double *out, const double *a, size_t rows, size_t columns);

#endif
