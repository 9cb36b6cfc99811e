/* Policies: what they draw, in what order they apply it, and what does not change their result. */
#include "augment/augment.h"
#include "augment/policy.h"
#include "augment/randaugment.h"
#include "support/testing.h"

static const PolicyKind KINDS[] = {POLICY_NONE, POLICY_WEAK, POLICY_STRONG, POLICY_MOCO, POLICY_PICA};
enum { KIND_COUNT = 5 };

/* Bytes between 0 and 255 that are neither flat nor noise alone. */
static Dataset dataset_open_made(Context *ctx, size_t count, int height, int width, int channels) {
    Dataset dataset = {.count = count, .height = height, .width = width, .channels = channels};
    const size_t bytes = count * (size_t)(height * width * channels);
    TEST_OK(ctx, NEW_ARRAY(ctx, &dataset.pixels, bytes));
    for (size_t i = 0; i < bytes; i++)
        dataset.pixels[i] = (uint8_t)(i * 7 + (i * i) % 31 + i / 100);
    return dataset;
}

static size_t output_count(const Policy *policy, const Dataset *dataset, size_t count) {
    const int height = policy->size > 0 ? policy->size : dataset->height;
    const int width = policy->size > 0 ? policy->size : dataset->width;
    return count * (size_t)(height * width * policy_channels(policy, dataset->channels));
}

/* One batch of the rows 0 .. count-1, with a margin behind the output that must stay untouched. */
static float *make_batch(Context *ctx, const Policy *policy, const Dataset *dataset, size_t count, ViewKey key) {
    const size_t numbers = output_count(policy, dataset, count), margin = 64;
    float *output;
    int64_t *rows;
    TEST_OK(ctx, NEW_ARRAY(ctx, &output, numbers + margin));
    TEST_OK(ctx, NEW_ARRAY(ctx, &rows, count));
    for (size_t i = 0; i < count; i++)
        rows[i] = (int64_t)(i % dataset->count);
    for (size_t i = 0; i < numbers + margin; i++)
        output[i] = NAN;
    TEST_OK(ctx, augment_batch(ctx, policy, dataset, rows, count, key, output));
    for (size_t i = 0; i < numbers; i++)
        if (!isfinite(output[i])) fail_msg("number %zu of %zu was not written", i, numbers);
    for (size_t i = numbers; i < numbers + margin; i++)
        if (!isnan(output[i])) fail_msg("number %zu behind the end was written", i - numbers);
    FREE_ARRAY(ctx, &rows);
    return output;
}

static int same_floats(const float *a, const float *b, size_t count) { return memcmp(a, b, count * sizeof *a) == 0; }

/* ---- what must not change a result ---- */

static void test_threads_do_not_matter(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    for (int channels = 1; channels <= 3; channels += 2) {
        Dataset dataset = dataset_open_made(ctx, 20, 17, 12, channels);
        for (int k = 0; k < KIND_COUNT; k++) {
            const Policy policy = policy_default(KINDS[k], channels);
            const ViewKey key = {.seed = 3, .purpose = RANDOM_TEST, .step = 5};
            float *outputs[3];
            for (int t = 0; t < 3; t++) {
                ctx->threads = t + 1;
                outputs[t] = make_batch(ctx, &policy, &dataset, 20, key);
            }
            const size_t numbers = output_count(&policy, &dataset, 20);
            assert_true(same_floats(outputs[0], outputs[1], numbers));
            assert_true(same_floats(outputs[0], outputs[2], numbers));
            for (int t = 0; t < 3; t++)
                FREE_ARRAY(ctx, &outputs[t]);
        }
        dataset_close(ctx, &dataset);
    }
    test_context_close(&ctx);
}

