/* The engine under spica bench: forward with batch statistics, backward and an SGD-momentum update of Linear(D,128) on
 * a backbone; forward with running statistics; and what part of the processor's limit the convolutions of such a step
 * reach. */
#include "bench_parts.h"

#include "base/random.h"
#include "nn/init.h"
#include "nn/optimiser.h"
#include "nn/plan_steps.h"

typedef struct EngineState {
    Net *net;
    Plan *plan;
    Optimiser optimiser;
    float *input, *d_output;
} EngineState;

static Status engine_step(Context *ctx, void *opaque) {
    EngineState *state = opaque;
    TRY(plan_forward(ctx, state->plan, state->input));
    if (state->d_output == NULL) return SPICA_OK;
    const float *d_outputs[1] = {state->d_output};
    TRY(plan_backward(ctx, state->plan, d_outputs));
    optimiser_step(ctx, &state->optimiser, net_params(state->net), 1e-3f);
    return SPICA_OK;
}

static Status engine_open(Context *ctx, const Bench *bench, PlanKind kind, bool recompute, EngineState *state) {
    ModelSpec spec;
    ValueId features, output;
    TRY(bench_spec(ctx, bench, &spec));
    TRY(net_open(ctx, &state->net, spec.channels, spec.height, spec.width));
    TRY(backbone_build(ctx, state->net, &spec.backbone, "", &features, NULL));
    TRY(net_linear(ctx, state->net, features, "projection", 128, &output));
    TRY(net_finish(ctx, state->net));
    init_params(net_params(state->net), INIT_DEFAULT, 0, RANDOM_INIT_BACKBONE);
    params_changed(net_params(state->net));
    const PlanSettings settings = {.kind = kind,
                                   .batch = bench->batch,
                                   .outputs = {output},
                                   .output_count = 1,
                                   .update_running = kind == PLAN_TRAIN,
                                   .recompute = recompute};
    TRY(plan_open(ctx, &state->plan, state->net, &settings));
    const OptimiserSettings sgd = {.kind = OPTIMISER_SGD, .momentum = 0.9f, .weight_decay = 1e-4f};
    TRY(optimiser_open(ctx, &state->optimiser, &sgd, net_params(state->net)));
    const size_t pixels = bench->batch * (size_t)(spec.height * spec.width * spec.channels);
    TRY(NEW_ARRAY(ctx, &state->input, pixels));
    Random random = random_at(2, RANDOM_TEST, 0, 0, 0);
    for (size_t i = 0; i < pixels; i++)
        state->input[i] = random_normal(&random);
    if (kind != PLAN_TRAIN) return SPICA_OK;
    TRY(NEW_ARRAY(ctx, &state->d_output, bench->batch * 128));
    for (size_t i = 0; i < bench->batch * 128; i++)
        state->d_output[i] = 1e-4f * random_normal(&random);
    return SPICA_OK;
}

static void engine_close(Context *ctx, EngineState *state) {
    FREE_ARRAY(ctx, &state->input);
    FREE_ARRAY(ctx, &state->d_output);
    optimiser_close(ctx, &state->optimiser);
    plan_close(ctx, &state->plan);
    net_close(ctx, &state->net);
}

static Status bench_engine(Context *ctx, const Bench *bench, PlanKind kind, bool recompute, double *value) {
    EngineState state = {0};
    Status status = engine_open(ctx, bench, kind, recompute, &state);
    if (status == SPICA_OK) status = time_calls(ctx, engine_step, &state, value);
    *value *= (double)bench->batch;
    engine_close(ctx, &state);
    return status;
}

Status bench_train(Context *ctx, const Bench *bench, double *value) {
    return bench_engine(ctx, bench, PLAN_TRAIN, false, value);
}

Status bench_infer(Context *ctx, const Bench *bench, double *value) {
    return bench_engine(ctx, bench, PLAN_INFER, false, value);
}

Status bench_train_again(Context *ctx, const Bench *bench, double *value) {
    return bench_engine(ctx, bench, PLAN_TRAIN, true, value);
}

static Status engine_memory(Context *ctx, const Bench *bench, bool recompute, double *value) {
    EngineState state = {0};
    const Status status = engine_open(ctx, bench, PLAN_TRAIN, recompute, &state);
    *value = (double)ctx->memory_used / 1e6;
    engine_close(ctx, &state);
    return status;
}

Status bench_memory_kept(Context *ctx, const Bench *bench, double *value) {
    return engine_memory(ctx, bench, false, value);
}

Status bench_memory_again(Context *ctx, const Bench *bench, double *value) {
    return engine_memory(ctx, bench, true, value);
}

/* ---- the convolutions of a training step ---- */

/* The pass that a step belongs to, a weight gradient's reordering included; -1: no convolution. */
static int conv_pass(const Step *step) {
    if (step->run == step_unpack) return CONV_BACKWARD_WEIGHTS;
    return step->run == step_conv || step->run == step_weight_gradient ? (int)step->as.conv.pass : -1;
}

/* Of direct convolution, in GFLOP. */
static double conv_operations(const ConvShape *shape) {
    const double outputs = (double)shape->batch * shape->out_height * shape->out_width * shape->out_channels;
    return 2e-9 * shape->kernel * shape->kernel * shape->in_channels * outputs;
}

/* GFLOP/s of one pass in a plan that has been profiled over so many calls, -1: of all three. */
static double conv_rate(const Plan *plan, int pass, int calls) {
    double operations = 0.0, seconds = 0.0;
    for (int i = 0; i < plan->step_count; i++) {
        const Step *step = &plan->steps[i];
        if (conv_pass(step) < 0 || (pass >= 0 && conv_pass(step) != pass)) continue;
        seconds += plan->profile[i] / calls;
        if (step->run != step_unpack) operations += conv_operations(&plan->convs[step->as.conv.conv].shape);
    }
    return operations / seconds;
}

#define PROFILED_CALLS 3

/* With one thread: a profile is one worker's. */
Status bench_convs(Context *ctx, const Bench *bench, double *value) {
    const int threads = ctx->threads;
    const double limit = fma_limit();
    EngineState state = {0};
    ctx->threads = 1;
    Status status = engine_open(ctx, bench, PLAN_TRAIN, false, &state);
    if (status == SPICA_OK) status = engine_step(ctx, &state);
    if (status == SPICA_OK) status = plan_profile(ctx, state.plan, true);
    for (int i = 0; i < PROFILED_CALLS && status == SPICA_OK; i++)
        status = engine_step(ctx, &state);
    if (status == SPICA_OK) *value = 100.0 * conv_rate(state.plan, bench->pass, PROFILED_CALLS) / limit;
    engine_close(ctx, &state);
    ctx->threads = threads;
    return status;
}
