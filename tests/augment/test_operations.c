/* Every operation against Pillow and torchvision, at given parameters. Bytes must be equal: each operation repeats
 * Pillow's roundings. Floats may differ by the rounding of one product instead of two divisions (and of another order
 * of sums in Sobel). */
#include "augment/augment.h"
#include "augment/colour.h"
#include "augment/filter.h"
#include "augment/policy.h"
#include "augment/randaugment.h"
#include "pictures.h"

static const uint8_t FILL[3] = {10, 20, 30};

typedef void (*Sweep)(Image *image, float parameter, Scratch *scratch);

/* operation on every picture at every parameter of NAME_parameters.npy must give NAME.npy. */
static void check_sweep(const char *name, Sweep operation) {
    Gallery gallery;
    char path[64], what[128];
    size_t parameter_count, count, at = 0;
    gallery_open(&gallery);
    snprintf(path, sizeof path, "augment/%s.npy", name);
    uint8_t *expected = golden_uint8(gallery.ctx, path, &count);
    snprintf(path, sizeof path, "augment/%s_parameters.npy", name);
    float *parameters = golden_float(gallery.ctx, path, &parameter_count);
    for (size_t i = 0; i < PICTURE_COUNT; i++) {
        for (size_t p = 0; p < parameter_count; p++) {
            gallery_load(&gallery, i);
            operation(&gallery.image, parameters[p], &gallery.scratch);
            snprintf(what, sizeof what, "%s(%g) of picture %zu", name, (double)parameters[p], i);
            assert_picture(&gallery.image, expected + at, 0, what);
            at += gallery.pictures[i].count;
        }
    }
    assert_int_equal(at, count);
    FREE_ARRAY(gallery.ctx, &expected);
    FREE_ARRAY(gallery.ctx, &parameters);
    gallery_close(&gallery);
}

static void apply(Operation operation, float magnitude, Image *image, Scratch *scratch) {
    operation_apply(operation, magnitude, image, FILL, scratch);
}

#define SWEEP(name, call)                                                                                              \
    static void sweep_##name(Image *image, float v, Scratch *scratch) {                                                \
        (void)v;                                                                                                       \
        (void)scratch;                                                                                                 \
        call;                                                                                                          \
    }                                                                                                                  \
    static void test_##name(void **state) {                                                                            \
        (void)state;                                                                                                   \
        check_sweep(#name, sweep_##name);                                                                              \
    }

SWEEP(brightness, apply(OPERATION_BRIGHTNESS, v, image, scratch))
SWEEP(contrast, apply(OPERATION_CONTRAST, v, image, scratch))
SWEEP(saturation, apply(OPERATION_COLOUR, v, image, scratch))
SWEEP(sharpness, apply(OPERATION_SHARPNESS, v, image, scratch))
SWEEP(hue, colour_hue(image, v))
SWEEP(grey, colour_grey(image))
SWEEP(auto_contrast, apply(OPERATION_AUTO_CONTRAST, v, image, scratch))
SWEEP(equalise, apply(OPERATION_EQUALISE, v, image, scratch))
SWEEP(solarise, apply(OPERATION_SOLARISE, v, image, scratch))
SWEEP(posterise, apply(OPERATION_POSTERISE, v + 0.5f, image, scratch))
SWEEP(blur, filter_gaussian_blur(image, v, scratch))
SWEEP(rotate, apply(OPERATION_ROTATE, v, image, scratch))
SWEEP(shear_x, apply(OPERATION_SHEAR_X, v, image, scratch))
SWEEP(shear_y, apply(OPERATION_SHEAR_Y, v, image, scratch))
SWEEP(translate_x, apply(OPERATION_TRANSLATE_X, v, image, scratch))
SWEEP(translate_y, apply(OPERATION_TRANSLATE_Y, v, image, scratch))
SWEEP(flip, image_flip(image, scratch))

static void test_identity(void **state) {
    (void)state;
    Gallery gallery;
    gallery_open(&gallery);
    gallery_load(&gallery, 2);
    apply(OPERATION_IDENTITY, 0.0f, &gallery.image, &gallery.scratch);
    assert_picture(&gallery.image, gallery.pictures[2].data, 0, "identity");
    gallery_close(&gallery);
}

