#include "methods/pica/pica.h"

#include <math.h>
#include <string.h>

#include "base/log.h"
#include "methods/numeric_fault.h"
#include "methods/order_walk.h"
#include "methods/picture_pool.h"
#include "methods/schedule_limits.h"
#include "nn/losses.h"
#include "nn/plan.h"

/* The places of the two heads. The over-clustering head has the first turn, as in the authors' program. */
enum { OVERCLUSTERING, CLUSTERING, HEADS };

/* What a head has of its own. A head that is not there, or that learns in the other's steps, has no turn. */
typedef struct Head {
    size_t pictures;     /* that it learns from */
    int64_t epoch_steps; /* of one pass over them */
    int64_t turn_steps;
    int output; /* which of the plans' */
    OrderWalk walk;
    Pui pui;
    float *d_outputs[2]; /* b x K, r b x K: gradients with respect to its logits */
} Head;

struct PicaTrainer {
    PicaSettings settings;
    PicturePool pool;
    Model model;
    Plan *original_plan, *perturbed_plan; /* two forwards, each with its own batch statistics */
    Optimiser optimiser;
    Head heads[HEADS];
    uint64_t step;           /* steps taken */
    size_t copies;           /* r b */
    size_t view_floats;      /* of one picture */
    PoolBatch batch;         /* b: the step's pictures */
    float *views[2];         /* b originals, r b perturbed copies */
    float *probabilities[2]; /* b x K, r b x K of the larger head */
    float *first_gradients;  /* of the original batch */
};

/* ---- settings ---- */

static size_t batch_of(const PicaSettings *settings, size_t count) {
    return settings->batch == 0 || settings->batch > count ? count : settings->batch;
}

static int64_t whole_steps(double steps) { return steps < 1.0 ? 1 : llround(steps); }

static int64_t epoch_steps_of(const Head heads[HEADS]) {
    return heads[OVERCLUSTERING].epoch_steps + heads[CLUSTERING].epoch_steps;
}

/* Steps in which each head has a turn. */
static int64_t cycle_steps(const Head heads[HEADS]) {
    return heads[OVERCLUSTERING].turn_steps + heads[CLUSTERING].turn_steps;
}

/* Turns of two heads in proportion to their passes, none longer than the training: either head must have one. A head
 * alone has turns of one step. (The first length follows from the second, so that the turns of a training of one cycle
 * follow from its length.) */
static void set_turns(const PicaSettings *settings, Head heads[HEADS]) {
    const double turn = fmin(settings->turn, settings->epochs);
    Head *first = &heads[OVERCLUSTERING], *second = &heads[CLUSTERING];
    first->turn_steps = 0;
    second->turn_steps = 1;
    if (first->epoch_steps == 0) return;
    second->turn_steps = whole_steps(turn * (double)second->epoch_steps);
    first->turn_steps =
        whole_steps((double)second->turn_steps * (double)first->epoch_steps / (double)second->epoch_steps);
}

/* The two heads' pictures, passes and turns. */
static void schedule_heads(const PicaSettings *settings, size_t count, size_t auxiliary_count, Head heads[HEADS]) {
    const size_t batch = batch_of(settings, count);
    const size_t pictures[HEADS] = {settings->model.overclusters > 0 ? count + auxiliary_count : 0, count};
    for (int h = 0; h < HEADS; h++) {
        heads[h].pictures = pictures[h];
        heads[h].epoch_steps = (int64_t)(pictures[h] / batch);
    }
    if (settings->together) heads[OVERCLUSTERING].epoch_steps = 0;
    set_turns(settings, heads);
}

int64_t pica_steps_per_epoch(const PicaSettings *settings, size_t count, size_t auxiliary_count) {
    Head heads[HEADS] = {0};
    schedule_heads(settings, count, auxiliary_count, heads);
    return epoch_steps_of(heads);
}

int64_t pica_steps(const PicaSettings *settings, size_t count, size_t auxiliary_count) {
    Head heads[HEADS] = {0};
    schedule_heads(settings, count, auxiliary_count, heads);
    const int64_t steps = whole_steps(settings->epochs * (double)epoch_steps_of(heads)), cycle = cycle_steps(heads);
    return (steps + cycle - 1) / cycle * cycle;
}

