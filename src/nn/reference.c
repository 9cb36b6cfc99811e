#include "nn/reference.h"

#include <math.h>
#include <string.h>

#include "base/random.h"

struct Reference {
    Net *net;
    PlanSettings settings;
    size_t batch, groups;
    uint64_t step;
    bool *needed;
    float **values, **gradients; /* of each node: batch x height x width x channels */
    double **mean, **inverse;    /* batch norms: groups x channels */
};

static size_t value_count(const Reference *reference, ValueId value) {
    const Node *node = net_node(reference->net, value);
    return reference->batch * node_pixels(node) * (size_t)node->channels;
}

static void free_arrays(Context *ctx, float ***arrays, int count) {
    for (int i = 0; *arrays != NULL && i < count; i++)
        FREE_ARRAY(ctx, &(*arrays)[i]);
    FREE_ARRAY(ctx, arrays);
}

static void free_doubles(Context *ctx, double ***arrays, int count) {
    for (int i = 0; *arrays != NULL && i < count; i++)
        FREE_ARRAY(ctx, &(*arrays)[i]);
    FREE_ARRAY(ctx, arrays);
}

void reference_close(Context *ctx, Reference **reference) {
    if (*reference == NULL) return;
    const int count = (*reference)->net->count;
    free_arrays(ctx, &(*reference)->values, count);
    free_arrays(ctx, &(*reference)->gradients, count);
    free_doubles(ctx, &(*reference)->mean, count);
    free_doubles(ctx, &(*reference)->inverse, count);
    FREE_ARRAY(ctx, &(*reference)->needed);
    FREE_ARRAY(ctx, reference);
}

static Status allocate_value(Context *ctx, Reference *reference, ValueId value) {
    TRY(NEW_ZEROED(ctx, &reference->values[value], value_count(reference, value)));
    if (reference->settings.kind == PLAN_TRAIN)
        TRY(NEW_ZEROED(ctx, &reference->gradients[value], value_count(reference, value)));
    if (net_node(reference->net, value)->kind != NODE_BATCH_NORM) return SPICA_OK;
    const Node *node = net_node(reference->net, value);
    const size_t channels = reference->groups * (size_t)node->channels;
    if (reference->settings.kind != PLAN_INFER && reference->batch / reference->groups * node_pixels(node) < 2)
        return context_fail(ctx, SPICA_ERROR_INTERNAL, "batch norm over one value per channel");
    TRY(NEW_ZEROED(ctx, &reference->mean[value], channels));
    return NEW_ZEROED(ctx, &reference->inverse[value], channels);
}

static Status allocate(Context *ctx, Reference *reference) {
    const size_t count = (size_t)reference->net->count;
    TRY(NEW_ZEROED(ctx, &reference->needed, count));
    TRY(NEW_ZEROED(ctx, &reference->values, count));
    TRY(NEW_ZEROED(ctx, &reference->gradients, count));
    TRY(NEW_ZEROED(ctx, &reference->mean, count));
    TRY(NEW_ZEROED(ctx, &reference->inverse, count));
    for (int i = 0; i < reference->settings.output_count; i++)
        reference->needed[reference->settings.outputs[i]] = true;
    for (ValueId v = reference->net->count - 1; v >= 0; v--) {
        const Node *node = net_node(reference->net, v);
        for (int k = 0; reference->needed[v] && k < 2; k++)
            if (node->in[k] >= 0) reference->needed[node->in[k]] = true;
    }
    for (ValueId v = 0; v < reference->net->count; v++)
        if (reference->needed[v]) TRY(allocate_value(ctx, reference, v));
    return SPICA_OK;
}

Status reference_open(Context *ctx, Reference **reference, Net *net, const PlanSettings *settings) {
    TRY(NEW_ZEROED(ctx, reference, 1));
    **reference = (Reference){.net = net,
                              .settings = *settings,
                              .batch = settings->batch,
                              .groups = settings->bn_groups < 1 ? 1 : (size_t)settings->bn_groups};
    const Status status = allocate(ctx, *reference);
    if (status != SPICA_OK) reference_close(ctx, reference);
    return status;
}

const float *reference_output(const Reference *reference, int index) {
    return reference->values[reference->settings.outputs[index]];
}

