/* SCAN: semantic clustering by adopting nearest neighbours (Van Gansbeke, Vandenhende, Georgoulis, Proesmans, Van Gool:
 * "SCAN: Learning to Classify Images without Labels", ECCV 2020, doi:10.1007/978-3-030-58607-2_16), on features that
 * have been trained already.
 *
 * Floor plan of the folder:
 *   scan.h        this file: its second step, in which backbone and head learn that neighbours belong together
 *   self_label.h  its third step: the network learns from its own sure predictions
 *   scan_loss.h   the losses of both */
#ifndef SPICA_METHODS_SCAN_SCAN_H
#define SPICA_METHODS_SCAN_SCAN_H

#include "augment/augment.h"
#include "methods/scan/scan_loss.h"
#include "nn/model.h"
#include "nn/optimiser.h"

typedef struct ScanSettings {
    ModelSpec model;      /* with a linear head */
    double epochs;        /* passes over the pictures */
    size_t batch;         /* pictures a step, and as many neighbours */
    float entropy_weight; /* lambda */
    OptimiserSettings optimiser;
    float learning_rate; /* constant */
    Policy strong;       /* of pictures and neighbours both */
    uint64_t seed;
} ScanSettings;

typedef struct ScanTrainer ScanTrainer;

/* Fits the settings to `count` pictures and logs what changed: the batch at most N. scan_open does so itself, on a
 * copy. The batch norm momentum stays: running statistics come with the features, and a length that a clock sets must
 * change nothing but the length. */
void scan_settings_clip(Context *ctx, ScanSettings *settings, size_t count);

/* Steps of the whole training of `count` pictures, and of an epoch's whole batches; at least 1. */
int64_t scan_steps(const ScanSettings *settings, size_t count);
int64_t scan_epoch_steps(const ScanSettings *settings, size_t count);

/* neighbours[N x each]: of every picture, itself among them, of which each step draws one; features: the backbone to
 * begin with. The dataset and the neighbours must outlive the trainer. */
Status scan_open(Context *ctx, ScanTrainer **trainer, const ScanSettings *settings, const Dataset *dataset,
                 const int32_t *neighbours, size_t each, const Model *features);
void scan_close(Context *ctx, ScanTrainer **trainer);

/* One optimisation step. */
Status scan_step(Context *ctx, ScanTrainer *trainer, ScanLoss *loss);

/* The step's arithmetic on ready views, NHWC: views[2 x batch], the pictures' first and then their neighbours'. */
Status scan_step_on_views(Context *ctx, ScanTrainer *trainer, const float *views, ScanLoss *loss);

/* Adds everything that a step changes to a state. A new trainer of the same settings, data and neighbours that is given
 * it goes on with the same bits. */
Status scan_state(Context *ctx, ScanTrainer *trainer, StateParts *parts);

/* The model that is trained. Valid until scan_close. */
Model *scan_model(ScanTrainer *trainer);

#endif
