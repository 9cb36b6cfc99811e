/* SPICE stage 3: joint training on reliable pseudo-labels, FixMatch (Eq. 8-9; Sohn et al. 2020). */
#ifndef SPICA_METHODS_SPICE_JOINT_H
#define SPICA_METHODS_SPICE_JOINT_H

#include "augment/augment.h"
#include "nn/init.h"
#include "nn/model.h"
#include "nn/optimiser.h"

typedef struct JointSettings {
    ModelSpec model; /* with head, without projection */
    int64_t steps;
    int64_t schedule_steps;  /* over which the learning rate falls, then it stays; 0: steps */
    size_t batch;            /* labelled pictures a step */
    int ratio;               /* unlabelled per labelled: 7 */
    float threshold;         /* eta */
    float unlabelled_weight; /* of Eq. 9's second term */
    bool one_forward;        /* weak unlabelled views share the batch statistics of one forward (program), else a
                                forward of their own that keeps nothing (cheaper) */
    int bn_groups; /* batch norm over equal, contiguous groups of a forward's pictures, as many as divide them;
                      1: off */
    float ema;     /* of the evaluated weights */
    bool ema_warmup;
    OptimiserSettings optimiser;
    float learning_rate;
    InitRule init; /* of a fresh start */
    Policy weak, strong;
    uint64_t seed;
} JointSettings;

typedef struct JointTrainer JointTrainer;

/* Fits the settings to `count` pictures and logs what changed: the batch at most N, the ratio so that a step's
 * unlabelled pictures are at most N; the batch norm momentum floored to the schedule's length. joint_open does so
 * itself, on a copy. */
void joint_settings_clip(Context *ctx, JointSettings *settings, size_t count);

/* reliable[N]: label or -1. start: weights to begin from (same backbone and head sizes), or NULL for a fresh
 * initialisation. Needs at least one labelled picture. */
Status joint_open(Context *ctx, JointTrainer **trainer, const JointSettings *settings, const Dataset *dataset,
                  const int32_t *reliable, const Model *start);
void joint_close(Context *ctx, JointTrainer **trainer);

typedef struct JointStep {
    double labelled_loss, unlabelled_loss;
    double used; /* share of unlabelled pictures whose weak view passed the threshold */
} JointStep;

Status joint_step(Context *ctx, JointTrainer *trainer, JointStep *report);

/* The learning rate of the next step. */
float joint_learning_rate(const JointTrainer *trainer);

/* Adds everything that a step changes to a state. A new trainer of the same settings, data and labels that is given it
 * goes on with the same bits. */
Status joint_state(Context *ctx, JointTrainer *trainer, StateParts *parts);

/* A step's ready views, NHWC floats of the model's input size. */
typedef struct JointViews {
    const float *labelled;        /* batch: weak views of labelled pictures */
    const int32_t *labels;        /* batch */
    const float *unlabelled_weak; /* ratio x batch */
    const float *unlabelled_strong;
} JointViews;

/* The step's arithmetic on ready views: joint_step without its drawing. */
Status joint_step_on_views(Context *ctx, JointTrainer *trainer, const JointViews *views, JointStep *report);

/* The model that is trained. Valid until joint_close. */
Model *joint_trained_model(JointTrainer *trainer);

/* The moving-average model, which is the one evaluated. Valid until joint_close. */
Model *joint_model(JointTrainer *trainer);

#endif
