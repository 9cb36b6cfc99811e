#include "nn/dnnl_shim.h"

#include <string.h>

#include <omp.h>
#include <oneapi/dnnl/dnnl.h>
#include <stdio.h>

struct DnnlShim {
    dnnl_engine_t engine;
    dnnl_stream_t stream;
};

/* The library's objects for one set of buffers, and where they point now. */
typedef struct ConvBinding {
    dnnl_memory_t in, weights, bias, out, scratch;
    ConvBuffers now;
} ConvBinding;

struct DnnlConv {
    DnnlShim *shim;
    ConvPass pass;
    ConvShape shape;
    bool has_bias;
    dnnl_primitive_desc_t descriptor;
    dnnl_primitive_t primitive;
    dnnl_memory_desc_t plain_weights; /* OIHW */
    ConvBinding *bindings;            /* one per worker, moved from slice to slice; `fixed`: one per slice */
    size_t binding_count;
    bool fixed;                    /* does not run anywhere */
    dnnl_primitive_t pack, unpack; /* weight reorders, made at first use */
};

static Status dnnl_check(Context *ctx, dnnl_status_t status, const char *what) {
    if (status == dnnl_success) return SPICA_OK;
    if (status == dnnl_out_of_memory) return context_fail(ctx, SPICA_ERROR_MEMORY, "out of memory in oneDNN: %s", what);
    return context_fail(ctx, SPICA_ERROR_INTERNAL, "oneDNN failed with status %d: %s", (int)status, what);
}

#define TRY_DNNL(call, what) TRY(dnnl_check(ctx, (call), (what)))

Status shim_open(Context *ctx, DnnlShim **shim) {
    TRY(NEW_ZEROED(ctx, shim, 1));
    Status status = dnnl_check(ctx, dnnl_engine_create(&(*shim)->engine, dnnl_cpu, 0), "engine");
    if (status == SPICA_OK)
        status =
            dnnl_check(ctx, dnnl_stream_create(&(*shim)->stream, (*shim)->engine, dnnl_stream_default_flags), "stream");
    if (status != SPICA_OK) shim_close(ctx, shim);
    return status;
}

void shim_close(Context *ctx, DnnlShim **shim) {
    if (*shim == NULL) return;
    if ((*shim)->stream != NULL) dnnl_stream_destroy((*shim)->stream);
    if ((*shim)->engine != NULL) dnnl_engine_destroy((*shim)->engine);
    FREE_ARRAY(ctx, shim);
}

static dnnl_format_tag_t layout_tag(Layout layout) {
    switch (layout) {
    case LAYOUT_NHWC: return dnnl_nhwc;
    case LAYOUT_NCHW: return dnnl_nchw;
    case LAYOUT_BLOCK8: return dnnl_nChw8c;
    case LAYOUT_BLOCK16: return dnnl_nChw16c;
    case LAYOUT_ANY: break;
    }
    return dnnl_format_tag_any;
}

static Layout layout_of(const dnnl_memory_desc_t *memory) {
    /* NHWC and NCHW are the same bytes of one channel or one pixel, but the library's fast kernels for a first
     * convolution want to hear NCHW. */
    const bool one_channel = memory->dims[1] == 1;
    const Layout layouts[] = {LAYOUT_BLOCK16, LAYOUT_BLOCK8, one_channel ? LAYOUT_NCHW : LAYOUT_NHWC,
                              one_channel ? LAYOUT_NHWC : LAYOUT_NCHW};
    for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++) {
        dnnl_memory_desc_t named;
        if (dnnl_memory_desc_init_by_tag(&named, 4, memory->dims, dnnl_f32, layout_tag(layouts[i])) == dnnl_success &&
            dnnl_memory_desc_equal(&named, memory))
            return layouts[i];
    }
    return LAYOUT_ANY;
}

/* The four memory descriptors of a convolution as asked for. */
typedef struct ConvMemories {
    dnnl_memory_desc_t in, weights, bias, out;
} ConvMemories;

