#include "methods/scan/self_label.h"

#include <math.h>

#include "base/log.h"
#include "methods/copy_weights.h"
#include "methods/numeric_fault.h"
#include "methods/order_walk.h"
#include "methods/pseudo_labels.h"
#include "methods/scan/scan_loss.h"
#include "methods/schedule_limits.h"
#include "nn/losses.h"
#include "nn/plan.h"

struct SelfLabelTrainer {
    SelfLabelSettings settings;
    const Dataset *dataset;
    Model model;
    Plan *plain_plan, *strong_plan; /* two forwards, each with its own batch statistics; plain keeps nothing */
    Optimiser optimiser;
    OrderWalk walk;
    uint64_t step;        /* steps taken */
    int64_t *rows;        /* batch */
    float *views[2];      /* batch: plain, strong */
    float *probabilities; /* batch x K: of the plain views */
    int32_t *labels;      /* batch */
    float *d_logits;      /* batch x K */
    float *weights;       /* batch: of the loss */
    size_t *sizes;        /* K: of the loss */
};

void self_label_settings_clip(Context *ctx, SelfLabelSettings *settings, size_t count) {
    if (settings->batch > count || settings->batch == 0) {
        log_info(ctx, "self_label: batch changed from %zu to %zu, for %zu pictures", settings->batch, count, count);
        settings->batch = count;
    }
}

int64_t self_label_steps(const SelfLabelSettings *settings, size_t count) {
    return steps_of_epochs(settings->epochs, settings->batch, count);
}

/* ---- opening and closing ---- */

static Status open_model(Context *ctx, SelfLabelTrainer *t, const Model *start) {
    TRY(model_open(ctx, &t->model, &t->settings.model));
    if (t->model.logits < 0)
        return context_fail(ctx, SPICA_ERROR_INTERNAL, "self_label: the model has no clustering head");
    Params *params = net_params(t->model.net);
    TRY(copy_weights(ctx, "self_label", params, net_params(start->net), NULL));
    return optimiser_open(ctx, &t->optimiser, &t->settings.optimiser, params);
}

static Status open_plans(Context *ctx, SelfLabelTrainer *t) {
    PlanSettings plan = {.kind = PLAN_TRAIN,
                         .batch = t->settings.batch,
                         .outputs = {t->model.logits},
                         .output_count = 1,
                         .update_running = true,
                         .seed = t->settings.seed};
    TRY(plan_open(ctx, &t->strong_plan, t->model.net, &plan));
    plan.kind = PLAN_TRAIN_FORWARD;
    plan.seed++; /* dropout masks of their own */
    return plan_open(ctx, &t->plain_plan, t->model.net, &plan);
}

static Status open_batch(Context *ctx, SelfLabelTrainer *t) {
    const ModelSpec *spec = &t->settings.model;
    const size_t batch = t->settings.batch, clusters = (size_t)spec->clusters;
    TRY(NEW_ARRAY(ctx, &t->rows, batch));
    for (int v = 0; v < 2; v++)
        TRY(NEW_ARRAY(ctx, &t->views[v], batch * (size_t)spec->height * (size_t)spec->width * (size_t)spec->channels));
    TRY(NEW_ARRAY(ctx, &t->probabilities, batch * clusters));
    TRY(NEW_ARRAY(ctx, &t->labels, batch));
    TRY(NEW_ARRAY(ctx, &t->d_logits, batch * clusters));
    TRY(NEW_ARRAY(ctx, &t->weights, batch));
    return NEW_ARRAY(ctx, &t->sizes, clusters);
}

static Status open_all(Context *ctx, SelfLabelTrainer *t, const SelfLabelSettings *settings, const Dataset *dataset,
                       const Model *start) {
    if (dataset->count < 2) return context_fail(ctx, SPICA_ERROR_DATA, "self_label: fewer than 2 pictures");
    t->settings = *settings;
    t->dataset = dataset;
    self_label_settings_clip(ctx, &t->settings, dataset->count);
    TRY(check_view_shape(ctx, "self_label", &settings->model, &settings->plain, dataset));
    TRY(check_view_shape(ctx, "self_label", &settings->model, &settings->strong, dataset));
    TRY(order_walk_open(ctx, &t->walk, settings->seed, RANDOM_ORDER_SELF_LABEL, dataset->count));
    TRY(open_model(ctx, t, start));
    TRY(open_plans(ctx, t));
    return open_batch(ctx, t);
}

