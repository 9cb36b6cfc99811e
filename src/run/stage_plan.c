#include "run/stage_plan.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "run/stage_guess.h"
#include "run/stage_partition.h"

const char *const plan_keys[] = {"features.epochs",
                                 "features.corrections",
                                 "head.epochs",
                                 "joint.steps",
                                 "joint.schedule_steps",
                                 "pica.epochs",
                                 "pica.turn",
                                 "scan.epochs",
                                 "self_label.epochs",
                                 NULL};

/* Fewer would select among heads that have hardly begun. */
#define HEAD_EPOCHS_LEAST 3.0

/* For a guess, which nobody plans by. */
#define GUESS_PATIENCE 0.1

/* Seconds for measuring one trainer: more where the budget allows, since a longer look is a better estimate. */
static double plan_patience(const Run *run) {
    const double share = 0.01 * run->budget;
    return run->budget > 0.0 ? fmin(fmax(share, 2.0), 15.0) : GUESS_PATIENCE;
}

static bool has_joint(const Run *run) {
    return method_has_stage(&run->options, STAGE_JOINT) && !dataset_has_embeddings(&run->dataset);
}

static bool has_head(const Run *run) { return method_has_stage(&run->options, STAGE_HEAD); }
static bool has_scan(const Run *run) { return method_has_stage(&run->options, STAGE_SCAN); }
static bool has_self_label(const Run *run) { return method_has_stage(&run->options, STAGE_SELF_LABEL); }

bool plan_trains_features(const Run *run) {
    return run->donor == NULL && options_text(&run->options, "features.weights")[0] == '\0' &&
           !dataset_has_embeddings(&run->dataset);
}

/* A key that the user has not set is the budget's. */
static bool plan_owns(const Run *run, const char *key) {
    return run->budget > 0.0 && options_source(&run->options, key) != SOURCE_USER;
}

static Status plan_set(Context *ctx, Run *run, const char *key, double value, int decimals) {
    char text[64];
    snprintf(text, sizeof text, "%.*f", decimals, value);
    return options_set(ctx, &run->options, key, text, SOURCE_RECIPE);
}

/* The settings of a run's stages; those of stages that it does not have stay unused. */
typedef struct StageSettings {
    MocoSettings moco;
    HeadSettings head;
    JointSettings joint;
    ScanSettings scan;
    SelfLabelSettings self_label;
} StageSettings;

/* The stages clip their settings again, and log it, when they begin. */
static Status find_settings(Context *ctx, const Run *run, StageSettings *settings) {
    const Options *options = &run->options;
    const Dataset *dataset = &run->dataset;
    TRY(settings_moco(ctx, options, dataset, run_feature_pictures(run), &run->features, &settings->moco));
    TRY(settings_head(ctx, options, dataset, &run->features, &settings->head));
    TRY(settings_joint(ctx, options, dataset, &run->joint, &settings->joint));
    if (!has_scan(run)) return SPICA_OK;
    TRY(settings_scan(ctx, options, dataset, &run->features, &settings->scan));
    return settings_self_label(ctx, options, dataset, &run->features, &settings->self_label);
}

/* Whether a pass costs the same. */
static bool same_cost(const ModelSpec *a, const ModelSpec *b) {
    const BackboneSpec *x = &a->backbone, *y = &b->backbone;
    const bool network = x->family == y->family && x->stem == y->stem && x->width == y->width && x->depth == y->depth &&
                         x->widen == y->widen;
    return network && a->channels == b->channels && a->height == b->height && a->width == b->width;
}

static Status guess_rates(Context *ctx, const Run *run, const StageSettings *settings, const PassCost *pass,
                          StageRates *rates) {
    const Dataset *dataset = &run->dataset;
    PassCost joint = *pass;
    if (plan_trains_features(run)) TRY(guess_features(ctx, &settings->moco, dataset, pass, rates));
    if (has_joint(run)) {
        if (!same_cost(&run->joint, &run->features)) TRY(guess_pass(ctx, &run->joint, dataset, GUESS_PATIENCE, &joint));
        TRY(guess_joint(ctx, &settings->joint, dataset, &joint, rates));
    }
    if (has_scan(run)) TRY(guess_scan(ctx, &settings->scan, dataset, pass, rates));
    if (!has_self_label(run)) return SPICA_OK;
    return guess_self_label(ctx, &settings->self_label, dataset, pass, rates);
}

