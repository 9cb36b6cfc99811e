/* Compiles the graph's forward direction into steps.
 *
 * TRAIN and TRAIN_FORWARD: convolutions, batch norm's statistics right behind whatever makes their input, and one
 * combine step for each run of batch norm, addition and activation. INFER: batch norm folded into the convolution that
 * alone it reads; addition and activation as the convolution's post-ops, the addition in place in the other operand's
 * buffer, where nobody else reads that any more. */
#include "nn/plan_builder.h"

#include <string.h>

ValueId builder_in(const Builder *builder, ValueId value, int k) {
    ValueId in = net_node(builder->net, value)->in[k];
    while (in >= 0 && builder->plan->settings.kind == PLAN_INFER && net_node(builder->net, in)->kind == NODE_DROPOUT)
        in = net_node(builder->net, in)->in[0];
    return in;
}

Status buffer_add(Builder *builder, size_t unit, size_t chunk, BufferId *id) {
    Plan *plan = builder->plan;
    if (plan->buffer_count == plan->buffer_capacity) {
        const int capacity = plan->buffer_capacity == 0 ? 128 : plan->buffer_capacity * 2;
        Buffer *larger;
        TRY(NEW_ZEROED(builder->ctx, &larger, (size_t)capacity));
        if (plan->buffers != NULL) memcpy(larger, plan->buffers, (size_t)plan->buffer_count * sizeof *larger);
        FREE_ARRAY(builder->ctx, &plan->buffers);
        plan->buffers = larger;
        plan->buffer_capacity = capacity;
    }
    *id = plan->buffer_count;
    plan->buffers[plan->buffer_count++] = (Buffer){.unit = unit, .chunk = chunk, .first = -1, .last = -1};
    return SPICA_OK;
}

Status buffer_like(Builder *builder, ValueId value, BufferId *id) {
    return buffer_add(builder, grid_floats(&builder->values[value].grid), 1, id);
}

void buffer_pin(Builder *builder, BufferId id) { builder->plan->buffers[id].pinned = true; }

Status step_add(Builder *builder, const Step *step) {
    Plan *plan = builder->plan;
    if (plan->step_count == plan->step_capacity) {
        const int capacity = plan->step_capacity == 0 ? 128 : plan->step_capacity * 2;
        Step *larger;
        TRY(NEW_ZEROED(builder->ctx, &larger, (size_t)capacity));
        if (plan->steps != NULL) memcpy(larger, plan->steps, (size_t)plan->step_count * sizeof *larger);
        FREE_ARRAY(builder->ctx, &plan->steps);
        plan->steps = larger;
        plan->step_capacity = capacity;
    }
    for (int i = 0; i < STEP_BUFFERS && step->uses[i] >= 0; i++) {
        Buffer *buffer = &plan->buffers[step->uses[i]];
        if (buffer->first < 0) buffer->first = plan->step_count;
        buffer->last = plan->step_count;
    }
    plan->steps[plan->step_count] = *step;
    plan->steps[plan->step_count++].again = builder->again;
    return SPICA_OK;
}

#define CHUNK_ROWS ((size_t)128) /* about as many pixels are summed in float before float64 goes on */
#define CHUNK_PICTURES ((size_t)16)

/* Pictures per partial sum: divides the group, so that a chunk has one batch norm group. */
size_t chunk_for(const Builder *builder, size_t rows) {
    const size_t group = builder->plan->group_pictures;
    size_t chunk = 1;
    for (size_t c = 2; c <= CHUNK_PICTURES && c * rows <= CHUNK_ROWS; c++)
        if (group % c == 0) chunk = c;
    return chunk;
}

/* --- what the graph looks like --------------------------------------------------------------------------------- */

static void mark_needed(Builder *builder, ValueId value) {
    for (ValueId v = value; v >= 0; v--) {
        if (!builder->values[v].needed) continue;
        for (int k = 0; k < 2; k++) {
            const ValueId in = builder_in(builder, v, k);
            if (in < 0) continue;
            builder->values[in].needed = true;
            builder->values[in].readers++;
            builder->values[in].unread++;
            builder->values[in].reader = v;
        }
    }
}

