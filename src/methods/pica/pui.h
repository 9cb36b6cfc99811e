/* The partition uncertainty index of a batch and its loss (PICA Eq. 5-12): a pure function of two matrices of
 * probabilities, with its gradient. */
#ifndef SPICA_METHODS_PICA_PUI_H
#define SPICA_METHODS_PICA_PUI_H

#include "base/memory.h"

/* A batch's sizes and the buffers that every call uses again. Zeroed may be closed. */
typedef struct Pui {
    size_t pictures; /* b, of the batch */
    size_t repeats;  /* r, perturbed copies of each */
    size_t clusters; /* K */
    float *summed;   /* b x K: sum of a picture's perturbed rows */
    float *index;    /* K x K: the matrix of Eq. 8, then its gradient */
    float *along;    /* 2 x K: what the rows of unit length take back from the gradient */
    float *scales;   /* 2 x K: 1 / length of each cluster's row, original and perturbed */
    double *work;    /* 3 x K: sums over the batch */
} Pui;

Status pui_open(Context *ctx, Pui *pui, size_t pictures, size_t repeats, size_t clusters);
void pui_close(Context *ctx, Pui *pui);

typedef struct PuiLoss {
    double uncertainty; /* Eq. 10: mean over the clusters of the cross-entropy of a row against its diagonal */
    double imbalance;   /* Eq. 11: log K - entropy of the cluster sizes, 0 where all are equal */
    double total;       /* Eq. 12: uncertainty + lambda * imbalance */
} PuiLoss;

/* original: b x K, perturbed: (r b) x K, rows of probabilities; row t b + i of `perturbed` is a copy of picture i.
 * d_original, d_perturbed (both or neither NULL): the gradient of the total with respect to them.
 * A cluster without any mass has index 0 with all others and log size 0 * log 0 = 0; its gradient stays finite. */
PuiLoss pui_loss(Pui *pui, const float *original, const float *perturbed, float lambda, float *d_original,
                 float *d_perturbed);

#endif
