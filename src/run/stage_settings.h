/* Options -> the settings of each stage. The one place where an option's key meets the field that it sets. */
#ifndef SPICA_RUN_STAGE_SETTINGS_H
#define SPICA_RUN_STAGE_SETTINGS_H

#include "config/options.h"
#include "methods/partition/partition.h"
#include "methods/pica/pica.h"
#include "methods/scan/scan.h"
#include "methods/scan/self_label.h"
#include "methods/spice/head.h"
#include "methods/spice/joint.h"
#include "methods/spice/labelled_head.h"
#include "methods/spice/moco.h"
#include "methods/spice/reliable.h"
#include "methods/spice/spread_labels.h"
#include "nn/init.h"

/* Mean and deviation of each channel, measured once per run where an option asks for it. */
typedef struct Scaling {
    float mean[3], deviation[3];
} Scaling;

/* What a network sees: size and channels of the data set under data.size, and the scaling that `stage`.normalisation
 * names; `earlier` is the scaling of the stage before (for "same"), NULL for the first. */
Status settings_scaling(Context *ctx, const Options *options, const char *stage, const Dataset *dataset,
                        const Scaling *earlier, Scaling *scaling);

/* Backbone only: neither projection nor head. */
Status settings_model(Context *ctx, const Options *options, const char *stage, const Dataset *dataset,
                      const Scaling *scaling, ModelSpec *spec);

/* Each clips what exceeds the N pictures and logs it. `model` is settings_model's; the stage's own parts are added.
 * pictures: that stage 1 learns from, N and the auxiliary ones. */
Status settings_moco(Context *ctx, const Options *options, const Dataset *dataset, size_t pictures,
                     const ModelSpec *model, MocoSettings *settings);
Status settings_head(Context *ctx, const Options *options, const Dataset *dataset, const ModelSpec *model,
                     HeadSettings *settings);
Status settings_reliable(Context *ctx, const Options *options, size_t count, ReliableSettings *settings);
Status settings_joint(Context *ctx, const Options *options, const Dataset *dataset, const ModelSpec *model,
                      JointSettings *settings);

/* How `classes` of known labels spread, and the head that learns them from D features. */
Status settings_spread(Context *ctx, const Options *options, size_t count, size_t classes, SpreadSettings *settings);
void settings_labelled_head(const Options *options, int dimension, LabelledHeadSettings *settings);

/* SCAN's, on settings_model's backbone. */
Status settings_scan(Context *ctx, const Options *options, const Dataset *dataset, const ModelSpec *model,
                     ScanSettings *settings);
Status settings_self_label(Context *ctx, const Options *options, const Dataset *dataset, const ModelSpec *model,
                           SelfLabelSettings *settings);

/* A classic algorithm's, of a method that has its stage. */
PartitionSettings settings_partition(const Options *options);

/* PICA's, its model included. */
Status settings_pica(Context *ctx, const Options *options, const Dataset *dataset, PicaSettings *settings);

#endif