static Status mark_outputs(Builder *builder) {
    const PlanSettings *settings = &builder->plan->settings;
    if (settings->output_count < 1 || settings->output_count > 4)
        return context_fail(builder->ctx, SPICA_ERROR_INTERNAL, "plan of %d outputs", settings->output_count);
    for (int i = 0; i < settings->output_count; i++) {
        ValueId value = settings->outputs[i];
        if (value < 0 || value >= builder->net->count)
            return context_fail(builder->ctx, SPICA_ERROR_INTERNAL, "plan's output is value %d of %d", value,
                                builder->net->count);
        while (settings->kind == PLAN_INFER && net_node(builder->net, value)->kind == NODE_DROPOUT)
            value = net_node(builder->net, value)->in[0];
        builder->plan->settings.outputs[i] = value;
        builder->values[value].needed = builder->values[value].output = true;
    }
    mark_needed(builder, builder->net->count - 1);
    return SPICA_OK;
}

/* Whether the node's only reader computes it in passing. */
static bool is_absorbed(const Builder *builder, ValueId value) {
    const Value *state = &builder->values[value];
    if (state->readers != 1 || state->output) return false;
    const NodeKind kind = net_node(builder->net, value)->kind, reader = net_node(builder->net, state->reader)->kind;
    return (kind == NODE_BATCH_NORM && (reader == NODE_RELU || reader == NODE_ADD)) ||
           (kind == NODE_ADD && reader == NODE_RELU);
}

/* An operand of the group: the value itself, or, behind an absorbed batch norm, what that reads. */
static void group_set(const Builder *builder, ValueId in, ValueId *value, ValueId *norm) {
    const bool through = net_node(builder->net, in)->kind == NODE_BATCH_NORM && is_absorbed(builder, in);
    *norm = through ? in : -1;
    *value = through ? builder_in(builder, in, 0) : in;
}

static Group group_of(const Builder *builder, ValueId value) {
    const Node *node = net_node(builder->net, value);
    Group group = {.a = -1, .b = -1, .a_norm = -1, .b_norm = -1, .slope = 1.0F};
    ValueId inner = value;
    if (node->kind == NODE_RELU) {
        group.slope = node->slope;
        const ValueId in = builder_in(builder, value, 0);
        if (!is_absorbed(builder, in)) {
            group.a = in;
            return group;
        }
        inner = in;
    }
    if (net_node(builder->net, inner)->kind == NODE_BATCH_NORM) {
        group.a_norm = inner;
        group.a = builder_in(builder, inner, 0);
        return group;
    }
    group_set(builder, builder_in(builder, inner, 0), &group.a, &group.a_norm);
    group_set(builder, builder_in(builder, inner, 1), &group.b, &group.b_norm);
    return group;
}

/* One batch norm and an activation, of one operand: can be made again from that operand in passing. */
bool group_is_simple(const Group *group) { return group->a_norm >= 0 && group->b < 0; }

static ConvShape conv_shape(const Builder *builder, ValueId value) {
    const Node *node = net_node(builder->net, value), *in = net_node(builder->net, node->in[0]);
    return (ConvShape){.batch = builder->plan->settings.batch,
                       .in_channels = in->channels,
                       .in_height = in->height,
                       .in_width = in->width,
                       .out_channels = node->channels,
                       .out_height = node->height,
                       .out_width = node->width,
                       .kernel = node->kernel,
                       .stride = node->stride,
                       .padding = node->padding};
}

/* What the library would choose for this convolution. */
static Status conv_probe(Builder *builder, ValueId value, Layout *in, Layout *out) {
    const ConvShape shape = conv_shape(builder, value);
    const ConvOptions options = {.pass = CONV_FORWARD, .threads = builder->plan->threads};
    DnnlConv *conv;
    TRY(shim_conv_open(builder->ctx, builder->plan->shim, &conv, &shape, &options));
    *in = shim_conv_in_layout(conv);
    *out = shim_conv_out_layout(conv);
    shim_conv_close(builder->ctx, &conv);
    return SPICA_OK;
}

/* The house layout: the one that most convolutions choose for their output. The input's: what its convolution wants. */
static Status choose_layouts(Builder *builder, Layout *input) {
    int votes[LAYOUT_BLOCK16 + 1] = {0};
    *input = LAYOUT_ANY;
    for (ValueId v = 0; v < builder->net->count; v++) {
        if (net_node(builder->net, v)->kind != NODE_CONV || !builder->values[v].needed) continue;
        Layout in, out;
        TRY(conv_probe(builder, v, &in, &out));
        votes[out]++;
        if (builder_in(builder, v, 0) == net_input(builder->net)) *input = in;
    }
    builder->house = LAYOUT_NHWC;
    int most = 0;
    for (Layout layout = LAYOUT_BLOCK16; layout >= LAYOUT_NHWC; layout--)
        if (layout != LAYOUT_NCHW && votes[layout] > most) {
            most = votes[layout];
            builder->house = layout;
        }
    if (*input == LAYOUT_ANY || builder->values[net_input(builder->net)].readers != 1) *input = builder->house;
    return SPICA_OK;
}

