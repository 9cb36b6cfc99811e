/* One clustering head that learns given labels from features that stay as they are. */
#ifndef SPICA_METHODS_SPICE_LABELLED_HEAD_H
#define SPICA_METHODS_SPICE_LABELLED_HEAD_H

#include "nn/optimiser.h"

typedef struct LabelledHeadSettings {
    size_t clusters;
    size_t hidden;  /* of the head, not 0 */
    int64_t epochs; /* passes over the labelled rows */
    size_t batch;   /* rows of a step; 0: all */
    OptimiserSettings optimiser;
    float learning_rate;
    uint64_t seed;
} LabelledHeadSettings;

/* *weights: the head's parameters as in HeadResult, owned by the caller, trained by plain cross-entropy on the rows of
 * features[count x dim] that have a label: labels[count], 0 .. clusters-1 or -1, at least one of them. *loss: the mean
 * over the last epoch. Does not depend on the number of threads. Errors: SPICA_ERROR_NUMERIC, SPICA_CANCELLED. */
Status labelled_head_train(Context *ctx, const LabelledHeadSettings *settings, const float *features, size_t count,
                           size_t dim, const int32_t *labels, float **weights, double *loss);

#endif
