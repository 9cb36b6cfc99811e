#include "methods/spice/head.h"

#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/random.h"
#include "methods/inference.h"
#include "methods/spice/head_backbone.h"
#include "methods/spice/head_mlp.h"
#include "methods/spice/head_views.h"
#include "nn/denormals.h"
#include "nn/init.h"

/* What one thread needs to train and to judge a head; heads are shared out over the threads. */
typedef struct HeadWorker {
    PrototypeWork prototypes; /* for N pictures, so for M as well */
    HeadStepWork step;
    float *probabilities; /* N x K */
    float *hidden;        /* HEAD_BLOCK x hidden */
    int32_t *rows;        /* the labelled list: K * floor(N / K), at least K */
    int32_t *labels;
    int32_t *step_rows; /* the same, shuffled */
    int32_t *step_labels;
    int64_t *order;
} HeadWorker;

struct HeadTrainer {
    HeadSettings settings;
    PrototypeSettings prototypes;
    const Dataset *dataset;
    Model *backbone;
    size_t count, dim, chunks; /* N, D, E-steps of an epoch */
    HeadShape shape;
    HeadBlock heads;
    HeadViews views;
    HeadWorker *workers;
    int worker_count;
    Optimiser *optimisers; /* one per head */
    float *embeddings;     /* N x D, L2-normalised: f_i of all pictures */
    float *chunk;          /* M x D: f_i of the current ones */
    float *drifted;        /* N x D: untouched features under the moved statistics (train_bn), or NULL */
    const float *plain;    /* N x D: untouched features, to be judged on */
    float **logits;        /* heads of N x K, on untouched pictures */
    int64_t *order;        /* N: the epoch's */
    double *losses;        /* per head: sum over the epoch's training pictures */
    double *pictures;      /* per head: how many */
    float *best_buffers;   /* the running statistics at the selected epoch (train_bn, train_backbone), or NULL */
    float *best_values;    /* the backbone's weights then (train_backbone), or NULL */
    HeadBackbone joint;    /* train_backbone; else zeroed */
    HeadResult result;     /* of the epochs so far */
    uint64_t step;         /* E-steps taken */
    int64_t judged;        /* epochs */
    int64_t order_epoch;   /* whose `order` is; -1: none */
    Progress progress;     /* begun at the first step */
};

void head_settings_clip(Context *ctx, HeadSettings *settings, size_t count) {
    if (settings->estep > count || settings->estep == 0) {
        log_info(ctx, "head: pictures of an E-step lowered from %zu to all %zu", settings->estep, count);
        settings->estep = count;
    }
    if ((settings->train_bn || settings->train_backbone) && settings->bank > 0) {
        log_info(ctx, "head: no bank of views, since %s changes the features",
                 settings->train_backbone ? "the backbone that learns" : "batch norm in training mode");
        settings->bank = 0;
    }
}

/* ---- opening and closing ---- */

static size_t labelled_most(size_t count, size_t clusters) { return clusters * prototype_share(count, clusters); }

static Status worker_open(Context *ctx, HeadWorker *worker, const HeadTrainer *t) {
    const size_t clusters = t->shape.clusters;
    const size_t judged = labelled_most(t->count, clusters), trained = labelled_most(t->settings.estep, clusters);
    const size_t most = judged > trained ? judged : trained;
    const size_t batch = t->settings.batch;
    const size_t step_rows = batch > 0 && batch < trained ? batch : trained;
    TRY(prototype_work_open(ctx, &worker->prototypes, clusters, t->count, t->dim));
    TRY(head_step_work_open(ctx, &worker->step, t->shape, step_rows));
    TRY(NEW_ARRAY(ctx, &worker->probabilities, t->count * clusters));
    TRY(NEW_ARRAY(ctx, &worker->hidden, HEAD_BLOCK * t->shape.hidden));
    TRY(NEW_ARRAY(ctx, &worker->rows, most));
    TRY(NEW_ARRAY(ctx, &worker->labels, most));
    TRY(NEW_ARRAY(ctx, &worker->step_rows, trained));
    TRY(NEW_ARRAY(ctx, &worker->step_labels, trained));
    return NEW_ARRAY(ctx, &worker->order, trained);
}

