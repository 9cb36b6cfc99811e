/* Our own convolutions against plain sums in float64: every pass, both widths of blocks, maps with and without tiles
 * that hang over the edge, channels that do not fill their blocks. */
#include "base/random.h"
#include "nn/conv_kernel.h"
#include "nn/own_conv.h"
#include "support/testing.h"

/* Largest difference over the largest value: less than twice what was met. */
#define TOLERANCE 4e-6

/* in[pictures][height][width][from], out[..][to], weights[to][from][3][3], in float64 and plain order. */
typedef struct Plain {
    ConvShape shape;
    double *in, *weights, *bias, *out;
} Plain;

static size_t in_count(const ConvShape *s) { return s->batch * (size_t)(s->in_height * s->in_width * s->in_channels); }

static size_t out_count(const ConvShape *s) {
    return s->batch * (size_t)(s->out_height * s->out_width * s->out_channels);
}

static size_t weight_count(const ConvShape *s) {
    return (size_t)(s->out_channels * s->in_channels * s->kernel * s->kernel);
}

static ConvShape make_shape(size_t batch, int from, int to, int height, int width, int kernel, int stride) {
    return (ConvShape){.batch = batch,
                       .in_channels = from,
                       .in_height = height,
                       .in_width = width,
                       .out_channels = to,
                       .out_height = (height + stride - 1) / stride,
                       .out_width = (width + stride - 1) / stride,
                       .kernel = kernel,
                       .stride = stride,
                       .padding = kernel / 2};
}

static void fill(double *values, size_t count, uint64_t seed) {
    Random random = random_at(seed, RANDOM_TEST, 0, 0, 0);
    for (size_t i = 0; i < count; i++)
        values[i] = (double)random_normal(&random);
}

static void plain_open(Context *ctx, Plain *plain, const ConvShape *shape) {
    *plain = (Plain){.shape = *shape};
    TEST_OK(ctx, NEW_ZEROED(ctx, &plain->in, in_count(shape)));
    TEST_OK(ctx, NEW_ZEROED(ctx, &plain->weights, weight_count(shape)));
    TEST_OK(ctx, NEW_ZEROED(ctx, &plain->bias, (size_t)shape->out_channels));
    TEST_OK(ctx, NEW_ZEROED(ctx, &plain->out, out_count(shape)));
    fill(plain->in, in_count(shape), 1);
    fill(plain->weights, weight_count(shape), 2);
    fill(plain->bias, (size_t)shape->out_channels, 3);
    fill(plain->out, out_count(shape), 4);
}

static void plain_close(Context *ctx, Plain *plain) {
    FREE_ARRAY(ctx, &plain->in);
    FREE_ARRAY(ctx, &plain->weights);
    FREE_ARRAY(ctx, &plain->bias);
    FREE_ARRAY(ctx, &plain->out);
}

/* Calls visit(out element, in element, weight element) for every product of the convolution. */
typedef void (*Visit)(Plain *plain, double *result, size_t out, size_t in, size_t weight);

static void each_product(Plain *plain, double *result, Visit visit) {
    const ConvShape *s = &plain->shape;
    const int taps = s->kernel * s->kernel;
    for (int p = 0; p < (int)s->batch; p++)
        for (int y = 0; y < s->out_height; y++)
            for (int x = 0; x < s->out_width; x++)
                for (int tap = 0; tap < taps; tap++) {
                    const int row = y * s->stride + tap / s->kernel - s->padding;
                    const int column = x * s->stride + tap % s->kernel - s->padding;
                    if (row < 0 || row >= s->in_height || column < 0 || column >= s->in_width) continue;
                    const int to = (p * s->out_height + y) * s->out_width + x;
                    const int from = (p * s->in_height + row) * s->in_width + column;
                    for (int o = 0; o < s->out_channels; o++)
                        for (int i = 0; i < s->in_channels; i++)
                            visit(plain, result, (size_t)(to * s->out_channels + o),
                                  (size_t)(from * s->in_channels + i), (size_t)((o * s->in_channels + i) * taps + tap));
                }
}

static void visit_forward(Plain *plain, double *result, size_t out, size_t in, size_t weight) {
    result[out] += plain->in[in] * plain->weights[weight];
}

