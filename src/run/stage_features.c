/* Stage 1: the feature model by contrastive learning, or from a weights file. */
#include <math.h>

#include "base/files.h"
#include "base/log.h"
#include "cluster/kmeans.h"
#include "run/predict.h"
#include "run/run.h"
#include "run/stage_keeper.h"
#include "run/stage_plan.h"

/* The training and all that a checkpoint of it holds. */
typedef struct Training {
    const Run *run;
    MocoSettings settings;
    MocoTrainer *trainer;
    FeaturesPlan plan;
    StepLog log;
    int64_t step; /* steps done */
} Training;

static Status training_state(Context *ctx, void *user, StateParts *parts) {
    Training *training = user;
    TRY(STATE_VALUE(ctx, parts, &training->step, "steps"));
    TRY(plan_features_state(ctx, &training->plan, parts));
    TRY(step_log_state(ctx, &training->log, parts));
    return moco_state(ctx, training->trainer, parts);
}

static Status train_steps(Context *ctx, Training *t, StageKeeper *keeper) {
    Progress progress;
    double figures[STEP_LOG_FIGURES] = {NAN};
    progress_start(&progress, ctx, STAGE_FEATURES, "step", (double)t->plan.steps);
    progress.begun = (double)t->step;
    while (plan_features_goes_on(t->run, &t->plan, t->step)) {
        TRY(keeper_between(ctx, keeper));
        const int64_t corrected = plan_features_correction(&t->plan, t->step);
        if (corrected > 0) moco_set_schedule(t->trainer, corrected);
        progress.total = (double)t->plan.steps;
        figures[2] = moco_learning_rate(t->trainer);
        TRY(moco_step(ctx, t->trainer, &figures[0], &figures[1]));
        TRY(step_log_add(ctx, t->run, &t->log, t->step, figures));
        t->step++;
        progress_update(&progress, (double)t->step, figures[0]);
    }
    progress_finish(&progress, (double)t->step, figures[0]);
    return SPICA_OK;
}

/* k-means on the embeddings: the yardstick that the later stages are measured by. It reads no labels. */
static Status add_kmeans_quality(Context *ctx, const Run *run, const float *embeddings, size_t dimension,
                                 json_t *facts) {
    const KmeansSettings settings = {
        .clusters = (size_t)options_integer(&run->options, "run.clusters"),
        .starts = 3,
        .iterations = 100,
        .seed = (uint64_t)options_integer(&run->options, "run.seed"),
    };
    int32_t *labels;
    if (run->dataset.labels == NULL) return SPICA_OK;
    TRY(NEW_ARRAY(ctx, &labels, run->dataset.count));
    Status status = kmeans(ctx, &settings, embeddings, run->dataset.count, dimension, labels, NULL, NULL);
    if (status == SPICA_OK) status = run_add_quality(ctx, run, labels, facts);
    FREE_ARRAY(ctx, &labels);
    return status;
}

/* Behind the last stage: the final predictions, and half as much for what is written. */
#define PASSES_TO_COME 1.5

static Status write_embeddings(Context *ctx, Run *run, Model *model, json_t *facts) {
    float *embeddings = NULL;
    const size_t dimension = (size_t)model->dimension;
    Status status = NEW_ARRAY(ctx, &embeddings, run->dataset.count * dimension);
    const double started = clock_seconds();
    if (status == SPICA_OK) status = predict_dataset(ctx, model, &run->dataset, "embed", embeddings, NULL);
    plan_note_pass(run, clock_seconds() - started, PASSES_TO_COME);
    if (status == SPICA_OK)
        status = run_folder_write_matrix(ctx, &run->folder, RUN_EMBEDDINGS, embeddings, run->dataset.count, dimension);
    if (status == SPICA_OK) status = add_kmeans_quality(ctx, run, embeddings, dimension, facts);
    FREE_ARRAY(ctx, &embeddings);
    return status;
}

static Status write_files(Context *ctx, Run *run, Model *model, json_t *facts) {
    char *path = NULL;
    Status status = run_folder_path(ctx, &run->folder, RUN_BACKBONE, &path);
    if (status == SPICA_OK) status = model_write(ctx, path, model, MODEL_BACKBONE, NULL, 0);
    FREE_ARRAY(ctx, &path);
    return status == SPICA_OK ? write_embeddings(ctx, run, model, facts) : status;
}

static Status train(Context *ctx, Run *run, Training *t, StageKeeper *keeper, json_t *facts) {
    bool resumed;
    const double epoch_steps = (double)moco_steps_per_epoch(&t->settings, run_feature_pictures(run));
    TRY(keeper_resume(ctx, keeper, &resumed));
    if (resumed) plan_features_resume(&t->plan);
    TRY(train_steps(ctx, t, keeper));
    TRY(plan_features_done(ctx, run, &t->settings, &t->plan, t->step));
    TRY(json_add_integer(ctx, facts, "steps", t->step));
    TRY(json_add_real(ctx, facts, "epochs", (double)t->step / epoch_steps));
    return write_files(ctx, run, moco_model(t->trainer), facts);
}

