/* Compiles the backward direction: the forward's values in reverse order, each turning the contributions to its
 * gradient into contributions to its inputs' and into parameter gradients.
 *
 * Batch norm's backward has two halves. The first, together with addition and activation, makes the sums over the batch
 * (combine backward); the second, the input's gradient, is made only where a convolution wants it, so that it is still
 * in the cache there. What is element-wise made of convolutions' outputs is made of them again instead of being kept
 * (is_made_again). */
#include "nn/plan_builder.h"

static Status contribute(Builder *builder, ValueId value, const Contribution *contribution);
static Status convolve_again(Builder *builder, ValueId value);
static Status value_again(Builder *builder, ValueId value, BufferId *buffer);

static Status emit_norm_gradient(Builder *builder, ValueId value, const Contribution *lazy, BufferId addend,
                                 BufferId *out) {
    const Value *state = &builder->values[value];
    const int norm = lazy->norm;
    TRY(buffer_like(builder, value, out));
    const Step step = {.run = step_norm_gradient,
                       .name = "norm gradient",
                       .node = value,
                       .grid = state->grid,
                       .chunk = 1,
                       .uses = USES(lazy->buffer, state->buffer, *out, addend),
                       .as.norm_gradient = {.norm = norm,
                                            .g = lazy->buffer,
                                            .x = state->buffer,
                                            .addend = addend,
                                            .out = *out,
                                            .mask = lazy->mask,
                                            .slope = lazy->slope}};
    return step_add(builder, &step);
}

/* *out = a + b, in a new buffer. */
static Status emit_sum(Builder *builder, ValueId value, BufferId a, BufferId b, BufferId *out) {
    TRY(buffer_like(builder, value, out));
    const Step step = {
        .run = step_combine,
        .name = "gradient sum",
        .node = value,
        .grid = builder->values[value].grid,
        .chunk = 1,
        .uses = USES(a, b, *out),
        .as.combine = {.a = {.buffer = a, .norm = -1}, .b = {.buffer = b, .norm = -1}, .out = *out, .slope = 1.0F}};
    return step_add(builder, &step);
}

/* Reduces the value's contributions to at most `most` plain buffers, the oldest first. */
static Status gradient_collect(Builder *builder, ValueId value, int most) {
    Value *state = &builder->values[value];
    Contribution plain[CONTRIBUTIONS];
    int count = 0;
    for (int i = 0; i < state->contribution_count; i++)
        if (state->contributions[i].norm < 0) plain[count++] = state->contributions[i];
    for (int i = 0; i < state->contribution_count; i++) {
        const Contribution *lazy = &state->contributions[i];
        if (lazy->norm < 0) continue;
        const BufferId addend = count > 0 ? plain[--count].buffer : -1;
        BufferId out;
        TRY(emit_norm_gradient(builder, value, lazy, addend, &out));
        plain[count++] = (Contribution){.buffer = out, .norm = -1};
    }
    while (count > most) {
        BufferId out;
        TRY(emit_sum(builder, value, plain[count - 2].buffer, plain[count - 1].buffer, &out));
        plain[count - 2] = (Contribution){.buffer = out, .norm = -1};
        count--;
    }
    for (int i = 0; i < count; i++)
        state->contributions[i] = plain[i];
    state->contribution_count = count;
    return SPICA_OK;
}

static Status contribute(Builder *builder, ValueId value, const Contribution *contribution) {
    Value *state = &builder->values[value];
    if (!state->gradient) return SPICA_OK;
    if (state->contribution_count == CONTRIBUTIONS) TRY(gradient_collect(builder, value, 1));
    state->contributions[state->contribution_count++] = *contribution;
    return SPICA_OK;
}

static Status contribute_buffer(Builder *builder, ValueId value, BufferId buffer, bool shared) {
    const Contribution contribution = {.buffer = buffer, .norm = -1, .slope = 1.0F, .shared = shared};
    return contribute(builder, value, &contribution);
}

/* The one buffer of the value's gradient; -1 when nothing contributes. */
static Status gradient_buffer(Builder *builder, ValueId value, BufferId *buffer) {
    *buffer = -1;
    TRY(gradient_collect(builder, value, 1));
    if (builder->values[value].contribution_count == 1) *buffer = builder->values[value].contributions[0].buffer;
    return SPICA_OK;
}

