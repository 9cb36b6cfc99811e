#include "cluster/gmm.h"

#include <limits.h>
#include <math.h>
#include <string.h>

#include "base/simd.h"
#include "cluster/blas_threads.h"
#include "cluster/kmeans.h"
#include "cluster/matrix_blocks.h"

/* Expectation maximisation (Dempster, Laird and Rubin 1977, doi:10.1111/j.2517-6161.1977.tb01600.x) for
 *
 *   p(x) = sum_k weight_k prod_d normal(x_d; mean_kd, variance_kd)
 *
 *   E   log r_ik = log weight_k - 1/2 sum_d (log 2 pi variance_kd + (x_id - mean_kd)^2 / variance_kd) - log p(x_i)
 *   M   n_k = sum_i r_ik + 10 epsilon     weight_k = n_k / count      mean_k = sum_i r_ik x_i / n_k
 *       variance_k = sum_i r_ik x_i^2 / n_k - mean_k^2 + floor
 *   until the mean of log p(x_i) gains less than the tolerance
 *
 * These are scikit-learn's conventions (GaussianMixture, covariance_type "diag"). log p is a log-sum-exp about the
 * largest term. Squares are expanded, so that both steps are matrix products, on points relative to the mean of all, in
 * double precision. The start is the M step of a clustering. A cluster that loses all points keeps the mean of all and
 * the floor as its variance, and a weight near 0; equal points end at the floor; with as many clusters as points each
 * is a point. An iteration is one pass over the points: O(count x dim x clusters), memory 4 dim x clusters doubles and
 * a block, none of it per point. Sums go row by row, products by fixed tiles: bits do not depend on the number of
 * threads.
 */

/* Everything while the mixture changes. Zeroed may be closed. Matrices stand with a column for each cluster, as the
 * products want them. */
typedef struct Em {
    Gmm *gmm;
    MatrixBlocks blocks;
    double *mean;          /* [dim]: of all points, which are taken relative to it */
    double *linear;        /* [dim x clusters]: mean / variance */
    double *quadratic;     /* [dim x clusters]: -1/2 / variance */
    double *constant;      /* [clusters] */
    double *sums;          /* [dim x clusters]: sum_i r_ik x_i */
    double *square_sums;   /* [dim x clusters]: sum_i r_ik x_i^2 */
    double *sizes;         /* [clusters]: sum_i r_ik */
    double *squares;       /* [block_rows x dim] */
    double *shares;        /* [block_rows x clusters]: log r_ik, then r_ik */
    double *log_densities; /* [block_rows]: log p(x_i) */
} Em;

static Status em_open(Context *ctx, Em *em, Gmm *gmm, const float *points, size_t count) {
    const size_t dim = gmm->dim, clusters = gmm->clusters;
    em->gmm = gmm;
    TRY(NEW_ARRAY(ctx, &em->mean, dim));
    TRY(matrix_mean(ctx, "mixture", em->mean, points, count, dim));
    TRY(matrix_blocks_open(ctx, &em->blocks, points, count, dim, em->mean));
    TRY(NEW_ARRAY(ctx, &em->linear, dim * clusters));
    TRY(NEW_ARRAY(ctx, &em->quadratic, dim * clusters));
    TRY(NEW_ARRAY(ctx, &em->constant, clusters));
    TRY(NEW_ARRAY(ctx, &em->sums, dim * clusters));
    TRY(NEW_ARRAY(ctx, &em->square_sums, dim * clusters));
    TRY(NEW_ARRAY(ctx, &em->sizes, clusters));
    TRY(NEW_ARRAY(ctx, &em->squares, em->blocks.block_rows * dim));
    TRY(NEW_ARRAY(ctx, &em->shares, em->blocks.block_rows * clusters));
    return NEW_ARRAY(ctx, &em->log_densities, em->blocks.block_rows);
}

