#include "methods/spice/joint.h"

#include <math.h>
#include <string.h>

#include "base/log.h"
#include "methods/copy_weights.h"
#include "methods/numeric_fault.h"
#include "methods/order_walk.h"
#include "methods/pseudo_labels.h"
#include "methods/schedule_limits.h"
#include "nn/init.h"
#include "nn/losses.h"
#include "nn/plan.h"

struct JointTrainer {
    JointSettings settings;
    const Dataset *dataset;
    Model model, average;
    Plan *plan;      /* one_forward: [labelled, weak, strong], else [labelled, strong] */
    Plan *weak_plan; /* unlabelled weak views, nothing kept; NULL when one_forward */
    Optimiser optimiser;
    OrderWalk labelled_walk, unlabelled_walk;
    uint64_t step;            /* steps taken */
    size_t batch, unlabelled; /* L, U of Eq. 9 */
    size_t view_floats;       /* of one picture */
    size_t input_pictures;    /* of the plan */
    int32_t *labelled_rows;   /* reliable pictures, in data order */
    int32_t *labelled_of;     /* their labels */
    size_t labelled_count;
    int64_t *rows;          /* max(L, U): a step's pictures */
    int32_t *labels;        /* L */
    float *input;           /* input_pictures */
    float *weak_input;      /* U; NULL when one_forward: it is part of the input */
    float *probabilities;   /* U x K: of the weak views */
    int32_t *pseudo_labels; /* U: Eq. 8 */
    float *d_logits;        /* input_pictures x K */
};

/* ---- settings ---- */

void joint_settings_clip(Context *ctx, JointSettings *settings, size_t count) {
    const JointSettings old = *settings;
    if (settings->batch > count || settings->batch == 0) settings->batch = count;
    const size_t most = count / settings->batch;
    if (settings->ratio < 1) settings->ratio = 1;
    if ((size_t)settings->ratio > most) settings->ratio = (int)most;
    if (settings->batch != old.batch)
        log_info(ctx, "joint: batch changed from %zu to %zu, for %zu pictures", old.batch, settings->batch, count);
    if (settings->ratio != old.ratio)
        log_info(ctx, "joint: unlabelled pictures per labelled changed from %d to %d, for %zu pictures", old.ratio,
                 settings->ratio, count);
    if (settings->schedule_steps <= 0) settings->schedule_steps = settings->steps;
    clip_bn_momentum(ctx, "joint", &settings->model, settings->schedule_steps);
}

/* ---- opening and closing ---- */

static Status open_labelled(Context *ctx, JointTrainer *t, const int32_t *reliable) {
    const size_t count = t->dataset->count;
    for (size_t i = 0; i < count; i++)
        t->labelled_count += reliable[i] >= 0;
    if (t->labelled_count == 0) return context_fail(ctx, SPICA_ERROR_INTERNAL, "joint: no picture is labelled");
    TRY(NEW_ARRAY(ctx, &t->labelled_rows, t->labelled_count));
    TRY(NEW_ARRAY(ctx, &t->labelled_of, t->labelled_count));
    for (size_t i = 0, next = 0; i < count; i++)
        if (reliable[i] >= 0) {
            t->labelled_rows[next] = (int32_t)i;
            t->labelled_of[next++] = reliable[i];
        }
    const uint64_t seed = t->settings.seed;
    TRY(order_walk_open(ctx, &t->labelled_walk, seed, RANDOM_ORDER_LABELLED, t->labelled_count));
    return order_walk_open(ctx, &t->unlabelled_walk, seed, RANDOM_ORDER_UNLABELLED, count);
}

static Status set_weights(Context *ctx, JointTrainer *t, const Model *start) {
    Params *params = net_params(t->model.net), *average = net_params(t->average.net);
    if (start == NULL) {
        init_params(params, t->settings.init, t->settings.seed, RANDOM_INIT_BACKBONE);
    } else {
        TRY(copy_weights(ctx, "joint", params, net_params(start->net), NULL));
    }
    memcpy(average->values, params->values, params->count * sizeof *params->values);
    memcpy(average->buffers, params->buffers, params->buffer_count * sizeof *params->buffers);
    params_changed(average);
    return SPICA_OK;
}

