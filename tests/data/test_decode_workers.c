/* Helpers that crash, hang, babble or are not there: what becomes of each picture, and of the others. */
#include "data/decode_workers.h"

#include <fcntl.h>

#include "support/testing.h"

#define PICTURE 12 /* 2 x 2 x 3 */

static void list_fill(Context *ctx, PictureList *list, const char *const *names, size_t count) {
    PictureEntry *entry;
    if (list->folder == NULL) TEST_OK(ctx, memory_copy_text(ctx, &list->folder, "."));
    for (size_t i = 0; i < count; i++)
        TEST_OK(ctx, picture_list_add(ctx, list, names[i], &entry));
}

static DecodeSettings settings_for(int file) {
    return (DecodeSettings){
        .width = 2, .height = 2, .channels = 3, .most_pixels = 100, .seconds = 30.0, .file = file, .offset = 8};
}

static int file_make(const TestScratch *scratch) {
    const int file = open(test_path(scratch, "pixels"), O_RDWR | O_CREAT | O_TRUNC, 0600);
    assert_true(file >= 0);
    return file;
}

static void expect_pixels(int file, const PictureList *list) {
    for (size_t i = 0; i < list->count; i++) {
        uint8_t pixels[PICTURE];
        if (list->entries[i].problem != NULL) continue;
        assert_int_equal(pread(file, pixels, PICTURE, (off_t)(8 + i * PICTURE)), PICTURE);
        for (size_t byte = 0; byte < PICTURE; byte++)
            assert_int_equal(pixels[byte], strlen(list->entries[i].path));
    }
}

static const char *const mixed[] = {"a", "bad one", "bb", "crash 1", "ccc", "dddd",    "leave 1",
                                    "e", "babble1", "ff", "crash2",  "gg",  "bad two", "crash 3"};
#define MIXED (sizeof mixed / sizeof mixed[0])

static void expect_mixed(const PictureList *list) {
    for (size_t i = 0; i < MIXED; i++) {
        const char *expected = strncmp(mixed[i], "crash", 5) == 0    ? "the decoder crashed (signal 11)"
                               : strncmp(mixed[i], "leave", 5) == 0  ? "the decoder ended (status 3)"
                               : strncmp(mixed[i], "bad", 3) == 0    ? "no good"
                               : strncmp(mixed[i], "babble", 6) == 0 ? "the decoder gave an answer that makes no sense"
                                                                     : NULL;
        if (expected == NULL)
            assert_null(list->entries[i].problem);
        else
            assert_string_equal(list->entries[i].problem, expected);
    }
}

