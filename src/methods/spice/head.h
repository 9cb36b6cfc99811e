/* SPICE stage 2: clustering heads on a frozen backbone by prototype pseudo-labels (Algorithm 1, Eq. 2-5). */
#ifndef SPICA_METHODS_SPICE_HEAD_H
#define SPICA_METHODS_SPICE_HEAD_H

#include "augment/augment.h"
#include "methods/spice/prototypes.h"
#include "nn/losses.h"
#include "nn/model.h"
#include "nn/optimiser.h"

typedef struct HeadSettings {
    size_t clusters;
    int hidden; /* 0: D */
    int count;  /* heads side by side */
    int64_t epochs;
    size_t estep; /* M */
    size_t batch; /* pictures of a step in the M-step; 0: one step of all labelled (paper) */
    int passes;   /* over the labelled list per E-step: 1 paper, 8 program */
    double confident_ratio;
    bool overlap;
    CrossEntropyKind loss;
    float temperature;
    float entropy_weight;
    bool train_bn;       /* strong views in training mode, running statistics drift (program); else evaluation mode */
    bool train_backbone; /* the backbone learns with the heads (Joint-SH, Joint-MH of Table VII); f_i stay those before
                          */
    int bank;            /* cached views per picture, weak and strong each; 0: fresh views every epoch */
    OptimiserSettings optimiser;
    float learning_rate;
    Policy weak, strong, plain; /* plain: the untouched image */
    uint64_t seed;
    size_t inference_batch;
} HeadSettings;

/* One head after one epoch. */
typedef struct HeadScore {
    int64_t epoch;
    int head;
    double loss; /* Eq. 5 with M = N on untouched images: what selects */
    double training_loss;
} HeadScore;

typedef struct HeadResult {
    float *weights; /* the selected head's parameters in order w0[hidden x D] b0 w2[K x hidden] b2, owned */
    int selected_head;
    int64_t selected_epoch;
    double selected_loss;
    HeadScore *scores; /* epochs x count, owned */
    size_t score_count;
} HeadResult;

/* Fits the settings to `count` pictures and logs what changed: M at most N; no bank where batch norm trains. head_train
 * does so itself, on a copy. */
void head_settings_clip(Context *ctx, HeadSettings *settings, size_t count);

/* The training of all heads, to be interrupted between any two steps. */
typedef struct HeadTrainer HeadTrainer;

/* features[N x D]: the backbone's on untouched images, not normalised. The backbone's weights stay; its running
 * statistics change only when train_bn; both change when train_backbone. dataset, backbone and features must outlive
 * the trainer. */
Status head_open(Context *ctx, HeadTrainer **trainer, const HeadSettings *settings, const Dataset *dataset,
                 Model *backbone, const float *features);
void head_close(Context *ctx, HeadTrainer **trainer);

/* Those that are done. It may go on to settings->epochs. */
int64_t head_epochs(const HeadTrainer *trainer);

/* One E-step with its M-steps, or behind an epoch's last one the judgement of that epoch: *scores then has those of all
 * heads, valid until head_close; else NULL. After SPICA_CANCELLED the trainer stands where it stood before. */
Status head_step(Context *ctx, HeadTrainer *trainer, const HeadScore **scores);

/* Every head's logits [count][N x K] on untouched images at the latest judgement; for evaluation and records only. */
const float *const *head_logits(const HeadTrainer *trainer);

/* Adds everything that a step changes to a state. A new trainer of the same settings, data and features that is given
 * it goes on with the same bits. */
Status head_state(Context *ctx, HeadTrainer *trainer, StateParts *parts);

/* What the training has selected from all epochs that are done, at least one, and which then ends; what changed of the
 * backbone becomes that of the selected epoch. */
void head_take_result(HeadTrainer *trainer, HeadResult *result);

/* All of it at once. epoch_done (may be NULL) is called with every head's logits [count][N x K] on untouched images
 * after every epoch: for evaluation and records only. */
typedef Status (*HeadEpochDone)(Context *ctx, void *user, int64_t epoch, const float *const *logits,
                                const HeadScore *scores);
Status head_train(Context *ctx, const HeadSettings *settings, const Dataset *dataset, Model *backbone,
                  const float *features, HeadEpochDone epoch_done, void *user, HeadResult *result);
void head_result_close(Context *ctx, HeadResult *result);

/* logits[count x K] of a head's weights on features[count x D]. */
Status head_apply(Context *ctx, const float *weights, const float *features, size_t count, size_t dim, size_t hidden,
                  size_t clusters, float *logits);

#endif
