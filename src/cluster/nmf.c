#include "cluster/nmf.h"

#include <limits.h>
#include <math.h>
#include <string.h>

#include "base/simd.h"
#include "cluster/blas_threads.h"
#include "cluster/matrix_blocks.h"
#include "cluster/nmf_start.h"

/* min |X - W H|^2 over W, H >= 0, by hierarchical alternating least squares: one column of a factor after the other is
 * set to its best value while all else stands (Cichocki and Phan 2009, doi:10.1587/transfun.E92.A.708).
 *
 *   w_it = max(0, w_it - g_it / (H H^T)_tt)     g_it = (W H H^T - X H^T)_it, with the w of this row as they are by now
 *   and H^T likewise, from X^T W and W^T W
 *   until the sum of |projected g| over both, relative to the first iteration's, is at most the tolerance
 *
 * Projected: where w is 0, a positive g counts as 0. These are the steps, order and end of scikit-learn's solver "cd".
 * A column whose square is 0 stays. A row of zeros has shares 0. With as many components as rows, or columns, the
 * product reaches the points. An iteration is one pass over the points, O(count x dim x components); memory
 * 8 (count + 3 dim) components bytes and a block. Rows of a factor are independent, products go by fixed tiles, sums
 * row by row: bits do not depend on the number of threads. */

/* Everything of the iterations. Zeroed may be closed. */
typedef struct Hals {
    Nmf *nmf;
    MatrixBlocks blocks;
    double *squares;      /* [components x components]: H H^T, then W^T W */
    double *row_products; /* [block_rows x components]: X H^T */
    double *products;     /* [dim x components]: X^T W */
    double *violations;   /* [max(block_rows, dim)] */
} Hals;

static Status hals_open(Context *ctx, Hals *hals, Nmf *nmf, const float *points) {
    const size_t components = nmf->components;
    hals->nmf = nmf;
    TRY(matrix_blocks_open(ctx, &hals->blocks, points, nmf->count, nmf->dim, NULL));
    const size_t block_rows = hals->blocks.block_rows;
    TRY(NEW_ARRAY(ctx, &hals->squares, components * components));
    TRY(NEW_ARRAY(ctx, &hals->row_products, block_rows * components));
    TRY(NEW_ARRAY(ctx, &hals->products, nmf->dim * components));
    return NEW_ARRAY(ctx, &hals->violations, block_rows > nmf->dim ? block_rows : nmf->dim);
}

static void hals_close(Context *ctx, Hals *hals) {
    matrix_blocks_close(ctx, &hals->blocks);
    FREE_ARRAY(ctx, &hals->squares);
    FREE_ARRAY(ctx, &hals->row_products);
    FREE_ARRAY(ctx, &hals->products);
    FREE_ARRAY(ctx, &hals->violations);
}

/* squares = factor^T factor, whole. */
static void squares_make(double *squares, const double *factor, size_t rows, size_t components) {
    memset(squares, 0, components * components * sizeof *squares);
    matrix_product(1, PRODUCT_LEFT_TRANSPOSED, squares, factor, factor, components, components, rows, 0);
}

/* One row of a factor, column by column; returns the sum of its projected gradients. */
SIMD_VERSIONS static double row_update(double *row, const double *squares, const double *products, size_t components) {
    double violation = 0;
    for (size_t t = 0; t < components; t++) {
        const double *square = squares + t * components;
        double gradient = -products[t];
        for (size_t r = 0; r < components; r++)
            gradient += square[r] * row[r];
        violation += row[t] > 0 || gradient < 0 ? fabs(gradient) : 0;
        if (square[t] > 0) {
            const double value = row[t] - gradient / square[t];
            row[t] = value > 0 ? value : 0;
        }
    }
    return violation;
}

/* All rows of factor[rows x components]; returns the sum of the violations. */
static double rows_update(Hals *hals, double *factor, const double *products, size_t rows) {
    const size_t components = hals->nmf->components;
    double sum = 0;
#pragma omp parallel for schedule(static) num_threads(hals->blocks.threads)
    for (size_t row = 0; row < rows; row++)
        hals->violations[row] =
            row_update(factor + row * components, hals->squares, products + row * components, components);
    for (size_t row = 0; row < rows; row++)
        sum += hals->violations[row];
    return sum;
}

