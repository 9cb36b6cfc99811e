/* Speed of the convolution kernels: those of ResNet-18 at several widths but for the first, forward, backward by data
 * and backward by weights, by the library's direct kernel, its Winograd kernel where it has one, and our own.
 *
 *     conv_speed [TILES] [ROUNDS] [CHANNELS]
 *
 * TILES (128): 4x4 tiles of a call, which gives the number of pictures. CHANNELS: these layers alone. Prints a Markdown
 * table of GFLOP/s of one thread, the operations of direct convolution counted, so that Winograd may exceed the
 * machine's limit; median of ROUNDS (7) rounds, in which the kernels take turns. First line: the limit, float32 FMA of
 * one thread measured in registers. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/random.h"
#include "base/simd.h"
#include "nn/conv_kernel.h"

#define ROUNDS_MOST 64
#define CALL_SECONDS 0.02 /* of one measurement */

typedef struct Kernel {
    ConvKernel *conv;
    ConvBuffers buffers;
    int calls; /* of one measurement */
    double rates[ROUNDS_MOST];
} Kernel;

static const char *const pass_names[] = {"forward", "by data", "by weights"};

/* Processor time of this thread: others that want the processor do not count. */
static double thread_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* Ten chains of FMA on vectors of 16, at the widest the compiler's version has. */
SIMD_VERSIONS static float fma_chains(long steps) {
    typedef float Wide __attribute__((vector_size(64)));
    Wide sum[10], factor = (Wide){0} + 0.999F;
    for (int i = 0; i < 10; i++)
        sum[i] = factor * (float)i;
    for (long step = 0; step < steps; step++)
#pragma GCC unroll 10
        for (int i = 0; i < 10; i++)
            sum[i] = sum[i] * factor + factor;
    float total = 0.0F;
    for (int i = 0; i < 10; i++)
        total += sum[i][0];
    return total;
}

static double fma_limit(void) {
    const long steps = 20000000;
    double best = 0.0;
    volatile float sink = fma_chains(steps / 10);
    for (int i = 0; i < 5; i++) {
        const double start = thread_seconds();
        sink = fma_chains(steps);
        const double rate = (double)steps * 10 * 16 * 2 / (thread_seconds() - start) / 1e9;
        if (rate > best) best = rate;
    }
    (void)sink;
    return best;
}

static Status fill(Context *ctx, float **values, size_t count) {
    Random random = random_at(1, RANDOM_TEST, count, 0, 0);
    TRY(NEW_ARRAY(ctx, values, count));
    for (size_t i = 0; i < count; i++)
        (*values)[i] = random_normal(&random);
    return SPICA_OK;
}

static Status kernel_open(Context *ctx, DnnlShim *shim, Kernel *kernel, const ConvShape *shape, ConvPass pass,
                          ConvAlgorithm algorithm) {
    const ConvOptions options = {
        .pass = pass, .algorithm = algorithm, .in = LAYOUT_BLOCK16, .out = LAYOUT_BLOCK16, .threads = 1};
    char *scratch = NULL;
    TRY(conv_kernel_open(ctx, shim, &kernel->conv, shape, &options));
    const size_t in = shape->batch * (size_t)(shape->in_height * shape->in_width);
    const size_t out = shape->batch * (size_t)(shape->out_height * shape->out_width);
    TRY(fill(ctx, &kernel->buffers.in, in * (size_t)((shape->in_channels + 15) / 16 * 16)));
    TRY(fill(ctx, &kernel->buffers.out, out * (size_t)((shape->out_channels + 15) / 16 * 16)));
    TRY(fill(ctx, &kernel->buffers.weights, conv_kernel_weight_floats(kernel->conv)));
    TRY(NEW_ZEROED(ctx, &scratch, conv_kernel_scratch_bytes(kernel->conv) + 1));
    kernel->buffers.scratch = scratch;
    return conv_kernel_bind(ctx, kernel->conv, &kernel->buffers, 1, 1);
}

static void kernel_close(Context *ctx, Kernel *kernel) {
    char *scratch = kernel->buffers.scratch;
    conv_kernel_close(ctx, &kernel->conv);
    FREE_ARRAY(ctx, &kernel->buffers.in);
    FREE_ARRAY(ctx, &kernel->buffers.out);
    FREE_ARRAY(ctx, &kernel->buffers.weights);
    FREE_ARRAY(ctx, &scratch);
}

/* Seconds of one call. */
static double measure(const Kernel *kernel) {
    const double start = thread_seconds();
    for (int i = 0; i < kernel->calls; i++)
        if (!conv_kernel_run(kernel->conv, 0, &kernel->buffers)) return INFINITY;
    return (thread_seconds() - start) / kernel->calls;
}

