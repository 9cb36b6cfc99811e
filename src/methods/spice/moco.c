#include "methods/spice/moco.h"

#include <cblas.h>
#include <math.h>
#include <string.h>

#include "base/log.h"
#include "cluster/blas_threads.h"
#include "methods/numeric_fault.h"
#include "methods/order_walk.h"
#include "methods/picture_pool.h"
#include "methods/schedule_limits.h"
#include "nn/init.h"
#include "nn/losses.h"
#include "nn/plan.h"

struct MocoTrainer {
    MocoSettings settings;
    PicturePool pool;
    Model query, key;
    Plan *query_plan, *key_plan;
    Optimiser optimiser;
    OrderWalk walk;
    uint64_t step;          /* steps taken */
    int64_t epoch_steps;    /* steps of an epoch */
    size_t dim;             /* of the projection */
    size_t view_floats;     /* of one picture */
    PoolBatch batch;        /* the step's pictures */
    int64_t *shuffle;       /* batch: the order in which keys pass batch norm's groups */
    float *views[2];        /* batch pictures each */
    float *shuffled;        /* batch pictures; only with groups */
    float *queue;           /* queue x dim */
    size_t queue_next;      /* the oldest row */
    float *queries;         /* batch x dim, normalised */
    float *norms;           /* batch: their lengths before */
    float *d_queries;       /* batch x dim */
    float *keys[2];         /* batch x dim, normalised; the second only when symmetric */
    float *positives[2];    /* batch x dim: keys, some exchanged for neighbours; only with neighbours */
    float *work;            /* batch x (queue + 1): logits */
    float *first_gradients; /* of the first direction; only when symmetric */
};

/* ---- settings ---- */

static size_t batch_of(const MocoSettings *settings, size_t count) {
    if (settings->batch == 0 || settings->batch > count) return count;
    return settings->batch;
}

int64_t moco_steps_per_epoch(const MocoSettings *settings, size_t count) {
    return (int64_t)(count / batch_of(settings, count));
}

/* The most of a quarter of the pictures that is a multiple of the batch: a longer queue would hold the picture's own
 * older keys as negatives. */
static size_t queue_of(size_t queue, size_t batch, size_t count) {
    const size_t most = queue < count / 4 ? queue : count / 4;
    return most < batch ? batch : most / batch * batch;
}

static void log_clip(Context *ctx, const char *what, size_t from, size_t to, size_t count) {
    if (from != to) log_info(ctx, "features: %s changed from %zu to %zu, for %zu pictures", what, from, to, count);
}

void moco_settings_clip(Context *ctx, MocoSettings *settings, size_t count) {
    const MocoSettings old = *settings;
    settings->batch = batch_of(settings, count);
    settings->queue = queue_of(settings->queue, settings->batch, count);
    settings->bn_groups = even_groups(settings->bn_groups, settings->batch);
    log_clip(ctx, "batch", old.batch, settings->batch, count);
    log_clip(ctx, "queue", old.queue, settings->queue, count);
    if (old.bn_groups > 1)
        log_clip(ctx, "batch norm groups", (size_t)old.bn_groups, (size_t)settings->bn_groups, count);
    if (settings->schedule_steps <= 0) settings->schedule_steps = settings->steps;
    clip_bn_momentum(ctx, "features", &settings->model, settings->schedule_steps);
}

/* ---- opening and closing ---- */

static Status open_encoders(Context *ctx, MocoTrainer *t) {
    TRY(model_open(ctx, &t->query, &t->settings.model));
    TRY(model_open(ctx, &t->key, &t->settings.model));
    if (t->query.projection < 0)
        return context_fail(ctx, SPICA_ERROR_INTERNAL, "features: the model has no projection");
    Params *query = net_params(t->query.net), *key = net_params(t->key.net);
    init_params(query, t->settings.init, t->settings.seed, RANDOM_INIT_BACKBONE);
    memcpy(key->values, query->values, query->count * sizeof *query->values);
    memcpy(key->buffers, query->buffers, query->buffer_count * sizeof *query->buffers);
    params_changed(key);
    return optimiser_open(ctx, &t->optimiser, &t->settings.optimiser, query);
}