static void worker_close(Context *ctx, HeadWorker *worker) {
    prototype_work_close(ctx, &worker->prototypes);
    head_step_work_close(ctx, &worker->step);
    FREE_ARRAY(ctx, &worker->probabilities);
    FREE_ARRAY(ctx, &worker->hidden);
    FREE_ARRAY(ctx, &worker->rows);
    FREE_ARRAY(ctx, &worker->labels);
    FREE_ARRAY(ctx, &worker->step_rows);
    FREE_ARRAY(ctx, &worker->step_labels);
    FREE_ARRAY(ctx, &worker->order);
}

static Status open_workers(Context *ctx, HeadTrainer *t) {
    t->worker_count = ctx->threads < t->settings.count ? ctx->threads : t->settings.count;
    TRY(NEW_ZEROED(ctx, &t->workers, (size_t)t->worker_count));
    for (int w = 0; w < t->worker_count; w++)
        TRY(worker_open(ctx, &t->workers[w], t));
    return SPICA_OK;
}

static Status open_heads(Context *ctx, HeadTrainer *t) {
    const size_t heads = (size_t)t->settings.count;
    TRY(head_block_open(ctx, &t->heads, t->shape, t->settings.count));
    init_params(&t->heads.all, INIT_DEFAULT, t->settings.seed, RANDOM_INIT_HEAD);
    TRY(NEW_ZEROED(ctx, &t->optimisers, heads));
    for (size_t h = 0; h < heads; h++)
        TRY(optimiser_open(ctx, &t->optimisers[h], &t->settings.optimiser, &t->heads.heads[h]));
    TRY(NEW_ZEROED(ctx, &t->logits, heads));
    for (size_t h = 0; h < heads; h++)
        TRY(NEW_ARRAY(ctx, &t->logits[h], t->count * t->shape.clusters));
    TRY(NEW_ZEROED(ctx, &t->losses, heads));
    return NEW_ZEROED(ctx, &t->pictures, heads);
}

static Status open_embeddings(Context *ctx, HeadTrainer *t, const float *features) {
    const int64_t count = (int64_t)t->count;
    t->plain = features;
    TRY(NEW_ARRAY(ctx, &t->embeddings, t->count * t->dim));
#pragma omp parallel for schedule(static) num_threads(ctx->threads)
    for (int64_t i = 0; i < count; i++) {
        float *row = t->embeddings + (size_t)i * t->dim;
        memcpy(row, features + (size_t)i * t->dim, t->dim * sizeof *row);
        normalize_rows(row, 1, t->dim, NULL);
    }
    TRY(NEW_ARRAY(ctx, &t->chunk, t->settings.estep * t->dim));
    TRY(NEW_ARRAY(ctx, &t->order, t->count));
    t->order_epoch = -1;
    return SPICA_OK;
}

/* Of a backbone that changes: its features, and what it is at the selected epoch. */
static Status open_moving(Context *ctx, HeadTrainer *t) {
    const HeadSettings *settings = &t->settings;
    const Params *params = net_params(t->backbone->net);
    if (!settings->train_bn && !settings->train_backbone) return SPICA_OK;
    TRY(NEW_ARRAY(ctx, &t->drifted, t->count * t->dim));
    t->plain = t->drifted;
    TRY(NEW_ZEROED(ctx, &t->best_buffers, params->buffer_count));
    if (!settings->train_backbone) return SPICA_OK;
    TRY(NEW_ZEROED(ctx, &t->best_values, params->count));
    return head_backbone_open(ctx, &t->joint, settings, t->dataset, t->backbone, t->shape);
}

static Status open_result(Context *ctx, HeadTrainer *t) {
    t->result.selected_head = -1;
    TRY(NEW_ZEROED(ctx, &t->result.weights, head_compact_count(t->shape)));
    return NEW_ZEROED(ctx, &t->result.scores, (size_t)t->settings.epochs * (size_t)t->settings.count);
}

