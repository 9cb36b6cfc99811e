/* Optimisers against torch.optim, schedules, moving averages. */
#include "support/testing.h"

#include "formula.h"
#include "nn/net.h"
#include "nn/optimiser.h"

/* A convolution of 3 to 6 channels, its norm and a linear layer: 206 weights, tensors padded to multiples of 16. */
static Net *small_net(Context *ctx) {
    Net *net;
    ValueId value;
    TEST_OK(ctx, net_open(ctx, &net, 3, 4, 4));
    TEST_OK(ctx, net_conv(ctx, net, net_input(net), "conv1", 6, 3, 1, 1, &value));
    TEST_OK(ctx, net_batch_norm(ctx, net, value, "bn1", 0.1f, &value));
    TEST_OK(ctx, net_global_avg_pool(ctx, net, value, &value));
    TEST_OK(ctx, net_linear(ctx, net, value, "fc", 4, &value));
    TEST_OK(ctx, net_finish(ctx, net));
    return net;
}

static void fill_named(float *block, const Params *params, const char *prefix) {
    char name[160];
    for (size_t t = 0; t < params->table_count; t++) {
        snprintf(name, sizeof name, "%s%s", prefix, params->table[t].name);
        formula_fill(block + params->table[t].offset, params->table[t].count, name, 0.0, 1.0);
    }
}

static void run_case(Context *ctx, const char *name, OptimiserSettings settings, float rate) {
    Net *net = small_net(ctx);
    Params *params = net_params(net);
    Optimiser optimiser = {0};
    TEST_OK(ctx, optimiser_open(ctx, &optimiser, &settings, params));
    fill_named(params->values, params, "optimiser.");
    for (int step = 0; step < 6; step++) {
        char prefix[32];
        snprintf(prefix, sizeof prefix, "gradient.%d.", step);
        fill_named(params->gradients, params, prefix);
        rate *= 0.9f;
        const uint64_t version = params->version;
        optimiser_step(ctx, &optimiser, params, rate);
        assert_true(params->version != version);
    }
    assert_int_equal(optimiser.steps, 6);
    char path[80];
    size_t count, at = 0;
    snprintf(path, sizeof path, "nn/optimiser_%s.npy", name);
    double *golden = golden_double(ctx, path, &count);
    /* float32 against float64: some roundings of 6e-8 on values up to 3 in each of 6 steps; Adam divides by sqrt(v),
     * which is as small as its gradients are, but multiplies by rate 0.005. */
    for (size_t t = 0; t < params->table_count; t++)
        for (size_t i = 0; i < params->table[t].count; i++, at++) {
            const double value = (double)params->values[params->table[t].offset + i];
            if (!(fabs(value - golden[at]) <= 5e-7 + 2e-7 * fabs(golden[at])))
                fail_msg("%s: %s[%zu] is %.9g, expected %.9g", name, params->table[t].name, i, value, golden[at]);
        }
    assert_int_equal(at, count);
    FREE_ARRAY(ctx, &golden);
    optimiser_close(ctx, &optimiser);
    net_close(ctx, &net);
}

static void test_golden(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    OptimiserSettings settings = {.weight_decay = 0.02f};
    for (int rule = 0; rule < 2; rule++) {
        settings.decay_rule = rule == 0 ? DECAY_ALL : DECAY_ALL_BUT_NORMS;
        settings.kind = OPTIMISER_SGD;
        settings.momentum = 0.9f;
        run_case(ctx, rule == 0 ? "sgd_all" : "sgd_but_norms", settings, 0.1f);
        settings.nesterov = true;
        run_case(ctx, rule == 0 ? "nesterov_all" : "nesterov_but_norms", settings, 0.1f);
        settings.nesterov = false;
        settings.momentum = 0.0f;
        run_case(ctx, rule == 0 ? "plain_all" : "plain_but_norms", settings, 0.1f);
        settings.kind = OPTIMISER_ADAM;
        run_case(ctx, rule == 0 ? "adam_all" : "adam_but_norms", settings, 0.005f);
    }
    test_context_close(&ctx);
}

/* Blocks, runs of equal decay and threads change no bit; paddings stay zero. */
static void test_blocks(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    float *kept = NULL;
    for (int round = 0; round < 2; round++) {
        ctx->threads = round == 0 ? 1 : 3;
        Net *net;
        ValueId value;
        TEST_OK(ctx, net_open(ctx, &net, 1, 1, 1));
        TEST_OK(ctx, net_linear(ctx, net, net_input(net), "one", 20000, &value));
        TEST_OK(ctx, net_batch_norm(ctx, net, value, "norm", 0.1f, &value));
        TEST_OK(ctx, net_linear(ctx, net, value, "two", 3, &value));
        TEST_OK(ctx, net_finish(ctx, net));
        Params *params = net_params(net);
        fill_named(params->values, params, "v");
        fill_named(params->gradients, params, "g");
        const OptimiserSettings settings = {.momentum = 0.9f, .weight_decay = 0.1f, .decay_rule = DECAY_ALL_BUT_NORMS};
        Optimiser optimiser = {0};
        TEST_OK(ctx, optimiser_open(ctx, &optimiser, &settings, params));
        optimiser_step(ctx, &optimiser, params, 0.5f);
        for (size_t t = 0; t < params->table_count; t++) {
            const Param *p = &params->table[t];
            const float decay = p->kind == PARAM_NORM_SCALE || p->kind == PARAM_NORM_SHIFT ? 0.0f : 0.1f;
            float *before, *gradient = params->gradients + p->offset;
            TEST_OK(ctx, NEW_ARRAY(ctx, &before, p->count));
            char name[160];
            snprintf(name, sizeof name, "v%s", p->name);
            formula_fill(before, p->count, name, 0.0, 1.0);
            for (size_t i = 0; i < p->count; i++)
                before[i] -= 0.5f * (gradient[i] + decay * before[i]);
            assert_close(params->values + p->offset, before, p->count, 1e-7, 0);
            FREE_ARRAY(ctx, &before);
            for (size_t i = p->count; (p->offset + i) % 16 != 0; i++)
                assert_true(params->values[p->offset + i] == 0.0f);
        }
        if (round == 0) {
            TEST_OK(ctx, NEW_ARRAY(ctx, &kept, params->count));
            memcpy(kept, params->values, params->count * sizeof *kept);
        } else {
            assert_memory_equal(kept, params->values, params->count * sizeof *kept);
        }
        optimiser_close(ctx, &optimiser);
        net_close(ctx, &net);
    }
    FREE_ARRAY(ctx, &kept);
    test_context_close(&ctx);
}