static Status open_plans(Context *ctx, MocoTrainer *t) {
    PlanSettings plan = {.kind = PLAN_TRAIN,
                         .batch = t->settings.batch,
                         .bn_groups = t->settings.bn_groups,
                         .outputs = {t->query.projection},
                         .output_count = 1,
                         .update_running = true,
                         .seed = t->settings.seed};
    TRY(plan_open(ctx, &t->query_plan, t->query.net, &plan));
    plan.kind = PLAN_TRAIN_FORWARD;
    plan.outputs[0] = t->key.projection;
    plan.update_running = false; /* the key encoder is never evaluated */
    return plan_open(ctx, &t->key_plan, t->key.net, &plan);
}

static Status open_queue(Context *ctx, MocoTrainer *t) {
    TRY(NEW_ARRAY(ctx, &t->queue, t->settings.queue * t->dim));
    for (size_t i = 0; i < t->settings.queue; i++) {
        Random random = random_at(t->settings.seed, RANDOM_QUEUE, 0, i, 0);
        for (size_t d = 0; d < t->dim; d++)
            t->queue[i * t->dim + d] = random_normal(&random);
    }
    normalize_rows(t->queue, t->settings.queue, t->dim, NULL);
    return SPICA_OK;
}

static Status open_batch(Context *ctx, MocoTrainer *t) {
    const ModelSpec *spec = &t->settings.model;
    const size_t batch = t->settings.batch;
    t->view_floats = (size_t)spec->height * (size_t)spec->width * (size_t)spec->channels;
    t->batch.count = batch;
    TRY(NEW_ARRAY(ctx, &t->batch.rows, batch));
    TRY(NEW_ARRAY(ctx, &t->shuffle, batch));
    TRY(NEW_ARRAY(ctx, &t->views[0], batch * t->view_floats));
    TRY(NEW_ARRAY(ctx, &t->views[1], batch * t->view_floats));
    if (t->settings.bn_groups > 1) TRY(NEW_ARRAY(ctx, &t->shuffled, batch * t->view_floats));
    TRY(NEW_ARRAY(ctx, &t->queries, batch * t->dim));
    TRY(NEW_ARRAY(ctx, &t->norms, batch));
    TRY(NEW_ARRAY(ctx, &t->d_queries, batch * t->dim));
    TRY(NEW_ARRAY(ctx, &t->keys[0], batch * t->dim));
    TRY(NEW_ARRAY(ctx, &t->work, batch * (t->settings.queue + 1)));
    if (t->settings.neighbours > 0.0f) {
        TRY(NEW_ARRAY(ctx, &t->positives[0], batch * t->dim));
        TRY(NEW_ARRAY(ctx, &t->positives[1], batch * t->dim));
    }
    if (!t->settings.symmetric) return SPICA_OK;
    TRY(NEW_ARRAY(ctx, &t->keys[1], batch * t->dim));
    return NEW_ARRAY(ctx, &t->first_gradients, net_params(t->query.net)->count);
}

static Status open_all(Context *ctx, MocoTrainer *t, const MocoSettings *settings, const Dataset *dataset,
                       const Dataset *auxiliary) {
    if (dataset->count == 0) return context_fail(ctx, SPICA_ERROR_DATA, "features: the data set has no pictures");
    t->settings = *settings;
    t->pool = (PicturePool){dataset, auxiliary};
    const size_t count = pool_count(&t->pool);
    TRY(pool_check(ctx, &t->pool));
    moco_settings_clip(ctx, &t->settings, count);
    TRY(check_view_shape(ctx, "features", &settings->model, &settings->policy, dataset));
    t->dim = (size_t)settings->model.projection;
    t->epoch_steps = moco_steps_per_epoch(&t->settings, count);
    TRY(open_encoders(ctx, t));
    TRY(open_plans(ctx, t));
    TRY(order_walk_open(ctx, &t->walk, settings->seed, RANDOM_ORDER_FEATURES, count));
    TRY(open_queue(ctx, t));
    return open_batch(ctx, t);
}

/* ---- keys and queue ---- */