static void em_close(Context *ctx, Em *em) {
    matrix_blocks_close(ctx, &em->blocks);
    FREE_ARRAY(ctx, &em->mean);
    FREE_ARRAY(ctx, &em->linear);
    FREE_ARRAY(ctx, &em->quadratic);
    FREE_ARRAY(ctx, &em->constant);
    FREE_ARRAY(ctx, &em->sums);
    FREE_ARRAY(ctx, &em->square_sums);
    FREE_ARRAY(ctx, &em->sizes);
    FREE_ARRAY(ctx, &em->squares);
    FREE_ARRAY(ctx, &em->shares);
    FREE_ARRAY(ctx, &em->log_densities);
}

/* linear, quadratic and constant of the mixture as it is. */
static void em_prepare(Em *em) {
    const size_t dim = em->gmm->dim, clusters = em->gmm->clusters;
    const double log_two_pi = 1.8378770664093454836;
    for (size_t cluster = 0; cluster < clusters; cluster++) {
        double sum = 0;
        for (size_t d = 0; d < dim; d++) {
            const double mean = em->gmm->means[cluster * dim + d] - em->mean[d];
            const double variance = em->gmm->variances[cluster * dim + d];
            em->linear[d * clusters + cluster] = mean / variance;
            em->quadratic[d * clusters + cluster] = -0.5 / variance;
            sum += log_two_pi + log(variance) + mean * mean / variance;
        }
        em->constant[cluster] = log(em->gmm->weights[cluster]) - 0.5 * sum;
    }
}

SIMD_VERSIONS static void values_square(double *squares, const double *values, size_t count) {
    for (size_t i = 0; i < count; i++)
        squares[i] = values[i] * values[i];
}

static void block_square(Em *em, size_t rows) {
    const size_t dim = em->gmm->dim;
#pragma omp parallel for schedule(static) num_threads(em->blocks.threads)
    for (size_t row = 0; row < rows; row++)
        values_square(em->squares + row * dim, em->blocks.rows + row * dim, dim);
}

/* shares[clusters] from log(weight x density) to r; returns log p(x). */
static double shares_normalise(double *shares, size_t clusters) {
    double largest = shares[0], sum = 0;
    for (size_t cluster = 1; cluster < clusters; cluster++)
        if (shares[cluster] > largest) largest = shares[cluster];
    for (size_t cluster = 0; cluster < clusters; cluster++)
        sum += exp(shares[cluster] - largest);
    const double log_density = largest + log(sum);
    for (size_t cluster = 0; cluster < clusters; cluster++)
        shares[cluster] = exp(shares[cluster] - log_density);
    return log_density;
}

/* shares and log_densities of the block that was loaded; squares too. */
static void block_expect(Em *em, size_t rows) {
    const size_t dim = em->gmm->dim, clusters = em->gmm->clusters;
    const int threads = em->blocks.threads;
    block_square(em, rows);
    for (size_t row = 0; row < rows; row++)
        memcpy(em->shares + row * clusters, em->constant, clusters * sizeof *em->shares);
    matrix_product(threads, PRODUCT_PLAIN, em->shares, em->blocks.rows, em->linear, rows, clusters, dim, 1);
    matrix_product(threads, PRODUCT_PLAIN, em->shares, em->squares, em->quadratic, rows, clusters, dim, 1);
#pragma omp parallel for schedule(static) num_threads(threads)
    for (size_t row = 0; row < rows; row++)
        em->log_densities[row] = shares_normalise(em->shares + row * clusters, clusters);
}

static void sums_clear(Em *em) {
    const size_t dim = em->gmm->dim, clusters = em->gmm->clusters;
    memset(em->sums, 0, dim * clusters * sizeof *em->sums);
    memset(em->square_sums, 0, dim * clusters * sizeof *em->square_sums);
    memset(em->sizes, 0, clusters * sizeof *em->sizes);
}

