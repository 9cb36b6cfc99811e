#include "nn/net.h"

#include <stdio.h>
#include <string.h>

#include "nn/net_graph.h"

/* Makes room for one more element of a growing array. */
static Status array_reserve(Context *ctx, void **array, size_t count, size_t *capacity, size_t size) {
    if (count < *capacity) return SPICA_OK;
    const size_t larger = *capacity == 0 ? 32 : *capacity * 2;
    void *block;
    TRY(memory_allocate_zeroed(ctx, &block, larger, size));
    if (count != 0) memcpy(block, *array, count * size);
    memory_free(ctx, array);
    *array = block;
    *capacity = larger;
    return SPICA_OK;
}

static Status node_append(Context *ctx, Net *net, const Node *node, ValueId *out) {
    size_t capacity = (size_t)net->capacity;
    TRY(array_reserve(ctx, (void **)&net->nodes, (size_t)net->count, &capacity, sizeof *net->nodes));
    net->capacity = (int)capacity;
    *out = net->count;
    net->nodes[net->count++] = *node;
    return SPICA_OK;
}

Status net_open(Context *ctx, Net **net, int channels, int height, int width) {
    *net = NULL;
    if (channels < 1 || height < 1 || width < 1)
        return context_fail(ctx, SPICA_ERROR_INTERNAL, "network input of %d x %d x %d", height, width, channels);
    TRY(NEW_ZEROED(ctx, net, 1));
    (*net)->ctx = ctx;
    const Node input = {.kind = NODE_INPUT,
                        .in = {-1, -1},
                        .channels = channels,
                        .height = height,
                        .width = width,
                        .weight = -1,
                        .bias = -1,
                        .running = -1};
    ValueId value;
    const Status status = node_append(ctx, *net, &input, &value);
    if (status != SPICA_OK) net_close(ctx, net);
    return status;
}

void net_close(Context *ctx, Net **net) {
    if (*net == NULL) return;
    FREE_ARRAY(ctx, &(*net)->params.table);
    FREE_ARRAY(ctx, &(*net)->params.buffer_table);
    FREE_ARRAY(ctx, &(*net)->params.values);
    FREE_ARRAY(ctx, &(*net)->params.gradients);
    FREE_ARRAY(ctx, &(*net)->params.buffers);
    FREE_ARRAY(ctx, &(*net)->nodes);
    FREE_ARRAY(ctx, net);
}

ValueId net_input(const Net *net) {
    (void)net;
    return 0;
}

void net_use_direct_convolutions(Net *net) { net->direct = true; }

void net_shape(const Net *net, ValueId value, int *channels, int *height, int *width) {
    const Node *node = net_node(net, value);
    if (channels != NULL) *channels = node->channels;
    if (height != NULL) *height = node->height;
    if (width != NULL) *width = node->width;
}

Params *net_params(Net *net) { return &net->params; }

/* Checks that the graph may still grow and that `in` is one of its values; starts the node as a copy of its shape. */
static Status node_start(Context *ctx, const Net *net, NodeKind kind, const char *what, ValueId in, Node *node) {
    *node = (Node){0};
    if (net->finished) return context_fail(ctx, SPICA_ERROR_INTERNAL, "%s added to a finished network", what);
    if (in < 0 || in >= net->count)
        return context_fail(ctx, SPICA_ERROR_INTERNAL, "%s reads value %d of %d", what, in, net->count);
    const Node *source = net_node(net, in);
    *node = (Node){.kind = kind,
                   .in = {in, -1},
                   .channels = source->channels,
                   .height = source->height,
                   .width = source->width,
                   .weight = -1,
                   .bias = -1,
                   .running = -1,
                   .matrix = source->matrix};
    return SPICA_OK;
}

/* Offsets are multiples of 16 floats, so that every tensor starts on a cache line. */
static size_t padded_count(size_t count) { return (count + 15) / 16 * 16; }

static Status param_name(Context *ctx, Param *param, const char *name, const char *suffix) {
    const int length = snprintf(param->name, sizeof param->name, "%s.%s", name, suffix);
    if (length < 0 || (size_t)length >= sizeof param->name)
        return context_fail(ctx, SPICA_ERROR_INTERNAL, "tensor name too long: %s.%s", name, suffix);
    return SPICA_OK;
}