static Status open_models(Context *ctx, JointTrainer *t, const Model *start) {
    TRY(model_open(ctx, &t->model, &t->settings.model));
    TRY(model_open(ctx, &t->average, &t->settings.model));
    if (t->model.logits < 0) return context_fail(ctx, SPICA_ERROR_INTERNAL, "joint: the model has no clustering head");
    TRY(set_weights(ctx, t, start));
    return optimiser_open(ctx, &t->optimiser, &t->settings.optimiser, net_params(t->model.net));
}

static Status open_plans(Context *ctx, JointTrainer *t) {
    PlanSettings plan = {.kind = PLAN_TRAIN,
                         .batch = t->input_pictures,
                         .outputs = {t->model.logits},
                         .output_count = 1,
                         .bn_groups = even_groups(t->settings.bn_groups, t->input_pictures),
                         .update_running = true,
                         .seed = t->settings.seed};
    TRY(plan_open(ctx, &t->plan, t->model.net, &plan));
    if (t->settings.one_forward) return SPICA_OK;
    /* It moves the running statistics as well: the evaluated pictures are more like weak views than like strong. */
    plan.kind = PLAN_TRAIN_FORWARD;
    plan.batch = t->unlabelled;
    plan.bn_groups = even_groups(t->settings.bn_groups, t->unlabelled);
    return plan_open(ctx, &t->weak_plan, t->model.net, &plan);
}

static Status open_batch(Context *ctx, JointTrainer *t) {
    const size_t clusters = (size_t)t->settings.model.clusters;
    TRY(NEW_ARRAY(ctx, &t->rows, t->batch > t->unlabelled ? t->batch : t->unlabelled));
    TRY(NEW_ARRAY(ctx, &t->labels, t->batch));
    TRY(NEW_ARRAY(ctx, &t->input, t->input_pictures * t->view_floats));
    if (!t->settings.one_forward) TRY(NEW_ARRAY(ctx, &t->weak_input, t->unlabelled * t->view_floats));
    TRY(NEW_ARRAY(ctx, &t->probabilities, t->unlabelled * clusters));
    TRY(NEW_ARRAY(ctx, &t->pseudo_labels, t->unlabelled));
    return NEW_ARRAY(ctx, &t->d_logits, t->input_pictures * clusters);
}

static Status open_all(Context *ctx, JointTrainer *t, const JointSettings *settings, const Dataset *dataset,
                       const int32_t *reliable, const Model *start) {
    if (dataset->count == 0) return context_fail(ctx, SPICA_ERROR_DATA, "joint: the data set has no pictures");
    t->settings = *settings;
    t->dataset = dataset;
    joint_settings_clip(ctx, &t->settings, dataset->count);
    const ModelSpec *spec = &t->settings.model;
    TRY(check_view_shape(ctx, "joint", spec, &settings->weak, dataset));
    TRY(check_view_shape(ctx, "joint", spec, &settings->strong, dataset));
    t->view_floats = (size_t)spec->height * (size_t)spec->width * (size_t)spec->channels;
    t->batch = t->settings.batch;
    t->unlabelled = t->batch * (size_t)t->settings.ratio;
    t->input_pictures = t->batch + (settings->one_forward ? 2 : 1) * t->unlabelled;
    TRY(open_labelled(ctx, t, reliable));
    TRY(open_models(ctx, t, start));
    TRY(open_plans(ctx, t));
    return open_batch(ctx, t);
}

Status joint_open(Context *ctx, JointTrainer **trainer, const JointSettings *settings, const Dataset *dataset,
                  const int32_t *reliable, const Model *start) {
    *trainer = NULL;
    TRY(NEW_ZEROED(ctx, trainer, 1));
    const Status status = open_all(ctx, *trainer, settings, dataset, reliable, start);
    if (status != SPICA_OK) joint_close(ctx, trainer);
    return status;
}