/* keys[batch x dim] = normalised projections of the views. With groups, the pictures pass batch norm in another order
 * than the queries do, so that a query and its key have no statistics in common. */
static Status encode_keys(Context *ctx, MocoTrainer *t, const float *views, uint32_t view, float *keys) {
    const size_t batch = t->settings.batch, floats = t->view_floats, dim = t->dim;
    const bool grouped = t->settings.bn_groups > 1;
    if (grouped) {
        Random random = random_at(t->settings.seed, RANDOM_SHUFFLE_KEYS, t->step, 0, view);
        random_permutation(&random, t->shuffle, batch);
        for (size_t i = 0; i < batch; i++)
            memcpy(t->shuffled + i * floats, views + (size_t)t->shuffle[i] * floats, floats * sizeof *views);
    }
    TRY(plan_forward(ctx, t->key_plan, grouped ? t->shuffled : views));
    const float *projections = plan_output(t->key_plan, 0);
    for (size_t i = 0; i < batch; i++) {
        const size_t picture = grouped ? (size_t)t->shuffle[i] : i;
        memcpy(keys + picture * dim, projections + i * dim, dim * sizeof *keys);
    }
    normalize_rows(keys, batch, dim, NULL);
    return SPICA_OK;
}

/* First in, first out: the batch's keys replace the oldest. */
static void push_keys(MocoTrainer *t, const float *keys) {
    memcpy(t->queue + t->queue_next * t->dim, keys, t->settings.batch * t->dim * sizeof *keys);
    t->queue_next = (t->queue_next + t->settings.batch) % t->settings.queue;
}

/* Random directions reward an encoder that maps every picture to one point, which the first steps then learn and
 * have to unlearn; keys of the encoder itself do not. */
static Status fill_queue(Context *ctx, MocoTrainer *t) {
    const size_t batch = t->settings.batch;
    for (size_t start = 0; start < t->settings.queue; start += batch) {
        const ViewKey key = {.seed = t->settings.seed, .purpose = RANDOM_QUEUE, .step = start / batch, .view = 1};
        order_walk_take(&t->walk, start, batch, t->batch.rows);
        pool_split(&t->pool, &t->batch);
        TRY(pool_views(ctx, &t->settings.policy, &t->pool, &t->batch, key, t->view_floats, t->views[0]));
        TRY(encode_keys(ctx, t, t->views[0], 0, t->keys[0]));
        push_keys(t, t->keys[0]);
    }
    return SPICA_OK;
}

Status moco_open(Context *ctx, MocoTrainer **trainer, const MocoSettings *settings, const Dataset *dataset,
                 const Dataset *auxiliary) {
    *trainer = NULL;
    TRY(NEW_ZEROED(ctx, trainer, 1));
    Status status = open_all(ctx, *trainer, settings, dataset, auxiliary);
    if (status == SPICA_OK && settings->queue_keys) status = fill_queue(ctx, *trainer);
    if (status != SPICA_OK) moco_close(ctx, trainer);
    return status;
}

void moco_close(Context *ctx, MocoTrainer **trainer) {
    MocoTrainer *t = *trainer;
    if (t == NULL) return;
    if (t->query_plan != NULL) plan_close(ctx, &t->query_plan);
    if (t->key_plan != NULL) plan_close(ctx, &t->key_plan);
    optimiser_close(ctx, &t->optimiser);
    model_close(ctx, &t->query);
    model_close(ctx, &t->key);
    order_walk_close(ctx, &t->walk);
    FREE_ARRAY(ctx, &t->batch.rows);
    FREE_ARRAY(ctx, &t->shuffle);
    FREE_ARRAY(ctx, &t->views[0]);
    FREE_ARRAY(ctx, &t->views[1]);
    FREE_ARRAY(ctx, &t->shuffled);
    FREE_ARRAY(ctx, &t->queue);
    FREE_ARRAY(ctx, &t->queries);
    FREE_ARRAY(ctx, &t->norms);
    FREE_ARRAY(ctx, &t->d_queries);
    FREE_ARRAY(ctx, &t->keys[0]);
    FREE_ARRAY(ctx, &t->keys[1]);
    FREE_ARRAY(ctx, &t->positives[0]);
    FREE_ARRAY(ctx, &t->positives[1]);
    FREE_ARRAY(ctx, &t->work);
    FREE_ARRAY(ctx, &t->first_gradients);
    FREE_ARRAY(ctx, trainer);
}

