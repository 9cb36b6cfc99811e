#include "methods/inference.h"

#include <math.h>
#include <string.h>

#include "base/log.h"

/* One pass over the pictures: the plan, and the buffers that every batch uses again. */
typedef struct Inference {
    Context *ctx;
    const Model *model;
    const Dataset *dataset;
    const Policy *policy;
    const int64_t *rows; /* NULL: the first pictures */
    size_t count, batch;
    const InferTaker *taker;
    Plan *plan;
    float *input;        /* batch x height x width x channels */
    int64_t *batch_rows; /* batch */
} Inference;

/* What the policy makes of the pictures must be what the network reads. */
static Status check_input(const Inference *run) {
    const ModelSpec *spec = &run->model->spec;
    const int height = run->policy->size > 0 ? run->policy->size : run->dataset->height;
    const int width = run->policy->size > 0 ? run->policy->size : run->dataset->width;
    const int channels = policy_channels(run->policy, run->dataset->channels);
    if (height == spec->height && width == spec->width && channels == spec->channels) return SPICA_OK;
    return context_fail(run->ctx, SPICA_ERROR_DATA,
                        "the model reads pictures of %d x %d x %d, but these become %d x %d x %d", spec->height,
                        spec->width, spec->channels, height, width, channels);
}

static Status inference_open(Inference *run) {
    const ModelSpec *spec = &run->model->spec;
    TRY(check_input(run));
    PlanSettings settings = {.kind = PLAN_INFER, .batch = run->batch, .output_count = run->taker->value_count};
    memcpy(settings.outputs, run->taker->values, sizeof settings.outputs);
    TRY(plan_open(run->ctx, &run->plan, run->model->net, &settings));
    /* Zeroed: the places that a first, short batch leaves free are computed too, on finite numbers. */
    TRY(NEW_ZEROED(run->ctx, &run->input,
                   run->batch * (size_t)spec->height * (size_t)spec->width * (size_t)spec->channels));
    return NEW_ARRAY(run->ctx, &run->batch_rows, run->batch);
}

static void inference_close(Inference *run) {
    plan_close(run->ctx, &run->plan);
    FREE_ARRAY(run->ctx, &run->input);
    FREE_ARRAY(run->ctx, &run->batch_rows);
}

/* Pictures first .. first + count - 1 of the list; count is the batch, or less at the end. */
static Status infer_batch(const Inference *run, ViewKey key, size_t first, size_t count) {
    for (size_t i = 0; i < count; i++)
        run->batch_rows[i] = run->rows != NULL ? run->rows[first + i] : (int64_t)(first + i);
    key.first += first;
    TRY(augment_batch(run->ctx, run->policy, run->dataset, run->batch_rows, count, key, run->input));
    TRY(plan_forward(run->ctx, run->plan, run->input));
    return run->taker->take(run->ctx, run->taker->user, run->plan, first, count);
}

static Status infer_batches(const Inference *run, ViewKey key, const char *stage) {
    Progress progress;
    if (stage != NULL) progress_start(&progress, run->ctx, stage, "picture", (double)run->count);
    for (size_t first = 0; first < run->count; first += run->batch) {
        TRY(context_check_cancel(run->ctx));
        const size_t left = run->count - first, count = left < run->batch ? left : run->batch;
        TRY(infer_batch(run, key, first, count));
        if (stage != NULL) progress_update(&progress, (double)(first + count), NAN);
    }
    if (stage != NULL) progress_finish(&progress, (double)run->count, NAN);
    return SPICA_OK;
}

Status infer_values(Context *ctx, Model *model, const Dataset *dataset, const int64_t *rows, size_t count,
                    const Policy *policy, ViewKey key, size_t batch, const char *stage, const InferTaker *taker) {
    if (count == 0) return SPICA_OK;
    const size_t used = batch < 1 ? 1 : batch < count ? batch : count;
    Inference run = {.ctx = ctx,
                     .model = model,
                     .dataset = dataset,
                     .policy = policy,
                     .rows = rows,
                     .count = count,
                     .batch = used,
                     .taker = taker};
    Status status = inference_open(&run);
    if (status == SPICA_OK) status = infer_batches(&run, key, stage);
    inference_close(&run);
    return status;
}

/* Where the rows of each output go, in their order. */
typedef struct Kept {
    float *values[2];
    size_t columns[2];
    int count;
} Kept;

static Status keep_rows(Context *ctx, void *user, const Plan *plan, size_t first, size_t count) {
    const Kept *kept = user;
    (void)ctx;
    for (int i = 0; i < kept->count; i++)
        memcpy(kept->values[i] + first * kept->columns[i], plan_output(plan, i),
               count * kept->columns[i] * sizeof *kept->values[i]);
    return SPICA_OK;
}

static void keep_add(Kept *kept, InferTaker *taker, ValueId value, float *values, int columns) {
    if (values == NULL) return;
    taker->values[taker->value_count++] = value;
    kept->values[kept->count] = values;
    kept->columns[kept->count++] = (size_t)columns;
}

Status infer_rows(Context *ctx, Model *model, const Dataset *dataset, const int64_t *rows, size_t count,
                  const Policy *policy, ViewKey key, size_t batch, const char *stage, float *features, float *logits) {
    Kept kept = {0};
    InferTaker taker = {.take = keep_rows, .user = &kept};
    keep_add(&kept, &taker, model->features, features, model->dimension);
    keep_add(&kept, &taker, model->logits, logits, model->spec.clusters);
    if (count == 0 || kept.count == 0) return SPICA_OK;
    if (logits != NULL && model->logits < 0)
        return context_fail(ctx, SPICA_ERROR_INTERNAL, "logits asked of a model without a clustering head");
    return infer_values(ctx, model, dataset, rows, count, policy, key, batch, stage, &taker);
}
