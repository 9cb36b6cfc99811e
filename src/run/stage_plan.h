/* How long the stages are: the estimate that is printed first, and what --budget makes of it.
 *
 * A budget is wall time of the whole command. It sets features.epochs, head.epochs and joint.steps where the user has
 * not, from rates measured at the start; the length of stage 1 is corrected while it runs; joint.steps is set once more
 * when stage 3 begins, from a rate measured then and the time that is really left. The lengths are written to
 * config.ini with run.budget = 0, so that a resumed or repeated run needs no clock. */
#ifndef SPICA_RUN_STAGE_PLAN_H
#define SPICA_RUN_STAGE_PLAN_H

#include "run/corrections.h"
#include "run/run.h"
#include "run/stage_rates.h"

/* The keys that a budget sets, NULL-ended. */
extern const char *const plan_keys[];

/* Measures the stages, sets the lengths under a budget, and logs the estimated time. For a run that begins. */
Status plan_begin(Context *ctx, Run *run);

/* Whether stage 1, where the method has one, is trained: it is neither taken from elsewhere nor stands in for it. */
bool plan_trains_features(const Run *run);

/* Stage 1 under a budget that this command follows: its length is corrected a few times from the rate so far, since a
 * machine's speed moves. Without one: the corrections of the run that this one repeats, if any. */
typedef struct FeaturesPlan {
    bool by_clock;
    int64_t steps;        /* of the stage, as corrected */
    Corrections made;     /* those of the past; repeated: all */
    int corrected;        /* how many times */
    double started;       /* clock at the stage's start */
    double planned_end;   /* clock */
    double checked;       /* clock at the last correction */
    int64_t checked_step; /* steps done then */
} FeaturesPlan;

Status plan_features_start(Context *ctx, const Run *run, const MocoSettings *settings, FeaturesPlan *plan);

/* The length over which the learning rate falls from the step after `done` steps on, or 0: as before. */
int64_t plan_features_correction(FeaturesPlan *plan, int64_t done);

/* Whether stage 1 goes on after `done` of its steps: to their end, but under a budget not beyond its share. */
bool plan_features_goes_on(const Run *run, const FeaturesPlan *plan, int64_t done);

/* Adds the length and the corrections so far to a state. */
Status plan_features_state(Context *ctx, FeaturesPlan *plan, StateParts *parts);

/* After the state of an earlier command was loaded: the schedule that it had set stands, and the clock counts no more.
 */
void plan_features_resume(FeaturesPlan *plan);

/* What the clock made of it: features.epochs and features.corrections, for a run that repeats this one. */
Status plan_features_done(Context *ctx, Run *run, const MocoSettings *settings, FeaturesPlan *plan, int64_t done);

/* Whether stage 2, which began at this clock, goes on after so many of its planned epochs: under a budget not beyond
 * its share, which the guess behind the plan may have missed. */
bool plan_head_goes_on(const Run *run, int64_t planned, int64_t epochs, double started);

/* What the clock made of it, for a run that repeats this one: head.epochs. */
Status plan_head_done(Context *ctx, Run *run, int64_t epochs);

/* Under a budget that this command has followed from the start: sets joint.steps and joint.schedule_steps by a rate
 * measured now. */
Status plan_joint(Context *ctx, Run *run);

/* How many steps the stage whose length is `key` will have had at its end, for the progress that is shown: the planned
 * ones or, where the clock ends it, what the rate since `started` makes of the time that is left. */
double plan_expected(const Run *run, const char *key, int64_t planned, int64_t done, double started);

/* A pass over the data that took so many seconds just now, and how many like it will follow the last training: a better
 * estimate of what must be left for them than the measurement at the start. */
void plan_note_pass(Run *run, double seconds, double passes_to_come);

/* Whether stage 3 goes on after `done` of its steps: without a budget by their number alone. Under one the clock
 * decides, since a machine's speed moves while it works; the learning rate follows the plan, and stays at its end. */
bool plan_joint_goes_on(const Run *run, const JointSettings *settings, int64_t done);

/* What the clock made of the plan, for a run that repeats this one without a clock: joint.steps. */
Status plan_joint_done(Context *ctx, Run *run, int64_t done);

/* Under a budget: how much of what is left is kept for self-labelling while SCAN's step before it runs. */
void plan_scan_start(Run *run);

/* Whether a stage with a constant learning rate, whose length is the option `key`, goes on after `done` of its planned
 * steps. Under a budget the clock alone decides. */
bool plan_epochs_go_on(const Run *run, const char *key, int64_t planned, int64_t done);

/* What the clock made of the plan, for a run that repeats this one: `key` becomes `epochs`, those of `done` steps. */
Status plan_epochs_done(Context *ctx, Run *run, const char *key, int64_t planned, int64_t done, double epochs);

#endif