static void warn_of_clusters(Context *ctx, const char *head, int clusters, size_t batch) {
    if ((size_t)clusters > batch)
        log_warning(ctx,
                    "pica: %d clusters of the %s head, but %zu pictures a batch: in every step some clusters have no "
                    "picture, so that the index is estimated from chance overlaps; a larger pica.batch is better",
                    clusters, head, batch);
}

void pica_settings_clip(Context *ctx, PicaSettings *settings, size_t count) {
    const size_t batch = batch_of(settings, count);
    if (batch != settings->batch)
        log_info(ctx, "pica: batch changed from %zu to %zu, for %zu pictures", settings->batch, batch, count);
    settings->batch = batch;
    if (settings->model.overclusters > 0 && !settings->together && settings->turn > settings->epochs)
        log_info(ctx, "pica: turns of %.4g epochs instead of %.4g, all that there are", settings->epochs,
                 settings->turn);
    warn_of_clusters(ctx, "clustering", settings->model.clusters, batch);
    warn_of_clusters(ctx, "over-clustering", settings->model.overclusters, batch);
}

/* ---- opening and closing ---- */

static Status open_model(Context *ctx, PicaTrainer *t) {
    TRY(model_open(ctx, &t->model, &t->settings.model));
    if (t->model.logits < 0) return context_fail(ctx, SPICA_ERROR_INTERNAL, "pica: the model has no clustering head");
    Params *params = net_params(t->model.net);
    init_params(params, t->settings.init, t->settings.seed, RANDOM_INIT_BACKBONE);
    params_changed(params);
    return optimiser_open(ctx, &t->optimiser, &t->settings.optimiser, params);
}

static Status open_plans(Context *ctx, PicaTrainer *t) {
    PlanSettings plan = {.kind = PLAN_TRAIN,
                         .batch = t->settings.batch,
                         .outputs = {t->model.logits, t->model.overlogits},
                         .output_count = t->model.overlogits >= 0 ? 2 : 1,
                         .update_running = true,
                         .seed = t->settings.seed};
    TRY(plan_open(ctx, &t->original_plan, t->model.net, &plan));
    plan.batch = t->copies;
    plan.seed++; /* dropout masks of their own */
    return plan_open(ctx, &t->perturbed_plan, t->model.net, &plan);
}

static Status open_heads(Context *ctx, PicaTrainer *t) {
    static const RandomPurpose orders[HEADS] = {RANDOM_ORDER_OVERCLUSTERING, RANDOM_ORDER_PICA};
    const PicaSettings *s = &t->settings;
    const int clusters[HEADS] = {s->model.overclusters, s->model.clusters};
    for (int h = 0; h < HEADS; h++) {
        Head *head = &t->heads[h];
        const size_t rows[2] = {s->batch, t->copies};
        if (clusters[h] == 0) continue;
        head->output = h == CLUSTERING ? 0 : 1;
        TRY(order_walk_open(ctx, &head->walk, s->seed, orders[h], head->pictures));
        TRY(pui_open(ctx, &head->pui, s->batch, (size_t)s->repeats, (size_t)clusters[h]));
        for (int v = 0; v < 2; v++)
            TRY(NEW_ARRAY(ctx, &head->d_outputs[v], rows[v] * (size_t)clusters[h]));
    }
    return SPICA_OK;
}

static Status open_batch(Context *ctx, PicaTrainer *t) {
    const ModelSpec *spec = &t->settings.model;
    const size_t batches[2] = {t->settings.batch, t->copies};
    const size_t clusters = (size_t)(spec->clusters > spec->overclusters ? spec->clusters : spec->overclusters);
    t->view_floats = (size_t)spec->height * (size_t)spec->width * (size_t)spec->channels;
    t->batch.count = t->settings.batch;
    TRY(NEW_ARRAY(ctx, &t->batch.rows, t->batch.count));
    for (int v = 0; v < 2; v++) {
        TRY(NEW_ARRAY(ctx, &t->views[v], batches[v] * t->view_floats));
        TRY(NEW_ARRAY(ctx, &t->probabilities[v], batches[v] * clusters));
    }
    return NEW_ARRAY(ctx, &t->first_gradients, net_params(t->model.net)->count);
}

