/* Rounding of the convolution kernels: the 3x3 convolutions of stride 1 of ResNet-18 (width 16 and 64), forward,
 * backward by data and backward by weights, by the library's direct kernel, its Winograd kernel where it has one, and
 * our own, against sums in float64. Inputs and output gradients are standard normal, weights normal with variance 2 /
 * (9 C) (He).
 *
 *     conv_rounding [BATCH]
 *
 * Prints a Markdown table, for each pass the largest error over the largest value and the root mean square of the error
 * over that of the values. Batch 8 takes a few seconds; one thread. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "base/simd.h"
#include "nn/conv_kernel.h"

#define TAPS 9

/* A 3x3 convolution of stride 1 and padding 1. in[batch, side, side, from], out[batch, side, side, to]: NHWC;
 * weights[to, from, 3, 3]. */
typedef struct Layer {
    size_t batch, side, from, to;
} Layer;

typedef struct Arrays {
    float *in, *weights, *out;
} Arrays;

typedef struct Rounding {
    double most, mean; /* share of the largest value; share of the values' root mean square */
} Rounding;

static size_t in_count(const Layer *layer) { return layer->batch * layer->side * layer->side * layer->from; }

static size_t out_count(const Layer *layer) { return layer->batch * layer->side * layer->side * layer->to; }

static size_t weight_count(const Layer *layer) { return layer->to * layer->from * TAPS; }

/* --- float64 ------------------------------------------------------------------------------------------------------ */

/* The pixel that a tap's window reads at pixel (y, x); false where it is padding. */
static bool tap_pixel(size_t side, size_t tap, size_t y, size_t x, size_t *pixel) {
    const size_t row = y + tap / 3, column = x + tap % 3; /* 1 too large */
    if (row < 1 || row > side || column < 1 || column > side) return false;
    *pixel = (row - 1) * side + column - 1;
    return true;
}

/* sums[count] += factors[terms] x rows[terms, count] */
SIMD_VERSIONS static void add_products(double *sums, const float *factors, const double *rows, size_t terms,
                                       size_t count) {
    for (size_t i = 0; i < terms; i++) {
        const double factor = (double)factors[i];
        for (size_t k = 0; k < count; k++)
            sums[k] += factor * rows[i * count + k];
    }
}

/* sums[count] += factor x row[count] */
SIMD_VERSIONS static void add_scaled(double *sums, double factor, const float *row, size_t count) {
    for (size_t k = 0; k < count; k++)
        sums[k] += factor * (double)row[k];
}

/* out[pixel, to] = sum over taps of in[pixel of the tap, from] x taps[tap, from, to]; out is zero before. */
static void exact_correlation(const Layer *layer, size_t from, size_t to, const float *in, const double *taps,
                              double *out) {
    const size_t pixels = layer->side * layer->side;
    size_t source;
    for (size_t i = 0; i < layer->batch * pixels; i++)
        for (size_t tap = 0; tap < TAPS; tap++)
            if (tap_pixel(layer->side, tap, i % pixels / layer->side, i % layer->side, &source))
                add_products(out + i * to, in + (i / pixels * pixels + source) * from, taps + tap * from * to, from,
                             to);
}

/* taps[tap, from, to], or for gradients by data [8 - tap, to, from]. */
static void order_taps(const Layer *layer, const float *weights, bool data, double *taps) {
    for (size_t o = 0; o < layer->to; o++)
        for (size_t i = 0; i < layer->from; i++)
            for (size_t tap = 0; tap < TAPS; tap++) {
                const double weight = (double)weights[(o * layer->from + i) * TAPS + tap];
                if (data)
                    taps[((TAPS - 1 - tap) * layer->to + o) * layer->from + i] = weight;
                else
                    taps[(tap * layer->from + i) * layer->to + o] = weight;
            }
}

