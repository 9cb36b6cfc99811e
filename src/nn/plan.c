#include "nn/plan.h"

#include <math.h>
#include <string.h>

#include <omp.h>

#include "base/log.h"
#include "nn/plan_steps.h"
#include "nn/reference.h"

/* --- opening and closing -------------------------------------------------------------------------------------------
 */

static void plan_clear(Context *ctx, Plan *plan) {
    for (int i = 0; i < plan->conv_count; i++) {
        conv_kernel_close(ctx, &plan->convs[i].forward);
        conv_kernel_close(ctx, &plan->convs[i].again);
        conv_kernel_close(ctx, &plan->convs[i].data);
        conv_kernel_close(ctx, &plan->convs[i].weights);
    }
    shim_close(ctx, &plan->shim);
    FREE_ARRAY(ctx, &plan->convs);
    FREE_ARRAY(ctx, &plan->norms);
    FREE_ARRAY(ctx, &plan->steps);
    FREE_ARRAY(ctx, &plan->segments);
    FREE_ARRAY(ctx, &plan->queues);
    FREE_ARRAY(ctx, &plan->buffers);
    FREE_ARRAY(ctx, &plan->unreached);
    FREE_ARRAY(ctx, &plan->arena);
    FREE_ARRAY(ctx, &plan->profile);
    reference_close(ctx, &plan->reference);
}

void plan_close(Context *ctx, Plan **plan) {
    if (*plan == NULL) return;
    plan_clear(ctx, *plan);
    FREE_ARRAY(ctx, plan);
}

static Status compile(Context *ctx, Plan *plan) {
    if (plan->settings.reference != 0) return reference_open(ctx, &plan->reference, plan->net, &plan->settings);
    TRY(shim_open(ctx, &plan->shim));
    TRY(plan_build(ctx, plan));
    return plan_place(ctx, plan);
}

/* Everything but settings, network and dropout's counter, for the context's number of threads. A plan that failed is
 * made anew at its next call. */
static Status plan_compile(Context *ctx, Plan *plan) {
    const Plan kept = *plan;
    plan_clear(ctx, plan);
    *plan = (Plan){.settings = kept.settings,
                   .net = kept.net,
                   .group_pictures = kept.group_pictures,
                   .calls = kept.calls,
                   .threads = ctx->threads,
                   .outputs = {-1, -1, -1, -1}};
    const Status status = compile(ctx, plan);
    if (status != SPICA_OK) plan->threads = 0;
    return status;
}

static Status settings_check(Context *ctx, const Net *net, const PlanSettings *settings) {
    const size_t groups = settings->bn_groups < 1 ? 1 : (size_t)settings->bn_groups;
    if (!net->finished) return context_fail(ctx, SPICA_ERROR_INTERNAL, "plan of an unfinished network");
    if (settings->batch < 1 || settings->batch > INT32_MAX)
        return context_fail(ctx, SPICA_ERROR_INTERNAL, "plan for a batch of %zu", settings->batch);
    if (settings->batch % groups != 0)
        return context_fail(ctx, SPICA_ERROR_INTERNAL, "batch of %zu does not split into %zu batch norm groups",
                            settings->batch, groups);
    if (settings->output_count < 1 || settings->output_count > 4)
        return context_fail(ctx, SPICA_ERROR_INTERNAL, "plan of %d outputs", settings->output_count);
    for (int i = 0; i < settings->output_count; i++)
        if (settings->outputs[i] < 0 || settings->outputs[i] >= net->count)
            return context_fail(ctx, SPICA_ERROR_INTERNAL, "plan's output is value %d of %d", settings->outputs[i],
                                net->count);
    return SPICA_OK;
}

Status plan_open(Context *ctx, Plan **plan, Net *net, const PlanSettings *settings) {
    *plan = NULL;
    TRY(settings_check(ctx, net, settings));
    TRY(NEW_ZEROED(ctx, plan, 1));
    (*plan)->settings = *settings;
    if (settings->kind == PLAN_TRAIN && ctx->recompute) (*plan)->settings.recompute = true;
    (*plan)->net = net;
    (*plan)->group_pictures = settings->batch / (settings->bn_groups < 1 ? 1 : (size_t)settings->bn_groups);
    const Status status = plan_compile(ctx, *plan);
    if (status != SPICA_OK) plan_close(ctx, plan);
    return status;
}

size_t plan_bytes(const Plan *plan) { return plan->arena_floats * sizeof(float); }

const float *plan_output(const Plan *plan, int index) {
    if (plan->reference != NULL) return reference_output(plan->reference, index);
    return plan->buffers[plan->outputs[index]].base;
}

void plan_set_step(Plan *plan, uint64_t step) { plan->calls = step; }

Status plan_state(Context *ctx, Plan *plan, const char *name, StateParts *parts) {
    return STATE_VALUE(ctx, parts, &plan->calls, "%s", name);
}