/* Enters a tensor into the table of weights or of buffers; *place: where. */
static Status param_add(Context *ctx, Net *net, const Param *param, bool is_buffer, int *place) {
    Params *params = &net->params;
    Param **table = is_buffer ? &params->buffer_table : &params->table;
    size_t *count = is_buffer ? &params->buffer_table_count : &params->table_count;
    size_t *capacity = is_buffer ? &net->buffer_table_capacity : &net->table_capacity;
    size_t *floats = is_buffer ? &params->buffer_count : &params->count;
    if (params_find(params, param->name, NULL) != NULL)
        return context_fail(ctx, SPICA_ERROR_INTERNAL, "two tensors called %s", param->name);
    TRY(array_reserve(ctx, (void **)table, *count, capacity, sizeof **table));
    Param *entry = &(*table)[*count];
    *entry = *param;
    entry->count = 1;
    for (int d = 0; d < entry->rank; d++)
        entry->count *= (size_t)entry->shape[d];
    entry->offset = *floats;
    *floats += padded_count(entry->count);
    *place = (int)(*count)++;
    return SPICA_OK;
}

static Status weight_add(Context *ctx, Net *net, const char *name, const char *suffix, ParamKind kind, int rank,
                         const int64_t shape[4], int *place) {
    Param param = {.kind = kind, .rank = rank};
    for (int d = 0; d < rank; d++)
        param.shape[d] = shape[d];
    TRY(param_name(ctx, &param, name, suffix));
    const bool is_buffer = kind == PARAM_RUNNING_MEAN || kind == PARAM_RUNNING_VARIANCE || kind == PARAM_BATCH_COUNT;
    return param_add(ctx, net, &param, is_buffer, place);
}

/* Side of the output of a window that slides over `side` pixels; below 1: it does not fit. */
static int window_side(int side, int kernel, int stride, int padding) {
    return side + 2 * padding < kernel ? 0 : (side + 2 * padding - kernel) / stride + 1;
}

static Status node_window(Context *ctx, Node *node, const char *what, int kernel, int stride, int padding) {
    const int height = node->height, width = node->width;
    if (kernel < 1 || stride < 1 || padding < 0 || padding >= kernel)
        return context_fail(ctx, SPICA_ERROR_INTERNAL, "%s: kernel %d, stride %d, padding %d", what, kernel, stride,
                            padding);
    node->kernel = kernel;
    node->stride = stride;
    node->padding = padding;
    node->height = window_side(height, kernel, stride, padding);
    node->width = window_side(width, kernel, stride, padding);
    if (node->height < 1 || node->width < 1)
        return context_fail(ctx, SPICA_ERROR_INTERNAL, "%s: kernel %d does not fit pictures of %d x %d", what, kernel,
                            height, width);
    return SPICA_OK;
}

Status net_conv(Context *ctx, Net *net, ValueId in, const char *name, int channels, int kernel, int stride, int padding,
                ValueId *out) {
    Node node;
    TRY(node_start(ctx, net, NODE_CONV, name, in, &node));
    if (channels < 1) return context_fail(ctx, SPICA_ERROR_INTERNAL, "%s: %d output channels", name, channels);
    const int64_t shape[4] = {channels, node.channels, kernel, kernel};
    TRY(node_window(ctx, &node, name, kernel, stride, padding));
    node.channels = channels;
    TRY(weight_add(ctx, net, name, "weight", PARAM_CONV_WEIGHT, 4, shape, &node.weight));
    return node_append(ctx, net, &node, out);
}

Status net_batch_norm(Context *ctx, Net *net, ValueId in, const char *name, float momentum, ValueId *out) {
    Node node;
    TRY(node_start(ctx, net, NODE_BATCH_NORM, name, in, &node));
    if (!(momentum >= 0.0F && momentum <= 1.0F))
        return context_fail(ctx, SPICA_ERROR_INTERNAL, "%s: momentum %g", name, (double)momentum);
    node.momentum = momentum;
    const int64_t shape[4] = {node.channels};
    int place;
    TRY(weight_add(ctx, net, name, "weight", PARAM_NORM_SCALE, 1, shape, &node.weight));
    TRY(weight_add(ctx, net, name, "bias", PARAM_NORM_SHIFT, 1, shape, &node.bias));
    TRY(weight_add(ctx, net, name, "running_mean", PARAM_RUNNING_MEAN, 1, shape, &node.running));
    TRY(weight_add(ctx, net, name, "running_var", PARAM_RUNNING_VARIANCE, 1, shape, &place));
    TRY(weight_add(ctx, net, name, "num_batches_tracked", PARAM_BATCH_COUNT, 0, shape, &place));
    return node_append(ctx, net, &node, out);
}

Status net_relu(Context *ctx, Net *net, ValueId in, float slope, ValueId *out) {
    Node node;
    TRY(node_start(ctx, net, NODE_RELU, "relu", in, &node));
    if (!(slope >= 0.0F && slope < 1.0F))
        return context_fail(ctx, SPICA_ERROR_INTERNAL, "relu: slope %g", (double)slope);
    node.slope = slope;
    return node_append(ctx, net, &node, out);
}