static void visit_data(Plain *plain, double *result, size_t out, size_t in, size_t weight) {
    result[in] += plain->out[out] * plain->weights[weight];
}

static void visit_weights(Plain *plain, double *result, size_t out, size_t in, size_t weight) {
    result[weight] += plain->out[out] * plain->in[in];
}

/* Where a channel of a pixel lies in blocks of `lanes`. */
static size_t block_place(size_t element, size_t channels, size_t pixels, size_t lanes) {
    const size_t channel = element % channels, pixel = element / channels % pixels,
                 picture = element / channels / pixels;
    const size_t blocks = (channels + lanes - 1) / lanes;
    return ((picture * blocks + channel / lanes) * pixels + pixel) * lanes + channel % lanes;
}

static float *to_blocks(Context *ctx, const double *plain, size_t count, size_t channels, size_t pixels, size_t lanes) {
    float *blocks;
    TEST_OK(ctx, NEW_ZEROED(ctx, &blocks, count / channels * ((channels + lanes - 1) / lanes * lanes)));
    for (size_t i = 0; i < count; i++)
        blocks[block_place(i, channels, pixels, lanes)] = (float)plain[i];
    return blocks;
}

static float *to_floats(Context *ctx, const double *values, size_t count) {
    float *floats;
    TEST_OK(ctx, NEW_ARRAY(ctx, &floats, count));
    for (size_t i = 0; i < count; i++)
        floats[i] = (float)values[i];
    return floats;
}

/* Channels that only fill the last block are zero. */
static void check_padding(const float *blocks, size_t channels, size_t lanes, size_t pictures, size_t pixels) {
    const size_t count = (channels + lanes - 1) / lanes;
    for (size_t picture = 0; picture < pictures; picture++)
        for (size_t pixel = 0; pixel < pixels; pixel++)
            for (size_t lane = channels - (count - 1) * lanes; lane < lanes; lane++)
                assert_true(blocks[(((picture + 1) * count - 1) * pixels + pixel) * lanes + lane] == 0.0F);
}

/* Channels that lie side by side: blocks of a single one are NCHW, one block of all is NHWC. */
static size_t layout_lanes(Layout layout, size_t channels) {
    switch (layout) {
    case LAYOUT_BLOCK16: return 16;
    case LAYOUT_BLOCK8: return 8;
    case LAYOUT_NCHW: return 1;
    default: return channels;
    }
}

/* One call of our kernel; *result: what it wrote, in plain order, for the caller to free. */
static void run_own(Context *ctx, const Plain *plain, const ConvOptions *options, float **result) {
    const ConvShape *s = &plain->shape;
    const size_t pixels = (size_t)(s->in_height * s->in_width), out_pixels = (size_t)(s->out_height * s->out_width);
    const size_t from = (size_t)s->in_channels, to = (size_t)s->out_channels;
    const size_t lanes = layout_lanes(options->out, to), in_lanes = layout_lanes(options->in, from);
    assert_true(own_conv_serves(s, options));
    const OwnConv conv = own_conv_make(s, options);
    char *scratch;
    float *weights = to_floats(ctx, plain->weights, weight_count(s));
    ConvBuffers buffers = {.in = to_blocks(ctx, plain->in, in_count(s), from, pixels, in_lanes),
                           .out = to_blocks(ctx, plain->out, out_count(s), to, out_pixels, lanes),
                           .bias = to_floats(ctx, plain->bias, to)};
    /* NaN, where a plan has what other convolutions left. */
    TEST_OK(ctx, NEW_ARRAY(ctx, &buffers.weights, own_conv_weight_floats(&conv)));
    TEST_OK(ctx, NEW_ARRAY(ctx, &scratch, own_conv_scratch_bytes(&conv)));
    memset(buffers.weights, 0xFF, own_conv_weight_floats(&conv) * sizeof(float));
    memset(scratch, 0xFF, own_conv_scratch_bytes(&conv));
    buffers.scratch = scratch;
    if (options->pass != CONV_BACKWARD_WEIGHTS) own_conv_pack(&conv, weights, buffers.weights);
    own_conv_run(&conv, &buffers);
    if (options->pass == CONV_BACKWARD_WEIGHTS) {
        own_conv_unpack(&conv, buffers.weights, weights);
        *result = weights;
    } else {
        const bool data = options->pass == CONV_BACKWARD_DATA;
        const size_t count = data ? in_count(s) : out_count(s);
        TEST_OK(ctx, NEW_ARRAY(ctx, result, count));
        for (size_t i = 0; i < count; i++)
            (*result)[i] = data ? buffers.in[block_place(i, from, pixels, lanes)]
                                : buffers.out[block_place(i, to, out_pixels, lanes)];
        check_padding(data ? buffers.in : buffers.out, data ? from : to, lanes, s->batch, data ? pixels : out_pixels);
        FREE_ARRAY(ctx, &weights);
    }
    FREE_ARRAY(ctx, &buffers.in);
    FREE_ARRAY(ctx, &buffers.out);
    FREE_ARRAY(ctx, &buffers.bias);
    FREE_ARRAY(ctx, &buffers.weights);
    FREE_ARRAY(ctx, &scratch);
}