/* Each costs its own picture, for any number of helpers. */
static void test_helpers_that_die(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    setenv("SPICA_DECODE", DECODE_STUB, 1);
    for (ctx->threads = 1; ctx->threads <= 4; ctx->threads++) {
        PictureList list = {0};
        bool other = true;
        const int file = file_make(&scratch);
        const DecodeSettings settings = settings_for(file);
        list_fill(ctx, &list, mixed, MIXED);
        TEST_OK(ctx, decode_pictures(ctx, &list, &settings, &other));
        assert_false(other);
        expect_mixed(&list);
        expect_pixels(file, &list);
        picture_list_close(ctx, &list);
        close(file);
    }
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

static void test_time_limit(void **state) {
    (void)state;
    static const char *const names[] = {"hang 1", "a", "hang 2", "bb"};
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    PictureList list = {0};
    bool other;
    setenv("SPICA_DECODE", DECODE_STUB, 1);
    const int file = file_make(&scratch);
    DecodeSettings settings = settings_for(file);
    settings.seconds = 1.5;
    list_fill(ctx, &list, names, 4);
    TEST_OK(ctx, decode_pictures(ctx, &list, &settings, &other));
    assert_string_equal(list.entries[0].problem, "took longer than 1.5 seconds");
    assert_string_equal(list.entries[2].problem, "took longer than 1.5 seconds");
    assert_null(list.entries[1].problem);
    assert_null(list.entries[3].problem);
    expect_pixels(file, &list);
    picture_list_close(ctx, &list);
    close(file);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

/* Many pictures, more than the helpers take at once, some left out beforehand. */
static void test_many_pictures(void **state) {
    (void)state;
    enum { count = 5000 };
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    PictureList list = {0};
    bool other;
    setenv("SPICA_DECODE", DECODE_STUB, 1);
    const int file = file_make(&scratch);
    const DecodeSettings settings = settings_for(file);
    for (size_t i = 0; i < count; i++) {
        char name[64];
        snprintf(name, sizeof name, "%.*s", (int)(1 + i % 40), "a name of forty letters for each picture");
        const char *const names[] = {name};
        list_fill(ctx, &list, names, 1);
        if (i % 7 == 0) list.entries[i].problem = "left out";
    }
    TEST_OK(ctx, decode_pictures(ctx, &list, &settings, &other));
    for (size_t i = 0; i < count; i++)
        assert_true((list.entries[i].problem != NULL) == (i % 7 == 0));
    expect_pixels(file, &list);
    picture_list_close(ctx, &list);
    close(file);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

static void test_sizes(void **state) {
    (void)state;
    static const char *const names[] = {"bad", "a", "other", "bb"};
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    PictureList list = {0};
    bool other = false;
    int width, height;
    setenv("SPICA_DECODE", DECODE_STUB, 1);
    const int file = file_make(&scratch);
    DecodeSettings settings = settings_for(file);
    list_fill(ctx, &list, names, 4);
    TEST_OK(ctx, decode_measure(ctx, &list, &settings, &width, &height));
    assert_int_equal(width, 4);
    assert_int_equal(height, 3);
    assert_string_equal(list.entries[0].problem, "no good");
    settings.fit = DECODE_EXACT;
    TEST_OK(ctx, decode_pictures(ctx, &list, &settings, &other));
    assert_true(other);
    list.count = 1;
    TEST_OK(ctx, decode_measure(ctx, &list, &settings, &width, &height));
    assert_int_equal(width, 0);
    picture_list_close(ctx, &list);
    close(file);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

static int cancel_now(void *user) {
    (void)user;
    return 1;
}

static void test_what_ends_the_work(void **state) {
    (void)state;
    static const char *const names[] = {"a", "full", "bb"};
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    PictureList list = {0};
    bool other;
    const int file = file_make(&scratch);
    const DecodeSettings settings = settings_for(file);
    list_fill(ctx, &list, names, 3);
    setenv("SPICA_DECODE", DECODE_STUB, 1);
    TEST_FAILS(ctx, SPICA_ERROR_IO, "No space left on device", decode_pictures(ctx, &list, &settings, &other));
    setenv("STUB_NEVER_READY", "1", 1);
    TEST_FAILS(ctx, SPICA_ERROR_IO, "the decoder ended (status 7) before it was ready",
               decode_pictures(ctx, &list, &settings, &other));
    unsetenv("STUB_NEVER_READY");
    setenv("SPICA_DECODE", "/nowhere/spica-decode", 1);
    TEST_FAILS(ctx, SPICA_ERROR_IO, "/nowhere/spica-decode", decode_pictures(ctx, &list, &settings, &other));
    unsetenv("SPICA_DECODE");
    setenv("SPICA_DECODE", DECODE_STUB, 1);
    ctx->settings.cancel = cancel_now;
    assert_int_equal(decode_pictures(ctx, &list, &settings, &other), SPICA_CANCELLED);
    ctx->settings.cancel = NULL;
    picture_list_close(ctx, &list);
    close(file);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

/* What the real helper makes of each format, beside what Pillow makes of it. Lossless ones must be equal. */
static const struct {
    const char *name;
    int most; /* difference of a byte */
} formats[] = {
    {"rgb.png", 0},     {"grey.png", 0},        {"palette.png", 0},   {"alpha.png", 1},      {"wide.png", 0},
    {"rgb.tif", 0},     {"grey.tif", 0},        {"deflate.tif", 0},   {"rgb.bmp", 0},        {"grey.bmp", 0},
    {"palette.bmp", 0}, {"bits.bmp", 0},        {"lossless.webp", 0}, {"interlaced.gif", 0}, {"film.gif", 0},
    {"photo.jpg", 2},   {"progressive.jpg", 2}, {"grey.jpg", 2},      {"turned1.jpg", 2},    {"turned2.jpg", 2},
    {"turned3.jpg", 2}, {"turned4.jpg", 2},     {"turned5.jpg", 2},   {"turned6.jpg", 2},    {"turned7.jpg", 2},
    {"turned8.jpg", 2},
};
#define FORMATS (sizeof formats / sizeof formats[0])

static void expect_format(Context *ctx, const uint8_t *pixels, const char *name, int most) {
    char golden[64];
    size_t count;
    snprintf(golden, sizeof golden, "pictures/%s.npy", name);
    uint8_t *expected = golden_uint8(ctx, golden, &count);
    assert_int_equal(count, 14 * 20 * 3);
    for (size_t i = 0; i < count; i++)
        if (abs(pixels[i] - expected[i]) > most)
            fail_msg("%s: byte %zu is %d, expected %d", name, i, pixels[i], expected[i]);
    FREE_ARRAY(ctx, &expected);
}

static void list_golden(Context *ctx, PictureList *list) {
    FREE_ARRAY(ctx, &list->folder);
    TEST_OK(ctx, memory_copy_text(ctx, &list->folder, GOLDEN_DIR "/pictures"));
}

static void test_formats(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    PictureList list = {0};
    bool other;
    const int file = file_make(&scratch);
    setenv("SPICA_DECODE", DECODE_PROGRAM, 1);
    for (size_t i = 0; i < FORMATS; i++)
        list_fill(ctx, &list, &formats[i].name, 1);
    list_golden(ctx, &list);
    for (int turned = 0; turned < 2; turned++) {
        DecodeSettings settings = settings_for(file);
        settings.most_pixels = 280;
        settings.width = turned ? 14 : 20;
        settings.height = turned ? 20 : 14;
        TEST_OK(ctx, decode_pictures(ctx, &list, &settings, &other));
        for (size_t i = 0; i < FORMATS; i++) {
            uint8_t pixels[840];
            const bool swapped = strcmp(formats[i].name, "turned5.jpg") >= 0 && formats[i].name[0] == 't';
            if (list.entries[i].problem != NULL) fail_msg("%s: %s", formats[i].name, list.entries[i].problem);
            assert_int_equal(pread(file, pixels, sizeof pixels, (off_t)(8 + i * sizeof pixels)), sizeof pixels);
            if (swapped == (turned == 1)) expect_format(ctx, pixels, formats[i].name, formats[i].most);
        }
    }
    picture_list_close(ctx, &list);
    close(file);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

/* Pictures that are made smaller, of 320 x 224 pixels, and one of CMYK: near the small original. */
static void test_resized_formats(void **state) {
    (void)state;
    static const char *const names[] = {"large.jpg", "picture.heic", "picture.avif", "cmyk.jpg"};
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    PictureList list = {0};
    bool other;
    const int file = file_make(&scratch);
    setenv("SPICA_DECODE", DECODE_PROGRAM, 1);
    list_fill(ctx, &list, names, 4);
    list_golden(ctx, &list);
    DecodeSettings settings = settings_for(file);
    settings.most_pixels = 320 * 224;
    settings.width = 20;
    settings.height = 14;
    TEST_OK(ctx, decode_pictures(ctx, &list, &settings, &other));
    size_t count;
    uint8_t *expected = golden_uint8(ctx, "pictures/rgb.png.npy", &count);
    for (size_t i = 0; i < list.count; i++) {
        uint8_t pixels[840];
        double sum = 0.0;
        if (list.entries[i].problem != NULL) fail_msg("%s: %s", names[i], list.entries[i].problem);
        assert_int_equal(pread(file, pixels, sizeof pixels, (off_t)(8 + i * sizeof pixels)), sizeof pixels);
        for (size_t byte = 0; byte < sizeof pixels; byte++)
            sum += abs(pixels[byte] - expected[byte]);
        /* CMYK's profile makes other colours of it. */
        if (sum / (double)sizeof pixels > (i == 3 ? 40.0 : 4.0)) fail_msg("%s: off by %g", names[i], sum / 840.0);
    }
    FREE_ARRAY(ctx, &expected);
    picture_list_close(ctx, &list);
    close(file);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

/* A square of the middle, or all of it with black above and below; grey. */
static void test_fits(void **state) {
    (void)state;
    static const char *const names[] = {"rgb.png"};
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    PictureList list = {0};
    bool other;
    uint8_t pixels[20 * 20 * 3];
    const int file = file_make(&scratch);
    setenv("SPICA_DECODE", DECODE_PROGRAM, 1);
    list_fill(ctx, &list, names, 1);
    list_golden(ctx, &list);
    size_t count;
    uint8_t *whole = golden_uint8(ctx, "pictures/rgb.png.npy", &count);
    DecodeSettings settings = settings_for(file);
    settings.most_pixels = 280;
    settings.width = settings.height = 14;
    TEST_OK(ctx, decode_pictures(ctx, &list, &settings, &other));
    assert_int_equal(pread(file, pixels, 14 * 14 * 3, 8), 14 * 14 * 3);
    for (size_t y = 0; y < 14; y++)
        assert_memory_equal(pixels + y * 14 * 3, whole + (y * 20 + 3) * 3, 14 * 3);
    settings.width = settings.height = 20;
    settings.fit = DECODE_LETTERBOX;
    TEST_OK(ctx, decode_pictures(ctx, &list, &settings, &other));
    assert_int_equal(pread(file, pixels, 20 * 20 * 3, 8), 20 * 20 * 3);
    for (size_t i = 0; i < 3 * 20 * 3; i++)
        assert_true(pixels[i] == 0 && pixels[17 * 20 * 3 + i] == 0);
    assert_memory_equal(pixels + 3 * 20 * 3, whole, 14 * 20 * 3);
    settings.channels = 1;
    settings.height = 14;
    TEST_OK(ctx, decode_pictures(ctx, &list, &settings, &other));
    assert_int_equal(pread(file, pixels, 20 * 14, 8), 20 * 14);
    assert_true(pixels[0] < pixels[13 * 20 + 19]);
    settings.fit = DECODE_EXACT;
    settings.height = 15;
    TEST_OK(ctx, decode_pictures(ctx, &list, &settings, &other));
    assert_true(other);
    settings.most_pixels = 279;
    TEST_OK(ctx, decode_pictures(ctx, &list, &settings, &other));
    assert_string_equal(list.entries[0].problem, "20 x 14 pixels are more than data.max_pixels = 279");
    FREE_ARRAY(ctx, &whole);
    picture_list_close(ctx, &list);
    close(file);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_helpers_that_die),   cmocka_unit_test(test_time_limit),
        cmocka_unit_test(test_many_pictures),      cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_what_ends_the_work), cmocka_unit_test(test_formats),
        cmocka_unit_test(test_resized_formats),    cmocka_unit_test(test_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