static Status measure_rates(Context *ctx, const Run *run, const StageSettings *settings, StageRates *rates) {
    const double patience = plan_patience(run);
    if (plan_trains_features(run))
        TRY(rate_features(ctx, &settings->moco, &run->dataset, run_auxiliary(run), patience, rates));
    if (has_joint(run)) TRY(rate_joint(ctx, &settings->joint, &run->dataset, patience, rates));
    if (has_scan(run)) TRY(rate_scan(ctx, &settings->scan, &run->dataset, patience, rates));
    if (!has_self_label(run)) return SPICA_OK;
    return rate_self_label(ctx, &settings->self_label, &run->dataset, patience, rates);
}

static Status find_rates(Context *ctx, const Run *run, const StageSettings *settings, StageRates *rates) {
    PassCost pass;
    TRY(guess_pass(ctx, &run->features, &run->dataset, plan_patience(run), &pass));
    rates->inference = pass.seconds;
    if (has_head(run)) TRY(guess_head(ctx, &settings->head, &run->dataset, &pass, rates));
    if (run->budget > 0.0) return measure_rates(ctx, run, settings, rates);
    return guess_rates(ctx, run, settings, &pass, rates);
}

/* Without a word: what is measured is thrown away. */
static Status measure(Context *ctx, const Run *run, StageSettings *settings, StageRates *rates) {
    const spica_settings spoken = log_silence(ctx);
    Status status = find_settings(ctx, run, settings);
    if (status == SPICA_OK) status = find_rates(ctx, run, settings, rates);
    log_speak(ctx, spoken);
    return status;
}

/* Seconds of the passes over the data that no option changes: embeddings, the head's input, and a half for k-means and
 * what is judged and written. Where stages follow that move the backbone, also the reliable labels' or the neighbours'
 * and the last predictions, with as much again: the last stage takes what is left over. */
static double plan_passes(const Run *run, const StageRates *rates) {
    const double passes = has_joint(run) || has_scan(run) ? 2.0 * 4.0 : 2.5;
    return passes * rates->inference * (double)run->dataset.count;
}

/* Seconds of an epoch of SCAN's steps, the first with its evaluation. */
static double scan_epoch_seconds(const Run *run, const StageSettings *settings, const StageRates *rates) {
    return (double)scan_epoch_steps(&settings->scan, run->dataset.count) * rates->scan_step +
           rates->inference * (double)run->dataset.count;
}

static double label_epoch_seconds(const Run *run, const StageSettings *settings, const StageRates *rates) {
    return (double)run->dataset.count / (double)settings->self_label.batch * rates->label_step;
}

static double head_seconds(const Run *run, const StageRates *rates) {
    return rates->head_start + options_real(&run->options, "head.epochs") * rates->head_epoch;
}

/* Of what comes behind stage 2, by the options as they are. */
static double last_seconds(const Run *run, const StageSettings *settings, const StageRates *rates) {
    const Options *options = &run->options;
    double seconds = 0.0;
    if (has_joint(run)) seconds += (double)options_integer(options, "joint.steps") * rates->joint_step;
    if (has_scan(run)) seconds += options_real(options, "scan.epochs") * scan_epoch_seconds(run, settings, rates);
    if (has_self_label(run))
        seconds += options_real(options, "self_label.epochs") * label_epoch_seconds(run, settings, rates);
    return seconds;
}

/* Of the same under a budget. SCAN gets what stages 2 and 3 of SPICE would, so that both have the same stage 1. */
static double last_share(const Run *run, const StageSettings *settings, const StageRates *rates) {
    const double joint = options_real(&run->options, "run.split_joint") * run->budget;
    if (has_joint(run) && plan_owns(run, "joint.steps")) return joint;
    if (has_scan(run) && plan_owns(run, "scan.epochs"))
        return joint + options_real(&run->options, "run.split_head") * run->budget;
    return last_seconds(run, settings, rates);
}

static double scan_split(const Run *run) {
    return has_self_label(run) ? options_real(&run->options, "run.split_scan") : 1.0;
}