static int compare(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static Status measure_pass(Context *ctx, DnnlShim *shim, const ConvShape *shape, ConvPass pass, int rounds) {
    Kernel kernels[3] = {0};
    const double operations = 2.0 * shape->kernel * shape->kernel * (double)shape->batch * shape->out_height *
                              shape->out_width * shape->in_channels * shape->out_channels;
    Status status = SPICA_OK;
    for (int k = 0; k < 3 && status == SPICA_OK; k++) {
        status = kernel_open(ctx, shim, &kernels[k], shape, pass, (ConvAlgorithm)k);
        if (status != SPICA_OK) break;
        kernels[k].calls = 1;
        measure(&kernels[k]);
        kernels[k].calls = (int)(CALL_SECONDS / measure(&kernels[k])) + 1;
    }
    for (int round = 0; status == SPICA_OK && round < rounds; round++)
        for (int k = 0; k < 3; k++)
            kernels[k].rates[round] = operations / measure(&kernels[k]) / 1e9;
    printf("| %d->%d %dx%d | %dx%d/%d | %zu | %s |", shape->in_channels, shape->out_channels, shape->in_height,
           shape->in_width, shape->kernel, shape->kernel, shape->stride, shape->batch, pass_names[pass]);
    for (int k = 0; k < 3 && status == SPICA_OK; k++) {
        qsort(kernels[k].rates, (size_t)rounds, sizeof *kernels[k].rates, compare);
        const char *name = conv_kernel_name(kernels[k].conv);
        if (k == 1 && strncmp(name, "jit_wino", 8) != 0)
            printf(" - |");
        else
            printf(" %.0f |", kernels[k].rates[rounds / 2]);
    }
    printf("\n");
    fflush(stdout);
    for (int k = 0; k < 3; k++)
        kernel_close(ctx, &kernels[k]);
    return status;
}

/* A stage's layers: 3x3 of stride 1, and into the next stage 3x3 and 1x1 of stride 2. */
static const struct {
    int side, channels;
} layers[] = {{32, 16}, {28, 16}, {16, 16}, {14, 16}, {32, 32}, {16, 32}, {14, 32}, {7, 32},   {32, 64},
              {28, 64}, {16, 64}, {14, 64}, {8, 64},  {7, 64},  {4, 64},  {2, 64},  {16, 128}, {14, 128},
              {8, 128}, {7, 128}, {4, 128}, {2, 128}, {8, 256}, {7, 256}, {4, 256}, {2, 256},  {4, 512}};

static const struct { int kernel, stride; } windows[] = {{3, 1}, {3, 2}, {1, 2}};

static ConvShape layer_shape(size_t layer, size_t window, int tiles) {
    const int side = layers[layer].side, stride = windows[window].stride, channels = layers[layer].channels;
    const int per_picture = (side + 3) / 4 * ((side + 3) / 4);
    return (ConvShape){.batch = (size_t)((tiles + per_picture - 1) / per_picture),
                       .in_channels = channels,
                       .in_height = side,
                       .in_width = side,
                       .out_channels = channels * stride,
                       .out_height = (side + stride - 1) / stride,
                       .out_width = (side + stride - 1) / stride,
                       .kernel = windows[window].kernel,
                       .stride = stride,
                       .padding = windows[window].kernel / 2};
}

int main(int count, char **words) {
    Context *ctx;
    DnnlShim *shim = NULL;
    const int tiles = count > 1 ? atoi(words[1]) : 128, rounds = count > 2 ? atoi(words[2]) : 7;
    const int channels = count > 3 ? atoi(words[3]) : 0;
    if (tiles < 1 || rounds < 1 || rounds > ROUNDS_MOST) return 2;
    if (spica_context_open(&ctx, NULL) != SPICA_OK) return 1;
    printf("FMA limit of one thread: %.0f GFLOP/s\n\n", fma_limit());
    printf("| layer | window | pictures | pass | direct | library's Winograd | own |\n|---|---|---|---|---|---|---|\n");
    Status status = shim_open(ctx, &shim);
    for (size_t i = 0; status == SPICA_OK && i < sizeof layers / sizeof *layers * 3; i++) {
        const ConvShape shape = layer_shape(i / 3, i % 3, tiles);
        if (channels != 0 && channels != shape.in_channels) continue;
        for (int pass = CONV_FORWARD; status == SPICA_OK && pass <= CONV_BACKWARD_WEIGHTS; pass++)
            status = measure_pass(ctx, shim, &shape, (ConvPass)pass, rounds);
    }
    shim_close(ctx, &shim);
    if (status != SPICA_OK) fprintf(stderr, "%s\n", spica_context_reason(ctx));
    spica_context_close(&ctx);
    return status == SPICA_OK ? 0 : 1;
}