/* A view depends on the key and on its place in the batch, and on nothing else; another key gives another view. */
static void test_views_follow_the_key(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    Dataset dataset = dataset_open_made(ctx, 6, 16, 16, 3);
    const ViewKey keys[] = {{.seed = 1, .purpose = RANDOM_AUGMENT_HEAD, .step = 2, .view = 0},
                            {.seed = 2, .purpose = RANDOM_AUGMENT_HEAD, .step = 2, .view = 0},
                            {.seed = 1, .purpose = RANDOM_AUGMENT_FEATURES, .step = 2, .view = 0},
                            {.seed = 1, .purpose = RANDOM_AUGMENT_HEAD, .step = 3, .view = 0},
                            {.seed = 1, .purpose = RANDOM_AUGMENT_HEAD, .step = 2, .view = 1}};
    for (int k = 0; k < KIND_COUNT; k++) {
        const Policy policy = policy_default(KINDS[k], 3);
        const size_t numbers = output_count(&policy, &dataset, 6);
        float *first = make_batch(ctx, &policy, &dataset, 6, keys[0]);
        float *shorter = make_batch(ctx, &policy, &dataset, 4, keys[0]);
        assert_true(same_floats(first, shorter, output_count(&policy, &dataset, 4)));
        for (int other = 1; other < 5; other++) {
            float *views = make_batch(ctx, &policy, &dataset, 6, keys[other]);
            assert_int_equal(same_floats(first, views, numbers), KINDS[k] == POLICY_NONE);
            FREE_ARRAY(ctx, &views);
        }
        FREE_ARRAY(ctx, &first);
        FREE_ARRAY(ctx, &shorter);
    }
    dataset_close(ctx, &dataset);
    test_context_close(&ctx);
}

/* A grey picture and the same picture in three equal channels take the same views: what means nothing on one channel
 * still takes its draws. */
static void test_grey_and_colour_line_up(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    Dataset grey = dataset_open_made(ctx, 30, 14, 11, 1), colour = dataset_open_made(ctx, 30, 14, 11, 3);
    for (size_t i = 0; i < 30 * 14 * 11; i++)
        memset(colour.pixels + 3 * i, grey.pixels[i], 3);
    for (int k = 0; k < KIND_COUNT; k++) {
        Policy policy = policy_default(KINDS[k], 3);
        memset(policy.cutout_fill, 99, 3);
        policy.sobel = 0;
        const ViewKey key = {.seed = 8};
        float *one = make_batch(ctx, &policy, &grey, 30, key), *three = make_batch(ctx, &policy, &colour, 30, key);
        for (size_t i = 0; i < 30 * 14 * 11; i++)
            for (size_t c = 0; c < 3; c++)
                if (one[i] != three[3 * i + c]) fail_msg("policy %d differs at pixel %zu", k, i);
        FREE_ARRAY(ctx, &one);
        FREE_ARRAY(ctx, &three);
    }
    dataset_close(ctx, &grey);
    dataset_close(ctx, &colour);
    test_context_close(&ctx);
}

/* ---- sizes ---- */

/* Pictures from one pixel on, and outputs smaller and larger than they are; nothing is written outside. */
static void test_sizes(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const int sides[][2] = {{1, 1}, {1, 9}, {5, 7}, {33, 16}}, sizes[] = {0, 1, 6, 40};
    for (int s = 0; s < 4; s++) {
        for (int channels = 1; channels <= 3; channels += 2) {
            Dataset dataset = dataset_open_made(ctx, 2, sides[s][0], sides[s][1], channels);
            for (int z = 0; z < 4; z++) {
                for (int variant = 0; variant < 2 * KIND_COUNT; variant++) {
                    Policy policy = policy_default(KINDS[variant / 2], channels);
                    policy.size = sizes[z];
                    policy.crop_last = variant % 2;
                    policy.pad_reflect = variant % 2;
                    policy.enlarge = variant % 2 ? 1.25f : 0.0f;
                    policy.blur_sigma_max = variant % 2 ? 30.0f : 2.0f;
                    float *output = make_batch(ctx, &policy, &dataset, 12, (ViewKey){.seed = (uint64_t)variant});
                    FREE_ARRAY(ctx, &output);
                }
            }
            dataset_close(ctx, &dataset);
        }
    }
    test_context_close(&ctx);
}

static void test_none_normalises(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    Dataset dataset = dataset_open_made(ctx, 3, 6, 5, 3);
    Policy policy = policy_default(POLICY_NONE, 3);
    const float mean[3] = {0.1f, 0.2f, 0.3f}, deviation[3] = {0.5f, 0.25f, 0.4f};
    memcpy(policy.mean, mean, sizeof mean);
    memcpy(policy.deviation, deviation, sizeof deviation);
    float *output = make_batch(ctx, &policy, &dataset, 3, (ViewKey){.seed = 9});
    float expected[3 * 6 * 5 * 3];
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
        expected[i] = ((float)dataset.pixels[i] / 255.0f - mean[i % 3]) / deviation[i % 3];
    assert_close(output, expected, sizeof expected / sizeof *expected, 1e-6, 0.0);
    FREE_ARRAY(ctx, &output);
    dataset_close(ctx, &dataset);
    test_context_close(&ctx);
}