/* Adds the block, by its shares, to the sums. */
static void block_add(Em *em, size_t rows) {
    const size_t dim = em->gmm->dim, clusters = em->gmm->clusters;
    const int threads = em->blocks.threads;
    matrix_product(threads, PRODUCT_LEFT_TRANSPOSED, em->sums, em->blocks.rows, em->shares, dim, clusters, rows, 1);
    matrix_product(threads, PRODUCT_LEFT_TRANSPOSED, em->square_sums, em->squares, em->shares, dim, clusters, rows, 1);
    for (size_t row = 0; row < rows; row++)
        for (size_t cluster = 0; cluster < clusters; cluster++)
            em->sizes[cluster] += em->shares[row * clusters + cluster];
}

/* The M step, from the sums. */
static void em_maximise(Em *em, double floor) {
    Gmm *gmm = em->gmm;
    const size_t dim = gmm->dim, clusters = gmm->clusters;
    double total = 0;
    for (size_t cluster = 0; cluster < clusters; cluster++) {
        const double size = em->sizes[cluster] + 10 * 0x1p-52;
        for (size_t d = 0; d < dim; d++) {
            const double mean = em->sums[d * clusters + cluster] / size;
            const double variance = em->square_sums[d * clusters + cluster] / size - mean * mean;
            gmm->means[cluster * dim + d] = mean + em->mean[d];
            gmm->variances[cluster * dim + d] = (variance > 0 ? variance : 0) + floor;
        }
        gmm->weights[cluster] = size;
        total += size;
    }
    for (size_t cluster = 0; cluster < clusters; cluster++)
        gmm->weights[cluster] /= total;
}

/* The mixture of a clustering. */
static Status em_start(Context *ctx, Em *em, const int32_t *labels, double floor) {
    const size_t clusters = em->gmm->clusters;
    sums_clear(em);
    for (size_t first = 0, rows; (rows = matrix_blocks_load(&em->blocks, first)) > 0; first += rows) {
        block_square(em, rows);
        memset(em->shares, 0, rows * clusters * sizeof *em->shares);
        for (size_t row = 0; row < rows; row++) {
            const int32_t label = labels[first + row];
            if (label < 0 || (size_t)label >= clusters)
                return context_fail(ctx, SPICA_ERROR_OPTION, "mixture: row %zu starts in cluster %d of %zu",
                                    first + row, (int)label, clusters);
            em->shares[row * clusters + (size_t)label] = 1;
        }
        block_add(em, rows);
    }
    em_maximise(em, floor);
    return SPICA_OK;
}

/* One E step and one M step. */
static Status em_step(Context *ctx, Em *em, double floor) {
    double sum = 0;
    em_prepare(em);
    sums_clear(em);
    for (size_t first = 0, rows; (rows = matrix_blocks_load(&em->blocks, first)) > 0; first += rows) {
        block_expect(em, rows);
        block_add(em, rows);
        for (size_t row = 0; row < rows; row++)
            sum += em->log_densities[row];
        TRY(context_check_cancel(ctx));
    }
    em_maximise(em, floor);
    em->gmm->log_likelihood = sum / (double)em->blocks.count;
    return SPICA_OK;
}

static Status em_iterate(Context *ctx, Em *em, const GmmSettings *settings) {
    Gmm *gmm = em->gmm;
    const int iterations = settings->iterations > 0 ? settings->iterations : 100;
    const double tolerance = settings->tolerance > 0 ? settings->tolerance : 1e-3;
    const double floor = settings->floor > 0 ? settings->floor : 1e-6;
    double previous = (double)-INFINITY;
    while (gmm->iterations < iterations && !gmm->converged) {
        TRY(em_step(ctx, em, floor));
        gmm->iterations++;
        gmm->converged = fabs(gmm->log_likelihood - previous) < tolerance;
        previous = gmm->log_likelihood;
    }
    return SPICA_OK;
}