/* gradients[to, from, tap] = sum over pixels of d_out[pixel, to] x in[pixel of the tap, from] */
static void exact_weight_gradients(const Layer *layer, const Arrays *arrays, double *sums, double *gradients) {
    const size_t pixels = layer->side * layer->side;
    size_t source;
    for (size_t tap = 0; tap < TAPS; tap++)
        for (size_t i = 0; i < layer->from; i++) {
            memset(sums, 0, layer->to * sizeof *sums);
            for (size_t p = 0; p < layer->batch * pixels; p++)
                if (tap_pixel(layer->side, tap, p % pixels / layer->side, p % layer->side, &source))
                    add_scaled(sums, (double)arrays->in[(p / pixels * pixels + source) * layer->from + i],
                               arrays->out + p * layer->to, layer->to);
            for (size_t o = 0; o < layer->to; o++)
                gradients[(o * layer->from + i) * TAPS + tap] = sums[o];
        }
}

/* exact: zeroed, NHWC of the pass's result, or weights as they lie. */
static Status exact_pass(Context *ctx, const Layer *layer, ConvPass pass, const Arrays *arrays, double *exact) {
    double *taps;
    TRY(NEW_ARRAY(ctx, &taps, weight_count(layer)));
    if (pass == CONV_BACKWARD_WEIGHTS) {
        exact_weight_gradients(layer, arrays, taps, exact);
    } else {
        order_taps(layer, arrays->weights, pass == CONV_BACKWARD_DATA, taps);
        if (pass == CONV_FORWARD)
            exact_correlation(layer, layer->from, layer->to, arrays->in, taps, exact);
        else
            exact_correlation(layer, layer->to, layer->from, arrays->out, taps, exact);
    }
    FREE_ARRAY(ctx, &taps);
    return SPICA_OK;
}

/* --- the kernels -------------------------------------------------------------------------------------------------- */

#define BLOCK ((size_t)16)

static size_t padded(size_t channels) { return (channels + BLOCK - 1) / BLOCK * BLOCK; }

/* Between NHWC and blocks of 16 channels. */
static void move_pictures(const Layer *layer, size_t channels, float *plain, float *packed, bool to_packed) {
    const size_t pixels = layer->side * layer->side, blocks = padded(channels) / BLOCK;
    for (size_t n = 0; n < layer->batch; n++)
        for (size_t p = 0; p < pixels; p++)
            for (size_t c = 0; c < channels; c++) {
                float *a = &plain[(n * pixels + p) * channels + c];
                float *b = &packed[((n * blocks + c / BLOCK) * pixels + p) * BLOCK + c % BLOCK];
                *(to_packed ? b : a) = *(to_packed ? a : b);
            }
}

/* One call of an opened convolution: the two arrays that the pass reads go in, the third comes out. */
static Status run_conv(Context *ctx, ConvKernel *conv, const Layer *layer, ConvPass pass, Arrays *arrays) {
    const size_t pixels = layer->batch * layer->side * layer->side;
    ConvBuffers buffers = {0};
    char *scratch = NULL;
    Status status;
    TRY_GOTO(status, end, NEW_ZEROED(ctx, &buffers.in, pixels * padded(layer->from)));
    TRY_GOTO(status, end, NEW_ZEROED(ctx, &buffers.out, pixels * padded(layer->to)));
    TRY_GOTO(status, end, NEW_ZEROED(ctx, &buffers.weights, conv_kernel_weight_floats(conv)));
    TRY_GOTO(status, end, NEW_ZEROED(ctx, &scratch, conv_kernel_scratch_bytes(conv) + 1));
    buffers.scratch = scratch;
    if (pass != CONV_BACKWARD_DATA) move_pictures(layer, layer->from, arrays->in, buffers.in, true);
    if (pass != CONV_FORWARD) move_pictures(layer, layer->to, arrays->out, buffers.out, true);
    if (pass != CONV_BACKWARD_WEIGHTS)
        TRY_GOTO(status, end, conv_kernel_pack(ctx, conv, arrays->weights, buffers.weights));
    TRY_GOTO(status, end, conv_kernel_bind(ctx, conv, &buffers, 1));
    if (!conv_kernel_run(conv, 0, &buffers)) status = context_fail(ctx, SPICA_ERROR_INTERNAL, "the convolution failed");
    if (pass == CONV_BACKWARD_DATA) move_pictures(layer, layer->from, arrays->in, buffers.in, false);
    if (pass == CONV_FORWARD) move_pictures(layer, layer->to, arrays->out, buffers.out, false);
    if (pass == CONV_BACKWARD_WEIGHTS && status == SPICA_OK)
        status = conv_kernel_unpack(ctx, conv, buffers.weights, arrays->weights);
end:
    FREE_ARRAY(ctx, &scratch);
    FREE_ARRAY(ctx, &buffers.weights);
    FREE_ARRAY(ctx, &buffers.out);
    FREE_ARRAY(ctx, &buffers.in);
    return status;
}