void joint_close(Context *ctx, JointTrainer **trainer) {
    JointTrainer *t = *trainer;
    if (t == NULL) return;
    if (t->plan != NULL) plan_close(ctx, &t->plan);
    if (t->weak_plan != NULL) plan_close(ctx, &t->weak_plan);
    optimiser_close(ctx, &t->optimiser);
    model_close(ctx, &t->model);
    model_close(ctx, &t->average);
    order_walk_close(ctx, &t->labelled_walk);
    order_walk_close(ctx, &t->unlabelled_walk);
    FREE_ARRAY(ctx, &t->labelled_rows);
    FREE_ARRAY(ctx, &t->labelled_of);
    FREE_ARRAY(ctx, &t->rows);
    FREE_ARRAY(ctx, &t->labels);
    FREE_ARRAY(ctx, &t->input);
    FREE_ARRAY(ctx, &t->weak_input);
    FREE_ARRAY(ctx, &t->probabilities);
    FREE_ARRAY(ctx, &t->pseudo_labels);
    FREE_ARRAY(ctx, &t->d_logits);
    FREE_ARRAY(ctx, trainer);
}

Status joint_state(Context *ctx, JointTrainer *t, StateParts *parts) {
    TRY(STATE_VALUE(ctx, parts, &t->step, "step"));
    TRY(params_state(ctx, net_params(t->model.net), "model", parts));
    TRY(params_state(ctx, net_params(t->average.net), "average", parts));
    TRY(plan_state(ctx, t->plan, "model.forwards", parts));
    if (t->weak_plan != NULL) TRY(plan_state(ctx, t->weak_plan, "weak.forwards", parts));
    return optimiser_state(ctx, &t->optimiser, "optimiser", parts);
}

/* ---- a step ---- */

/* Where the step's parts lie in the plan's input, in pictures. */
static size_t weak_first(const JointTrainer *t) { return t->batch; }
static size_t strong_first(const JointTrainer *t) { return t->input_pictures - t->unlabelled; }

static float *weak_views(JointTrainer *t) {
    return t->weak_input != NULL ? t->weak_input : t->input + weak_first(t) * t->view_floats;
}

/* Eq. 8: the weak view's most probable cluster, or -1 below the threshold. Returns how many pass. */
static size_t label_unlabelled(JointTrainer *t, const float *logits) {
    const size_t clusters = (size_t)t->settings.model.clusters;
    softmax_rows(t->probabilities, logits, t->unlabelled, clusters, 1.0f);
    return pseudo_labels(t->pseudo_labels, t->probabilities, t->unlabelled, clusters, t->settings.threshold, true);
}

/* Both forwards; the unlabelled pictures' labels are made from the weak views, which get no gradient. */
static Status forward_views(Context *ctx, JointTrainer *t, const float **logits, size_t *used) {
    const size_t clusters = (size_t)t->settings.model.clusters;
    if (t->weak_plan != NULL) {
        TRY(plan_forward(ctx, t->weak_plan, t->weak_input));
        *used = label_unlabelled(t, plan_output(t->weak_plan, 0));
    }
    TRY(plan_forward(ctx, t->plan, t->input));
    *logits = plan_output(t->plan, 0);
    if (t->weak_plan == NULL) *used = label_unlabelled(t, *logits + weak_first(t) * clusters);
    return SPICA_OK;
}

/* Eq. 9 and its gradient with respect to the logits. */
static void joint_loss(JointTrainer *t, const float *logits, const int32_t *labels, JointStep *report) {
    const size_t clusters = (size_t)t->settings.model.clusters;
    const float weight = t->settings.unlabelled_weight;
    const size_t strong = strong_first(t) * clusters, strong_floats = t->unlabelled * clusters;
    memset(t->d_logits, 0, t->input_pictures * clusters * sizeof *t->d_logits);
    report->labelled_loss =
        cross_entropy(t->d_logits, logits, labels, NULL, t->batch, clusters, CE_PLAIN, 1.0f, (double)t->batch);
    report->unlabelled_loss = cross_entropy(t->d_logits + strong, logits + strong, t->pseudo_labels, NULL,
                                            t->unlabelled, clusters, CE_PLAIN, 1.0f, (double)t->unlabelled);
    for (size_t i = 0; i < strong_floats; i++)
        t->d_logits[strong + i] *= weight;
}