static Status conv_memories(Context *ctx, const ConvShape *shape, const ConvOptions *options, ConvMemories *memories) {
    const dnnl_dims_t in = {(dnnl_dim_t)shape->batch, shape->in_channels, shape->in_height, shape->in_width};
    const dnnl_dims_t out = {(dnnl_dim_t)shape->batch, shape->out_channels, shape->out_height, shape->out_width};
    const dnnl_dims_t weights = {shape->out_channels, shape->in_channels, shape->kernel, shape->kernel};
    const dnnl_dims_t bias = {shape->out_channels};
    TRY_DNNL(dnnl_memory_desc_init_by_tag(&memories->in, 4, in, dnnl_f32, layout_tag(options->in)), "input");
    TRY_DNNL(dnnl_memory_desc_init_by_tag(&memories->out, 4, out, dnnl_f32, layout_tag(options->out)), "output");
    TRY_DNNL(dnnl_memory_desc_init_by_tag(&memories->weights, 4, weights, dnnl_f32, dnnl_format_tag_any), "weights");
    TRY_DNNL(dnnl_memory_desc_init_by_tag(&memories->bias, 1, bias, dnnl_f32, dnnl_a), "bias");
    return SPICA_OK;
}

/* Padding behind the last window is what the shape leaves, so that the library finds its sizes consistent. */
static void conv_padding(const ConvShape *shape, dnnl_dims_t before, dnnl_dims_t after) {
    before[0] = before[1] = shape->padding;
    after[0] = (shape->out_height - 1) * shape->stride + shape->kernel - shape->in_height - shape->padding;
    after[1] = (shape->out_width - 1) * shape->stride + shape->kernel - shape->in_width - shape->padding;
}

static Status conv_describe(Context *ctx, const ConvShape *shape, const ConvOptions *options, ConvPass pass,
                            dnnl_convolution_desc_t *operation) {
    ConvMemories m;
    TRY(conv_memories(ctx, shape, options, &m));
    dnnl_dims_t before, after;
    const dnnl_dims_t strides = {shape->stride, shape->stride};
    conv_padding(shape, before, after);
    const dnnl_alg_kind_t algorithm =
        options->algorithm == CONV_WINOGRAD ? dnnl_convolution_winograd : dnnl_convolution_direct;
    const dnnl_prop_kind_t forward = options->inference ? dnnl_forward_inference : dnnl_forward_training;
    switch (pass) {
    case CONV_FORWARD:
        TRY_DNNL(dnnl_convolution_forward_desc_init(operation, forward, algorithm, &m.in, &m.weights,
                                                    options->bias ? &m.bias : NULL, &m.out, strides, before, after),
                 "convolution");
        break;
    case CONV_BACKWARD_DATA:
        TRY_DNNL(dnnl_convolution_backward_data_desc_init(operation, algorithm, &m.in, &m.weights, &m.out, strides,
                                                          before, after),
                 "convolution backward by data");
        break;
    case CONV_BACKWARD_WEIGHTS:
        TRY_DNNL(dnnl_convolution_backward_weights_desc_init(operation, algorithm, &m.in, &m.weights, NULL, &m.out,
                                                             strides, before, after),
                 "convolution backward by weights");
        break;
    }
    return SPICA_OK;
}

static dnnl_status_t conv_attributes(const ConvOptions *options, dnnl_primitive_attr_t attributes) {
    dnnl_status_t status = dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user);
    dnnl_post_ops_t after = NULL;
    if (status == dnnl_success) status = dnnl_post_ops_create(&after);
    if (status == dnnl_success && options->sum) status = dnnl_post_ops_append_sum(after, 1.0F);
    if (status == dnnl_success && options->activate)
        status = dnnl_post_ops_append_eltwise(after, 1.0F, dnnl_eltwise_relu, options->slope, 0.0F);
    if (status == dnnl_success) status = dnnl_primitive_attr_set_post_ops(attributes, after);
    if (after != NULL) dnnl_post_ops_destroy(after);
    return status;
}