static ConvShape conv_shape(const Layer *layer) {
    const int side = (int)layer->side;
    return (ConvShape){.batch = layer->batch,
                       .in_channels = (int)layer->from,
                       .in_height = side,
                       .in_width = side,
                       .out_channels = (int)layer->to,
                       .out_height = side,
                       .out_width = side,
                       .kernel = 3,
                       .stride = 1,
                       .padding = 1};
}

/* The pass by one kernel; *name: the kernel's, in a buffer of `capacity` bytes. */
static Status kernel_pass(Context *ctx, const Layer *layer, ConvPass pass, ConvAlgorithm algorithm, Arrays *arrays,
                          char *name, size_t capacity) {
    const ConvShape shape = conv_shape(layer);
    const ConvOptions options = {
        .pass = pass, .algorithm = algorithm, .in = LAYOUT_BLOCK16, .out = LAYOUT_BLOCK16, .threads = 1};
    DnnlShim *shim = NULL;
    ConvKernel *conv = NULL;
    Status status = shim_open(ctx, &shim);
    if (status == SPICA_OK) status = conv_kernel_open(ctx, shim, &conv, &shape, &options);
    if (status == SPICA_OK) snprintf(name, capacity, "%s", conv_kernel_name(conv));
    if (status == SPICA_OK) status = run_conv(ctx, conv, layer, pass, arrays);
    conv_kernel_close(ctx, &conv);
    shim_close(ctx, &shim);
    return status;
}

/* --- the table ---------------------------------------------------------------------------------------------------- */

static Rounding rounding_of(const float *values, const double *exact, size_t count) {
    double most = 0.0, largest = 0.0, error_squares = 0.0, squares = 0.0;
    for (size_t i = 0; i < count; i++) {
        const double error = (double)values[i] - exact[i];
        most = fmax(most, fabs(error));
        largest = fmax(largest, fabs(exact[i]));
        error_squares += error * error;
        squares += exact[i] * exact[i];
    }
    return (Rounding){most / largest, sqrt(error_squares / squares)};
}

static Status arrays_open(Context *ctx, const Layer *layer, Arrays *arrays) {
    Random random = random_at(1, RANDOM_TEST, layer->side, layer->from, 0);
    const float gain = sqrtf(2.0F / (float)(TAPS * layer->from));
    TRY(NEW_ARRAY(ctx, &arrays->in, in_count(layer)));
    TRY(NEW_ARRAY(ctx, &arrays->weights, weight_count(layer)));
    TRY(NEW_ARRAY(ctx, &arrays->out, out_count(layer)));
    for (size_t i = 0; i < in_count(layer); i++)
        arrays->in[i] = random_normal(&random);
    for (size_t i = 0; i < weight_count(layer); i++)
        arrays->weights[i] = gain * random_normal(&random);
    for (size_t i = 0; i < out_count(layer); i++)
        arrays->out[i] = random_normal(&random);
    return SPICA_OK;
}

