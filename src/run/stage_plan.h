/* How long the stages are: the estimate that is printed first, and what --budget makes of it.
 *
 * A budget is wall time of the whole command. It sets features.epochs, head.epochs and joint.steps where the user has
 * not, from rates measured at the start; joint.steps is set once more when stage 3 begins, from a rate measured then
 * and the time that is really left. The lengths are written to config.ini with run.budget = 0, so that a resumed or
 * repeated run needs no clock. */
#ifndef SPICA_RUN_STAGE_PLAN_H
#define SPICA_RUN_STAGE_PLAN_H

#include "run/run.h"
#include "run/stage_rates.h"

/* The keys that a budget sets, NULL-ended. */
extern const char *const plan_keys[];

/* Measures the stages, sets the lengths under a budget, and logs the estimated time. For a run that begins. */
Status plan_begin(Context *ctx, Run *run);

/* Under a budget that this command has followed from the start: sets settings->steps and joint.steps. */
Status plan_joint(Context *ctx, Run *run, JointSettings *settings);

#endif