/* Backward descriptors want a forward one as a hint. */
static Status conv_descriptor(Context *ctx, DnnlConv *conv, const ConvOptions *options) {
    dnnl_convolution_desc_t operation;
    dnnl_primitive_desc_t hint = NULL;
    dnnl_primitive_attr_t attributes = NULL;
    Status status = SPICA_OK;
    if (options->pass != CONV_FORWARD) {
        TRY(conv_describe(ctx, &conv->shape, options, CONV_FORWARD, &operation));
        TRY_DNNL(dnnl_primitive_desc_create(&hint, &operation, NULL, conv->shim->engine, NULL), "convolution's hint");
    }
    TRY_GOTO(status, end, dnnl_check(ctx, dnnl_primitive_attr_create(&attributes), "attributes"));
    TRY_GOTO(status, end, dnnl_check(ctx, conv_attributes(options, attributes), "attributes"));
    TRY_GOTO(status, end, conv_describe(ctx, &conv->shape, options, options->pass, &operation));
    TRY_GOTO(status, end,
             dnnl_check(ctx,
                        dnnl_primitive_desc_create(&conv->descriptor, &operation, attributes, conv->shim->engine, hint),
                        "no kernel for this convolution"));
end:
    if (attributes != NULL) dnnl_primitive_attr_destroy(attributes);
    if (hint != NULL) dnnl_primitive_desc_destroy(hint);
    return status;
}

/* Only a kernel made for the machine is worth having; the library's fallbacks for this algorithm are slow. */
static bool is_fast_winograd(const DnnlConv *conv) { return strncmp(shim_conv_name(conv), "jit_wino", 8) == 0; }

static Status conv_open(Context *ctx, DnnlShim *shim, DnnlConv **conv, const ConvShape *shape,
                        const ConvOptions *options) {
    TRY(NEW_ZEROED(ctx, conv, 1));
    **conv = (DnnlConv){.shim = shim, .pass = options->pass, .shape = *shape, .has_bias = options->bias};
    const int before = omp_get_max_threads();
    omp_set_num_threads(options->threads);
    Status status = conv_descriptor(ctx, *conv, options);
    if (status == SPICA_OK)
        status = dnnl_check(ctx, dnnl_primitive_create(&(*conv)->primitive, (*conv)->descriptor), "convolution");
    omp_set_num_threads(before);
    const dnnl_dims_t weights = {shape->out_channels, shape->in_channels, shape->kernel, shape->kernel};
    if (status == SPICA_OK)
        status = dnnl_check(ctx, dnnl_memory_desc_init_by_tag(&(*conv)->plain_weights, 4, weights, dnnl_f32, dnnl_oihw),
                            "weights");
    if (status != SPICA_OK) shim_conv_close(ctx, conv);
    return status;
}

Status shim_conv_open(Context *ctx, DnnlShim *shim, DnnlConv **conv, const ConvShape *shape,
                      const ConvOptions *options) {
    ConvOptions used = *options;
    if (used.algorithm == CONV_WINOGRAD && conv_open(ctx, shim, conv, shape, &used) == SPICA_OK) {
        if (is_fast_winograd(*conv)) return SPICA_OK;
        shim_conv_close(ctx, conv);
    }
    used.algorithm = CONV_DIRECT;
    return conv_open(ctx, shim, conv, shape, &used);
}

static void memory_close(dnnl_memory_t memory) {
    if (memory != NULL) dnnl_memory_destroy(memory);
}

void shim_conv_close(Context *ctx, DnnlConv **conv) {
    if (*conv == NULL) return;
    for (size_t i = 0; i < (*conv)->binding_count; i++) {
        const ConvBinding *binding = &(*conv)->bindings[i];
        memory_close(binding->in);
        memory_close(binding->weights);
        memory_close(binding->bias);
        memory_close(binding->out);
        memory_close(binding->scratch);
    }
    FREE_ARRAY(ctx, &(*conv)->bindings);
    if ((*conv)->pack != NULL) dnnl_primitive_destroy((*conv)->pack);
    if ((*conv)->unpack != NULL) dnnl_primitive_destroy((*conv)->unpack);
    if ((*conv)->primitive != NULL) dnnl_primitive_destroy((*conv)->primitive);
    if ((*conv)->descriptor != NULL) dnnl_primitive_desc_destroy((*conv)->descriptor);
    FREE_ARRAY(ctx, conv);
}