static Status describe_values(Builder *builder) {
    Layout input;
    TRY(mark_outputs(builder));
    TRY(choose_layouts(builder, &input));
    for (ValueId v = 0; v < builder->net->count; v++) {
        const Node *node = net_node(builder->net, v);
        Value *value = &builder->values[v];
        value->layout = node->kind == NODE_INPUT ? input : builder->house;
        if (node->matrix) value->layout = LAYOUT_NHWC;
        value->grid = layout_grid(value->layout, node->channels, node->height, node->width);
        value->buffer = value->recomputed = -1;
        value->gradient = node->weight >= 0;
        for (int k = 0; k < 2; k++)
            if (builder_in(builder, v, k) >= 0) value->gradient |= builder->values[builder_in(builder, v, k)].gradient;
        if (node->kind == NODE_RELU || node->kind == NODE_ADD || node->kind == NODE_BATCH_NORM)
            value->group = group_of(builder, v);
    }
    return SPICA_OK;
}

/* --- batch norms and convolutions -------------------------------------------------------------------------------- */

static Status norm_prepare(Builder *builder, ValueId value) {
    Plan *plan = builder->plan;
    const Grid grid = builder->values[builder_in(builder, value, 0)].grid;
    Norm *norm = &plan->norms[plan->norm_count];
    *norm = (Norm){
        .node = value, .grid = grid, .chunk = chunk_for(builder, grid.rows), .partial = -1, .backward_partial = -1};
    if (plan->settings.kind != PLAN_INFER && plan->group_pictures * grid.rows < 2)
        return context_fail(builder->ctx, SPICA_ERROR_INTERNAL, "batch norm over one value per channel: %s",
                            builder->net->params.table[net_node(builder->net, value)->weight].name);
    const size_t groups = plan->settings.batch / plan->group_pictures;
    TRY(buffer_add(builder, NORM_ROWS * groups * grid_channels(&grid), 0, &norm->coefficients));
    buffer_pin(builder, norm->coefficients);
    if (plan->settings.kind != PLAN_INFER)
        TRY(buffer_add(builder, 2 * grid_channels(&grid), norm->chunk, &norm->partial));
    if (plan->settings.kind == PLAN_TRAIN)
        TRY(buffer_add(builder, 2 * grid_channels(&grid), norm->chunk, &norm->backward_partial));
    builder->norm_of[value] = plan->norm_count++;
    return SPICA_OK;
}

static void conv_prepare(Builder *builder, ValueId value) {
    Plan *plan = builder->plan;
    const Value *in = &builder->values[builder_in(builder, value, 0)];
    plan->convs[plan->conv_count] = (Conv){.node = value,
                                           .shape = conv_shape(builder, value),
                                           .in = in->layout,
                                           .out = builder->values[value].layout,
                                           .folded = -1,
                                           .bias = -1,
                                           .gradient_packed = -1};
    builder->conv_of[value] = plan->conv_count++;
}

/* INFER: whether this batch norm will be folded into the convolution it reads. */
static bool is_foldable(const Builder *builder, ValueId norm) {
    const ValueId in = builder_in(builder, norm, 0);
    return builder->plan->settings.kind == PLAN_INFER && net_node(builder->net, in)->kind == NODE_CONV &&
           builder->values[in].readers == 1 && !builder->values[in].output;
}

static Status prepare_nodes(Builder *builder) {
    for (ValueId v = 0; v < builder->net->count; v++) {
        builder->norm_of[v] = builder->conv_of[v] = -1;
        if (!builder->values[v].needed) continue;
        const NodeKind kind = net_node(builder->net, v)->kind;
        if (kind == NODE_CONV) conv_prepare(builder, v);
        if (kind == NODE_BATCH_NORM && !is_foldable(builder, v)) TRY(norm_prepare(builder, v));
    }
    return SPICA_OK;
}

