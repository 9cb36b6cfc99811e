/* PICA: partition confidence maximisation (Huang, Gong, Zhu, CVPR 2020), Algorithm 1.
 *
 * Floor plan of the folder:
 *   pica.h   this file: the training of backbone and heads
 *   pui.h    its loss (Eq. 5-12) */
#ifndef SPICA_METHODS_PICA_PICA_H
#define SPICA_METHODS_PICA_PICA_H

#include "augment/augment.h"
#include "methods/pica/pui.h"
#include "nn/init.h"
#include "nn/model.h"
#include "nn/optimiser.h"

typedef struct PicaSettings {
    ModelSpec model;      /* with a linear head and, where one is wanted, an over-clustering head */
    double epochs;        /* passes of each head over its pictures */
    double turn;          /* the heads take turns, each for this part of a pass, or for all epochs if those are fewer */
    bool together;        /* no turns: both heads learn from every step's pictures, of which none are auxiliary */
    size_t batch;         /* b, pictures a step */
    int repeats;          /* r, perturbed copies of each */
    float entropy_weight; /* lambda of Eq. 12 */
    OptimiserSettings optimiser;
    float learning_rate; /* constant */
    InitRule init;
    Policy original, perturbed;
    uint64_t seed;
} PicaSettings;

typedef struct PicaTrainer PicaTrainer;

/* Fits the settings to `count` pictures and logs what changed (the batch at most N), and warns where a head has more
 * clusters than the batch has pictures. pica_open does the former itself, on a copy. */
void pica_settings_clip(Context *ctx, PicaSettings *settings, size_t count);

/* auxiliary: pictures that only the over-clustering head learns from, besides the dataset's, or NULL. Both must outlive
 * the trainer. */
Status pica_open(Context *ctx, PicaTrainer **trainer, const PicaSettings *settings, const Dataset *dataset,
                 const Dataset *auxiliary);
void pica_close(Context *ctx, PicaTrainer **trainer);

typedef struct PicaStep {
    PuiLoss loss;        /* of the head whose turn it was */
    bool overclustering; /* whose turn it was */
    bool both;           /* the over-clustering head learnt in the clustering head's step: */
    PuiLoss beside;      /* its loss */
} PicaStep;

/* One optimisation step of the head whose turn it is. */
Status pica_step(Context *ctx, PicaTrainer *trainer, PicaStep *report);

/* Whether both heads have had the same number of turns. A training that ends elsewhere leaves the clustering head
 * behind the backbone that the other head's turn has moved. */
bool pica_turns_are_even(const PicaTrainer *trainer);

/* Adds everything that a step changes to a state. A new trainer of the same settings and data that is given it goes on
 * with the same bits. */
Status pica_state(Context *ctx, PicaTrainer *trainer, StateParts *parts);

/* The step's arithmetic on ready views: pica_step without its drawing. originals: b pictures, perturbed: r b, of which
 * number t b + i is a copy of original i; NHWC. */
Status pica_step_on_views(Context *ctx, PicaTrainer *trainer, const float *originals, const float *perturbed,
                          PicaStep *report);

/* The model that is trained; valid until pica_close. Its batch norm buffers are the running ones. */
Model *pica_model(PicaTrainer *trainer);

/* Steps of one epoch: a pass of each head over its pictures (a pass drops its last, smaller batch). auxiliary_count: 0
 * without. */
int64_t pica_steps_per_epoch(const PicaSettings *settings, size_t count, size_t auxiliary_count);

/* Steps of the whole training, rounded up to whole turns of both heads. */
int64_t pica_steps(const PicaSettings *settings, size_t count, size_t auxiliary_count);

#endif