/* With another size, `none` is image_resize and normalisation; so are the others with all their draws turned off. */
static void test_size_resizes(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    Dataset dataset = dataset_open_made(ctx, 1, 20, 14, 3);
    Scratch scratch;
    TEST_OK(ctx, scratch_open(ctx, &scratch, 20, 20, 3));
    Image image = {.pixels = scratch.first, .height = 9, .width = 9};
    image_resize(&image, image_view_interleaved(dataset.pixels, 20, 14, 3), 0, &scratch);
    float expected[9 * 9 * 3];
    const float scale[3] = {2.0f / 255.0f, 2.0f / 255.0f, 2.0f / 255.0f}, shift[3] = {-1.0f, -1.0f, -1.0f};
    image_normalise(expected, &image, scale, shift);
    for (int k = 0; k < 4; k++) {
        Policy policy = policy_default(KINDS[k], 3);
        policy.size = 9;
        policy.scale_min = policy.scale_max = 1.0f;
        policy.ratio_min = policy.ratio_max = 0.7f;
        policy.jitter_probability = policy.grey_probability = policy.blur_probability = policy.flip_probability = 0.0f;
        policy.pad = policy.cutout = 0.0f;
        policy.operations = 0;
        float *output = make_batch(ctx, &policy, &dataset, 1, (ViewKey){.seed = 4});
        assert_close(output, expected, 9 * 9 * 3, 1e-6, 0.0);
        FREE_ARRAY(ctx, &output);
    }
    scratch_close(ctx, &scratch);
    dataset_close(ctx, &dataset);
    test_context_close(&ctx);
}

/* ---- distributions ---- */

enum { DRAWS = 20000 };

/* Count, mean and limits of one drawn number. */
typedef struct Spread {
    double sum, low, high;
    int count;
} Spread;

static void spread_add(Spread *spread, double value) {
    if (spread->count == 0 || value < spread->low) spread->low = value;
    if (spread->count == 0 || value > spread->high) spread->high = value;
    spread->sum += value;
    spread->count++;
}

/* Uniform on low .. high: the mean within 5 standard errors, the limits respected and nearly reached. */
static void assert_uniform(const Spread *spread, double low, double high, const char *what) {
    const double mean = spread->sum / spread->count, error = (high - low) / sqrt(12.0 * spread->count);
    const double near = 10.0 * (high - low) / spread->count;
    if (spread->low < low || spread->high > high || fabs(mean - (low + high) / 2.0) > 5.0 * error ||
        spread->low > low + near || spread->high < high - near)
        fail_msg("%s: %g .. %g, mean %g of %d; expected uniform on %g .. %g", what, spread->low, spread->high, mean,
                 spread->count, low, high);
}

/* A coin of this probability fell on 1 as often as it should, within 5 standard errors. */
static void assert_share(int ones, double probability, const char *what) {
    const double share = (double)ones / DRAWS, error = sqrt(probability * (1.0 - probability) / DRAWS);
    if (fabs(share - probability) > 5.0 * error) fail_msg("%s: %g, expected %g", what, share, probability);
}

static Random draw_at(uint64_t step) { return random_at(17, RANDOM_TEST, step, 0, 0); }

static void test_jitter_draws(void **state) {
    (void)state;
    const Policy policy = policy_default(POLICY_MOCO, 3);
    Spread factors[JITTER_COUNT] = {0}, sigma = {0};
    int jitter = 0, grey = 0, blur = 0, flip = 0, first[JITTER_COUNT] = {0}, last[JITTER_COUNT] = {0};
    for (uint64_t i = 0; i < DRAWS; i++) {
        const View view = policy_draw(&policy, 32, 32, draw_at(i));
        jitter += view.jitter;
        grey += view.grey;
        blur += view.blur;
        flip += view.flip;
        spread_add(&sigma, (double)view.sigma);
        for (int s = 0; s < JITTER_COUNT; s++)
            spread_add(&factors[s], (double)view.factors[s]);
        first[view.order[0]]++;
        last[view.order[3]]++;
        assert_int_equal(view.order[0] + view.order[1] + view.order[2] + view.order[3], 6);
    }
    assert_share(jitter, 0.8, "jitter");
    assert_share(grey, 0.2, "grey");
    assert_share(blur, 0.5, "blur");
    assert_share(flip, 0.5, "flip");
    assert_uniform(&sigma, (double)0.1f, 2.0, "sigma");
    for (int s = 0; s < JITTER_HUE; s++)
        assert_uniform(&factors[s], (double)(1.0f - 0.4f), (double)(1.0f + 0.4f), "factor");
    assert_uniform(&factors[JITTER_HUE], (double)-0.1f, (double)0.1f, "hue");
    for (int s = 0; s < JITTER_COUNT; s++) {
        assert_share(first[s], 0.25, "first step");
        assert_share(last[s], 0.25, "last step");
    }
}

