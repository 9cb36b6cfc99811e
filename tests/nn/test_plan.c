/* The fast plans against the plain C reference over odd shapes. Tolerances are two to four times the largest
 * difference met with oneDNN's kernels for SSE 4.1, AVX2 and AVX-512, on 1 to 8 threads. */
#include "nn/plan_support.h"

static const PlanKind kinds[] = {PLAN_TRAIN, PLAN_TRAIN_FORWARD, PLAN_INFER};

static void compare_kinds(NetBuilder builder, const Shape *shape, double tolerance) {
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        compare_with_reference(builder, shape, kinds[k], tolerance);
}

static int build_conv(Context *ctx, Net *net, const Shape *shape, ValueId outputs[4]) {
    ValueId value = net_input(net);
    TEST_OK(ctx,
            net_conv(ctx, net, value, "first", shape->width, shape->kernel, shape->stride, shape->kernel / 2, &value));
    TEST_OK(ctx,
            net_conv(ctx, net, value, "second", shape->width + 3, shape->kernel, 1, shape->kernel / 2, &outputs[0]));
    return 1;
}

static void test_convolutions(void **state) {
    (void)state;
    static const Shape shapes[] = {
        {.channels = 1, .side = 28, .batch = 3, .width = 16, .kernel = 3, .stride = 2},
        {.channels = 3, .side = 14, .batch = 3, .width = 24, .kernel = 7, .stride = 2},
        {.channels = 3, .side = 32, .batch = 1, .width = 8, .kernel = 3, .stride = 1},
        {.channels = 5, .side = 7, .batch = 3, .width = 40, .kernel = 1, .stride = 2},
        {.channels = 16, .side = 2, .batch = 8, .width = 3, .kernel = 3, .stride = 1},
        {.channels = 24, .side = 1, .batch = 3, .width = 5, .kernel = 1, .stride = 1},
        {.channels = 40, .side = 7, .batch = 1, .width = 16, .kernel = 3, .stride = 2},
        {.channels = 8, .side = 14, .batch = 3, .width = 20, .kernel = 3, .stride = 1},
    };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        compare_kinds(build_conv, &shapes[i], 2e-6);
}

/* Convolution, batch norm, activation, with the last value read by nobody but us. */
static int build_norm(Context *ctx, Net *net, const Shape *shape, ValueId outputs[4]) {
    ValueId value = net_input(net);
    TEST_OK(ctx,
            net_conv(ctx, net, value, "conv", shape->width, shape->kernel, shape->stride, shape->kernel / 2, &value));
    TEST_OK(ctx, net_batch_norm(ctx, net, value, "bn", 0.1F, &value));
    TEST_OK(ctx, net_relu(ctx, net, value, shape->slope, &outputs[0]));
    return 1;
}

static void test_batch_norm(void **state) {
    (void)state;
    static const Shape shapes[] = {
        {.channels = 3, .side = 14, .batch = 8, .width = 16, .kernel = 3, .stride = 1},
        {.channels = 1, .side = 7, .batch = 8, .groups = 4, .width = 24, .kernel = 3, .stride = 2, .slope = 0.1F},
        {.channels = 5, .side = 2, .batch = 8, .groups = 2, .width = 5, .kernel = 1, .stride = 1},
        {.channels = 8, .side = 1, .batch = 8, .width = 40, .kernel = 1, .stride = 1},
        {.channels = 16, .side = 32, .batch = 1, .width = 8, .kernel = 3, .stride = 1, .slope = 0.25F},
    };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        compare_kinds(build_norm, &shapes[i], 3e-6);
}