/* The last stages' lengths from the seconds that they have; joint.steps, or the epochs of SCAN's steps. */
static Status plan_last(Context *ctx, Run *run, const StageSettings *settings, const StageRates *rates, double last) {
    if (has_joint(run) && plan_owns(run, "joint.steps"))
        TRY(plan_set(ctx, run, "joint.steps", fmax(floor(last / rates->joint_step), 1.0), 0));
    if (has_scan(run) && plan_owns(run, "scan.epochs"))
        TRY(plan_set(ctx, run, "scan.epochs",
                     fmax(scan_split(run) * last / scan_epoch_seconds(run, settings, rates), 1e-6), 6));
    if (has_self_label(run) && plan_owns(run, "self_label.epochs"))
        TRY(plan_set(ctx, run, "self_label.epochs",
                     fmax((1.0 - scan_split(run)) * last / label_epoch_seconds(run, settings, rates), 1e-6), 6));
    return SPICA_OK;
}

/* Stage 2's seconds under a budget: all that are left where no other stage trains, and stage 1 is an earlier command's,
 * whose time is not of this budget. (An ablation's variants share a stage 1 that is part of each one's.) */
static double head_share(const Run *run, double left) {
    const bool alone = method_features_given(&run->options) && !has_joint(run);
    return alone ? left : options_real(&run->options, "run.split_head") * run->budget;
}

static Status plan_lengths(Context *ctx, Run *run, const StageSettings *settings, const StageRates *rates) {
    const double left = run->budget - (clock_seconds() - run->started) - plan_passes(run, rates);
    if (has_head(run) && plan_owns(run, "head.epochs")) {
        run->head_share = head_share(run, left);
        const double share = run->head_share - rates->head_start;
        const double most = options_real(&run->options, "head.epochs");
        TRY(plan_set(ctx, run, "head.epochs", floor(fmin(fmax(share / rates->head_epoch, HEAD_EPOCHS_LEAST), most)),
                     0));
    }
    const double head = head_seconds(run, rates), last = last_share(run, settings, rates);
    if (plan_trains_features(run) && plan_owns(run, "features.epochs")) {
        const double steps = fmax((left - head - last) / rates->features_step, 1.0);
        const double epochs = steps / (double)moco_steps_per_epoch(&settings->moco, run_feature_pictures(run));
        TRY(plan_set(ctx, run, "features.epochs", fmax(epochs, 1e-6), 6));
        run->first_end = run->budget - plan_passes(run, rates) - head - last;
        /* Where the machine becomes slower, the last stage lends a part of its time, so that the learning rate can fall
         * as planned. */
        run->lent = fmax(0.2 * last, 0.02 * run->budget);
    }
    return plan_last(ctx, run, settings, rates, last);
}

static void plan_log(Context *ctx, const Run *run, const StageSettings *settings, const StageRates *rates) {
    const double spe = (double)moco_steps_per_epoch(&settings->moco, run_feature_pictures(run));
    const double features =
        plan_trains_features(run) ? options_real(&run->options, "features.epochs") * spe * rates->features_step : 0.0;
    const double head = head_seconds(run, rates), last = last_seconds(run, settings, rates);
    const double all = features + head + last + plan_passes(run, rates) + (clock_seconds() - run->started);
    log_info(ctx, "estimated time: %.1f minutes (features %.1f, head %.1f, %s %.1f)", all / 60.0, features / 60.0,
             head / 60.0, has_scan(run) ? "scan" : "joint", last / 60.0);
}

static Status begin_stages(Context *ctx, Run *run) {
    StageSettings settings;
    StageRates rates = {0};
    TRY(measure(ctx, run, &settings, &rates));
    if (run->budget > 0.0) TRY(plan_lengths(ctx, run, &settings, &rates));
    run->ending = 0.5 * plan_passes(run, &rates);
    plan_log(ctx, run, &settings, &rates);
    return SPICA_OK;
}

/* Seconds of PICA's passes over the data that no option changes: embeddings and the last predictions, with as much
 * again for writing, and the evaluations before the training and after it. */
static double pica_passes(const Run *run, const StageRates *rates) {
    return (2.0 * 2.0 + 2.0) * rates->inference * (double)run->dataset.count;
}

/* Seconds per epoch, evaluations included. */
static double pica_epoch_seconds(const Run *run, const PicaSettings *settings, const StageRates *rates) {
    const double steps = (double)pica_steps_per_epoch(settings, run->dataset.count, run->auxiliary.count);
    const double every = options_real(&run->options, "pica.evaluate_every");
    return steps * rates->pica_step + rates->inference * (double)run->dataset.count / every;
}

