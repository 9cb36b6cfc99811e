/* Pseudo-labels by confidence: what a network says surely of one view of a picture is taught to it about another. */
#ifndef SPICA_METHODS_PSEUDO_LABELS_H
#define SPICA_METHODS_PSEUDO_LABELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* labels[rows]: the most probable cluster (ties: the smaller) of each row of probabilities[rows x clusters] where its
 * probability is above the threshold (inclusive: or equal to it), else -1. Returns how many rows pass. */
size_t pseudo_labels(int32_t *labels, const float *probabilities, size_t rows, size_t clusters, float threshold,
                     bool inclusive);

#endif