/* W, then H; *violation: the sum of the projected gradients. */
static Status hals_step(Context *ctx, Hals *hals, double *violation) {
    Nmf *nmf = hals->nmf;
    const MatrixBlocks *blocks = &hals->blocks;
    const size_t dim = nmf->dim, components = nmf->components;
    *violation = 0;
    squares_make(hals->squares, nmf->parts, dim, components);
    memset(hals->products, 0, dim * components * sizeof *hals->products);
    for (size_t first = 0, rows; (rows = matrix_blocks_load(blocks, first)) > 0; first += rows) {
        double *shares = nmf->shares + first * components;
        matrix_product(blocks->threads, PRODUCT_PLAIN, hals->row_products, blocks->rows, nmf->parts, rows, components,
                       dim, 0);
        *violation += rows_update(hals, shares, hals->row_products, rows);
        matrix_product(blocks->threads, PRODUCT_LEFT_TRANSPOSED, hals->products, blocks->rows, shares, dim, components,
                       rows, 1);
        TRY(context_check_cancel(ctx));
    }
    squares_make(hals->squares, nmf->shares, nmf->count, components);
    *violation += rows_update(hals, nmf->parts, hals->products, dim);
    return SPICA_OK;
}

static Status hals_iterate(Context *ctx, Hals *hals, const NmfSettings *settings) {
    Nmf *nmf = hals->nmf;
    const int iterations = settings->iterations > 0 ? settings->iterations : 200;
    const double tolerance = settings->tolerance > 0 ? settings->tolerance : 1e-4;
    double first = 0;
    nmf->converged = false;
    for (nmf->iterations = 0; nmf->iterations < iterations && !nmf->converged; nmf->iterations++) {
        double violation;
        TRY(hals_step(ctx, hals, &violation));
        if (nmf->iterations == 0) first = violation;
        nmf->converged = violation <= tolerance * first;
    }
    return SPICA_OK;
}

/* Of one row of the points, the sum of (x - w H)^2. */
SIMD_VERSIONS static double row_error(const double *x, const double *shares, const double *parts, size_t dim,
                                      size_t components) {
    double sum = 0;
    for (size_t d = 0; d < dim; d++) {
        double rest = x[d];
        for (size_t t = 0; t < components; t++)
            rest -= shares[t] * parts[d * components + t];
        sum += rest * rest;
    }
    return sum;
}

static void hals_measure(Hals *hals) {
    Nmf *nmf = hals->nmf;
    const MatrixBlocks *blocks = &hals->blocks;
    double sum = 0;
    for (size_t first = 0, rows; (rows = matrix_blocks_load(blocks, first)) > 0; first += rows) {
#pragma omp parallel for schedule(static) num_threads(blocks->threads)
        for (size_t row = 0; row < rows; row++)
            hals->violations[row] =
                row_error(blocks->rows + row * nmf->dim, nmf->shares + (first + row) * nmf->components, nmf->parts,
                          nmf->dim, nmf->components);
        for (size_t row = 0; row < rows; row++)
            sum += hals->violations[row];
    }
    nmf->error = sqrt(sum);
}

Status nmf_refine(Context *ctx, Nmf *nmf, const NmfSettings *settings, const float *points) {
    Hals hals = {0};
    const int callers = blas_threads_set(1);
    Status status;
    TRY_GOTO(status, close, hals_open(ctx, &hals, nmf, points));
    TRY_GOTO(status, close, hals_iterate(ctx, &hals, settings));
    hals_measure(&hals);
close:
    blas_threads_restore(callers);
    hals_close(ctx, &hals);
    return status;
}

static Status points_check(Context *ctx, const float *points, size_t count, size_t dim) {
    for (size_t i = 0; i < count * dim; i++)
        if (points[i] < 0)
            return context_fail(ctx, SPICA_ERROR_DATA, "NMF: row %zu, column %zu is below 0", i / dim, i % dim);
    return SPICA_OK;
}

static Status input_check(Context *ctx, const NmfSettings *settings, const float *points, size_t count, size_t dim) {
    if (settings->components == 0 || dim == 0 || dim > INT_MAX / 26)
        return context_fail(ctx, SPICA_ERROR_OPTION, "NMF: cannot find %zu components of vectors of %zu numbers",
                            settings->components, dim);
    if (settings->components > count || settings->components > dim)
        return context_fail(ctx, SPICA_ERROR_DATA, "NMF: %zu components asked for, but only %zu points of %zu numbers",
                            settings->components, count, dim);
    return points_check(ctx, points, count, dim);
}

