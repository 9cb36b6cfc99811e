/* SPICE stage 1: the feature model by MoCo v2 (Eq. 1 of SPICE; He et al. 2020, Chen et al. 2020). */
#ifndef SPICA_METHODS_SPICE_MOCO_H
#define SPICA_METHODS_SPICE_MOCO_H

#include "augment/augment.h"
#include "nn/model.h"
#include "nn/optimiser.h"

typedef struct MocoSettings {
    ModelSpec model; /* with projection, without head */
    int64_t steps;   /* of the whole stage: sets the schedule */
    size_t batch;    /* pictures a step */
    size_t queue;    /* negatives, a multiple of batch */
    float temperature;
    float momentum;  /* mu of the key encoder */
    bool ema_warmup; /* min(mu, (1 + t) / (10 + t)) */
    int bn_groups;   /* batch norm over groups, keys shuffled between them: the effect of shuffling BN; 1: off */
    bool symmetric;  /* both views as queries (twice the work and the signal of a step) */
    OptimiserSettings optimiser;
    float learning_rate;
    bool cosine;        /* else constant */
    bool step_schedule; /* cosine set at every step instead of once per epoch */
    Policy policy;
    uint64_t seed;
} MocoSettings;

typedef struct MocoTrainer MocoTrainer;

/* Initialises both encoders and the queue. The dataset must outlive the trainer. */
Status moco_open(Context *ctx, MocoTrainer **trainer, const MocoSettings *settings, const Dataset *dataset);
void moco_close(Context *ctx, MocoTrainer **trainer);

/* One optimisation step. *loss: Eq. 1, mean over the batch; *accuracy: share of positives ranked first. */
Status moco_step(Context *ctx, MocoTrainer *trainer, double *loss, double *accuracy);

/* The query encoder, valid until moco_close. Its batch norm buffers are the running ones. */
Model *moco_model(MocoTrainer *trainer);

/* Steps per pass over the dataset (the last batch is dropped). */
int64_t moco_steps_per_epoch(const MocoSettings *settings, size_t count);

#endif
