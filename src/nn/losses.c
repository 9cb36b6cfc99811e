#include "nn/losses.h"

#include <cblas.h>
#include <float.h>
#include <math.h>
#include <omp.h>
#include <stdbool.h>
#include <stdint.h>

#include "nn/vector_math.h"

/* as torch.nn.functional.normalize */
#define NORMALIZE_EPSILON 1e-12f

/* y_j = exp((z_j - max z) / T) / sum. The largest exponent is 0, so that nothing overflows and the sum is at least 1.
 */
SIMD_VERSIONS
static void softmax_row(float *output, const float *row, size_t columns, float inverse_temperature) {
    const float shift = vector_max(row, columns);
    const double sum = vector_exp_sum(output, row, columns, shift, inverse_temperature);
    const float scale = (float)(1.0 / sum);
    for (size_t j = 0; j < columns; j++)
        output[j] *= scale;
}

void softmax_rows(float *output, const float *logits, size_t rows, size_t columns, float temperature) {
    for (size_t i = 0; i < rows; i++)
        softmax_row(output + i * columns, logits + i * columns, columns, 1.0f / temperature);
}

/* p = softmax(z): d z_j = p_j (d p_j - sum_k p_k d p_k) */
SIMD_VERSIONS
static void softmax_row_backward(float *d_row, const float *d_output, const float *output, size_t columns) {
    const float along = (float)vector_dot(d_output, output, columns);
    for (size_t j = 0; j < columns; j++)
        d_row[j] = output[j] * (d_output[j] - along);
}

void softmax_rows_backward(float *d_logits, const float *d_output, const float *output, size_t rows, size_t columns) {
    for (size_t i = 0; i < rows; i++)
        softmax_row_backward(d_logits + i * columns, d_output + i * columns, output + i * columns, columns);
}

SIMD_VERSIONS
static float normalize_row(float *row, size_t columns) {
    const float length = (float)sqrt(vector_dot(row, row, columns));
    const float norm = length < NORMALIZE_EPSILON ? NORMALIZE_EPSILON : length;
    for (size_t j = 0; j < columns; j++)
        row[j] /= norm;
    return norm;
}

void normalize_rows(float *matrix, size_t rows, size_t columns, float *norms) {
    for (size_t i = 0; i < rows; i++) {
        const float norm = normalize_row(matrix + i * columns, columns);
        if (norms != NULL) norms[i] = norm;
    }
}

/* y = x / |x|: dx = (dy - y (y . dy)) / |x|. Below epsilon the divisor was a constant: dx = dy / epsilon. */
SIMD_VERSIONS
static void normalize_row_backward(float *d_input, const float *d_output, const float *normalized, float norm,
                                   size_t columns) {
    const float along = norm > NORMALIZE_EPSILON ? (float)vector_dot(normalized, d_output, columns) : 0.0f;
    for (size_t j = 0; j < columns; j++)
        d_input[j] = (d_output[j] - normalized[j] * along) / norm;
}

void normalize_rows_backward(float *d_input, const float *d_output, const float *normalized, const float *norms,
                             size_t rows, size_t columns) {
    for (size_t i = 0; i < rows; i++)
        normalize_row_backward(d_input + i * columns, d_output + i * columns, normalized + i * columns, norms[i],
                               columns);
}

/* loss = log sum_j exp(z_j / T) - z_label / T;  d z_j = weight / T * (softmax(z / T)_j - [j = label]). d_row may be
 * row. */
SIMD_VERSIONS
static double cross_entropy_row(float *d_row, const float *row, size_t columns, size_t label, float inverse_temperature,
                                double weight) {
    const float shift = vector_max(row, columns);
    const double label_logit = (double)((row[label] - shift) * inverse_temperature);
    const double sum = vector_exp_sum(d_row, row, columns, shift, inverse_temperature);
    const double loss = log(sum) - label_logit;
    if (d_row == NULL) return loss;
    const double slope = weight * (double)inverse_temperature;
    const float scale = (float)(slope / sum);
    for (size_t j = 0; j < columns; j++)
        d_row[j] *= scale;
    d_row[label] -= (float)slope;
    return loss;
}

/* Eq. 5. p = softmax(z), q = softmax(p): loss = log sum_j exp(p_j) - p_label. p lies in [0, 1], so the outer softmax
 * needs no shift. */
SIMD_VERSIONS
static double double_softmax_loss_row(const float *row, size_t columns, size_t label, float shift, double sum) {
    const float scale = (float)(1.0 / sum);
    double lanes[VECTOR_LANES] = {0};
    for (size_t j = 0; j < columns; j++)
        lanes[j % VECTOR_LANES] += (double)vector_exp(vector_exp(row[j] - shift) * scale);
    return log(vector_lane_sum(lanes)) - (double)(vector_exp(row[label] - shift) * scale);
}