static Status check_settings(Context *ctx, const HeadSettings *settings, size_t count) {
    if (settings->clusters < 2 || settings->clusters > count)
        return context_fail(ctx, SPICA_ERROR_OPTION, "head: %zu clusters of %zu pictures", settings->clusters, count);
    if (settings->count < 1 || settings->epochs < 1 || settings->passes < 1)
        return context_fail(ctx, SPICA_ERROR_OPTION, "head: heads, epochs and passes must be at least 1");
    return SPICA_OK;
}

static Status open_all(Context *ctx, HeadTrainer *t, const HeadSettings *settings, const Dataset *dataset,
                       Model *backbone, const float *features) {
    *t = (HeadTrainer){.settings = *settings, .dataset = dataset, .backbone = backbone, .count = dataset->count};
    TRY(check_settings(ctx, settings, t->count));
    head_settings_clip(ctx, &t->settings, t->count);
    t->dim = (size_t)backbone->dimension;
    t->chunks = t->count / t->settings.estep;
    t->shape = (HeadShape){.dim = t->dim,
                           .hidden = settings->hidden > 0 ? (size_t)settings->hidden : t->dim,
                           .clusters = settings->clusters};
    t->prototypes = (PrototypeSettings){
        .clusters = settings->clusters, .confident_ratio = settings->confident_ratio, .overlap = settings->overlap};
    TRY(open_heads(ctx, t));
    TRY(open_workers(ctx, t));
    TRY(open_embeddings(ctx, t, features));
    TRY(open_moving(ctx, t));
    TRY(open_result(ctx, t));
    return head_views_open(ctx, &t->views, &t->settings, dataset, backbone);
}

Status head_open(Context *ctx, HeadTrainer **trainer, const HeadSettings *settings, const Dataset *dataset,
                 Model *backbone, const float *features) {
    *trainer = NULL;
    TRY(NEW_ZEROED(ctx, trainer, 1));
    const Status status = open_all(ctx, *trainer, settings, dataset, backbone, features);
    if (status != SPICA_OK) head_close(ctx, trainer);
    return status;
}

void head_close(Context *ctx, HeadTrainer **trainer) {
    HeadTrainer *t = *trainer;
    if (t == NULL) return;
    head_views_close(ctx, &t->views);
    head_backbone_close(ctx, &t->joint);
    for (int w = 0; t->workers != NULL && w < t->worker_count; w++)
        worker_close(ctx, &t->workers[w]);
    for (int h = 0; h < t->settings.count; h++) {
        if (t->optimisers != NULL) optimiser_close(ctx, &t->optimisers[h]);
        if (t->logits != NULL) FREE_ARRAY(ctx, &t->logits[h]);
    }
    head_block_close(ctx, &t->heads);
    FREE_ARRAY(ctx, &t->workers);
    FREE_ARRAY(ctx, &t->optimisers);
    FREE_ARRAY(ctx, &t->logits);
    FREE_ARRAY(ctx, &t->losses);
    FREE_ARRAY(ctx, &t->pictures);
    FREE_ARRAY(ctx, &t->embeddings);
    FREE_ARRAY(ctx, &t->chunk);
    FREE_ARRAY(ctx, &t->drifted);
    FREE_ARRAY(ctx, &t->order);
    FREE_ARRAY(ctx, &t->best_buffers);
    FREE_ARRAY(ctx, &t->best_values);
    head_result_close(ctx, &t->result);
    FREE_ARRAY(ctx, trainer);
}

/* ---- its state ---- */

static Status optimisers_state(Context *ctx, HeadTrainer *t, StateParts *parts) {
    char name[32];
    for (int h = 0; h < t->settings.count; h++) {
        snprintf(name, sizeof name, "optimiser.%d", h);
        TRY(optimiser_state(ctx, &t->optimisers[h], name, parts));
    }
    return SPICA_OK;
}