/* A factor's lower end stops at 0. */
static void test_strong_jitter_stays_positive(void **state) {
    (void)state;
    Policy policy = policy_default(POLICY_MOCO, 3);
    Spread factor = {0};
    policy.brightness = 1.5f;
    for (uint64_t i = 0; i < DRAWS; i++)
        spread_add(&factor, (double)policy_draw(&policy, 32, 32, draw_at(i)).factors[JITTER_BRIGHTNESS]);
    assert_uniform(&factor, 0.0, 2.5, "brightness");
}

/* Crops lie inside, with area and ratio as torchvision draws them; on a large square nearly every first try fits, so
 * that the area's mean is nearly that of the uniform draw. */
static void test_crop_draws(void **state) {
    (void)state;
    const Policy policy = policy_default(POLICY_MOCO, 3);
    Spread area = {0}, ratio = {0};
    double top = 0.0, left = 0.0;
    for (uint64_t i = 0; i < DRAWS; i++) {
        const Box box = policy_draw(&policy, 1000, 1000, draw_at(i)).crop;
        assert_true(box.top >= 0 && box.left >= 0 && box.height >= 1 && box.width >= 1);
        assert_true(box.top + box.height <= 1000 && box.left + box.width <= 1000);
        spread_add(&area, (double)(box.height * box.width) / 1e6);
        spread_add(&ratio, log((double)box.width / (double)box.height));
        if (box.height < 1000) top += (double)box.top / (double)(1000 - box.height);
        if (box.width < 1000) left += (double)box.left / (double)(1000 - box.width);
    }
    assert_true(area.low > 0.199 && area.low < 0.201 && area.high > 0.98 && area.high <= 1.0);
    assert_true(ratio.low > log(0.745) && ratio.low < log(0.76));
    assert_true(ratio.high < log(1.343) && ratio.high > log(1.32));
    assert_true(fabs(ratio.sum / DRAWS) < 0.005);
    /* Rejected are crops beyond a side: area * ratio > 1 either way, with u = |log ratio| uniform on 0 .. log(4/3). The
     * mean of the kept ones is the integral of s over 0.2 .. min(1, exp(-u)) by that of 1. */
    double kept = 0.0, sum = 0.0;
    for (int i = 0; i < 1000; i++) {
        const double most = exp(-log(4.0 / 3.0) * (i + 0.5) / 1000.0);
        kept += most - 0.2;
        sum += (most * most - 0.04) / 2.0;
    }
    assert_true(fabs(area.sum / DRAWS - sum / kept) < 5.0 * 0.24 / sqrt(DRAWS));
    assert_true(fabs(top / DRAWS - 0.5) < 0.02 && fabs(left / DRAWS - 0.5) < 0.02);
}

/* Every place of a crop of 4 x 4 in 8 x 8 is as likely, the last ones included. */
static void test_crop_places(void **state) {
    (void)state;
    Policy policy = policy_default(POLICY_PICA, 3);
    int top[5] = {0}, left[5] = {0};
    policy.scale_min = policy.scale_max = 0.25f;
    policy.ratio_min = policy.ratio_max = 1.0f;
    for (uint64_t i = 0; i < DRAWS; i++) {
        const Box box = policy_draw(&policy, 8, 8, draw_at(i)).crop;
        assert_true(box.height == 4 && box.width == 4 && box.top <= 4 && box.left <= 4);
        top[box.top]++;
        left[box.left]++;
    }
    for (int i = 0; i < 5; i++) {
        assert_share(top[i], 0.2, "top");
        assert_share(left[i], 0.2, "left");
    }
}