/* ---- geometry with integer parameters ---- */

typedef struct Rows {
    uint8_t *expected;
    int32_t *parameters;
    size_t count, columns;
} Rows;

static Rows rows_open(Context *ctx, const char *name, size_t columns) {
    Rows rows = {.columns = columns};
    char path[64];
    size_t numbers;
    snprintf(path, sizeof path, "augment/%s.npy", name);
    rows.expected = golden_uint8(ctx, path, NULL);
    snprintf(path, sizeof path, "augment/%s_parameters.npy", name);
    rows.parameters = golden_int32(ctx, path, &numbers);
    rows.count = numbers / columns;
    return rows;
}

static void rows_close(Context *ctx, Rows *rows) {
    FREE_ARRAY(ctx, &rows->expected);
    FREE_ARRAY(ctx, &rows->parameters);
}

/* From interleaved and from planar bytes; flip mirrors the result. */
static void test_resize(void **state) {
    (void)state;
    Gallery gallery;
    gallery_open(&gallery);
    Rows rows = rows_open(gallery.ctx, "resize", 7);
    const uint8_t *expected = rows.expected;
    for (size_t r = 0; r < rows.count; r++) {
        const int32_t *p = rows.parameters + r * rows.columns;
        const Box box = {p[1], p[2], p[3], p[4]};
        uint8_t *copy, *planar;
        Image *image = &gallery.image;
        gallery_load(&gallery, (size_t)p[0]);
        const size_t bytes = gallery.pictures[p[0]].count;
        TEST_OK(gallery.ctx, NEW_ARRAY(gallery.ctx, &copy, bytes));
        TEST_OK(gallery.ctx, NEW_ARRAY(gallery.ctx, &planar, bytes));
        memcpy(copy, gallery.pictures[p[0]].data, bytes);
        memcpy(planar, image->pixels, bytes);
        const Image loaded = {planar, image->height, image->width, image->channels};
        const ImageView views[2] = {image_view_interleaved(copy, image->height, image->width, image->channels),
                                    image_view(&loaded)};
        for (int v = 0; v < 2; v++) {
            for (int flip = 0; flip < 2; flip++) {
                image->height = p[5];
                image->width = p[6];
                image_resize(image, image_view_crop(views[v], box), flip, &gallery.scratch);
                if (flip) image_flip(image, &gallery.scratch);
                assert_picture(image, expected, 0, "resize");
            }
        }
        expected += p[5] * p[6] * image->channels;
        FREE_ARRAY(gallery.ctx, &copy);
        FREE_ARRAY(gallery.ctx, &planar);
    }
    rows_close(gallery.ctx, &rows);
    gallery_close(&gallery);
}

static void test_window(void **state) {
    (void)state;
    Gallery gallery;
    gallery_open(&gallery);
    Rows rows = rows_open(gallery.ctx, "window", 7);
    const uint8_t *expected = rows.expected;
    for (size_t r = 0; r < rows.count; r++) {
        const int32_t *p = rows.parameters + r * rows.columns;
        gallery_load(&gallery, (size_t)p[0]);
        const Box box = {p[2] - p[1], p[3] - p[1], p[4], p[5]};
        image_window(&gallery.image, box, p[6], &gallery.scratch);
        assert_picture(&gallery.image, expected, 0, p[6] ? "reflecting window" : "window of zeros");
        expected += gallery.pictures[p[0]].count;
    }
    rows_close(gallery.ctx, &rows);
    gallery_close(&gallery);
}

/* A hole across the corner, one outside, one of no size. */
static void test_fill_box(void **state) {
    (void)state;
    Gallery gallery;
    gallery_open(&gallery);
    gallery_load(&gallery, 2);
    uint8_t expected[32 * 32 * 3];
    memcpy(expected, gallery.pictures[2].data, sizeof expected);
    for (int y = 0; y < 5; y++)
        for (int x = 29; x < 32; x++)
            memcpy(expected + 3 * (32 * y + x), FILL, 3);
    image_fill_box(&gallery.image, (Box){-3, 29, 8, 8}, FILL);
    image_fill_box(&gallery.image, (Box){-9, 3, 8, 8}, FILL);
    image_fill_box(&gallery.image, (Box){4, 32, 8, 8}, FILL);
    image_fill_box(&gallery.image, (Box){7, 7, 0, 0}, FILL);
    assert_picture(&gallery.image, expected, 0, "hole");
    gallery_close(&gallery);
}