static Status result_state(Context *ctx, HeadTrainer *t, StateParts *parts) {
    HeadResult *result = &t->result;
    const size_t scores = (size_t)t->settings.epochs * (size_t)t->settings.count;
    TRY(state_parts_add_floats(ctx, parts, result->weights, head_compact_count(t->shape), NULL, "selected.weights"));
    TRY(STATE_VALUE(ctx, parts, &result->selected_head, "selected.head"));
    TRY(STATE_VALUE(ctx, parts, &result->selected_epoch, "selected.epoch"));
    TRY(STATE_VALUE(ctx, parts, &result->selected_loss, "selected.loss"));
    TRY(STATE_VALUE(ctx, parts, &result->score_count, "score_count"));
    return state_parts_add(ctx, parts, result->scores, scores * sizeof *result->scores, "scores");
}

/* Batch norm that trains with the heads. */
static Status moving_state(Context *ctx, HeadTrainer *t, StateParts *parts) {
    Params *params = net_params(t->backbone->net);
    TRY(state_parts_add_floats(ctx, parts, params->buffers, params->buffer_count, &params->version,
                               "backbone.buffers"));
    TRY(state_parts_add_floats(ctx, parts, t->best_buffers, params->buffer_count, NULL, "selected.buffers"));
    return plan_state(ctx, t->views.training_plan, "backbone.forwards", parts);
}

/* A backbone that learns with the heads. */
static Status joint_backbone_state(Context *ctx, HeadTrainer *t, StateParts *parts) {
    const Params *params = net_params(t->backbone->net);
    TRY(state_parts_add_floats(ctx, parts, t->best_buffers, params->buffer_count, NULL, "selected.buffers"));
    TRY(state_parts_add_floats(ctx, parts, t->best_values, params->count, NULL, "selected.backbone"));
    return head_backbone_state(ctx, &t->joint, parts);
}

Status head_state(Context *ctx, HeadTrainer *t, StateParts *parts) {
    const size_t heads = (size_t)t->settings.count;
    TRY(STATE_VALUE(ctx, parts, &t->step, "step"));
    TRY(STATE_VALUE(ctx, parts, &t->judged, "judged"));
    TRY(params_state(ctx, &t->heads.all, "heads", parts));
    TRY(optimisers_state(ctx, t, parts));
    TRY(state_parts_add(ctx, parts, t->losses, heads * sizeof *t->losses, "losses"));
    TRY(state_parts_add(ctx, parts, t->pictures, heads * sizeof *t->pictures, "pictures"));
    TRY(result_state(ctx, t, parts));
    if (t->settings.train_backbone) return joint_backbone_state(ctx, t, parts);
    return t->settings.train_bn ? moving_state(ctx, t, parts) : SPICA_OK;
}

/* ---- one head, on one thread ---- */

/* E-step: p = softmax(head(weak views)), then the labelled list by Eq. 2-4. */
static size_t label_head(const HeadTrainer *t, int head, HeadWorker *worker) {
    const size_t estep = t->settings.estep;
    const HeadWeights weights = head_block_weights(&t->heads, head);
    head_forward(t->shape, &weights, t->views.weak, estep, worker->probabilities, worker->hidden);
    softmax_rows(worker->probabilities, worker->probabilities, estep, t->shape.clusters, 1.0f);
    return prototype_assign(&t->prototypes, t->chunk, worker->probabilities, estep, t->dim, &worker->prototypes,
                            worker->rows, worker->labels);
}

static void shuffle_labelled(const HeadTrainer *t, int head, HeadWorker *worker, size_t labelled, uint64_t step,
                             int pass) {
    Random random = random_at(t->settings.seed, RANDOM_ORDER_HEAD, step, (uint64_t)pass, (uint32_t)head + 1);
    random_permutation(&random, worker->order, labelled);
    for (size_t i = 0; i < labelled; i++) {
        worker->step_rows[i] = worker->rows[worker->order[i]];
        worker->step_labels[i] = worker->labels[worker->order[i]];
    }
}