/* --- copies of the weights -----------------------------------------------------------------------------------------
 */

/* Batch norm in inference is out = x * scale + shift, which a convolution's weights and bias can carry:
 * scale = gamma / sqrt(variance + epsilon), shift = beta - mean * scale. */
static void fold(Plan *plan, const Conv *conv) {
    const Node *norm = net_node(plan->net, conv->folded), *node = net_node(plan->net, conv->node);
    const float *weights = net_values(plan->net, node->weight);
    const float *gamma = net_values(plan->net, norm->weight), *beta = net_values(plan->net, norm->bias);
    const float *mean = net_buffers(plan->net, norm->running), *variance = net_buffers(plan->net, norm->running + 1);
    float *folded = plan->buffers[plan->folded_weights].base, *bias = plan->buffers[conv->bias].base;
    const size_t channels = (size_t)node->channels, floats = plan->net->params.table[node->weight].count / channels;
    for (size_t c = 0; c < channels; c++) {
        const double scale = (double)gamma[c] / sqrt((double)variance[c] + NORM_EPSILON);
        bias[c] = (float)((double)beta[c] - (double)mean[c] * scale);
        for (size_t i = 0; i < floats; i++)
            folded[c * floats + i] = weights[c * floats + i] * (float)scale;
    }
}

Status plan_pack_step(Context *ctx, Plan *plan, const Step *step, int worker) {
    const Slice slice = {.worker = worker};
    const Conv *conv = &plan->convs[step->as.conv.conv];
    const float *weights = net_values(plan->net, net_node(plan->net, conv->node)->weight);
    if (conv->folded >= 0) {
        fold(plan, conv);
        weights = plan->buffers[plan->folded_weights].base;
    }
    return conv_kernel_pack(ctx, *conv_step_kernel(plan->convs, step), weights,
                            buffer_at(plan, step->as.conv.packed, &slice));
}

Status plan_pack_segment(Context *ctx, Plan *plan, const Segment *segment, int worker) {
    if (plan->settings.kind == PLAN_INFER || packs_in_steps(plan, segment->slice_pictures)) return SPICA_OK;
    for (int i = segment->first; i <= segment->last; i++) {
        const Step *step = &plan->steps[i];
        if (step->run == step_conv && (plan->buffers[step->as.conv.packed].extent == EXTENT_COPY) == (worker >= 0))
            TRY(plan_pack_step(ctx, plan, step, worker >= 0 ? worker : 0));
    }
    return SPICA_OK;
}

Status plan_refresh(Context *ctx, Plan *plan) {
    if (plan->settings.kind != PLAN_INFER || plan->packed_version == plan->net->params.version) return SPICA_OK;
    plan->packed_version = NOT_PACKED;
    for (int i = 0; i < plan->step_count; i++)
        if (plan->steps[i].run == step_conv) TRY(plan_pack_step(ctx, plan, &plan->steps[i], 0));
    for (int i = 0; i < plan->norm_count; i++) {
        const Node *node = net_node(plan->net, plan->norms[i].node);
        NormTask task;
        norm_task(plan, &plan->norms[i], &task);
        task.running_mean = net_buffers(plan->net, node->running);
        task.running_variance = net_buffers(plan->net, node->running + 1);
        kernel_norm_running(&task);
    }
    plan->packed_version = plan->net->params.version;
    return SPICA_OK;
}

/* --- running -------------------------------------------------------------------------------------------------------
 */

static Status run_step(Context *ctx, Plan *plan, int index, const Slice *slice) {
    if (plan->profile == NULL) return plan->steps[index].run(ctx, plan, &plan->steps[index], slice);
    const double start = clock_seconds();
    const Status status = plan->steps[index].run(ctx, plan, &plan->steps[index], slice);
    if (slice->worker == 0) plan->profile[index] += clock_seconds() - start;
    return status;
}

static Status run_slice(Context *ctx, Plan *plan, const Segment *segment, size_t index, int worker) {
    Slice slice = plan_slice(plan, segment, index);
    slice.worker = worker;
    for (int i = segment->first; i <= segment->last; i++)
        TRY(run_step(ctx, plan, i, &slice));
    return SPICA_OK;
}

#define QUEUE_LAST 32 /* the place of the high half */

static void fill_queues(Plan *plan, const Segment *segment) {
    for (int worker = 0; worker < plan->threads; worker++)
        atomic_store_explicit(&plan->queues[worker].left,
                              (uint64_t)plan_share_start(plan, segment, worker) |
                                  (uint64_t)plan_share_start(plan, segment, worker + 1) << QUEUE_LAST,
                              memory_order_relaxed);
}

