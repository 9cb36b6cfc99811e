#include "methods/pica/pui.h"

#include <cblas.h>
#include <float.h>
#include <math.h>
#include <stdbool.h>

#include "cluster/blas_threads.h"

/* Shorter rows count as this long, as in torch.nn.functional.normalize. */
#define LENGTH_LEAST 1e-12

Status pui_open(Context *ctx, Pui *pui, size_t pictures, size_t repeats, size_t clusters) {
    *pui = (Pui){.pictures = pictures, .repeats = repeats, .clusters = clusters};
    TRY(NEW_ARRAY(ctx, &pui->summed, pictures * clusters));
    TRY(NEW_ARRAY(ctx, &pui->index, clusters * clusters));
    TRY(NEW_ARRAY(ctx, &pui->along, 2 * clusters));
    TRY(NEW_ARRAY(ctx, &pui->scales, 2 * clusters));
    return NEW_ARRAY(ctx, &pui->work, 3 * clusters);
}

void pui_close(Context *ctx, Pui *pui) {
    FREE_ARRAY(ctx, &pui->summed);
    FREE_ARRAY(ctx, &pui->index);
    FREE_ARRAY(ctx, &pui->along);
    FREE_ARRAY(ctx, &pui->scales);
    FREE_ARRAY(ctx, &pui->work);
    *pui = (Pui){0};
}

/* ---- forward ---- */

/* sums[K] += each column's values (or, `squared`, their squares) */
static void add_columns(double *sums, const float *matrix, size_t rows, size_t columns, bool squared) {
    for (size_t i = 0; i < rows; i++)
        for (size_t k = 0; k < columns; k++) {
            const double value = (double)matrix[i * columns + k];
            sums[k] += squared ? value * value : value;
        }
}

/* summed[b x K] = sum over the r copies. The original batch stands r times in Eq. 8's rows, once for every copy, so its
 * products with the copies are its product with their sum. */
static void sum_copies(Pui *pui, const float *perturbed) {
    const size_t count = pui->pictures * pui->clusters;
    for (size_t i = 0; i < count; i++) {
        float sum = perturbed[i];
        for (size_t t = 1; t < pui->repeats; t++)
            sum += perturbed[t * count + i];
        pui->summed[i] = sum;
    }
}

/* q_j = p_j / |p_j|: scales[0][j] of the original rows, repeated r times, scales[1][k] of the perturbed ones */
static void measure_lengths(Pui *pui, const float *original, const float *perturbed) {
    const size_t clusters = pui->clusters;
    for (size_t k = 0; k < 2 * clusters; k++)
        pui->work[k] = 0.0;
    add_columns(pui->work, original, pui->pictures, clusters, true);
    add_columns(pui->work + clusters, perturbed, pui->repeats * pui->pictures, clusters, true);
    for (size_t k = 0; k < clusters; k++) {
        const double own = sqrt((double)pui->repeats * pui->work[k]), other = sqrt(pui->work[clusters + k]);
        pui->scales[k] = (float)(1.0 / fmax(own, LENGTH_LEAST));
        pui->scales[clusters + k] = (float)(1.0 / fmax(other, LENGTH_LEAST));
    }
}

/* Eq. 8: M_jk = cos(q_j, q'_k) = sum_i x_ij y_ik / (|x_j| |y_k|) */
static void compute_index(Pui *pui, const float *original) {
    const int k = (int)pui->clusters, b = (int)pui->pictures;
    cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, k, k, b, 1.0f, original, k, pui->summed, k, 0.0f, pui->index,
                k);
    for (size_t j = 0; j < pui->clusters; j++)
        for (size_t other = 0; other < pui->clusters; other++)
            pui->index[j * pui->clusters + other] *= pui->scales[j] * pui->scales[pui->clusters + other];
}

/* Eq. 9-10: the mean over the rows of -log softmax(M_j)_j; leaves in the index its gradient
 * G_jk = (softmax(M_j)_k - [j = k]) / K, and in `along` the sums of G M over rows and over columns. */
static double uncertainty(Pui *pui) {
    const size_t clusters = pui->clusters;
    double loss = 0.0;
    double *columns = pui->work;
    for (size_t k = 0; k < clusters; k++)
        columns[k] = 0.0;
    for (size_t j = 0; j < clusters; j++) {
        float *row = pui->index + j * clusters;
        double sum = 0.0, along = 0.0;
        for (size_t k = 0; k < clusters; k++)
            sum += exp((double)row[k]); /* cosines: no exponential can overflow */
        loss += log(sum) - (double)row[j];
        for (size_t k = 0; k < clusters; k++) {
            const double g = (exp((double)row[k]) / sum - (k == j ? 1.0 : 0.0)) / (double)clusters;
            along += g * (double)row[k];
            columns[k] += g * (double)row[k];
            row[k] = (float)g;
        }
        pui->along[j] = (float)along;
    }
    for (size_t k = 0; k < clusters; k++)
        pui->along[clusters + k] = (float)columns[k];
    return loss / (double)clusters;
}

