/* SCAN's self-labelling. */
#include <math.h>

#include "base/log.h"
#include "methods/scan/self_label.h"
#include "run/model_files.h"
#include "run/run.h"
#include "run/stage_keeper.h"
#include "run/stage_plan.h"

/* What the training's steps need. */
typedef struct LabelRun {
    Run *run;
    SelfLabelSettings settings;
    SelfLabelTrainer *trainer;
    StageKeeper keeper;
    StepLog log;
    int64_t steps; /* done */
    double used;   /* sum over the steps of the share of sure pictures */
} LabelRun;

static Status state_of(Context *ctx, void *user, StateParts *parts) {
    LabelRun *l = user;
    TRY(STATE_VALUE(ctx, parts, &l->steps, "steps"));
    TRY(STATE_VALUE(ctx, parts, &l->used, "used"));
    TRY(step_log_state(ctx, &l->log, parts));
    return self_label_state(ctx, l->trainer, parts);
}

static Status take_steps(Context *ctx, LabelRun *l) {
    const int64_t planned = self_label_steps(&l->settings, l->run->dataset.count);
    Progress progress;
    double loss = NAN;
    progress_start(&progress, ctx, STAGE_SELF_LABEL, "step", (double)planned);
    while (plan_epochs_go_on(l->run, "self_label.epochs", planned, l->steps)) {
        SelfLabelStep report;
        TRY(keeper_between(ctx, &l->keeper));
        TRY(self_label_step(ctx, l->trainer, &report));
        const double figures[STEP_LOG_FIGURES] = {report.loss, report.used};
        TRY(step_log_add(ctx, l->run, &l->log, l->steps, figures));
        l->steps++;
        l->used += report.used;
        loss = report.loss;
        progress.total = plan_expected(l->run, "self_label.epochs", planned, l->steps, progress.started);
        progress_update(&progress, (double)l->steps, loss);
    }
    progress_finish(&progress, (double)l->steps, loss);
    return SPICA_OK;
}

static Status open_training(Context *ctx, LabelRun *l) {
    Model start = {0};
    TRY(settings_self_label(ctx, &l->run->options, &l->run->dataset, &l->run->features, &l->settings));
    Status status = model_file_read(ctx, l->run, RUN_SCAN, &start);
    if (status == SPICA_OK) status = self_label_open(ctx, &l->trainer, &l->settings, &l->run->dataset, &start);
    model_close(ctx, &start);
    return status;
}

static Status train(Context *ctx, LabelRun *l, json_t *facts) {
    bool resumed;
    TRY(open_training(ctx, l));
    TRY(keeper_resume(ctx, &l->keeper, &resumed));
    TRY(keeper_interrupt(ctx, &l->keeper, take_steps(ctx, l)));
    const double used = l->used / (double)l->steps;
    const double epochs = (double)l->steps * (double)l->settings.batch / (double)l->run->dataset.count;
    if (used < 0.01)
        log_warning(ctx,
                    "self_label: %.2g %% of the pictures were sure: hardly any was learnt from; a smaller "
                    "self_label.threshold than %g may help",
                    100.0 * used, (double)l->settings.threshold);
    TRY(plan_epochs_done(ctx, l->run, "self_label.epochs", self_label_steps(&l->settings, l->run->dataset.count),
                         l->steps, epochs));
    TRY(json_add_integer(ctx, facts, "steps", l->steps));
    TRY(json_add_real(ctx, facts, "epochs", epochs));
    return json_add_real(ctx, facts, "used", used);
}

static Status compute_self_label(Context *ctx, Run *run, json_t *facts) {
    static const char *const files[] = {RUN_MODEL, NULL};
    LabelRun l = {.run = run, .log = {.stage = STAGE_SELF_LABEL, .names = {"loss", "used"}}};
    Status status = keeper_open(ctx, &l.keeper, run, STAGE_SELF_LABEL);
    l.keeper.state = state_of;
    l.keeper.user = &l;
    if (status == SPICA_OK) status = train(ctx, &l, facts);
    if (status == SPICA_OK)
        status = model_file_write(ctx, run, RUN_MODEL, self_label_model(l.trainer), MODEL_BACKBONE | MODEL_HEAD);
    if (status == SPICA_OK) status = keeper_record(ctx, &l.keeper, files, facts);
    self_label_close(ctx, &l.trainer);
    keeper_close(ctx, &l.keeper);
    return status;
}

Status stage_self_label(Context *ctx, Run *run) {
    bool done;
    json_t *facts = NULL;
    TRY(run_stage_find(ctx, &run->folder, STAGE_SELF_LABEL, &done, NULL));
    if (done) return SPICA_OK;
    TRY(json_new_object(ctx, &facts));
    const Status status = compute_self_label(ctx, run, facts);
    json_decref(facts);
    return status;
}