Status self_label_open(Context *ctx, SelfLabelTrainer **trainer, const SelfLabelSettings *settings,
                       const Dataset *dataset, const Model *start) {
    *trainer = NULL;
    TRY(NEW_ZEROED(ctx, trainer, 1));
    const Status status = open_all(ctx, *trainer, settings, dataset, start);
    if (status != SPICA_OK) self_label_close(ctx, trainer);
    return status;
}

void self_label_close(Context *ctx, SelfLabelTrainer **trainer) {
    SelfLabelTrainer *t = *trainer;
    if (t == NULL) return;
    if (t->plain_plan != NULL) plan_close(ctx, &t->plain_plan);
    if (t->strong_plan != NULL) plan_close(ctx, &t->strong_plan);
    optimiser_close(ctx, &t->optimiser);
    model_close(ctx, &t->model);
    order_walk_close(ctx, &t->walk);
    for (int v = 0; v < 2; v++)
        FREE_ARRAY(ctx, &t->views[v]);
    FREE_ARRAY(ctx, &t->rows);
    FREE_ARRAY(ctx, &t->probabilities);
    FREE_ARRAY(ctx, &t->labels);
    FREE_ARRAY(ctx, &t->d_logits);
    FREE_ARRAY(ctx, &t->weights);
    FREE_ARRAY(ctx, &t->sizes);
    FREE_ARRAY(ctx, trainer);
}

Status self_label_state(Context *ctx, SelfLabelTrainer *t, StateParts *parts) {
    TRY(STATE_VALUE(ctx, parts, &t->step, "step"));
    TRY(params_state(ctx, net_params(t->model.net), "model", parts));
    TRY(plan_state(ctx, t->plain_plan, "plain.forwards", parts));
    TRY(plan_state(ctx, t->strong_plan, "strong.forwards", parts));
    return optimiser_state(ctx, &t->optimiser, "optimiser", parts);
}

/* ---- a step ---- */

/* What the network is sure of. Returns how many pictures that are. */
static size_t label_plain(SelfLabelTrainer *t) {
    const size_t batch = t->settings.batch, clusters = (size_t)t->settings.model.clusters;
    softmax_rows(t->probabilities, plan_output(t->plain_plan, 0), batch, clusters, 1.0f);
    return pseudo_labels(t->labels, t->probabilities, batch, clusters, t->settings.threshold, false);
}

static Status learn_strong(Context *ctx, SelfLabelTrainer *t, SelfLabelStep *report) {
    const float *d_outputs[] = {t->d_logits};
    report->loss = self_label_loss(t->d_logits, plan_output(t->strong_plan, 0), t->labels, t->settings.batch,
                                   (size_t)t->settings.model.clusters, t->settings.balanced, t->weights, t->sizes);
    Plan *const plans[] = {t->plain_plan, t->strong_plan};
    if (!isfinite(report->loss)) return numeric_fault(ctx, "self_label", t->step, plans, 2);
    TRY(plan_backward(ctx, t->strong_plan, d_outputs));
    optimiser_step(ctx, &t->optimiser, net_params(t->model.net), t->settings.learning_rate);
    return SPICA_OK;
}

Status self_label_step_on_views(Context *ctx, SelfLabelTrainer *t, const float *plain, const float *strong,
                                SelfLabelStep *report) {
    *report = (SelfLabelStep){0};
    TRY(plan_forward(ctx, t->plain_plan, plain));
    const size_t sure = label_plain(t);
    TRY(plan_forward(ctx, t->strong_plan, strong));
    report->used = (double)sure / (double)t->settings.batch;
    /* Weight decay and old moments alone are no reason to move. */
    if (sure > 0) TRY(learn_strong(ctx, t, report));
    t->step++;
    return SPICA_OK;
}

Status self_label_step(Context *ctx, SelfLabelTrainer *t, SelfLabelStep *report) {
    const Policy *const policies[2] = {&t->settings.plain, &t->settings.strong};
    const size_t batch = t->settings.batch;
    order_walk_take(&t->walk, t->step * batch, batch, t->rows);
    for (uint32_t v = 0; v < 2; v++) {
        const ViewKey key = {
            .seed = t->settings.seed, .purpose = RANDOM_AUGMENT_SELF_LABEL, .step = t->step, .view = v};
        TRY(augment_batch(ctx, policies[v], t->dataset, t->rows, batch, key, t->views[v]));
    }
    return self_label_step_on_views(ctx, t, t->views[0], t->views[1], report);
}

Model *self_label_model(SelfLabelTrainer *trainer) { return &trainer->model; }
