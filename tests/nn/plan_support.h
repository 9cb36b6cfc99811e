/* Small networks with random weights, and one call that runs a plan and keeps what came out of it. */
#ifndef SPICA_TESTS_NN_PLAN_SUPPORT_H
#define SPICA_TESTS_NN_PLAN_SUPPORT_H

#include "base/random.h"
#include "nn/net_graph.h"
#include "nn/plan.h"
#include "support/testing.h"

/* What a test network is built from; each builder reads what it needs. */
typedef struct Shape {
    int channels, side;        /* of the input */
    int batch, groups;         /* groups 0: 1 */
    int width, kernel, stride; /* output channels, window */
    float slope;
    bool direct; /* net_use_direct_convolutions */
} Shape;

/* Adds the part under test behind the input; gives the values to read. */
typedef int (*NetBuilder)(Context *ctx, Net *net, const Shape *shape, ValueId outputs[4]);

static inline void fill_random(float *values, size_t count, uint64_t seed, float scale) {
    Random random = random_at(seed, RANDOM_TEST, 0, 0, 0);
    for (size_t i = 0; i < count; i++)
        values[i] = scale * random_normal(&random);
}

/* Weights of about unit gain, scales near 1, running statistics off their starts. */
static inline void randomize_params(Params *params, uint64_t seed) {
    for (size_t i = 0; i < params->table_count; i++) {
        const Param *param = &params->table[i];
        float *values = params->values + param->offset;
        float scale = 0.3F;
        if (param->rank >= 2) {
            const size_t fan = param->count / (size_t)param->shape[0];
            scale = 1.0F / sqrtf((float)fan);
        }
        fill_random(values, param->count, seed + i, scale);
        for (size_t c = 0; param->kind == PARAM_NORM_SCALE && c < param->count; c++)
            values[c] += 1.0F;
    }
    for (size_t i = 0; i < params->buffer_table_count; i++) {
        const Param *param = &params->buffer_table[i];
        float *values = params->buffers + param->offset;
        if (param->kind == PARAM_RUNNING_MEAN) fill_random(values, param->count, seed + 1000 + i, 0.2F);
        for (size_t c = 0; param->kind == PARAM_RUNNING_VARIANCE && c < param->count; c++)
            values[c] = 0.6F + 0.1F * (float)(c % 7);
    }
    params_changed(params);
}

typedef struct Outcome {
    float *outputs[4];
    size_t counts[4];
    int output_count;
    float *gradients, *buffers;
} Outcome;

static inline void outcome_close(Context *ctx, Outcome *outcome) {
    for (int i = 0; i < outcome->output_count; i++)
        FREE_ARRAY(ctx, &outcome->outputs[i]);
    FREE_ARRAY(ctx, &outcome->gradients);
    FREE_ARRAY(ctx, &outcome->buffers);
}

static inline float *copy_floats(Context *ctx, const float *values, size_t count) {
    float *copy;
    TEST_OK(ctx, NEW_ARRAY(ctx, &copy, count));
    memcpy(copy, values, count * sizeof *copy);
    return copy;
}

static inline Net *build_net(Context *ctx, NetBuilder builder, const Shape *shape, ValueId outputs[4], int *count) {
    Net *net;
    TEST_OK(ctx, net_open(ctx, &net, shape->channels, shape->side, shape->side));
    *count = builder(ctx, net, shape, outputs);
    if (shape->direct) net_use_direct_convolutions(net);
    TEST_OK(ctx, net_finish(ctx, net));
    randomize_params(net_params(net), 7);
    return net;
}

/* Builds the network anew, runs one forward and, for TRAIN, one backward with random output gradients, `repeat` times
 * over the same plan; the last run's results are kept. */
