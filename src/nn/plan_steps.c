#include "nn/plan_steps.h"

#include <string.h>

#include <cblas.h>

Grid layout_grid(Layout layout, int channels, int height, int width) {
    const size_t count = (size_t)channels, rows = (size_t)height * (size_t)width;
    switch (layout) {
    case LAYOUT_BLOCK16: return (Grid){.blocks = (count + 15) / 16, .rows = rows, .lanes = 16};
    case LAYOUT_BLOCK8: return (Grid){.blocks = (count + 7) / 8, .rows = rows, .lanes = 8};
    case LAYOUT_NCHW: return (Grid){.blocks = count, .rows = rows, .lanes = 1};
    case LAYOUT_NHWC:
    case LAYOUT_ANY: break;
    }
    return (Grid){.blocks = 1, .rows = rows, .lanes = count};
}

static size_t plan_groups(const Plan *plan) { return plan->settings.batch / plan->group_pictures; }

float *norm_row(const Plan *plan, const Norm *norm, NormRow row) {
    return plan->buffers[norm->coefficients].base + (size_t)row * plan_groups(plan) * grid_channels(&norm->grid);
}

void norm_task(const Plan *plan, const Norm *norm, NormTask *task) {
    const Node *node = net_node(plan->net, norm->node);
    *task = (NormTask){.channels = (size_t)node->channels,
                       .padded = grid_channels(&norm->grid),
                       .groups = plan_groups(plan),
                       .chunks = plan->settings.batch / norm->chunk,
                       .chunk_values = (double)(norm->chunk * norm->grid.rows),
                       .gamma = net_values(plan->net, node->weight),
                       .beta = net_values(plan->net, node->bias),
                       .mean = norm_row(plan, norm, NORM_MEAN),
                       .inverse = norm_row(plan, norm, NORM_INVERSE),
                       .scale = norm_row(plan, norm, NORM_SCALE),
                       .shift = norm_row(plan, norm, NORM_SHIFT),
                       .coefficient = norm_row(plan, norm, NORM_COEFFICIENT),
                       .constant = norm_row(plan, norm, NORM_CONSTANT),
                       .momentum = (double)node->momentum};
}

static Range slice_range(const Plan *plan, const Step *step, const Slice *slice) {
    return (Range){.first = slice->first,
                   .pictures = slice->count,
                   .group_pictures = plan->group_pictures,
                   .chunk_pictures = step->chunk};
}

Status step_import(Context *ctx, Plan *plan, const Step *step, const Slice *slice) {
    (void)ctx;
    const size_t channels = (size_t)net_node(plan->net, step->node)->channels;
    kernel_from_nhwc(buffer_at(plan, step->as.unary.out, slice),
                     plan->input + slice->first * step->grid.rows * channels, &step->grid, channels, slice->count,
                     slice->threads);
    return SPICA_OK;
}

Status step_export(Context *ctx, Plan *plan, const Step *step, const Slice *slice) {
    (void)ctx;
    kernel_to_nhwc(buffer_at(plan, step->as.unary.out, slice), buffer_at(plan, step->as.unary.in, slice), &step->grid,
                   (size_t)net_node(plan->net, step->node)->channels, slice->count, slice->threads);
    return SPICA_OK;
}

Status step_import_gradient(Context *ctx, Plan *plan, const Step *step, const Slice *slice) {
    (void)ctx;
    const float *gradient = plan->d_outputs[step->as.unary.index];
    const size_t channels = (size_t)net_node(plan->net, step->node)->channels;
    float *out = buffer_at(plan, step->as.unary.out, slice);
    if (gradient == NULL)
        memset(out, 0, slice->count * grid_floats(&step->grid) * sizeof(float));
    else
        kernel_from_nhwc(out, gradient + slice->first * step->grid.rows * channels, &step->grid, channels, slice->count,
                         slice->threads);
    return SPICA_OK;
}

/* Which group of neighbouring slices, as even as they come, this one is in. */
static size_t group_of(size_t slice, size_t slices, size_t groups) { return slice * groups / slices; }

/* Whether this slice is the first of its group: it writes the group's part of the gradient; the others write behind
 * all parts, one place for each worker, and are added. */
static bool opens_group(size_t slice, size_t slices, size_t groups) {
    return slice == 0 || group_of(slice - 1, slices, groups) != group_of(slice, slices, groups);
}

