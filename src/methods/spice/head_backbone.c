#include "methods/spice/head_backbone.h"

#include <omp.h>
#include <string.h>

#include "base/random.h"
#include "methods/schedule_limits.h"
#include "methods/spice/head_views.h"
#include "methods/spice/prototypes.h"
#include "nn/denormals.h"

/* In the places of the view and of the head in random counters that stage 2 uses otherwise too. */
#define VIEW_JOINT 3
#define ORDER_JOINT 0xFFFFF

/* Labelled rows of a head in a whole E-step: overlapping labels stand there as often as they are. */
static size_t list_most(const HeadBackbone *joint, size_t clusters) {
    return clusters * prototype_share(joint->estep, clusters);
}

static Status open_plan(Context *ctx, HeadBackbone *joint) {
    const ModelSpec *spec = &joint->backbone->spec;
    const PlanSettings plan = {.kind = PLAN_TRAIN,
                               .batch = joint->batch,
                               .outputs = {joint->backbone->features},
                               .output_count = 1,
                               .update_running = true,
                               .seed = joint->settings->seed};
    TRY(check_view_shape(ctx, "head", spec, &joint->settings->strong, joint->dataset));
    TRY(plan_open(ctx, &joint->plan, joint->backbone->net, &plan));
    TRY(optimiser_open(ctx, &joint->optimiser, &joint->settings->optimiser, net_params(joint->backbone->net)));
    return NEW_ARRAY(ctx, &joint->input,
                     joint->batch * (size_t)spec->height * (size_t)spec->width * (size_t)spec->channels);
}

static Status open_lists(Context *ctx, HeadBackbone *joint, HeadShape shape) {
    const size_t heads = (size_t)joint->settings->count, most = list_most(joint, shape.clusters);
    const size_t batch_most = joint->batch * shape.clusters < most ? joint->batch * shape.clusters : most;
    TRY(NEW_ZEROED(ctx, &joint->lists, heads));
    for (size_t h = 0; h < heads; h++) {
        TRY(NEW_ARRAY(ctx, &joint->lists[h].rows, most));
        TRY(NEW_ARRAY(ctx, &joint->lists[h].labels, most));
    }
    TRY(NEW_ZEROED(ctx, &joint->works, (size_t)ctx->threads));
    joint->work_count = ctx->threads;
    for (int w = 0; w < joint->work_count; w++) {
        TRY(head_step_work_open(ctx, &joint->works[w].step, shape, batch_most));
        TRY(NEW_ARRAY(ctx, &joint->works[w].rows, batch_most));
        TRY(NEW_ARRAY(ctx, &joint->works[w].labels, batch_most));
    }
    return SPICA_OK;
}

Status head_backbone_open(Context *ctx, HeadBackbone *joint, const HeadSettings *settings, const Dataset *dataset,
                          Model *backbone, HeadShape shape) {
    const size_t batch = settings->batch > 0 ? settings->batch : settings->inference_batch;
    *joint = (HeadBackbone){.settings = settings,
                            .dataset = dataset,
                            .backbone = backbone,
                            .estep = settings->estep,
                            .batch = head_even_batch(settings->estep, batch),
                            .dim = shape.dim};
    const size_t features = joint->batch * joint->dim;
    TRY(open_plan(ctx, joint));
    TRY(open_lists(ctx, joint, shape));
    TRY(NEW_ARRAY(ctx, &joint->order, joint->estep));
    TRY(NEW_ARRAY(ctx, &joint->pictures, joint->batch));
    TRY(NEW_ARRAY(ctx, &joint->places, joint->estep));
    TRY(NEW_ARRAY(ctx, &joint->shares, (size_t)settings->count * features));
    return NEW_ARRAY(ctx, &joint->d_features, features);
}

void head_backbone_close(Context *ctx, HeadBackbone *joint) {
    if (joint->plan != NULL) plan_close(ctx, &joint->plan);
    optimiser_close(ctx, &joint->optimiser);
    for (int h = 0; joint->lists != NULL && h < joint->settings->count; h++) {
        FREE_ARRAY(ctx, &joint->lists[h].rows);
        FREE_ARRAY(ctx, &joint->lists[h].labels);
    }
    for (int w = 0; w < joint->work_count; w++) {
        head_step_work_close(ctx, &joint->works[w].step);
        FREE_ARRAY(ctx, &joint->works[w].rows);
        FREE_ARRAY(ctx, &joint->works[w].labels);
    }
    FREE_ARRAY(ctx, &joint->lists);
    FREE_ARRAY(ctx, &joint->works);
    FREE_ARRAY(ctx, &joint->order);
    FREE_ARRAY(ctx, &joint->pictures);
    FREE_ARRAY(ctx, &joint->places);
    FREE_ARRAY(ctx, &joint->input);
    FREE_ARRAY(ctx, &joint->shares);
    FREE_ARRAY(ctx, &joint->d_features);
}

void head_backbone_set(HeadBackbone *joint, int head, const int32_t *rows, const int32_t *labels, size_t count) {
    HeadList *list = &joint->lists[head];
    memcpy(list->rows, rows, count * sizeof *rows);
    memcpy(list->labels, labels, count * sizeof *labels);
    list->count = count;
}