static void arrays_close(Context *ctx, Arrays *arrays) {
    FREE_ARRAY(ctx, &arrays->in);
    FREE_ARRAY(ctx, &arrays->weights);
    FREE_ARRAY(ctx, &arrays->out);
}

static const char *const pass_names[] = {"forward", "by data", "by weights"};

static Status measure(Context *ctx, const Layer *layer, ConvPass pass, Arrays *arrays, double *exact) {
    float *result = pass == CONV_FORWARD ? arrays->out : pass == CONV_BACKWARD_DATA ? arrays->in : arrays->weights;
    const size_t count = pass == CONV_FORWARD         ? out_count(layer)
                         : pass == CONV_BACKWARD_DATA ? in_count(layer)
                                                      : weight_count(layer);
    char name[64];
    TRY(exact_pass(ctx, layer, pass, arrays, exact));
    printf("| %zu->%zu %zux%zu | %s |", layer->from, layer->to, layer->side, layer->side, pass_names[pass]);
    for (int algorithm = CONV_DIRECT; algorithm <= CONV_OWN; algorithm++) {
        TRY(kernel_pass(ctx, layer, pass, (ConvAlgorithm)algorithm, arrays, name, sizeof name));
        const Rounding rounding = rounding_of(result, exact, count);
        if (algorithm == CONV_WINOGRAD && strncmp(name, "jit_wino", 8) != 0)
            printf(" - | - |");
        else
            printf(" %.1e | %.1e |", rounding.most, rounding.mean);
    }
    printf("\n");
    return SPICA_OK;
}

/* The three passes; each makes its own numbers, since each overwrites what it computes. */
static Status measure_layer(Context *ctx, const Layer *layer) {
    size_t most = weight_count(layer);
    if (in_count(layer) > most) most = in_count(layer);
    if (out_count(layer) > most) most = out_count(layer);
    for (int pass = CONV_FORWARD; pass <= CONV_BACKWARD_WEIGHTS; pass++) {
        Arrays arrays = {0};
        double *exact = NULL;
        Status status = arrays_open(ctx, layer, &arrays);
        if (status == SPICA_OK) status = NEW_ZEROED(ctx, &exact, most);
        if (status == SPICA_OK) status = measure(ctx, layer, (ConvPass)pass, &arrays, exact);
        FREE_ARRAY(ctx, &exact);
        arrays_close(ctx, &arrays);
        TRY(status);
        fflush(stdout);
    }
    return SPICA_OK;
}

/* The stages of widths 16 and 64 for pictures of 28x28 and 32x32, and the last of the small stem. */
static const struct {
    size_t side, from, to;
} layers[] = {
    {28, 16, 16},  {14, 32, 32},  {7, 64, 64},  {4, 128, 128},  {2, 128, 128},
    {32, 16, 16},  {16, 32, 32},  {8, 64, 64},  {28, 64, 64},   {14, 128, 128},
    {7, 256, 256}, {4, 512, 512}, {32, 64, 64}, {16, 128, 128}, {8, 256, 256},
};

int main(int count, char **words) {
    Context *ctx;
    const int batch = count > 1 ? atoi(words[1]) : 8;
    if (batch < 1) return 2;
    if (spica_context_open(&ctx, NULL) != SPICA_OK) return 1;
    printf("| layer, batch %d | pass | direct: largest | mean | library's Winograd: largest | mean | own: largest | "
           "mean |\n"
           "|---|---|---|---|---|---|---|---|\n",
           batch);
    Status status = SPICA_OK;
    for (size_t i = 0; status == SPICA_OK && i < sizeof layers / sizeof *layers; i++) {
        const Layer layer = {(size_t)batch, layers[i].side, layers[i].from, layers[i].to};
        status = measure_layer(ctx, &layer);
    }
    if (status != SPICA_OK) fprintf(stderr, "%s\n", spica_context_reason(ctx));
    spica_context_close(&ctx);
    return status == SPICA_OK ? 0 : 1;
}