/* --- convolution and max pool: windows -----------------------------------------------------------------------------
 */

/* One window's pixel: where it lies in the input, or false in the padding. */
static bool window_pixel(const Node *node, const Node *in, int y, int x, int ky, int kx, size_t *pixel) {
    const int iy = y * node->stride + ky - node->padding, ix = x * node->stride + kx - node->padding;
    if (iy < 0 || ix < 0 || iy >= in->height || ix >= in->width) return false;
    *pixel = (size_t)iy * (size_t)in->width + (size_t)ix;
    return true;
}

/* out[n][y][x][o] = sum over i, ky, kx of in[n][y*s+ky-p][x*s+kx-p][i] * weight[o][i][ky][kx] for one output. */
static float conv_output(const Reference *reference, ValueId value, size_t n, int y, int x, int o) {
    const Node *node = net_node(reference->net, value), *in = net_node(reference->net, node->in[0]);
    const float *source = reference->values[node->in[0]] + n * node_pixels(in) * (size_t)in->channels;
    const float *weight = net_values(reference->net, node->weight);
    double sum = 0.0;
    for (int ky = 0; ky < node->kernel; ky++)
        for (int kx = 0; kx < node->kernel; kx++) {
            size_t pixel;
            if (!window_pixel(node, in, y, x, ky, kx, &pixel)) continue;
            for (int i = 0; i < in->channels; i++)
                sum += (double)source[pixel * (size_t)in->channels + (size_t)i] *
                       (double)weight[((o * in->channels + i) * node->kernel + ky) * node->kernel + kx];
        }
    return (float)sum;
}

static void conv_forward(Reference *reference, ValueId value) {
    const Node *node = net_node(reference->net, value);
    float *out = reference->values[value];
    for (size_t n = 0; n < reference->batch; n++)
        for (int y = 0; y < node->height; y++)
            for (int x = 0; x < node->width; x++)
                for (int o = 0; o < node->channels; o++)
                    *out++ = conv_output(reference, value, n, y, x, o);
}

/* d_in[..] += d * weight[..] and d_weight[..] += d * in[..] for one output whose gradient is d. */
static void conv_scatter(Reference *reference, ValueId value, double *d_weight, size_t n, int y, int x, int o,
                         double d) {
    const Node *node = net_node(reference->net, value), *in = net_node(reference->net, node->in[0]);
    const size_t picture = n * node_pixels(in) * (size_t)in->channels;
    const float *source = reference->values[node->in[0]] + picture;
    float *d_source = reference->gradients[node->in[0]] + picture;
    const float *weight = net_values(reference->net, node->weight);
    for (int ky = 0; ky < node->kernel; ky++)
        for (int kx = 0; kx < node->kernel; kx++) {
            size_t pixel;
            if (!window_pixel(node, in, y, x, ky, kx, &pixel)) continue;
            for (int i = 0; i < in->channels; i++) {
                const size_t place = pixel * (size_t)in->channels + (size_t)i;
                const int w = ((o * in->channels + i) * node->kernel + ky) * node->kernel + kx;
                d_source[place] = (float)((double)d_source[place] + d * (double)weight[w]);
                d_weight[w] += d * (double)source[place];
            }
        }
}

static Status conv_backward(Context *ctx, Reference *reference, ValueId value) {
    const Node *node = net_node(reference->net, value);
    const size_t count = reference->net->params.table[node->weight].count;
    const float *d_out = reference->gradients[value];
    float *gradient = net_gradients(reference->net, node->weight);
    double *d_weight;
    TRY(NEW_ZEROED(ctx, &d_weight, count));
    for (size_t n = 0; n < reference->batch; n++)
        for (int y = 0; y < node->height; y++)
            for (int x = 0; x < node->width; x++)
                for (int o = 0; o < node->channels; o++)
                    conv_scatter(reference, value, d_weight, n, y, x, o, (double)*d_out++);
    for (size_t i = 0; i < count; i++)
        gradient[i] = (float)d_weight[i];
    FREE_ARRAY(ctx, &d_weight);
    return SPICA_OK;
}

