/* Stage 2: clustering heads on the frozen backbone, of which the loss selects one. */
#include "base/log.h"
#include "methods/inference.h"
#include "run/head_records.h"
#include "run/model_files.h"
#include "run/predict.h"
#include "run/run.h"
#include "run/stage_keeper.h"
#include "run/stage_plan.h"

/* Every head's losses after an epoch, as one line of log.jsonl. */
static Status log_epoch(Context *ctx, const Run *run, const HeadSettings *settings, const HeadScore *scores) {
    json_t *line, *losses = json_array(), *training = json_array();
    TRY(json_new_object(ctx, &line));
    Status status = json_add_text(ctx, line, "stage", STAGE_HEAD);
    if (status == SPICA_OK) status = json_add_integer(ctx, line, "epoch", scores->epoch);
    if (status == SPICA_OK) status = json_add(ctx, line, "losses", losses);
    if (status == SPICA_OK) status = json_add(ctx, line, "training_losses", training);
    for (int h = 0; status == SPICA_OK && h < settings->count; h++) {
        status = json_append_real(ctx, losses, scores[h].loss);
        if (status == SPICA_OK) status = json_append_real(ctx, training, scores[h].training_loss);
    }
    if (status == SPICA_OK) status = run_folder_log(ctx, &run->folder, line);
    json_decref(line);
    return status;
}

/* The selected head's clusters, for the stage's quality. */
static Status add_head_quality(Context *ctx, const Run *run, const HeadResult *result, const float *features,
                               size_t dimension, size_t hidden, json_t *facts) {
    const size_t count = run->dataset.count, clusters = (size_t)options_integer(&run->options, "run.clusters");
    float *logits = NULL;
    int32_t *predicted = NULL;
    Status status = NEW_ARRAY(ctx, &logits, count * clusters);
    if (status == SPICA_OK) status = NEW_ARRAY(ctx, &predicted, count);
    if (status == SPICA_OK)
        status = head_apply(ctx, result->weights, features, count, dimension, hidden, clusters, logits);
    if (status == SPICA_OK) {
        predict_clusters(logits, count, clusters, predicted, NULL);
        status = run_add_quality(ctx, run, predicted, facts);
    }
    FREE_ARRAY(ctx, &logits);
    FREE_ARRAY(ctx, &predicted);
    return status;
}

/* A step is an E-step and its M-step: floor(N / M) of them are an epoch. */
static Status add_selection(Context *ctx, const HeadSettings *settings, size_t count, const HeadResult *result,
                            json_t *facts) {
    TRY(json_add_integer(ctx, facts, "epochs", settings->epochs));
    TRY(json_add_integer(ctx, facts, "steps", settings->epochs * (int64_t)(count / settings->estep)));
    TRY(json_add_integer(ctx, facts, "selected_head", result->selected_head));
    TRY(json_add_integer(ctx, facts, "selected_epoch", result->selected_epoch));
    return json_add_real(ctx, facts, "selected_loss", result->selected_loss);
}

static Status trainer_state(Context *ctx, void *user, StateParts *parts) { return head_state(ctx, user, parts); }

static bool moves_backbone(const HeadSettings *settings) { return settings->train_bn || settings->train_backbone; }

static Status train_steps(Context *ctx, const HeadSettings *settings, HeadTrainer *trainer, StageKeeper *keeper,
                          HeadRecords *records) {
    bool resumed;
    TRY(keeper_resume(ctx, keeper, &resumed));
    while (plan_head_goes_on(keeper->run, settings->epochs, head_epochs(trainer), keeper->started)) {
        const HeadScore *scores;
        TRY(keeper_between(ctx, keeper));
        TRY(head_step(ctx, trainer, &scores));
        if (scores == NULL) continue;
        TRY(log_epoch(ctx, keeper->run, settings, scores));
        TRY(head_records_add(ctx, records, keeper->run, head_logits(trainer), scores, (size_t)settings->count));
    }
    return SPICA_OK;
}

/* settings->epochs become those that there was time for. */
static Status train_heads(Context *ctx, Run *run, HeadSettings *settings, Model *model, const float *features,
                          StageKeeper *keeper, HeadResult *result) {
    HeadTrainer *trainer;
    HeadRecords records = {0};
    TRY(head_open(ctx, &trainer, settings, &run->dataset, model, features));
    keeper->state = trainer_state;
    keeper->user = trainer;
    Status status = keeper_interrupt(ctx, keeper, train_steps(ctx, settings, trainer, keeper, &records));
    if (status == SPICA_OK) {
        settings->epochs = head_epochs(trainer);
        head_take_result(trainer, result);
        status = plan_head_done(ctx, run, settings->epochs);
    }
    head_close(ctx, &trainer);
    head_records_close(ctx, &records);
    return status;
}

static Status write_heads(Context *ctx, const Run *run, const HeadSettings *settings, Model *model,
                          const float *features, const HeadResult *result, json_t *facts) {
    const size_t dimension = (size_t)model->dimension;
    const size_t hidden = settings->hidden > 0 ? (size_t)settings->hidden : dimension;
    TRY(model_set_head(ctx, result->weights, model));
    /* Batch norm that trained with the heads has moved the backbone's running statistics, or it has learnt itself. The
     * file of stage 1 stays as it is: until this stage is recorded, the run may have to begin it again. */
    const unsigned parts = moves_backbone(settings) ? MODEL_HEAD | MODEL_BACKBONE : MODEL_HEAD;
    TRY(model_file_write(ctx, run, RUN_HEAD, model, parts));
    TRY(add_selection(ctx, settings, run->dataset.count, result, facts));
    return add_head_quality(ctx, run, result, features, dimension, hidden, facts);
}

static Status compute_head(Context *ctx, Run *run, json_t *facts) {
    static const char *const files[] = {RUN_HEAD, NULL};
    const ModelSpec spec = clustering_spec(run);
    HeadSettings settings;
    StageKeeper keeper;
    HeadResult result = {0};
    Model model = {0};
    float *features = NULL;
    const ViewKey key = {0};
    if (dataset_has_embeddings(&run->dataset))
        log_info(ctx, "head: weak and strong views are the embedding itself: there is no picture to draw them from");
    TRY(settings_head(ctx, &run->options, &run->dataset, &run->features, &settings));
    TRY(keeper_open(ctx, &keeper, run, STAGE_HEAD));
    Status status = run_open_features_model(ctx, run, &spec, &model);
    if (status == SPICA_OK) status = NEW_ARRAY(ctx, &features, run->dataset.count * (size_t)model.dimension);
    if (status == SPICA_OK)
        status = infer_rows(ctx, &model, &run->dataset, NULL, run->dataset.count, &settings.plain, key,
                            settings.inference_batch, "embed", features, NULL);
    if (status == SPICA_OK) status = train_heads(ctx, run, &settings, &model, features, &keeper, &result);
    if (status == SPICA_OK) status = write_heads(ctx, run, &settings, &model, features, &result, facts);
    if (status == SPICA_OK) status = keeper_record(ctx, &keeper, files, facts);
    FREE_ARRAY(ctx, &features);
    head_result_close(ctx, &result);
    model_close(ctx, &model);
    keeper_close(ctx, &keeper);
    return status;
}

Status stage_head(Context *ctx, Run *run) {
    bool done;
    json_t *facts = NULL;
    TRY(run_stage_find(ctx, &run->folder, STAGE_HEAD, &done, NULL));
    if (done) return SPICA_OK;
    TRY(json_new_object(ctx, &facts));
    const Status status = compute_head(ctx, run, facts);
    json_decref(facts);
    return status;
}
