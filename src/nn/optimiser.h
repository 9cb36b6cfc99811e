/* Optimisers, schedules and moving averages: one loop each over a network's flat block. */
#ifndef SPICA_NN_OPTIMISER_H
#define SPICA_NN_OPTIMISER_H

#include "nn/params.h"

typedef enum OptimiserKind { OPTIMISER_SGD, OPTIMISER_ADAM } OptimiserKind;
typedef enum DecayRule { DECAY_ALL, DECAY_ALL_BUT_NORMS } DecayRule; /* MoCo's, FixMatch's */

typedef struct OptimiserSettings {
    OptimiserKind kind;
    DecayRule decay_rule;
    float weight_decay;          /* added to the gradient, as PyTorch does */
    float momentum;              /* SGD */
    bool nesterov;               /* SGD */
    float beta1, beta2, epsilon; /* Adam; all zero: 0.9, 0.999, 1e-8 */
} OptimiserSettings;

typedef struct Optimiser {
    OptimiserSettings settings;
    size_t count;   /* floats, as Params.count */
    float *first;   /* momentum, or Adam's first moment; owned */
    float *second;  /* Adam's second moment, or NULL; owned */
    uint64_t steps; /* steps taken */
} Optimiser;

Status optimiser_open(Context *ctx, Optimiser *optimiser, const OptimiserSettings *settings, const Params *params);
void optimiser_close(Context *ctx, Optimiser *optimiser);

/* One step on params->values from params->gradients, as torch.optim.SGD / Adam; calls params_changed. */
void optimiser_step(Context *ctx, Optimiser *optimiser, Params *params, float learning_rate);

/* Adds the moments and the number of steps to a state, as "PREFIX.first" .... */
Status optimiser_state(Context *ctx, Optimiser *optimiser, const char *prefix, StateParts *parts);

/* How a learning rate falls from its start to the end of the training. */
typedef enum ScheduleKind { SCHEDULE_CONSTANT, SCHEDULE_COSINE, SCHEDULE_STEP } ScheduleKind;

/* The rate at `progress`, on [0, 1], of a training that began with `base`. */
float schedule_rate(ScheduleKind kind, float base, double progress);

/* base, a tenth of it from 60 % of the training on, a hundredth from 80 %: MoCo's steps at 120 and 160 of 200 epochs.
 */
float schedule_step(float base, double progress);

/* base * (1 + cos(pi * progress)) / 2, progress on [0, 1]. */
float schedule_cosine(float base, double progress);

/* FixMatch: base * cos(7/16 * pi * progress). */
float schedule_cosine_7_16(float base, double progress);

/* average = mu * average + (1 - mu) * values, over the weights; the buffers are copied when copy_buffers. mu is
 * min(mu, (1 + step) / (10 + step)) when warmup. Both blocks must be of equal networks. Calls params_changed(average).
 */
void moving_average_update(Context *ctx, Params *average, const Params *values, float mu, bool warmup, uint64_t step,
                           bool copy_buffers);

#endif