/* M-step: Eq. 5 on the strong views of the labelled list, in equal steps of at most `batch`. */
static void train_head(Context *ctx, HeadTrainer *t, int head, HeadWorker *worker, size_t labelled, uint64_t step) {
    const HeadSettings *settings = &t->settings;
    const HeadLoss loss = {
        .kind = settings->loss, .temperature = settings->temperature, .entropy_weight = settings->entropy_weight};
    const size_t batch = head_even_batch(labelled, settings->batch);
    for (int pass = 0; pass < settings->passes; pass++) {
        shuffle_labelled(t, head, worker, labelled, step, pass);
        for (size_t first = 0; first < labelled; first += batch) {
            const size_t rows = labelled - first < batch ? labelled - first : batch;
            const double value = head_gradients(&t->heads, head, &loss, t->views.strong, worker->step_rows + first,
                                                worker->step_labels + first, rows, &worker->step);
            optimiser_step(ctx, &t->optimisers[head], &t->heads.heads[head], settings->learning_rate);
            t->losses[head] += value * (double)rows;
            t->pictures[head] += (double)rows;
        }
    }
}

/* The loss of the labelled list on its own pictures' logits. */
static double labelled_loss(const HeadTrainer *t, const float *logits, HeadWorker *worker, size_t labelled) {
    const size_t clusters = t->shape.clusters;
    double sum = 0.0;
    for (size_t i = 0; i < labelled; i++)
        sum += cross_entropy(NULL, logits + (size_t)worker->rows[i] * clusters, worker->labels + i, NULL, 1, clusters,
                             t->settings.loss, t->settings.temperature, 1.0);
    return sum / (double)labelled;
}

/* Algorithm 1, line 15: E-step and loss with M = N on the untouched pictures, whose predictions are p and p' both. */
static double judge_head(HeadTrainer *t, int head, HeadWorker *worker) {
    const size_t clusters = t->shape.clusters;
    const HeadWeights weights = head_block_weights(&t->heads, head);
    float *logits = t->logits[head];
    head_forward(t->shape, &weights, t->plain, t->count, logits, worker->hidden);
    softmax_rows(worker->probabilities, logits, t->count, clusters, 1.0f);
    const size_t labelled = prototype_assign(&t->prototypes, t->embeddings, worker->probabilities, t->count, t->dim,
                                             &worker->prototypes, worker->rows, worker->labels);
    return labelled_loss(t, logits, worker, labelled);
}

/* ---- all heads ---- */

/* E-step and, where the backbone stays, M-step. Every head is one thread's from beginning to end, with a BLAS of one
 * thread, so that the number of threads changes no bit. */
static void train_heads(Context *ctx, HeadTrainer *t, uint64_t step) {
    const int heads = t->settings.count;
#pragma omp parallel for schedule(static, 1) num_threads(t->worker_count)
    for (int h = 0; h < heads; h++) {
        omp_set_num_threads(1); /* of this task only: BLAS shall not fork again */
        HeadWorker *worker = &t->workers[omp_get_thread_num()];
        const unsigned mode = denormals_flush();
        const size_t labelled = label_head(t, h, worker);
        if (t->settings.train_backbone)
            head_backbone_set(&t->joint, h, worker->rows, worker->labels, labelled);
        else
            train_head(ctx, t, h, worker, labelled, step);
        denormals_restore(mode);
    }
}

static void judge_heads(HeadTrainer *t, HeadScore *scores) {
    const int heads = t->settings.count;
#pragma omp parallel for schedule(static, 1) num_threads(t->worker_count)
    for (int h = 0; h < heads; h++) {
        omp_set_num_threads(1);
        scores[h].loss = judge_head(t, h, &t->workers[omp_get_thread_num()]);
    }
}

/* when: "in epoch 3" */
static Status fail_head(Context *ctx, const HeadTrainer *t, int head, const char *when, int64_t epoch) {
    const Param *tensor = params_not_finite(&t->heads.heads[head]);
    return context_fail(ctx, SPICA_ERROR_NUMERIC,
                        "head: the loss of head %d is not finite %s %lld, first in %s%s: a smaller head.learning_rate "
                        "may help",
                        head, when, (long long)epoch, tensor != NULL ? "the weights " : "the loss itself",
                        tensor != NULL ? tensor->name : "");
}