/* Takes the queue's first group, or its last; false: there is none. */
static bool take_group(Queue *queue, bool first, size_t *group) {
    uint64_t left = atomic_load_explicit(&queue->left, memory_order_relaxed), rest;
    do {
        const uint64_t from = left & UINT32_MAX, to = left >> QUEUE_LAST;
        if (from >= to) return false;
        *group = (size_t)(first ? from : to - 1);
        rest = first ? left + 1 : left - ((uint64_t)1 << QUEUE_LAST);
    } while (
        !atomic_compare_exchange_weak_explicit(&queue->left, &left, rest, memory_order_relaxed, memory_order_relaxed));
    return true;
}

static Status run_group(Context *ctx, Plan *plan, const Segment *segment, size_t group, int worker) {
    const size_t last = plan_group_start(segment, group + 1);
    for (size_t i = plan_group_start(segment, group); i < last; i++)
        TRY(run_slice(ctx, plan, segment, i, worker));
    return SPICA_OK;
}

/* A worker's own groups, and what the others have not come to. Who runs a group changes no bit of the result. */
static Status run_worker(Context *ctx, Plan *plan, const Segment *segment, int worker) {
    size_t group;
    TRY(plan_pack_segment(ctx, plan, segment, worker));
    while (take_group(&plan->queues[worker], true, &group))
        TRY(run_group(ctx, plan, segment, group, worker));
    for (int other = 1; other < plan->threads && !segment->tied; other++)
        while (take_group(&plan->queues[(worker + other) % plan->threads], false, &group))
            TRY(run_group(ctx, plan, segment, group, worker));
    return SPICA_OK;
}

static Status run_segment(Context *ctx, Plan *plan, const Segment *segment) {
    TRY(plan_pack_segment(ctx, plan, segment, SHARED_COPIES));
    if (!segment->parallel) {
        for (size_t i = 0; i < segment->slices; i++)
            TRY(run_slice(ctx, plan, segment, i, 0));
        return SPICA_OK;
    }
    fill_queues(plan, segment);
    int failed = 0;
    const int threads = plan->threads;
#pragma omp parallel for schedule(static, 1) num_threads(threads) reduction(+ : failed)
    for (int worker = 0; worker < threads; worker++)
        failed += run_worker(ctx, plan, segment, worker) != SPICA_OK;
    return failed == 0 ? SPICA_OK : SPICA_ERROR_INTERNAL;
}

static Status run_segments(Context *ctx, Plan *plan, int first, int last) {
    for (int i = first; i < last; i++) {
        const Status status = run_segment(ctx, plan, &plan->segments[i]);
        if (status != SPICA_OK)
            return context_fail(ctx, status, "oneDNN failed in the plan's steps %d to %d", plan->segments[i].first,
                                plan->segments[i].last);
    }
    return SPICA_OK;
}

/* The running statistics have moved, which plans for inference fold into their copies. */
static void note_running(Plan *plan) {
    if (plan->settings.kind == PLAN_INFER || !plan->settings.update_running || plan->norm_count == 0) return;
    params_changed(net_params(plan->net));
}

static Status forward(Context *ctx, Plan *plan) {
    TRY(plan_refresh(ctx, plan));
    TRY(run_segments(ctx, plan, 0, plan->forward_segments));
    note_running(plan);
    return SPICA_OK;
}

Status plan_forward(Context *ctx, Plan *plan, const float *input) {
    if (plan->threads != ctx->threads) TRY(plan_compile(ctx, plan));
    plan->calls++;
    if (plan->reference != NULL) return reference_forward(ctx, plan->reference, input, plan->calls);
    plan->input = input;
    const int before = omp_get_max_threads();
    omp_set_num_threads(plan->threads);
    const Status status = forward(ctx, plan);
    omp_set_num_threads(before);
    plan->forward_done = status == SPICA_OK;
    return status;
}

static Status backward(Context *ctx, Plan *plan) {
    for (int i = 0; i < plan->unreached_count; i++)
        memset(net_gradients(plan->net, plan->unreached[i]), 0,
               plan->net->params.table[plan->unreached[i]].count * sizeof(float));
    return run_segments(ctx, plan, plan->forward_segments, plan->segment_count);
}

Status plan_backward(Context *ctx, Plan *plan, const float *const d_outputs[]) {
    if (plan->settings.kind != PLAN_TRAIN)
        return context_fail(ctx, SPICA_ERROR_INTERNAL, "backward of a plan that is not for training");
    if (plan->reference != NULL) return reference_backward(ctx, plan->reference, d_outputs);
    if (!plan->forward_done) return context_fail(ctx, SPICA_ERROR_INTERNAL, "backward before forward");
    plan->d_outputs = d_outputs;
    const int before = omp_get_max_threads();
    omp_set_num_threads(plan->threads);
    const Status status = backward(ctx, plan);
    omp_set_num_threads(before);
    plan->forward_done = false; /* gradients have overwritten what forward kept */
    return status;
}

Status plan_profile(Context *ctx, Plan *plan, bool on) {
    FREE_ARRAY(ctx, &plan->profile);
    return on ? NEW_ZEROED(ctx, &plan->profile, (size_t)plan->step_count) : SPICA_OK;
}
