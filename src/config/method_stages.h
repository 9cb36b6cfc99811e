/* Which stages make up a method: the one table of methods. */
#ifndef SPICA_CONFIG_METHOD_STAGES_H
#define SPICA_CONFIG_METHOD_STAGES_H

#include "config/options.h"

#define STAGE_FEATURES "features"
#define STAGE_HEAD "head"
#define STAGE_JOINT "joint"
#define STAGE_PICA "pica"
#define STAGE_KNOWN "known"
#define STAGE_SCAN "scan"
#define STAGE_SELF_LABEL "self_label"
#define STAGE_PARTITION "partition"

/* The stages of run.method in their order, NULL-ended. */
const char *const *method_stages(const Options *options);

/* Whether run.method has this stage. */
bool method_has_stage(const Options *options, const char *stage);

/* Whether the options name an earlier command's stage 1 (features.from, features.weights), so that none is trained. */
bool method_features_given(const Options *options);

#endif