/* A residual block as in ResNets: shape->stride 2 has a downsampling shortcut. */
static void add_block(Context *ctx, Net *net, const char *name, int width, int stride, float slope, ValueId *value) {
    char text[64];
    ValueId a, b = *value;
    snprintf(text, sizeof text, "%s.conv1", name);
    TEST_OK(ctx, net_conv(ctx, net, *value, text, width, 3, stride, 1, &a));
    snprintf(text, sizeof text, "%s.bn1", name);
    TEST_OK(ctx, net_batch_norm(ctx, net, a, text, 0.1F, &a));
    TEST_OK(ctx, net_relu(ctx, net, a, slope, &a));
    snprintf(text, sizeof text, "%s.conv2", name);
    TEST_OK(ctx, net_conv(ctx, net, a, text, width, 3, 1, 1, &a));
    snprintf(text, sizeof text, "%s.bn2", name);
    TEST_OK(ctx, net_batch_norm(ctx, net, a, text, 0.1F, &a));
    if (stride != 1) {
        snprintf(text, sizeof text, "%s.downsample.0", name);
        TEST_OK(ctx, net_conv(ctx, net, *value, text, width, 1, stride, 0, &b));
        snprintf(text, sizeof text, "%s.downsample.1", name);
        TEST_OK(ctx, net_batch_norm(ctx, net, b, text, 0.1F, &b));
    }
    TEST_OK(ctx, net_add(ctx, net, a, b, &a));
    TEST_OK(ctx, net_relu(ctx, net, a, slope, value));
}

/* Stem, three blocks, pool, two linear layers, with map, features and logits to read. */
static int build_resnet(Context *ctx, Net *net, const Shape *shape, ValueId outputs[4]) {
    ValueId value = net_input(net);
    TEST_OK(ctx,
            net_conv(ctx, net, value, "conv1", shape->width, shape->kernel, shape->stride, shape->kernel / 2, &value));
    TEST_OK(ctx, net_batch_norm(ctx, net, value, "bn1", 0.1F, &value));
    TEST_OK(ctx, net_relu(ctx, net, value, shape->slope, &value));
    if (shape->kernel == 7) TEST_OK(ctx, net_max_pool(ctx, net, value, 3, 2, 1, &value));
    add_block(ctx, net, "layer1.0", shape->width, 1, shape->slope, &value);
    add_block(ctx, net, "layer1.1", shape->width, 1, shape->slope, &value);
    add_block(ctx, net, "layer2.0", shape->width * 2, 2, shape->slope, &value);
    add_block(ctx, net, "layer2.1", shape->width * 2, 1, shape->slope, &value);
    outputs[0] = value;
    TEST_OK(ctx, net_global_avg_pool(ctx, net, value, &value));
    outputs[1] = value;
    TEST_OK(ctx, net_linear(ctx, net, value, "fc0", 12, &value));
    TEST_OK(ctx, net_relu(ctx, net, value, 0.0F, &value));
    TEST_OK(ctx, net_linear(ctx, net, value, "fc1", 5, &outputs[2]));
    return 3;
}

static void test_residual_network(void **state) {
    (void)state;
    static const Shape shapes[] = {
        {.channels = 3, .side = 8, .batch = 8, .width = 16, .kernel = 3, .stride = 1},
        {.channels = 1, .side = 28, .batch = 2, .groups = 2, .width = 8, .kernel = 3, .stride = 2},
        {.channels = 3, .side = 22, .batch = 3, .width = 20, .kernel = 7, .stride = 2, .slope = 0.1F},
        {.channels = 3, .side = 7, .batch = 6, .groups = 3, .width = 24, .kernel = 3, .stride = 1},
    };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        compare_kinds(build_resnet, &shapes[i], 8e-6);
}

/* Wide ResNet's pre-activation block: the raw stream is normalised and added to, with a dropout inside. */
static int build_preactivation(Context *ctx, Net *net, const Shape *shape, ValueId outputs[4]) {
    ValueId value = net_input(net), a;
    TEST_OK(ctx, net_conv(ctx, net, value, "conv1", shape->width, 3, shape->stride, 1, &value));
    for (int block = 0; block < 2; block++) {
        char name[4][32];
        static const char *const parts[] = {"bn1", "conv1", "bn2", "conv2"};
        for (int i = 0; i < 4; i++)
            snprintf(name[i], sizeof name[i], "block%d.%s", block, parts[i]);
        TEST_OK(ctx, net_batch_norm(ctx, net, value, name[0], 0.001F, &a));
        TEST_OK(ctx, net_relu(ctx, net, a, shape->slope, &a));
        TEST_OK(ctx, net_conv(ctx, net, a, name[1], shape->width, 3, 1, 1, &a));
        TEST_OK(ctx, net_batch_norm(ctx, net, a, name[2], 0.001F, &a));
        TEST_OK(ctx, net_relu(ctx, net, a, shape->slope, &a));
        TEST_OK(ctx, net_dropout(ctx, net, a, 0.3F, &a));
        TEST_OK(ctx, net_conv(ctx, net, a, name[3], shape->width, 3, 1, 1, &a));
        TEST_OK(ctx, net_add(ctx, net, value, a, &value));
    }
    TEST_OK(ctx, net_batch_norm(ctx, net, value, "bn", 0.001F, &value));
    TEST_OK(ctx, net_relu(ctx, net, value, shape->slope, &value));
    TEST_OK(ctx, net_global_avg_pool(ctx, net, value, &value));
    TEST_OK(ctx, net_linear(ctx, net, value, "fc", 4, &outputs[0]));
    return 1;
}