/* d p_j = weight * (q_j - [j = label]) =: g_j;  d z_i = p_i (g_i - sum_j p_j g_j). Gradient and loss. */
SIMD_VERSIONS
static double double_softmax_row(float *d_row, const float *row, size_t columns, size_t label, double weight) {
    const float shift = vector_max(row, columns);
    const double inner_sum = vector_exp_sum(d_row, row, columns, shift, 1.0f);
    if (d_row == NULL) return double_softmax_loss_row(row, columns, label, shift, inner_sum);
    const float inner_scale = (float)(1.0 / inner_sum);
    for (size_t j = 0; j < columns; j++)
        d_row[j] *= inner_scale;
    const double outer_sum = vector_exp_sum(NULL, d_row, columns, 0.0f, 1.0f);
    const double loss = log(outer_sum) - (double)d_row[label];
    const float outer_scale = (float)(1.0 / outer_sum);
    double along = -(double)d_row[label];
    for (size_t j = 0; j < columns; j++)
        along += (double)(d_row[j] * (vector_exp(d_row[j]) * outer_scale));
    const float label_p = d_row[label];
    for (size_t j = 0; j < columns; j++) {
        const float p = d_row[j];
        d_row[j] = (float)(weight * (double)p * ((double)(vector_exp(p) * outer_scale) - along));
    }
    d_row[label] -= (float)(weight * (double)label_p);
    return loss;
}

double cross_entropy(float *d_logits, const float *logits, const int32_t *labels, const float *weights, size_t rows,
                     size_t columns, CrossEntropyKind kind, float temperature, double divisor) {
    const float inverse_temperature = kind == CE_TEMPERATURE ? 1.0f / temperature : 1.0f;
    double loss = 0.0;
    for (size_t i = 0; i < rows; i++) {
        const float *row = logits + i * columns;
        float *d_row = d_logits != NULL ? d_logits + i * columns : NULL;
        const double weight = (weights != NULL ? (double)weights[i] : 1.0) / divisor;
        if (labels[i] < 0 || weight == 0.0) {
            if (d_row != NULL) memset(d_row, 0, columns * sizeof *d_row);
            continue;
        }
        const size_t label = (size_t)labels[i];
        loss += weight * (kind == CE_DOUBLE_SOFTMAX
                              ? double_softmax_row(d_row, row, columns, label, weight)
                              : cross_entropy_row(d_row, row, columns, label, inverse_temperature, weight));
    }
    return loss;
}

/* Replaces the first row of p[rows x columns] by log m_k, m_k = mean_i p_ik; returns sum_k m_k log m_k. A cluster that
 * nobody has (m_k = 0) adds 0, its logarithm is kept finite, since it is multiplied by p_ik = 0 afterwards. */
static double mean_log_columns(float *p, size_t rows, size_t columns) {
    double loss = 0.0;
    for (size_t k = 0; k < columns; k++) {
        double mean = 0.0;
        for (size_t i = 0; i < rows; i++)
            mean += (double)p[i * columns + k];
        mean /= (double)rows;
        const double logarithm = log(mean < DBL_MIN ? DBL_MIN : mean);
        loss += mean * logarithm;
        p[k] = (float)logarithm;
    }
    return loss;
}

/* d p_ik = (log m_k + 1) / rows;  d z_ij = p_ij / rows * (log m_j - sum_k p_ik log m_k): the 1 cancels, as the p_ik of
 * a row sum to 1. Adds scale * d z. */
SIMD_VERSIONS
static void mean_entropy_row(float *d_row, const float *row, const float *log_mean, size_t columns, float scale) {
    const float shift = vector_max(row, columns);
    double sum = 0.0, along = 0.0;
    for (size_t j = 0; j < columns; j++) {
        const double value = (double)vector_exp(row[j] - shift);
        sum += value;
        along += value * (double)log_mean[j];
    }
    const float mean_log = (float)(along / sum), slope = (float)((double)scale / sum);
    for (size_t j = 0; j < columns; j++)
        d_row[j] += vector_exp(row[j] - shift) * slope * (log_mean[j] - mean_log);
}

double mean_entropy(float *d_logits, const float *logits, size_t rows, size_t columns, float scale, float *work) {
    if (rows == 0) return 0.0;
    softmax_rows(work, logits, rows, columns, 1.0f);
    const double loss = mean_log_columns(work, rows, columns);
    if (d_logits != NULL)
        for (size_t i = 0; i < rows; i++)
            mean_entropy_row(d_logits + i * columns, logits + i * columns, work, columns, scale / (float)rows);
    return loss;
}