Status nmf_fit(Context *ctx, Nmf *nmf, const NmfSettings *settings, const float *points, size_t count, size_t dim) {
    *nmf = (Nmf){.count = count, .dim = dim, .components = settings->components};
    TRY(input_check(ctx, settings, points, count, dim));
    TRY(NEW_ARRAY(ctx, &nmf->shares, count * nmf->components));
    TRY(NEW_ARRAY(ctx, &nmf->parts, dim * nmf->components));
    TRY(nmf_start(ctx, nmf, points, settings->seed));
    return nmf_refine(ctx, nmf, settings, points);
}

/* A row's steps end when its projected gradient has fallen to this part of the first: the square root of double
 * precision, far below what could change a label. */
#define ROW_TOLERANCE 1e-8
#define ROW_STEPS 1000

/* The best shares of a row for parts that stand; their problem is convex, so where they start is no matter. */
static void row_solve(double *row, const double *squares, const double *products, size_t components) {
    double first = 0;
    memset(row, 0, components * sizeof *row);
    for (int step = 0; step < ROW_STEPS; step++) {
        const double violation = row_update(row, squares, products, components);
        if (step == 0) first = violation;
        if (violation <= ROW_TOLERANCE * first) return;
    }
}

static Status rows_solve(Context *ctx, Hals *hals) {
    const MatrixBlocks *blocks = &hals->blocks;
    const size_t components = hals->nmf->components;
    for (size_t first = 0, rows; (rows = matrix_blocks_load(blocks, first)) > 0; first += rows) {
        matrix_product(blocks->threads, PRODUCT_PLAIN, hals->row_products, blocks->rows, hals->nmf->parts, rows,
                       components, hals->nmf->dim, 0);
#pragma omp parallel for schedule(static) num_threads(blocks->threads)
        for (size_t row = 0; row < rows; row++)
            row_solve(hals->nmf->shares + (first + row) * components, hals->squares,
                      hals->row_products + row * components, components);
        TRY(context_check_cancel(ctx));
    }
    return SPICA_OK;
}

Status nmf_transform(Context *ctx, Nmf *nmf, const float *points) {
    Hals hals = {0};
    TRY(points_check(ctx, points, nmf->count, nmf->dim));
    const int callers = blas_threads_set(1);
    Status status;
    TRY_GOTO(status, close, hals_open(ctx, &hals, nmf, points));
    squares_make(hals.squares, nmf->parts, nmf->dim, nmf->components);
    TRY_GOTO(status, close, rows_solve(ctx, &hals));
close:
    blas_threads_restore(callers);
    hals_close(ctx, &hals);
    return status;
}

void nmf_close(Context *ctx, Nmf *nmf) {
    FREE_ARRAY(ctx, &nmf->shares);
    FREE_ARRAY(ctx, &nmf->parts);
}

/* lengths[components]: of the parts. */
static void parts_measure(const Nmf *nmf, double *lengths) {
    const size_t components = nmf->components;
    memset(lengths, 0, components * sizeof *lengths);
    for (size_t d = 0; d < nmf->dim; d++)
        for (size_t t = 0; t < components; t++)
            lengths[t] += nmf->parts[d * components + t] * nmf->parts[d * components + t];
    for (size_t t = 0; t < components; t++)
        lengths[t] = sqrt(lengths[t]);
}

Status nmf_assign(Context *ctx, const Nmf *nmf, int32_t *labels, float *confidences) {
    const size_t components = nmf->components;
    double *lengths;
    TRY(NEW_ARRAY(ctx, &lengths, components));
    parts_measure(nmf, lengths);
    for (size_t row = 0; row < nmf->count; row++) {
        const double *shares = nmf->shares + row * components;
        size_t largest = 0;
        double sum = 0;
        for (size_t t = 0; t < components; t++) {
            if (shares[t] * lengths[t] > shares[largest] * lengths[largest]) largest = t;
            sum += shares[t] * lengths[t];
        }
        labels[row] = (int32_t)largest;
        if (confidences != NULL) confidences[row] = sum > 0 ? (float)(shares[largest] * lengths[largest] / sum) : 0.0f;
    }
    FREE_ARRAY(ctx, &lengths);
    return SPICA_OK;
}