static inline void run_plan(Context *ctx, NetBuilder builder, const Shape *shape, PlanSettings settings, int repeat,
                            Outcome *outcome) {
    ValueId outputs[4];
    Net *net = build_net(ctx, builder, shape, outputs, &settings.output_count);
    memcpy(settings.outputs, outputs, sizeof outputs);
    settings.batch = (size_t)shape->batch;
    settings.bn_groups = shape->groups;
    Plan *plan;
    TEST_OK(ctx, plan_open(ctx, &plan, net, &settings));
    *outcome = (Outcome){.output_count = settings.output_count};
    const size_t input_count = (size_t)(shape->batch * shape->side * shape->side * shape->channels);
    float *input, *d_outputs[4] = {NULL};
    TEST_OK(ctx, NEW_ARRAY(ctx, &input, input_count));
    fill_random(input, input_count, 99, 1.0F);
    for (int i = 0; i < settings.output_count; i++) {
        const Node *node = net_node(net, outputs[i]);
        outcome->counts[i] = settings.batch * node_pixels(node) * (size_t)node->channels;
        TEST_OK(ctx, NEW_ARRAY(ctx, &d_outputs[i], outcome->counts[i]));
        fill_random(d_outputs[i], outcome->counts[i], 200 + (uint64_t)i, 1.0F);
    }
    for (int r = 0; r < repeat; r++) {
        TEST_OK(ctx, plan_forward(ctx, plan, input));
        if (settings.kind == PLAN_TRAIN) TEST_OK(ctx, plan_backward(ctx, plan, (const float *const *)d_outputs));
    }
    for (int i = 0; i < settings.output_count; i++)
        outcome->outputs[i] = copy_floats(ctx, plan_output(plan, i), outcome->counts[i]);
    outcome->gradients = copy_floats(ctx, net_params(net)->gradients, net_params(net)->count);
    outcome->buffers = copy_floats(ctx, net_params(net)->buffers, net_params(net)->buffer_count);
    for (int i = 0; i < settings.output_count; i++)
        FREE_ARRAY(ctx, &d_outputs[i]);
    FREE_ARRAY(ctx, &input);
    plan_close(ctx, &plan);
    net_close(ctx, &net);
}

static inline float largest(const float *values, size_t count) {
    float most = 0.0F;
    for (size_t i = 0; i < count; i++)
        most = fabsf(values[i]) > most ? fabsf(values[i]) : most;
    return most;
}

/* Every tensor of the flat block against its own largest value. */
static inline void assert_tensors_close(const char *what, const Param *table, size_t table_count, const float *actual,
                                        const float *expected, double tolerance) {
    for (size_t i = 0; i < table_count; i++) {
        const float *a = actual + table[i].offset, *e = expected + table[i].offset;
        const double allowed = tolerance * (0.02 + (double)largest(e, table[i].count));
        for (size_t k = 0; k < table[i].count; k++)
            if (!(fabs((double)a[k] - (double)e[k]) <= allowed))
                fail_msg("%s of %s at %zu: %.9g, expected %.9g (allowed difference %.3g)", what, table[i].name, k,
                         (double)a[k], (double)e[k], allowed);
    }
}

/* Input -> builder -> fast plan and reference must agree. */
static inline void compare_with_reference(NetBuilder builder, const Shape *shape, PlanKind kind, double tolerance) {
    Context *ctx = test_context_open();
    Outcome fast, slow;
    PlanSettings settings = {.kind = kind, .update_running = true, .seed = 5};
    run_plan(ctx, builder, shape, settings, 2, &fast);
    settings.reference = 1;
    run_plan(ctx, builder, shape, settings, 2, &slow);
    for (int i = 0; i < slow.output_count; i++) {
        const double allowed = tolerance * (0.02 + (double)largest(slow.outputs[i], slow.counts[i]));
        assert_close(fast.outputs[i], slow.outputs[i], slow.counts[i], allowed, 0.0);
    }
    ValueId outputs[4];
    int count;
    Net *net = build_net(ctx, builder, shape, outputs, &count);
    const Params *params = net_params(net);
    if (kind == PLAN_TRAIN)
        assert_tensors_close("gradient", params->table, params->table_count, fast.gradients, slow.gradients, tolerance);
    assert_tensors_close("buffer", params->buffer_table, params->buffer_table_count, fast.buffers, slow.buffers,
                         tolerance);
    net_close(ctx, &net);
    outcome_close(ctx, &fast);
    outcome_close(ctx, &slow);
    test_context_close(&ctx);
}

#endif
