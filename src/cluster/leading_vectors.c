#include "cluster/leading_vectors.h"

#include <math.h>
#include <string.h>

#include "base/random.h"
#include "cluster/blas_threads.h"
#include "cluster/fortran.h"
#include "cluster/matrix_blocks.h"
#include "cluster/symmetric.h"

/* Leading eigenvectors of X^T X, two ways.
 *
 * Exact: X^T X, summed in double precision over blocks of rows, then the wanted end of its spectrum (symmetric.c). Cost
 * O(count x dim^2 + dim^3), memory 8 dim^2 bytes.
 *
 * By random projection, for wide matrices (Halko, Martinsson and Tropp 2011, doi:10.1137/090771806, algorithm 4.4 and
 * section 5.1):
 *
 *   Q       = orthonormal basis of a normal random [dim x (rank + 10)] matrix
 *   repeat  Q = orthonormal basis of X^T X Q            7 times
 *   U, s    = eigenvectors and eigenvalues of (X Q)^T (X Q)
 *   vectors = Q U, squares = s
 *
 * Cost O(count x dim x rank) for each pass, memory 24 dim (rank + 10) bytes. Directions whose eigenvalues are near to
 * each other may be mixed.
 *
 * LAPACK is called with one thread, products by fixed tiles: bits do not depend on the number of threads. */

#define EXACT_DIM 4096
#define OVERSAMPLING 10
#define POWER_PASSES 7

static Status exact_vectors(Context *ctx, double *squares, double *vectors, const MatrixBlocks *blocks, size_t rank) {
    const size_t dim = blocks->dim;
    double *matrix;
    TRY(memory_allocate_zeroed(ctx, (void **)&matrix, dim, dim * sizeof *matrix));
    Status status = SPICA_OK;
    for (size_t first = 0, rows; (rows = matrix_blocks_load(blocks, first)) > 0; first += rows) {
        matrix_add_squares(blocks->threads, matrix, blocks->rows, rows, dim);
        TRY_GOTO(status, close, context_check_cancel(ctx));
    }
    TRY_GOTO(status, close, symmetric_largest(ctx, squares, vectors, matrix, dim, rank));
close:
    FREE_ARRAY(ctx, &matrix);
    return status;
}

/* The workspace of the random projection. Zeroed may be closed. */
typedef struct Projection {
    const MatrixBlocks *blocks;
    size_t width;     /* rank + OVERSAMPLING, at most count and dim */
    double *basis;    /* [dim x width] */
    double *next;     /* [dim x width] */
    double *columns;  /* [width x dim]: for LAPACK */
    double *products; /* [block_rows x width] */
    double *tau;      /* [width] */
    double *work;     /* [32 width] */
    double *small;    /* [width x width] */
    double *values;   /* [width] */
    double *turns;    /* [width x width] */
} Projection;

static Status projection_open(Context *ctx, Projection *projection, const MatrixBlocks *blocks, size_t rank) {
    size_t width = rank + OVERSAMPLING;
    if (width > blocks->dim) width = blocks->dim;
    if (width > blocks->count) width = blocks->count;
    *projection = (Projection){.blocks = blocks, .width = width};
    TRY(NEW_ARRAY(ctx, &projection->basis, blocks->dim * width));
    TRY(NEW_ARRAY(ctx, &projection->next, blocks->dim * width));
    TRY(NEW_ARRAY(ctx, &projection->columns, blocks->dim * width));
    TRY(NEW_ARRAY(ctx, &projection->products, blocks->block_rows * width));
    TRY(NEW_ARRAY(ctx, &projection->tau, width));
    TRY(NEW_ARRAY(ctx, &projection->work, 32 * width));
    TRY(NEW_ZEROED(ctx, &projection->small, width * width));
    TRY(NEW_ARRAY(ctx, &projection->values, width));
    return NEW_ARRAY(ctx, &projection->turns, width * width);
}

static void projection_close(Context *ctx, Projection *projection) {
    FREE_ARRAY(ctx, &projection->basis);
    FREE_ARRAY(ctx, &projection->next);
    FREE_ARRAY(ctx, &projection->columns);
    FREE_ARRAY(ctx, &projection->products);
    FREE_ARRAY(ctx, &projection->tau);
    FREE_ARRAY(ctx, &projection->work);
    FREE_ARRAY(ctx, &projection->small);
    FREE_ARRAY(ctx, &projection->values);
    FREE_ARRAY(ctx, &projection->turns);
}