static void test_preactivation_network(void **state) {
    (void)state;
    static const Shape shapes[] = {
        {.channels = 3, .side = 14, .batch = 4, .width = 16, .stride = 1, .slope = 0.1F},
        {.channels = 1, .side = 14, .batch = 6, .groups = 2, .width = 24, .stride = 2, .slope = 0.1F},
    };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        compare_kinds(build_preactivation, &shapes[i], 3e-5);
}

/* Operations on the input itself, values read twice, nodes that no output needs, one output given twice. */
static int build_odd(Context *ctx, Net *net, const Shape *shape, ValueId outputs[4]) {
    ValueId a, b, c, unused;
    TEST_OK(ctx, net_max_pool(ctx, net, net_input(net), 2, 2, 1, &a));
    TEST_OK(ctx, net_batch_norm(ctx, net, a, "bn0", 0.3F, &a));
    TEST_OK(ctx, net_conv(ctx, net, a, "left", shape->width, 3, 1, 1, &b));
    TEST_OK(ctx, net_conv(ctx, net, a, "right", shape->width, 1, 1, 0, &c));
    TEST_OK(ctx, net_conv(ctx, net, a, "unused", shape->width, 1, 1, 0, &unused));
    TEST_OK(ctx, net_add(ctx, net, b, c, &a));
    TEST_OK(ctx, net_add(ctx, net, a, a, &a));
    TEST_OK(ctx, net_relu(ctx, net, a, shape->slope, &a));
    TEST_OK(ctx, net_batch_norm(ctx, net, b, "bn1", 0.3F, &b));
    TEST_OK(ctx, net_max_pool(ctx, net, a, 3, 1, 1, &c));
    TEST_OK(ctx, net_add(ctx, net, b, c, &b));
    TEST_OK(ctx, net_add(ctx, net, b, a, &b));
    outputs[0] = outputs[2] = b;
    outputs[1] = a;
    return 3;
}

static void test_odd_graphs(void **state) {
    (void)state;
    static const Shape shapes[] = {
        {.channels = 3, .side = 7, .batch = 4, .width = 16},
        {.channels = 5, .side = 2, .batch = 6, .groups = 2, .width = 8, .slope = 0.1F},
        {.channels = 16, .side = 14, .batch = 3, .width = 5},
    };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        compare_kinds(build_odd, &shapes[i], 4e-6);
}

/* Matrices alone: no convolution that could choose a layout. */
static int build_matrix(Context *ctx, Net *net, const Shape *shape, ValueId outputs[4]) {
    ValueId a, b;
    TEST_OK(ctx, net_linear(ctx, net, net_input(net), "fc0", shape->width, &a));
    TEST_OK(ctx, net_batch_norm(ctx, net, a, "bn0", 0.1F, &a));
    TEST_OK(ctx, net_relu(ctx, net, a, shape->slope, &a));
    TEST_OK(ctx, net_dropout(ctx, net, a, 0.5F, &a));
    TEST_OK(ctx, net_linear(ctx, net, a, "fc1", shape->width, &b));
    TEST_OK(ctx, net_add(ctx, net, a, b, &outputs[0]));
    return 1;
}