/* The head's labelled rows whose pictures are in the batch. Returns how many. */
static size_t rows_in_batch(const HeadBackbone *joint, const HeadList *list, HeadShareWork *work) {
    size_t count = 0;
    for (size_t i = 0; i < list->count; i++) {
        const int32_t place = joint->places[list->rows[i]];
        if (place < 0) continue;
        work->rows[count] = place;
        work->labels[count++] = list->labels[i];
    }
    return count;
}

/* One head's step on the batch's features, and its gradient with respect to them. */
static void train_head(Context *ctx, HeadBackbone *joint, HeadBlock *heads, int head, Optimiser *optimiser,
                       HeadShareWork *work, double *loss, double *pictures) {
    const HeadSettings *settings = joint->settings;
    const HeadLoss kind = {
        .kind = settings->loss, .temperature = settings->temperature, .entropy_weight = settings->entropy_weight};
    float *share = joint->shares + (size_t)head * joint->batch * joint->dim;
    const size_t count = rows_in_batch(joint, &joint->lists[head], work);
    memset(share, 0, joint->batch * joint->dim * sizeof *share);
    if (count == 0) return;
    const double value =
        head_gradients(heads, head, &kind, plan_output(joint->plan, 0), work->rows, work->labels, count, &work->step);
    head_feature_gradients(heads, head, work->rows, count, &work->step, share);
    optimiser_step(ctx, optimiser, &heads->heads[head], settings->learning_rate);
    *loss += value * (double)count;
    *pictures += (double)count;
}

/* d_features = mean over the heads, in their order. */
static void average_shares(HeadBackbone *joint) {
    const size_t floats = joint->batch * joint->dim, heads = (size_t)joint->settings->count;
    for (size_t i = 0; i < floats; i++) {
        float sum = 0.0f;
        for (size_t h = 0; h < heads; h++)
            sum += joint->shares[h * floats + i];
        joint->d_features[i] = sum / (float)heads;
    }
}

/* Every head is one thread's, with a BLAS of one thread. */
static void train_heads(Context *ctx, HeadBackbone *joint, HeadBlock *heads, Optimiser *optimisers, double *losses,
                        double *pictures) {
    const int count = joint->settings->count;
#pragma omp parallel for schedule(static, 1) num_threads(joint->work_count)
    for (int h = 0; h < count; h++) {
        omp_set_num_threads(1);
        const unsigned mode = denormals_flush();
        train_head(ctx, joint, heads, h, &optimisers[h], &joint->works[omp_get_thread_num()], &losses[h], &pictures[h]);
        denormals_restore(mode);
    }
}

/* The batch that begins at place `first` of the pass's order; the last one reaches back. */
static Status take_batch(Context *ctx, HeadBackbone *joint, const int64_t *rows, size_t first, ViewKey key) {
    if (first + joint->batch > joint->estep) first = joint->estep - joint->batch;
    for (size_t i = 0; i < joint->estep; i++)
        joint->places[i] = -1;
    for (size_t i = 0; i < joint->batch; i++) {
        const int64_t chosen = joint->order[first + i];
        joint->places[chosen] = (int32_t)i;
        joint->pictures[i] = rows[chosen];
    }
    key.first = first;
    return augment_batch(ctx, &joint->settings->strong, joint->dataset, joint->pictures, joint->batch, key,
                         joint->input);
}

Status head_backbone_train(Context *ctx, HeadBackbone *joint, HeadBlock *heads, Optimiser *optimisers,
                           const int64_t *rows, uint64_t step, double *losses, double *pictures) {
    const HeadSettings *settings = joint->settings;
    Params *params = net_params(joint->backbone->net);
    for (int pass = 0; pass < settings->passes; pass++) {
        const uint64_t number = step * (uint64_t)settings->passes + (uint64_t)pass;
        const ViewKey key = {
            .seed = settings->seed, .purpose = RANDOM_AUGMENT_HEAD, .step = number, .view = VIEW_JOINT};
        Random random = random_at(settings->seed, RANDOM_ORDER_HEAD, step, (uint64_t)pass, ORDER_JOINT);
        random_permutation(&random, joint->order, joint->estep);
        for (size_t first = 0; first < joint->estep; first += joint->batch) {
            TRY(take_batch(ctx, joint, rows, first, key));
            TRY(plan_forward(ctx, joint->plan, joint->input));
            train_heads(ctx, joint, heads, optimisers, losses, pictures);
            average_shares(joint);
            const float *d_outputs[] = {joint->d_features};
            TRY(plan_backward(ctx, joint->plan, d_outputs));
            optimiser_step(ctx, &joint->optimiser, params, settings->learning_rate);
        }
    }
    return SPICA_OK;
}

Status head_backbone_state(Context *ctx, HeadBackbone *joint, StateParts *parts) {
    TRY(params_state(ctx, net_params(joint->backbone->net), "backbone", parts));
    TRY(plan_state(ctx, joint->plan, "backbone.forwards", parts));
    return optimiser_state(ctx, &joint->optimiser, "backbone.optimiser", parts);
}