/* The weight gradients wait for the next step that needs the whole batch anyway. */
static Status flush_unpacks(Builder *builder) {
    for (int i = 0; i < builder->unpack_count; i++) {
        const int index = builder->unpacks[i];
        const Conv conv = builder->plan->convs[index];
        const Step step = {.run = step_unpack,
                           .name = "weight gradient unpack",
                           .whole = true,
                           .node = conv.node,
                           .chunk = 1,
                           .uses = USES(conv.gradient_packed),
                           .as.unary = {.in = conv.gradient_packed, .out = -1, .extra = -1, .index = index}};
        TRY(step_add(builder, &step));
    }
    builder->unpack_count = 0;
    return SPICA_OK;
}

static Status emit_norm_backward_finish(Builder *builder, int index) {
    if (index < 0) return SPICA_OK;
    TRY(flush_unpacks(builder));
    const Norm norm = builder->plan->norms[index];
    const Step step = {.run = step_norm_backward_finish,
                       .name = "norm backward finish",
                       .whole = true,
                       .node = norm.node,
                       .grid = norm.grid,
                       .chunk = 1,
                       .uses = USES(norm.backward_partial),
                       .as.unary = {.in = norm.backward_partial, .out = -1, .extra = -1, .index = index}};
    return step_add(builder, &step);
}

/* --- element-wise groups --------------------------------------------------------------------------------------- */

/* The buffer for the masked gradient: one of the contributions that nobody else reads, else a new one; -1 where the
 * gradient may stay as it is. */
static Status masked_buffer(Builder *builder, ValueId value, BufferId *masked) {
    const Value *state = &builder->values[value];
    const Group *group = &state->group;
    const bool two = state->contribution_count == 2;
    *masked = -1;
    if (!two && (group->slope == 1.0F || group_is_simple(group))) return SPICA_OK;
    for (int i = 0; i < state->contribution_count && *masked < 0; i++)
        if (!state->contributions[i].shared) *masked = state->contributions[i].buffer;
    return *masked >= 0 ? SPICA_OK : buffer_like(builder, value, masked);
}

static Status emit_combine_backward(Builder *builder, ValueId value, BufferId masked) {
    const Value *state = &builder->values[value];
    const Group *group = &state->group;
    const Plan *plan = builder->plan;
    const Operand a = group_operand(builder, group->a, group->a_norm);
    const Operand b = group_operand(builder, group->b, group->b_norm);
    const BufferId g1 = state->contributions[0].buffer;
    const BufferId g2 = state->contribution_count == 2 ? state->contributions[1].buffer : -1;
    const BufferId made = state->recomputed >= 0 ? state->recomputed : state->buffer;
    const BufferId out = group->slope != 1.0F && !group_is_simple(group) ? made : -1;
    Step step = {.run = step_combine_backward,
                 .name = "combine backward",
                 .node = value,
                 .grid = state->grid,
                 .chunk = chunk_for(builder, state->grid.rows),
                 .as.combine_backward = {
                     .a = a, .b = b, .g1 = g1, .g2 = g2, .out = out, .masked = masked, .slope = group->slope}};
    const BufferId uses[] = {g1,
                             g2,
                             out,
                             masked,
                             a.norm >= 0 ? a.buffer : -1,
                             b.norm >= 0 ? b.buffer : -1,
                             a.norm >= 0 ? plan->norms[a.norm].backward_partial : -1,
                             b.norm >= 0 ? plan->norms[b.norm].backward_partial : -1};
    int count = 0;
    for (size_t i = 0; i < sizeof uses / sizeof *uses; i++)
        if (uses[i] >= 0) step.uses[count++] = uses[i];
    if (count < STEP_BUFFERS) step.uses[count] = -1;
    return step_add(builder, &step);
}

static Status contribute_operand(Builder *builder, ValueId value, ValueId norm, const Contribution *contribution) {
    if (value < 0) return SPICA_OK;
    Contribution part = *contribution;
    part.norm = norm < 0 ? -1 : builder->norm_of[norm];
    return contribute(builder, value, &part);
}

