/* Stage 3: reliable pseudo-labels, then joint training of backbone and head. */
#include <math.h>
#include <string.h>

#include "base/log.h"
#include "cluster/knn_inverted.h"
#include "run/model_files.h"
#include "run/predict.h"
#include "run/reliable_record.h"
#include "run/run.h"
#include "run/stage_keeper.h"
#include "run/stage_plan.h"

/* What chooses the reliable pictures; N rows each. */
typedef struct Evidence {
    float *embeddings;    /* N x D of stage 1 */
    float *probabilities; /* N x K of stage 2 */
    int32_t *predicted;   /* N */
    int32_t *neighbours;  /* N x Ns */
    int32_t *reliable;    /* N */
} Evidence;

static void evidence_close(Context *ctx, Evidence *evidence) {
    FREE_ARRAY(ctx, &evidence->embeddings);
    FREE_ARRAY(ctx, &evidence->probabilities);
    FREE_ARRAY(ctx, &evidence->predicted);
    FREE_ARRAY(ctx, &evidence->neighbours);
    FREE_ARRAY(ctx, &evidence->reliable);
}

static Status predict_start(Context *ctx, const Run *run, Model *start, Evidence *evidence) {
    const size_t count = run->dataset.count, clusters = (size_t)start->spec.clusters;
    TRY(NEW_ARRAY(ctx, &evidence->probabilities, count * clusters));
    TRY(NEW_ARRAY(ctx, &evidence->predicted, count));
    TRY(predict_dataset(ctx, start, &run->dataset, "embed", NULL, evidence->probabilities));
    predict_clusters(evidence->probabilities, count, clusters, evidence->predicted, NULL);
    return SPICA_OK;
}

static Status find_neighbours(Context *ctx, const Run *run, size_t neighbours, Evidence *evidence) {
    const size_t count = run->dataset.count;
    size_t dimension = 0;
    TRY(run_folder_read_matrix(ctx, &run->folder, RUN_EMBEDDINGS, count, &dimension, &evidence->embeddings));
    TRY(NEW_ARRAY(ctx, &evidence->neighbours, count * neighbours));
    TRY(knn_neighbours(ctx, evidence->neighbours, evidence->embeddings, count, dimension, neighbours));
    FREE_ARRAY(ctx, &evidence->embeddings);
    return SPICA_OK;
}

static Status add_reliable_facts(Context *ctx, const ReliableReport *report, json_t *facts) {
    TRY(json_add_integer(ctx, facts, "reliable", (int64_t)report->selected));
    TRY(json_add_real(ctx, facts, "reliable_consistency", report->consistency));
    TRY(json_add_real(ctx, facts, "reliable_confidence", report->confidence));
    TRY(json_add_boolean(ctx, facts, "reliable_lowered", report->lowered));
    return json_add_integer(ctx, facts, "reliable_empty_clusters", (int64_t)report->empty_clusters);
}

static Status choose_reliable(Context *ctx, const Run *run, Model *start, Evidence *evidence, json_t *facts) {
    const size_t count = run->dataset.count;
    ReliableSettings settings;
    ReliableReport report;
    TRY(settings_reliable(ctx, &run->options, count, &settings));
    TRY(predict_start(ctx, run, start, evidence));
    TRY(find_neighbours(ctx, run, settings.neighbours, evidence));
    TRY(NEW_ARRAY(ctx, &evidence->reliable, count));
    TRY(reliable_select(ctx, &settings, evidence->neighbours, evidence->predicted, evidence->probabilities, count,
                        evidence->reliable, &report));
    log_info(ctx, "joint: %zu of %zu pictures have a reliable label", report.selected, count);
    TRY(run_write_reliable(ctx, run, evidence->reliable));
    TRY(add_reliable_facts(ctx, &report, facts));
    return reliable_record_write(ctx, run, evidence->predicted, evidence->reliable, facts);
}

/* Where labels are known, the stage before has said which pictures are labelled. */
static Status find_labelled(Context *ctx, const Run *run, Model *start, Evidence *evidence, json_t *facts) {
    if (!method_has_stage(&run->options, STAGE_KNOWN)) return choose_reliable(ctx, run, start, evidence, facts);
    return run_folder_read_labels(ctx, &run->folder, RUN_RELIABLE, run->dataset.count, &evidence->reliable);
}

/* The training and all that a checkpoint of it holds. */
typedef struct Training {
    const Run *run;
    JointSettings settings;
    JointTrainer *trainer;
    StepLog log;
    int64_t step; /* steps done */
} Training;

static Status training_state(Context *ctx, void *user, StateParts *parts) {
    Training *training = user;
    TRY(STATE_VALUE(ctx, parts, &training->step, "steps"));
    TRY(step_log_state(ctx, &training->log, parts));
    return joint_state(ctx, training->trainer, parts);
}

