#include "methods/scan/scan.h"

#include <math.h>

#include "base/log.h"
#include "methods/copy_weights.h"
#include "methods/numeric_fault.h"
#include "methods/order_walk.h"
#include "methods/schedule_limits.h"
#include "nn/init.h"
#include "nn/plan.h"

struct ScanTrainer {
    ScanSettings settings;
    const Dataset *dataset;
    const int32_t *neighbours; /* N x each, the caller's */
    size_t each;
    Model model;
    Plan *plan; /* pictures and neighbours: two groups of one batch, each with its own batch statistics */
    Optimiser optimiser;
    OrderWalk walk;
    uint64_t step;    /* steps taken */
    int64_t *rows;    /* 2 x batch: the step's pictures, then the neighbours drawn */
    float *views;     /* 2 x batch */
    float *d_logits;  /* 2 x batch x K */
    float *loss_work; /* the same */
};

void scan_settings_clip(Context *ctx, ScanSettings *settings, size_t count) {
    if (settings->batch > count || settings->batch == 0) {
        log_info(ctx, "scan: batch changed from %zu to %zu, for %zu pictures", settings->batch, count, count);
        settings->batch = count;
    }
}

int64_t scan_steps(const ScanSettings *settings, size_t count) {
    return steps_of_epochs(settings->epochs, settings->batch, count);
}

int64_t scan_epoch_steps(const ScanSettings *settings, size_t count) {
    return settings->batch < count ? (int64_t)(count / settings->batch) : 1;
}

/* The backbone is that of the features, the head starts afresh. */
static Status open_model(Context *ctx, ScanTrainer *t, const Model *features) {
    TRY(model_open(ctx, &t->model, &t->settings.model));
    if (t->model.logits < 0) return context_fail(ctx, SPICA_ERROR_INTERNAL, "scan: the model has no clustering head");
    Params *params = net_params(t->model.net);
    init_params(params, INIT_DEFAULT, t->settings.seed, RANDOM_INIT_HEAD);
    TRY(copy_weights(ctx, "scan", params, net_params(features->net), "head."));
    return optimiser_open(ctx, &t->optimiser, &t->settings.optimiser, params);
}

static Status open_batch(Context *ctx, ScanTrainer *t) {
    const ModelSpec *spec = &t->settings.model;
    const size_t pictures = 2 * t->settings.batch, logits = pictures * (size_t)spec->clusters;
    const PlanSettings plan = {.kind = PLAN_TRAIN,
                               .batch = pictures,
                               .bn_groups = 2,
                               .outputs = {t->model.logits},
                               .output_count = 1,
                               .update_running = true,
                               .seed = t->settings.seed};
    TRY(plan_open(ctx, &t->plan, t->model.net, &plan));
    TRY(NEW_ARRAY(ctx, &t->rows, pictures));
    TRY(NEW_ARRAY(ctx, &t->views, pictures * (size_t)spec->height * (size_t)spec->width * (size_t)spec->channels));
    TRY(NEW_ARRAY(ctx, &t->d_logits, logits));
    return NEW_ARRAY(ctx, &t->loss_work, logits);
}

static Status open_all(Context *ctx, ScanTrainer *t, const ScanSettings *settings, const Dataset *dataset,
                       const Model *features) {
    if (dataset->count < 2) return context_fail(ctx, SPICA_ERROR_DATA, "scan: fewer than 2 pictures");
    t->settings = *settings;
    t->dataset = dataset;
    scan_settings_clip(ctx, &t->settings, dataset->count);
    TRY(check_view_shape(ctx, "scan", &settings->model, &settings->strong, dataset));
    TRY(order_walk_open(ctx, &t->walk, settings->seed, RANDOM_ORDER_SCAN, dataset->count));
    TRY(open_model(ctx, t, features));
    return open_batch(ctx, t);
}

Status scan_open(Context *ctx, ScanTrainer **trainer, const ScanSettings *settings, const Dataset *dataset,
                 const int32_t *neighbours, size_t each, const Model *features) {
    *trainer = NULL;
    TRY(NEW_ZEROED(ctx, trainer, 1));
    (*trainer)->neighbours = neighbours;
    (*trainer)->each = each;
    const Status status = open_all(ctx, *trainer, settings, dataset, features);
    if (status != SPICA_OK) scan_close(ctx, trainer);
    return status;
}

void scan_close(Context *ctx, ScanTrainer **trainer) {
    ScanTrainer *t = *trainer;
    if (t == NULL) return;
    if (t->plan != NULL) plan_close(ctx, &t->plan);
    optimiser_close(ctx, &t->optimiser);
    model_close(ctx, &t->model);
    order_walk_close(ctx, &t->walk);
    FREE_ARRAY(ctx, &t->rows);
    FREE_ARRAY(ctx, &t->views);
    FREE_ARRAY(ctx, &t->d_logits);
    FREE_ARRAY(ctx, &t->loss_work);
    FREE_ARRAY(ctx, trainer);
}

Status scan_state(Context *ctx, ScanTrainer *t, StateParts *parts) {
    TRY(STATE_VALUE(ctx, parts, &t->step, "step"));
    TRY(params_state(ctx, net_params(t->model.net), "model", parts));
    TRY(plan_state(ctx, t->plan, "model.forwards", parts));
    return optimiser_state(ctx, &t->optimiser, "optimiser", parts);
}

/* ---- a step ---- */

Status scan_step_on_views(Context *ctx, ScanTrainer *t, const float *views, ScanLoss *loss) {
    const size_t clusters = (size_t)t->settings.model.clusters, batch = t->settings.batch, half = batch * clusters;
    TRY(plan_forward(ctx, t->plan, views));
    const float *logits = plan_output(t->plan, 0);
    *loss = scan_loss(t->d_logits, t->d_logits + half, logits, logits + half, batch, clusters,
                      t->settings.entropy_weight, t->loss_work);
    Plan *const plans[] = {t->plan};
    if (!isfinite(loss->total)) return numeric_fault(ctx, "scan", t->step, plans, 1);
    const float *d_outputs[] = {t->d_logits};
    TRY(plan_backward(ctx, t->plan, d_outputs));
    optimiser_step(ctx, &t->optimiser, net_params(t->model.net), t->settings.learning_rate);
    t->step++;
    return SPICA_OK;
}

/* The step's pictures in their order, then one neighbour of each. */
static void draw_rows(ScanTrainer *t) {
    const size_t batch = t->settings.batch;
    order_walk_take(&t->walk, t->step * batch, batch, t->rows);
    for (size_t i = 0; i < batch; i++) {
        Random random = random_at(t->settings.seed, RANDOM_NEIGHBOUR_SCAN, t->step, i, 0);
        const size_t chosen = random_below(&random, (uint32_t)t->each);
        t->rows[batch + i] = t->neighbours[(size_t)t->rows[i] * t->each + chosen];
    }
}

Status scan_step(Context *ctx, ScanTrainer *t, ScanLoss *loss) {
    const ViewKey key = {.seed = t->settings.seed, .purpose = RANDOM_AUGMENT_SCAN, .step = t->step};
    draw_rows(t);
    TRY(augment_batch(ctx, &t->settings.strong, t->dataset, t->rows, 2 * t->settings.batch, key, t->views));
    return scan_step_on_views(ctx, t, t->views, loss);
}

Model *scan_model(ScanTrainer *trainer) { return &trainer->model; }