/* The place of one window's (first) largest value in a channel. */
static size_t pool_place(const Reference *reference, ValueId value, size_t n, int y, int x, int c) {
    const Node *node = net_node(reference->net, value), *in = net_node(reference->net, node->in[0]);
    const float *source = reference->values[node->in[0]];
    size_t best = SIZE_MAX;
    for (int ky = 0; ky < node->kernel; ky++)
        for (int kx = 0; kx < node->kernel; kx++) {
            size_t pixel;
            if (!window_pixel(node, in, y, x, ky, kx, &pixel)) continue;
            const size_t place = (n * node_pixels(in) + pixel) * (size_t)in->channels + (size_t)c;
            if (best == SIZE_MAX || source[place] > source[best]) best = place;
        }
    return best;
}

static void max_pool(Reference *reference, ValueId value, bool backward) {
    const Node *node = net_node(reference->net, value);
    const float *source = reference->values[node->in[0]];
    size_t o = 0;
    for (size_t n = 0; n < reference->batch; n++)
        for (int y = 0; y < node->height; y++)
            for (int x = 0; x < node->width; x++)
                for (int c = 0; c < node->channels; c++, o++) {
                    const size_t place = pool_place(reference, value, n, y, x, c);
                    if (backward)
                        reference->gradients[node->in[0]][place] += reference->gradients[value][o];
                    else
                        reference->values[value][o] = source[place];
                }
}

/* --- batch norm ------------------------------------------------------------------------------------------------------
 */

/* Mean and variance of one channel over one group's pixels. */
static void norm_moments(const Reference *reference, ValueId value, size_t group, size_t c, double *mean,
                         double *variance) {
    const Node *node = net_node(reference->net, value);
    const size_t channels = (size_t)node->channels, rows = reference->batch / reference->groups * node_pixels(node);
    const float *in = reference->values[node->in[0]] + group * rows * channels;
    *mean = *variance = 0.0;
    for (size_t r = 0; r < rows; r++)
        *mean += (double)in[r * channels + c];
    *mean /= (double)rows;
    for (size_t r = 0; r < rows; r++) {
        const double apart = (double)in[r * channels + c] - *mean;
        *variance += apart * apart;
    }
    *variance /= (double)rows;
}

static void norm_statistics(Reference *reference, ValueId value, size_t group, size_t c) {
    const Node *node = net_node(reference->net, value);
    const size_t count = reference->batch / reference->groups * node_pixels(node);
    const double rows = (double)count;
    float *running_mean = net_buffers(reference->net, node->running) + c;
    float *running_variance = net_buffers(reference->net, node->running + 1) + c;
    double mean = (double)*running_mean, variance = (double)*running_variance;
    if (reference->settings.kind != PLAN_INFER) norm_moments(reference, value, group, c, &mean, &variance);
    reference->mean[value][group * (size_t)node->channels + c] = mean;
    reference->inverse[value][group * (size_t)node->channels + c] = 1.0 / sqrt(variance + NORM_EPSILON);
    if (reference->settings.kind == PLAN_INFER || !reference->settings.update_running) return;
    const double share = (double)node->momentum;
    *running_mean = (float)((1.0 - share) * (double)*running_mean + share * mean);
    *running_variance = (float)((1.0 - share) * (double)*running_variance + share * variance * rows / (rows - 1.0));
}

static void norm_forward(Reference *reference, ValueId value) {
    const Node *node = net_node(reference->net, value);
    const size_t channels = (size_t)node->channels, rows = reference->batch / reference->groups * node_pixels(node);
    const float *gamma = net_values(reference->net, node->weight), *beta = net_values(reference->net, node->bias);
    for (size_t group = 0; group < reference->groups; group++) {
        for (size_t c = 0; c < channels; c++)
            norm_statistics(reference, value, group, c);
        const double *mean = reference->mean[value] + group * channels;
        const double *inverse = reference->inverse[value] + group * channels;
        for (size_t r = group * rows; r < (group + 1) * rows; r++)
            for (size_t c = 0; c < channels; c++)
                reference->values[value][r * channels + c] =
                    (float)(((double)reference->values[node->in[0]][r * channels + c] - mean[c]) * inverse[c] *
                                (double)gamma[c] +
                            (double)beta[c]);
    }
    if (reference->settings.kind != PLAN_INFER && reference->settings.update_running)
        *net_buffers(reference->net, node->running + 2) += (float)reference->groups;
}