static Status features_from_training(Context *ctx, Run *run, StageKeeper *keeper, json_t *facts) {
    Training t = {.run = run, .log = {.stage = STAGE_FEATURES, .names = {"loss", "accuracy", "learning_rate"}}};
    TRY(settings_moco(ctx, &run->options, &run->dataset, run_feature_pictures(run), &run->features, &t.settings));
    TRY(plan_features_start(ctx, run, &t.settings, &t.plan));
    TRY(moco_open(ctx, &t.trainer, &t.settings, &run->dataset, run_auxiliary(run)));
    keeper->state = training_state;
    keeper->user = &t;
    const Status status = keeper_interrupt(ctx, keeper, train(ctx, run, &t, keeper, facts));
    moco_close(ctx, &t.trainer);
    return status;
}

static Status add_no_training(Context *ctx, json_t *facts) {
    TRY(json_add_integer(ctx, facts, "epochs", 0));
    return json_add_integer(ctx, facts, "steps", 0);
}

static Status features_from_file(Context *ctx, Run *run, const char *weights, json_t *facts) {
    Model model = {0};
    TRY(add_no_training(ctx, facts));
    Status status = model_open(ctx, &model, &run->features);
    if (status == SPICA_OK) status = weights_read(ctx, weights, net_params(model.net), NULL, NULL);
    if (status == SPICA_OK) status = write_files(ctx, run, &model, facts);
    model_close(ctx, &model);
    return status;
}

/* Embeddings in place of pictures: no backbone, and what is written are the rows, L2-normalised. */
static Status features_from_data(Context *ctx, Run *run, json_t *facts) {
    Model model = {0};
    log_info(ctx, "features: nothing to train: the data are embeddings");
    TRY(add_no_training(ctx, facts));
    Status status = model_open(ctx, &model, &run->features);
    if (status == SPICA_OK) status = write_embeddings(ctx, run, &model, facts);
    model_close(ctx, &model);
    return status;
}

static const char *const files[] = {RUN_BACKBONE, RUN_EMBEDDINGS, NULL};
static const char *const files_of_embeddings[] = {RUN_EMBEDDINGS, NULL};

/* *facts: as run_stage_find. What is damaged is no matter here. */
static Status find_in(Context *ctx, RunFolder *folder, const char *path, bool *whole, json_t **facts) {
    const spica_settings spoken = log_silence(ctx);
    *whole = false;
    Status status = run_folder_open(ctx, folder, path, false);
    if (status == SPICA_OK && folder->exists) status = run_stage_find(ctx, folder, STAGE_FEATURES, whole, facts);
    log_speak(ctx, spoken);
    return status;
}

Status stage_features_whole(Context *ctx, const char *path, bool *whole) {
    RunFolder folder = {0};
    *whole = false;
    if (!path_is_folder(path)) return SPICA_OK;
    const Status status = find_in(ctx, &folder, path, whole, NULL);
    run_folder_close(ctx, &folder);
    return status;
}

static Status copy_file(Context *ctx, const Run *run, const RunFolder *donor, const char *name) {
    char *from = NULL, *to = NULL;
    Status status = run_folder_path(ctx, donor, name, &from);
    if (status == SPICA_OK) status = run_folder_path(ctx, &run->folder, name, &to);
    if (status == SPICA_OK) status = file_copy(ctx, from, to);
    FREE_ARRAY(ctx, &from);
    FREE_ARRAY(ctx, &to);
    return status;
}

/* The donor's files and its record, the seconds of its training among it. */
static Status adopt_features(Context *ctx, Run *run) {
    RunFolder donor = {0};
    json_t *facts = NULL;
    bool whole = false;
    TRY(run_stage_start(ctx, &run->folder, STAGE_FEATURES));
    Status status = find_in(ctx, &donor, run->donor, &whole, &facts);
    if (status == SPICA_OK && !whole)
        status = context_fail(ctx, SPICA_ERROR_RUN, "%s: its stage 1 is no longer whole", run->donor);
    for (size_t i = 0; status == SPICA_OK && files[i] != NULL; i++)
        status = copy_file(ctx, run, &donor, files[i]);
    if (status == SPICA_OK) status = run_stage_record(ctx, &run->folder, STAGE_FEATURES, files, facts);
    if (status == SPICA_OK) log_info(ctx, "features: those of %s", run->donor);
    json_decref(facts);
    run_folder_close(ctx, &donor);
    return status;
}

static Status compute_features(Context *ctx, Run *run, json_t *facts) {
    const char *weights = options_text(&run->options, "features.weights");
    const bool embeddings = dataset_has_embeddings(&run->dataset);
    StageKeeper keeper;
    TRY(keeper_open(ctx, &keeper, run, STAGE_FEATURES));
    Status status = embeddings           ? features_from_data(ctx, run, facts)
                    : weights[0] != '\0' ? features_from_file(ctx, run, weights, facts)
                                         : features_from_training(ctx, run, &keeper, facts);
    if (status == SPICA_OK) status = keeper_record(ctx, &keeper, embeddings ? files_of_embeddings : files, facts);
    keeper_close(ctx, &keeper);
    return status;
}

Status stage_features(Context *ctx, Run *run) {
    bool done;
    json_t *facts = NULL;
    TRY(run_stage_find(ctx, &run->folder, STAGE_FEATURES, &done, NULL));
    if (done) return SPICA_OK;
    if (run->donor != NULL) return adopt_features(ctx, run);
    TRY(json_new_object(ctx, &facts));
    const Status status = compute_features(ctx, run, facts);
    json_decref(facts);
    return status;
}
