/* What stands between the convolutions, under spica bench: the passes over memory beside its limit. */
#include "bench_parts.h"
#include "nn/kernels.h"

/* The two limits of the table. */
Status bench_fma(Context *ctx, const Bench *bench, double *value) {
    (void)ctx, (void)bench;
    *value = fma_limit();
    return SPICA_OK;
}

Status bench_memory(Context *ctx, const Bench *bench, double *value) {
    return memory_limit(ctx, bench->reads_only, value);
}

/* A batch in blocks of 16 channels, of far more bytes than the caches hold. Kernels read `in` and `gradient` and write
 * `out`; `channel` has what they need of every channel, `small` and `places` what a pool
 * leaves. */
typedef struct Elementwise {
    size_t pictures, side;
    Grid grid;
    float *in, *gradient, *out, *channel, *partial, *small;
    uint8_t *places;
} Elementwise;

#define LANES ((size_t)16)

static Status elementwise_open(Context *ctx, Elementwise *run, const Bench *bench) {
    const size_t channels = ((size_t)bench->width + LANES - 1) / LANES * LANES;
    run->pictures = bench->batch;
    run->side = (size_t)bench->side;
    run->grid = (Grid){.blocks = channels / LANES, .rows = (size_t)(bench->side * bench->side), .lanes = LANES};
    const size_t floats = run->pictures * grid_floats(&run->grid);
    TRY(bench_floats(ctx, &run->in, floats));
    TRY(bench_floats(ctx, &run->gradient, floats));
    TRY(NEW_ZEROED(ctx, &run->out, floats));
    TRY(bench_floats(ctx, &run->channel, channels));
    TRY(bench_floats(ctx, &run->small, floats / 4));
    TRY(NEW_ZEROED(ctx, &run->places, floats / 4));
    return NEW_ZEROED(ctx, &run->partial, run->pictures * 2 * channels);
}

static void elementwise_close(Context *ctx, Elementwise *run) {
    FREE_ARRAY(ctx, &run->in);
    FREE_ARRAY(ctx, &run->gradient);
    FREE_ARRAY(ctx, &run->out);
    FREE_ARRAY(ctx, &run->channel);
    FREE_ARRAY(ctx, &run->small);
    FREE_ARRAY(ctx, &run->places);
    FREE_ARRAY(ctx, &run->partial);
}

static Range whole_batch(const Elementwise *run) {
    return (Range){.pictures = run->pictures, .group_pictures = run->pictures, .chunk_pictures = 1};
}

static Status combine_call(Context *ctx, void *opaque) {
    const Elementwise *run = opaque;
    const CombineTask task = {.grid = run->grid,
                              .range = whole_batch(run),
                              .a = run->in,
                              .a_scale = run->channel,
                              .a_shift = run->channel,
                              .out = run->out};
    kernel_combine(&task, ctx->threads);
    return SPICA_OK;
}

static Status statistics_call(Context *ctx, void *opaque) {
    const Elementwise *run = opaque;
    const StatisticsTask task = {.grid = run->grid, .range = whole_batch(run), .in = run->in, .partial = run->partial};
    kernel_statistics(&task, ctx->threads);
    return SPICA_OK;
}

static Status combine_backward_call(Context *ctx, void *opaque) {
    const Elementwise *run = opaque;
    const CombineBackwardTask task = {.grid = run->grid,
                                      .range = whole_batch(run),
                                      .g1 = run->gradient,
                                      .a = run->in,
                                      .a_scale = run->channel,
                                      .a_shift = run->channel,
                                      .a_mean = run->channel,
                                      .a_partial = run->partial};
    kernel_combine_backward(&task, ctx->threads);
    return SPICA_OK;
}

static Status norm_gradient_call(Context *ctx, void *opaque) {
    const Elementwise *run = opaque;
    const NormGradientTask task = {.grid = run->grid,
                                   .range = whole_batch(run),
                                   .g = run->gradient,
                                   .x = run->in,
                                   .scale = run->channel,
                                   .shift = run->channel,
                                   .mean = run->channel,
                                   .coefficient = run->channel,
                                   .constant = run->channel,
                                   .mask = true,
                                   .out = run->out};
    kernel_norm_gradient(&task, ctx->threads);
    return SPICA_OK;
}