/* One channel of one group. With x^ = (x - mean) * inverse and N rows:
 * d_x = gamma * inverse * (d_y - mean(d_y) - x^ * mean(d_y * x^)). */
static void norm_backward_channel(Reference *reference, ValueId value, size_t group, size_t c) {
    const Node *node = net_node(reference->net, value);
    const size_t channels = (size_t)node->channels, rows = reference->batch / reference->groups * node_pixels(node);
    const double mean = reference->mean[value][group * channels + c];
    const double inverse = reference->inverse[value][group * channels + c];
    const float *x = reference->values[node->in[0]], *d_y = reference->gradients[value];
    double sum = 0.0, weighted = 0.0;
    for (size_t r = group * rows; r < (group + 1) * rows; r++) {
        sum += (double)d_y[r * channels + c];
        weighted += (double)d_y[r * channels + c] * ((double)x[r * channels + c] - mean) * inverse;
    }
    net_gradients(reference->net, node->weight)[c] += (float)weighted;
    net_gradients(reference->net, node->bias)[c] += (float)sum;
    const double scale = (double)net_values(reference->net, node->weight)[c] * inverse, count = (double)rows;
    for (size_t r = group * rows; r < (group + 1) * rows; r++) {
        const double normalized = ((double)x[r * channels + c] - mean) * inverse;
        reference->gradients[node->in[0]][r * channels + c] +=
            (float)(scale * ((double)d_y[r * channels + c] - sum / count - normalized * weighted / count));
    }
}

static void norm_backward(Reference *reference, ValueId value) {
    for (size_t group = 0; group < reference->groups; group++)
        for (size_t c = 0; c < (size_t)net_node(reference->net, value)->channels; c++)
            norm_backward_channel(reference, value, group, c);
}

/* --- the rest --------------------------------------------------------------------------------------------------------
 */

static void avg_pool(Reference *reference, ValueId value, bool backward) {
    const Node *node = net_node(reference->net, value), *in = net_node(reference->net, node->in[0]);
    const size_t channels = (size_t)node->channels, pixels = node_pixels(in);
    for (size_t n = 0; n < reference->batch; n++)
        for (size_t c = 0; c < channels; c++) {
            double sum = 0.0;
            for (size_t p = 0; p < pixels; p++) {
                const size_t place = (n * pixels + p) * channels + c;
                sum += (double)reference->values[node->in[0]][place];
                if (backward)
                    reference->gradients[node->in[0]][place] +=
                        reference->gradients[value][n * channels + c] / (float)pixels;
            }
            if (!backward) reference->values[value][n * channels + c] = (float)(sum / (double)pixels);
        }
}

/* out[n][o] = bias[o] + sum over i of in[n][i] * weight[o][i] */
static void linear_forward(Reference *reference, ValueId value) {
    const Node *node = net_node(reference->net, value);
    const size_t outputs = (size_t)node->channels;
    const size_t inputs = (size_t)net_node(reference->net, node->in[0])->channels;
    const float *weight = net_values(reference->net, node->weight), *bias = net_values(reference->net, node->bias);
    for (size_t n = 0; n < reference->batch; n++)
        for (size_t o = 0; o < outputs; o++) {
            double sum = (double)bias[o];
            for (size_t i = 0; i < inputs; i++)
                sum += (double)reference->values[node->in[0]][n * inputs + i] * (double)weight[o * inputs + i];
            reference->values[value][n * outputs + o] = (float)sum;
        }
}

static void linear_backward(Reference *reference, ValueId value) {
    const Node *node = net_node(reference->net, value);
    const size_t outputs = (size_t)node->channels;
    const size_t inputs = (size_t)net_node(reference->net, node->in[0])->channels;
    const float *weight = net_values(reference->net, node->weight);
    float *d_weight = net_gradients(reference->net, node->weight), *d_bias = net_gradients(reference->net, node->bias);
    for (size_t n = 0; n < reference->batch; n++)
        for (size_t o = 0; o < outputs; o++) {
            const float d = reference->gradients[value][n * outputs + o];
            d_bias[o] += d;
            for (size_t i = 0; i < inputs; i++) {
                d_weight[o * inputs + i] += d * reference->values[node->in[0]][n * inputs + i];
                reference->gradients[node->in[0]][n * inputs + i] += d * weight[o * inputs + i];
            }
        }
}

