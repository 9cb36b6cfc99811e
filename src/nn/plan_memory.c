/* From symbolic steps to ready ones: segments and their slices, the library's primitives, and one arena in which
 * buffers that never live at the same time share memory. */
#include "nn/plan_steps.h"

/* --- segments ------------------------------------------------------------------------------------------------------
 */

static Status make_segments(Context *ctx, Plan *plan) {
    TRY(NEW_ZEROED(ctx, &plan->segments, (size_t)plan->step_count));
    for (int i = 0; i < plan->step_count; i++) {
        const bool joins = i > 0 && i != plan->forward_count && !plan->steps[i].whole && !plan->steps[i - 1].whole;
        if (!joins)
            plan->segments[plan->segment_count++] =
                (Segment){.first = i, .last = i, .slices = 1, .slice_pictures = plan->settings.batch, .groups = 1};
        plan->segments[plan->segment_count - 1].last = i;
        if (i < plan->forward_count) plan->forward_segments = plan->segment_count;
    }
    return SPICA_OK;
}

static Segment *segment_of(const Plan *plan, int step) {
    for (int i = 0; i < plan->segment_count; i++)
        if (step <= plan->segments[i].last) return &plan->segments[i];
    return NULL;
}

/* --- primitives ----------------------------------------------------------------------------------------------------
 */

static void grow_buffer(Plan *plan, BufferId id, size_t floats) {
    if (plan->buffers[id].unit < floats) plan->buffers[id].unit = floats;
}

static Status open_primitive(Context *ctx, Plan *plan, const Step *step, const Segment *segment) {
    const ConvStep *use = &step->as.conv;
    Conv *conv = &plan->convs[use->conv];
    ConvShape shape = conv->shape;
    shape.batch = segment->slice_pictures;
    const ConvOptions options = {.pass = use->pass,
                                 .in = conv->in,
                                 .out = conv->out,
                                 .inference = plan->settings.kind == PLAN_INFER,
                                 .bias = use->pass == CONV_FORWARD && conv->folded >= 0,
                                 .sum = use->sum,
                                 .activate = use->activate,
                                 .slope = use->slope,
                                 .threads = segment->parallel ? 1 : plan->threads};
    DnnlConv **primitive = use->pass == CONV_FORWARD         ? &conv->forward
                           : use->pass == CONV_BACKWARD_DATA ? &conv->data
                                                             : &conv->weights;
    TRY(shim_conv_open(ctx, plan->shim, primitive, &shape, &options));
    const size_t floats = shim_conv_weight_floats(*primitive);
    if (use->pass == CONV_FORWARD) grow_buffer(plan, conv->forward_packed, floats);
    if (use->pass == CONV_BACKWARD_DATA) grow_buffer(plan, conv->data_packed, floats);
    if (use->pass == CONV_BACKWARD_WEIGHTS) {
        conv->gradient_parts = segment->groups;
        grow_buffer(plan, conv->gradient_packed, floats * (segment->slices > 1 ? 2 * segment->groups : 1));
    }
    const size_t scratch = (shim_conv_scratch_bytes(*primitive) + MEMORY_ALIGNMENT - 1) / MEMORY_ALIGNMENT * 16;
    grow_buffer(plan, plan->scratch, scratch * (size_t)plan->threads);
    if (conv->folded >= 0)
        grow_buffer(plan, plan->folded_weights, plan->net->params.table[net_node(plan->net, conv->node)->weight].count);
    return SPICA_OK;
}

static bool is_conv_step(const Step *step) { return step->run == step_conv || step->run == step_weight_gradient; }

static Status open_primitives(Context *ctx, Plan *plan) {
    for (int i = 0; i < plan->step_count; i++)
        if (is_conv_step(&plan->steps[i])) TRY(open_primitive(ctx, plan, &plan->steps[i], segment_of(plan, i)));
    return SPICA_OK;
}

/* --- the arena -----------------------------------------------------------------------------------------------------
 */

/* A buffer that lives inside one segment of several slices holds one slice per worker. In such segments all steps count
 * as one moment, since slices are at different steps at the same time. */
static void set_life(Plan *plan, Buffer *buffer) {
    if (buffer->pinned || buffer->first < 0) return;
    const Segment *first = segment_of(plan, buffer->first), *last = segment_of(plan, buffer->last);
    buffer->local = first == last && first->slices > 1 && buffer->chunk != 0;
    if (first->slices > 1) buffer->first = first->first;
    if (last->slices > 1) buffer->last = last->last;
}

static size_t buffer_floats(const Plan *plan, const Buffer *buffer) {
    size_t floats = buffer->unit;
    if (buffer->chunk != 0 && !buffer->local) floats = buffer->unit * (plan->settings.batch / buffer->chunk);
    if (buffer->local)
        floats =
            buffer->unit * (segment_of(plan, buffer->first)->slice_pictures / buffer->chunk) * (size_t)plan->threads;
    return (floats + 15) / 16 * 16;
}

/* The lowest place where the buffer fits beside those placed before that live at the same time: tries the start and
 * the end of each of them. */