/* --- forward steps ------------------------------------------------------------------------------------------------ */

static Status emit_statistics(Builder *builder, ValueId norm_node, ValueId in) {
    const int index = builder->norm_of[norm_node];
    const Norm norm = builder->plan->norms[index];
    const BufferId from = builder->values[in].buffer;
    const Step statistics = {.run = step_statistics,
                             .name = "statistics",
                             .node = norm_node,
                             .grid = norm.grid,
                             .chunk = norm.chunk,
                             .uses = USES(from, norm.partial),
                             .as.unary = {.in = from, .out = norm.partial, .extra = -1, .index = index}};
    return step_add(builder, &statistics);
}

static Status emit_norm_finish(Builder *builder, ValueId norm_node) {
    if (norm_node < 0 || builder->plan->settings.kind == PLAN_INFER) return SPICA_OK;
    const int index = builder->norm_of[norm_node];
    const Norm norm = builder->plan->norms[index];
    const Step finish = {.run = step_norm_finish,
                         .name = "norm finish",
                         .whole = true,
                         .node = norm_node,
                         .grid = norm.grid,
                         .chunk = 1,
                         .uses = USES(norm.partial),
                         .as.unary = {.in = norm.partial, .out = -1, .extra = -1, .index = index}};
    return step_add(builder, &finish);
}

/* Outputs are read as plain NHWC: matrices lie so already, others are copied. */
static Status emit_export(Builder *builder, ValueId value) {
    Plan *plan = builder->plan;
    const Value *state = &builder->values[value];
    const Node *node = net_node(builder->net, value);
    BufferId out = state->buffer;
    if (state->layout != LAYOUT_NHWC) {
        TRY(buffer_add(builder, node_pixels(node) * (size_t)node->channels, 1, &out));
        const Step step = {.run = step_export,
                           .name = "export",
                           .node = value,
                           .grid = state->grid,
                           .chunk = 1,
                           .uses = USES(state->buffer, out),
                           .as.unary = {.in = state->buffer, .out = out, .extra = -1}};
        TRY(step_add(builder, &step));
    }
    buffer_pin(builder, out);
    for (int i = 0; i < plan->settings.output_count; i++)
        if (plan->settings.outputs[i] == value) plan->outputs[i] = out;
    return SPICA_OK;
}

static Status emit_conv(Builder *builder, ValueId value);

/* The value stands in its buffer: what can be done while it is warm in the cache. */
static Status value_made(Builder *builder, ValueId value) {
    Value *state = &builder->values[value];
    state->emitted = true;
    builder->order[builder->order_count++] = value;
    if (state->output) TRY(emit_export(builder, value));
    for (ValueId v = value + 1; v < builder->net->count; v++) {
        if (!builder->values[v].needed || builder_in(builder, v, 0) != value) continue;
        if (net_node(builder->net, v)->kind == NODE_BATCH_NORM && builder->plan->settings.kind != PLAN_INFER)
            TRY(emit_statistics(builder, v, value));
    }
    for (ValueId v = value + 1; v < builder->net->count; v++)
        if (builder->values[v].needed && !builder->values[v].emitted && builder_in(builder, v, 0) == value &&
            net_node(builder->net, v)->kind == NODE_CONV)
            TRY(emit_conv(builder, v));
    return SPICA_OK;
}

/* The reader that a value leads to and to nobody else, -1 where there are others. */
static ValueId only_reader(const Builder *builder, ValueId value) {
    const Value *state = &builder->values[value];
    return state->readers == 1 && !state->output ? state->reader : -1;
}

/* INFER: how far a convolution's step reaches: over a batch norm, an addition whose other operand may be overwritten,
 * an activation. */
typedef struct Reach {
    ValueId last;  /* the value that the step makes */
    ValueId other; /* the addition's other operand, -1 */
    float slope;   /* 1: none */
} Reach;

static void reach_addition(const Builder *builder, Reach *reach) {
    const ValueId add = only_reader(builder, reach->last);
    if (add < 0 || net_node(builder->net, add)->kind != NODE_ADD) return;
    const ValueId first = builder_in(builder, add, 0);
    const ValueId other = first == reach->last ? builder_in(builder, add, 1) : first;
    const Value *state = &builder->values[other];
    if (!state->emitted || state->unread != 1 || state->output || net_node(builder->net, other)->kind == NODE_INPUT ||
        state->layout != builder->values[reach->last].layout)
        return;
    reach->other = other;
    reach->last = add;
}