/* Matrices and pictures of one pixel differ in layout only: averaging over the one pixel makes a matrix. */
static Status value_as_matrix(Context *ctx, Net *net, ValueId in, ValueId *out) {
    *out = in;
    return net_node(net, in)->matrix ? SPICA_OK : net_global_avg_pool(ctx, net, in, out);
}

Status net_add(Context *ctx, Net *net, ValueId a, ValueId b, ValueId *out) {
    Node node, other;
    TRY(node_start(ctx, net, NODE_ADD, "add", b, &other));
    TRY(node_start(ctx, net, NODE_ADD, "add", a, &node));
    if (node.channels != other.channels || node.height != other.height || node.width != other.width)
        return context_fail(ctx, SPICA_ERROR_INTERNAL, "add: %d x %d x %d and %d x %d x %d", node.height, node.width,
                            node.channels, other.height, other.width, other.channels);
    if (node.matrix != other.matrix) {
        TRY(value_as_matrix(ctx, net, a, &node.in[0]));
        TRY(value_as_matrix(ctx, net, b, &b));
        node.matrix = true;
    }
    node.in[1] = b;
    return node_append(ctx, net, &node, out);
}

Status net_max_pool(Context *ctx, Net *net, ValueId in, int kernel, int stride, int padding, ValueId *out) {
    Node node;
    TRY(node_start(ctx, net, NODE_MAX_POOL, "max pool", in, &node));
    TRY(node_window(ctx, &node, "max pool", kernel, stride, padding));
    /* The place of the maximum is kept in a byte; PyTorch's limit on the padding sees to it that no window is empty. */
    if (kernel > 15 || 2 * padding > kernel)
        return context_fail(ctx, SPICA_ERROR_INTERNAL, "max pool: kernel %d with padding %d", kernel, padding);
    return node_append(ctx, net, &node, out);
}

Status net_global_avg_pool(Context *ctx, Net *net, ValueId in, ValueId *out) {
    Node node;
    TRY(node_start(ctx, net, NODE_AVG_POOL, "average pool", in, &node));
    node.height = node.width = 1;
    node.matrix = true;
    return node_append(ctx, net, &node, out);
}

Status net_linear(Context *ctx, Net *net, ValueId in, const char *name, int features, ValueId *out) {
    Node node;
    TRY(node_start(ctx, net, NODE_LINEAR, name, in, &node));
    if (node.height != 1 || node.width != 1 || features < 1)
        return context_fail(ctx, SPICA_ERROR_INTERNAL, "%s: %d features from %d x %d x %d", name, features, node.height,
                            node.width, node.channels);
    TRY(value_as_matrix(ctx, net, in, &node.in[0]));
    const int64_t shape[4] = {features, node.channels}, bias_shape[4] = {features};
    node.channels = features;
    node.matrix = true;
    TRY(weight_add(ctx, net, name, "weight", PARAM_LINEAR_WEIGHT, 2, shape, &node.weight));
    TRY(weight_add(ctx, net, name, "bias", PARAM_LINEAR_BIAS, 1, bias_shape, &node.bias));
    return node_append(ctx, net, &node, out);
}

Status net_dropout(Context *ctx, Net *net, ValueId in, float probability, ValueId *out) {
    Node node;
    TRY(node_start(ctx, net, NODE_DROPOUT, "dropout", in, &node));
    if (!(probability >= 0.0F && probability < 1.0F))
        return context_fail(ctx, SPICA_ERROR_INTERNAL, "dropout: probability %g", (double)probability);
    node.probability = probability;
    *out = in;
    return probability == 0.0F ? SPICA_OK : node_append(ctx, net, &node, out);
}

Status net_finish(Context *ctx, Net *net) {
    Params *params = &net->params;
    if (net->finished) return context_fail(ctx, SPICA_ERROR_INTERNAL, "network finished twice");
    TRY(NEW_ZEROED(ctx, &params->values, params->count));
    TRY(NEW_ZEROED(ctx, &params->gradients, params->count));
    TRY(NEW_ZEROED(ctx, &params->buffers, params->buffer_count));
    for (size_t i = 0; i < params->table_count; i++)
        for (size_t c = 0; params->table[i].kind == PARAM_NORM_SCALE && c < params->table[i].count; c++)
            params->values[params->table[i].offset + c] = 1.0F;
    for (size_t i = 0; i < params->buffer_table_count; i++)
        for (size_t c = 0; params->buffer_table[i].kind == PARAM_RUNNING_VARIANCE && c < params->buffer_table[i].count;
             c++)
            params->buffers[params->buffer_table[i].offset + c] = 1.0F;
    net->finished = true;
    params->version = 1;
    return SPICA_OK;
}
