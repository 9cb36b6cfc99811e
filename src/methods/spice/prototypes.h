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
 * be NULL). Ties by smaller index. The list goes by cluster, within a cluster by ascending row. Without overlap the
 * clusters choose in their order; where K > count, the last ones then find nothing left. */
Status prototype_labels(Context *ctx, const PrototypeSettings *settings, const float *embeddings,
                        const float *probabilities, size_t count, size_t dim, int32_t *rows, int32_t *labels,
                        size_t *labelled, float *centres);

/* The memory that labelling `count` pictures needs, so that it can be done again and again, and in a worker thread.
 * Zeroed may be closed. */
typedef struct PrototypeWork {
    float *similarities; /* K x count: cosines times the centre's length */
    float *centres;      /* K x dim, Eq. 3 */
    double *sum;         /* dim */
    uint32_t *keys;      /* count */
    uint8_t *taken;      /* count */
    int32_t *chosen;     /* prototype_share(count, K) */
} PrototypeWork;

Status prototype_work_open(Context *ctx, PrototypeWork *work, size_t clusters, size_t count, size_t dim);
void prototype_work_close(Context *ctx, PrototypeWork *work);

/* Pictures that a cluster labels: floor(count / K), at least 1. */
size_t prototype_share(size_t count, size_t clusters);

/* As prototype_labels, leaving the centres in the work; returns how many pairs were written. Runs on the calling
 * thread alone, BLAS too if the caller has set it to one thread. */
size_t prototype_assign(const PrototypeSettings *settings, const float *embeddings, const float *probabilities,
                        size_t count, size_t dim, PrototypeWork *work, int32_t *rows, int32_t *labels);

#endif
