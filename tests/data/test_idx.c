#include "data_files.h"

static Bytes file;

/* Train: 7 pictures of 3 x 5, test: 4; labels of 3 classes. */
static void write_folder(const TestScratch *scratch, bool gzip) {
    void (*write)(const TestScratch *, const char *, const Bytes *) = gzip ? bytes_write_gzip : bytes_write;
    idx_pictures(&file, 7, 3, 5, 0);
    write(scratch, gzip ? "train-images-idx3-ubyte.gz" : "train-images-idx3-ubyte", &file);
    idx_labels(&file, 7, 3, 1);
    write(scratch, gzip ? "train-labels-idx1-ubyte.gz" : "train-labels-idx1-ubyte", &file);
    idx_pictures(&file, 4, 3, 5, 100);
    write(scratch, gzip ? "t10k-images-idx3-ubyte.gz" : "t10k-images-idx3-ubyte", &file);
    idx_labels(&file, 4, 3, 2);
    write(scratch, gzip ? "t10k-labels-idx1-ubyte.gz" : "t10k-labels-idx1-ubyte", &file);
}

static void assert_pictures(const Dataset *dataset, size_t first, size_t count, size_t salt, size_t label_salt) {
    for (size_t row = 0; row < count; row++) {
        for (size_t i = 0; i < 15; i++)
            assert_int_equal(dataset_picture(dataset, first + row)[i], some_byte(salt + row, i));
        assert_int_equal(dataset->labels[first + row], (label_salt + row) % 3);
    }
}

static void assert_folder(Context *ctx, const TestScratch *scratch, const char *suffix) {
    char last[64];
    Dataset dataset;
    DataSettings settings = {.split = SPLIT_WHOLE};
    TEST_OK(ctx, dataset_open(ctx, &dataset, scratch->path, &settings));
    assert_true(dataset.count == 11 && dataset.height == 3 && dataset.width == 5 && dataset.channels == 1);
    assert_string_equal(dataset.kind, "idx");
    assert_string_equal(dataset.name, "");
    assert_true(dataset.class_count == 3);
    assert_string_equal(dataset.class_names[2], "2");
    assert_pictures(&dataset, 0, 7, 0, 1);
    assert_pictures(&dataset, 7, 4, 100, 2);
    snprintf(last, sizeof last, "train-images-idx3-ubyte%s#6", suffix);
    assert_string_equal(dataset.paths[6], last);
    snprintf(last, sizeof last, "t10k-images-idx3-ubyte%s#0", suffix);
    assert_string_equal(dataset.paths[7], last);
    dataset_close(ctx, &dataset);
    settings.split = SPLIT_TRAIN;
    TEST_OK(ctx, dataset_open(ctx, &dataset, scratch->path, &settings));
    assert_true(dataset.count == 7);
    assert_pictures(&dataset, 0, 7, 0, 1);
    dataset_close(ctx, &dataset);
    settings.split = SPLIT_TEST;
    TEST_OK(ctx, dataset_open(ctx, &dataset, scratch->path, &settings));
    assert_true(dataset.count == 4);
    assert_pictures(&dataset, 0, 4, 100, 2);
    dataset_close(ctx, &dataset);
    settings.split = SPLIT_UNLABELLED; /* there is no such part: the whole */
    TEST_OK(ctx, dataset_open(ctx, &dataset, scratch->path, &settings));
    assert_true(dataset.count == 11);
    assert_pictures(&dataset, 0, 7, 0, 1);
    assert_pictures(&dataset, 7, 4, 100, 2);
    dataset_close(ctx, &dataset);
}

static void test_folder(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    for (int gzip = 0; gzip < 2; gzip++) {
        TestScratch scratch = test_scratch();
        write_folder(&scratch, gzip != 0);
        assert_folder(ctx, &scratch, gzip ? ".gz" : "");
        test_scratch_remove(ctx, &scratch);
    }
    test_context_close(&ctx);
}