/* basis = an orthonormal basis of the columns of matrix[dim x width]. */
static Status projection_orthonormalise(Context *ctx, Projection *projection, const double *matrix) {
    const size_t dim = projection->blocks->dim, width = projection->width;
    const int m = (int)dim, n = (int)width, lwork = 32 * n;
    int info = 0;
    for (size_t d = 0; d < dim; d++)
        for (size_t column = 0; column < width; column++)
            projection->columns[column * dim + d] = matrix[d * width + column];
    dgeqrf_(&m, &n, projection->columns, &m, projection->tau, projection->work, &lwork, &info);
    if (info == 0) dorgqr_(&m, &n, &n, projection->columns, &m, projection->tau, projection->work, &lwork, &info);
    if (info != 0) return context_fail(ctx, SPICA_ERROR_NUMERIC, "eigenvectors: LAPACK's QR ends with %d", info);
    for (size_t d = 0; d < dim; d++)
        for (size_t column = 0; column < width; column++)
            projection->basis[d * width + column] = projection->columns[column * dim + d];
    return SPICA_OK;
}

/* basis = an orthonormal basis of X^T X basis. */
static Status projection_pass(Context *ctx, Projection *projection) {
    const MatrixBlocks *blocks = projection->blocks;
    const size_t dim = blocks->dim, width = projection->width;
    memset(projection->next, 0, dim * width * sizeof *projection->next);
    for (size_t first = 0, rows; (rows = matrix_blocks_load(blocks, first)) > 0; first += rows) {
        matrix_product(blocks->threads, PRODUCT_PLAIN, projection->products, blocks->rows, projection->basis, rows,
                       width, dim, 0);
        matrix_product(blocks->threads, PRODUCT_LEFT_TRANSPOSED, projection->next, blocks->rows, projection->products,
                       dim, width, rows, 1);
        TRY(context_check_cancel(ctx));
    }
    return projection_orthonormalise(ctx, projection, projection->next);
}

static Status projection_begin(Context *ctx, Projection *projection, uint64_t seed) {
    Random random = random_at(seed, RANDOM_PROJECTION, 0, 0, 0);
    for (size_t i = 0; i < projection->blocks->dim * projection->width; i++)
        projection->next[i] = (double)random_normal(&random);
    return projection_orthonormalise(ctx, projection, projection->next);
}

static Status projected_vectors(Context *ctx, double *squares, double *vectors, Projection *projection, size_t rank,
                                uint64_t seed) {
    const MatrixBlocks *blocks = projection->blocks;
    const size_t dim = blocks->dim, width = projection->width;
    TRY(projection_begin(ctx, projection, seed));
    for (int pass = 0; pass < POWER_PASSES; pass++)
        TRY(projection_pass(ctx, projection));
    for (size_t first = 0, rows; (rows = matrix_blocks_load(blocks, first)) > 0; first += rows) {
        matrix_product(blocks->threads, PRODUCT_PLAIN, projection->products, blocks->rows, projection->basis, rows,
                       width, dim, 0);
        matrix_add_squares(1, projection->small, projection->products, rows, width);
    }
    TRY(symmetric_largest(ctx, projection->values, projection->turns, projection->small, width, rank));
    memcpy(squares, projection->values, rank * sizeof *squares);
    matrix_product(blocks->threads, PRODUCT_RIGHT_TRANSPOSED, vectors, projection->turns, projection->basis, rank, dim,
                   width, 0);
    return SPICA_OK;
}

static void vector_fix_sign(double *vector, size_t dim) {
    size_t largest = 0;
    for (size_t d = 1; d < dim; d++)
        if (fabs(vector[d]) > fabs(vector[largest])) largest = d;
    if (vector[largest] >= 0) return;
    for (size_t d = 0; d < dim; d++)
        vector[d] = -vector[d];
}

Status leading_vectors(Context *ctx, double *squares, double *vectors, const float *values, size_t count, size_t dim,
                       const double *shift, size_t rank, uint64_t seed, size_t exact_dim) {
    MatrixBlocks blocks = {0};
    Projection projection = {0};
    const int callers = blas_threads_set(1);
    Status status;
    TRY_GOTO(status, close, matrix_blocks_open(ctx, &blocks, values, count, dim, shift));
    if (dim <= (exact_dim > 0 ? exact_dim : EXACT_DIM)) {
        TRY_GOTO(status, close, exact_vectors(ctx, squares, vectors, &blocks, rank));
    } else {
        TRY_GOTO(status, close, projection_open(ctx, &projection, &blocks, rank));
        TRY_GOTO(status, close, projected_vectors(ctx, squares, vectors, &projection, rank, seed));
    }
    for (size_t i = 0; i < rank; i++) {
        if (!(squares[i] > 0)) squares[i] = 0;
        vector_fix_sign(vectors + i * dim, dim);
    }
close:
    blas_threads_restore(callers);
    projection_close(ctx, &projection);
    matrix_blocks_close(ctx, &blocks);
    return status;
}