/* Eq. 11 on the original batch: log K + sum_k z_k log z_k, z_k = s_k / sum s, s_k the mass of cluster k. slopes[K]: its
 * derivative with respect to s_k, (log z_k - sum_j z_j log z_j) / sum s. */
static double imbalance(Pui *pui, const float *original, double *slopes) {
    const size_t clusters = pui->clusters;
    double *mass = pui->work, all = 0.0, negative_entropy = 0.0;
    for (size_t k = 0; k < clusters; k++)
        mass[k] = 0.0;
    add_columns(mass, original, pui->pictures, clusters, false);
    for (size_t k = 0; k < clusters; k++)
        all += mass[k];
    for (size_t k = 0; k < clusters; k++) {
        const double share = mass[k] / all;
        slopes[k] = log(fmax(share, (double)FLT_MIN));
        negative_entropy += share * slopes[k];
    }
    for (size_t k = 0; k < clusters; k++)
        slopes[k] = (slopes[k] - negative_entropy) / all;
    return log((double)clusters) + negative_entropy;
}

/* ---- backward ---- */

/* along[2 x K] = (sum of G M) / |row|^2, 0 for a row at its least length, whose scale does not depend on it. */
static void compute_pulls(Pui *pui) {
    for (size_t k = 0; k < 2 * pui->clusters; k++) {
        const float scale = pui->scales[k];
        pui->along[k] = scale >= (float)(1.0 / LENGTH_LEAST) ? 0.0f : pui->along[k] * scale * scale;
    }
}

/* d x_j += lambda * slope_j - r pull_j x_j */
static void finish_original(const Pui *pui, const float *original, float lambda, const double *slopes,
                            float *d_original) {
    const size_t clusters = pui->clusters;
    const float repeats = (float)pui->repeats;
    for (size_t i = 0; i < pui->pictures; i++)
        for (size_t k = 0; k < clusters; k++)
            d_original[i * clusters + k] +=
                lambda * (float)slopes[k] - repeats * pui->along[k] * original[i * clusters + k];
}

/* d y_k = (what stands in the first copy's place) - pull_k y_k, the first copy last */
static void finish_perturbed(const Pui *pui, const float *perturbed, float *d_perturbed) {
    const size_t clusters = pui->clusters, pictures = pui->pictures;
    const float *pulls = pui->along + clusters;
    for (size_t row = pui->repeats * pictures; row-- > 0;) {
        const float *shared = d_perturbed + row % pictures * clusters, *own = perturbed + row * clusters;
        float *d_row = d_perturbed + row * clusters;
        for (size_t k = 0; k < clusters; k++)
            d_row[k] = shared[k] - pulls[k] * own[k];
    }
}

/* With H_jk = G_jk / (|x_j| |y_k|):
 * d x_j = sum_k H_jk (sum over copies of y_k) - x_j r (sum_k G_jk M_jk) / |x_j|^2, |x_j| taken over the r repeats;
 * d y_k = sum_j H_jk x_j - y_k (sum_j G_jk M_jk) / |y_k|^2, for every copy. */
static void differentiate(Pui *pui, const float *original, const float *perturbed, float lambda, const double *slopes,
                          float *d_original, float *d_perturbed) {
    const size_t clusters = pui->clusters;
    const int k = (int)clusters, b = (int)pui->pictures;
    for (size_t j = 0; j < clusters; j++)
        for (size_t other = 0; other < clusters; other++)
            pui->index[j * clusters + other] *= pui->scales[j] * pui->scales[clusters + other];
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, b, k, k, 1.0f, pui->summed, k, pui->index, k, 0.0f, d_original,
                k);
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, b, k, k, 1.0f, original, k, pui->index, k, 0.0f, d_perturbed,
                k);
    compute_pulls(pui);
    finish_original(pui, original, lambda, slopes, d_original);
    finish_perturbed(pui, perturbed, d_perturbed);
}

PuiLoss pui_loss(Pui *pui, const float *original, const float *perturbed, float lambda, float *d_original,
                 float *d_perturbed) {
    /* K x b x K is little work: one thread, and bits that do not depend on their number. */
    const int threads = blas_threads_set(1);
    double *slopes = pui->work + 2 * pui->clusters;
    PuiLoss loss;
    sum_copies(pui, perturbed);
    measure_lengths(pui, original, perturbed);
    compute_index(pui, original);
    loss.uncertainty = uncertainty(pui);
    loss.imbalance = imbalance(pui, original, slopes);
    loss.total = loss.uncertainty + (double)lambda * loss.imbalance;
    if (d_original != NULL) differentiate(pui, original, perturbed, lambda, slopes, d_original, d_perturbed);
    blas_threads_restore(threads);
    return loss;
}
