#include "support/record_files.h"

static const char *const names =
    "airplane\nautomobile\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\ntruck\n\n"; /* as published, with its empty line */

/* Batch b (1 .. 5) holds b pictures, the test batch 4. */
static void write_folder(const TestScratch *scratch) {
    for (size_t batch = 1; batch <= 5; batch++) {
        char name[32];
        snprintf(name, sizeof name, "data_batch_%zu.bin", batch);
        records_write(scratch, name, &cifar10_record, batch, 10 * batch + batch);
    }
    records_write(scratch, "test_batch.bin", &cifar10_record, 4, 99);
    text_write(scratch, "batches.meta.txt", names);
}

static void assert_picture(const Dataset *dataset, size_t row, size_t salt) {
    assert_record_picture(dataset, row, salt, 32, false);
    assert_int_equal(dataset->labels[row], salt % 10);
}

static void test_folder(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    DataSettings settings = {.split = SPLIT_WHOLE};
    Dataset dataset;
    write_folder(&scratch);
    TEST_OK(ctx, dataset_open(ctx, &dataset, scratch.path, &settings));
    assert_true(dataset.count == 19 && dataset.height == 32 && dataset.width == 32 && dataset.channels == 3);
    assert_true(dataset.class_count == 10);
    assert_string_equal(dataset.class_names[6], "frog");
    assert_string_equal(dataset.kind, "cifar10");
    assert_string_equal(dataset.name, ""); /* not the published number of pictures */
    assert_string_equal(dataset.paths[14], "data_batch_5.bin#4");
    assert_string_equal(dataset.paths[15], "test_batch.bin#0");
    assert_picture(&dataset, 0, 11);
    assert_picture(&dataset, 14, 59);
    assert_picture(&dataset, 16, 100);
    dataset_close(ctx, &dataset);
    settings.split = SPLIT_TRAIN;
    TEST_OK(ctx, dataset_open(ctx, &dataset, scratch.path, &settings));
    assert_true(dataset.count == 15);
    dataset_close(ctx, &dataset);
    settings = (DataSettings){.split = SPLIT_TEST, .labels = "none"};
    TEST_OK(ctx, dataset_open(ctx, &dataset, scratch.path, &settings));
    assert_true(dataset.count == 4 && dataset.labels == NULL && dataset.class_count == 0);
    dataset_close(ctx, &dataset);
    settings.split = SPLIT_UNLABELLED; /* there is no such part: the whole */
    TEST_OK(ctx, dataset_open(ctx, &dataset, scratch.path, &settings));
    assert_true(dataset.count == 19);
    assert_string_equal(dataset.paths[15], "test_batch.bin#0");
    dataset_close(ctx, &dataset);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

/* DATA may hold the archive's folder; pictures in DATA itself come first. */
static void test_folder_in_data(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    const DataSettings settings = {.split = SPLIT_TEST};
    Dataset dataset;
    TEST_OK(ctx, folder_make(ctx, test_path(&scratch, "cifar-10-batches-bin")));
    records_write(&scratch, "cifar-10-batches-bin/test_batch.bin", &cifar10_record, 3, 5);
    text_write(&scratch, "cifar-10-batches-bin/batches.meta.txt", "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n");
    TEST_OK(ctx, dataset_open(ctx, &dataset, scratch.path, &settings));
    assert_true(dataset.count == 3);
    assert_string_equal(dataset.paths[2], "test_batch.bin#2");
    assert_string_equal(dataset.class_names[1], "b");
    assert_picture(&dataset, 2, 7);
    dataset_close(ctx, &dataset);
    records_write(&scratch, "test_batch.bin", &cifar10_record, 1, 8);
    TEST_OK(ctx, dataset_open(ctx, &dataset, scratch.path, &settings));
    assert_true(dataset.count == 1);
    dataset_close(ctx, &dataset);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

static void test_wrong_files(void **state) {
    (void)state;
    static Bytes file;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    write_folder(&scratch);
    text_write(&scratch, "batches.meta.txt", "cat\ndog\n");
    ASSERT_REFUSED(ctx, scratch.path, "batches.meta.txt: 2 names of classes, expected 10");
    text_write(&scratch, "batches.meta.txt", names);
    records_make(&file, &cifar10_record, 4, 0);
    file.bytes[2 * record_bytes(&cifar10_record)] = 10;
    bytes_write(&scratch, "test_batch.bin", &file);
    ASSERT_REFUSED(ctx, scratch.path, "test_batch.bin: label 10 at byte 6146, expected 0 to 9");
    assert_wrong_records_are_refused(ctx, &scratch, "test_batch.bin", &cifar10_record);
    assert_wrong_records_are_refused(ctx, &scratch, "data_batch_3.bin", &cifar10_record);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

/* Without the file of names, the published names. */
static void test_names_file_is_optional(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    const DataSettings settings = {.split = SPLIT_TEST};
    Dataset dataset;
    records_write(&scratch, "test_batch.bin", &cifar10_record, 2, 3);
    TEST_OK(ctx, dataset_open(ctx, &dataset, scratch.path, &settings));
    assert_string_equal(dataset.class_names[9], "truck");
    dataset_close(ctx, &dataset);
    text_write(&scratch, "batches.meta.txt", "a\r\nb\r\nc\r\nd\r\ne\r\nf\r\ng\r\nh\r\ni\r\nj");
    TEST_OK(ctx, dataset_open(ctx, &dataset, scratch.path, &settings));
    assert_string_equal(dataset.class_names[0], "a");
    assert_string_equal(dataset.class_names[9], "j");
    dataset_close(ctx, &dataset);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

/* The published data set is known by its counts and names: ten thousand records in each file. */
static void test_published_data_set_is_known(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    const DataSettings settings = {.split = SPLIT_TEST, .limit = 3};
    Dataset dataset;
    records_write_blank(&scratch, "test_batch.bin", &cifar10_record, 10000);
    TEST_OK(ctx, dataset_open(ctx, &dataset, scratch.path, &settings));
    assert_string_equal(dataset.name, "cifar10");
    assert_true(dataset.count == 3);
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
        cmocka_unit_test(test_folder),
        cmocka_unit_test(test_folder_in_data),
        cmocka_unit_test(test_wrong_files),
        cmocka_unit_test(test_names_file_is_optional),
        cmocka_unit_test(test_published_data_set_is_known),
        cmocka_unit_test(test_every_failed_allocation_is_passed_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
