/* SCAN's losses: pure functions over rows of logits, with their gradients. */
#ifndef SPICA_METHODS_SCAN_SCAN_LOSS_H
#define SPICA_METHODS_SCAN_SCAN_LOSS_H

#include <stdbool.h>

#include "base/memory.h"

typedef struct ScanLoss {
    double consistency; /* mean of -log <p_i, q_i> */
    double entropy;     /* of the mean of the p_i: log K where all clusters are equally large */
    double total;       /* consistency - lambda * entropy */
} ScanLoss;

/* anchors, neighbours: logits[rows x clusters] of pictures and of one neighbour of each; p_i and q_i are their softmax.
 * lambda: the entropy's weight. d_anchors, d_neighbours (both or neither NULL): the total's gradient. work: 2 x rows x
 * clusters floats. A pair whose product is below the smallest normal double counts as that, without a gradient. */
ScanLoss scan_loss(float *d_anchors, float *d_neighbours, const float *anchors, const float *neighbours, size_t rows,
                   size_t clusters, float lambda, float *work);

/* The same of probabilities[count x clusters] and all pairs of a picture and the first `asked` of its
 * neighbours[count x each], with lambda 1: by it the authors' program tells one epoch from another. Does not depend on
 * the number of threads. */
ScanLoss scan_measure(Context *ctx, const float *probabilities, size_t count, size_t clusters,
                      const int32_t *neighbours, size_t each, size_t asked);

/* Cross-entropy of logits[rows x clusters] against labels[rows], -1 for none: the mean over the labelled rows or,
 * balanced, one in which every cluster that has labelled rows weighs the same. 0, and a gradient of 0, where no row is
 * labelled. d_logits may be NULL. weights: rows floats, sizes: clusters, both for work. */
double self_label_loss(float *d_logits, const float *logits, const int32_t *labels, size_t rows, size_t clusters,
                       bool balanced, float *weights, size_t *sizes);

#endif
