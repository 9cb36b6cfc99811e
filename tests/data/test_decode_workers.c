/* Helpers that crash, hang, babble or are not there: what becomes of each picture, and of the others. */
#include "data/decode_workers.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "support/testing.h"

#define PICTURE 12 /* 2 x 2 x 3 */

/* A list of pictures, and the file that they are decoded to. */
typedef struct DecodeTest {
    Context *ctx;
    TestScratch scratch;
    PictureList list;
    DecodeSettings settings; /* 2 x 2 pixels at offset 8 */
} DecodeTest;

static int file_make(const TestScratch *scratch) {
    const int file = open(test_path(scratch, "pixels"), O_RDWR | O_CREAT | O_TRUNC, 0600);
    assert_true(file >= 0);
    return file;
}

/* Pictures are relative to the folder; the helper is the program. */
static DecodeTest decode_begin(const char *program, const char *folder) {
    DecodeTest test = {.ctx = test_context_open(), .scratch = test_scratch()};
    setenv("SPICA_DECODE", program, 1);
    TEST_OK(test.ctx, memory_copy_text(test.ctx, &test.list.folder, folder));
    test.settings = (DecodeSettings){.width = 2,
                                     .height = 2,
                                     .channels = 3,
                                     .most_pixels = 100,
                                     .seconds = 30.0,
                                     .file = file_make(&test.scratch),
                                     .offset = 8};
    return test;
}

static void decode_end(DecodeTest *test) {
    picture_list_close(test->ctx, &test->list);
    close(test->settings.file);
    test_scratch_remove(test->ctx, &test->scratch);
    test_context_close(&test->ctx);
}

static void list_fill(DecodeTest *test, const char *const *names, size_t count) {
    PictureEntry *entry;
    for (size_t i = 0; i < count; i++)
        TEST_OK(test->ctx, picture_list_add(test->ctx, &test->list, names[i], &entry));
}

/* Whether a picture had another size than the one that all must have. */
static bool decode_all(DecodeTest *test) {
    bool other = true;
    TEST_OK(test->ctx, decode_pictures(test->ctx, &test->list, &test->settings, &other));
    return other;
}

/* pixels[count]: the first bytes of the picture at `index`, of pictures of `bytes` bytes. */
static void pixels_read(const DecodeTest *test, size_t index, size_t bytes, uint8_t *pixels) {
    const off_t at = (off_t)(test->settings.offset + index * bytes);
    assert_int_equal(pread(test->settings.file, pixels, bytes, at), bytes);
}