static void test_matrices(void **state) {
    (void)state;
    static const Shape shapes[] = {{.channels = 5, .side = 1, .batch = 8, .groups = 2, .width = 7},
                                   {.channels = 16, .side = 1, .batch = 6, .width = 48, .slope = 0.1F}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        compare_kinds(build_matrix, &shapes[i], 2e-4);
}

/* Wide enough for Winograd's kernels, which round about five times as much (docs/speed-log.md); and a batch of several
 * slices. */
static int build_wide(Context *ctx, Net *net, const Shape *shape, ValueId outputs[4]) {
    ValueId value, a;
    TEST_OK(ctx, net_conv(ctx, net, net_input(net), "stem", shape->width, 1, 1, 0, &value));
    TEST_OK(ctx, net_conv(ctx, net, value, "conv1", shape->width, 3, 1, 1, &a));
    TEST_OK(ctx, net_batch_norm(ctx, net, a, "bn1", 0.1F, &a));
    TEST_OK(ctx, net_relu(ctx, net, a, 0.0F, &a));
    TEST_OK(ctx, net_conv(ctx, net, a, "conv2", shape->width, 3, 1, 1, &a));
    TEST_OK(ctx, net_batch_norm(ctx, net, a, "bn2", 0.1F, &a));
    TEST_OK(ctx, net_add(ctx, net, a, value, &a));
    TEST_OK(ctx, net_relu(ctx, net, a, 0.0F, &outputs[0]));
    return 1;
}

static void test_wide_network(void **state) {
    (void)state;
    const Shape shape = {.channels = 3, .side = 8, .batch = 40, .width = 64};
    compare_with_reference(build_wide, &shape, PLAN_TRAIN, 8e-6);
    compare_with_reference(build_wide, &shape, PLAN_INFER, 4e-6);
}

/* The same bits in every run at the same thread count. */
static void test_same_bits(void **state) {
    (void)state;
    const Shape shape = {.channels = 3, .side = 14, .batch = 8, .width = 16, .kernel = 3, .stride = 1};
    Context *ctx = test_context_open();
    const PlanSettings settings = {.kind = PLAN_TRAIN, .update_running = true};
    Outcome first, second;
    run_plan(ctx, build_resnet, &shape, settings, 3, &first);
    run_plan(ctx, build_resnet, &shape, settings, 3, &second);
    ValueId outputs[4];
    int count;
    Net *net = build_net(ctx, build_resnet, &shape, outputs, &count);
    assert_memory_equal(first.gradients, second.gradients, net_params(net)->count * sizeof(float));
    assert_memory_equal(first.buffers, second.buffers, net_params(net)->buffer_count * sizeof(float));
    assert_memory_equal(first.outputs[2], second.outputs[2], first.counts[2] * sizeof(float));
    net_close(ctx, &net);
    outcome_close(ctx, &first);
    outcome_close(ctx, &second);
    test_context_close(&ctx);
}

/* run_plan where a parallel region of the plan gets one thread: it is the first worker, and takes all groups of the
 * second. */
static void run_alone(Context *ctx, NetBuilder builder, const Shape *shape, PlanSettings settings, Outcome *outcome) {
#pragma omp parallel num_threads(2)
#pragma omp single
    run_plan(ctx, builder, shape, settings, 2, outcome);
}

/* The same bits whoever runs a group of slices. */
static void test_taken_groups(void **state) {
    (void)state;
    static const struct {
        NetBuilder builder;
        Shape shape;
    } cases[] = {
        {build_resnet, {.channels = 3, .side = 14, .batch = 16, .width = 16, .kernel = 3, .stride = 1}},
        {build_resnet, {.channels = 1, .side = 28, .batch = 64, .width = 16, .kernel = 3, .stride = 2}},
        {build_wide, {.channels = 3, .side = 8, .batch = 40, .width = 64}},
        {build_conv, {.channels = 8, .side = 14, .batch = 8, .width = 20, .kernel = 3, .stride = 1}},
    };
    Context *ctx = test_context_open();
    const PlanSettings settings = {.kind = PLAN_TRAIN, .update_running = true};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Outcome shared, alone;
        run_plan(ctx, cases[i].builder, &cases[i].shape, settings, 2, &shared);
        run_alone(ctx, cases[i].builder, &cases[i].shape, settings, &alone);
        ValueId outputs[4];
        int count;
        Net *net = build_net(ctx, cases[i].builder, &cases[i].shape, outputs, &count);
        assert_memory_equal(shared.gradients, alone.gradients, net_params(net)->count * sizeof(float));
        assert_memory_equal(shared.buffers, alone.buffers, net_params(net)->buffer_count * sizeof(float));
        assert_memory_equal(shared.outputs[0], alone.outputs[0], shared.counts[0] * sizeof(float));
        net_close(ctx, &net);
        outcome_close(ctx, &shared);
        outcome_close(ctx, &alone);
    }
    test_context_close(&ctx);
}