/* Where no crop can have the ratio, the fallback: the largest central part that has it, else the whole. */
static void test_crop_fallback(void **state) {
    (void)state;
    Policy policy = policy_default(POLICY_MOCO, 3);
    policy.scale_min = policy.scale_max = 1.0f;
    Box box = policy_draw(&policy, 10, 100, draw_at(0)).crop;
    assert_true(box.top == 0 && box.height == 10 && box.width == 13 && box.left == 43);
    box = policy_draw(&policy, 100, 10, draw_at(0)).crop;
    assert_true(box.left == 0 && box.width == 10 && box.height == 13 && box.top == 43);
    policy.ratio_min = policy.ratio_max = 2.0f;
    policy.scale_min = policy.scale_max = 0.9f;
    box = policy_draw(&policy, 8, 8, draw_at(0)).crop;
    assert_true(box.left == 0 && box.width == 8 && box.height == 4 && box.top == 2);
    policy.ratio_min = 0.5f;
    policy.scale_min = policy.scale_max = 4.0f;
    box = policy_draw(&policy, 8, 8, draw_at(0)).crop;
    assert_true(box.left == 0 && box.width == 8 && box.height == 8 && box.top == 0);
}

static void test_shift_and_hole_draws(void **state) {
    (void)state;
    Policy policy = policy_default(POLICY_STRONG, 3);
    int top[9] = {0}, left[9] = {0}, side[17] = {0}, row[32] = {0}, column[32] = {0};
    policy.cutout_fixed = 0;
    for (uint64_t i = 0; i < DRAWS; i++) {
        const View view = policy_draw(&policy, 32, 32, draw_at(i));
        assert_true(view.window.top >= -4 && view.window.top <= 4 && view.window.left >= -4 && view.window.left <= 4);
        assert_true(view.hole.height == view.hole.width && view.hole.height >= 1 && view.hole.height <= 16);
        top[view.window.top + 4]++;
        left[view.window.left + 4]++;
        side[view.hole.height]++;
        row[view.hole.top + view.hole.height / 2]++;
        column[view.hole.left + view.hole.width / 2]++;
    }
    for (int i = 0; i < 9; i++) {
        assert_share(top[i], 1.0 / 9.0, "top");
        assert_share(left[i], 1.0 / 9.0, "left");
    }
    for (int i = 1; i <= 16; i++)
        assert_share(side[i], 1.0 / 16.0, "side of the hole");
    for (int i = 0; i < 32; i++) {
        assert_share(row[i], 1.0 / 32.0, "row of the hole");
        assert_share(column[i], 1.0 / 32.0, "column of the hole");
    }
    policy.cutout_fixed = 1;
    assert_int_equal(policy_draw(&policy, 32, 32, draw_at(1)).hole.height, 16);
    policy.cutout = 0.0f;
    assert_int_equal(policy_draw(&policy, 32, 32, draw_at(1)).hole.height, 0);
}

/* PICA's original view: enlarged, then any window of the output's size that lies inside. */
static void test_enlarged_window_draws(void **state) {
    (void)state;
    Policy policy = policy_default(POLICY_WEAK, 3);
    int top[9] = {0};
    policy.enlarge = 1.25f;
    policy.pad = 0.0f;
    for (uint64_t i = 0; i < DRAWS; i++) {
        const Box window = policy_draw(&policy, 32, 32, draw_at(i)).window;
        assert_true(window.top >= 0 && window.top <= 8 && window.height == 32 && window.width == 32);
        top[window.top]++;
    }
    for (int i = 0; i < 9; i++)
        assert_share(top[i], 1.0 / 9.0, "top");
}

static void test_operation_ranges(void **state) {
    (void)state;
    const struct {
        Operation operation;
        float low, high;
    } ranges[] = {{OPERATION_ROTATE, -30.0f, 30.0f},    {OPERATION_SOLARISE, 0.0f, 256.0f},
                  {OPERATION_COLOUR, 0.05f, 0.95f},     {OPERATION_CONTRAST, 0.05f, 0.95f},
                  {OPERATION_BRIGHTNESS, 0.05f, 0.95f}, {OPERATION_SHARPNESS, 0.05f, 0.95f},
                  {OPERATION_SHEAR_X, -0.3f, 0.3f},     {OPERATION_SHEAR_Y, -0.3f, 0.3f},
                  {OPERATION_TRANSLATE_X, -0.3f, 0.3f}, {OPERATION_TRANSLATE_Y, -0.3f, 0.3f},
                  {OPERATION_POSTERISE, 4.0f, 8.0f}};
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        float low, high;
        operation_range(ranges[i].operation, 0.3f, &low, &high);
        assert_true(low == ranges[i].low && high == ranges[i].high);
    }
    assert_int_equal(OPERATION_COUNT, 14);
}

