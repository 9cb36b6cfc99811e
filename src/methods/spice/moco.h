/* SPICE stage 1: the feature model by MoCo v2 (Eq. 1 of SPICE; He et al. 2020, Chen et al. 2020).
 *
 * Floor plan of the folder:
 *   moco.h            this file: stage 1
 *   prototypes.h      stage 2's E-step: prototype pseudo-labels (Eq. 2-4); select_top.h: its k largest
 *   head.h            stage 2: ten heads by expectation and maximisation, the best one kept
 *   head_mlp.h        the heads' matrix products, forward and backward
 *   head_views.h      the features that they see: fresh views or a bank
 *   reliable.h        stage 3's labels (Eq. 6-7)
 *   joint.h           stage 3: FixMatch on them (Eq. 8-9)
 *   denormals.h       numbers too small to matter, kept from slowing the heads down
 *   order_walk.h      shuffled rounds over the pictures
 *   schedule_limits.h what a stage checks and changes in its settings */
#ifndef SPICA_METHODS_SPICE_MOCO_H
#define SPICA_METHODS_SPICE_MOCO_H

#include "augment/augment.h"
#include "nn/init.h"
#include "nn/model.h"
#include "nn/optimiser.h"

typedef struct MocoSettings {
    ModelSpec model;        /* with projection, without head */
    int64_t steps;          /* of the whole stage */
    int64_t schedule_steps; /* over which the learning rate falls, then it stays; 0: steps. moco_set_schedule */
    size_t batch;           /* pictures a step */
    size_t queue;           /* negatives, a multiple of batch */
    float temperature;
    float momentum;   /* mu of the key encoder */
    bool ema_warmup;  /* min(mu, (1 + t) / (10 + t)) */
    bool queue_keys;  /* the queue starts with keys of the untrained encoder, else with random directions */
    float neighbours; /* share of queries whose positive is their key's nearest in the queue, after one epoch */
    int bn_groups;    /* batch norm over groups, keys shuffled between them: the effect of shuffling BN; 1: off */
    bool symmetric;   /* both views as queries (twice the work and the signal of a step) */
    OptimiserSettings optimiser;
    float learning_rate;
    ScheduleKind schedule;
    bool step_schedule; /* the rate set at every step instead of once per epoch */
    InitRule init;
    Policy policy;
    uint64_t seed;
} MocoSettings;

typedef struct MocoTrainer MocoTrainer;

/* Fits the settings to `count` pictures and logs what changed: the batch at most N; the queue at most N/4 and a
 * multiple of the batch, but at least one batch; batch norm groups that divide the batch, of at least 2 pictures; the
 * batch norm momentum floored to the schedule's length. moco_open does so itself, on a copy. */
void moco_settings_clip(Context *ctx, MocoSettings *settings, size_t count);

/* Initialises both encoders and the queue. auxiliary: pictures to learn from besides the dataset's, of the same shape,
 * or NULL. Both must outlive the trainer. */
Status moco_open(Context *ctx, MocoTrainer **trainer, const MocoSettings *settings, const Dataset *dataset,
                 const Dataset *auxiliary);
void moco_close(Context *ctx, MocoTrainer **trainer);

/* One optimisation step. *loss: Eq. 1, mean over the batch; *accuracy: share of positives ranked first. */
Status moco_step(Context *ctx, MocoTrainer *trainer, double *loss, double *accuracy);

/* From the next step on the learning rate falls over so many steps, counted from the first. */
void moco_set_schedule(MocoTrainer *trainer, int64_t schedule_steps);

/* The learning rate of the next step. */
float moco_learning_rate(const MocoTrainer *trainer);

/* Adds everything that a step changes to a state. A new trainer of the same settings and data that is given it goes on
 * with the same bits; the settings' schedule_steps may have been set in between. */
Status moco_state(Context *ctx, MocoTrainer *trainer, StateParts *parts);

/* The step's arithmetic on ready views, each batch x height x width x channels: moco_step without its drawing. Not
 * symmetric: query_views pass the query encoder, key_views the key encoder; symmetric: both pass both. */
Status moco_step_on_views(Context *ctx, MocoTrainer *trainer, const float *query_views, const float *key_views,
                          double *loss, double *accuracy);

/* The queue's rows[queue x projection], and which of them the next batch of keys replaces. Valid until moco_close. */
const float *moco_queue(const MocoTrainer *trainer, size_t *next);

/* The key encoder; valid until moco_close. */
Model *moco_key_model(MocoTrainer *trainer);

/* The query encoder, valid until moco_close. Its batch norm buffers are the running ones. */
Model *moco_model(MocoTrainer *trainer);

/* Steps per pass over the dataset (the last batch is dropped). */
int64_t moco_steps_per_epoch(const MocoSettings *settings, size_t count);

#endif
