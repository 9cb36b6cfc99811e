/* How fast each stage runs here: measured on throw-away trainers before a run under --budget begins. Nothing measured
 * here reaches a result except through the lengths that --budget sets. */
#ifndef SPICA_RUN_STAGE_RATES_H
#define SPICA_RUN_STAGE_RATES_H

#include "methods/partition/partition.h"
#include "methods/pica/pica.h"
#include "methods/scan/scan.h"
#include "methods/scan/self_label.h"
#include "methods/spice/head.h"
#include "methods/spice/joint.h"
#include "methods/spice/moco.h"

typedef struct StageRates {
    double features_step; /* seconds per step of stage 1 */
    double inference;     /* seconds per picture of one pass of the backbone in evaluation mode */
    double head_start;    /* seconds of stage 2 that do not depend on its epochs: the view bank */
    double head_epoch;    /* seconds per epoch of stage 2 */
    double joint_step;    /* seconds per step of stage 3 */
    double scan_step;     /* seconds per step of SCAN's learning from neighbours */
    double label_step;    /* seconds per step of SCAN's self-labelling */
    double pica_step;     /* seconds per step of PICA, either head */
    double partition;     /* seconds of a classic algorithm */
} StageRates;

/* Each takes about `patience` seconds at most, and at least a few steps. auxiliary: NULL for none. */
Status rate_features(Context *ctx, const MocoSettings *settings, const Dataset *dataset, const Dataset *auxiliary,
                     double patience, StageRates *rates);
Status rate_scan(Context *ctx, const ScanSettings *settings, const Dataset *dataset, double patience,
                 StageRates *rates);
Status rate_self_label(Context *ctx, const SelfLabelSettings *settings, const Dataset *dataset, double patience,
                       StageRates *rates);
/* The algorithm on the pixels of at most 1,000 pictures, thinned or repeated to rows of dim numbers, and from there by
 * the order of its cost: a guess. */
Status rate_partition(Context *ctx, const PartitionSettings *settings, const Dataset *dataset, size_t dim,
                      StageRates *rates);
Status rate_joint(Context *ctx, const JointSettings *settings, const Dataset *dataset, double patience,
                  StageRates *rates);
Status rate_pica(Context *ctx, const PicaSettings *settings, const Dataset *dataset, const Dataset *auxiliary,
                 double patience, StageRates *rates);

#endif