static Status backward_group(Builder *builder, ValueId value) {
    Value *state = &builder->values[value];
    const Group *group = &state->group;
    const bool plain = group->a_norm < 0 && group->b_norm < 0 && group->slope == 1.0F;
    TRY(gradient_collect(builder, value, plain ? 1 : 2));
    if (state->contribution_count == 0) return SPICA_OK;
    TRY(convolve_again(builder, group->a));
    TRY(convolve_again(builder, group->b));
    BufferId masked = -1;
    if (!plain) {
        TRY(masked_buffer(builder, value, &masked));
        TRY(emit_combine_backward(builder, value, masked));
        TRY(emit_norm_backward_finish(builder, group->a_norm < 0 ? -1 : builder->norm_of[group->a_norm]));
        TRY(emit_norm_backward_finish(builder, group->b_norm < 0 ? -1 : builder->norm_of[group->b_norm]));
    }
    const Contribution first = state->contributions[0];
    const Contribution part = {.buffer = masked >= 0 ? masked : first.buffer,
                               .norm = -1,
                               .mask = masked < 0 && group->slope != 1.0F,
                               .slope = group->slope,
                               .shared = group->b >= 0 || (masked < 0 && first.shared)};
    TRY(contribute_operand(builder, group->a, group->a_norm, &part));
    return contribute_operand(builder, group->b, group->b_norm, &part);
}

/* --- the other nodes ---------------------------------------------------------------------------------------------- */

static Status emit_conv_again(Builder *builder, ValueId value) {
    Value *state = &builder->values[value];
    BufferId input, packed;
    TRY(value_again(builder, builder_in(builder, value, 0), &input));
    state->again = true;
    TRY(buffer_like(builder, value, &state->buffer));
    TRY(buffer_for_packed(builder, &packed));
    const Step step = {.run = step_conv,
                       .name = "convolution again",
                       .node = value,
                       .grid = state->grid,
                       .chunk = 1,
                       .uses = USES(input, state->buffer, packed),
                       .as.conv = {.conv = builder->conv_of[value],
                                   .pass = CONV_FORWARD,
                                   .in = input,
                                   .out = state->buffer,
                                   .packed = packed}};
    return step_add(builder, &step);
}

/* recompute: a convolution's output stands in its buffer again, made from its input, which was kept or is made again in
 * its turn. */
static Status convolve_again(Builder *builder, ValueId value) {
    if (value < 0 || !builder->plan->settings.recompute || builder->values[value].again ||
        net_node(builder->net, value)->kind != NODE_CONV)
        return SPICA_OK;
    const bool outer = builder->again;
    builder->again = true;
    const Status status = emit_conv_again(builder, value);
    builder->again = outer;
    return status;
}

static bool is_element_wise(const Builder *builder, ValueId value) {
    const NodeKind kind = net_node(builder->net, value)->kind;
    return kind == NODE_RELU || kind == NODE_BATCH_NORM || kind == NODE_ADD;
}

static bool is_read_by_norm(const Builder *builder, ValueId value) {
    for (ValueId v = value + 1; v < builder->net->count; v++)
        if (builder->values[v].needed && net_node(builder->net, v)->kind == NODE_BATCH_NORM &&
            builder_in(builder, v, 0) == value)
            return true;
    return false;
}

static bool is_made_again(const Builder *builder, ValueId value);

/* Whether an operand of a group is there in the backward direction whoever wants it: batch norm's backward keeps what
 * the norm reads, and the gradients of weights a pool's output. */
static bool operand_stays(const Builder *builder, ValueId operand, ValueId norm) {
    if (norm >= 0) return true;
    if (is_element_wise(builder, operand)) return is_made_again(builder, operand);
    return net_node(builder->net, operand)->kind != NODE_CONV;
}

/* Whether backward makes the value a second time instead of keeping it. Sums only where the convolutions are not made
 * again themselves: those would be made from the first to the last at once. */
static bool is_made_again(const Builder *builder, ValueId value) {
    const Value *state = &builder->values[value];
    const Group *group = &state->group;
    if (!is_element_wise(builder, value) || state->output || is_read_by_norm(builder, value)) return false;
    if (group_is_simple(group)) return true;
    if (builder->plan->settings.recompute || group->b < 0) return false;
    return operand_stays(builder, group->a, group->a_norm) && operand_stays(builder, group->b, group->b_norm);
}

/* *operand as backward finds it. */
static Status operand_again(Builder *builder, ValueId value, ValueId norm, Operand *operand) {
    *operand = (Operand){.buffer = -1, .norm = -1};
    if (value < 0) return SPICA_OK;
    if (norm < 0) return value_again(builder, value, &operand->buffer);
    TRY(convolve_again(builder, value));
    *operand = group_operand(builder, value, norm);
    return SPICA_OK;
}

