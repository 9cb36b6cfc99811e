/* Where a plan leaves the finite numbers: a forward, step by step, with a look at what each step wrote. */
#include <stdio.h>
#include <string.h>

#include <omp.h>

#include "nn/plan_steps.h"

/* The buffer in which a step leaves the value of its node; -1: it makes no value. */
static BufferId made_by(const Step *step) {
    static const StepRun unary[] = {step_import, step_max_pool, step_avg_pool, step_linear, step_dropout};
    if (step->run == step_conv) return step->as.conv.out;
    if (step->run == step_combine) return step->as.combine.out;
    for (size_t i = 0; i < sizeof unary / sizeof unary[0]; i++)
        if (step->run == unary[i]) return step->as.unary.out;
    return -1;
}

static bool is_finite_slice(const Plan *plan, const Step *step, const Slice *slice) {
    const BufferId made = made_by(step);
    if (made < 0) return true;
    const Buffer *buffer = &plan->buffers[made];
    const size_t floats = buffer->chunk == 0 ? buffer->unit : slice->count / buffer->chunk * buffer->unit;
    return floats_not_finite(buffer_at(plan, made, slice), floats) == floats;
}

/* Runs a segment on this thread alone. *fault: the earliest of its steps that wrote what is not finite, in any slice,
 * or -1. */
static Status search_segment(Context *ctx, Plan *plan, const Segment *segment, int *fault) {
    TRY(plan_pack_segment(ctx, plan, segment, SHARED_COPIES));
    for (int worker = 0; segment->parallel && worker < plan->threads; worker++)
        TRY(plan_pack_segment(ctx, plan, segment, worker));
    for (size_t i = 0; i < segment->slices; i++) {
        Slice slice = plan_slice(plan, segment, i);
        slice.threads = 1;
        for (int s = segment->first; s <= segment->last; s++) {
            const Step *step = &plan->steps[s];
            TRY(step->run(ctx, plan, step, &slice));
            if ((*fault < 0 || s < *fault) && !is_finite_slice(plan, step, &slice)) *fault = s;
        }
    }
    return SPICA_OK;
}

static Status search_forward(Context *ctx, Plan *plan, int *fault) {
    *fault = -1;
    for (int i = 0; *fault < 0 && i < plan->forward_segments; i++)
        TRY(search_segment(ctx, plan, &plan->segments[i], fault));
    return SPICA_OK;
}

/* The layer that a value comes from: a ReLU and a sum have no tensors, and so no name of their own. */
static void describe_value(const Plan *plan, ValueId value, char *words, size_t capacity) {
    const Node *node = net_node(plan->net, value);
    while (node->weight < 0 && node->in[0] >= 0)
        node = net_node(plan->net, node->in[0]);
    if (node->weight < 0) {
        snprintf(words, capacity, "in the pictures that it reads");
        return;
    }
    const char *name = plan->net->params.table[node->weight].name, *end = strrchr(name, '.');
    snprintf(words, capacity, "in the output of %.*s", (int)(end - name), name);
}

Status plan_describe_fault(Context *ctx, Plan *plan, char *words, size_t capacity) {
    int fault;
    const Param *tensor = params_not_finite(net_params(plan->net));
    words[0] = '\0';
    if (tensor != NULL) snprintf(words, capacity, "in the weights %s", tensor->name);
    if (tensor != NULL || plan->reference != NULL || plan->input == NULL) return SPICA_OK;
    const int threads = omp_get_max_threads();
    omp_set_num_threads(1);
    Status status = plan_refresh(ctx, plan);
    if (status == SPICA_OK) status = search_forward(ctx, plan, &fault);
    omp_set_num_threads(threads);
    plan->forward_done = false;
    if (status == SPICA_OK && fault >= 0) describe_value(plan, plan->steps[fault].node, words, capacity);
    return status;
}
