#include "methods/scan/scan_loss.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "nn/losses.h"

/* s = <p, q>: loss -log s; d z_j = p_j - p_j q_j / s for the logits of p, q_j - p_j q_j / s for those of q. Gradients
 * times scale. */
static double pair_loss(float *d_anchor, float *d_neighbour, const float *p, const float *q, size_t clusters,
                        double scale) {
    double similarity = 0.0;
    for (size_t k = 0; k < clusters; k++)
        similarity += (double)p[k] * (double)q[k];
    const bool lost = similarity < DBL_MIN;
    if (d_anchor != NULL)
        for (size_t k = 0; k < clusters; k++) {
            const double shared = lost ? 0.0 : (double)p[k] * (double)q[k] / similarity;
            d_anchor[k] = lost ? 0.0f : (float)(scale * ((double)p[k] - shared));
            d_neighbour[k] = lost ? 0.0f : (float)(scale * ((double)q[k] - shared));
        }
    return -log(lost ? DBL_MIN : similarity);
}

ScanLoss scan_loss(float *d_anchors, float *d_neighbours, const float *anchors, const float *neighbours, size_t rows,
                   size_t clusters, float lambda, float *work) {
    float *p = work, *q = work + rows * clusters;
    ScanLoss loss = {0};
    softmax_rows(p, anchors, rows, clusters, 1.0f);
    softmax_rows(q, neighbours, rows, clusters, 1.0f);
    for (size_t i = 0; i < rows; i++) {
        const size_t at = i * clusters;
        loss.consistency +=
            pair_loss(d_anchors != NULL ? d_anchors + at : NULL, d_anchors != NULL ? d_neighbours + at : NULL, p + at,
                      q + at, clusters, 1.0 / (double)rows);
    }
    loss.consistency /= (double)rows;
    loss.entropy = -mean_entropy(d_anchors, anchors, rows, clusters, lambda, work);
    loss.total = loss.consistency - (double)lambda * loss.entropy;
    return loss;
}

/* The sum of -log <p_i, p_j> over rows first .. end-1 and their neighbours. */
static double measure_rows(const float *probabilities, size_t first, size_t end, size_t clusters,
                           const int32_t *neighbours, size_t each, size_t asked) {
    double sum = 0.0;
    for (size_t i = first; i < end; i++)
        for (size_t j = 0; j < asked; j++) {
            const size_t other = (size_t)neighbours[i * each + j];
            sum += pair_loss(NULL, NULL, probabilities + i * clusters, probabilities + other * clusters, clusters, 1.0);
        }
    return sum;
}

/* Of the mean of all rows. */
static double measure_entropy(const float *probabilities, size_t count, size_t clusters) {
    double entropy = 0.0;
    for (size_t k = 0; k < clusters; k++) {
        double mean = 0.0;
        for (size_t i = 0; i < count; i++)
            mean += (double)probabilities[i * clusters + k];
        mean /= (double)count;
        if (mean > 0.0) entropy -= mean * log(mean);
    }
    return entropy;
}

ScanLoss scan_measure(Context *ctx, const float *probabilities, size_t count, size_t clusters,
                      const int32_t *neighbours, size_t each, size_t asked) {
    enum { BLOCKS = 64 };
    double partial[BLOCKS] = {0};
    const size_t share = (count + BLOCKS - 1) / BLOCKS;
#pragma omp parallel for schedule(static) num_threads(ctx->threads)
    for (int block = 0; block < BLOCKS; block++) {
        const size_t first = (size_t)block * share, end = first + share < count ? first + share : count;
        if (first < end) partial[block] = measure_rows(probabilities, first, end, clusters, neighbours, each, asked);
    }
    ScanLoss loss = {.entropy = measure_entropy(probabilities, count, clusters)};
    for (int block = 0; block < BLOCKS; block++)
        loss.consistency += partial[block];
    loss.consistency /= (double)count * (double)asked;
    loss.total = loss.consistency - loss.entropy;
    return loss;
}

double self_label_loss(float *d_logits, const float *logits, const int32_t *labels, size_t rows, size_t clusters,
                       bool balanced, float *weights, size_t *sizes) {
    double sum = 0.0;
    memset(sizes, 0, clusters * sizeof *sizes);
    for (size_t i = 0; i < rows; i++)
        if (labels[i] >= 0) sizes[labels[i]]++;
    for (size_t i = 0; i < rows; i++) {
        weights[i] = labels[i] < 0 ? 0.0f : balanced ? 1.0f / (float)sizes[labels[i]] : 1.0f;
        sum += (double)weights[i];
    }
    return cross_entropy(d_logits, logits, labels, weights, rows, clusters, CE_PLAIN, 1.0f, sum > 0.0 ? sum : 1.0);
}