static const dnnl_memory_desc_t *conv_memory(const DnnlConv *conv, dnnl_query_t query) {
    return dnnl_primitive_desc_query_md(conv->descriptor, query, 0);
}

static const dnnl_memory_desc_t *in_memory(const DnnlConv *conv) {
    return conv_memory(conv, conv->pass == CONV_BACKWARD_DATA ? dnnl_query_diff_src_md : dnnl_query_src_md);
}

static const dnnl_memory_desc_t *out_memory(const DnnlConv *conv) {
    return conv_memory(conv, conv->pass == CONV_FORWARD ? dnnl_query_dst_md : dnnl_query_diff_dst_md);
}

static const dnnl_memory_desc_t *weight_memory(const DnnlConv *conv) {
    return conv_memory(conv, conv->pass == CONV_BACKWARD_WEIGHTS ? dnnl_query_diff_weights_md : dnnl_query_weights_md);
}

Layout shim_conv_in_layout(const DnnlConv *conv) { return layout_of(in_memory(conv)); }

Layout shim_conv_out_layout(const DnnlConv *conv) { return layout_of(out_memory(conv)); }

size_t shim_conv_weight_floats(const DnnlConv *conv) {
    return dnnl_memory_desc_get_size(weight_memory(conv)) / sizeof(float);
}

size_t shim_conv_scratch_bytes(const DnnlConv *conv) {
    return dnnl_memory_desc_get_size(conv_memory(conv, dnnl_query_scratchpad_md));
}

const char *shim_conv_name(const DnnlConv *conv) {
    const char *name = "";
    dnnl_primitive_desc_query(conv->descriptor, dnnl_query_impl_info_str, 0, (void *)&name);
    return name;
}

static Status bind_memory(Context *ctx, const DnnlConv *conv, const dnnl_memory_desc_t *shape, void *pointer,
                          dnnl_memory_t *memory) {
    return dnnl_check(ctx, dnnl_memory_create(memory, shape, conv->shim->engine, pointer), "memory");
}

static Status bind_buffers(Context *ctx, const DnnlConv *conv, const ConvBuffers *buffers, ConvBinding *binding) {
    const dnnl_dims_t channels = {conv->shape.out_channels};
    dnnl_memory_desc_t bias;
    TRY_DNNL(dnnl_memory_desc_init_by_tag(&bias, 1, channels, dnnl_f32, dnnl_a), "bias");
    TRY(bind_memory(ctx, conv, in_memory(conv), buffers->in, &binding->in));
    TRY(bind_memory(ctx, conv, weight_memory(conv), buffers->weights, &binding->weights));
    TRY(bind_memory(ctx, conv, out_memory(conv), buffers->out, &binding->out));
    TRY(bind_memory(ctx, conv, conv_memory(conv, dnnl_query_scratchpad_md), buffers->scratch, &binding->scratch));
    if (conv->has_bias) TRY(bind_memory(ctx, conv, &bias, buffers->bias, &binding->bias));
    binding->now = *buffers;
    return SPICA_OK;
}

static bool is_padded(const dnnl_memory_desc_t *memory) {
    for (int d = 0; d < memory->ndims; d++)
        if (memory->padded_dims[d] != memory->dims[d]) return true;
    return false;
}

/* Moving an object of padded channels would write all its padding each time. */
bool shim_conv_runs_anywhere(const DnnlConv *conv) {
    return !is_padded(in_memory(conv)) && !is_padded(out_memory(conv)) && !is_padded(weight_memory(conv));
}

Status shim_conv_bind(Context *ctx, DnnlConv *conv, const ConvBuffers *buffers, size_t count) {
    conv->fixed = !shim_conv_runs_anywhere(conv);
    TRY(NEW_ZEROED(ctx, &conv->bindings, count));
    conv->binding_count = count;
    for (size_t i = 0; i < count; i++)
        TRY(bind_buffers(ctx, conv, &buffers[i], &conv->bindings[i]));
    return SPICA_OK;
}