/* ---- floats ---- */

static const float MEAN[3] = {0.49f, 0.48f, 0.45f}, DEVIATION[3] = {0.25f, 0.24f, 0.26f};

/* The golden picture `number` through policy `none`. */
static void check_floats(size_t number, int sobel, const char *name, double tolerance) {
    Gallery gallery;
    size_t count;
    char path[64];
    gallery_open(&gallery);
    const NpyArray *picture = &gallery.pictures[number];
    Dataset dataset = {.count = 1,
                       .height = (int)picture->shape[0],
                       .width = (int)picture->shape[1],
                       .channels = (int)picture->shape[2],
                       .pixels = picture->data};
    Policy policy = policy_default(POLICY_NONE, dataset.channels);
    policy.sobel = sobel;
    memcpy(policy.mean, MEAN, sizeof MEAN);
    memcpy(policy.deviation, DEVIATION, sizeof DEVIATION);
    snprintf(path, sizeof path, "augment/%s_%zu.npy", name, number);
    float *expected = golden_float(gallery.ctx, path, &count), *output;
    TEST_OK(gallery.ctx, NEW_ARRAY(gallery.ctx, &output, count));
    const int64_t row = 0;
    TEST_OK(gallery.ctx, augment_batch(gallery.ctx, &policy, &dataset, &row, 1, (ViewKey){0}, output));
    assert_close(output, expected, count, tolerance, 0.0);
    FREE_ARRAY(gallery.ctx, &output);
    FREE_ARRAY(gallery.ctx, &expected);
    gallery_close(&gallery);
}

/* Values reach 2, so 4e-7 is two units in the last place. */
static void test_normalised(void **state) {
    (void)state;
    check_floats(2, 0, "normalised", 4e-7);
    check_floats(3, 0, "normalised", 4e-7);
}

/* Sums of eight values of up to 2, in another order. */
static void test_sobel(void **state) {
    (void)state;
    check_floats(2, 1, "sobel", 3e-6);
    check_floats(3, 1, "sobel", 3e-6);
}

/* ---- every hue ---- */

/* Pillow's conversion by cases (Python's colorsys with 8 bits), one colour. */
static void reference_hue(uint8_t rgb[3], int turn) {
    const int r = rgb[0], g = rgb[1], b = rgb[2];
    const int high = r > g ? (r > b ? r : b) : (g > b ? g : b), low = r < g ? (r < b ? r : b) : (g < b ? g : b);
    int hue = 0, saturation = 0;
    if (high > low) {
        const float range = (float)(high - low);
        const float rc = (float)(high - r) / range, gc = (float)(high - g) / range, bc = (float)(high - b) / range;
        float h = 0.0f;
        if (r == high)
            h = bc - gc;
        else if (g == high)
            h = (float)(2.0 + (double)rc - (double)bc);
        else
            h = (float)(4.0 + (double)gc - (double)rc);
        h = (float)fmod((double)h / 6.0 + 1.0, 1.0);
        hue = (int)((double)h * 255.0);
        saturation = (int)((double)(range / (float)high) * 255.0);
    }
    const double position = (double)((hue + turn) & 255) * 6.0 / 255.0;
    const int sixth = (int)floor(position);
    const float f = (float)(position - sixth), s = (float)(saturation / 255.0);
    const uint8_t v = (uint8_t)high, p = (uint8_t)round(high * (1.0 - (double)s));
    const uint8_t q = (uint8_t)round(high * (1.0 - (double)s * (double)f));
    const uint8_t t = (uint8_t)round(high * (1.0 - (double)s * (1.0 - (double)f)));
    const uint8_t all[6][3] = {{v, t, p}, {q, v, p}, {p, v, t}, {p, q, v}, {t, p, v}, {v, p, q}};
    memcpy(rgb, all[sixth % 6], 3);
}