/* Direct convolutions round otherwise than those of transforms. */
static void test_direct_convolutions(void **state) {
    (void)state;
    Shape shape = {.channels = 3, .side = 14, .batch = 8, .width = 16, .kernel = 3, .stride = 1};
    Context *ctx = test_context_open();
    const PlanSettings settings = {.kind = PLAN_TRAIN, .update_running = true};
    Outcome fast, direct;
    run_plan(ctx, build_resnet, &shape, settings, 1, &fast);
    shape.direct = true;
    run_plan(ctx, build_resnet, &shape, settings, 1, &direct);
    assert_close(fast.outputs[2], direct.outputs[2], fast.counts[2], 1e-3, 1e-3);
#ifdef __x86_64__ /* else, and below AVX2, no convolution is ours */
    if (__builtin_cpu_supports("avx2"))
        assert_memory_not_equal(fast.outputs[2], direct.outputs[2], fast.counts[2] * sizeof(float));
#endif
    outcome_close(ctx, &fast);
    outcome_close(ctx, &direct);
    test_context_close(&ctx);
}

/* Convolutions computed again in backward give the bits of those that were kept, on networks with shortcuts, strides,
 * small maps and convolutions that read convolutions; so do sums that are made again where the convolutions are kept.
 */
static void test_recompute(void **state) {
    (void)state;
    static const struct {
        NetBuilder builder;
        Shape shape;
    } cases[] = {
        {build_resnet, {.channels = 3, .side = 14, .batch = 8, .width = 16, .kernel = 3, .stride = 1}},
        {build_resnet, {.channels = 1, .side = 9, .batch = 4, .groups = 2, .width = 8, .kernel = 3, .stride = 2}},
        {build_wide, {.channels = 3, .side = 8, .batch = 40, .width = 64}},
        {build_resnet, {.channels = 3, .side = 12, .batch = 8, .width = 64, .kernel = 3, .stride = 1}},
        {build_conv, {.channels = 8, .side = 14, .batch = 3, .width = 20, .kernel = 3, .stride = 1}},
    };
    Context *ctx = test_context_open();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        PlanSettings settings = {.kind = PLAN_TRAIN, .update_running = true};
        Outcome kept, again;
        run_plan(ctx, cases[i].builder, &cases[i].shape, settings, 2, &kept);
        settings.recompute = true;
        run_plan(ctx, cases[i].builder, &cases[i].shape, settings, 2, &again);
        ValueId outputs[4];
        int count;
        Net *net = build_net(ctx, cases[i].builder, &cases[i].shape, outputs, &count);
        assert_memory_equal(kept.gradients, again.gradients, net_params(net)->count * sizeof(float));
        assert_memory_equal(kept.buffers, again.buffers, net_params(net)->buffer_count * sizeof(float));
        net_close(ctx, &net);
        outcome_close(ctx, &kept);
        outcome_close(ctx, &again);
    }
    test_context_close(&ctx);
}