static float *step_weights(const Plan *plan, const Step *step, const Slice *slice) {
    const Conv *conv = &plan->convs[step->as.conv.conv];
    if (step->as.conv.pass != CONV_BACKWARD_WEIGHTS) return buffer_at(plan, step->as.conv.packed, slice);
    const size_t slices = plan->settings.batch / slice->count, groups = conv->gradient_parts;
    const size_t part = opens_group(slice->index, slices, groups) ? group_of(slice->index, slices, groups)
                                                                  : groups + (size_t)slice->worker;
    return plan->buffers[conv->gradient_packed].base + part * conv_kernel_weight_floats(conv->weights);
}

ConvBuffers conv_buffers(const Plan *plan, const Step *step, const Slice *slice) {
    const Conv *conv = &plan->convs[step->as.conv.conv];
    const Buffer *scratch = &plan->buffers[plan->scratch];
    return (ConvBuffers){.in = buffer_at(plan, step->as.conv.in, slice),
                         .weights = step_weights(plan, step, slice),
                         .bias = conv->bias >= 0 ? plan->buffers[conv->bias].base : NULL,
                         .out = buffer_at(plan, step->as.conv.out, slice),
                         .scratch = scratch->base + (size_t)slice->worker * (scratch->unit / (size_t)plan->threads),
                         .worker = slice->worker};
}

Status step_conv(Context *ctx, Plan *plan, const Step *step, const Slice *slice) {
    const ConvKernel *primitive = *conv_step_kernel(plan->convs, step);
    const ConvBuffers buffers = conv_buffers(plan, step, slice);
    if (packs_in_steps(plan, slice->count)) TRY(plan_pack_step(ctx, plan, step, slice->worker));
    return conv_kernel_run(primitive, slice->index, &buffers) ? SPICA_OK : SPICA_ERROR_INTERNAL;
}

Status step_weight_gradient(Context *ctx, Plan *plan, const Step *step, const Slice *slice) {
    (void)ctx;
    const Conv *conv = &plan->convs[step->as.conv.conv];
    const ConvBuffers buffers = conv_buffers(plan, step, slice);
    if (!conv_kernel_run(conv->weights, slice->index, &buffers)) return SPICA_ERROR_INTERNAL;
    const size_t slices = plan->settings.batch / slice->count, groups = conv->gradient_parts;
    if (opens_group(slice->index, slices, groups)) return SPICA_OK;
    const size_t floats = conv_kernel_weight_floats(conv->weights);
    float *sum = plan->buffers[conv->gradient_packed].base + group_of(slice->index, slices, groups) * floats;
    kernel_accumulate(sum, buffers.weights, floats, 1, slice->threads);
    return SPICA_OK;
}

Status step_unpack(Context *ctx, Plan *plan, const Step *step, const Slice *slice) {
    const Conv *conv = &plan->convs[step->as.unary.index];
    float *gradient = plan->buffers[conv->gradient_packed].base;
    const size_t floats = conv_kernel_weight_floats(conv->weights);
    kernel_accumulate(gradient, gradient + floats, floats, conv->gradient_parts - 1, slice->threads);
    return conv_kernel_unpack(ctx, conv->weights, gradient,
                              net_gradients(plan->net, net_node(plan->net, conv->node)->weight));
}

/* Scale and shift of an operand, NULL where it goes through no batch norm. */
static void operand_norm(const Plan *plan, const Operand *operand, const float **scale, const float **shift,
                         const float **mean) {
    *scale = *shift = *mean = NULL;
    if (operand->norm < 0) return;
    const Norm *norm = &plan->norms[operand->norm];
    *scale = norm_row(plan, norm, NORM_SCALE);
    *shift = norm_row(plan, norm, NORM_SHIFT);
    *mean = norm_row(plan, norm, NORM_MEAN);
}

Status step_combine(Context *ctx, Plan *plan, const Step *step, const Slice *slice) {
    (void)ctx;
    const CombineStep *combine = &step->as.combine;
    const float *mean;
    CombineTask task = {.grid = step->grid,
                        .range = slice_range(plan, step, slice),
                        .a = buffer_at(plan, combine->a.buffer, slice),
                        .b = buffer_or_null(plan, combine->b.buffer, slice),
                        .slope = combine->slope,
                        .out = buffer_at(plan, combine->out, slice)};
    operand_norm(plan, &combine->a, &task.a_scale, &task.a_shift, &mean);
    operand_norm(plan, &combine->b, &task.b_scale, &task.b_shift, &mean);
    kernel_combine(&task, slice->threads);
    return SPICA_OK;
}

