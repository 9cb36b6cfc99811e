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

static Status worker_open(Context *ctx, HeadWorker *worker, const HeadTrainer *run) {
    const size_t clusters = run->shape.clusters;
    const size_t judged = labelled_most(run->count, clusters), trained = labelled_most(run->settings.estep, clusters);
    const size_t most = judged > trained ? judged : trained;
    const size_t batch = run->settings.batch;
    const size_t step_rows = batch > 0 && batch < trained ? batch : trained;
    TRY(prototype_work_open(ctx, &worker->prototypes, clusters, run->count, run->dim));
    TRY(head_step_work_open(ctx, &worker->step, run->shape, step_rows));
    TRY(NEW_ARRAY(ctx, &worker->probabilities, run->count * clusters));
    TRY(NEW_ARRAY(ctx, &worker->hidden, HEAD_BLOCK * run->shape.hidden));
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

static Status open_workers(Context *ctx, HeadTrainer *run) {
    run->worker_count = ctx->threads < run->settings.count ? ctx->threads : run->settings.count;
    TRY(NEW_ZEROED(ctx, &run->workers, (size_t)run->worker_count));
    for (int w = 0; w < run->worker_count; w++)
        TRY(worker_open(ctx, &run->workers[w], run));
    return SPICA_OK;
}

static Status open_heads(Context *ctx, HeadTrainer *run) {
    const size_t heads = (size_t)run->settings.count;
    TRY(head_block_open(ctx, &run->heads, run->shape, run->settings.count));
    init_params(&run->heads.all, INIT_DEFAULT, run->settings.seed, RANDOM_INIT_HEAD);
    TRY(NEW_ZEROED(ctx, &run->optimisers, heads));
    for (size_t h = 0; h < heads; h++)
        TRY(optimiser_open(ctx, &run->optimisers[h], &run->settings.optimiser, &run->heads.heads[h]));
    TRY(NEW_ZEROED(ctx, &run->logits, heads));
    for (size_t h = 0; h < heads; h++)
        TRY(NEW_ARRAY(ctx, &run->logits[h], run->count * run->shape.clusters));
    TRY(NEW_ZEROED(ctx, &run->losses, heads));
    return NEW_ZEROED(ctx, &run->pictures, heads);
}

static Status open_embeddings(Context *ctx, HeadTrainer *run, const float *features) {
    const int64_t count = (int64_t)run->count;
    run->plain = features;
    TRY(NEW_ARRAY(ctx, &run->embeddings, run->count * run->dim));
#pragma omp parallel for schedule(static) num_threads(ctx->threads)
    for (int64_t i = 0; i < count; i++) {
        float *row = run->embeddings + (size_t)i * run->dim;
        memcpy(row, features + (size_t)i * run->dim, run->dim * sizeof *row);
        normalize_rows(row, 1, run->dim, NULL);
    }
    TRY(NEW_ARRAY(ctx, &run->chunk, run->settings.estep * run->dim));
    TRY(NEW_ARRAY(ctx, &run->order, run->count));
    run->order_epoch = -1;
    return SPICA_OK;
}

/* Of a backbone that changes: its features, and what it is at the selected epoch. */
static Status open_moving(Context *ctx, HeadTrainer *run) {
    const HeadSettings *settings = &run->settings;
    const Params *params = net_params(run->backbone->net);
    if (!settings->train_bn && !settings->train_backbone) return SPICA_OK;
    TRY(NEW_ARRAY(ctx, &run->drifted, run->count * run->dim));
    run->plain = run->drifted;
    TRY(NEW_ZEROED(ctx, &run->best_buffers, params->buffer_count));
    if (!settings->train_backbone) return SPICA_OK;
    TRY(NEW_ZEROED(ctx, &run->best_values, params->count));
    return head_backbone_open(ctx, &run->joint, settings, run->dataset, run->backbone, run->shape);
}

static Status open_result(Context *ctx, HeadTrainer *run) {
    run->result.selected_head = -1;
    TRY(NEW_ZEROED(ctx, &run->result.weights, head_compact_count(run->shape)));
    return NEW_ZEROED(ctx, &run->result.scores, (size_t)run->settings.epochs * (size_t)run->settings.count);
}

static Status check_settings(Context *ctx, const HeadSettings *settings, size_t count) {
    if (settings->clusters < 2 || settings->clusters > count)
        return context_fail(ctx, SPICA_ERROR_OPTION, "head: %zu clusters of %zu pictures", settings->clusters, count);
    if (settings->count < 1 || settings->epochs < 1 || settings->passes < 1)
        return context_fail(ctx, SPICA_ERROR_OPTION, "head: heads, epochs and passes must be at least 1");
    return SPICA_OK;
}

static Status open_all(Context *ctx, HeadTrainer *run, const HeadSettings *settings, const Dataset *dataset,
                       Model *backbone, const float *features) {
    *run = (HeadTrainer){.settings = *settings, .dataset = dataset, .backbone = backbone, .count = dataset->count};
    TRY(check_settings(ctx, settings, run->count));
    head_settings_clip(ctx, &run->settings, run->count);
    run->dim = (size_t)backbone->dimension;
    run->chunks = run->count / run->settings.estep;
    run->shape = (HeadShape){.dim = run->dim,
                             .hidden = settings->hidden > 0 ? (size_t)settings->hidden : run->dim,
                             .clusters = settings->clusters};
    run->prototypes = (PrototypeSettings){
        .clusters = settings->clusters, .confident_ratio = settings->confident_ratio, .overlap = settings->overlap};
    TRY(open_heads(ctx, run));
    TRY(open_workers(ctx, run));
    TRY(open_embeddings(ctx, run, features));
    TRY(open_moving(ctx, run));
    TRY(open_result(ctx, run));
    return head_views_open(ctx, &run->views, &run->settings, dataset, backbone);
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
    HeadTrainer *run = *trainer;
    if (run == NULL) return;
    head_views_close(ctx, &run->views);
    head_backbone_close(ctx, &run->joint);
    for (int w = 0; run->workers != NULL && w < run->worker_count; w++)
        worker_close(ctx, &run->workers[w]);
    for (int h = 0; h < run->settings.count; h++) {
        if (run->optimisers != NULL) optimiser_close(ctx, &run->optimisers[h]);
        if (run->logits != NULL) FREE_ARRAY(ctx, &run->logits[h]);
    }
    head_block_close(ctx, &run->heads);
    FREE_ARRAY(ctx, &run->workers);
    FREE_ARRAY(ctx, &run->optimisers);
    FREE_ARRAY(ctx, &run->logits);
    FREE_ARRAY(ctx, &run->losses);
    FREE_ARRAY(ctx, &run->pictures);
    FREE_ARRAY(ctx, &run->embeddings);
    FREE_ARRAY(ctx, &run->chunk);
    FREE_ARRAY(ctx, &run->drifted);
    FREE_ARRAY(ctx, &run->order);
    FREE_ARRAY(ctx, &run->best_buffers);
    FREE_ARRAY(ctx, &run->best_values);
    head_result_close(ctx, &run->result);
    FREE_ARRAY(ctx, trainer);
}

/* ---- its state ---- */

static Status optimisers_state(Context *ctx, HeadTrainer *run, StateParts *parts) {
    char name[32];
    for (int h = 0; h < run->settings.count; h++) {
        snprintf(name, sizeof name, "optimiser.%d", h);
        TRY(optimiser_state(ctx, &run->optimisers[h], name, parts));
    }
    return SPICA_OK;
}

static Status result_state(Context *ctx, HeadTrainer *run, StateParts *parts) {
    HeadResult *result = &run->result;
    const size_t scores = (size_t)run->settings.epochs * (size_t)run->settings.count;
    TRY(state_parts_add_floats(ctx, parts, result->weights, head_compact_count(run->shape), NULL, "selected.weights"));
    TRY(STATE_VALUE(ctx, parts, &result->selected_head, "selected.head"));
    TRY(STATE_VALUE(ctx, parts, &result->selected_epoch, "selected.epoch"));
    TRY(STATE_VALUE(ctx, parts, &result->selected_loss, "selected.loss"));
    TRY(STATE_VALUE(ctx, parts, &result->score_count, "score_count"));
    return state_parts_add(ctx, parts, result->scores, scores * sizeof *result->scores, "scores");
}

/* Batch norm that trains with the heads. */
static Status moving_state(Context *ctx, HeadTrainer *run, StateParts *parts) {
    Params *params = net_params(run->backbone->net);
    TRY(state_parts_add_floats(ctx, parts, params->buffers, params->buffer_count, &params->version,
                               "backbone.buffers"));
    TRY(state_parts_add_floats(ctx, parts, run->best_buffers, params->buffer_count, NULL, "selected.buffers"));
    return plan_state(ctx, run->views.training_plan, "backbone.forwards", parts);
}

/* A backbone that learns with the heads. */
static Status joint_backbone_state(Context *ctx, HeadTrainer *run, StateParts *parts) {
    const Params *params = net_params(run->backbone->net);
    TRY(state_parts_add_floats(ctx, parts, run->best_buffers, params->buffer_count, NULL, "selected.buffers"));
    TRY(state_parts_add_floats(ctx, parts, run->best_values, params->count, NULL, "selected.backbone"));
    return head_backbone_state(ctx, &run->joint, parts);
}

Status head_state(Context *ctx, HeadTrainer *run, StateParts *parts) {
    const size_t heads = (size_t)run->settings.count;
    TRY(STATE_VALUE(ctx, parts, &run->step, "step"));
    TRY(STATE_VALUE(ctx, parts, &run->judged, "judged"));
    TRY(params_state(ctx, &run->heads.all, "heads", parts));
    TRY(optimisers_state(ctx, run, parts));
    TRY(state_parts_add(ctx, parts, run->losses, heads * sizeof *run->losses, "losses"));
    TRY(state_parts_add(ctx, parts, run->pictures, heads * sizeof *run->pictures, "pictures"));
    TRY(result_state(ctx, run, parts));
    if (run->settings.train_backbone) return joint_backbone_state(ctx, run, parts);
    return run->settings.train_bn ? moving_state(ctx, run, parts) : SPICA_OK;
}

/* ---- one head, on one thread ---- */

/* E-step: p = softmax(head(weak views)), then the labelled list by Eq. 2-4. */
static size_t label_head(const HeadTrainer *run, int head, HeadWorker *worker) {
    const size_t estep = run->settings.estep;
    const HeadWeights weights = head_block_weights(&run->heads, head);
    head_forward(run->shape, &weights, run->views.weak, estep, worker->probabilities, worker->hidden);
    softmax_rows(worker->probabilities, worker->probabilities, estep, run->shape.clusters, 1.0f);
    return prototype_assign(&run->prototypes, run->chunk, worker->probabilities, estep, run->dim, &worker->prototypes,
                            worker->rows, worker->labels);
}

static void shuffle_labelled(const HeadTrainer *run, int head, HeadWorker *worker, size_t labelled, uint64_t step,
                             int pass) {
    Random random = random_at(run->settings.seed, RANDOM_ORDER_HEAD, step, (uint64_t)pass, (uint32_t)head + 1);
    random_permutation(&random, worker->order, labelled);
    for (size_t i = 0; i < labelled; i++) {
        worker->step_rows[i] = worker->rows[worker->order[i]];
        worker->step_labels[i] = worker->labels[worker->order[i]];
    }
}

/* M-step: Eq. 5 on the strong views of the labelled list, in equal steps of at most `batch`. */
static void train_head(Context *ctx, HeadTrainer *run, int head, HeadWorker *worker, size_t labelled, uint64_t step) {
    const HeadSettings *settings = &run->settings;
    const HeadLoss loss = {
        .kind = settings->loss, .temperature = settings->temperature, .entropy_weight = settings->entropy_weight};
    const size_t batch = head_even_batch(labelled, settings->batch);
    for (int pass = 0; pass < settings->passes; pass++) {
        shuffle_labelled(run, head, worker, labelled, step, pass);
        for (size_t first = 0; first < labelled; first += batch) {
            const size_t rows = labelled - first < batch ? labelled - first : batch;
            const double value = head_gradients(&run->heads, head, &loss, run->views.strong, worker->step_rows + first,
                                                worker->step_labels + first, rows, &worker->step);
            optimiser_step(ctx, &run->optimisers[head], &run->heads.heads[head], settings->learning_rate);
            run->losses[head] += value * (double)rows;
            run->pictures[head] += (double)rows;
        }
    }
}

/* The loss of the labelled list on its own pictures' logits. */
static double labelled_loss(const HeadTrainer *run, const float *logits, HeadWorker *worker, size_t labelled) {
    const size_t clusters = run->shape.clusters;
    double sum = 0.0;
    for (size_t i = 0; i < labelled; i++)
        sum += cross_entropy(NULL, logits + (size_t)worker->rows[i] * clusters, worker->labels + i, NULL, 1, clusters,
                             run->settings.loss, run->settings.temperature, 1.0);
    return sum / (double)labelled;
}

/* Algorithm 1, line 15: E-step and loss with M = N on the untouched pictures, whose predictions are p and p' both. */
static double judge_head(HeadTrainer *run, int head, HeadWorker *worker) {
    const size_t clusters = run->shape.clusters;
    const HeadWeights weights = head_block_weights(&run->heads, head);
    float *logits = run->logits[head];
    head_forward(run->shape, &weights, run->plain, run->count, logits, worker->hidden);
    softmax_rows(worker->probabilities, logits, run->count, clusters, 1.0f);
    const size_t labelled = prototype_assign(&run->prototypes, run->embeddings, worker->probabilities, run->count,
                                             run->dim, &worker->prototypes, worker->rows, worker->labels);
    return labelled_loss(run, logits, worker, labelled);
}

/* ---- all heads ---- */

/* E-step and, where the backbone stays, M-step. Every head is one thread's from beginning to end, with a BLAS of one
 * thread, so that the number of threads changes no bit. */
static void train_heads(Context *ctx, HeadTrainer *run, uint64_t step) {
    const int heads = run->settings.count;
#pragma omp parallel for schedule(static, 1) num_threads(run->worker_count)
    for (int h = 0; h < heads; h++) {
        omp_set_num_threads(1); /* of this task only: BLAS shall not fork again */
        HeadWorker *worker = &run->workers[omp_get_thread_num()];
        const unsigned mode = denormals_flush();
        const size_t labelled = label_head(run, h, worker);
        if (run->settings.train_backbone)
            head_backbone_set(&run->joint, h, worker->rows, worker->labels, labelled);
        else
            train_head(ctx, run, h, worker, labelled, step);
        denormals_restore(mode);
    }
}

static void judge_heads(HeadTrainer *run, HeadScore *scores) {
    const int heads = run->settings.count;
#pragma omp parallel for schedule(static, 1) num_threads(run->worker_count)
    for (int h = 0; h < heads; h++) {
        omp_set_num_threads(1);
        scores[h].loss = judge_head(run, h, &run->workers[omp_get_thread_num()]);
    }
}

/* when: "in epoch 3" */
static Status fail_head(Context *ctx, const HeadTrainer *run, int head, const char *when, int64_t epoch) {
    const Param *tensor = params_not_finite(&run->heads.heads[head]);
    return context_fail(ctx, SPICA_ERROR_NUMERIC,
                        "head: the loss of head %d is not finite %s %lld, first in %s%s: a smaller head.learning_rate "
                        "may help",
                        head, when, (long long)epoch, tensor != NULL ? "the weights " : "the loss itself",
                        tensor != NULL ? tensor->name : "");
}

static Status check_finite(Context *ctx, const HeadTrainer *run, int64_t epoch) {
    for (int h = 0; h < run->settings.count; h++)
        if (!isfinite(run->losses[h])) return fail_head(ctx, run, h, "in epoch", epoch);
    return SPICA_OK;
}

static double mean_loss(const HeadTrainer *run) {
    double sum = 0.0;
    for (int h = 0; h < run->settings.count; h++)
        sum += run->losses[h] / run->pictures[h];
    return sum / (double)run->settings.count;
}

/* The epoch's order of the pictures, and its sums where it begins. */
static void enter_epoch(HeadTrainer *run, int64_t epoch) {
    const size_t heads = (size_t)run->settings.count;
    if (run->order_epoch != epoch) {
        Random random = random_at(run->settings.seed, RANDOM_ORDER_HEAD, (uint64_t)epoch, 0, 0);
        random_permutation(&random, run->order, run->count);
        run->order_epoch = epoch;
    }
    if (run->step % run->chunks != 0) return;
    memset(run->losses, 0, heads * sizeof *run->losses);
    memset(run->pictures, 0, heads * sizeof *run->pictures);
}

static Status train_chunk(Context *ctx, HeadTrainer *run) {
    const int64_t epoch = (int64_t)(run->step / run->chunks);
    enter_epoch(run, epoch);
    const int64_t *rows = run->order + run->step % run->chunks * run->settings.estep;
    TRY(head_views_fill(ctx, &run->views, rows, run->step));
    for (size_t i = 0; i < run->settings.estep; i++)
        memcpy(run->chunk + i * run->dim, run->embeddings + (size_t)rows[i] * run->dim, run->dim * sizeof(float));
    train_heads(ctx, run, run->step);
    if (run->settings.train_backbone)
        TRY(head_backbone_train(ctx, &run->joint, &run->heads, run->optimisers, rows, run->step, run->losses,
                                run->pictures));
    TRY(check_finite(ctx, run, epoch));
    run->step++;
    return SPICA_OK;
}

static Status judge_epoch(Context *ctx, HeadTrainer *run, int64_t epoch, HeadScore *scores) {
    const ViewKey key = {.seed = run->settings.seed, .purpose = RANDOM_AUGMENT_HEAD};
    if (run->drifted != NULL)
        TRY(infer_rows(ctx, run->backbone, run->dataset, NULL, run->count, &run->settings.plain, key,
                       head_even_batch(run->count, run->settings.inference_batch), NULL, run->drifted, NULL));
    judge_heads(run, scores);
    for (int h = 0; h < run->settings.count; h++) {
        scores[h].epoch = epoch;
        scores[h].head = h;
        scores[h].training_loss = run->losses[h] / run->pictures[h];
        if (!isfinite(scores[h].loss)) return fail_head(ctx, run, h, "after epoch", epoch);
    }
    return SPICA_OK;
}

/* Keeps the best head of all epochs so far; the first of equals. */
static void keep_best(HeadTrainer *run, const HeadScore *scores) {
    HeadResult *result = &run->result;
    for (int h = 0; h < run->settings.count; h++) {
        if (result->selected_head >= 0 && !(scores[h].loss < result->selected_loss)) continue;
        result->selected_head = h;
        result->selected_epoch = scores[h].epoch;
        result->selected_loss = scores[h].loss;
        head_block_compact(&run->heads, h, result->weights);
        const Params *params = net_params(run->backbone->net);
        if (run->best_buffers != NULL) memcpy(run->best_buffers, params->buffers, params->buffer_count * sizeof(float));
        if (run->best_values != NULL) memcpy(run->best_values, params->values, params->count * sizeof(float));
    }
}

static Status judge(Context *ctx, HeadTrainer *run, const HeadScore **judged) {
    const size_t heads = (size_t)run->settings.count;
    HeadScore *scores = run->result.scores + (size_t)run->judged * heads;
    TRY(judge_epoch(ctx, run, run->judged, scores));
    run->result.score_count += heads;
    run->judged++;
    keep_best(run, scores);
    *judged = scores;
    return SPICA_OK;
}

static void show_progress(Context *ctx, HeadTrainer *run) {
    const uint64_t steps = (uint64_t)run->settings.epochs * run->chunks;
    if (run->progress.ctx == NULL) {
        progress_start(&run->progress, ctx, "head", "step", (double)steps);
        run->progress.begun = (double)(run->step - 1);
    }
    if (run->step < steps)
        progress_update(&run->progress, (double)run->step, mean_loss(run));
    else
        progress_finish(&run->progress, (double)run->step, mean_loss(run));
}

const float *const *head_logits(const HeadTrainer *run) { return (const float *const *)run->logits; }

bool head_is_done(const HeadTrainer *run) { return run->judged == run->settings.epochs; }

Status head_step(Context *ctx, HeadTrainer *run, const HeadScore **scores) {
    *scores = NULL;
    if (run->step == (uint64_t)(run->judged + 1) * run->chunks) return judge(ctx, run, scores);
    TRY(train_chunk(ctx, run));
    show_progress(ctx, run);
    return SPICA_OK;
}

void head_take_result(HeadTrainer *run, HeadResult *result) {
    Params *params = net_params(run->backbone->net);
    *result = run->result;
    run->result = (HeadResult){0};
    if (run->best_buffers == NULL) return;
    memcpy(params->buffers, run->best_buffers, params->buffer_count * sizeof(float));
    if (run->best_values != NULL) memcpy(params->values, run->best_values, params->count * sizeof(float));
    params_changed(params);
}

static Status train_all(Context *ctx, HeadTrainer *run, HeadEpochDone epoch_done, void *user) {
    while (!head_is_done(run)) {
        const HeadScore *scores;
        TRY(context_check_cancel(ctx));
        TRY(head_step(ctx, run, &scores));
        if (scores != NULL && epoch_done != NULL) TRY(epoch_done(ctx, user, scores->epoch, head_logits(run), scores));
    }
    return SPICA_OK;
}

Status head_train(Context *ctx, const HeadSettings *settings, const Dataset *dataset, Model *backbone,
                  const float *features, HeadEpochDone epoch_done, void *user, HeadResult *result) {
    HeadTrainer *run;
    *result = (HeadResult){.selected_head = -1};
    TRY(head_open(ctx, &run, settings, dataset, backbone, features));
    const Status status = train_all(ctx, run, epoch_done, user);
    if (status == SPICA_OK) head_take_result(run, result);
    head_close(ctx, &run);
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