static void dropout(Reference *reference, ValueId value, bool backward) {
    const Node *node = net_node(reference->net, value);
    const size_t floats = node_pixels(node) * (size_t)node->channels;
    const float scale = 1.0F / (1.0F - node->probability);
    for (size_t n = 0; n < reference->batch; n++) {
        Random random = random_at(reference->settings.seed, RANDOM_DROPOUT, reference->step, n, (uint32_t)value);
        for (size_t i = n * floats; i < (n + 1) * floats; i++) {
            const bool dropped = reference->settings.kind != PLAN_INFER && random_uniform(&random) < node->probability;
            const float factor = reference->settings.kind == PLAN_INFER ? 1.0F : dropped ? 0.0F : scale;
            if (backward)
                reference->gradients[node->in[0]][i] += reference->gradients[value][i] * factor;
            else
                reference->values[value][i] = reference->values[node->in[0]][i] * factor;
        }
    }
}

static void relu(Reference *reference, ValueId value, bool backward) {
    const Node *node = net_node(reference->net, value);
    for (size_t i = 0; i < value_count(reference, value); i++) {
        const float x = reference->values[node->in[0]][i];
        if (backward)
            reference->gradients[node->in[0]][i] += reference->gradients[value][i] * (x > 0.0F ? 1.0F : node->slope);
        else
            reference->values[value][i] = x > 0.0F ? x : x * node->slope;
    }
}

static void add(Reference *reference, ValueId value, bool backward) {
    const Node *node = net_node(reference->net, value);
    for (size_t i = 0; i < value_count(reference, value); i++) {
        if (!backward)
            reference->values[value][i] = reference->values[node->in[0]][i] + reference->values[node->in[1]][i];
        for (int k = 0; backward && k < 2; k++)
            reference->gradients[node->in[k]][i] += reference->gradients[value][i];
    }
}

/* Forward, or backward into the inputs' gradients and the parameters'. */
static Status run_node(Context *ctx, Reference *reference, ValueId value, bool backward) {
    switch (net_node(reference->net, value)->kind) {
    case NODE_INPUT: break;
    case NODE_CONV:
        if (backward) return conv_backward(ctx, reference, value);
        conv_forward(reference, value);
        break;
    case NODE_BATCH_NORM: (backward ? norm_backward : norm_forward)(reference, value); break;
    case NODE_RELU: relu(reference, value, backward); break;
    case NODE_ADD: add(reference, value, backward); break;
    case NODE_MAX_POOL: max_pool(reference, value, backward); break;
    case NODE_AVG_POOL: avg_pool(reference, value, backward); break;
    case NODE_LINEAR: (backward ? linear_backward : linear_forward)(reference, value); break;
    case NODE_DROPOUT: dropout(reference, value, backward); break;
    }
    return SPICA_OK;
}

Status reference_forward(Context *ctx, Reference *reference, const float *input, uint64_t step) {
    reference->step = step;
    memcpy(reference->values[0], input, value_count(reference, 0) * sizeof(float));
    for (ValueId v = 0; v < reference->net->count; v++)
        if (reference->needed[v]) TRY(run_node(ctx, reference, v, false));
    if (reference->settings.kind != PLAN_INFER && reference->settings.update_running)
        params_changed(net_params(reference->net));
    return SPICA_OK;
}

Status reference_backward(Context *ctx, Reference *reference, const float *const d_outputs[]) {
    const Params *params = net_params(reference->net);
    memset(params->gradients, 0, params->count * sizeof(float));
    for (ValueId v = 0; v < reference->net->count; v++)
        if (reference->needed[v]) memset(reference->gradients[v], 0, value_count(reference, v) * sizeof(float));
    for (int i = 0; i < reference->settings.output_count; i++) {
        const ValueId value = reference->settings.outputs[i];
        for (size_t j = 0; d_outputs[i] != NULL && j < value_count(reference, value); j++)
            reference->gradients[value][j] += d_outputs[i][j];
    }
    for (ValueId v = reference->net->count - 1; v >= 0; v--)
        if (reference->needed[v]) TRY(run_node(ctx, reference, v, true));
    return SPICA_OK;
}
