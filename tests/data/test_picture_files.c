/* Pictures as files, from the folder to the dataset, through the helper and the cache. */
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

#include "data/image_cache.h"
#include "data_files.h"

/* A scratch folder with a folder "data", and the cache beside it. */
static TestScratch pictures_begin(void) {
    TestScratch scratch = test_scratch();
    setenv("SPICA_DECODE", DECODE_PROGRAM, 1);
    setenv("XDG_CACHE_HOME", test_path(&scratch, "cache"), 1);
    unsetenv("SPICA_CACHE_LIMIT");
    assert_int_equal(mkdir(test_path(&scratch, "data"), 0700), 0);
    return scratch;
}

static void picture_copy(Context *ctx, const TestScratch *scratch, const char *golden, const char *name) {
    char from[1024], *bytes;
    size_t count;
    snprintf(from, sizeof from, GOLDEN_DIR "/pictures/%s", golden);
    TEST_OK(ctx, file_read(ctx, from, &bytes, &count));
    TEST_OK(ctx, file_replace(ctx, test_path(scratch, name), bytes, count));
    FREE_ARRAY(ctx, &bytes);
}

static Dataset open_settings(Context *ctx, const TestScratch *scratch, const char *name, const DataSettings *settings) {
    Dataset dataset;
    test_state(ctx)->log[0] = '\0';
    TEST_OK(ctx, dataset_open(ctx, &dataset, test_path(scratch, name), settings));
    return dataset;
}

static Dataset open_data(Context *ctx, const TestScratch *scratch) {
    const DataSettings settings = {0};
    return open_settings(ctx, scratch, "data", &settings);
}

static bool was_said(Context *ctx, const char *words) { return strstr(test_state(ctx)->log, words) != NULL; }