Status step_statistics(Context *ctx, Plan *plan, const Step *step, const Slice *slice) {
    (void)ctx;
    const StatisticsTask task = {.grid = step->grid,
                                 .range = slice_range(plan, step, slice),
                                 .in = buffer_at(plan, step->as.unary.in, slice),
                                 .partial = buffer_at(plan, step->as.unary.out, slice)};
    kernel_statistics(&task, slice->threads);
    return SPICA_OK;
}

Status step_norm_finish(Context *ctx, Plan *plan, const Step *step, const Slice *slice) {
    (void)ctx;
    const Norm *norm = &plan->norms[step->as.unary.index];
    const Node *node = net_node(plan->net, norm->node);
    NormTask task;
    norm_task(plan, norm, &task);
    task.partial = buffer_at(plan, norm->partial, slice);
    if (plan->settings.update_running) {
        task.running_mean = net_buffers(plan->net, node->running);
        task.running_variance = net_buffers(plan->net, node->running + 1);
        *net_buffers(plan->net, node->running + 2) += (float)task.groups;
    }
    kernel_norm_finish(&task);
    return SPICA_OK;
}

Status step_combine_backward(Context *ctx, Plan *plan, const Step *step, const Slice *slice) {
    (void)ctx;
    const CombineBackwardStep *back = &step->as.combine_backward;
    const float *scale, *shift;
    CombineBackwardTask task = {.grid = step->grid,
                                .range = slice_range(plan, step, slice),
                                .g1 = buffer_at(plan, back->g1, slice),
                                .g2 = buffer_or_null(plan, back->g2, slice),
                                .out = buffer_or_null(plan, back->out, slice),
                                .a = buffer_or_null(plan, back->a.buffer, slice),
                                .b = buffer_or_null(plan, back->b.buffer, slice),
                                .slope = back->slope,
                                .masked = buffer_or_null(plan, back->masked, slice)};
    operand_norm(plan, &back->b, &scale, &shift, &task.b_mean);
    operand_norm(plan, &back->a, &task.a_scale, &task.a_shift, &task.a_mean);
    if (back->a.norm >= 0) task.a_partial = buffer_at(plan, plan->norms[back->a.norm].backward_partial, slice);
    if (back->b.norm >= 0) task.b_partial = buffer_at(plan, plan->norms[back->b.norm].backward_partial, slice);
    kernel_combine_backward(&task, slice->threads);
    return SPICA_OK;
}

Status step_norm_backward_finish(Context *ctx, Plan *plan, const Step *step, const Slice *slice) {
    (void)ctx;
    const Norm *norm = &plan->norms[step->as.unary.index];
    const Node *node = net_node(plan->net, norm->node);
    NormTask task;
    norm_task(plan, norm, &task);
    task.partial = buffer_at(plan, norm->backward_partial, slice);
    task.d_gamma = net_gradients(plan->net, node->weight);
    task.d_beta = net_gradients(plan->net, node->bias);
    kernel_norm_backward_finish(&task);
    return SPICA_OK;
}

Status step_norm_gradient(Context *ctx, Plan *plan, const Step *step, const Slice *slice) {
    (void)ctx;
    const NormGradientStep *gradient = &step->as.norm_gradient;
    const Norm *norm = &plan->norms[gradient->norm];
    const NormGradientTask task = {.grid = step->grid,
                                   .range = slice_range(plan, step, slice),
                                   .g = buffer_at(plan, gradient->g, slice),
                                   .x = buffer_at(plan, gradient->x, slice),
                                   .addend = buffer_or_null(plan, gradient->addend, slice),
                                   .scale = norm_row(plan, norm, NORM_SCALE),
                                   .shift = norm_row(plan, norm, NORM_SHIFT),
                                   .mean = norm_row(plan, norm, NORM_MEAN),
                                   .coefficient = norm_row(plan, norm, NORM_COEFFICIENT),
                                   .constant = norm_row(plan, norm, NORM_CONSTANT),
                                   .mask = gradient->mask,
                                   .slope = gradient->slope,
                                   .out = buffer_at(plan, gradient->out, slice)};
    kernel_norm_gradient(&task, slice->threads);
    return SPICA_OK;
}