static bool move_memory(dnnl_memory_t memory, float **now, float *pointer) {
    if (*now == pointer) return true;
    *now = pointer;
    return dnnl_memory_set_data_handle(memory, pointer) == dnnl_success;
}

bool shim_conv_run(const DnnlConv *conv, size_t slice, const ConvBuffers *buffers) {
    ConvBinding *b = &conv->bindings[conv->fixed ? slice : (size_t)buffers->worker];
    const bool data = conv->pass == CONV_BACKWARD_DATA, weights = conv->pass == CONV_BACKWARD_WEIGHTS;
    if (!conv->fixed &&
        (!move_memory(b->in, &b->now.in, buffers->in) || !move_memory(b->out, &b->now.out, buffers->out) ||
         !move_memory(b->weights, &b->now.weights, buffers->weights)))
        return false;
    const dnnl_exec_arg_t arguments[] = {
        {data ? DNNL_ARG_DIFF_SRC : DNNL_ARG_SRC, b->in},
        {weights ? DNNL_ARG_DIFF_WEIGHTS : DNNL_ARG_WEIGHTS, b->weights},
        {data || weights ? DNNL_ARG_DIFF_DST : DNNL_ARG_DST, b->out},
        {DNNL_ARG_SCRATCHPAD, b->scratch},
        {DNNL_ARG_BIAS, b->bias},
    };
    return dnnl_primitive_execute(conv->primitive, conv->shim->stream, conv->has_bias ? 5 : 4, arguments) ==
           dnnl_success;
}

static Status reorder_open(Context *ctx, const DnnlConv *conv, const dnnl_memory_desc_t *from,
                           const dnnl_memory_desc_t *to, dnnl_primitive_t *reorder) {
    if (*reorder != NULL) return SPICA_OK;
    dnnl_primitive_desc_t descriptor;
    TRY_DNNL(dnnl_reorder_primitive_desc_create(&descriptor, from, conv->shim->engine, to, conv->shim->engine, NULL),
             "reorder");
    const Status status = dnnl_check(ctx, dnnl_primitive_create(reorder, descriptor), "reorder");
    dnnl_primitive_desc_destroy(descriptor);
    return status;
}

static Status reorder_run(Context *ctx, const DnnlConv *conv, dnnl_primitive_t reorder, const dnnl_memory_desc_t *from,
                          const float *source, const dnnl_memory_desc_t *to, float *target) {
    dnnl_memory_t in = NULL, out = NULL;
    /* The library's memory objects know no const; a reorder only reads its source. */
    union {
        const float *constant;
        void *plain;
    } pointer = {.constant = source};
    Status status = bind_memory(ctx, conv, from, pointer.plain, &in);
    if (status == SPICA_OK) status = bind_memory(ctx, conv, to, target, &out);
    const dnnl_exec_arg_t arguments[] = {{DNNL_ARG_FROM, in}, {DNNL_ARG_TO, out}};
    if (status == SPICA_OK)
        status = dnnl_check(ctx, dnnl_primitive_execute(reorder, conv->shim->stream, 2, arguments), "reorder");
    memory_close(in);
    memory_close(out);
    return status;
}

Status shim_conv_pack(Context *ctx, DnnlConv *conv, const float *plain, float *packed) {
    TRY(reorder_open(ctx, conv, &conv->plain_weights, weight_memory(conv), &conv->pack));
    return reorder_run(ctx, conv, conv->pack, &conv->plain_weights, plain, weight_memory(conv), packed);
}

Status shim_conv_unpack(Context *ctx, DnnlConv *conv, const float *packed, float *plain) {
    TRY(reorder_open(ctx, conv, weight_memory(conv), &conv->plain_weights, &conv->unpack));
    return reorder_run(ctx, conv, conv->unpack, weight_memory(conv), packed, &conv->plain_weights, plain);
}

void shim_library_version(char *text, size_t size) {
    const dnnl_version_t *version = dnnl_version();
    snprintf(text, size, "%d.%d.%d", version->major, version->minor, version->patch);
}
