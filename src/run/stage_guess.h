/* What the stages cost by arithmetic: pictures times passes of the network, from one short pass that is measured. The
 * estimate that is printed first needs no more, so that training begins at once; under --budget, which rests on
 * measured steps (stage_rates.h), stage 2 alone is planned by it, and a stage that stands behind it gets the time that
 * is left.
 */
#ifndef SPICA_RUN_STAGE_GUESS_H
#define SPICA_RUN_STAGE_GUESS_H

#include "run/stage_rates.h"

/* A backbone in evaluation mode. */
typedef struct PassCost {
    double seconds;   /* per picture */
    size_t dimension; /* D */
} PassCost;

/* Measured on untouched pictures for about `patience` seconds, but on a few pictures at least. */
Status guess_pass(Context *ctx, const ModelSpec *spec, const Dataset *dataset, double patience, PassCost *pass);

/* Each from a pass of its backbone. */
Status guess_features(Context *ctx, const MocoSettings *settings, const Dataset *dataset, const PassCost *pass,
                      StageRates *rates);
Status guess_head(Context *ctx, const HeadSettings *settings, const Dataset *dataset, const PassCost *pass,
                  StageRates *rates);
Status guess_joint(Context *ctx, const JointSettings *settings, const Dataset *dataset, const PassCost *pass,
                   StageRates *rates);
Status guess_scan(Context *ctx, const ScanSettings *settings, const Dataset *dataset, const PassCost *pass,
                  StageRates *rates);
Status guess_self_label(Context *ctx, const SelfLabelSettings *settings, const Dataset *dataset, const PassCost *pass,
                        StageRates *rates);
Status guess_pica(Context *ctx, const PicaSettings *settings, const Dataset *dataset, const PassCost *pass,
                  StageRates *rates);

#endif