static Status emit_combine_again(Builder *builder, ValueId value) {
    Value *state = &builder->values[value];
    const Group *group = &state->group;
    Operand a, b;
    TRY(operand_again(builder, group->a, group->a_norm, &a));
    TRY(operand_again(builder, group->b, group->b_norm, &b));
    TRY(buffer_like(builder, value, &state->recomputed));
    const Step step = {.run = step_combine,
                       .name = "combine again",
                       .node = value,
                       .remade = true,
                       .grid = state->grid,
                       .chunk = 1,
                       .uses = USES(a.buffer, state->recomputed, b.buffer),
                       .as.combine = {.a = a, .b = b, .out = state->recomputed, .slope = group->slope}};
    return step_add(builder, &step);
}

/* *buffer: where a value that a convolution reads stands in the backward direction. */
static Status value_again(Builder *builder, ValueId value, BufferId *buffer) {
    const Value *state = &builder->values[value];
    TRY(convolve_again(builder, value));
    if (state->recomputed < 0 && is_made_again(builder, value)) TRY(emit_combine_again(builder, value));
    *buffer = state->recomputed >= 0 ? state->recomputed : state->buffer;
    return SPICA_OK;
}

static Status emit_weight_gradient(Builder *builder, ValueId value, BufferId in, BufferId gradient) {
    const int index = builder->conv_of[value];
    Conv *conv = &builder->plan->convs[index];
    TRY(buffer_add(builder, 0, 0, &conv->gradient_packed));
    const Step step = {
        .run = step_weight_gradient,
        .name = "weight gradient",
        .node = value,
        .grid = builder->values[value].grid,
        .chunk = 1,
        .uses = USES(in, gradient, conv->gradient_packed),
        .as.conv = {.conv = index, .pass = CONV_BACKWARD_WEIGHTS, .in = in, .out = gradient, .packed = -1}};
    builder->unpacks[builder->unpack_count++] = index;
    return step_add(builder, &step);
}

static Status emit_data_gradient(Builder *builder, ValueId value, ValueId in, BufferId gradient) {
    const int index = builder->conv_of[value];
    BufferId out, packed;
    TRY(buffer_like(builder, in, &out));
    TRY(buffer_for_packed(builder, &packed));
    const Step step = {
        .run = step_conv,
        .name = "data gradient",
        .node = value,
        .grid = builder->values[in].grid,
        .chunk = 1,
        .uses = USES(gradient, out, packed),
        .as.conv = {.conv = index, .pass = CONV_BACKWARD_DATA, .in = out, .out = gradient, .packed = packed}};
    TRY(step_add(builder, &step));
    return contribute_buffer(builder, in, out, false);
}

/* Whether a convolution has more weights than its output has numbers. Then its weights and their gradient, packed,
 * should not live at the same time; else what the gradient of the data writes should be in the cache when the next step
 * reads it. */
static bool weights_outweigh(const Builder *builder, ValueId value) {
    const Net *net = builder->plan->net;
    const Node *node = net_node(net, value);
    return net->params.table[node->weight].count >
           builder->plan->settings.batch * node_pixels(node) * (size_t)node->channels;
}

static Status backward_conv(Builder *builder, ValueId value) {
    const ValueId in = builder_in(builder, value, 0);
    BufferId gradient, input;
    TRY(gradient_buffer(builder, value, &gradient));
    if (gradient < 0) return SPICA_OK;
    TRY(value_again(builder, in, &input));
    const bool data_first = weights_outweigh(builder, value);
    if (!data_first) TRY(emit_weight_gradient(builder, value, input, gradient));
    if (builder->values[in].gradient) TRY(emit_data_gradient(builder, value, in, gradient));
    return data_first ? emit_weight_gradient(builder, value, input, gradient) : SPICA_OK;
}

static Status backward_linear(Builder *builder, ValueId value) {
    const ValueId in = builder_in(builder, value, 0);
    BufferId gradient, out = -1;
    TRY(gradient_buffer(builder, value, &gradient));
    if (gradient < 0) return SPICA_OK;
    if (builder->values[in].gradient) TRY(buffer_like(builder, in, &out));
    TRY(flush_unpacks(builder));
    const BufferId input = builder->values[in].buffer;
    const Step step = {.run = step_linear_backward,
                       .name = "linear backward",
                       .whole = true,
                       .node = value,
                       .grid = builder->values[value].grid,
                       .chunk = 1,
                       .uses = USES(gradient, input, out),
                       .as.unary = {.in = gradient, .out = out, .extra = input}};
    TRY(step_add(builder, &step));
    return out >= 0 ? contribute_buffer(builder, in, out, false) : SPICA_OK;
}