static Reach conv_reach(Builder *builder, ValueId value) {
    Reach reach = {.last = value, .other = -1, .slope = 1.0F};
    if (builder->plan->settings.kind != PLAN_INFER) return reach;
    const ValueId norm = only_reader(builder, value);
    if (norm >= 0 && net_node(builder->net, norm)->kind == NODE_BATCH_NORM) {
        builder->plan->convs[builder->conv_of[value]].folded = norm;
        reach.last = norm;
    }
    reach_addition(builder, &reach);
    const ValueId relu = only_reader(builder, reach.last);
    if (relu >= 0 && net_node(builder->net, relu)->kind == NODE_RELU) {
        reach.slope = net_node(builder->net, relu)->slope;
        reach.last = relu;
    }
    return reach;
}

/* Everything on the way from the convolution to what its step makes is done. */
static void mark_way(Builder *builder, ValueId value, const Reach *reach) {
    for (ValueId v = value; v != reach->last; v = builder->values[v].reader)
        builder->values[v].emitted = true;
    if (reach->other >= 0) builder->values[reach->other].unread--;
}

Status buffer_for_packed(Builder *builder, BufferId *id) {
    TRY(buffer_add(builder, 0, 0, id));
    if (builder->plan->settings.kind == PLAN_INFER) buffer_pin(builder, *id);
    return SPICA_OK;
}

static Status emit_conv(Builder *builder, ValueId value) {
    const int index = builder->conv_of[value];
    const ValueId in = builder_in(builder, value, 0);
    const Reach reach = conv_reach(builder, value);
    Conv *conv = &builder->plan->convs[index];
    BufferId packed, out;
    TRY(buffer_for_packed(builder, &packed));
    if (conv->folded >= 0) {
        TRY(buffer_add(builder, (size_t)conv->shape.out_channels, 0, &conv->bias));
        buffer_pin(builder, conv->bias);
    }
    if (reach.other >= 0)
        out = builder->values[reach.other].buffer;
    else
        TRY(buffer_like(builder, value, &out));
    const Step step = {.run = step_conv,
                       .name = "convolution",
                       .node = value,
                       .grid = builder->values[value].grid,
                       .chunk = 1,
                       .uses = USES(builder->values[in].buffer, out, packed),
                       .as.conv = {.conv = index,
                                   .pass = CONV_FORWARD,
                                   .in = builder->values[in].buffer,
                                   .out = out,
                                   .packed = packed,
                                   .sum = reach.other >= 0,
                                   .activate = reach.slope != 1.0F,
                                   .slope = reach.slope}};
    TRY(step_add(builder, &step));
    builder->values[in].unread--;
    mark_way(builder, value, &reach);
    builder->values[reach.last].buffer = out;
    return value_made(builder, reach.last);
}

Operand group_operand(const Builder *builder, ValueId value, ValueId norm) {
    return (Operand){.buffer = value < 0 ? -1 : builder->values[value].buffer,
                     .norm = norm < 0 ? -1 : builder->norm_of[norm]};
}

static Status emit_group(Builder *builder, ValueId value) {
    Value *state = &builder->values[value];
    const Group *group = &state->group;
    TRY(emit_norm_finish(builder, group->a_norm));
    TRY(emit_norm_finish(builder, group->b_norm));
    TRY(buffer_like(builder, value, &state->buffer));
    const Operand a = group_operand(builder, group->a, group->a_norm);
    const Operand b = group_operand(builder, group->b, group->b_norm);
    const Step step = {.run = step_combine,
                       .name = "combine",
                       .node = value,
                       .grid = state->grid,
                       .chunk = 1,
                       .uses = USES(a.buffer, state->buffer, b.buffer),
                       .as.combine = {.a = a, .b = b, .out = state->buffer, .slope = group->slope}};
    TRY(step_add(builder, &step));
    builder->values[group->a].unread--;
    if (group->b >= 0) builder->values[group->b].unread--;
    return value_made(builder, value);
}

