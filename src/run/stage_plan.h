/* How long the stages are: the estimate that is printed first, and what --budget makes of it.
 *
 * A budget is wall time of the whole command. It sets features.epochs, head.epochs and joint.steps where the user has
 * not, from rates measured at the start; stage 1 is ended where the machine has become too slow for its plan;
 * joint.steps is set once more when stage 3 begins, from a rate measured then and the time that is really left. The
 * lengths are written to config.ini with run.budget = 0, so that a resumed or repeated run needs no clock. */
#ifndef SPICA_RUN_STAGE_PLAN_H
#define SPICA_RUN_STAGE_PLAN_H

#include "run/run.h"
#include "run/stage_rates.h"

/* The keys that a budget sets, NULL-ended. */
extern const char *const plan_keys[];

/* Measures the stages, sets the lengths under a budget, and logs the estimated time. For a run that begins. */
Status plan_begin(Context *ctx, Run *run);

/* Whether stage 1 goes on after `done` of its steps: to their end, but under a budget not beyond first_end. */
bool plan_features_goes_on(const Run *run, const MocoSettings *settings, int64_t done);

/* Where the clock ended stage 1: features.epochs and features.schedule_epochs, for a run that repeats this one. */
Status plan_features_done(Context *ctx, Run *run, const MocoSettings *settings, int64_t done);

/* Under a budget that this command has followed from the start: sets settings->steps and joint.steps by a rate measured
 * now. */
Status plan_joint(Context *ctx, Run *run, JointSettings *settings);

/* Whether stage 3 goes on after `done` of its steps: without a budget by their number alone. Under one the clock
 * decides, since a machine's speed moves while it works; the learning rate follows the plan, and stays at its end. */
bool plan_joint_goes_on(const Run *run, const JointSettings *settings, int64_t done);

/* What the clock made of the plan, for a run that repeats this one without a clock: joint.steps, joint.schedule_steps.
 */
Status plan_joint_done(Context *ctx, Run *run, const JointSettings *settings, int64_t done);

#endif