/* Turns at least, under a budget: the clock can end the training only between them. */
#define PICA_TURNS_LEAST 20.0

/* The length of the training from the seconds that it has. */
static Status plan_pica(Context *ctx, Run *run, double epochs) {
    const double turn = epochs / PICA_TURNS_LEAST;
    TRY(plan_set(ctx, run, "pica.epochs", fmax(epochs, 1e-6), 6));
    if (!plan_owns(run, "pica.turn") || options_real(&run->options, "pica.turn") <= turn) return SPICA_OK;
    return plan_set(ctx, run, "pica.turn", fmax(turn, 1e-6), 6);
}

static Status find_pica_rates(Context *ctx, const Run *run, const PicaSettings *settings, StageRates *rates) {
    PassCost pass;
    TRY(guess_pass(ctx, &settings->model, &run->dataset, plan_patience(run), &pass));
    rates->inference = pass.seconds;
    if (run->budget <= 0.0) return guess_pica(ctx, settings, &run->dataset, &pass, rates);
    return rate_pica(ctx, settings, &run->dataset, run_auxiliary(run), plan_patience(run), rates);
}

static Status begin_pica(Context *ctx, Run *run) {
    PicaSettings settings;
    StageRates rates = {0};
    const spica_settings spoken = log_silence(ctx);
    Status status = settings_pica(ctx, &run->options, &run->dataset, &settings);
    if (status == SPICA_OK) status = find_pica_rates(ctx, run, &settings, &rates);
    log_speak(ctx, spoken);
    TRY(status);
    const double epoch = pica_epoch_seconds(run, &settings, &rates);
    run->ending = pica_passes(run, &rates);
    if (plan_owns(run, "pica.epochs")) {
        const double left = run->budget - (clock_seconds() - run->started) - run->ending;
        TRY(plan_pica(ctx, run, left / epoch));
    }
    const double training = options_real(&run->options, "pica.epochs") * epoch;
    log_info(ctx, "estimated time: %.1f minutes (pica %.1f)",
             (training + run->ending + clock_seconds() - run->started) / 60.0, training / 60.0);
    return SPICA_OK;
}

/* Seconds of the passes over the data besides stage 1 and the clustering: embeddings, and as much again for what is
 * read, judged and written. */
static double partition_passes(const Run *run, const StageRates *rates) {
    return 2.0 * rates->inference * (double)run->dataset.count;
}

static Status find_partition_rates(Context *ctx, const Run *run, const MocoSettings *moco, size_t dim, bool training,
                                   StageRates *rates) {
    const PartitionSettings settings = settings_partition(&run->options);
    const Dataset *dataset = &run->dataset;
    const double patience = plan_patience(run);
    PassCost pass;
    if (method_has_stage(&run->options, STAGE_FEATURES)) {
        TRY(guess_pass(ctx, &run->features, dataset, patience, &pass));
        rates->inference = pass.seconds;
        if (training && run->budget > 0.0)
            TRY(rate_features(ctx, moco, dataset, run_auxiliary(run), patience, rates));
        else if (training)
            TRY(guess_features(ctx, moco, dataset, &pass, rates));
    }
    return rate_partition(ctx, &settings, dataset, dim, rates);
}

/* Without a word, as `measure`. */
static Status measure_partition(Context *ctx, const Run *run, const MocoSettings *moco, size_t dim, bool training,
                                StageRates *rates) {
    const spica_settings spoken = log_silence(ctx);
    const Status status = find_partition_rates(ctx, run, moco, dim, training, rates);
    log_speak(ctx, spoken);
    return status;
}

/* Stage 1 gets what the clustering and the passes over the data leave. */
static Status plan_before_partition(Context *ctx, Run *run, const MocoSettings *moco, const StageRates *rates) {
    const double behind = partition_passes(run, rates) + rates->partition;
    const double left = run->budget - (clock_seconds() - run->started) - behind;
    const double epochs = left / rates->features_step / (double)moco_steps_per_epoch(moco, run_feature_pictures(run));
    run->first_end = run->budget - behind;
    run->lent = 0.02 * run->budget;
    return plan_set(ctx, run, "features.epochs", fmax(epochs, 1e-6), 6);
}