static size_t find_place(const Plan *plan, const int *placed, int placed_count, const Buffer *buffer, size_t floats) {
    size_t best = SIZE_MAX;
    for (int candidate = -1; candidate < placed_count; candidate++) {
        size_t start = 0;
        if (candidate >= 0) {
            const Buffer *below = &plan->buffers[placed[candidate]];
            start = below->offset + buffer_floats(plan, below);
        }
        if (start >= best) continue;
        bool free = true;
        for (int i = 0; i < placed_count && free; i++) {
            const Buffer *other = &plan->buffers[placed[i]];
            const bool together =
                other->pinned || buffer->pinned || (other->first <= buffer->last && buffer->first <= other->last);
            free = !together || start + floats <= other->offset || other->offset + buffer_floats(plan, other) <= start;
        }
        if (free) best = start;
    }
    return best;
}

/* Largest first, a rule of thumb that comes close to the smallest arena. */
static int next_largest(const Plan *plan, const bool *done) {
    int best = -1;
    for (int i = 0; i < plan->buffer_count; i++) {
        const Buffer *buffer = &plan->buffers[i];
        if (done[i] || (!buffer->pinned && buffer->first < 0)) continue;
        if (best < 0 || buffer_floats(plan, buffer) > buffer_floats(plan, &plan->buffers[best])) best = i;
    }
    return best;
}

static Status place_buffers(Context *ctx, Plan *plan) {
    int *placed;
    bool *done;
    Status status = SPICA_OK;
    TRY(NEW_ARRAY(ctx, &placed, (size_t)plan->buffer_count));
    TRY_GOTO(status, end, NEW_ZEROED(ctx, &done, (size_t)plan->buffer_count));
    int count = 0;
    for (int i = next_largest(plan, done); i >= 0; i = next_largest(plan, done)) {
        Buffer *buffer = &plan->buffers[i];
        const size_t floats = buffer_floats(plan, buffer);
        buffer->offset = find_place(plan, placed, count, buffer, floats);
        if (plan->arena_floats < buffer->offset + floats) plan->arena_floats = buffer->offset + floats;
        placed[count++] = i;
        done[i] = true;
    }
    FREE_ARRAY(ctx, &done);
    status = NEW_ZEROED(ctx, &plan->arena, plan->arena_floats);
    for (int i = 0; status == SPICA_OK && i < plan->buffer_count; i++)
        plan->buffers[i].base = plan->arena + plan->buffers[i].offset;
end:
    FREE_ARRAY(ctx, &placed);
    return status;
}

/* --- binding -------------------------------------------------------------------------------------------------------
 */

static float *step_weights(const Plan *plan, const Step *step, const Segment *segment, size_t slice) {
    const Conv *conv = &plan->convs[step->as.conv.conv];
    if (step->as.conv.pass == CONV_FORWARD) return plan->buffers[conv->forward_packed].base;
    if (step->as.conv.pass == CONV_BACKWARD_DATA) return plan->buffers[conv->data_packed].base;
    const size_t parts = conv->gradient_parts, group = slice * parts / segment->slices;
    const bool first = slice == 0 || (slice - 1) * parts / segment->slices != group;
    return plan->buffers[conv->gradient_packed].base +
           (first ? group : parts + group) * shim_conv_weight_floats(conv->weights);
}

/* The worker that runs a slice: groups of slices are dealt out in order. */
static int slice_worker(const Plan *plan, const Segment *segment, size_t slice) {
    if (!segment->parallel) return 0;
    const size_t group = slice * segment->groups / segment->slices, threads = (size_t)plan->threads;
    for (int worker = 0; worker < plan->threads; worker++)
        if (group < segment->groups * (size_t)(worker + 1) / threads) return worker;
    return 0;
}

static Status bind_step(Context *ctx, Plan *plan, const Step *step, const Segment *segment) {
    const Conv *conv = &plan->convs[step->as.conv.conv];
    DnnlConv *primitive = step->as.conv.pass == CONV_FORWARD         ? conv->forward
                          : step->as.conv.pass == CONV_BACKWARD_DATA ? conv->data
                                                                     : conv->weights;
    ConvBuffers *buffers;
    TRY(NEW_ZEROED(ctx, &buffers, segment->slices));
    for (size_t i = 0; i < segment->slices; i++) {
        const Slice slice = {.index = i,
                             .first = i * segment->slice_pictures,
                             .count = segment->slice_pictures,
                             .worker = slice_worker(plan, segment, i)};
        const size_t scratch = plan->buffers[plan->scratch].unit / (size_t)plan->threads;
        buffers[i] = (ConvBuffers){.in = buffer_at(plan, step->as.conv.in, &slice),
                                   .weights = step_weights(plan, step, segment, i),
                                   .bias = conv->bias >= 0 ? plan->buffers[conv->bias].base : NULL,
                                   .out = buffer_at(plan, step->as.conv.out, &slice),
                                   .scratch = plan->buffers[plan->scratch].base + (size_t)slice.worker * scratch};
    }
    const Status status = shim_conv_bind(ctx, primitive, buffers, segment->slices);
    FREE_ARRAY(ctx, &buffers);
    return status;
}

Status plan_place(Context *ctx, Plan *plan) {
    TRY(make_segments(ctx, plan));
    TRY(open_primitives(ctx, plan));
    for (int i = 0; i < plan->buffer_count; i++)
        set_life(plan, &plan->buffers[i]);
    TRY(place_buffers(ctx, plan));
    for (int i = 0; i < plan->step_count; i++)
        if (is_conv_step(&plan->steps[i])) TRY(bind_step(ctx, plan, &plan->steps[i], segment_of(plan, i)));
    return SPICA_OK;
}