static Status check_finite(Context *ctx, const HeadTrainer *t, int64_t epoch) {
    for (int h = 0; h < t->settings.count; h++)
        if (!isfinite(t->losses[h])) return fail_head(ctx, t, h, "in epoch", epoch);
    return SPICA_OK;
}

static double mean_loss(const HeadTrainer *t) {
    double sum = 0.0;
    for (int h = 0; h < t->settings.count; h++)
        sum += t->losses[h] / t->pictures[h];
    return sum / (double)t->settings.count;
}

/* The epoch's order of the pictures, and its sums where it begins. */
static void enter_epoch(HeadTrainer *t, int64_t epoch) {
    const size_t heads = (size_t)t->settings.count;
    if (t->order_epoch != epoch) {
        Random random = random_at(t->settings.seed, RANDOM_ORDER_HEAD, (uint64_t)epoch, 0, 0);
        random_permutation(&random, t->order, t->count);
        t->order_epoch = epoch;
    }
    if (t->step % t->chunks != 0) return;
    memset(t->losses, 0, heads * sizeof *t->losses);
    memset(t->pictures, 0, heads * sizeof *t->pictures);
}

static Status train_chunk(Context *ctx, HeadTrainer *t) {
    const int64_t epoch = (int64_t)(t->step / t->chunks);
    enter_epoch(t, epoch);
    const int64_t *rows = t->order + t->step % t->chunks * t->settings.estep;
    TRY(head_views_fill(ctx, &t->views, rows, t->step));
    for (size_t i = 0; i < t->settings.estep; i++)
        memcpy(t->chunk + i * t->dim, t->embeddings + (size_t)rows[i] * t->dim, t->dim * sizeof(float));
    train_heads(ctx, t, t->step);
    if (t->settings.train_backbone)
        TRY(head_backbone_train(ctx, &t->joint, &t->heads, t->optimisers, rows, t->step, t->losses, t->pictures));
    TRY(check_finite(ctx, t, epoch));
    t->step++;
    return SPICA_OK;
}

static Status judge_epoch(Context *ctx, HeadTrainer *t, int64_t epoch, HeadScore *scores) {
    const ViewKey key = {.seed = t->settings.seed, .purpose = RANDOM_AUGMENT_HEAD};
    if (t->drifted != NULL)
        TRY(infer_rows(ctx, t->backbone, t->dataset, NULL, t->count, &t->settings.plain, key,
                       head_even_batch(t->count, t->settings.inference_batch), NULL, t->drifted, NULL));
    judge_heads(t, scores);
    for (int h = 0; h < t->settings.count; h++) {
        scores[h].epoch = epoch;
        scores[h].head = h;
        scores[h].training_loss = t->losses[h] / t->pictures[h];
        if (!isfinite(scores[h].loss)) return fail_head(ctx, t, h, "after epoch", epoch);
    }
    return SPICA_OK;
}

/* Keeps the best head of all epochs so far; the first of equals. */
static void keep_best(HeadTrainer *t, const HeadScore *scores) {
    HeadResult *result = &t->result;
    for (int h = 0; h < t->settings.count; h++) {
        if (result->selected_head >= 0 && !(scores[h].loss < result->selected_loss)) continue;
        result->selected_head = h;
        result->selected_epoch = scores[h].epoch;
        result->selected_loss = scores[h].loss;
        head_block_compact(&t->heads, h, result->weights);
        const Params *params = net_params(t->backbone->net);
        if (t->best_buffers != NULL) memcpy(t->best_buffers, params->buffers, params->buffer_count * sizeof(float));
        if (t->best_values != NULL) memcpy(t->best_values, params->values, params->count * sizeof(float));
    }
}

static Status judge(Context *ctx, HeadTrainer *t, const HeadScore **judged) {
    const size_t heads = (size_t)t->settings.count;
    HeadScore *scores = t->result.scores + (size_t)t->judged * heads;
    TRY(judge_epoch(ctx, t, t->judged, scores));
    t->result.score_count += heads;
    t->judged++;
    keep_best(t, scores);
    *judged = scores;
    return SPICA_OK;
}

static uint64_t planned_steps(const HeadTrainer *t) { return (uint64_t)t->settings.epochs * t->chunks; }