Status moco_state(Context *ctx, MocoTrainer *t, StateParts *parts) {
    TRY(STATE_VALUE(ctx, parts, &t->step, "step"));
    TRY(STATE_VALUE(ctx, parts, &t->settings.schedule_steps, "schedule_steps"));
    TRY(params_state(ctx, net_params(t->query.net), "query", parts));
    TRY(params_state(ctx, net_params(t->key.net), "key", parts));
    TRY(plan_state(ctx, t->query_plan, "query.forwards", parts));
    TRY(plan_state(ctx, t->key_plan, "key.forwards", parts));
    TRY(optimiser_state(ctx, &t->optimiser, "optimiser", parts));
    TRY(state_parts_add_floats(ctx, parts, t->queue, t->settings.queue * t->dim, NULL, "queue"));
    return STATE_VALUE(ctx, parts, &t->queue_next, "queue_next");
}

/* ---- a step ---- */

static Status check_loss(Context *ctx, const MocoTrainer *t, double loss) {
    Plan *const plans[] = {t->query_plan, t->key_plan};
    return isfinite(loss) ? SPICA_OK : numeric_fault(ctx, "features", t->step, plans, 2);
}

/* One direction of Eq. 1: queries of `views` against `keys` and the queue; gradients of the query encoder. */
static Status query_direction(Context *ctx, MocoTrainer *t, const float *views, const float *keys, double *loss,
                              double *accuracy) {
    const size_t batch = t->settings.batch;
    TRY(plan_forward(ctx, t->query_plan, views));
    memcpy(t->queries, plan_output(t->query_plan, 0), batch * t->dim * sizeof *t->queries);
    normalize_rows(t->queries, batch, t->dim, t->norms);
    *loss = info_nce(ctx, t->d_queries, t->queries, keys, t->queue, batch, t->settings.queue, t->dim,
                     t->settings.temperature, t->work, accuracy);
    TRY(check_loss(ctx, t, *loss));
    normalize_rows_backward(t->d_queries, t->d_queries, t->queries, t->norms, batch, t->dim);
    const float *d_outputs[] = {t->d_queries};
    return plan_backward(ctx, t->query_plan, d_outputs);
}

/* NNCLR (Dwibedi et al., "With a little help from my friends", ICCV 2021): a share of the keys gives way to its nearest
 * neighbour in the queue, so that a query meets another picture of its kind. The batch x dim positives of
 * keys[view]. */
static const float *positives_of(Context *ctx, MocoTrainer *t, int view) {
    const size_t batch = t->settings.batch, dim = t->dim, queue = t->settings.queue;
    const float *keys = t->keys[view];
    /* Before the first epoch's end the nearest key is nobody's kin. */
    if (t->settings.neighbours <= 0.0f || t->step < (uint64_t)t->epoch_steps) return keys;
    const int threads = blas_threads_set(ctx->threads);
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)batch, (int)queue, (int)dim, 1.0f, keys, (int)dim,
                t->queue, (int)dim, 0.0f, t->work, (int)queue);
    blas_threads_restore(threads);
    for (size_t i = 0; i < batch; i++) {
        Random random = random_at(t->settings.seed, RANDOM_QUEUE, t->step, i, 2 + (uint32_t)view);
        const float *similarities = t->work + i * queue;
        size_t nearest = 0;
        for (size_t j = 1; j < queue; j++)
            if (similarities[j] > similarities[nearest]) nearest = j;
        const bool exchanged = random_uniform(&random) < t->settings.neighbours;
        memcpy(t->positives[view] + i * dim, exchanged ? t->queue + nearest * dim : keys + i * dim, dim * sizeof *keys);
    }
    return t->positives[view];
}

