/* Single convolutions under spica bench, beside the processor's limit; and the table of convolution algorithms
 * (--tune). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <omp.h>

#include "bench_parts.h"
#include "nn/conv_kernel.h"
#include "nn/conv_table.h"

/* ---- one convolution on one thread ---- */

typedef struct ConvRun {
    DnnlShim *shim;
    ConvKernel *kernel;
    ConvBuffers buffers;
    double operations; /* of direct convolution */
} ConvRun;

static size_t padded(int channels, Layout layout) {
    const size_t lanes = layout == LAYOUT_BLOCK16 ? 16 : layout == LAYOUT_BLOCK8 ? 8 : 1;
    return ((size_t)channels + lanes - 1) / lanes * lanes;
}

static void conv_run_close(Context *ctx, ConvRun *run) {
    char *scratch = run->buffers.scratch;
    conv_kernel_close(ctx, &run->kernel);
    shim_close(ctx, &run->shim);
    FREE_ARRAY(ctx, &run->buffers.in);
    FREE_ARRAY(ctx, &run->buffers.out);
    FREE_ARRAY(ctx, &run->buffers.weights);
    FREE_ARRAY(ctx, &scratch);
    *run = (ConvRun){0};
}

static Status conv_run_open(Context *ctx, ConvRun *run, const ConvShape *shape, const ConvOptions *options) {
    const size_t in = shape->batch * (size_t)(shape->in_height * shape->in_width);
    const size_t out = shape->batch * (size_t)(shape->out_height * shape->out_width);
    char *scratch = NULL;
    *run = (ConvRun){.operations =
                         2.0 * shape->kernel * shape->kernel * (double)out * shape->in_channels * shape->out_channels};
    TRY(shim_open(ctx, &run->shim));
    TRY(conv_kernel_open(ctx, run->shim, &run->kernel, shape, options));
    TRY(bench_floats(ctx, &run->buffers.in, in * padded(shape->in_channels, options->in)));
    TRY(bench_floats(ctx, &run->buffers.out, out * padded(shape->out_channels, options->out)));
    TRY(bench_floats(ctx, &run->buffers.weights, conv_kernel_weight_floats(run->kernel)));
    TRY(NEW_ZEROED(ctx, &scratch, conv_kernel_scratch_bytes(run->kernel) + 1));
    run->buffers.scratch = scratch;
    return conv_kernel_bind(ctx, run->kernel, &run->buffers, 1);
}

/* Calls for about `seconds`; *rate: GFLOP/s. The library asks at some calls how many threads there are, and the clock
 * is this thread's alone. */
static Status conv_run_time(Context *ctx, const ConvRun *run, double seconds, double *rate) {
    const int before = omp_get_max_threads();
    bool ran = true;
    double elapsed = 0.0;
    int calls = 0;
    omp_set_num_threads(1);
    const double start = thread_seconds();
    for (; ran && elapsed < seconds; calls++) {
        ran = conv_kernel_run(run->kernel, 0, &run->buffers);
        elapsed = thread_seconds() - start;
    }
    omp_set_num_threads(before);
    if (!ran) return context_fail(ctx, SPICA_ERROR_INTERNAL, "a convolution failed");
    *rate = run->operations * calls / elapsed / 1e9;
    return SPICA_OK;
}

/* The layouts that the library would choose for this convolution: those that a plan has it in. */
static Status plan_layouts(Context *ctx, const ConvShape *shape, Layout *in, Layout *out) {
    const ConvOptions options = {.pass = CONV_FORWARD, .threads = 1};
    DnnlShim *shim = NULL;
    DnnlConv *conv = NULL;
    Status status = shim_open(ctx, &shim);
    if (status == SPICA_OK) status = shim_conv_open(ctx, shim, &conv, shape, &options);
    if (status == SPICA_OK) {
        *in = shim_conv_in_layout(conv);
        *out = shim_conv_out_layout(conv);
    }
    shim_conv_close(ctx, &conv);
    shim_close(ctx, &shim);
    return status;
}

#define CONV_TILES 256 /* 4x4 tiles of a call */

static ConvShape conv_shape(int channels, int outputs, int side, int kernel, int stride) {
    const int tiles = (side + 3) / 4 * ((side + 3) / 4), out = (side + stride - 1) / stride;
    return (ConvShape){.batch = (size_t)((CONV_TILES + tiles - 1) / tiles),
                       .in_channels = channels,
                       .in_height = side,
                       .in_width = side,
                       .out_channels = outputs,
                       .out_height = out,
                       .out_width = out,
                       .kernel = kernel,
                       .stride = stride,
                       .padding = kernel / 2};
}