/* A single file: with the labels of the file beside it, gzipped or not, or without. */
static void test_single_file(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    const DataSettings settings = {.split = SPLIT_TEST}; /* a single file has no splits */
    Dataset dataset;
    idx_pictures(&file, 7, 3, 5, 0);
    bytes_write_gzip(&scratch, "some-images-idx3-ubyte.gz", &file);
    bytes_write(&scratch, "pictures", &file);
    TEST_OK(ctx, dataset_open(ctx, &dataset, test_path(&scratch, "pictures"), &settings));
    assert_true(dataset.count == 7 && dataset.labels == NULL && dataset.class_count == 0);
    assert_null(dataset.class_names);
    assert_string_equal(dataset.paths[3], "pictures#3");
    const uint64_t fingerprint = dataset.fingerprint;
    dataset_close(ctx, &dataset);
    for (int gzip = 0; gzip < 2; gzip++) {
        idx_labels(&file, 7, 3, 1);
        if (gzip)
            bytes_write_gzip(&scratch, "some-labels-idx1-ubyte.gz", &file);
        else
            bytes_write(&scratch, "some-labels-idx1-ubyte", &file);
        TEST_OK(ctx, dataset_open(ctx, &dataset, test_path(&scratch, "some-images-idx3-ubyte.gz"), &settings));
        assert_pictures(&dataset, 0, 7, 0, 1);
        assert_true(dataset.fingerprint == fingerprint);
        dataset_close(ctx, &dataset);
        assert_int_equal(unlink(test_path(&scratch, gzip ? "some-labels-idx1-ubyte.gz" : "some-labels-idx1-ubyte")), 0);
    }
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

/* Labels for one split only: the other's pictures have none. */
static void test_missing_label_file(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    const DataSettings settings = {0};
    Dataset dataset;
    write_folder(&scratch, false);
    assert_int_equal(unlink(test_path(&scratch, "train-labels-idx1-ubyte")), 0);
    TEST_OK(ctx, dataset_open(ctx, &dataset, scratch.path, &settings));
    assert_true(dataset.labels[0] == -1 && dataset.labels[6] == -1 && dataset.labels[7] == 2);
    dataset_close(ctx, &dataset);
    assert_int_equal(unlink(test_path(&scratch, "t10k-labels-idx1-ubyte")), 0);
    TEST_OK(ctx, dataset_open(ctx, &dataset, scratch.path, &settings));
    assert_null(dataset.labels);
    dataset_close(ctx, &dataset);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

static void test_wrong_headers(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    const char *path = test_path(&scratch, "x-idx3-ubyte");
    idx_labels(&file, 10, 3, 0);
    bytes_write(&scratch, "x-idx3-ubyte", &file);
    ASSERT_REFUSED(ctx, path, "x-idx3-ubyte: magic number 0x00000801 at byte 0, expected 0x00000803");
    for (size_t bytes = 1; bytes < 16; bytes++) {
        idx_pictures(&file, 2, 3, 5, 0);
        file.count = bytes;
        bytes_write(&scratch, "x-idx3-ubyte", &file);
        ASSERT_REFUSED(ctx, path, "x-idx3-ubyte: ends at byte");
    }
    idx_pictures(&file, 0, 3, 5, 0);
    bytes_write(&scratch, "x-idx3-ubyte", &file);
    ASSERT_REFUSED(ctx, path, "0 pictures at byte 4");
    idx_pictures(&file, 2, 0, 5, 0);
    bytes_write(&scratch, "x-idx3-ubyte", &file);
    ASSERT_REFUSED(ctx, path, "height 0 at byte 8");
    idx_pictures(&file, 2, 3, 0, 0);
    bytes_write(&scratch, "x-idx3-ubyte", &file);
    ASSERT_REFUSED(ctx, path, "width 0 at byte 12");
    file.count = 12;
    bytes_add_number(&file, 1u << 20);
    bytes_write(&scratch, "x-idx3-ubyte", &file);
    ASSERT_REFUSED(ctx, path, "width 1048576 at byte 12");
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

/* Sizes that the file cannot hold are refused before anything is allocated for them. */
static void test_sizes_beyond_the_file(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    static const uint32_t sizes[][3] = {{0xffffffff, 65535, 65535}, {0x7fffffff, 28, 28}, {3, 3, 5}};
    for (size_t i = 0; i < 3; i++) {
        idx_pictures(&file, 2, 3, 5, 0);
        const size_t whole = file.count;
        file.count = 4;
        for (size_t side = 0; side < 3; side++)
            bytes_add_number(&file, sizes[i][side]);
        file.count = whole;
        bytes_write(&scratch, "images", &file);
        ASSERT_REFUSED(ctx, test_path(&scratch, "images"), "images: truncated, its header promises");
        bytes_write_gzip(&scratch, "images", &file);
        ASSERT_REFUSED(ctx, test_path(&scratch, "images"),
                       i == 2 ? "images: ends at byte 46, within its pictures" : "compressed bytes can hold");
    }
    idx_pictures(&file, 2, 3, 5, 0);
    bytes_add(&file, "x", 1);
    bytes_write(&scratch, "images", &file);
    ASSERT_REFUSED(ctx, test_path(&scratch, "images"), "more bytes than its header promises, from byte 46 on");
    bytes_write_gzip(&scratch, "images", &file);
    ASSERT_REFUSED(ctx, test_path(&scratch, "images"), "more bytes than its header promises, from byte 46 on");
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

static void test_damaged_gzip(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    static Bytes zipped;
    idx_pictures(&file, 100, 20, 20, 0);
    bytes_write_gzip(&scratch, "images", &file);
    bytes_read(&scratch, "images", &zipped);
    const size_t whole = zipped.count;
    zipped.count = whole / 2;
    bytes_write(&scratch, "images", &zipped);
    ASSERT_REFUSED(ctx, test_path(&scratch, "images"), "images: truncated gzip file, nothing after byte");
    zipped.count = whole - 3; /* the trailer alone is cut */
    bytes_write(&scratch, "images", &zipped);
    ASSERT_REFUSED(ctx, test_path(&scratch, "images"), "images: truncated gzip file, nothing after byte 40016");
    zipped.count = whole;
    zipped.bytes[whole - 8] ^= 1; /* the checksum */
    bytes_write(&scratch, "images", &zipped);
    ASSERT_REFUSED(ctx, test_path(&scratch, "images"), "images: damaged gzip data after byte");
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

static void test_folders_that_do_not_fit_together(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    write_folder(&scratch, false);
    idx_labels(&file, 8, 3, 1);
    bytes_write(&scratch, "train-labels-idx1-ubyte", &file);
    ASSERT_REFUSED(ctx, scratch.path,
                   "train-labels-idx1-ubyte: 8 labels at byte 4, but train-images-idx3-ubyte has 7 pictures");
    /* Labels that are not wanted are not read. */
    Dataset dataset;
    const DataSettings settings = {.labels = "none"};
    TEST_OK(ctx, dataset_open(ctx, &dataset, scratch.path, &settings));
    assert_null(dataset.labels);
    dataset_close(ctx, &dataset);
    idx_labels(&file, 7, 3, 1);
    file.count--;
    bytes_write(&scratch, "train-labels-idx1-ubyte", &file);
    ASSERT_REFUSED(ctx, scratch.path, "train-labels-idx1-ubyte: ends at byte 14, within its labels");
    idx_pictures(&file, 4, 5, 3, 0);
    bytes_write(&scratch, "t10k-images-idx3-ubyte", &file);
    ASSERT_REFUSED(ctx, scratch.path, "t10k-images-idx3-ubyte: pictures of 5 x 3, but ");
    assert_int_equal(unlink(test_path(&scratch, "t10k-images-idx3-ubyte")), 0);
    ASSERT_REFUSED(ctx, scratch.path, "t10k-images-idx3-ubyte[.gz] is missing");
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

static void test_every_failed_allocation_is_passed_on(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    write_folder(&scratch, true);
    assert_failed_allocations_are_passed_on(ctx, scratch.path, 5);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_folder),
        cmocka_unit_test(test_single_file),
        cmocka_unit_test(test_missing_label_file),
        cmocka_unit_test(test_wrong_headers),
        cmocka_unit_test(test_sizes_beyond_the_file),
        cmocka_unit_test(test_damaged_gzip),
        cmocka_unit_test(test_folders_that_do_not_fit_together),
        cmocka_unit_test(test_every_failed_allocation_is_passed_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