/* ---- order of application ---- */

/* The strong view, step by step with the room's own operations; crop_last moves flip and window behind the hole. */
static void test_strong_order(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    Dataset dataset = dataset_open_made(ctx, 1, 24, 24, 3);
    Scratch scratch;
    TEST_OK(ctx, scratch_open(ctx, &scratch, 24, 24, 3));
    const float scale[3] = {2.0f / 255.0f, 2.0f / 255.0f, 2.0f / 255.0f}, shift[3] = {-1.0f, -1.0f, -1.0f};
    int operations[OPERATION_COUNT] = {0};
    for (int i = 0; i < 60; i++) {
        Policy policy = policy_default(POLICY_STRONG, 3);
        policy.crop_last = i % 2;
        policy.uncovered_fill[1] = 77;
        const ViewKey key = {.seed = (uint64_t)i};
        float *output = make_batch(ctx, &policy, &dataset, 1, key), expected[24 * 24 * 3];
        View view = policy_draw(&policy, 24, 24, random_at(key.seed, key.purpose, 0, 0, 0));
        Image image = {.pixels = scratch.first};
        image_load(&image, image_view_interleaved(dataset.pixels, 24, 24, 3));
        for (int step = 0; step < 2; step++) {
            if (step == policy.crop_last) {
                if (view.flip) image_flip(&image, &scratch);
                image_window(&image, view.window, 1, &scratch);
                continue;
            }
            for (int n = 0; n < 4; n++) {
                const Operation operation = (Operation)random_below(&view.operations, OPERATION_COUNT);
                float low, high;
                operation_range(operation, 0.1f, &low, &high);
                operation_apply(operation, random_between(&view.operations, low, high), &image, policy.uncovered_fill,
                                &scratch);
                operations[operation]++;
            }
            image_fill_box(&image, view.hole, policy.cutout_fill);
        }
        image_normalise(expected, &image, scale, shift);
        assert_close(output, expected, 24 * 24 * 3, 1e-6, 0.0);
        FREE_ARRAY(ctx, &output);
        scratch.first = image.pixels;
    }
    for (int operation = 0; operation < OPERATION_COUNT; operation++)
        assert_true(operations[operation] > 0);
    scratch_close(ctx, &scratch);
    dataset_close(ctx, &dataset);
    test_context_close(&ctx);
}

/* ---- failures ---- */

static void test_out_of_memory(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    Dataset dataset = dataset_open_made(ctx, 1, 8, 8, 1);
    const Policy policy = policy_default(POLICY_MOCO, 1);
    const int64_t row = 0;
    float output[64];
    int failures = 0;
    for (int64_t fail_at = 0; fail_at < 10; fail_at++) {
        test_state(ctx)->allocations = 0;
        test_state(ctx)->fail_at = fail_at;
        const Status status = augment_batch(ctx, &policy, &dataset, &row, 1, (ViewKey){0}, output);
        test_state(ctx)->fail_at = -1;
        if (status == SPICA_OK) break;
        assert_int_equal(status, SPICA_ERROR_MEMORY);
        failures++;
    }
    assert_int_equal(failures, 1 + ctx->threads);
    dataset_close(ctx, &dataset);
    test_context_close(&ctx);
}

static void test_empty_batch(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    Dataset dataset = dataset_open_made(ctx, 1, 8, 8, 1);
    const Policy policy = policy_default(POLICY_MOCO, 1);
    TEST_OK(ctx, augment_batch(ctx, &policy, &dataset, NULL, 0, (ViewKey){0}, NULL));
    dataset_close(ctx, &dataset);
    test_context_close(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads_do_not_matter),
        cmocka_unit_test(test_views_follow_the_key),
        cmocka_unit_test(test_grey_and_colour_line_up),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_none_normalises),
        cmocka_unit_test(test_size_resizes),
        cmocka_unit_test(test_jitter_draws),
        cmocka_unit_test(test_strong_jitter_stays_positive),
        cmocka_unit_test(test_crop_draws),
        cmocka_unit_test(test_crop_places),
        cmocka_unit_test(test_crop_fallback),
        cmocka_unit_test(test_shift_and_hole_draws),
        cmocka_unit_test(test_enlarged_window_draws),
        cmocka_unit_test(test_operation_ranges),
        cmocka_unit_test(test_strong_order),
        cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_empty_batch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
