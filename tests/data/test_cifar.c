#include "data_files.h"

static Bytes file;

static const char *const names =
    "airplane\nautomobile\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\ntruck\n\n"; /* as published, with its empty line */

/* Batch b (1 .. 5) holds b pictures, the test batch 4. */
static void write_folder(const TestScratch *scratch) {
    for (size_t batch = 1; batch <= 5; batch++) {
        char name[32];
        snprintf(name, sizeof name, "data_batch_%zu.bin", batch);
        cifar_records(&file, batch, 10 * batch + batch);
        bytes_write(scratch, name, &file);
    }
    cifar_records(&file, 4, 99);
    bytes_write(scratch, "test_batch.bin", &file);
    text_write(scratch, "batches.meta.txt", names);
}

/* Planes became interleaved pixels, red, green, blue. */
static void assert_picture(const Dataset *dataset, size_t row, size_t salt) {
    const uint8_t *pixels = dataset_picture(dataset, row);
    for (size_t i = 0; i < 1024; i++)
        for (size_t channel = 0; channel < 3; channel++)
            assert_int_equal(pixels[3 * i + channel], some_byte(salt, channel * 1024 + i));
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
    cifar_records(&file, 3, 5);
    bytes_write(&scratch, "cifar-10-batches-bin/test_batch.bin", &file);
    text_write(&scratch, "cifar-10-batches-bin/batches.meta.txt", "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n");
    TEST_OK(ctx, dataset_open(ctx, &dataset, scratch.path, &settings));
    assert_true(dataset.count == 3);
    assert_string_equal(dataset.paths[2], "test_batch.bin#2");
    assert_string_equal(dataset.class_names[1], "b");
    assert_picture(&dataset, 2, 7);
    dataset_close(ctx, &dataset);
    cifar_records(&file, 1, 8);
    bytes_write(&scratch, "test_batch.bin", &file);
    TEST_OK(ctx, dataset_open(ctx, &dataset, scratch.path, &settings));
    assert_true(dataset.count == 1);
    dataset_close(ctx, &dataset);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

static void test_wrong_files(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    write_folder(&scratch);
    text_write(&scratch, "batches.meta.txt", "cat\ndog\n");
    ASSERT_REFUSED(ctx, scratch.path, "batches.meta.txt: 2 names of classes, expected 10");
    text_write(&scratch, "batches.meta.txt", names);
    cifar_records(&file, 4, 0);
    file.bytes[(size_t)2 * CIFAR_RECORD_BYTES] = 10;
    bytes_write(&scratch, "test_batch.bin", &file);
    ASSERT_REFUSED(ctx, scratch.path, "test_batch.bin: label 10 at byte 6146, expected 0 to 9");
    file.count -= 7;
    bytes_write(&scratch, "test_batch.bin", &file);
    ASSERT_REFUSED(ctx, scratch.path,
                   "test_batch.bin: 12285 bytes are not a whole number of records of 3073 bytes; "
                   "the last record begins at byte 9219");
    file.count = 0;
    bytes_write(&scratch, "test_batch.bin", &file);
    ASSERT_REFUSED(ctx, scratch.path, "test_batch.bin: the file is empty");
    assert_int_equal(unlink(test_path(&scratch, "data_batch_3.bin")), 0);
    ASSERT_REFUSED(ctx, scratch.path, "data_batch_3.bin is missing");
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
    cifar_records(&file, 2, 3);
    bytes_write(&scratch, "test_batch.bin", &file);
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
    FILE *stream = fopen(test_path(&scratch, "test_batch.bin"), "wb");
    assert_non_null(stream);
    cifar_records(&file, 20, 0);
    for (int i = 0; i < 500; i++)
        assert_true(fwrite(file.bytes, 1, file.count, stream) == file.count);
    assert_int_equal(fclose(stream), 0);
    TEST_OK(ctx, dataset_open(ctx, &dataset, scratch.path, &settings));
    assert_string_equal(dataset.name, "cifar10");
    assert_true(dataset.count == 3);
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
        cmocka_unit_test(test_folder),
        cmocka_unit_test(test_folder_in_data),
        cmocka_unit_test(test_wrong_files),
        cmocka_unit_test(test_names_file_is_optional),
        cmocka_unit_test(test_published_data_set_is_known),
        cmocka_unit_test(test_every_failed_allocation_is_passed_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