/* Pools, linear layers, dropout: one buffer in, one out. */
static Status emit_unary(Builder *builder, ValueId value, StepRun run, const char *name) {
    Value *state = &builder->values[value];
    const NodeKind kind = net_node(builder->net, value)->kind;
    const ValueId in = builder_in(builder, value, 0);
    BufferId extra = -1;
    TRY(buffer_like(builder, value, &state->buffer));
    if (kind == NODE_MAX_POOL) TRY(buffer_add(builder, (grid_floats(&state->grid) + 3) / 4, 1, &extra));
    const Step step = {.run = run,
                       .name = name,
                       .whole = kind == NODE_LINEAR,
                       .node = value,
                       .grid = kind == NODE_AVG_POOL ? builder->values[in].grid : state->grid,
                       .chunk = 1,
                       .uses = USES(builder->values[in].buffer, state->buffer, extra),
                       .as.unary = {.in = builder->values[in].buffer, .out = state->buffer, .extra = extra}};
    TRY(step_add(builder, &step));
    builder->values[in].unread--;
    return value_made(builder, value);
}

static Status emit_import(Builder *builder, ValueId value) {
    Value *state = &builder->values[value];
    TRY(buffer_like(builder, value, &state->buffer));
    const Step step = {.run = step_import,
                       .name = "import",
                       .node = value,
                       .grid = state->grid,
                       .chunk = 1,
                       .uses = USES(state->buffer),
                       .as.unary = {.in = -1, .out = state->buffer, .extra = -1}};
    TRY(step_add(builder, &step));
    return value_made(builder, value);
}

static Status emit_value(Builder *builder, ValueId value) {
    switch (net_node(builder->net, value)->kind) {
    case NODE_INPUT: return emit_import(builder, value);
    case NODE_CONV: return emit_conv(builder, value);
    case NODE_BATCH_NORM:
    case NODE_RELU:
    case NODE_ADD: return is_absorbed(builder, value) ? SPICA_OK : emit_group(builder, value);
    case NODE_MAX_POOL: return emit_unary(builder, value, step_max_pool, "max pool");
    case NODE_AVG_POOL: return emit_unary(builder, value, step_avg_pool, "average pool");
    case NODE_LINEAR: return emit_unary(builder, value, step_linear, "linear");
    case NODE_DROPOUT: return emit_unary(builder, value, step_dropout, "dropout");
    }
    return context_fail(builder->ctx, SPICA_ERROR_INTERNAL, "unknown node of value %d", value);
}

static Status emit_forward(Builder *builder) {
    for (ValueId v = 0; v < builder->net->count; v++)
        if (builder->values[v].needed && !builder->values[v].emitted) TRY(emit_value(builder, v));
    builder->plan->forward_count = builder->plan->step_count;
    return SPICA_OK;
}

static Status builder_open(Builder *builder) {
    const size_t count = (size_t)builder->net->count;
    TRY(NEW_ZEROED(builder->ctx, &builder->values, count));
    TRY(NEW_ZEROED(builder->ctx, &builder->norm_of, count));
    TRY(NEW_ZEROED(builder->ctx, &builder->conv_of, count));
    TRY(NEW_ZEROED(builder->ctx, &builder->order, count));
    TRY(NEW_ZEROED(builder->ctx, &builder->unpacks, count));
    TRY(NEW_ZEROED(builder->ctx, &builder->plan->norms, count));
    return NEW_ZEROED(builder->ctx, &builder->plan->convs, count);
}

static void builder_close(Builder *builder) {
    FREE_ARRAY(builder->ctx, &builder->values);
    FREE_ARRAY(builder->ctx, &builder->norm_of);
    FREE_ARRAY(builder->ctx, &builder->conv_of);
    FREE_ARRAY(builder->ctx, &builder->order);
    FREE_ARRAY(builder->ctx, &builder->unpacks);
}

Status plan_build(Context *ctx, Plan *plan) {
    Builder builder = {.ctx = ctx, .plan = plan, .net = plan->net};
    Status status;
    TRY_GOTO(status, end, builder_open(&builder));
    TRY_GOTO(status, end, describe_values(&builder));
    TRY_GOTO(status, end, prepare_nodes(&builder));
    TRY_GOTO(status, end, emit_forward(&builder));
    if (plan->settings.kind == PLAN_TRAIN) TRY_GOTO(status, end, build_backward(&builder));
    TRY_GOTO(status, end, buffer_add(&builder, 0, 0, &plan->scratch));
    TRY_GOTO(status, end, buffer_add(&builder, 0, 0, &plan->folded_weights));
    buffer_pin(&builder, plan->scratch);
    buffer_pin(&builder, plan->folded_weights);
end:
    builder_close(&builder);
    return status;
}
