#include "data_files.h"

static Bytes file;

/* `count` numbered names of this kind, a line each. */
static void names_write(const TestScratch *scratch, const char *name, const char *kind, size_t count) {
    file.count = 0;
    for (size_t i = 0; i < count; i++) {
        char line[32];
        const int length = snprintf(line, sizeof line, "%s %zu\n", kind, i);
        bytes_add(&file, line, (size_t)length);
    }
    bytes_write(scratch, name, &file);
}

/* Train holds 5 pictures, test 3. */
static void write_folder(const TestScratch *scratch) {
    cifar100_records(&file, 5, 11);
    bytes_write(scratch, "train.bin", &file);
    cifar100_records(&file, 3, 90);
    bytes_write(scratch, "test.bin", &file);
    names_write(scratch, "coarse_label_names.txt", "coarse", 20);
    names_write(scratch, "fine_label_names.txt", "fine", 100);
}

static Dataset open_with(Context *ctx, const char *path, DataSettings settings) {
    Dataset dataset;
    TEST_OK(ctx, dataset_open(ctx, &dataset, path, &settings));
    assert_string_equal(dataset.kind, "cifar100");
    assert_true(dataset.height == 32 && dataset.width == 32 && dataset.channels == 3);
    return dataset;
}

/* Planes became interleaved pixels, red, green, blue. */
static void assert_picture(const Dataset *dataset, size_t row, size_t salt) {
    const uint8_t *pixels = dataset_picture(dataset, row);
    for (size_t i = 0; i < 1024; i++)
        for (size_t channel = 0; channel < 3; channel++)
            assert_int_equal(pixels[3 * i + channel], some_byte(salt, channel * 1024 + i));
}