/* A classic algorithm takes the time that it takes. */
static void log_partition(Context *ctx, const Run *run, double features, const StageRates *rates) {
    const double all = features + rates->partition + partition_passes(run, rates) + clock_seconds() - run->started;
    log_info(ctx, "estimated time: %.1f minutes (features %.1f, partition %.1f)", all / 60.0, features / 60.0,
             rates->partition / 60.0);
    if (run->budget > 0.0 && rates->partition > run->budget)
        log_warning(ctx,
                    "the clustering alone may take %.1f minutes, more than the budget: fewer partition.starts or "
                    "pictures (data.limit), or partition.on = pca:N take less",
                    rates->partition / 60.0);
}

static Status begin_partition(Context *ctx, Run *run) {
    MocoSettings moco = {0};
    StageRates rates = {0};
    double features = 0.0;
    size_t dim;
    const bool training = method_has_stage(&run->options, STAGE_FEATURES) && plan_trains_features(run);
    TRY(partition_dimension(ctx, run, &dim));
    if (training) {
        const spica_settings spoken = log_silence(ctx);
        const Status status =
            settings_moco(ctx, &run->options, &run->dataset, run_feature_pictures(run), &run->features, &moco);
        log_speak(ctx, spoken);
        TRY(status);
    }
    TRY(measure_partition(ctx, run, &moco, dim, training, &rates));
    if (training && plan_owns(run, "features.epochs")) TRY(plan_before_partition(ctx, run, &moco, &rates));
    if (training)
        features = options_real(&run->options, "features.epochs") *
                   (double)moco_steps_per_epoch(&moco, run_feature_pictures(run)) * rates.features_step;
    log_partition(ctx, run, features, &rates);
    return SPICA_OK;
}

Status plan_begin(Context *ctx, Run *run) {
    if (method_has_stage(&run->options, STAGE_PICA)) return begin_pica(ctx, run);
    return method_has_stage(&run->options, STAGE_PARTITION) ? begin_partition(ctx, run) : begin_stages(ctx, run);
}

/* When the length of stage 1 is corrected, as shares of its time: soon, since the measurement at the start is short,
 * and then now and then. */
static const double correction_times[] = {1.0 / 16, 1.0 / 4, 1.0 / 2, 3.0 / 4};
#define CORRECTION_COUNT ((int)(sizeof correction_times / sizeof correction_times[0]))

Status plan_features_start(Context *ctx, const Run *run, const MocoSettings *settings, FeaturesPlan *plan) {
    *plan = (FeaturesPlan){.by_clock = plan_owns(run, "features.epochs"), .started = clock_seconds()};
    plan->steps = settings->steps;
    if (!plan->by_clock) return corrections_read(ctx, options_text(&run->options, "features.corrections"), &plan->made);
    plan->checked = plan->started;
    plan->planned_end = run->started + run->first_end;
    plan->made = (Corrections){.count = 1, .items = {{0, settings->schedule_steps}}};
    return SPICA_OK;
}

/* The rate since the last correction tells how many steps the time that is left has room for. */
static void correct_plan(FeaturesPlan *plan, int64_t done, double now) {
    const double rate = (double)(done - plan->checked_step) / (now - plan->checked);
    const double steps = (double)done + fmax(rate * (plan->planned_end - now), 1.0);
    plan->steps = llround(steps);
    plan->made.items[plan->made.count++] = (Correction){done, plan->steps};
    plan->checked = now;
    plan->checked_step = done;
    plan->corrected++;
}

int64_t plan_features_correction(FeaturesPlan *plan, int64_t done) {
    if (!plan->by_clock) return corrections_at(&plan->made, done);
    const double now = clock_seconds();
    if (plan->corrected == CORRECTION_COUNT || done == plan->checked_step) return 0;
    if (now - plan->started < correction_times[plan->corrected] * (plan->planned_end - plan->started)) return 0;
    correct_plan(plan, done, now);
    return plan->steps;
}

bool plan_features_goes_on(const Run *run, const FeaturesPlan *plan, int64_t done) {
    if (done >= plan->steps) return false;
    return done < 1 || !plan->by_clock || clock_seconds() - run->started < run->first_end + run->lent;
}

Status plan_features_state(Context *ctx, FeaturesPlan *plan, StateParts *parts) {
    TRY(STATE_VALUE(ctx, parts, &plan->steps, "plan.steps"));
    return STATE_VALUE(ctx, parts, &plan->made, "plan.corrections");
}

void plan_features_resume(FeaturesPlan *plan) { plan->by_clock = false; }