/* A context that asks for it gets plans that keep less; under a limit that is lower still, none. */
static void test_memory_limit(void **state) {
    (void)state;
    const Shape shape = {.channels = 3, .side = 32, .batch = 64, .width = 16, .kernel = 3, .stride = 1};
    Context *ctx = test_context_open();
    PlanSettings settings = {.kind = PLAN_TRAIN, .batch = 64};
    Net *net = build_net(ctx, build_resnet, &shape, settings.outputs, &settings.output_count);
    Plan *plan;
    TEST_OK(ctx, plan_open(ctx, &plan, net, &settings));
    const size_t bytes = plan_bytes(plan);
    plan_close(ctx, &plan);
    spica_context_limit_memory(ctx, ctx->memory_used + bytes - 1);
    TEST_FAILS(ctx, SPICA_ERROR_MEMORY, "out of memory", plan_open(ctx, &plan, net, &settings));
    assert_null(plan);
    ctx->recompute = true;
    TEST_OK(ctx, plan_open(ctx, &plan, net, &settings));
    assert_true(plan_bytes(plan) < bytes);
    plan_close(ctx, &plan);
    net_close(ctx, &net);
    test_context_close(&ctx);
}

/* Weights changed, threads changed, gradients of some outputs only. */
static void test_changes_between_calls(void **state) {
    (void)state;
    const Shape shape = {.channels = 1, .side = 4, .batch = 2, .width = 8, .kernel = 3, .stride = 1};
    Context *ctx = test_context_open();
    PlanSettings settings = {.kind = PLAN_INFER, .batch = 2};
    Net *net = build_net(ctx, build_conv, &shape, settings.outputs, &settings.output_count);
    Plan *plan;
    TEST_OK(ctx, plan_open(ctx, &plan, net, &settings));
    float input[32];
    fill_random(input, 32, 3, 1.0F);
    TEST_OK(ctx, plan_forward(ctx, plan, input));
    const float before = plan_output(plan, 0)[5];
    Params *params = net_params(net);
    for (size_t i = 0; i < params->count; i++)
        params->values[i] *= 2.0F;
    params_changed(params);
    TEST_OK(ctx, plan_forward(ctx, plan, input));
    assert_close(&(float){plan_output(plan, 0)[5]}, &(float){4.0F * before}, 1, 1e-6, 1e-6);
    ctx->threads = 1;
    TEST_OK(ctx, plan_forward(ctx, plan, input));
    assert_close(&(float){plan_output(plan, 0)[5]}, &(float){4.0F * before}, 1, 1e-6, 1e-6);
    plan_close(ctx, &plan);
    net_close(ctx, &net);
    test_context_close(&ctx);
}

static void test_missing_output_gradients(void **state) {
    (void)state;
    const Shape shape = {.channels = 3, .side = 7, .batch = 4, .width = 8, .kernel = 3, .stride = 1};
    Context *ctx = test_context_open();
    PlanSettings settings = {.kind = PLAN_TRAIN, .batch = 4};
    Net *net = build_net(ctx, build_resnet, &shape, settings.outputs, &settings.output_count);
    Plan *plan;
    TEST_OK(ctx, plan_open(ctx, &plan, net, &settings));
    float input[4 * 7 * 7 * 3], d_features[4 * 16];
    fill_random(input, sizeof input / sizeof *input, 3, 1.0F);
    fill_random(d_features, 64, 4, 1.0F);
    TEST_OK(ctx, plan_forward(ctx, plan, input));
    const float *const d_outputs[] = {NULL, d_features, NULL};
    TEST_OK(ctx, plan_backward(ctx, plan, d_outputs));
    const Params *params = net_params(net);
    const Param *head = params_find(params, "fc1.weight", NULL), *stem = params_find(params, "conv1.weight", NULL);
    assert_true(largest(params->gradients + head->offset, head->count) == 0.0F);
    assert_true(largest(params->gradients + stem->offset, stem->count) > 0.0F);
    plan_close(ctx, &plan);
    net_close(ctx, &net);
    test_context_close(&ctx);
}