static void test_splits(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    write_folder(&scratch);
    Dataset dataset = open_with(ctx, scratch.path, (DataSettings){.split = SPLIT_WHOLE});
    assert_true(dataset.count == 8);
    assert_string_equal(dataset.name, ""); /* not the published number of pictures */
    assert_string_equal(dataset.paths[4], "train.bin#4");
    assert_string_equal(dataset.paths[5], "test.bin#0");
    for (size_t row = 0; row < 8; row++)
        assert_picture(&dataset, row, row < 5 ? 11 + row : 85 + row);
    dataset_close(ctx, &dataset);
    dataset = open_with(ctx, scratch.path, (DataSettings){.split = SPLIT_TRAIN});
    assert_true(dataset.count == 5);
    assert_picture(&dataset, 0, 11);
    dataset_close(ctx, &dataset);
    dataset = open_with(ctx, scratch.path, (DataSettings){.split = SPLIT_TEST, .labels = "none"});
    assert_true(dataset.count == 3 && dataset.labels == NULL && dataset.class_count == 0);
    assert_picture(&dataset, 0, 90);
    dataset_close(ctx, &dataset);
    dataset = open_with(ctx, scratch.path, (DataSettings){.split = SPLIT_UNLABELLED}); /* no such part: the whole */
    assert_true(dataset.count == 8);
    dataset_close(ctx, &dataset);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

static void test_coarse_and_fine_labels(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    const int32_t coarse[] = {11, 12, 13, 14, 15, 10, 11, 12}, fine[] = {77, 84, 91, 98, 5, 30, 37, 44};
    write_folder(&scratch);
    Dataset dataset = open_with(ctx, scratch.path, (DataSettings){0});
    assert_integers_equal(dataset.labels, coarse, 8);
    assert_true(dataset.class_count == 20);
    assert_string_equal(dataset.class_names[19], "coarse 19");
    const uint64_t fingerprint = dataset.fingerprint;
    dataset_close(ctx, &dataset);
    dataset = open_with(ctx, scratch.path, (DataSettings){.classes = CLASSES_FINE});
    assert_integers_equal(dataset.labels, fine, 8);
    assert_true(dataset.class_count == 100);
    assert_string_equal(dataset.class_names[99], "fine 99");
    assert_true(dataset.fingerprint == fingerprint); /* the same pictures */
    dataset_close(ctx, &dataset);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

/* Without the files of names, the published names; DATA holds the archive's folder. */
static void test_names_are_optional(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    TEST_OK(ctx, folder_make(ctx, test_path(&scratch, "cifar-100-binary")));
    cifar100_records(&file, 2, 3);
    bytes_write(&scratch, "cifar-100-binary/test.bin", &file);
    Dataset dataset = open_with(ctx, scratch.path, (DataSettings){.split = SPLIT_TEST});
    assert_string_equal(dataset.class_names[0], "aquatic_mammals");
    assert_string_equal(dataset.class_names[19], "vehicles_2");
    assert_string_equal(dataset.paths[1], "test.bin#1");
    assert_picture(&dataset, 1, 4);
    dataset_close(ctx, &dataset);
    dataset = open_with(ctx, scratch.path, (DataSettings){.split = SPLIT_TEST, .classes = CLASSES_FINE});
    assert_string_equal(dataset.class_names[0], "apple");
    assert_string_equal(dataset.class_names[43], "lion");
    assert_string_equal(dataset.class_names[99], "worm");
    dataset_close(ctx, &dataset);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

static void test_wrong_files(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    write_folder(&scratch);
    cifar100_records(&file, 3, 0);
    file.bytes[(size_t)2 * CIFAR100_RECORD_BYTES] = 20;
    bytes_write(&scratch, "test.bin", &file);
    ASSERT_REFUSED(ctx, scratch.path, "test.bin: label 20 at byte 6148, expected 0 to 19");
    file.bytes[(size_t)2 * CIFAR100_RECORD_BYTES] = 19;
    file.bytes[(size_t)1 * CIFAR100_RECORD_BYTES + 1] = 100; /* the fine label is not wanted, but shows the damage */
    bytes_write(&scratch, "test.bin", &file);
    ASSERT_REFUSED(ctx, scratch.path, "test.bin: label 100 at byte 3075, expected 0 to 99");
    file.count -= 7;
    bytes_write(&scratch, "test.bin", &file);
    ASSERT_REFUSED(ctx, scratch.path,
                   "test.bin: 9215 bytes are not a whole number of records of 3074 bytes; "
                   "the last record begins at byte 6148");
    file.count = 0;
    bytes_write(&scratch, "test.bin", &file);
    ASSERT_REFUSED(ctx, scratch.path, "test.bin: the file is empty");
    assert_int_equal(unlink(test_path(&scratch, "test.bin")), 0);
    ASSERT_REFUSED(ctx, scratch.path, "test.bin is missing");
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

static void test_wrong_names(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    const DataSettings fine = {.classes = CLASSES_FINE};
    Dataset dataset;
    write_folder(&scratch);
    names_write(&scratch, "fine_label_names.txt", "fine", 99);
    TEST_FAILS(ctx, SPICA_ERROR_DATA, "fine_label_names.txt: 99 names of classes, expected 100",
               dataset_open(ctx, &dataset, scratch.path, &fine));
    dataset_close(ctx, &dataset);
    dataset = open_with(ctx, scratch.path, (DataSettings){0}); /* which does not read them */
    dataset_close(ctx, &dataset);
    names_write(&scratch, "coarse_label_names.txt", "coarse", 100);
    ASSERT_REFUSED(ctx, scratch.path, "coarse_label_names.txt: 100 names of classes, expected 20");
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

/* The published data set is known by its counts and names: ten thousand records to test with. */
static void test_published_data_set_is_known(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    text_write(&scratch, "test.bin", "");
    assert_int_equal(truncate(test_path(&scratch, "test.bin"), (off_t)10000 * CIFAR100_RECORD_BYTES), 0);
    Dataset dataset = open_with(ctx, scratch.path, (DataSettings){.split = SPLIT_TEST, .limit = 3});
    assert_string_equal(dataset.name, "cifar100");
    assert_true(dataset.count == 3);
    dataset_close(ctx, &dataset);
    names_write(&scratch, "fine_label_names.txt", "fine", 100);
    dataset = open_with(ctx, scratch.path, (DataSettings){.split = SPLIT_TEST, .limit = 3, .classes = CLASSES_FINE});
    assert_string_equal(dataset.name, "");
    dataset_close(ctx, &dataset);
    text_write(&scratch, "train.bin", ""); /* whose published number of pictures is another one */
    assert_int_equal(truncate(test_path(&scratch, "train.bin"), (off_t)10000 * CIFAR100_RECORD_BYTES), 0);
    dataset = open_with(ctx, scratch.path, (DataSettings){.split = SPLIT_TRAIN, .limit = 3});
    assert_string_equal(dataset.name, "");
    dataset_close(ctx, &dataset);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

static void test_every_failed_allocation_is_passed_on(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    write_folder(&scratch);
    assert_failed_allocations_are_passed_on(ctx, scratch.path, 0);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_splits),
        cmocka_unit_test(test_coarse_and_fine_labels),
        cmocka_unit_test(test_names_are_optional),
        cmocka_unit_test(test_wrong_files),
        cmocka_unit_test(test_wrong_names),
        cmocka_unit_test(test_published_data_set_is_known),
        cmocka_unit_test(test_every_failed_allocation_is_passed_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
