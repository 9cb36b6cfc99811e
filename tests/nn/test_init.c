/* Initialisations: distribution, bounds, independence of the tensors. */
#include "support/testing.h"

#include "nn/init.h"
#include "nn/net.h"

/* conv 8 -> 64, 3x3: fan-in 72, fan-out 576. linear 64 -> 200. */
static Net *init_net(Context *ctx) {
    Net *net;
    ValueId value;
    TEST_OK(ctx, net_open(ctx, &net, 8, 6, 6));
    TEST_OK(ctx, net_conv(ctx, net, net_input(net), "conv1", 64, 3, 1, 1, &value));
    TEST_OK(ctx, net_batch_norm(ctx, net, value, "bn1", 0.1f, &value));
    TEST_OK(ctx, net_conv(ctx, net, value, "conv2", 64, 3, 1, 1, &value));
    TEST_OK(ctx, net_global_avg_pool(ctx, net, value, &value));
    TEST_OK(ctx, net_linear(ctx, net, value, "fc", 200, &value));
    TEST_OK(ctx, net_finish(ctx, net));
    return net;
}

typedef struct Moments {
    double mean, deviation, kurtosis, largest;
} Moments;

static Moments tensor_moments(const Params *params, const char *name) {
    bool is_buffer;
    const Param *param = params_find(params, name, &is_buffer);
    assert_non_null(param);
    const float *values = params->values + param->offset;
    Moments m = {0};
    for (size_t i = 0; i < param->count; i++)
        m.mean += (double)values[i] / (double)param->count;
    double fourth = 0.0;
    for (size_t i = 0; i < param->count; i++) {
        const double d = (double)values[i] - m.mean;
        m.deviation += d * d / (double)param->count;
        fourth += d * d * d * d / (double)param->count;
        m.largest = fmax(m.largest, fabs((double)values[i]));
    }
    m.kurtosis = fourth / (m.deviation * m.deviation);
    m.deviation = sqrt(m.deviation);
    return m;
}

/* 4608 draws or more: the deviation's own is below 1.1 %, the kurtosis' (3 for a normal, 1.8 for a uniform) 0.08. The
 * seed is fixed, so that the test does not depend on luck. */
static void check_normal(const Params *params, const char *name, double deviation) {
    const Moments m = tensor_moments(params, name);
    assert_true(fabs(m.deviation / deviation - 1.0) < 0.04);
    assert_true(fabs(m.mean) < 0.06 * deviation);
    assert_true(fabs(m.kurtosis - 3.0) < 0.3);
}

static void check_uniform(const Params *params, const char *name, double bound, double slack) {
    const Moments m = tensor_moments(params, name);
    assert_true(m.largest <= bound && m.largest > bound * (1.0 - slack));
    assert_true(fabs(m.deviation / (bound / sqrt(3.0)) - 1.0) < 2.0 * slack);
    assert_true(fabs(m.kurtosis - 1.8) < 8.0 * slack);
}

static void check_constant(const Params *params, const char *name, float value) {
    bool is_buffer;
    const Param *param = params_find(params, name, &is_buffer);
    assert_non_null(param);
    const float *values = (is_buffer ? params->buffers : params->values) + param->offset;
    for (size_t i = 0; i < param->count; i++)
        assert_true(values[i] == value);
}

static void test_rules(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    Net *net = init_net(ctx);
    Params *params = net_params(net);
    const uint64_t version = params->version;
    init_params(params, INIT_DEFAULT, 3, RANDOM_TEST);
    assert_true(params->version != version);
    check_normal(params, "conv1.weight", sqrt(2.0 / 576.0));
    check_normal(params, "conv2.weight", sqrt(2.0 / 576.0));
    check_uniform(params, "fc.weight", 1.0 / 8.0, 0.02);
    check_uniform(params, "fc.bias", 1.0 / 8.0, 0.05);
    check_constant(params, "bn1.weight", 1.0f);
    check_constant(params, "bn1.bias", 0.0f);

    init_params(params, INIT_GAUSSIAN, 3, RANDOM_TEST);
    check_normal(params, "conv1.weight", 0.01);
    check_normal(params, "fc.weight", 0.01);
    check_constant(params, "fc.bias", 0.0f);
    init_params(params, INIT_XAVIER, 3, RANDOM_TEST);
    check_normal(params, "conv1.weight", sqrt(2.0 / (72.0 + 576.0)));
    check_normal(params, "fc.weight", sqrt(2.0 / (64.0 + 200.0)));
    init_params(params, INIT_KAIMING, 3, RANDOM_TEST);
    check_normal(params, "conv1.weight", sqrt(2.0 / 72.0));
    check_normal(params, "fc.weight", sqrt(2.0 / 64.0));
    check_constant(params, "bn1.weight", 1.0f);
    net_close(ctx, &net);
    test_context_close(&ctx);
}

/* Buffers begin anew; the seed decides; no two tensors share their draws. */
static void test_repeats(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    Net *first = init_net(ctx), *second = init_net(ctx);
    Params *a = net_params(first), *b = net_params(second);
    for (size_t i = 0; i < b->buffer_count; i++)
        b->buffers[i] = 9.0f;
    init_params(a, INIT_DEFAULT, 5, RANDOM_TEST);
    init_params(b, INIT_DEFAULT, 5, RANDOM_TEST);
    assert_memory_equal(a->values, b->values, a->count * sizeof(float));
    check_constant(b, "bn1.running_mean", 0.0f);
    check_constant(b, "bn1.running_var", 1.0f);
    check_constant(b, "bn1.num_batches_tracked", 0.0f);
    init_params(b, INIT_DEFAULT, 6, RANDOM_TEST);
    assert_memory_not_equal(a->values, b->values, 64 * sizeof(float));
    const float *conv1 = a->values + params_find(a, "conv1.weight", NULL)->offset;
    const float *conv2 = a->values + params_find(a, "conv2.weight", NULL)->offset;
    assert_memory_not_equal(conv1, conv2, 8 * sizeof(float));
    net_close(ctx, &first);
    net_close(ctx, &second);
    test_context_close(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rules), cmocka_unit_test(test_repeats)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
