#include "cluster/pca.h"

#include <limits.h>

#include "base/simd.h"
#include "cluster/blas_threads.h"
#include "cluster/leading_vectors.h"
#include "cluster/matrix_blocks.h"

/* Principal component analysis (Hotelling 1933, doi:10.1037/h0071325).
 *
 *   directions = leading eigenvectors of sum_i (x_i - mean)(x_i - mean)^T
 *   variances  = their eigenvalues / (count - 1)
 *
 * A direction's sign makes its entry of largest magnitude positive. Where all points are equal, the variances are 0 and
 * the directions any orthonormal ones; of a single point, the variances are 0, too. Eigenvectors, cost and memory:
 * leading_vectors.c; a projection costs O(count x dim x components). */

static Status settings_check(Context *ctx, const PcaSettings *settings, size_t count, size_t dim) {
    if (settings->components == 0 || dim == 0 || dim > INT_MAX / 26)
        return context_fail(ctx, SPICA_ERROR_OPTION, "PCA: cannot find %zu components of vectors of %zu numbers",
                            settings->components, dim);
    if (settings->components > count || settings->components > dim)
        return context_fail(ctx, SPICA_ERROR_DATA, "PCA: %zu components asked for, but only %zu points of %zu numbers",
                            settings->components, count, dim);
    return SPICA_OK;
}

SIMD_VERSIONS static void columns_add_squares(double *sums, const double *rows, size_t count, size_t dim) {
    for (size_t row = 0; row < count; row++)
        for (size_t d = 0; d < dim; d++)
            sums[d] += rows[row * dim + d] * rows[row * dim + d];
}

/* The sum over all directions of the squared distances to the mean. */
static Status squares_total(Context *ctx, double *total, const float *points, size_t count, size_t dim,
                            const double *mean) {
    MatrixBlocks blocks = {0};
    double *sums = NULL;
    Status status;
    *total = 0;
    TRY_GOTO(status, close, NEW_ZEROED(ctx, &sums, dim));
    TRY_GOTO(status, close, matrix_blocks_open(ctx, &blocks, points, count, dim, mean));
    for (size_t first = 0, rows; (rows = matrix_blocks_load(&blocks, first)) > 0; first += rows)
        columns_add_squares(sums, blocks.rows, rows, dim);
    for (size_t d = 0; d < dim; d++)
        *total += sums[d];
close:
    matrix_blocks_close(ctx, &blocks);
    FREE_ARRAY(ctx, &sums);
    return status;
}

Status pca_fit(Context *ctx, Pca *pca, const PcaSettings *settings, const float *points, size_t count, size_t dim) {
    *pca = (Pca){.dim = dim, .components = settings->components};
    TRY(settings_check(ctx, settings, count, dim));
    TRY(NEW_ARRAY(ctx, &pca->mean, dim));
    TRY(NEW_ARRAY(ctx, &pca->directions, pca->components * dim));
    TRY(NEW_ARRAY(ctx, &pca->variances, pca->components));
    TRY(matrix_mean(ctx, "PCA", pca->mean, points, count, dim));
    TRY(leading_vectors(ctx, pca->variances, pca->directions, points, count, dim, pca->mean, pca->components,
                        settings->seed, settings->exact_dim));
    TRY(squares_total(ctx, &pca->total_variance, points, count, dim, pca->mean));
    const double freedom = count > 1 ? (double)(count - 1) : 1;
    for (size_t i = 0; i < pca->components; i++)
        pca->variances[i] /= freedom;
    pca->total_variance /= freedom;
    return SPICA_OK;
}

void pca_close(Context *ctx, Pca *pca) {
    FREE_ARRAY(ctx, &pca->mean);
    FREE_ARRAY(ctx, &pca->directions);
    FREE_ARRAY(ctx, &pca->variances);
}

Status pca_project(Context *ctx, const Pca *pca, float *projected, const float *points, size_t count) {
    MatrixBlocks blocks = {0};
    double *products = NULL;
    const size_t width = pca->components;
    const int callers = blas_threads_set(1);
    Status status;
    TRY_GOTO(status, close, matrix_blocks_open(ctx, &blocks, points, count, pca->dim, pca->mean));
    TRY_GOTO(status, close, NEW_ARRAY(ctx, &products, blocks.block_rows * width));
    for (size_t first = 0, rows; (rows = matrix_blocks_load(&blocks, first)) > 0; first += rows) {
        matrix_product(blocks.threads, PRODUCT_RIGHT_TRANSPOSED, products, blocks.rows, pca->directions, rows, width,
                       pca->dim, 0);
        for (size_t i = 0; i < rows * width; i++)
            projected[first * width + i] = (float)products[i];
        TRY_GOTO(status, close, context_check_cancel(ctx));
    }
close:
    blas_threads_restore(callers);
    FREE_ARRAY(ctx, &products);
    matrix_blocks_close(ctx, &blocks);
    return status;
}
