/* Signed central differences against backward, for every operation and for a small residual network, in the plain C
 * reference and in the fast plan.
 *
 * Loss: sum of outputs times fixed random numbers, in float64. With a step of e in a float32 network the difference
 * quotient is wrong by about e^2 times the third derivative plus 1e-7 * |loss terms| / e, and jumps where a kink (ReLU,
 * maximum) lies inside the step: each case names its step and its tolerance, relative to the tensor's largest gradient.
 */
#include "nn/plan_support.h"

static int build_conv(Context *ctx, Net *net, const Shape *shape, ValueId outputs[4]) {
    ValueId value;
    TEST_OK(ctx, net_conv(ctx, net, net_input(net), "before", 5, 1, 1, 0, &value));
    TEST_OK(ctx, net_conv(ctx, net, value, "conv", shape->width, shape->kernel, shape->stride, shape->kernel / 2,
                          &outputs[0]));
    return 1;
}

static int build_norm(Context *ctx, Net *net, const Shape *shape, ValueId outputs[4]) {
    ValueId value;
    TEST_OK(ctx, net_conv(ctx, net, net_input(net), "before", shape->width, 3, 1, 1, &value));
    TEST_OK(ctx, net_batch_norm(ctx, net, value, "bn", 0.1F, &outputs[0]));
    return 1;
}

static int build_relu(Context *ctx, Net *net, const Shape *shape, ValueId outputs[4]) {
    ValueId value;
    TEST_OK(ctx, net_conv(ctx, net, net_input(net), "before", shape->width, 3, 1, 1, &value));
    TEST_OK(ctx, net_relu(ctx, net, value, shape->slope, &outputs[0]));
    return 1;
}

static int build_add(Context *ctx, Net *net, const Shape *shape, ValueId outputs[4]) {
    ValueId a, b;
    TEST_OK(ctx, net_conv(ctx, net, net_input(net), "left", shape->width, 3, 1, 1, &a));
    TEST_OK(ctx, net_conv(ctx, net, a, "right", shape->width, 1, 1, 0, &b));
    TEST_OK(ctx, net_add(ctx, net, a, b, &outputs[0]));
    return 1;
}

static int build_max_pool(Context *ctx, Net *net, const Shape *shape, ValueId outputs[4]) {
    ValueId value;
    TEST_OK(ctx, net_conv(ctx, net, net_input(net), "before", shape->width, 1, 1, 0, &value));
    TEST_OK(ctx, net_max_pool(ctx, net, value, shape->kernel, shape->stride, 1, &outputs[0]));
    return 1;
}

static int build_avg_pool(Context *ctx, Net *net, const Shape *shape, ValueId outputs[4]) {
    ValueId value;
    TEST_OK(ctx, net_conv(ctx, net, net_input(net), "before", shape->width, 1, 1, 0, &value));
    TEST_OK(ctx, net_global_avg_pool(ctx, net, value, &outputs[0]));
    return 1;
}

static int build_linear(Context *ctx, Net *net, const Shape *shape, ValueId outputs[4]) {
    ValueId value;
    TEST_OK(ctx, net_linear(ctx, net, net_input(net), "before", 9, &value));
    TEST_OK(ctx, net_linear(ctx, net, value, "linear", shape->width, &outputs[0]));
    return 1;
}

static int build_dropout(Context *ctx, Net *net, const Shape *shape, ValueId outputs[4]) {
    ValueId value;
    TEST_OK(ctx, net_conv(ctx, net, net_input(net), "before", shape->width, 1, 1, 0, &value));
    TEST_OK(ctx, net_dropout(ctx, net, value, 0.4F, &outputs[0]));
    return 1;
}