/* step->grid: of the pool's output; `in` and `out` as the kernel names them, in either direction. */
static PoolTask pool_task(const Plan *plan, const Step *step, const Slice *slice, BufferId in, BufferId out) {
    const Node *node = net_node(plan->net, step->node), *source = net_node(plan->net, node->in[0]);
    return (PoolTask){.blocks = step->grid.blocks,
                      .lanes = step->grid.lanes,
                      .pictures = slice->count,
                      .in_height = (size_t)source->height,
                      .in_width = (size_t)source->width,
                      .out_height = (size_t)node->height,
                      .out_width = (size_t)node->width,
                      .kernel = (size_t)node->kernel,
                      .stride = (size_t)node->stride,
                      .padding = (size_t)node->padding,
                      .in = buffer_at(plan, in, slice),
                      .out = buffer_at(plan, out, slice),
                      .places = (uint8_t *)buffer_at(plan, step->as.unary.extra, slice)};
}

Status step_max_pool(Context *ctx, Plan *plan, const Step *step, const Slice *slice) {
    (void)ctx;
    const PoolTask task = pool_task(plan, step, slice, step->as.unary.in, step->as.unary.out);
    kernel_max_pool(&task, slice->threads);
    return SPICA_OK;
}

Status step_max_pool_backward(Context *ctx, Plan *plan, const Step *step, const Slice *slice) {
    (void)ctx;
    const PoolTask task = pool_task(plan, step, slice, step->as.unary.out, step->as.unary.in);
    kernel_max_pool_backward(&task, slice->threads);
    return SPICA_OK;
}

Status step_avg_pool(Context *ctx, Plan *plan, const Step *step, const Slice *slice) {
    (void)ctx;
    kernel_avg_pool(buffer_at(plan, step->as.unary.out, slice), buffer_at(plan, step->as.unary.in, slice), &step->grid,
                    (size_t)net_node(plan->net, step->node)->channels, slice->count, slice->threads);
    return SPICA_OK;
}

Status step_avg_pool_backward(Context *ctx, Plan *plan, const Step *step, const Slice *slice) {
    (void)ctx;
    kernel_avg_pool_backward(buffer_at(plan, step->as.unary.out, slice), buffer_at(plan, step->as.unary.in, slice),
                             &step->grid, (size_t)net_node(plan->net, step->node)->channels, slice->count,
                             slice->threads);
    return SPICA_OK;
}

/* out[batch x features] = in[batch x inputs] weight[features x inputs]^T + bias */
Status step_linear(Context *ctx, Plan *plan, const Step *step, const Slice *slice) {
    (void)ctx;
    const Node *node = net_node(plan->net, step->node);
    const blasint features = node->channels, inputs = net_node(plan->net, node->in[0])->channels;
    float *out = buffer_at(plan, step->as.unary.out, slice);
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (blasint)slice->count, features, inputs, 1.0F,
                buffer_at(plan, step->as.unary.in, slice), inputs, net_values(plan->net, node->weight), inputs, 0.0F,
                out, features);
    kernel_add_bias(out, net_values(plan->net, node->bias), slice->count, (size_t)features);
    return SPICA_OK;
}

/* d_weight = d_out^T in, d_bias = sum of d_out's rows, d_in = d_out weight */
Status step_linear_backward(Context *ctx, Plan *plan, const Step *step, const Slice *slice) {
    (void)ctx;
    const Node *node = net_node(plan->net, step->node);
    const blasint features = node->channels, inputs = net_node(plan->net, node->in[0])->channels;
    const float *d_out = buffer_at(plan, step->as.unary.in, slice);
    cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, features, inputs, (blasint)slice->count, 1.0F, d_out, features,
                buffer_at(plan, step->as.unary.extra, slice), inputs, 0.0F, net_gradients(plan->net, node->weight),
                inputs);
    kernel_bias_gradient(net_gradients(plan->net, node->bias), d_out, slice->count, (size_t)features);
    if (step->as.unary.out >= 0)
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (blasint)slice->count, inputs, features, 1.0F, d_out,
                    features, net_values(plan->net, node->weight), inputs, 0.0F,
                    buffer_at(plan, step->as.unary.out, slice), inputs);
    return SPICA_OK;
}

Status step_dropout(Context *ctx, Plan *plan, const Step *step, const Slice *slice) {
    (void)ctx;
    const Node *node = net_node(plan->net, step->node);
    const DropoutTask task = {.grid = step->grid,
                              .range = slice_range(plan, step, slice),
                              .channels = (size_t)node->channels,
                              .in = buffer_at(plan, step->as.unary.in, slice),
                              .out = buffer_at(plan, step->as.unary.out, slice),
                              .probability = node->probability,
                              .seed = plan->settings.seed,
                              .step = plan->calls,
                              .node = (uint32_t)step->node};
    kernel_dropout(&task, slice->threads);
    return SPICA_OK;
}