/* The pool of STL-10's first layers: 2x2, stride 2. */
static PoolTask pool_task(const Elementwise *run, float *in, float *out) {
    return (PoolTask){.blocks = run->grid.blocks,
                      .lanes = LANES,
                      .pictures = run->pictures,
                      .in_height = run->side,
                      .in_width = run->side,
                      .out_height = run->side / 2,
                      .out_width = run->side / 2,
                      .kernel = 2,
                      .stride = 2,
                      .in = in,
                      .out = out,
                      .places = run->places};
}

static Status max_pool_call(Context *ctx, void *opaque) {
    const Elementwise *run = opaque;
    const PoolTask task = pool_task(run, run->in, run->small);
    kernel_max_pool(&task, ctx->threads);
    return SPICA_OK;
}

static Status max_pool_backward_call(Context *ctx, void *opaque) {
    const Elementwise *run = opaque;
    const PoolTask task = pool_task(run, run->out, run->small);
    kernel_max_pool_backward(&task, ctx->threads);
    return SPICA_OK;
}

static Status avg_pool_call(Context *ctx, void *opaque) {
    const Elementwise *run = opaque;
    kernel_avg_pool(run->small, run->in, &run->grid, grid_channels(&run->grid), run->pictures, ctx->threads);
    return SPICA_OK;
}

static Status avg_pool_backward_call(Context *ctx, void *opaque) {
    const Elementwise *run = opaque;
    kernel_avg_pool_backward(run->out, run->small, &run->grid, grid_channels(&run->grid), run->pictures, ctx->threads);
    return SPICA_OK;
}

/* Per cent of the memory's bandwidth; bytes: that a call reads and writes for each float of the batch. */
static Status bench_elementwise(Context *ctx, const Bench *bench, Status (*call)(Context *ctx, void *state),
                                double bytes, double *value) {
    Elementwise run = {0};
    double limit = 0.0;
    Status status = memory_limit(ctx, bench->reads_only, &limit);
    if (status == SPICA_OK) status = elementwise_open(ctx, &run, bench);
    if (status == SPICA_OK) status = time_calls(ctx, call, &run, value);
    *value *= bytes * (double)(run.pictures * grid_floats(&run.grid)) / 1e9 / limit * 100.0;
    elementwise_close(ctx, &run);
    return status;
}

Status bench_combine(Context *ctx, const Bench *bench, double *value) {
    return bench_elementwise(ctx, bench, combine_call, 8.0, value);
}

Status bench_statistics(Context *ctx, const Bench *bench, double *value) {
    return bench_elementwise(ctx, bench, statistics_call, 4.0, value);
}

Status bench_combine_backward(Context *ctx, const Bench *bench, double *value) {
    return bench_elementwise(ctx, bench, combine_backward_call, 8.0, value);
}

Status bench_norm_gradient(Context *ctx, const Bench *bench, double *value) {
    return bench_elementwise(ctx, bench, norm_gradient_call, 12.0, value);
}

/* A quarter of the floats and of the places stand on the other side. */
Status bench_max_pool(Context *ctx, const Bench *bench, double *value) {
    return bench_elementwise(ctx, bench, max_pool_call, 4.0 + 1.0 + 0.25, value);
}

Status bench_max_pool_backward(Context *ctx, const Bench *bench, double *value) {
    return bench_elementwise(ctx, bench, max_pool_backward_call, 4.0 + 1.0 + 0.25, value);
}

Status bench_avg_pool(Context *ctx, const Bench *bench, double *value) {
    return bench_elementwise(ctx, bench, avg_pool_call, 4.0, value);
}

Status bench_avg_pool_backward(Context *ctx, const Bench *bench, double *value) {
    return bench_elementwise(ctx, bench, avg_pool_backward_call, 4.0, value);
}