/* All colours with one of the channels among some values: every ratio of differences and every saturation. */
static void test_every_hue(void **state) {
    (void)state;
    enum { SIDE = 256 };
    static uint8_t pixels[3 * SIDE * SIDE + IMAGE_SLACK];
    const int fixed[] = {0, 1, 100, 254, 255}, turns[] = {0, 25, 230, 128, 77};
    Image image = {pixels, SIDE, SIDE, 3};
    for (int channel = 0; channel < 3; channel++) {
        for (int f = 0; f < 5; f++) {
            for (int i = 0; i < SIDE * SIDE; i++) {
                image_plane(&image, channel)[i] = (uint8_t)fixed[f];
                image_plane(&image, (channel + 1) % 3)[i] = (uint8_t)(i / SIDE);
                image_plane(&image, (channel + 2) % 3)[i] = (uint8_t)(i % SIDE);
            }
            static uint8_t expected[3 * SIDE * SIDE];
            for (int i = 0; i < SIDE * SIDE; i++) {
                for (int c = 0; c < 3; c++)
                    expected[3 * i + c] = image_plane(&image, c)[i];
                reference_hue(expected + 3 * i, turns[f]);
            }
            colour_hue(&image, ((float)turns[f] + (turns[f] < 128 ? 0.5f : -256.5f)) / 255.0f);
            assert_picture(&image, expected, 0, "every hue");
        }
    }
}

/* ---- whole views ---- */

/* Crop, jitter in a given order, grey, blur and flip, one after the other as torchvision's pipeline. */
static void test_view(void **state) {
    (void)state;
    Gallery gallery;
    size_t count;
    gallery_open(&gallery);
    uint8_t *expected = golden_uint8(gallery.ctx, "augment/view.npy", NULL);
    float *parameters = golden_float(gallery.ctx, "augment/view_parameters.npy", &count);
    size_t at = 0;
    for (const float *p = parameters; p < parameters + count; p += 19) {
        Policy policy = policy_default(POLICY_MOCO, 3);
        policy.size = (int)p[5];
        const View view = {.crop = {(int64_t)p[1], (int64_t)p[2], (int64_t)p[3], (int64_t)p[4]},
                           .jitter = (int)p[6],
                           .order = {(int64_t)p[7], (int64_t)p[8], (int64_t)p[9], (int64_t)p[10]},
                           .factors = {p[11], p[12], p[13], p[14]},
                           .grey = (int)p[15],
                           .blur = (int)p[16],
                           .sigma = p[17],
                           .flip = (int)p[18]};
        policy_apply(&policy, &view, gallery_view(&gallery, (size_t)p[0]), &gallery.image, &gallery.scratch);
        assert_picture(&gallery.image, expected + at, 0, "view");
        at += (size_t)(gallery.image.channels * image_area(&gallery.image));
    }
    FREE_ARRAY(gallery.ctx, &expected);
    FREE_ARRAY(gallery.ctx, &parameters);
    gallery_close(&gallery);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_brightness),    cmocka_unit_test(test_contrast), cmocka_unit_test(test_saturation),
        cmocka_unit_test(test_sharpness),     cmocka_unit_test(test_hue),      cmocka_unit_test(test_grey),
        cmocka_unit_test(test_auto_contrast), cmocka_unit_test(test_equalise), cmocka_unit_test(test_solarise),
        cmocka_unit_test(test_posterise),     cmocka_unit_test(test_blur),     cmocka_unit_test(test_rotate),
        cmocka_unit_test(test_shear_x),       cmocka_unit_test(test_shear_y),  cmocka_unit_test(test_translate_x),
        cmocka_unit_test(test_translate_y),   cmocka_unit_test(test_flip),     cmocka_unit_test(test_identity),
        cmocka_unit_test(test_resize),        cmocka_unit_test(test_window),   cmocka_unit_test(test_fill_box),
        cmocka_unit_test(test_normalised),    cmocka_unit_test(test_sobel),    cmocka_unit_test(test_every_hue),
        cmocka_unit_test(test_view),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