/* FixMatch's programs tell norms by "bn" in the name; a parameter of that name is spared whatever it is. */
static void test_named_bn(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    Net *net;
    ValueId value;
    TEST_OK(ctx, net_open(ctx, &net, 1, 1, 1));
    TEST_OK(ctx, net_linear(ctx, net, net_input(net), "subnet", 2, &value));
    TEST_OK(ctx, net_batch_norm(ctx, net, value, "downsample.1", 0.1f, &value));
    TEST_OK(ctx, net_finish(ctx, net));
    Params *params = net_params(net);
    for (size_t i = 0; i < params->count; i++)
        params->values[i] = 1.0f;
    const OptimiserSettings settings = {.weight_decay = 0.5f, .decay_rule = DECAY_ALL_BUT_NORMS};
    Optimiser optimiser = {0};
    TEST_OK(ctx, optimiser_open(ctx, &optimiser, &settings, params));
    optimiser_step(ctx, &optimiser, params, 1.0f);
    for (size_t t = 0; t < params->table_count; t++) {
        const bool spared =
            strstr(params->table[t].name, "bn") != NULL || strncmp(params->table[t].name, "downsample", 10) == 0;
        assert_true(params->values[params->table[t].offset] == (spared ? 1.0f : 0.5f));
    }
    optimiser_close(ctx, &optimiser);
    net_close(ctx, &net);
    test_context_close(&ctx);
}

static void test_schedules(void **state) {
    (void)state;
    assert_true(schedule_cosine(0.4f, 0.0) == 0.4f);
    assert_true(fabsf(schedule_cosine(0.4f, 0.5) - 0.2f) < 1e-7f);
    assert_true(fabsf(schedule_cosine(0.4f, 1.0)) < 1e-7f);
    assert_true(fabsf(schedule_cosine(0.4f, 0.25) - 0.4f * 0.853553391f) < 1e-7f);
    /* torch.optim.lr_scheduler.MultiStepLR(milestones=[120, 160], gamma=0.1) over 200 epochs */
    assert_true(schedule_step(0.03f, 119.0 / 200.0) == 0.03f);
    assert_true(fabsf(schedule_step(0.03f, 120.0 / 200.0) - 0.003f) < 1e-9f);
    assert_true(fabsf(schedule_step(0.03f, 159.0 / 200.0) - 0.003f) < 1e-9f);
    assert_true(fabsf(schedule_step(0.03f, 160.0 / 200.0) - 0.0003f) < 1e-9f);
    assert_true(schedule_rate(SCHEDULE_CONSTANT, 0.4f, 0.9) == 0.4f);
    assert_true(schedule_rate(SCHEDULE_COSINE, 0.4f, 0.3) == schedule_cosine(0.4f, 0.3));
    assert_true(schedule_rate(SCHEDULE_STEP, 0.4f, 0.7) == schedule_step(0.4f, 0.7));
    assert_true(schedule_cosine_7_16(0.03f, 0.0) == 0.03f);
    assert_true(fabsf(schedule_cosine_7_16(0.03f, 1.0) - 0.03f * 0.195090322f) < 1e-8f);
}

static void test_moving_average(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    Net *average_net = small_net(ctx), *net = small_net(ctx);
    Params *average = net_params(average_net), *values = net_params(net);
    for (size_t i = 0; i < values->count; i++) {
        average->values[i] = 1.0f;
        values->values[i] = 2.0f;
    }
    for (size_t i = 0; i < values->buffer_count; i++)
        values->buffers[i] = 7.0f;
    const uint64_t version = average->version;
    moving_average_update(ctx, average, values, 0.999f, false, 0, false);
    assert_true(average->version != version);
    /* 0.999 * 1 + 0.001 * 2, with PyTorch's 1 - 0.999 in float64 */
    assert_true(average->values[5] == 0.999f * 1.0f + 0.001f * 2.0f);
    assert_true(average->buffers[0] != 7.0f);
    /* Warm-up: (1 + 0) / (10 + 0), and mu once that is larger. */
    average->values[5] = 1.0f;
    moving_average_update(ctx, average, values, 0.999f, true, 0, true);
    assert_true(average->values[5] == 0.1f * 1.0f + 0.9f * 2.0f);
    assert_true(average->buffers[0] == 7.0f);
    average->values[5] = 1.0f;
    moving_average_update(ctx, average, values, 0.5f, true, 1000, true);
    assert_true(average->values[5] == 1.5f);
    net_close(ctx, &average_net);
    net_close(ctx, &net);
    test_context_close(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),    cmocka_unit_test(test_blocks),         cmocka_unit_test(test_named_bn),
        cmocka_unit_test(test_schedules), cmocka_unit_test(test_moving_average),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