/* ---- Eq. 1. Row i of work is [q_i . queue_1 ... q_i . queue_n, q_i . k_i]. ---- */

/* Fixed blocks of work for the threads; each is one single-threaded product, so that the number of threads changes no
 * bit. */
#define QUEUE_BLOCK 512
#define ROW_BLOCK 32

/* work[rows x (negatives + 1)] but for the last column = query . queue^T */
static void negative_logits(Context *ctx, float *work, const float *query, const float *queue, size_t rows,
                            size_t negatives, size_t dim) {
    const int64_t blocks = (int64_t)((negatives + QUEUE_BLOCK - 1) / QUEUE_BLOCK);
#pragma omp parallel for schedule(static) num_threads(ctx->threads)
    for (int64_t block = 0; block < blocks; block++) {
        omp_set_num_threads(1); /* of this task only: BLAS shall not fork again */
        const size_t first = (size_t)block * QUEUE_BLOCK;
        const size_t width = negatives - first < QUEUE_BLOCK ? negatives - first : QUEUE_BLOCK;
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)rows, (int)width, (int)dim, 1.0f, query, (int)dim,
                    queue + first * dim, (int)dim, 0.0f, work + first, (int)(negatives + 1));
    }
}

/* d_query[rows x dim] = work . [queue; k_i], work holding the logits' gradients */
static void query_gradient(Context *ctx, float *d_query, const float *work, const float *key, const float *queue,
                           size_t rows, size_t negatives, size_t dim) {
    const int64_t blocks = (int64_t)((rows + ROW_BLOCK - 1) / ROW_BLOCK);
#pragma omp parallel for schedule(static) num_threads(ctx->threads)
    for (int64_t block = 0; block < blocks; block++) {
        omp_set_num_threads(1);
        const size_t first = (size_t)block * ROW_BLOCK;
        const size_t last = first + ROW_BLOCK < rows ? first + ROW_BLOCK : rows;
        for (size_t i = first; i < last; i++)
            for (size_t j = 0; j < dim; j++)
                d_query[i * dim + j] = work[i * (negatives + 1) + negatives] * key[i * dim + j];
        if (negatives > 0)
            cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)(last - first), (int)dim, (int)negatives, 1.0f,
                        work + first * (negatives + 1), (int)(negatives + 1), queue, (int)dim, 1.0f,
                        d_query + first * dim, (int)dim);
    }
}

typedef struct NceSum {
    double loss;
    size_t correct;
} NceSum;

/* Adds the row's loss; with_gradient: turns its logits into their gradients. */
SIMD_VERSIONS
static void nce_row(NceSum *sum, float *logits, size_t negatives, float inverse_temperature, double weight,
                    bool with_gradient) {
    const float largest_negative = vector_max(logits, negatives);
    if (logits[negatives] >= largest_negative) sum->correct++;
    float *d_row = with_gradient ? logits : NULL;
    sum->loss += cross_entropy_row(d_row, logits, negatives + 1, negatives, inverse_temperature, weight);
}

double info_nce(Context *ctx, float *d_query, const float *query, const float *key, const float *queue, size_t rows,
                size_t negatives, size_t dim, float temperature, float *work, double *correct) {
    enum { BLOCKS = 64 }; /* partial sums over fixed blocks, added in order */
    NceSum partial[BLOCKS] = {{0}};
    const size_t block_rows = (rows + BLOCKS - 1) / BLOCKS;
    negative_logits(ctx, work, query, queue, rows, negatives, dim);
#pragma omp parallel for schedule(static) num_threads(ctx->threads)
    for (int block = 0; block < BLOCKS; block++)
        for (size_t i = (size_t)block * block_rows; i < ((size_t)block + 1) * block_rows && i < rows; i++) {
            float *logits = work + i * (negatives + 1);
            logits[negatives] = (float)vector_dot(query + i * dim, key + i * dim, dim);
            nce_row(&partial[block], logits, negatives, 1.0f / temperature, 1.0 / (double)rows, d_query != NULL);
        }
    if (d_query != NULL) query_gradient(ctx, d_query, work, key, queue, rows, negatives, dim);
    NceSum total = {0};
    for (int block = 0; block < BLOCKS; block++) {
        total.loss += partial[block].loss;
        total.correct += partial[block].correct;
    }
    if (correct != NULL) *correct = rows > 0 ? (double)total.correct / (double)rows : 0.0;
    return rows > 0 ? total.loss / (double)rows : 0.0;
}