Status plan_features_done(Context *ctx, Run *run, const MocoSettings *settings, FeaturesPlan *plan, int64_t done) {
    char text[CORRECTIONS_TEXT];
    plan->steps = done; /* from here on, however this command ends */
    corrections_print(&plan->made, text);
    const bool known = strcmp(text, options_text(&run->options, "features.corrections")) == 0;
    if (done == settings->steps && (plan->made.count <= 1 || known)) return SPICA_OK;
    TRY(plan_set(ctx, run, "features.epochs",
                 (double)done / (double)moco_steps_per_epoch(settings, run_feature_pictures(run)), 6));
    TRY(options_set(ctx, &run->options, "features.corrections", text, SOURCE_RECIPE));
    return run_write_options(ctx, run);
}

/* Seconds of the budget for the current stage, from the second one on. */
static double plan_left(const Run *run) {
    return run->budget - (clock_seconds() - run->started) - run->ending - run->kept;
}

bool plan_head_goes_on(const Run *run, int64_t planned, int64_t epochs, double started) {
    if (epochs >= planned) return false;
    if (!plan_owns(run, "head.epochs") || (double)epochs < HEAD_EPOCHS_LEAST) return true;
    return clock_seconds() - started < run->head_share;
}

Status plan_head_done(Context *ctx, Run *run, int64_t epochs) {
    if (epochs == options_integer(&run->options, "head.epochs")) return SPICA_OK;
    TRY(plan_set(ctx, run, "head.epochs", (double)epochs, 0));
    return run_write_options(ctx, run);
}

Status plan_joint(Context *ctx, Run *run) {
    if (!plan_owns(run, "joint.steps")) return SPICA_OK;
    StageRates rates = {0};
    JointSettings settings;
    const spica_settings spoken = log_silence(ctx);
    Status status = settings_joint(ctx, &run->options, &run->dataset, &run->joint, &settings);
    if (status == SPICA_OK) status = rate_joint(ctx, &settings, &run->dataset, plan_patience(run), &rates);
    log_speak(ctx, spoken);
    TRY(status);
    const double left = plan_left(run), steps = fmax(floor(left / rates.joint_step), 1.0);
    TRY(plan_set(ctx, run, "joint.steps", steps, 0));
    if (plan_owns(run, "joint.schedule_steps")) TRY(plan_set(ctx, run, "joint.schedule_steps", steps, 0));
    if (left > 0.0)
        log_info(ctx, "joint: about %.0f steps in the %.1f minutes that are left", steps, left / 60.0);
    else
        log_warning(ctx, "joint: the budget is spent: 1 step; these data need a larger one");
    return run_write_options(ctx, run);
}

void plan_note_pass(Run *run, double seconds, double passes_to_come) { run->ending = passes_to_come * seconds; }

double plan_expected(const Run *run, const char *key, int64_t planned, int64_t done, double started) {
    const double elapsed = clock_seconds() - started;
    if (!plan_owns(run, key) || done < 1 || elapsed <= 0.0) return (double)planned;
    return (double)done * (1.0 + fmax(plan_left(run), 0.0) / elapsed);
}

bool plan_joint_goes_on(const Run *run, const JointSettings *settings, int64_t done) {
    if (!plan_owns(run, "joint.steps")) return done < settings->steps;
    return done < 1 || plan_left(run) > 0.0;
}

Status plan_joint_done(Context *ctx, Run *run, int64_t done) {
    if (done == options_integer(&run->options, "joint.steps")) return SPICA_OK;
    TRY(plan_set(ctx, run, "joint.steps", (double)done, 0));
    return run_write_options(ctx, run);
}

void plan_scan_start(Run *run) {
    run->kept = 0.0;
    if (plan_owns(run, "scan.epochs")) run->kept = (1.0 - scan_split(run)) * fmax(plan_left(run), 0.0);
}

bool plan_epochs_go_on(const Run *run, const char *key, int64_t planned, int64_t done) {
    if (!plan_owns(run, key)) return done < planned;
    return done < 1 || plan_left(run) > 0.0;
}

Status plan_epochs_done(Context *ctx, Run *run, const char *key, int64_t planned, int64_t done, double epochs) {
    if (done == planned) return SPICA_OK;
    TRY(plan_set(ctx, run, key, epochs, 6));
    return run_write_options(ctx, run);
}