static Status train_steps(Context *ctx, Training *t, StageKeeper *keeper) {
    const JointSettings *settings = &t->settings;
    Progress progress;
    double loss = NAN;
    progress_start(&progress, ctx, STAGE_JOINT, "step", (double)settings->steps);
    progress.begun = (double)t->step;
    while (plan_joint_goes_on(t->run, settings, t->step)) {
        JointStep report;
        TRY(keeper_between(ctx, keeper));
        const double learning_rate = joint_learning_rate(t->trainer);
        TRY(joint_step(ctx, t->trainer, &report));
        const double figures[STEP_LOG_FIGURES] = {report.labelled_loss, report.unlabelled_loss, report.used,
                                                  learning_rate};
        TRY(step_log_add(ctx, t->run, &t->log, t->step, figures));
        loss = report.labelled_loss + (double)settings->unlabelled_weight * report.unlabelled_loss;
        t->step++;
        progress.total = plan_expected(t->run, "joint.steps", settings->steps, t->step, progress.started);
        progress_update(&progress, (double)t->step, loss);
    }
    progress_finish(&progress, (double)t->step, loss);
    return SPICA_OK;
}

/* Whether the weights of stages 1 and 2 are where stage 3 begins. */
static bool starts_from_weights(const Run *run) {
    return strcmp(options_text(&run->options, "joint.start"), "weights") == 0;
}

static Status train(Context *ctx, Run *run, Training *t, StageKeeper *keeper) {
    bool resumed;
    TRY(keeper_resume(ctx, keeper, &resumed));
    TRY(train_steps(ctx, t, keeper));
    return plan_joint_done(ctx, run, t->step);
}

static Status train_joint(Context *ctx, Run *run, const Model *start, const int32_t *reliable, StageKeeper *keeper,
                          json_t *facts) {
    Training t = {
        .run = run,
        .log = {.stage = STAGE_JOINT, .names = {"labelled_loss", "unlabelled_loss", "used", "learning_rate"}}};
    char *path = NULL;
    TRY(plan_joint(ctx, run));
    TRY(settings_joint(ctx, &run->options, &run->dataset, &run->joint, &t.settings));
    TRY(joint_open(ctx, &t.trainer, &t.settings, &run->dataset, reliable, starts_from_weights(run) ? start : NULL));
    keeper->state = training_state;
    keeper->user = &t;
    Status status = keeper_interrupt(ctx, keeper, train(ctx, run, &t, keeper));
    if (status == SPICA_OK) status = run_folder_path(ctx, &run->folder, RUN_MODEL, &path);
    if (status == SPICA_OK)
        status = model_write(ctx, path, joint_model(t.trainer), MODEL_BACKBONE | MODEL_HEAD, NULL, 0);
    FREE_ARRAY(ctx, &path);
    joint_close(ctx, &t.trainer);
    TRY(status);
    TRY(json_add_integer(ctx, facts, "steps", t.step));
    return json_add_real(ctx, facts, "epochs",
                         (double)t.step * (double)t.settings.batch * t.settings.ratio / (double)run->dataset.count);
}

/* Embeddings have no views to train on: the model of stage 2 is the last one. */
static Status keep_model(Context *ctx, Run *run, json_t *facts) {
    log_info(ctx, "joint: no training: the data are embeddings, and there are no pictures to draw views from");
    TRY(stage_join_models(ctx, run));
    TRY(json_add_integer(ctx, facts, "steps", 0));
    return json_add_integer(ctx, facts, "epochs", 0);
}

static Status compute_joint(Context *ctx, Run *run, json_t *facts) {
    static const char *const files[] = {RUN_RELIABLE, RUN_MODEL, NULL};
    StageKeeper keeper;
    Model start = {0};
    Evidence evidence = {0};
    TRY(keeper_open(ctx, &keeper, run, STAGE_JOINT));
    Status status = run_open_clustering_model(ctx, run, &start);
    if (status == SPICA_OK) status = find_labelled(ctx, run, &start, &evidence, facts);
    if (status == SPICA_OK)
        status = dataset_has_embeddings(&run->dataset)
                     ? keep_model(ctx, run, facts)
                     : train_joint(ctx, run, &start, evidence.reliable, &keeper, facts);
    if (status == SPICA_OK) status = keeper_record(ctx, &keeper, files, facts);
    evidence_close(ctx, &evidence);
    model_close(ctx, &start);
    keeper_close(ctx, &keeper);
    return status;
}

Status stage_joint(Context *ctx, Run *run) {
    bool done;
    json_t *facts = NULL;
    TRY(run_stage_find(ctx, &run->folder, STAGE_JOINT, &done, NULL));
    if (done) return SPICA_OK;
    TRY(json_new_object(ctx, &facts));
    const Status status = compute_joint(ctx, run, facts);
    json_decref(facts);
    return status;
}
