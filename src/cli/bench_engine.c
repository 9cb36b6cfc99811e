/* The engine under spica bench: forward with batch statistics, backward and an SGD-momentum update of Linear(D,128) on
 * a backbone; forward with running statistics. */
#include "bench_parts.h"

#include "base/random.h"
#include "nn/init.h"
#include "nn/optimiser.h"
#include "nn/plan.h"

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