static Status open_all(Context *ctx, PicaTrainer *t, const PicaSettings *settings, const Dataset *dataset,
                       const Dataset *auxiliary) {
    const size_t count = dataset->count;
    if (count < 2) return context_fail(ctx, SPICA_ERROR_DATA, "pica: fewer than 2 pictures");
    t->pool = (PicturePool){dataset, auxiliary};
    TRY(pool_check(ctx, &t->pool));
    TRY(check_view_shape(ctx, "pica", &settings->model, &settings->original, dataset));
    TRY(check_view_shape(ctx, "pica", &settings->model, &settings->perturbed, dataset));
    t->settings = *settings;
    t->settings.batch = batch_of(settings, count);
    t->copies = t->settings.batch * (size_t)t->settings.repeats;
    schedule_heads(&t->settings, count, auxiliary != NULL ? auxiliary->count : 0, t->heads);
    TRY(open_model(ctx, t));
    TRY(open_plans(ctx, t));
    TRY(open_heads(ctx, t));
    return open_batch(ctx, t);
}

Status pica_open(Context *ctx, PicaTrainer **trainer, const PicaSettings *settings, const Dataset *dataset,
                 const Dataset *auxiliary) {
    *trainer = NULL;
    TRY(NEW_ZEROED(ctx, trainer, 1));
    const Status status = open_all(ctx, *trainer, settings, dataset, auxiliary);
    if (status != SPICA_OK) pica_close(ctx, trainer);
    return status;
}

void pica_close(Context *ctx, PicaTrainer **trainer) {
    PicaTrainer *t = *trainer;
    if (t == NULL) return;
    if (t->original_plan != NULL) plan_close(ctx, &t->original_plan);
    if (t->perturbed_plan != NULL) plan_close(ctx, &t->perturbed_plan);
    optimiser_close(ctx, &t->optimiser);
    model_close(ctx, &t->model);
    for (int h = 0; h < HEADS; h++) {
        order_walk_close(ctx, &t->heads[h].walk);
        pui_close(ctx, &t->heads[h].pui);
        for (int v = 0; v < 2; v++)
            FREE_ARRAY(ctx, &t->heads[h].d_outputs[v]);
    }
    for (int v = 0; v < 2; v++) {
        FREE_ARRAY(ctx, &t->views[v]);
        FREE_ARRAY(ctx, &t->probabilities[v]);
    }
    FREE_ARRAY(ctx, &t->batch.rows);
    FREE_ARRAY(ctx, &t->first_gradients);
    FREE_ARRAY(ctx, trainer);
}

Status pica_state(Context *ctx, PicaTrainer *t, StateParts *parts) {
    TRY(STATE_VALUE(ctx, parts, &t->step, "step"));
    TRY(params_state(ctx, net_params(t->model.net), "model", parts));
    TRY(plan_state(ctx, t->original_plan, "original.forwards", parts));
    TRY(plan_state(ctx, t->perturbed_plan, "perturbed.forwards", parts));
    return optimiser_state(ctx, &t->optimiser, "optimiser", parts);
}

/* ---- a step ---- */

/* Whose turn the step is, and how many steps that head has had: turns of OVERCLUSTERING and CLUSTERING in cycles. */
static int head_of(const PicaTrainer *t, uint64_t *own_step) {
    const uint64_t first = (uint64_t)t->heads[OVERCLUSTERING].turn_steps;
    const uint64_t second = (uint64_t)t->heads[CLUSTERING].turn_steps;
    const uint64_t both = (uint64_t)cycle_steps(t->heads), cycle = t->step / both, within = t->step % both;
    const bool over = within < first;
    *own_step = over ? cycle * first + within : cycle * second + within - first;
    return over ? OVERCLUSTERING : CLUSTERING;
}

static Status check_loss(Context *ctx, const PicaTrainer *t, const PuiLoss *loss) {
    Plan *const plans[] = {t->original_plan, t->perturbed_plan};
    return isfinite(loss->total) ? SPICA_OK : numeric_fault(ctx, "pica", t->step, plans, 2);
}

