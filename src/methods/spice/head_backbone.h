/* The backbone while stage 2 trains it together with the heads: Table VII's Joint-SH (one head) and Joint-MH. */
#ifndef SPICA_METHODS_SPICE_HEAD_BACKBONE_H
#define SPICA_METHODS_SPICE_HEAD_BACKBONE_H

#include "methods/spice/head.h"
#include "methods/spice/head_mlp.h"
#include "nn/plan.h"

/* A head's pseudo-labels of an E-step. */
typedef struct HeadList {
    int32_t *rows;   /* places among the M pictures, owned */
    int32_t *labels; /* owned */
    size_t count;
} HeadList;

/* What one thread needs for a head's step. */
typedef struct HeadShareWork {
    HeadStepWork step;
    int32_t *rows; /* of a batch's features */
    int32_t *labels;
} HeadShareWork;

/* Zeroed may be closed. */
typedef struct HeadBackbone {
    const HeadSettings *settings;
    const Dataset *dataset;
    Model *backbone;
    size_t estep, batch, dim; /* M, pictures of a step, D */
    Plan *plan;               /* strong views with batch statistics */
    Optimiser optimiser;      /* the backbone's, of the heads' settings and rate */
    HeadList *lists;          /* one per head */
    HeadShareWork *works;     /* one per thread */
    int work_count;
    int64_t *order;    /* M: the pass's */
    int64_t *pictures; /* batch: rows of the data set */
    int32_t *places;   /* M: a picture's place in the batch, or -1 */
    float *input;      /* batch */
    float *shares;     /* heads x batch x D: each head's gradient with respect to the features */
    float *d_features; /* batch x D: their mean */
} HeadBackbone;

/* settings, dataset and backbone must outlive it. */
Status head_backbone_open(Context *ctx, HeadBackbone *joint, const HeadSettings *settings, const Dataset *dataset,
                          Model *backbone, HeadShape shape);
void head_backbone_close(Context *ctx, HeadBackbone *joint);

/* Keeps a copy of a head's labelled list. Heads may be set side by side. */
void head_backbone_set(HeadBackbone *joint, int head, const int32_t *rows, const int32_t *labels, size_t count);

/* The M-step on the M pictures rows[]: passes over their strong views in batches, of which every head learns its
 * labelled ones; the backbone learns from the mean of the heads' gradients. Adds each head's loss, times its pictures,
 * and their number. step: E-steps so far. */
Status head_backbone_train(Context *ctx, HeadBackbone *joint, HeadBlock *heads, Optimiser *optimisers,
                           const int64_t *rows, uint64_t step, double *losses, double *pictures);

/* Adds what a step changes but the heads to a state. */
Status head_backbone_state(Context *ctx, HeadBackbone *joint, StateParts *parts);

#endif