static Status check_loss(Context *ctx, const JointTrainer *t, const JointStep *report) {
    if (isfinite(report->labelled_loss) && isfinite(report->unlabelled_loss)) return SPICA_OK;
    Plan *const plans[] = {t->plan, t->weak_plan};
    return numeric_fault(ctx, "joint", t->step, plans, 2);
}

float joint_learning_rate(const JointTrainer *t) {
    const double schedule = (double)t->settings.schedule_steps;
    if (schedule <= 0.0) return t->settings.learning_rate;
    return schedule_cosine_7_16(t->settings.learning_rate, fmin((double)t->step / schedule, 1.0));
}

/* The step on what stands in the trainer's inputs. */
static Status step_on_inputs(Context *ctx, JointTrainer *t, const int32_t *labels, JointStep *report) {
    const float *logits = NULL;
    size_t used = 0;
    TRY(forward_views(ctx, t, &logits, &used));
    joint_loss(t, logits, labels, report);
    report->used = (double)used / (double)t->unlabelled;
    TRY(check_loss(ctx, t, report));
    const float *d_outputs[] = {t->d_logits};
    TRY(plan_backward(ctx, t->plan, d_outputs));
    Params *params = net_params(t->model.net);
    optimiser_step(ctx, &t->optimiser, params, joint_learning_rate(t));
    moving_average_update(ctx, net_params(t->average.net), params, t->settings.ema, t->settings.ema_warmup, t->step,
                          true);
    t->step++;
    return SPICA_OK;
}

Status joint_step_on_views(Context *ctx, JointTrainer *t, const JointViews *views, JointStep *report) {
    const size_t floats = t->view_floats, unlabelled_bytes = t->unlabelled * floats * sizeof(float);
    memcpy(t->input, views->labelled, t->batch * floats * sizeof(float));
    memcpy(weak_views(t), views->unlabelled_weak, unlabelled_bytes);
    memcpy(t->input + strong_first(t) * floats, views->unlabelled_strong, unlabelled_bytes);
    return step_on_inputs(ctx, t, views->labels, report);
}

static ViewKey view_key(const JointTrainer *t, RandomPurpose purpose, uint32_t view) {
    return (ViewKey){.seed = t->settings.seed, .purpose = purpose, .step = t->step, .view = view};
}

static Status draw_labelled(Context *ctx, JointTrainer *t) {
    order_walk_take(&t->labelled_walk, t->step * t->batch, t->batch, t->rows);
    for (size_t i = 0; i < t->batch; i++) {
        const size_t place = (size_t)t->rows[i];
        t->rows[i] = t->labelled_rows[place];
        t->labels[i] = t->labelled_of[place];
    }
    return augment_batch(ctx, &t->settings.weak, t->dataset, t->rows, t->batch, view_key(t, RANDOM_AUGMENT_LABELLED, 0),
                         t->input);
}

static Status draw_unlabelled(Context *ctx, JointTrainer *t) {
    order_walk_take(&t->unlabelled_walk, t->step * t->unlabelled, t->unlabelled, t->rows);
    TRY(augment_batch(ctx, &t->settings.weak, t->dataset, t->rows, t->unlabelled,
                      view_key(t, RANDOM_AUGMENT_UNLABELLED, 0), weak_views(t)));
    return augment_batch(ctx, &t->settings.strong, t->dataset, t->rows, t->unlabelled,
                         view_key(t, RANDOM_AUGMENT_UNLABELLED, 1), t->input + strong_first(t) * t->view_floats);
}

Status joint_step(Context *ctx, JointTrainer *t, JointStep *report) {
    TRY(draw_labelled(ctx, t));
    TRY(draw_unlabelled(ctx, t));
    return step_on_inputs(ctx, t, t->labels, report);
}

Model *joint_model(JointTrainer *trainer) { return &trainer->average; }

Model *joint_trained_model(JointTrainer *trainer) { return &trainer->model; }