/* Both directions, loss and gradients averaged. */
static Status query_both(Context *ctx, MocoTrainer *t, const float *const views[2], double *loss, double *accuracy) {
    Params *params = net_params(t->query.net);
    double second_loss, second_accuracy;
    TRY(query_direction(ctx, t, views[0], positives_of(ctx, t, 1), loss, accuracy));
    memcpy(t->first_gradients, params->gradients, params->count * sizeof *params->gradients);
    TRY(query_direction(ctx, t, views[1], positives_of(ctx, t, 0), &second_loss, &second_accuracy));
    for (size_t i = 0; i < params->count; i++)
        params->gradients[i] = 0.5f * (t->first_gradients[i] + params->gradients[i]);
    *loss = 0.5 * (*loss + second_loss);
    *accuracy = 0.5 * (*accuracy + second_accuracy);
    return SPICA_OK;
}

/* MoCo sets the rate once per epoch. */
float moco_learning_rate(const MocoTrainer *t) {
    const MocoSettings *s = &t->settings;
    const uint64_t schedule = (uint64_t)s->schedule_steps;
    if (schedule == 0) return s->learning_rate;
    const uint64_t step = t->step < schedule ? t->step : schedule - 1;
    const uint64_t epoch_steps = (uint64_t)t->epoch_steps;
    const uint64_t epoch = step / epoch_steps, epochs = (schedule + epoch_steps - 1) / epoch_steps;
    const double progress = s->step_schedule ? (double)step / (double)schedule : (double)epoch / (double)epochs;
    return schedule_rate(s->schedule, s->learning_rate, progress);
}

Status moco_step_on_views(Context *ctx, MocoTrainer *t, const float *query_views, const float *key_views, double *loss,
                          double *accuracy) {
    const MocoSettings *s = &t->settings;
    const float *const views[2] = {query_views, key_views};
    /* Before the keys' forward, as in the authors' program. */
    moving_average_update(ctx, net_params(t->key.net), net_params(t->query.net), s->momentum, s->ema_warmup, t->step,
                          false);
    if (s->symmetric) {
        TRY(encode_keys(ctx, t, query_views, 0, t->keys[0]));
        TRY(encode_keys(ctx, t, key_views, 1, t->keys[1]));
        TRY(query_both(ctx, t, views, loss, accuracy));
        push_keys(t, t->keys[0]);
        push_keys(t, t->keys[1]);
    } else {
        TRY(encode_keys(ctx, t, key_views, 1, t->keys[0]));
        TRY(query_direction(ctx, t, query_views, positives_of(ctx, t, 0), loss, accuracy));
        push_keys(t, t->keys[0]);
    }
    optimiser_step(ctx, &t->optimiser, net_params(t->query.net), moco_learning_rate(t));
    t->step++;
    return SPICA_OK;
}

Status moco_step(Context *ctx, MocoTrainer *t, double *loss, double *accuracy) {
    const uint64_t epoch_steps = (uint64_t)t->epoch_steps;
    const uint64_t epoch = t->step / epoch_steps, within = t->step % epoch_steps;
    /* The pictures of an epoch's dropped last batch are passed over. */
    order_walk_take(&t->walk, epoch * pool_count(&t->pool) + within * t->settings.batch, t->settings.batch,
                    t->batch.rows);
    pool_split(&t->pool, &t->batch);
    for (uint32_t view = 0; view < 2; view++) {
        const ViewKey key = {
            .seed = t->settings.seed, .purpose = RANDOM_AUGMENT_FEATURES, .step = t->step, .view = view};
        TRY(pool_views(ctx, &t->settings.policy, &t->pool, &t->batch, key, t->view_floats, t->views[view]));
    }
    return moco_step_on_views(ctx, t, t->views[0], t->views[1], loss, accuracy);
}

void moco_set_schedule(MocoTrainer *trainer, int64_t schedule_steps) {
    trainer->settings.schedule_steps = schedule_steps;
}

Model *moco_model(MocoTrainer *trainer) { return &trainer->query; }

Model *moco_key_model(MocoTrainer *trainer) { return &trainer->key; }

const float *moco_queue(const MocoTrainer *trainer, size_t *next) {
    if (next != NULL) *next = trainer->queue_next;
    return trainer->queue;
}
