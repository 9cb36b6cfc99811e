/* Losses with their gradients: pure functions over plain matrices, each with its formula in the .c file.
 * d_* outputs may be NULL when only the loss is wanted. Losses are means over the batch and are summed in float64. */
#ifndef SPICA_NN_LOSSES_H
#define SPICA_NN_LOSSES_H

#include "base/memory.h"

/* output[rows x columns] = softmax(logits / temperature) by rows; output may be logits. */
void softmax_rows(float *output, const float *logits, size_t rows, size_t columns, float temperature);

/* d_logits[rows x columns] from d_output for output = softmax_rows(logits) at temperature 1; d_logits may be d_output.
 */
void softmax_rows_backward(float *d_logits, const float *d_output, const float *output, size_t rows, size_t columns);

/* In place: rows to unit L2 norm (eps 1e-12, as torch.nn.functional.normalize); norms[rows] may be NULL. */
void normalize_rows(float *matrix, size_t rows, size_t columns, float *norms);

/* d_input from d_output for y = x / |x|, given y and |x|. d_input may be d_output. */
void normalize_rows_backward(float *d_input, const float *d_output, const float *normalized, const float *norms,
                             size_t rows, size_t columns);

typedef enum CrossEntropyKind {
    CE_PLAIN,          /* -log softmax(logits)[label] */
    CE_TEMPERATURE,    /* -log softmax(logits / temperature)[label] */
    CE_DOUBLE_SOFTMAX, /* Eq. 5: -log softmax(softmax(logits))[label] */
} CrossEntropyKind;

/* Mean over `divisor` (usually rows) of weight[i] * CE(logits[i], labels[i]); label -1: the row counts nothing;
 * weights may be NULL (ones). Returns the loss; writes d_logits[rows x columns]. */
double cross_entropy(float *d_logits, const float *logits, const int32_t *labels, const float *weights, size_t rows,
                     size_t columns, CrossEntropyKind kind, float temperature, double divisor);

/* Table VII's entropy term: sum_k m_k log m_k, m = mean of softmax(logits) over the rows (to be minimised). ADDS
 * scale * gradient to d_logits and returns the unscaled loss. work: rows x columns floats. */
double mean_entropy(float *d_logits, const float *logits, size_t rows, size_t columns, float scale, float *work);

/* Eq. 1, InfoNCE. query, key: rows x dim, L2-normalised; queue: negatives x dim. d_query: rows x dim (with respect to
 * the normalised query; keys and queue take no gradient). work: rows x (negatives + 1) floats. Uses BLAS.
 * *correct (may be NULL): share of rows whose positive is the largest logit. */
double info_nce(Context *ctx, float *d_query, const float *query, const float *key, const float *queue, size_t rows,
                size_t negatives, size_t dim, float temperature, float *work, double *correct);

#endif