static void expect_pixels(const DecodeTest *test) {
    for (size_t i = 0; i < test->list.count; i++) {
        uint8_t pixels[PICTURE];
        if (test->list.entries[i].problem != NULL) continue;
        pixels_read(test, i, PICTURE, pixels);
        for (size_t byte = 0; byte < PICTURE; byte++)
            assert_int_equal(pixels[byte], strlen(test->list.entries[i].path));
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
    for (int threads = 1; threads <= 4; threads++) {
        DecodeTest test = decode_begin(DECODE_STUB, ".");
        test.ctx->threads = threads;
        list_fill(&test, mixed, MIXED);
        assert_false(decode_all(&test));
        expect_mixed(&test.list);
        expect_pixels(&test);
        decode_end(&test);
    }
}

static void test_time_limit(void **state) {
    (void)state;
    static const char *const names[] = {"hang 1", "a", "hang 2", "bb"};
    DecodeTest test = decode_begin(DECODE_STUB, ".");
    test.settings.seconds = 1.5;
    list_fill(&test, names, 4);
    decode_all(&test);
    assert_string_equal(test.list.entries[0].problem, "took longer than 1.5 seconds");
    assert_string_equal(test.list.entries[2].problem, "took longer than 1.5 seconds");
    assert_null(test.list.entries[1].problem);
    assert_null(test.list.entries[3].problem);
    expect_pixels(&test);
    decode_end(&test);
}

/* Many pictures, more than the helpers take at once, some left out beforehand. */
static void test_many_pictures(void **state) {
    (void)state;
    enum { count = 5000 };
    DecodeTest test = decode_begin(DECODE_STUB, ".");
    for (size_t i = 0; i < count; i++) {
        char name[64];
        snprintf(name, sizeof name, "%.*s", (int)(1 + i % 40), "a name of forty letters for each picture");
        const char *const names[] = {name};
        list_fill(&test, names, 1);
        if (i % 7 == 0) test.list.entries[i].problem = "left out";
    }
    decode_all(&test);
    for (size_t i = 0; i < count; i++)
        assert_true((test.list.entries[i].problem != NULL) == (i % 7 == 0));
    expect_pixels(&test);
    decode_end(&test);
}

static void test_sizes(void **state) {
    (void)state;
    static const char *const names[] = {"bad", "a", "other", "bb"};
    int width, height;
    DecodeTest test = decode_begin(DECODE_STUB, ".");
    list_fill(&test, names, 4);
    TEST_OK(test.ctx, decode_measure(test.ctx, &test.list, &test.settings, &width, &height));
    assert_int_equal(width, 4);
    assert_int_equal(height, 3);
    assert_string_equal(test.list.entries[0].problem, "no good");
    test.settings.fit = DECODE_EXACT;
    assert_true(decode_all(&test));
    test.list.count = 1;
    TEST_OK(test.ctx, decode_measure(test.ctx, &test.list, &test.settings, &width, &height));
    assert_int_equal(width, 0);
    decode_end(&test);
}

static int cancel_now(void *user) {
    (void)user;
    return 1;
}

static void test_what_ends_the_work(void **state) {
    (void)state;
    static const char *const names[] = {"a", "full", "bb"};
    bool other;
    DecodeTest test = decode_begin(DECODE_STUB, ".");
    list_fill(&test, names, 3);
    TEST_FAILS(test.ctx, SPICA_ERROR_IO, "No space left on device",
               decode_pictures(test.ctx, &test.list, &test.settings, &other));
    setenv("STUB_NEVER_READY", "1", 1);
    TEST_FAILS(test.ctx, SPICA_ERROR_IO, "the decoder ended (status 7) before it was ready",
               decode_pictures(test.ctx, &test.list, &test.settings, &other));
    unsetenv("STUB_NEVER_READY");
    setenv("SPICA_DECODE", "/nowhere/spica-decode", 1);
    TEST_FAILS(test.ctx, SPICA_ERROR_IO, "/nowhere/spica-decode",
               decode_pictures(test.ctx, &test.list, &test.settings, &other));
    setenv("SPICA_DECODE", DECODE_STUB, 1);
    test.ctx->settings.cancel = cancel_now;
    assert_int_equal(decode_pictures(test.ctx, &test.list, &test.settings, &other), SPICA_CANCELLED);
    test.ctx->settings.cancel = NULL;
    decode_end(&test);
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

static void expect_good(const DecodeTest *test) {
    for (size_t i = 0; i < test->list.count; i++)
        if (test->list.entries[i].problem != NULL)
            fail_msg("%s: %s", test->list.entries[i].path, test->list.entries[i].problem);
}

static void test_formats(void **state) {
    (void)state;
    DecodeTest test = decode_begin(DECODE_PROGRAM, GOLDEN_DIR "/pictures");
    for (size_t i = 0; i < FORMATS; i++)
        list_fill(&test, &formats[i].name, 1);
    test.settings.most_pixels = 280;
    for (int turned = 0; turned < 2; turned++) {
        test.settings.width = turned ? 14 : 20;
        test.settings.height = turned ? 20 : 14;
        decode_all(&test);
        expect_good(&test);
        for (size_t i = 0; i < FORMATS; i++) {
            uint8_t pixels[840];
            const bool swapped = strcmp(formats[i].name, "turned5.jpg") >= 0 && formats[i].name[0] == 't';
            pixels_read(&test, i, sizeof pixels, pixels);
            if (swapped == (turned == 1)) expect_format(test.ctx, pixels, formats[i].name, formats[i].most);
        }
    }
    decode_end(&test);
}

/* Pictures that are made smaller, of about 320 x 224 pixels, and one of CMYK, whose profile makes other colours of it:
 * near the small original. */
static const struct {
    const char *name, *original;
    double most; /* of the mean difference */
} resized[] = {
    {"large.jpg", "rgb.png", 4.0},       {"large-odd.jpg", "rgb.png", 4.0},
    {"large-grey.jpg", "grey.png", 4.0}, {"large-turned.jpg", "rgb.png", 4.0},
    {"picture.heic", "rgb.png", 4.0},    {"picture.avif", "rgb.png", 4.0},
    {"cmyk.jpg", "rgb.png", 40.0},       {"large-progressive.jpg", "rgb.png", 4.0},
};
#define RESIZED (sizeof resized / sizeof resized[0])

static void expect_resized(const DecodeTest *test, size_t index) {
    uint8_t pixels[840];
    char golden[64];
    size_t count;
    double sum = 0.0;
    snprintf(golden, sizeof golden, "pictures/%s.npy", resized[index].original);
    uint8_t *expected = golden_uint8(test->ctx, golden, &count);
    assert_int_equal(count, sizeof pixels);
    pixels_read(test, index, sizeof pixels, pixels);
    for (size_t byte = 0; byte < sizeof pixels; byte++)
        sum += abs(pixels[byte] - expected[byte]);
    if (sum / (double)sizeof pixels > resized[index].most) fail_msg("%s: off by %g", resized[index].name, sum / 840.0);
    FREE_ARRAY(test->ctx, &expected);
}

static void test_resized_formats(void **state) {
    (void)state;
    DecodeTest test = decode_begin(DECODE_PROGRAM, GOLDEN_DIR "/pictures");
    for (size_t i = 0; i < RESIZED; i++)
        list_fill(&test, &resized[i].name, 1);
    test.settings.most_pixels = (uint64_t)324 * 230;
    test.settings.width = 20;
    test.settings.height = 14;
    decode_all(&test);
    expect_good(&test);
    for (size_t i = 0; i < RESIZED; i++)
        expect_resized(&test, i);
    decode_end(&test);
}

/* A square of the middle, or all of it with black above and below; grey. */
static void test_fits(void **state) {
    (void)state;
    static const char *const names[] = {"rgb.png"};
    uint8_t pixels[20 * 20 * 3];
    size_t count;
    DecodeTest test = decode_begin(DECODE_PROGRAM, GOLDEN_DIR "/pictures");
    list_fill(&test, names, 1);
    uint8_t *whole = golden_uint8(test.ctx, "pictures/rgb.png.npy", &count);
    test.settings.most_pixels = 280;
    test.settings.width = test.settings.height = 14;
    decode_all(&test);
    pixels_read(&test, 0, (size_t)14 * 14 * 3, pixels);
    for (size_t y = 0; y < 14; y++)
        assert_memory_equal(pixels + y * 14 * 3, whole + (y * 20 + 3) * 3, 14 * 3);
    test.settings.width = test.settings.height = 20;
    test.settings.fit = DECODE_LETTERBOX;
    decode_all(&test);
    pixels_read(&test, 0, (size_t)20 * 20 * 3, pixels);
    for (size_t i = 0; i < 3 * 20 * 3; i++)
        assert_true(pixels[i] == 0 && pixels[17 * 20 * 3 + i] == 0);
    assert_memory_equal(pixels + 3 * 20 * 3, whole, 14 * 20 * 3);
    test.settings.channels = 1;
    test.settings.height = 14;
    decode_all(&test);
    pixels_read(&test, 0, (size_t)20 * 14, pixels);
    assert_true(pixels[0] < pixels[13 * 20 + 19]);
    test.settings.fit = DECODE_EXACT;
    test.settings.height = 15;
    assert_true(decode_all(&test));
    test.settings.most_pixels = 279;
    decode_all(&test);
    assert_string_equal(test.list.entries[0].problem, "20 x 14 pixels are more than data.max_pixels = 279");
    FREE_ARRAY(test.ctx, &whole);
    decode_end(&test);
}

/* Adds a golden picture's bytes from `from` to the share `to` of them to the end of a file; how many there are. */
static size_t bytes_append(const DecodeTest *test, const char *golden, const char *name, double from, double to) {
    char path[1024], *bytes;
    size_t count;
    snprintf(path, sizeof path, GOLDEN_DIR "/pictures/%s", golden);
    TEST_OK(test->ctx, file_read(test->ctx, path, &bytes, &count));
    const size_t begin = (size_t)((double)count * from), end = (size_t)((double)count * to);
    TEST_OK(test->ctx, file_append(test->ctx, test_path(&test->scratch, name), bytes + begin, end - begin));
    FREE_ARRAY(test->ctx, &bytes);
    return end - begin;
}

/* What becomes of a file between the moment that it is listed and the one that it is read costs that file alone; one
 * that was still being written is read as long as it is by then. */
static void test_files_that_change(void **state) {
    (void)state;
    static const char *const names[] = {"empties", "folder", "grows", "pipe", "shrinks", "stays", "vanishes"};
    static const char *const problems[] = {"the file is empty",        "no regular file", NULL,
                                           "no regular file",          "damaged PNG",     NULL,
                                           "No such file or directory"};
    DecodeTest test = decode_begin(DECODE_PROGRAM, ".");
    for (size_t i = 0; i < 7; i++)
        bytes_append(&test, "rgb.png", names[i], 0.0, strcmp(names[i], "grows") == 0 ? 0.5 : 1.0);
    picture_list_close(test.ctx, &test.list);
    assert_int_equal(unlink(test_path(&test.scratch, "pixels")), 0);
    TEST_OK(test.ctx, picture_list_folder(test.ctx, &test.list, test.scratch.path));
    assert_int_equal(test.list.count, 7);
    expect_good(&test);
    bytes_append(&test, "rgb.png", "grows", 0.5, 1.0);
    assert_int_equal(truncate(test_path(&test.scratch, "empties"), 0), 0);
    assert_int_equal(truncate(test_path(&test.scratch, "shrinks"), 100), 0);
    assert_int_equal(unlink(test_path(&test.scratch, "vanishes")), 0);
    assert_int_equal(unlink(test_path(&test.scratch, "folder")), 0);
    assert_int_equal(mkdir(test_path(&test.scratch, "folder"), 0700), 0);
    assert_int_equal(unlink(test_path(&test.scratch, "pipe")), 0);
    assert_int_equal(mkfifo(test_path(&test.scratch, "pipe"), 0600), 0);
    test.settings.most_pixels = 280;
    decode_all(&test);
    for (size_t i = 0; i < 7; i++) {
        const char *problem = test.list.entries[i].problem;
        if (problems[i] == NULL ? problem != NULL : problem == NULL || strstr(problem, problems[i]) == NULL)
            fail_msg("%s: %s", names[i], problem != NULL ? problem : "nothing wrong");
    }
    decode_end(&test);
}

/* A picture that lies within another file is read from its place alone. */
static void test_pictures_within_a_file(void **state) {
    (void)state;
    static const char *const names[] = {"first", "second", "beyond the end"};
    DecodeTest test = decode_begin(DECODE_PROGRAM, ".");
    size_t count;
    uint8_t pixels[840];
    const size_t first = bytes_append(&test, "rgb.png", "archive", 0.0, 1.0);
    const size_t second = bytes_append(&test, "palette.png", "archive", 0.0, 1.0);
    FREE_ARRAY(test.ctx, &test.list.folder);
    TEST_OK(test.ctx, memory_copy_text(test.ctx, &test.list.folder, test.scratch.path));
    list_fill(&test, names, 3);
    test.list.archive = "archive";
    test.list.entries[0].size = first;
    test.list.entries[1].offset = first;
    test.list.entries[1].size = second;
    test.list.entries[2].offset = first;
    test.list.entries[2].size = 100000;
    test.settings.most_pixels = 280;
    test.settings.width = 20;
    test.settings.height = 14;
    decode_all(&test);
    for (size_t i = 0; i < 2; i++) {
        assert_null(test.list.entries[i].problem);
        uint8_t *expected =
            golden_uint8(test.ctx, i == 0 ? "pictures/rgb.png.npy" : "pictures/palette.png.npy", &count);
        pixels_read(&test, i, sizeof pixels, pixels);
        assert_memory_equal(pixels, expected, count);
        FREE_ARRAY(test.ctx, &expected);
    }
    assert_string_equal(test.list.entries[2].problem, "the archive ends within it");
    decode_end(&test);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_helpers_that_die),   cmocka_unit_test(test_time_limit),
        cmocka_unit_test(test_many_pictures),      cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_what_ends_the_work), cmocka_unit_test(test_formats),
        cmocka_unit_test(test_resized_formats),    cmocka_unit_test(test_fits),
        cmocka_unit_test(test_files_that_change),  cmocka_unit_test(test_pictures_within_a_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
