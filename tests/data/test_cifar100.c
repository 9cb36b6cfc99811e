#include "support/record_files.h"

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
    records_write(scratch, "train.bin", &cifar100_record, 5, 11);
    records_write(scratch, "test.bin", &cifar100_record, 3, 90);
    names_write(scratch, "coarse_label_names.txt", "coarse", 20);
    names_write(scratch, "fine_label_names.txt", "fine", 100);
}

static Dataset open_with(Context *ctx, const char *path, DataSettings settings) {
    Dataset dataset = dataset_of_kind(ctx, path, "cifar100", settings);
    assert_true(dataset.height == 32 && dataset.width == 32 && dataset.channels == 3);
    return dataset;
}

static void assert_picture(const Dataset *dataset, size_t row, size_t salt) {
    assert_record_picture(dataset, row, salt, 32, false);
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
    records_write(&scratch, "cifar-100-binary/test.bin", &cifar100_record, 2, 3);
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
    records_make(&file, &cifar100_record, 3, 0);
    file.bytes[2 * record_bytes(&cifar100_record)] = 20;
    bytes_write(&scratch, "test.bin", &file);
    ASSERT_REFUSED(ctx, scratch.path, "test.bin: label 20 at byte 6148, expected 0 to 19");
    file.bytes[2 * record_bytes(&cifar100_record)] = 19;
    file.bytes[record_bytes(&cifar100_record) + 1] = 100; /* the fine label is not wanted, but shows the damage */
    bytes_write(&scratch, "test.bin", &file);
    ASSERT_REFUSED(ctx, scratch.path, "test.bin: label 100 at byte 3075, expected 0 to 99");
    assert_wrong_records_are_refused(ctx, &scratch, "test.bin", &cifar100_record);
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
    records_write_blank(&scratch, "test.bin", &cifar100_record, 10000);
    Dataset dataset = open_with(ctx, scratch.path, (DataSettings){.split = SPLIT_TEST, .limit = 3});
    assert_string_equal(dataset.name, "cifar100");
    assert_true(dataset.count == 3);
    dataset_close(ctx, &dataset);
    names_write(&scratch, "fine_label_names.txt", "fine", 100);
    dataset = open_with(ctx, scratch.path, (DataSettings){.split = SPLIT_TEST, .limit = 3, .classes = CLASSES_FINE});
    assert_string_equal(dataset.name, "");
    dataset_close(ctx, &dataset);
    records_write_blank(&scratch, "train.bin", &cifar100_record,
                        10000); /* whose published number of pictures is another one */
    dataset = open_with(ctx, scratch.path, (DataSettings){.split = SPLIT_TRAIN, .limit = 3});
    assert_string_equal(dataset.name, "");
    dataset_close(ctx, &dataset);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

static void test_every_failed_allocation_is_passed_on(void **state) {
    (void)state;
    assert_folder_passes_failures_on(write_folder);
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