/* Pictures of one small size keep it; any other size makes it 96, wherever it comes. */
static void test_sizes(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = pictures_begin();
    picture_copy(ctx, &scratch, "rgb.png", "data/1");
    picture_copy(ctx, &scratch, "rgb.bmp", "data/2");
    picture_copy(ctx, &scratch, "lossless.webp", "data/3");
    size_t count;
    uint8_t *expected = golden_uint8(ctx, "pictures/rgb.png.npy", &count);
    Dataset dataset = open_data(ctx, &scratch);
    assert_string_equal(dataset.kind, "pictures");
    assert_true(dataset.count == 3 && dataset.width == 20 && dataset.height == 14 && dataset.channels == 3);
    for (size_t row = 0; row < 3; row++)
        assert_memory_equal(dataset_picture(&dataset, row), expected, count);
    assert_int_equal(dataset.bad_count, 0);
    assert_true(dataset.survey.kinds[PICTURE_PNG] == 1 && dataset.survey.kinds[PICTURE_WEBP] == 1);
    assert_true(dataset.survey.kinds[PICTURE_BMP] == 1 && dataset.survey.kinds[PICTURE_JPEG] == 0);
    assert_true(dataset.survey.width_least == 20 && dataset.survey.width_most == 20);
    assert_true(dataset.survey.height_least == 14 && dataset.survey.height_most == 14);
    const PictureSurvey survey = dataset.survey;
    assert_string_equal(dataset.paths[2], "3");
    const uint64_t fingerprint = dataset.fingerprint;
    dataset_close(ctx, &dataset);

    dataset = open_data(ctx, &scratch);
    assert_true(was_said(ctx, "from the cache"));
    assert_true(dataset.fingerprint == fingerprint);
    assert_memory_equal(&dataset.survey, &survey, sizeof survey);
    assert_memory_equal(dataset_picture(&dataset, 1), expected, count);
    dataset_close(ctx, &dataset);

    picture_copy(ctx, &scratch, "large.jpg", "data/4");
    dataset = open_data(ctx, &scratch);
    assert_false(was_said(ctx, "from the cache"));
    assert_true(dataset.count == 4 && dataset.width == 96 && dataset.height == 96);
    assert_true(dataset.survey.width_least == 20 && dataset.survey.width_most > 96);
    assert_int_equal(dataset.survey.kinds[PICTURE_JPEG], 1);
    dataset_close(ctx, &dataset);

    const DataSettings settings = {.size = 8, .grey = true, .letterbox = true};
    dataset = open_settings(ctx, &scratch, "data", &settings);
    assert_true(dataset.count == 4 && dataset.width == 8 && dataset.height == 8 && dataset.channels == 1);
    assert_int_equal(dataset.pixels[0], 0);
    dataset_close(ctx, &dataset);
    FREE_ARRAY(ctx, &expected);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

static void write_bytes(const TestScratch *scratch, const char *name, const void *bytes, size_t count) {
    FILE *stream = fopen(test_path(scratch, name), "wb");
    assert_non_null(stream);
    assert_true(fwrite(bytes, 1, count, stream) == count);
    assert_int_equal(fclose(stream), 0);
}

/* A whole PNG file whose header promises 60000 x 60000 pixels. */
static const uint8_t bomb[] = {0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48,
                               0x44, 0x52, 0x00, 0x00, 0xea, 0x60, 0x00, 0x00, 0xea, 0x60, 0x08, 0x02, 0x00, 0x00,
                               0x00, 0x0f, 0xb0, 0xe2, 0x15, 0x00, 0x00, 0x00, 0x0c, 0x49, 0x44, 0x41, 0x54, 0x78,
                               0x9c, 0x63, 0x60, 0xa0, 0x0c, 0x00, 0x00, 0x00, 0x40, 0x00, 0x01, 0xb7, 0x34, 0x7c,
                               0xef, 0x00, 0x00, 0x00, 0x00, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82};

static void truncate_copy(Context *ctx, const TestScratch *scratch, const char *golden, const char *name, double part) {
    struct stat facts;
    picture_copy(ctx, scratch, golden, name);
    assert_int_equal(stat(test_path(scratch, name), &facts), 0);
    assert_int_equal(truncate(test_path(scratch, name), (off_t)((double)facts.st_size * part)), 0);
}

static const char *reason_of(const Dataset *dataset, const char *path) {
    for (size_t i = 0; i < dataset->bad_count; i++)
        if (strcmp(dataset->bad[i].path, path) == 0) return dataset->bad[i].reason;
    return "";
}

static void expect_broken(const Dataset *dataset) {
    static const char *const truncated[] = {"cut.bmp", "cut.gif", "cut.heic", "cut.jpg",
                                            "cut.png", "cut.tif", "cut.webp"};
    assert_int_equal(dataset->count, 2);
    assert_string_equal(dataset->paths[0], "good 1");
    assert_string_equal(dataset->paths[1], "z,\"good\"\n2 \xff");
    assert_int_equal(dataset->bad_count, 11);
    for (size_t i = 0; i < 7; i++) {
        const char *reason = reason_of(dataset, truncated[i]);
        if (strncmp(reason, "damaged ", 8) != 0) fail_msg("%s: \"%s\"", truncated[i], reason);
        assert_null(strchr(reason, '\n'));
    }
    assert_string_equal(reason_of(dataset, "bomb"), "60000 x 60000 pixels are more than data.max_pixels = 100000000");
    assert_string_equal(reason_of(dataset, "empty.jpg"), "the file is empty");
    assert_string_equal(reason_of(dataset, "text.jpg"), "no picture of a kind that is read");
    assert_string_equal(reason_of(dataset, "fifo"), "a FIFO, not a file");
}

/* Whatever is wrong with a file costs that file alone, and is told again when the rest comes from the cache. */
static void test_broken_files(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = pictures_begin();
    picture_copy(ctx, &scratch, "rgb.png", "data/good 1");
    picture_copy(ctx, &scratch, "palette.png", "data/z,\"good\"\n2 \xff");
    truncate_copy(ctx, &scratch, "photo.jpg", "data/cut.jpg", 0.8);
    truncate_copy(ctx, &scratch, "rgb.png", "data/cut.png", 0.8);
    truncate_copy(ctx, &scratch, "lossless.webp", "data/cut.webp", 0.5);
    truncate_copy(ctx, &scratch, "interlaced.gif", "data/cut.gif", 0.3);
    truncate_copy(ctx, &scratch, "rgb.tif", "data/cut.tif", 0.5);
    truncate_copy(ctx, &scratch, "picture.heic", "data/cut.heic", 0.5);
    truncate_copy(ctx, &scratch, "rgb.bmp", "data/cut.bmp", 0.5);
    write_bytes(&scratch, "data/bomb", bomb, sizeof bomb);
    text_write(&scratch, "data/empty.jpg", "");
    text_write(&scratch, "data/text.jpg", "no picture");
    assert_int_equal(mkfifo(test_path(&scratch, "data/fifo"), 0600), 0);
    for (int round = 0; round < 2; round++) {
        Dataset dataset = open_data(ctx, &scratch);
        expect_broken(&dataset);
        assert_true(was_said(ctx, "from the cache") == (round == 1));
        assert_true(was_said(ctx, "11 of 13 files cannot be used"));
        dataset_close(ctx, &dataset);
        ctx->threads = 1;
    }
    Dataset dataset;
    const DataSettings strict = {.strict = true};
    TEST_FAILS(ctx, SPICA_ERROR_DATA, "bomb: 60000 x 60000",
               dataset_open(ctx, &dataset, test_path(&scratch, "data"), &strict));
    dataset_close(ctx, &dataset);
    assert_int_equal(unlink(test_path(&scratch, "data/good 1")), 0);
    assert_int_equal(unlink(test_path(&scratch, "data/z,\"good\"\n2 \xff")), 0);
    ASSERT_REFUSED(ctx, test_path(&scratch, "data"), "none of 11 files can be read as a picture; bomb: 60000");
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

static void test_labels_by_folder(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = pictures_begin();
    assert_int_equal(mkdir(test_path(&scratch, "data/dog"), 0700), 0);
    picture_copy(ctx, &scratch, "rgb.png", "data/dog/1.png");
    Dataset dataset = open_data(ctx, &scratch);
    assert_null(dataset.labels);
    assert_true(was_said(ctx, "labels: none: all pictures lie in one sub-folder"));
    dataset_close(ctx, &dataset);

    assert_int_equal(mkdir(test_path(&scratch, "data/cat"), 0700), 0);
    picture_copy(ctx, &scratch, "palette.png", "data/cat/2.png");
    text_write(&scratch, "data/notes.txt", "a file that is no picture decides nothing");
    dataset = open_data(ctx, &scratch);
    assert_int_equal(dataset.class_count, 2);
    assert_string_equal(dataset.class_names[0], "cat");
    assert_true(dataset.labels[0] == 0 && dataset.labels[1] == 1);
    assert_true(was_said(ctx, "labels: 2 classes by sub-folder"));
    dataset_close(ctx, &dataset);
    const DataSettings none = {.labels = "none"};
    dataset = open_settings(ctx, &scratch, "data", &none);
    assert_null(dataset.labels);
    dataset_close(ctx, &dataset);

    picture_copy(ctx, &scratch, "rgb.png", "data/0.png");
    dataset = open_data(ctx, &scratch);
    assert_null(dataset.labels);
    assert_true(was_said(ctx, "labels: none: not every picture lies in a sub-folder"));
    dataset_close(ctx, &dataset);
    const DataSettings folders = {.labels = "folders"};
    dataset = open_settings(ctx, &scratch, "data", &folders);
    assert_int_equal(dataset.class_count, 2);
    assert_true(dataset.labels[0] == -1 && dataset.labels[1] == 0 && dataset.labels[2] == 1);
    dataset_close(ctx, &dataset);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

static void test_lists(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = pictures_begin();
    setenv("SPICA_DECODE", DECODE_STUB, 1); /* which starts sooner, and makes pictures of 4 x 3 of anything */
    picture_copy(ctx, &scratch, "rgb.png", "data/1.png");
    picture_copy(ctx, &scratch, "palette.png", "data/2.png");
    text_write(&scratch, "list.txt", "data/2.png\ngone.png\ndata/1.png\n");
    text_write(&scratch, "table.csv", "path,label\ndata/2.png,b\ndata/1.png,a\n");
    const DataSettings settings = {0};
    Dataset dataset = open_settings(ctx, &scratch, "list.txt", &settings);
    assert_int_equal(dataset.count, 2);
    assert_string_equal(dataset.paths[0], "data/2.png");
    assert_string_equal(reason_of(&dataset, "gone.png"), "No such file or directory");
    assert_null(dataset.labels);
    dataset_close(ctx, &dataset);
    dataset = open_settings(ctx, &scratch, "table.csv", &settings);
    assert_int_equal(dataset.class_count, 2);
    assert_true(dataset.labels[0] == 1 && dataset.labels[1] == 0);
    dataset_close(ctx, &dataset);
    dataset = open_settings(ctx, &scratch, "data/1.png", &settings);
    assert_int_equal(dataset.count, 1);
    assert_string_equal(dataset.paths[0], "1.png");
    dataset_close(ctx, &dataset);
    const DataSettings train = {.split = SPLIT_TRAIN};
    TEST_FAILS(ctx, SPICA_ERROR_OPTION, "no splits", dataset_open(ctx, &dataset, test_path(&scratch, "data"), &train));
    dataset_close(ctx, &dataset);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

/* A limit decodes its subset alone. */
static void test_limit(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = pictures_begin();
    setenv("SPICA_DECODE", DECODE_STUB, 1); /* which starts sooner, and makes pictures of 4 x 3 of anything */
    for (int i = 0; i < 9; i++) {
        char name[16];
        snprintf(name, sizeof name, "data/%d", i);
        picture_copy(ctx, &scratch, "rgb.png", name);
    }
    const DataSettings settings = {.limit = 4};
    Dataset dataset = open_settings(ctx, &scratch, "data", &settings);
    assert_int_equal(dataset.count, 4);
    for (size_t row = 1; row < 4; row++)
        assert_true(strcmp(dataset.paths[row - 1], dataset.paths[row]) < 0);
    dataset_close(ctx, &dataset);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

static size_t cache_files(Context *ctx) {
    ImageCacheTable table = {0};
    TEST_OK(ctx, image_cache_list(ctx, &table));
    const size_t count = table.count;
    image_cache_table_close(ctx, &table);
    return count;
}

/* The one file of the cache. */
static void cache_damage(Context *ctx, off_t at) {
    ImageCacheTable table = {0};
    TEST_OK(ctx, image_cache_list(ctx, &table));
    assert_int_equal(table.count, 1);
    const int file = open(table.files[0].path, O_RDWR);
    char byte;
    assert_int_equal(pread(file, &byte, 1, at), 1);
    byte ^= 1;
    assert_int_equal(pwrite(file, &byte, 1, at), 1);
    close(file);
    image_cache_table_close(ctx, &table);
}

/* What counts for the key, what is found damaged, and what an own change of the pixels does: nothing. */
static void test_cache(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = pictures_begin();
    setenv("SPICA_DECODE", DECODE_STUB, 1); /* which starts sooner, and makes pictures of 4 x 3 of anything */
    picture_copy(ctx, &scratch, "rgb.png", "data/1");
    Dataset dataset = open_data(ctx, &scratch);
    const uint8_t first = dataset.pixels[0];
    const uint64_t fingerprint = dataset.fingerprint;
    dataset.pixels[0] ^= 0xff;
    dataset_close(ctx, &dataset);
    static const off_t places[] = {40, 4096 + 5};
    for (size_t i = 0; i < 2; i++) {
        dataset = open_data(ctx, &scratch);
        assert_true(was_said(ctx, "from the cache"));
        assert_true(dataset.pixels[0] == first && dataset.fingerprint == fingerprint);
        dataset_close(ctx, &dataset);
        cache_damage(ctx, places[i]);
        dataset = open_data(ctx, &scratch);
        assert_false(was_said(ctx, "from the cache"));
        assert_true(dataset.fingerprint == fingerprint);
        dataset_close(ctx, &dataset);
    }
    assert_int_equal(cache_files(ctx), 1);
    const struct timespec times[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
    assert_int_equal(utimensat(AT_FDCWD, test_path(&scratch, "data/1"), times, 0), 0);
    dataset = open_data(ctx, &scratch);
    assert_false(was_said(ctx, "from the cache"));
    dataset_close(ctx, &dataset);
    assert_int_equal(cache_files(ctx), 2);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

/* A limit makes room by removing what was used longest ago; without a place to keep them pictures are read as well. */
static void test_cache_limits(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = pictures_begin();
    setenv("SPICA_DECODE", DECODE_STUB, 1); /* which starts sooner, and makes pictures of 4 x 3 of anything */
    picture_copy(ctx, &scratch, "rgb.png", "data/1");
    setenv("SPICA_CACHE_LIMIT", "12k", 1); /* two files of 4096 bytes and a few hundred more */
    static const int sizes[] = {0, 8, 7, 0, 8};
    static const bool kept[] = {false, false, false, false, false};
    for (size_t i = 0; i < 5; i++) {
        const DataSettings settings = {.size = sizes[i]};
        Dataset dataset = open_settings(ctx, &scratch, "data", &settings);
        assert_true(was_said(ctx, "from the cache") == kept[i]);
        assert_true(was_said(ctx, "to make room") == (i >= 2));
        dataset_close(ctx, &dataset);
    }
    setenv("SPICA_CACHE_LIMIT", "4k", 1);
    Dataset dataset = open_data(ctx, &scratch);
    dataset_close(ctx, &dataset);
    const int warnings = test_state(ctx)->warnings;
    const DataSettings settings = {.size = 9};
    dataset = open_settings(ctx, &scratch, "data", &settings);
    assert_true(was_said(ctx, "more than the cache may hold"));
    assert_int_equal(test_state(ctx)->warnings, warnings + 1);
    dataset_close(ctx, &dataset);
    setenv("SPICA_CACHE_LIMIT", "0", 1);
    dataset = open_data(ctx, &scratch);
    assert_false(was_said(ctx, "from the cache"));
    dataset_close(ctx, &dataset);
    unsetenv("SPICA_CACHE_LIMIT");
    text_write(&scratch, "file", "x");
    setenv("XDG_CACHE_HOME", test_path(&scratch, "file"), 1); /* a file where a folder should be */
    dataset = open_data(ctx, &scratch);
    assert_true(was_said(ctx, "are kept in memory"));
    assert_int_equal(dataset.count, 1);
    dataset_close(ctx, &dataset);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

static void test_failed_allocations(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = pictures_begin();
    setenv("SPICA_DECODE", DECODE_STUB, 1);
    setenv("SPICA_CACHE_LIMIT", "0", 1);
    assert_int_equal(mkdir(test_path(&scratch, "data/a"), 0700), 0);
    assert_int_equal(mkdir(test_path(&scratch, "data/b"), 0700), 0);
    picture_copy(ctx, &scratch, "rgb.png", "data/a/1");
    picture_copy(ctx, &scratch, "rgb.png", "data/b/bad");
    picture_copy(ctx, &scratch, "rgb.png", "data/b/2");
    assert_failed_allocations_are_passed_on(ctx, test_path(&scratch, "data"), 2);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_broken_files),
        cmocka_unit_test(test_labels_by_folder),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_cache),
        cmocka_unit_test(test_cache_limits),
        cmocka_unit_test(test_failed_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