/* Two residual blocks, the second with a downsampling shortcut. */
static int build_residual(Context *ctx, Net *net, const Shape *shape, ValueId outputs[4]) {
    ValueId x, a, b;
    const int width = shape->width;
    TEST_OK(ctx, net_conv(ctx, net, net_input(net), "stem", width, 3, 1, 1, &x));
    TEST_OK(ctx, net_batch_norm(ctx, net, x, "bn", 0.1F, &x));
    TEST_OK(ctx, net_relu(ctx, net, x, shape->slope, &x));
    TEST_OK(ctx, net_conv(ctx, net, x, "0.conv1", width, 3, 1, 1, &a));
    TEST_OK(ctx, net_batch_norm(ctx, net, a, "0.bn1", 0.1F, &a));
    TEST_OK(ctx, net_relu(ctx, net, a, shape->slope, &a));
    TEST_OK(ctx, net_conv(ctx, net, a, "0.conv2", width, 3, 1, 1, &a));
    TEST_OK(ctx, net_batch_norm(ctx, net, a, "0.bn2", 0.1F, &a));
    TEST_OK(ctx, net_add(ctx, net, a, x, &a));
    TEST_OK(ctx, net_relu(ctx, net, a, shape->slope, &x));
    TEST_OK(ctx, net_conv(ctx, net, x, "1.conv1", 2 * width, 3, 2, 1, &a));
    TEST_OK(ctx, net_batch_norm(ctx, net, a, "1.bn1", 0.1F, &a));
    TEST_OK(ctx, net_relu(ctx, net, a, shape->slope, &a));
    TEST_OK(ctx, net_conv(ctx, net, a, "1.conv2", 2 * width, 3, 1, 1, &a));
    TEST_OK(ctx, net_batch_norm(ctx, net, a, "1.bn2", 0.1F, &a));
    TEST_OK(ctx, net_conv(ctx, net, x, "1.down", 2 * width, 1, 2, 0, &b));
    TEST_OK(ctx, net_batch_norm(ctx, net, b, "1.bnd", 0.1F, &b));
    TEST_OK(ctx, net_add(ctx, net, a, b, &a));
    TEST_OK(ctx, net_relu(ctx, net, a, shape->slope, &x));
    TEST_OK(ctx, net_global_avg_pool(ctx, net, x, &x));
    TEST_OK(ctx, net_linear(ctx, net, x, "fc", 3, &outputs[0]));
    return 1;
}

typedef struct Check {
    Context *ctx;
    Net *net;
    Plan *plan;
    float *input, *d_output;
    size_t count; /* of outputs */
} Check;

/* The loss with dropout's masks always those of the first forward. */
static double check_loss(Check *check) {
    plan_set_step(check->plan, 0);
    params_changed(net_params(check->net));
    TEST_OK(check->ctx, plan_forward(check->ctx, check->plan, check->input));
    const float *output = plan_output(check->plan, 0);
    double loss = 0.0;
    for (size_t i = 0; i < check->count; i++)
        loss += (double)output[i] * (double)check->d_output[i];
    return loss;
}

#define PLACES ((size_t)6) /* elements tried in each tensor, spread over it */

static void check_tensor(Check *check, const Param *param, const float *gradients, double step, double tolerance) {
    const float *gradient = gradients + param->offset;
    float *values = net_params(check->net)->values + param->offset;
    const double allowed = tolerance * (0.05 + (double)largest(gradient, param->count));
    const size_t places = param->count < PLACES ? param->count : PLACES;
    for (size_t k = 0; k < places; k++) {
        const size_t i = k * (param->count - 1) / (places > 1 ? places - 1 : 1);
        const float kept = values[i];
        values[i] = (float)((double)kept + step);
        const double above = check_loss(check), upper = (double)values[i];
        values[i] = (float)((double)kept - step);
        const double below = check_loss(check), lower = (double)values[i];
        values[i] = kept;
        const double difference = (above - below) / (upper - lower);
        if (!(fabs(difference - (double)gradient[i]) <= allowed))
            fail_msg("gradient of %s at %zu is %.6g, differences give %.6g (allowed difference %.2g)", param->name, i,
                     (double)gradient[i], difference, allowed);
    }
}

static void check_plan(NetBuilder builder, const Shape *shape, int reference, double step, double tolerance) {
    Context *ctx = test_context_open();
    Check check = {.ctx = ctx};
    PlanSettings settings = {.kind = PLAN_TRAIN,
                             .batch = (size_t)shape->batch,
                             .bn_groups = shape->groups,
                             .seed = 3,
                             .reference = reference};
    check.net = build_net(ctx, builder, shape, settings.outputs, &settings.output_count);
    TEST_OK(ctx, plan_open(ctx, &check.plan, check.net, &settings));
    const Node *output = net_node(check.net, settings.outputs[0]);
    const size_t inputs = (size_t)(shape->batch * shape->side * shape->side * shape->channels);
    check.count = settings.batch * node_pixels(output) * (size_t)output->channels;
    TEST_OK(ctx, NEW_ARRAY(ctx, &check.input, inputs));
    TEST_OK(ctx, NEW_ARRAY(ctx, &check.d_output, check.count));
    fill_random(check.input, inputs, 41, 1.0F);
    fill_random(check.d_output, check.count, 42, 1.0F);
    check_loss(&check);
    const float *const d_outputs[] = {check.d_output};
    TEST_OK(ctx, plan_backward(ctx, check.plan, d_outputs));
    const Params *params = net_params(check.net);
    float *gradients = copy_floats(ctx, params->gradients, params->count);
    for (size_t i = 0; i < params->table_count; i++)
        check_tensor(&check, &params->table[i], gradients, step, tolerance);
    FREE_ARRAY(ctx, &gradients);
    FREE_ARRAY(ctx, &check.input);
    FREE_ARRAY(ctx, &check.d_output);
    plan_close(ctx, &check.plan);
    net_close(ctx, &check.net);
    test_context_close(&ctx);
}

