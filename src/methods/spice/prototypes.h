/* SPICE's prototype pseudo-labels (Eq. 2-4). */
#ifndef SPICA_METHODS_SPICE_PROTOTYPES_H
#define SPICA_METHODS_SPICE_PROTOTYPES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/memory.h"

typedef struct PrototypeSettings {
    size_t clusters;
    double confident_ratio; /* top confident_ratio * M/K pictures make a centre: 1.0 in the paper, 0.5 in the program */
    bool overlap;           /* a picture may carry several labels */
} PrototypeSettings;

/* embeddings[count x dim] L2-normalised (f_i), probabilities[count x K] (p_i). Writes the labelled list, at most
 * K * floor(count / K) (at least 1 per cluster) pairs: rows[] and labels[], *labelled how many; centres[K x dim] (may
 * be NULL). Ties by smaller index. */
Status prototype_labels(Context *ctx, const PrototypeSettings *settings, const float *embeddings,
                        const float *probabilities, size_t count, size_t dim, int32_t *rows, int32_t *labels,
                        size_t *labelled, float *centres);

#endif