static void check_close(const float *values, const double *exact, size_t count, const char *what) {
    double most = 0.0;
    for (size_t i = 0; i < count; i++)
        most = fmax(most, fabs(exact[i]));
    for (size_t i = 0; i < count; i++) {
        const double difference = fabs((double)values[i] - exact[i]);
        if (!(difference <= TOLERANCE * most))
            fail_msg("%s: value %zu differs by %.2e of the largest", what, i, difference / most);
    }
}

static const struct {
    size_t batch;
    int from, to, height, width, kernel, stride;
} sizes[] = {
    /* by tiles */
    {2, 16, 16, 8, 8, 3, 1},
    {3, 16, 32, 7, 7, 3, 1},
    {1, 24, 40, 14, 14, 3, 1},
    {5, 3, 5, 4, 4, 3, 1},
    {70, 16, 16, 4, 4, 3, 1},
    {2, 32, 16, 5, 9, 3, 1},
    {4, 16, 20, 1, 3, 3, 1},
    {1, 16, 16, 3, 3, 3, 1},
    {1, 48, 80, 17, 16, 3, 1},
    {2, 1, 1, 28, 28, 3, 1},
    {4, 64, 80, 8, 8, 3, 1},
    {1, 16, 16, 4, 1, 3, 1},
    {11, 80, 16, 6, 6, 3, 1},
    /* by squares */
    {40, 8, 24, 2, 2, 3, 1},
    {9, 17, 33, 2, 2, 3, 1},
    {140, 64, 64, 2, 2, 3, 1},
    {1, 16, 96, 2, 2, 3, 1},
    /* by gathers: small maps, strides, 1x1 */
    {3, 16, 16, 1, 1, 3, 1},
    {5, 16, 16, 2, 1, 3, 1},
    {3, 16, 32, 8, 8, 3, 2},
    {2, 24, 40, 7, 7, 3, 2},
    {2, 16, 16, 14, 9, 3, 2},
    {30, 32, 64, 4, 4, 3, 2},
    {100, 32, 64, 4, 4, 3, 2},
    {5, 16, 16, 2, 2, 3, 2},
    {3, 16, 16, 1, 1, 3, 2},
    {3, 16, 32, 8, 8, 1, 2},
    {2, 24, 40, 7, 7, 1, 2},
    {3, 40, 24, 5, 6, 1, 1},
    {20, 16, 48, 1, 1, 1, 1},
};

static void compare_with(Context *ctx, const Plain *plain, ConvOptions options, const double *exact, size_t count) {
    float *one, *three;
    char what[120];
    snprintf(what, sizeof what, "pass %d, algorithm %d, %d -> %d, %dx%d, window %d, stride %d, layouts %d %d",
             options.pass, options.algorithm, plain->shape.in_channels, plain->shape.out_channels,
             plain->shape.in_height, plain->shape.in_width, plain->shape.kernel, plain->shape.stride, options.in,
             options.out);
    options.threads = 1;
    run_own(ctx, plain, &options, &one);
    check_close(one, exact, count, what);
    options.threads = 3;
    run_own(ctx, plain, &options, &three);
    assert_memory_equal(one, three, count * sizeof *one);
    FREE_ARRAY(ctx, &one);
    FREE_ARRAY(ctx, &three);
}