static void show_progress(Context *ctx, HeadTrainer *t) {
    const uint64_t steps = planned_steps(t);
    if (t->progress.ctx == NULL) {
        progress_start(&t->progress, ctx, "head", "step", (double)steps);
        t->progress.begun = (double)(t->step - 1);
    }
    if (t->step < steps)
        progress_update(&t->progress, (double)t->step, mean_loss(t));
    else
        progress_finish(&t->progress, (double)t->step, mean_loss(t));
}

const float *const *head_logits(const HeadTrainer *t) { return (const float *const *)t->logits; }

int64_t head_epochs(const HeadTrainer *t) { return t->judged; }

Status head_step(Context *ctx, HeadTrainer *t, const HeadScore **scores) {
    *scores = NULL;
    if (t->step == (uint64_t)(t->judged + 1) * t->chunks) return judge(ctx, t, scores);
    TRY(train_chunk(ctx, t));
    show_progress(ctx, t);
    return SPICA_OK;
}

void head_take_result(HeadTrainer *t, HeadResult *result) {
    Params *params = net_params(t->backbone->net);
    if (t->progress.ctx != NULL && t->step < planned_steps(t)) {
        t->progress.total = (double)t->step;
        progress_finish(&t->progress, (double)t->step, mean_loss(t));
    }
    *result = t->result;
    t->result = (HeadResult){0};
    if (t->best_buffers == NULL) return;
    memcpy(params->buffers, t->best_buffers, params->buffer_count * sizeof(float));
    if (t->best_values != NULL) memcpy(params->values, t->best_values, params->count * sizeof(float));
    params_changed(params);
}

static Status train_all(Context *ctx, const HeadSettings *settings, HeadTrainer *t, HeadEpochDone epoch_done,
                        void *user) {
    while (head_epochs(t) < settings->epochs) {
        const HeadScore *scores;
        TRY(context_check_cancel(ctx));
        TRY(head_step(ctx, t, &scores));
        if (scores != NULL && epoch_done != NULL) TRY(epoch_done(ctx, user, scores->epoch, head_logits(t), scores));
    }
    return SPICA_OK;
}

Status head_train(Context *ctx, const HeadSettings *settings, const Dataset *dataset, Model *backbone,
                  const float *features, HeadEpochDone epoch_done, void *user, HeadResult *result) {
    HeadTrainer *t;
    *result = (HeadResult){.selected_head = -1};
    TRY(head_open(ctx, &t, settings, dataset, backbone, features));
    const Status status = train_all(ctx, settings, t, epoch_done, user);
    if (status == SPICA_OK) head_take_result(t, result);
    head_close(ctx, &t);
    return status;
}

void head_result_close(Context *ctx, HeadResult *result) {
    FREE_ARRAY(ctx, &result->weights);
    FREE_ARRAY(ctx, &result->scores);
    result->score_count = 0;
}

Status head_apply(Context *ctx, const float *weights, const float *features, size_t count, size_t dim, size_t hidden,
                  size_t clusters, float *logits) {
    const HeadShape shape = {.dim = dim, .hidden = hidden, .clusters = clusters};
    const HeadWeights view = head_compact_weights(shape, weights);
    const int64_t blocks = (int64_t)((count + HEAD_BLOCK - 1) / HEAD_BLOCK);
    float *work = NULL;
    TRY(NEW_ARRAY(ctx, &work, (size_t)ctx->threads * HEAD_BLOCK * hidden));
#pragma omp parallel for schedule(static) num_threads(ctx->threads)
    for (int64_t b = 0; b < blocks; b++) {
        omp_set_num_threads(1);
        const size_t first = (size_t)b * HEAD_BLOCK;
        const size_t rows = count - first < HEAD_BLOCK ? count - first : HEAD_BLOCK;
        head_forward(shape, &view, features + first * dim, rows, logits + first * clusters,
                     work + (size_t)omp_get_thread_num() * HEAD_BLOCK * hidden);
    }
    FREE_ARRAY(ctx, &work);
    return SPICA_OK;
}