/* The max pool's forward step, whose places the backward reads. */
static BufferId pool_places(const Builder *builder, ValueId value) {
    for (int i = 0; i < builder->plan->forward_count; i++)
        if (builder->plan->steps[i].run == step_max_pool && builder->plan->steps[i].node == value)
            return builder->plan->steps[i].as.unary.extra;
    return -1;
}

static Status backward_unary(Builder *builder, ValueId value, StepRun run, const char *name) {
    const ValueId in = builder_in(builder, value, 0);
    BufferId gradient, out;
    if (!builder->values[in].gradient) return SPICA_OK;
    TRY(gradient_buffer(builder, value, &gradient));
    if (gradient < 0) return SPICA_OK;
    TRY(buffer_like(builder, in, &out));
    const BufferId places = run == step_max_pool_backward ? pool_places(builder, value) : -1;
    const Step step = {.run = run,
                       .name = name,
                       .node = value,
                       .grid = run == step_avg_pool_backward ? builder->values[in].grid : builder->values[value].grid,
                       .chunk = 1,
                       .uses = USES(gradient, out, places),
                       .as.unary = {.in = gradient, .out = out, .extra = places}};
    TRY(step_add(builder, &step));
    return contribute_buffer(builder, in, out, false);
}

static Status backward_value(Builder *builder, ValueId value) {
    switch (net_node(builder->net, value)->kind) {
    case NODE_INPUT: return SPICA_OK;
    case NODE_CONV: return backward_conv(builder, value);
    case NODE_BATCH_NORM:
    case NODE_RELU:
    case NODE_ADD: return backward_group(builder, value);
    case NODE_MAX_POOL: return backward_unary(builder, value, step_max_pool_backward, "max pool backward");
    case NODE_AVG_POOL: return backward_unary(builder, value, step_avg_pool_backward, "average pool backward");
    case NODE_LINEAR: return backward_linear(builder, value);
    case NODE_DROPOUT: return backward_unary(builder, value, step_dropout, "dropout backward");
    }
    return SPICA_OK;
}

static Status import_gradients(Builder *builder) {
    const PlanSettings *settings = &builder->plan->settings;
    for (int i = 0; i < settings->output_count; i++) {
        const ValueId value = settings->outputs[i];
        const Value *state = &builder->values[value];
        if (!state->gradient) continue;
        BufferId out;
        TRY(buffer_like(builder, value, &out));
        const Step step = {.run = step_import_gradient,
                           .name = "import gradient",
                           .node = value,
                           .grid = state->grid,
                           .chunk = 1,
                           .uses = USES(out),
                           .as.unary = {.in = -1, .out = out, .extra = -1, .index = i}};
        TRY(step_add(builder, &step));
        TRY(contribute_buffer(builder, value, out, false));
    }
    return SPICA_OK;
}

/* Parameters that no backward step writes: those of nodes that no output needs. */
static Status list_unreached(Builder *builder) {
    Plan *plan = builder->plan;
    const Net *net = builder->net;
    bool *reached;
    TRY(NEW_ZEROED(builder->ctx, &plan->unreached, net->params.table_count));
    TRY(NEW_ZEROED(builder->ctx, &reached, net->params.table_count));
    for (int i = plan->forward_count; i < plan->step_count; i++) {
        const Step *step = &plan->steps[i];
        if (step->run != step_unpack && step->run != step_linear_backward && step->run != step_norm_backward_finish)
            continue;
        const Node *node = net_node(net, step->node);
        reached[node->weight] = true;
        if (node->bias >= 0) reached[node->bias] = true;
    }
    for (size_t i = 0; i < net->params.table_count; i++)
        if (!reached[i]) plan->unreached[plan->unreached_count++] = (int)i;
    FREE_ARRAY(builder->ctx, &reached);
    return SPICA_OK;
}

Status build_backward(Builder *builder) {
    TRY(import_gradients(builder));
    for (int i = builder->order_count - 1; i >= 0; i--)
        if (builder->values[builder->order[i]].gradient) TRY(backward_value(builder, builder->order[i]));
    TRY(flush_unpacks(builder));
    return list_unreached(builder);
}