Status bench_conv(Context *ctx, const Bench *bench, double *value) {
    const ConvShape shape = conv_shape(bench->width, bench->outputs, bench->side, bench->kernel, bench->stride);
    const ConvPass pass = (ConvPass)bench->pass;
    const double limit = fma_limit();
    ConvOptions options = {.pass = pass, .threads = 1};
    ConvRun run = {0};
    TRY(plan_layouts(ctx, &shape, &options.in, &options.out));
    options.algorithm = conv_table_algorithm(&shape, pass, options.in == options.out ? options.out : LAYOUT_ANY);
    Status status = conv_run_open(ctx, &run, &shape, &options);
    if (status == SPICA_OK) status = conv_run_time(ctx, &run, 0.05, value);
    if (status == SPICA_OK) status = conv_run_time(ctx, &run, 0.5, value);
    *value *= 100.0 / limit;
    conv_run_close(ctx, &run);
    return status;
}

/* ---- the table of algorithms ---- */

#define TUNE_ROUNDS 5
#define TUNE_SECONDS 0.02
#define TUNE_GAIN 1.03 /* what an algorithm must be faster by than those before it */

/* The median rates of the three algorithms, which take turns; those that are not there have none. */
static Status tune_rates(Context *ctx, const ConvShape *shape, ConvPass pass, Layout layout, double medians[3]) {
    ConvRun runs[3] = {{0}};
    double rates[3][TUNE_ROUNDS + 1] = {{0}};
    Status status = SPICA_OK;
    for (int a = 0; a < 3 && status == SPICA_OK; a++) {
        const ConvOptions options = {
            .pass = pass, .algorithm = (ConvAlgorithm)a, .in = layout, .out = layout, .threads = 1};
        status = conv_run_open(ctx, &runs[a], shape, &options);
    }
    for (int round = 0; round <= TUNE_ROUNDS && status == SPICA_OK; round++) /* the last overwrites the warm-up */
        for (int a = 0; a < 3 && status == SPICA_OK; a++)
            status = conv_run_time(ctx, &runs[a], TUNE_SECONDS, &rates[a][round % TUNE_ROUNDS]);
    for (int a = 0; a < 3 && status == SPICA_OK; a++) {
        qsort(rates[a], TUNE_ROUNDS, sizeof rates[a][0], compare_doubles);
        medians[a] = rates[a][TUNE_ROUNDS / 2];
        const char *name = conv_kernel_name(runs[a].kernel);
        if (a == CONV_WINOGRAD && strncmp(name, "jit_wino", 8) != 0) medians[a] = 0.0;
    }
    for (int a = 0; a < 3; a++)
        conv_run_close(ctx, &runs[a]);
    return status;
}

static Status tune_entry(Context *ctx, const ConvShape *shape, ConvPass pass, Layout layout, char *letter) {
    static const char letters[] = {[CONV_DIRECT] = 'D', [CONV_WINOGRAD] = 'W', [CONV_OWN] = 'O'};
    double medians[3] = {0};
    int best = CONV_DIRECT;
    TRY(tune_rates(ctx, shape, pass, layout, medians));
    for (int a = CONV_WINOGRAD; a <= CONV_OWN; a++)
        if (medians[a] > TUNE_GAIN * medians[best]) best = a;
    *letter = letters[best];
    fprintf(stderr, "%d -> %d, %dx%d, window %d, stride %d, pass %d: %.0f %.0f %.0f GFLOP/s: %c\n", shape->in_channels,
            shape->out_channels, shape->in_height, shape->in_width, shape->kernel, shape->stride, (int)pass,
            medians[CONV_DIRECT], medians[CONV_WINOGRAD], medians[CONV_OWN], *letter);
    return SPICA_OK;
}

Status bench_tune(Context *ctx) {
    const ConvShape usual = conv_shape(64, 64, 8, 3, 1);
    Layout in = LAYOUT_ANY, layout = LAYOUT_ANY;
    TRY(plan_layouts(ctx, &usual, &in, &layout));
    printf("/* Blocks of %zu. Made by `spica bench --tune`. */\n", padded(1, layout));
    for (int window = 0; window < CONV_TABLE_WINDOWS; window++) {
        const ConvTableWindow *w = &conv_table_windows[window];
        printf("{ /* %dx%d, stride %d */\n", w->kernel, w->kernel, w->stride);
        for (int pass = CONV_FORWARD; pass <= CONV_BACKWARD_WEIGHTS; pass++) {
            printf("    {");
            for (int side = 0; side < CONV_TABLE_SIDES; side++) {
                char row[CONV_TABLE_WIDTHS + 1] = {0};
                for (int width = 0; width < CONV_TABLE_WIDTHS; width++) {
                    const int channels = conv_table_widths[width];
                    const ConvShape shape =
                        conv_shape(channels, channels * w->stride, conv_table_sides[side], w->kernel, w->stride);
                    TRY(tune_entry(ctx, &shape, (ConvPass)pass, layout, &row[width]));
                }
                printf("\"%s\"%s", row, side + 1 < CONV_TABLE_SIDES ? ", " : "");
            }
            printf("},\n");
            fflush(stdout);
        }
        printf("},\n");
    }
    return SPICA_OK;
}