/* Sizes that do not fit are refused in words. */
static void test_refusals(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    Net *net;
    ValueId value, wide;
    TEST_FAILS(ctx, SPICA_ERROR_INTERNAL, "network input", net_open(ctx, &net, 0, 4, 4));
    TEST_OK(ctx, net_open(ctx, &net, 3, 4, 4));
    TEST_FAILS(ctx, SPICA_ERROR_INTERNAL, "does not fit", net_conv(ctx, net, 0, "c", 8, 7, 1, 1, &value));
    TEST_FAILS(ctx, SPICA_ERROR_INTERNAL, "value 9", net_relu(ctx, net, 9, 0.0F, &value));
    TEST_FAILS(ctx, SPICA_ERROR_INTERNAL, "features", net_linear(ctx, net, 0, "l", 8, &value));
    TEST_OK(ctx, net_conv(ctx, net, 0, "conv", 8, 4, 1, 0, &value));
    TEST_FAILS(ctx, SPICA_ERROR_INTERNAL, "two tensors", net_conv(ctx, net, 0, "conv", 8, 3, 1, 1, &wide));
    TEST_FAILS(ctx, SPICA_ERROR_INTERNAL, "add", net_add(ctx, net, 0, value, &wide));
    TEST_FAILS(ctx, SPICA_ERROR_INTERNAL, "dropout", net_dropout(ctx, net, value, 1.0F, &wide));
    TEST_OK(ctx, net_batch_norm(ctx, net, value, "bn", 0.1F, &value));
    Plan *plan;
    PlanSettings settings = {.kind = PLAN_TRAIN, .batch = 1, .outputs = {value}, .output_count = 1};
    TEST_FAILS(ctx, SPICA_ERROR_INTERNAL, "unfinished", plan_open(ctx, &plan, net, &settings));
    TEST_OK(ctx, net_finish(ctx, net));
    TEST_FAILS(ctx, SPICA_ERROR_INTERNAL, "finished network", net_relu(ctx, net, value, 0.0F, &wide));
    TEST_FAILS(ctx, SPICA_ERROR_INTERNAL, "one value per channel", plan_open(ctx, &plan, net, &settings));
    settings.batch = 6;
    settings.bn_groups = 4;
    TEST_FAILS(ctx, SPICA_ERROR_INTERNAL, "groups", plan_open(ctx, &plan, net, &settings));
    settings.bn_groups = 1;
    settings.outputs[0] = 77;
    TEST_FAILS(ctx, SPICA_ERROR_INTERNAL, "value 77", plan_open(ctx, &plan, net, &settings));
    settings.outputs[0] = value;
    settings.kind = PLAN_INFER;
    TEST_OK(ctx, plan_open(ctx, &plan, net, &settings));
    TEST_FAILS(ctx, SPICA_ERROR_INTERNAL, "not for training", plan_backward(ctx, plan, NULL));
    plan_close(ctx, &plan);
    net_close(ctx, &net);
    test_context_close(&ctx);
}

/* Every allocation that fails while a plan is made leaves nothing behind. */
static void test_allocation_failures(void **state) {
    (void)state;
    const Shape shape = {.channels = 3, .side = 4, .batch = 2, .width = 4, .kernel = 3, .stride = 1};
    Context *ctx = test_context_open();
    PlanSettings settings = {.kind = PLAN_TRAIN, .batch = 2};
    Net *net = build_net(ctx, build_resnet, &shape, settings.outputs, &settings.output_count);
    TestState *counter = test_state(ctx);
    Status status = SPICA_ERROR_MEMORY;
    for (int64_t n = 0; status != SPICA_OK; n += n < 20 ? 1 : 17) {
        Plan *plan;
        counter->fail_at = counter->allocations + n;
        status = plan_open(ctx, &plan, net, &settings);
        if (status != SPICA_OK) assert_int_equal(status, SPICA_ERROR_MEMORY);
        counter->fail_at = -1;
        plan_close(ctx, &plan);
    }
    net_close(ctx, &net);
    test_context_close(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_convolutions),
        cmocka_unit_test(test_batch_norm),
        cmocka_unit_test(test_residual_network),
        cmocka_unit_test(test_preactivation_network),
        cmocka_unit_test(test_odd_graphs),
        cmocka_unit_test(test_matrices),
        cmocka_unit_test(test_wide_network),
        cmocka_unit_test(test_same_bits),
        cmocka_unit_test(test_taken_groups),
        cmocka_unit_test(test_direct_convolutions),
        cmocka_unit_test(test_recompute),
        cmocka_unit_test(test_memory_limit),
        cmocka_unit_test(test_changes_between_calls),
        cmocka_unit_test(test_missing_output_gradients),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_allocation_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