/* The head's loss, and its gradients with respect to the logits of both batches. */
static Status head_loss(Context *ctx, PicaTrainer *t, Head *head, PuiLoss *loss) {
    const Plan *const plans[2] = {t->original_plan, t->perturbed_plan};
    const size_t rows[2] = {t->settings.batch, t->copies}, clusters = head->pui.clusters;
    for (int v = 0; v < 2; v++)
        softmax_rows(t->probabilities[v], plan_output(plans[v], head->output), rows[v], clusters, 1.0f);
    *loss = pui_loss(&head->pui, t->probabilities[0], t->probabilities[1], t->settings.entropy_weight,
                     head->d_outputs[0], head->d_outputs[1]);
    TRY(check_loss(ctx, t, loss));
    for (int v = 0; v < 2; v++)
        softmax_rows_backward(head->d_outputs[v], head->d_outputs[v], t->probabilities[v], rows[v], clusters);
    return SPICA_OK;
}

/* The gradients of both batches, added; of the head whose turn it is and of `beside`, NULL for none. */
static Status both_gradients(Context *ctx, PicaTrainer *t, const Head *head, const Head *beside) {
    Params *params = net_params(t->model.net);
    const float *first[2] = {NULL, NULL}, *second[2] = {NULL, NULL};
    first[head->output] = head->d_outputs[0];
    second[head->output] = head->d_outputs[1];
    if (beside != NULL) {
        first[beside->output] = beside->d_outputs[0];
        second[beside->output] = beside->d_outputs[1];
    }
    TRY(plan_backward(ctx, t->original_plan, first));
    memcpy(t->first_gradients, params->gradients, params->count * sizeof *params->gradients);
    TRY(plan_backward(ctx, t->perturbed_plan, second));
    const int64_t count = (int64_t)params->count;
#pragma omp parallel for schedule(static) num_threads(ctx->threads)
    for (int64_t i = 0; i < count; i++)
        params->gradients[i] += t->first_gradients[i];
    return SPICA_OK;
}

Status pica_step_on_views(Context *ctx, PicaTrainer *t, const float *originals, const float *perturbed,
                          PicaStep *report) {
    uint64_t own_step;
    const int turn = head_of(t, &own_step);
    Head *head = &t->heads[turn];
    Head *beside = t->settings.together && t->settings.model.overclusters > 0 ? &t->heads[OVERCLUSTERING] : NULL;
    report->both = beside != NULL;
    report->overclustering = turn == OVERCLUSTERING;
    TRY(plan_forward(ctx, t->original_plan, originals));
    TRY(plan_forward(ctx, t->perturbed_plan, perturbed));
    TRY(head_loss(ctx, t, head, &report->loss));
    if (beside != NULL) TRY(head_loss(ctx, t, beside, &report->beside));
    TRY(both_gradients(ctx, t, head, beside));
    optimiser_step(ctx, &t->optimiser, net_params(t->model.net), t->settings.learning_rate);
    t->step++;
    return SPICA_OK;
}

/* One view of every picture of the step: views[b]. */
static Status draw_views(Context *ctx, PicaTrainer *t, const Policy *policy, uint32_t view, float *views) {
    const ViewKey key = {.seed = t->settings.seed, .purpose = RANDOM_AUGMENT_PICA, .step = t->step, .view = view};
    return pool_views(ctx, policy, &t->pool, &t->batch, key, t->view_floats, views);
}

Status pica_step(Context *ctx, PicaTrainer *t, PicaStep *report) {
    const size_t batch = t->settings.batch;
    uint64_t own_step;
    Head *head = &t->heads[head_of(t, &own_step)];
    const uint64_t epoch_steps = (uint64_t)head->epoch_steps;
    /* The pictures of an epoch's dropped last batch are passed over. */
    order_walk_take(&head->walk, own_step / epoch_steps * head->pictures + own_step % epoch_steps * batch, batch,
                    t->batch.rows);
    pool_split(&t->pool, &t->batch);
    TRY(draw_views(ctx, t, &t->settings.original, 0, t->views[0]));
    for (int copy = 0; copy < t->settings.repeats; copy++)
        TRY(draw_views(ctx, t, &t->settings.perturbed, 1 + (uint32_t)copy,
                       t->views[1] + (size_t)copy * batch * t->view_floats));
    return pica_step_on_views(ctx, t, t->views[0], t->views[1], report);
}

bool pica_turns_are_even(const PicaTrainer *t) { return t->step % (uint64_t)cycle_steps(t->heads) == 0; }

Model *pica_model(PicaTrainer *trainer) { return &trainer->model; }