static void check_both(NetBuilder builder, Shape shape, double step, double tolerance) {
    check_plan(builder, &shape, 1, step, tolerance);
    check_plan(builder, &shape, 0, step, tolerance);
}

/* Linear in each weight: a large step, rounding alone. */
static void test_convolution(void **state) {
    (void)state;
    check_both(build_conv, (Shape){.channels = 3, .side = 6, .batch = 2, .width = 16, .kernel = 3, .stride = 1}, 0.1,
               2e-5);
    check_both(build_conv, (Shape){.channels = 1, .side = 7, .batch = 3, .width = 3, .kernel = 3, .stride = 2}, 0.1,
               2e-5);
    check_both(build_conv, (Shape){.channels = 2, .side = 8, .batch = 1, .width = 8, .kernel = 7, .stride = 2}, 0.1,
               2e-5);
    check_both(build_conv, (Shape){.channels = 4, .side = 5, .batch = 2, .width = 24, .kernel = 1, .stride = 2}, 0.1,
               2e-5);
}

static void test_batch_norm(void **state) {
    (void)state;
    check_both(build_norm, (Shape){.channels = 2, .side = 5, .batch = 4, .width = 5}, 1e-2, 1e-3);
    check_both(build_norm, (Shape){.channels = 2, .side = 3, .batch = 6, .groups = 3, .width = 16}, 1e-2, 4e-3);
}

static void test_relu(void **state) {
    (void)state;
    check_both(build_relu, (Shape){.channels = 2, .side = 5, .batch = 2, .width = 8}, 1e-3, 1e-2);
    check_both(build_relu, (Shape){.channels = 2, .side = 5, .batch = 2, .width = 8, .slope = 0.1F}, 1e-3, 1e-2);
}

static void test_add(void **state) {
    (void)state;
    check_both(build_add, (Shape){.channels = 2, .side = 5, .batch = 2, .width = 8}, 0.1, 2e-5);
}

static void test_max_pool(void **state) {
    (void)state;
    check_both(build_max_pool, (Shape){.channels = 2, .side = 7, .batch = 2, .width = 8, .kernel = 3, .stride = 2},
               1e-3, 2e-2);
    check_both(build_max_pool, (Shape){.channels = 2, .side = 6, .batch = 2, .width = 3, .kernel = 2, .stride = 2},
               1e-3, 2e-2);
}

static void test_avg_pool(void **state) {
    (void)state;
    check_both(build_avg_pool, (Shape){.channels = 2, .side = 5, .batch = 3, .width = 20}, 0.1, 2e-5);
}

static void test_linear(void **state) {
    (void)state;
    check_both(build_linear, (Shape){.channels = 6, .side = 1, .batch = 5, .width = 7}, 0.1, 2e-5);
}

static void test_dropout(void **state) {
    (void)state;
    check_both(build_dropout, (Shape){.channels = 2, .side = 5, .batch = 3, .width = 20}, 0.1, 2e-5);
}

static void test_residual_network(void **state) {
    (void)state;
    check_both(build_residual, (Shape){.channels = 3, .side = 6, .batch = 6, .groups = 2, .width = 4, .slope = 0.1F},
               2e-3, 4e-2);
    check_both(build_residual, (Shape){.channels = 1, .side = 8, .batch = 4, .width = 8}, 2e-3, 4e-2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_convolution), cmocka_unit_test(test_batch_norm), cmocka_unit_test(test_relu),
        cmocka_unit_test(test_add),         cmocka_unit_test(test_max_pool),   cmocka_unit_test(test_avg_pool),
        cmocka_unit_test(test_linear),      cmocka_unit_test(test_dropout),    cmocka_unit_test(test_residual_network),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
