/* Where stage 2's features of weak and strong views come from: one backbone pass per picture and kind in every E-step,
 * shared by all heads, or a bank of views drawn once (the backbone is frozen). */
#ifndef SPICA_METHODS_SPICE_HEAD_VIEWS_H
#define SPICA_METHODS_SPICE_HEAD_VIEWS_H

#include "methods/spice/head.h"
#include "nn/plan.h"

typedef struct HeadViews {
    const HeadSettings *settings;
    const Dataset *dataset;
    Model *backbone;
    size_t dim, estep;     /* D, M */
    float *weak, *strong;  /* M x D: the features of the current pictures' views */
    float *weak_bank;      /* bank x N x D, or NULL without a bank */
    float *strong_bank;    /* as weak_bank */
    Plan *training_plan;   /* strong views with batch statistics (train_bn), or NULL */
    size_t training_batch; /* its pictures */
    float *training_input;
} HeadViews;

/* Allocates, and draws the bank where there is one. settings, dataset and backbone must outlive the views. */
Status head_views_open(Context *ctx, HeadViews *views, const HeadSettings *settings, const Dataset *dataset,
                       Model *backbone);
void head_views_close(Context *ctx, HeadViews *views);

/* Fills weak and strong for the M pictures rows[]. step counts the E-steps since the beginning: another step, other
 * views. */
Status head_views_fill(Context *ctx, HeadViews *views, const int64_t *rows, uint64_t step);

/* Pictures of a pass that goes over `count` in equal passes of at most `batch`. */
size_t head_even_batch(size_t count, size_t batch);

#endif