/* By either layout; the fastest way and by plain sums. */
static void compare_pass(Context *ctx, Plain *plain, ConvPass pass, Visit visit, size_t count) {
    static const Layout layouts[] = {LAYOUT_BLOCK16, LAYOUT_BLOCK8};
    static const ConvAlgorithm algorithms[] = {CONV_OWN, CONV_DIRECT};
    double *exact;
    TEST_OK(ctx, NEW_ZEROED(ctx, &exact, count));
    each_product(plain, exact, visit);
    for (size_t i = 0; i < 4; i++) {
        const Layout layout = layouts[i / 2];
        const ConvOptions options = {.pass = pass, .in = layout, .out = layout, .algorithm = algorithms[i % 2]};
        compare_with(ctx, plain, options, exact, count);
    }
    FREE_ARRAY(ctx, &exact);
}

static void test_passes(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const ConvShape shape = make_shape(sizes[i].batch, sizes[i].from, sizes[i].to, sizes[i].height, sizes[i].width,
                                           sizes[i].kernel, sizes[i].stride);
        Plain plain;
        plain_open(ctx, &plain, &shape);
        compare_pass(ctx, &plain, CONV_FORWARD, visit_forward, out_count(&shape));
        compare_pass(ctx, &plain, CONV_BACKWARD_DATA, visit_data, in_count(&shape));
        compare_pass(ctx, &plain, CONV_BACKWARD_WEIGHTS, visit_weights, weight_count(&shape));
        plain_close(ctx, &plain);
    }
    test_context_close(&ctx);
}

/* First layers: a few channels in no blocks; the fastest way and plain sums are the same there. */
static void compare_windows(Context *ctx, Plain *plain, ConvPass pass, Visit visit, size_t count) {
    static const Layout ins[] = {LAYOUT_NHWC, LAYOUT_NCHW}, outs[] = {LAYOUT_BLOCK16, LAYOUT_BLOCK8};
    double *exact;
    TEST_OK(ctx, NEW_ZEROED(ctx, &exact, count));
    each_product(plain, exact, visit);
    for (size_t i = 0; i < 4; i++) {
        const ConvOptions options = {.pass = pass, .in = ins[i / 2], .out = outs[i % 2], .algorithm = CONV_OWN};
        compare_with(ctx, plain, options, exact, count);
    }
    FREE_ARRAY(ctx, &exact);
}

static void test_windows(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const ConvShape shapes[] = {
        make_shape(5, 1, 16, 28, 28, 3, 2), make_shape(2, 1, 5, 9, 9, 3, 1),    make_shape(3, 2, 24, 7, 10, 3, 1),
        make_shape(2, 2, 16, 28, 28, 3, 2), make_shape(4, 3, 20, 32, 32, 3, 1), make_shape(2, 3, 16, 7, 5, 3, 2),
        make_shape(1, 3, 64, 23, 22, 7, 2), make_shape(3, 4, 8, 8, 8, 1, 2),    make_shape(2, 3, 8, 11, 11, 5, 3),
        make_shape(3, 1, 16, 1, 1, 3, 1),
    };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        Plain plain;
        plain_open(ctx, &plain, &shapes[i]);
        compare_windows(ctx, &plain, CONV_FORWARD, visit_forward, out_count(&shapes[i]));
        compare_windows(ctx, &plain, CONV_BACKWARD_WEIGHTS, visit_weights, weight_count(&shapes[i]));
        plain_close(ctx, &plain);
    }
    test_context_close(&ctx);
}