static Status em_label(Context *ctx, Em *em, int32_t *labels, float *probabilities) {
    const size_t clusters = em->gmm->clusters;
    em_prepare(em);
    for (size_t first = 0, rows; (rows = matrix_blocks_load(&em->blocks, first)) > 0; first += rows) {
        block_expect(em, rows);
        for (size_t row = 0; row < rows; row++) {
            const double *shares = em->shares + row * clusters;
            size_t likeliest = 0;
            for (size_t cluster = 1; cluster < clusters; cluster++)
                if (shares[cluster] > shares[likeliest]) likeliest = cluster;
            labels[first + row] = (int32_t)likeliest;
            if (probabilities == NULL) continue;
            for (size_t cluster = 0; cluster < clusters; cluster++)
                probabilities[(first + row) * clusters + cluster] = (float)shares[cluster];
        }
        TRY(context_check_cancel(ctx));
    }
    return SPICA_OK;
}

static Status settings_check(Context *ctx, const GmmSettings *settings, size_t count, size_t dim) {
    if (settings->clusters == 0 || settings->clusters > INT_MAX || dim == 0 || dim > INT_MAX)
        return context_fail(ctx, SPICA_ERROR_OPTION, "mixture: cannot make %zu clusters of vectors of %zu numbers",
                            settings->clusters, dim);
    if (count < settings->clusters)
        return context_fail(ctx, SPICA_ERROR_DATA, "mixture: %zu clusters asked for, but only %zu points",
                            settings->clusters, count);
    return SPICA_OK;
}

Status gmm_refine(Context *ctx, Gmm *gmm, const GmmSettings *settings, const float *points, size_t count, size_t dim,
                  int32_t *labels) {
    *gmm = (Gmm){.clusters = settings->clusters, .dim = dim};
    TRY(settings_check(ctx, settings, count, dim));
    TRY(NEW_ARRAY(ctx, &gmm->weights, gmm->clusters));
    TRY(NEW_ARRAY(ctx, &gmm->means, gmm->clusters * dim));
    TRY(NEW_ARRAY(ctx, &gmm->variances, gmm->clusters * dim));
    Em em = {0};
    const int callers = blas_threads_set(1);
    Status status;
    TRY_GOTO(status, close, em_open(ctx, &em, gmm, points, count));
    TRY_GOTO(status, close, em_start(ctx, &em, labels, settings->floor > 0 ? settings->floor : 1e-6));
    TRY_GOTO(status, close, em_iterate(ctx, &em, settings));
    TRY_GOTO(status, close, em_label(ctx, &em, labels, NULL));
close:
    blas_threads_restore(callers);
    em_close(ctx, &em);
    return status;
}

Status gmm_fit(Context *ctx, Gmm *gmm, const GmmSettings *settings, const float *points, size_t count, size_t dim,
               int32_t *labels) {
    *gmm = (Gmm){0};
    TRY(settings_check(ctx, settings, count, dim));
    const KmeansSettings start = {
        .clusters = settings->clusters, .starts = settings->starts > 0 ? settings->starts : 1, .seed = settings->seed};
    int32_t *own = NULL;
    Status status;
    if (labels == NULL) TRY(NEW_ARRAY(ctx, &own, count));
    int32_t *found = labels != NULL ? labels : own;
    TRY_GOTO(status, close, kmeans(ctx, &start, points, count, dim, found, NULL, NULL));
    TRY_GOTO(status, close, gmm_refine(ctx, gmm, settings, points, count, dim, found));
close:
    FREE_ARRAY(ctx, &own);
    return status;
}

void gmm_close(Context *ctx, Gmm *gmm) {
    FREE_ARRAY(ctx, &gmm->weights);
    FREE_ARRAY(ctx, &gmm->means);
    FREE_ARRAY(ctx, &gmm->variances);
}

Status gmm_assign(Context *ctx, const Gmm *gmm, int32_t *labels, float *probabilities, const float *points,
                  size_t count) {
    Gmm mixture = *gmm;
    Em em = {0};
    const int callers = blas_threads_set(1);
    Status status;
    TRY_GOTO(status, close, em_open(ctx, &em, &mixture, points, count));
    TRY_GOTO(status, close, em_label(ctx, &em, labels, probabilities));
close:
    blas_threads_restore(callers);
    em_close(ctx, &em);
    return status;
}
