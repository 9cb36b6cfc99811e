/* Stage 1: the feature model by contrastive learning, or from a weights file. */
#include <math.h>

#include "base/files.h"
#include "base/log.h"
#include "cluster/kmeans.h"
#include "run/predict.h"
#include "run/run.h"
#include "run/stage_plan.h"

static Status train_steps(Context *ctx, const Run *run, const MocoSettings *settings, MocoTrainer *trainer,
                          FeaturesPlan *plan, int64_t *steps) {
    StepLog log = {.stage = STAGE_FEATURES, .names = {"loss", "accuracy", NULL}};
    Progress progress;
    double figures[3] = {NAN, 0.0, 0.0};
    progress_start(&progress, ctx, STAGE_FEATURES, "step", (double)settings->steps);
    int64_t step = 0;
    for (; plan_features_goes_on(run, plan, step); step++) {
        TRY(context_check_cancel(ctx));
        const int64_t corrected = plan_features_correction(plan, step);
        if (corrected > 0) moco_set_schedule(trainer, corrected);
        progress.total = (double)plan->steps;
        TRY(moco_step(ctx, trainer, &figures[0], &figures[1]));
        TRY(step_log_add(ctx, run, &log, step, figures));
        progress_update(&progress, (double)(step + 1), figures[0]);
    }
    progress_finish(&progress, (double)step, figures[0]);
    *steps = step;
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

static Status features_from_training(Context *ctx, Run *run, json_t *facts) {
    MocoSettings settings;
    MocoTrainer *trainer = NULL;
    FeaturesPlan plan;
    int64_t steps = 0;
    TRY(settings_moco(ctx, &run->options, &run->dataset, &run->features, &settings));
    TRY(plan_features_start(ctx, run, &settings, &plan));
    Status status = moco_open(ctx, &trainer, &settings, &run->dataset);
    if (status == SPICA_OK) status = train_steps(ctx, run, &settings, trainer, &plan, &steps);
    if (status == SPICA_OK) status = plan_features_done(ctx, run, &settings, &plan, steps);
    if (status == SPICA_OK) status = json_add_integer(ctx, facts, "steps", steps);
    if (status == SPICA_OK)
        status = json_add_real(ctx, facts, "epochs",
                               (double)steps / (double)moco_steps_per_epoch(&settings, run->dataset.count));
    if (status == SPICA_OK) status = write_files(ctx, run, moco_model(trainer), facts);
    moco_close(ctx, &trainer);
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
    const double started = clock_seconds();
    TRY(run_stage_start(ctx, &run->folder, STAGE_FEATURES));
    if (embeddings)
        TRY(features_from_data(ctx, run, facts));
    else if (weights[0] != '\0')
        TRY(features_from_file(ctx, run, weights, facts));
    else
        TRY(features_from_training(ctx, run, facts));
    TRY(json_add_real(ctx, facts, "seconds", clock_seconds() - started));
    return run_stage_record(ctx, &run->folder, STAGE_FEATURES, embeddings ? files_of_embeddings : files, facts);
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
