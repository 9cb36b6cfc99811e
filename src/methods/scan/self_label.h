/* SCAN's self-labelling: strong views learn, by cross-entropy, what the network is sure of about the untouched
 * pictures.
 */
#ifndef SPICA_METHODS_SCAN_SELF_LABEL_H
#define SPICA_METHODS_SCAN_SELF_LABEL_H

#include "augment/augment.h"
#include "nn/model.h"
#include "nn/optimiser.h"

typedef struct SelfLabelSettings {
    ModelSpec model; /* with head */
    double epochs;   /* passes over the pictures */
    size_t batch;    /* pictures a step */
    float threshold; /* sure: a probability above this */
    bool balanced;   /* every cluster among a step's sure pictures weighs the same */
    OptimiserSettings optimiser;
    float learning_rate;  /* constant */
    Policy plain, strong; /* plain: the untouched picture */
    uint64_t seed;
} SelfLabelSettings;

typedef struct SelfLabelTrainer SelfLabelTrainer;

/* As scan_settings_clip and scan_steps. */
void self_label_settings_clip(Context *ctx, SelfLabelSettings *settings, size_t count);
int64_t self_label_steps(const SelfLabelSettings *settings, size_t count);

/* start: a model of the same sizes, whose weights are copied. The dataset must outlive the trainer. */
Status self_label_open(Context *ctx, SelfLabelTrainer **trainer, const SelfLabelSettings *settings,
                       const Dataset *dataset, const Model *start);
void self_label_close(Context *ctx, SelfLabelTrainer **trainer);

typedef struct SelfLabelStep {
    double loss; /* 0 where no picture was sure */
    double used; /* share of the step's pictures that were sure */
} SelfLabelStep;

/* One optimisation step; where no picture is sure, the weights stay. */
Status self_label_step(Context *ctx, SelfLabelTrainer *trainer, SelfLabelStep *report);

/* The step's arithmetic on ready views, NHWC, `batch` of each kind. */
Status self_label_step_on_views(Context *ctx, SelfLabelTrainer *trainer, const float *plain, const float *strong,
                                SelfLabelStep *report);

/* Adds everything that a step changes to a state. A new trainer of the same settings, data and start that is given it
 * goes on with the same bits. */
Status self_label_state(Context *ctx, SelfLabelTrainer *trainer, StateParts *parts);

/* The model that is trained. Valid until self_label_close. */
Model *self_label_model(SelfLabelTrainer *trainer);

#endif