/* Bias, addition to the output and activation, as inference has them. */
static void test_behind_the_sums(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    static const int sides[] = {7, 2, 7}, strides[] = {1, 1, 2};
    for (size_t i = 0; i < 3; i++) {
        const ConvShape shape = make_shape(3, 16, 21, sides[i], sides[i], 3, strides[i]);
        const ConvOptions options = {.pass = CONV_FORWARD,
                                     .in = LAYOUT_BLOCK16,
                                     .out = LAYOUT_BLOCK16,
                                     .algorithm = CONV_OWN,
                                     .inference = true,
                                     .bias = true,
                                     .sum = true,
                                     .activate = true,
                                     .slope = 0.25F,
                                     .threads = 1};
        Plain plain;
        double *exact;
        float *result;
        plain_open(ctx, &plain, &shape);
        TEST_OK(ctx, NEW_ZEROED(ctx, &exact, out_count(&shape)));
        each_product(&plain, exact, visit_forward);
        for (size_t e = 0; e < out_count(&shape); e++) {
            exact[e] += plain.bias[e % 21] + plain.out[e];
            if (exact[e] < 0.0) exact[e] *= 0.25;
        }
        run_own(ctx, &plain, &options, &result);
        check_close(result, exact, out_count(&shape), "bias, sum and activation");
        FREE_ARRAY(ctx, &result);
        FREE_ARRAY(ctx, &exact);
        plain_close(ctx, &plain);
    }
    test_context_close(&ctx);
}

static void test_what_it_serves(void **state) {
    (void)state;
    ConvShape shape = make_shape(2, 16, 16, 8, 8, 3, 1);
    ConvOptions options = {.in = LAYOUT_BLOCK16, .out = LAYOUT_BLOCK16};
    assert_true(own_conv_serves(&shape, &options));
    shape = make_shape(2, 16, 16, 9, 9, 3, 3);
    assert_false(own_conv_serves(&shape, &options));
    shape = make_shape(2, 16, 16, 8, 8, 7, 1);
    assert_false(own_conv_serves(&shape, &options));
    shape = make_shape(2, 16, 16, 8, 8, 3, 1);
    shape.padding = 0;
    assert_false(own_conv_serves(&shape, &options));
    shape = make_shape(2, 16, 16, 8, 8, 3, 1);
    options.in = LAYOUT_NHWC; /* a window of too many numbers for a matrix's channels, and none on the way back */
    shape.in_channels = 32;
    assert_false(own_conv_serves(&shape, &options));
    shape.in_channels = 3;
    shape.padding = 1;
    assert_true(own_conv_serves(&shape, &options));
    options.pass = CONV_BACKWARD_DATA;
    assert_false(own_conv_serves(&shape, &options));
}

static void check_no_plain_loop(Context *ctx, DnnlShim *shim, const ConvShape *shape, const ConvOptions *options) {
    ConvKernel *kernel;
    TEST_OK(ctx, conv_kernel_open(ctx, shim, &kernel, shape, options));
    assert_true(strncmp(conv_kernel_name(kernel), "ref", 3) != 0);
    conv_kernel_close(ctx, &kernel);
}

/* What the library has plain loops for alone: 8 channels in blocks of 16, and sums over one or two channels of the
 * input in blocks of 8. */
static void test_in_place_of_plain_loops(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const ConvShape shapes[] = {make_shape(2, 8, 16, 8, 8, 3, 2), make_shape(2, 4, 4, 8, 8, 3, 1)};
    const ConvShape firsts[] = {make_shape(2, 1, 16, 28, 28, 3, 2), make_shape(2, 2, 16, 28, 28, 3, 1)};
    DnnlShim *shim;
    TEST_OK(ctx, shim_open(ctx, &shim));
    for (size_t i = 0; i < 2 * 3; i++) {
        const ConvOptions options = {
            .pass = (ConvPass)(i % 3), .in = LAYOUT_BLOCK16, .out = LAYOUT_BLOCK16, .threads = 1};
        check_no_plain_loop(ctx, shim, &shapes[i / 3], &options);
    }
    for (size_t i = 0; i < 2 * 2; i++) {
        const ConvOptions options = {.pass = i % 2 == 0 ? CONV_FORWARD : CONV_BACKWARD_WEIGHTS,
                                     .in = LAYOUT_NCHW,
                                     .out = LAYOUT_BLOCK8,
                                     .threads = 1};
        check_no_plain_loop(ctx, shim, &firsts[i / 2], &options);
    }
    shim_close(ctx, &shim);
    test_context_close(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_passes),
        cmocka_unit_test(test_windows),
        cmocka_unit_test(test_behind_the_sums),
        cmocka_unit_test(test_what_it_serves),
        cmocka_unit_test(test_in_place_of_plain_loops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
