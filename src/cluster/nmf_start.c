#include "cluster/nmf_start.h"

#include <math.h>

#include "cluster/blas_threads.h"
#include "cluster/leading_vectors.h"
#include "cluster/matrix_blocks.h"

/* Non-negative double singular value decomposition (Boutsidis and Gallopoulos 2008, doi:10.1016/j.patcog.2007.09.010).
 *
 *   X ~ sum_j s_j u_j v_j^T     leading singular triplets
 *   of u_j and v_j, the positive parts or the negative parts, whichever have the larger |u| |v|, each divided by its
 *   length and times sqrt(s_j |u| |v|); those of the first triplet have one sign anyway, and are taken whole
 *
 * Entries below 1e-6 become the mean of X (their variant "a", scikit-learn's default), from where every entry can move.
 * A triplet whose singular value is 0 gives a component that is the mean everywhere. Cost: leading_vectors.c's, one
 * pass more, and no memory besides. */

#define SMALL 1e-6

/* The lengths of the positive and of the negative part of a column. */
typedef struct Signed {
    double lengths[2];
} Signed;

static Signed column_measure(const double *matrix, size_t rows, size_t columns, size_t column) {
    double squares[2] = {0};
    for (size_t row = 0; row < rows; row++) {
        const double value = matrix[row * columns + column];
        squares[value < 0] += value * value;
    }
    return (Signed){{sqrt(squares[0]), sqrt(squares[1])}};
}

static void column_take(double *matrix, size_t rows, size_t columns, size_t column, bool negative, double scale) {
    for (size_t row = 0; row < rows; row++) {
        double *value = &matrix[row * columns + column];
        const double part = negative ? -*value : *value;
        *value = part > 0 ? part * scale : 0;
    }
}

static void small_fill(double *matrix, size_t size, double mean) {
    for (size_t i = 0; i < size; i++)
        if (!(matrix[i] >= SMALL)) matrix[i] = mean;
}

/* From shares = X V, whose columns are s_j u_j, and parts = V. */
static void triplet_split(Nmf *nmf, size_t column, double singular) {
    const size_t columns = nmf->components;
    const Signed u = column_measure(nmf->shares, nmf->count, columns, column);
    const Signed v = column_measure(nmf->parts, nmf->dim, columns, column);
    const double positive = u.lengths[0] * v.lengths[0], negative = u.lengths[1] * v.lengths[1];
    const bool flipped = negative > positive;
    const double u_length = u.lengths[flipped], v_length = v.lengths[flipped];
    /* |u| |v| with u of length 1 is u_length v_length / s. */
    const bool none = !(singular > 0) || !(u_length > 0) || !(v_length > 0);
    const double root = none ? 0 : sqrt(u_length * v_length);
    column_take(nmf->shares, nmf->count, columns, column, flipped, none ? 0 : root / u_length);
    column_take(nmf->parts, nmf->dim, columns, column, flipped, none ? 0 : root / v_length);
}

/* shares = X V. */
static Status shares_project(Context *ctx, Nmf *nmf, const float *points) {
    MatrixBlocks blocks = {0};
    const int callers = blas_threads_set(1);
    Status status;
    TRY_GOTO(status, close, matrix_blocks_open(ctx, &blocks, points, nmf->count, nmf->dim, NULL));
    for (size_t first = 0, rows; (rows = matrix_blocks_load(&blocks, first)) > 0; first += rows)
        matrix_product(blocks.threads, PRODUCT_PLAIN, nmf->shares + first * nmf->components, blocks.rows, nmf->parts,
                       rows, nmf->components, nmf->dim, 0);
close:
    blas_threads_restore(callers);
    matrix_blocks_close(ctx, &blocks);
    return status;
}

static Status all_mean(Context *ctx, double *mean, const float *points, size_t count, size_t dim) {
    double *means;
    TRY(NEW_ARRAY(ctx, &means, dim));
    const Status status = matrix_mean(ctx, "NMF", means, points, count, dim);
    *mean = 0;
    for (size_t d = 0; status == SPICA_OK && d < dim; d++)
        *mean += means[d] / (double)dim;
    FREE_ARRAY(ctx, &means);
    return status;
}

Status nmf_start(Context *ctx, Nmf *nmf, const float *points, uint64_t seed) {
    const size_t count = nmf->count, dim = nmf->dim, components = nmf->components;
    double mean, *squares = NULL, *vectors = NULL;
    Status status;
    TRY(all_mean(ctx, &mean, points, count, dim));
    TRY_GOTO(status, close, NEW_ARRAY(ctx, &squares, components));
    TRY_GOTO(status, close, NEW_ARRAY(ctx, &vectors, components * dim));
    TRY_GOTO(status, close, leading_vectors(ctx, squares, vectors, points, count, dim, NULL, components, seed, 0));
    for (size_t d = 0; d < dim; d++)
        for (size_t component = 0; component < components; component++)
            nmf->parts[d * components + component] = vectors[component * dim + d];
    TRY_GOTO(status, close, shares_project(ctx, nmf, points));
    for (size_t component = 0; component < components; component++)
        triplet_split(nmf, component, squares[component]);
    small_fill(nmf->shares, count * components, mean);
    small_fill(nmf->parts, dim * components, mean);
close:
    FREE_ARRAY(ctx, &squares);
    FREE_ARRAY(ctx, &vectors);
    return status;
}
