#include <sys/stat.h>

#include "support/record_files.h"

static Bytes file;

static const char *const names = "airplane\nbird\ncar\ncat\ndeer\ndog\nhorse\nmonkey\nship\ntruck\n"; /* as published */

static void write_pictures(const TestScratch *scratch, const char *name, size_t count, size_t salt) {
    records_write(scratch, name, &stl10_picture_record, count, salt);
}

static void write_labels(const TestScratch *scratch, const char *name, size_t count, size_t salt) {
    records_write(scratch, name, &stl10_label_record, count, salt);
}

/* Train: 3 pictures, test: 2, unlabelled: 4; labels of train begin at class 8, of test at class 4. */
static void write_folder(const TestScratch *scratch) {
    write_pictures(scratch, "train_X.bin", 3, 10);
    write_labels(scratch, "train_y.bin", 3, 8);
    write_pictures(scratch, "test_X.bin", 2, 50);
    write_labels(scratch, "test_y.bin", 2, 4);
    write_pictures(scratch, "unlabeled_X.bin", 4, 90);
    text_write(scratch, "class_names.txt", names);
    text_write(scratch, "fold_indices.txt", "0 2\n1\n");
}

static void assert_picture(const Dataset *dataset, size_t row, size_t salt) {
    assert_record_picture(dataset, row, salt, 96, true);
}

static Dataset open_split(Context *ctx, const char *path, DataSplit split) {
    Dataset dataset = dataset_of_kind(ctx, path, "stl10", (DataSettings){.split = split});
    assert_true(dataset.height == 96 && dataset.width == 96 && dataset.channels == 3);
    return dataset;
}

static void assert_whole(Context *ctx, const char *path) {
    Dataset dataset = open_split(ctx, path, SPLIT_WHOLE);
    const int32_t labels[] = {8, 9, 0, 4, 5};
    assert_true(dataset.count == 5 && dataset.class_count == 10);
    assert_string_equal(dataset.class_names[0], "airplane");
    assert_string_equal(dataset.class_names[9], "truck");
    assert_string_equal(dataset.name, ""); /* not the published number of pictures */
    assert_string_equal(dataset.paths[2], "train_X.bin#2");
    assert_string_equal(dataset.paths[3], "test_X.bin#0");
    assert_integers_equal(dataset.labels, labels, 5);
    for (size_t row = 0; row < 5; row++)
        assert_picture(&dataset, row, row < 3 ? 10 + row : 50 + row - 3);
    dataset_close(ctx, &dataset);
}

static void test_folder(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    write_folder(&scratch);
    assert_whole(ctx, scratch.path);
    Dataset dataset = open_split(ctx, scratch.path, SPLIT_TRAIN);
    assert_true(dataset.count == 3 && dataset.labels[0] == 8);
    assert_picture(&dataset, 2, 12);
    dataset_close(ctx, &dataset);
    dataset = open_split(ctx, scratch.path, SPLIT_TEST);
    assert_true(dataset.count == 2 && dataset.labels[0] == 4);
    assert_picture(&dataset, 0, 50);
    dataset_close(ctx, &dataset);
    dataset = open_split(ctx, scratch.path, SPLIT_UNLABELLED);
    assert_true(dataset.count == 4 && dataset.labels == NULL && dataset.class_count == 0);
    assert_string_equal(dataset.paths[3], "unlabeled_X.bin#3");
    for (size_t row = 0; row < 4; row++)
        assert_picture(&dataset, row, 90 + row);
    dataset_close(ctx, &dataset);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

/* The archive's folder is found in DATA; files in DATA itself come first. */
static void test_folder_in_data(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch(), inner;
    snprintf(inner.path, sizeof inner.path, "%s", test_path(&scratch, "stl10_binary"));
    assert_int_equal(mkdir(inner.path, 0700), 0);
    ASSERT_REFUSED(ctx, scratch.path, "no data set that spica knows");
    write_folder(&inner);
    assert_whole(ctx, scratch.path);
    assert_int_equal(unlink(test_path(&inner, "test_X.bin")), 0);
    ASSERT_REFUSED(ctx, scratch.path, "stl10_binary: test_X.bin is missing");
    write_pictures(&scratch, "test_X.bin", 1, 70);
    Dataset dataset = open_split(ctx, scratch.path, SPLIT_TEST);
    assert_true(dataset.count == 1 && dataset.labels == NULL);
    assert_picture(&dataset, 0, 70);
    dataset_close(ctx, &dataset);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

static void split_refused(Context *ctx, const TestScratch *scratch, DataSplit split, const char *words) {
    Dataset dataset;
    const DataSettings settings = {.split = split};
    TEST_FAILS(ctx, SPICA_ERROR_DATA, words, dataset_open(ctx, &dataset, scratch->path, &settings));
    dataset_close(ctx, &dataset);
}

/* What is there can be read; what is asked for and is not there is named. */
static void test_some_of_the_files(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    write_pictures(&scratch, "unlabeled_X.bin", 2, 0);
    Dataset dataset = open_split(ctx, scratch.path, SPLIT_UNLABELLED);
    assert_true(dataset.count == 2);
    dataset_close(ctx, &dataset);
    split_refused(ctx, &scratch, SPLIT_WHOLE, "train_X.bin is missing");
    write_pictures(&scratch, "train_X.bin", 2, 0);
    assert_int_equal(unlink(test_path(&scratch, "unlabeled_X.bin")), 0);
    dataset = open_split(ctx, scratch.path, SPLIT_TRAIN);
    assert_true(dataset.count == 2 && dataset.labels == NULL && dataset.class_names == NULL);
    dataset_close(ctx, &dataset);
    split_refused(ctx, &scratch, SPLIT_WHOLE, "test_X.bin is missing");
    split_refused(ctx, &scratch, SPLIT_TEST, "test_X.bin is missing");
    split_refused(ctx, &scratch, SPLIT_UNLABELLED, "unlabeled_X.bin is missing");
    write_pictures(&scratch, "test_X.bin", 2, 0);
    write_labels(&scratch, "test_y.bin", 2, 6);
    dataset = open_split(ctx, scratch.path, SPLIT_WHOLE);
    const int32_t labels[] = {-1, -1, 6, 7};
    assert_integers_equal(dataset.labels, labels, 4);
    assert_string_equal(dataset.class_names[7], "monkey"); /* no file of names: those of the published data set */
    dataset_close(ctx, &dataset);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

static void test_wrong_pictures(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    write_folder(&scratch);
    text_write(&scratch, "unlabeled_X.bin", "no picture");
    split_refused(ctx, &scratch, SPLIT_UNLABELLED, "unlabeled_X.bin: 10 bytes are not a whole number");
    assert_wrong_records_are_refused(ctx, &scratch, "test_X.bin", &stl10_picture_record);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

static void test_wrong_labels(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    const uint8_t wrong[] = {0, 11, 255};
    const char *const words[] = {"train_y.bin: label 0 at byte 1, expected 1 to 10",
                                 "train_y.bin: label 11 at byte 1, expected 1 to 10",
                                 "train_y.bin: label 255 at byte 1, expected 1 to 10"};
    write_folder(&scratch);
    for (size_t i = 0; i < 3; i++) {
        records_make(&file, &stl10_label_record, 3, 0);
        file.bytes[1] = wrong[i];
        bytes_write(&scratch, "train_y.bin", &file);
        ASSERT_REFUSED(ctx, scratch.path, words[i]);
    }
    write_labels(&scratch, "train_y.bin", 4, 0);
    ASSERT_REFUSED(ctx, scratch.path, "train_y.bin: 4 labels, but train_X.bin has 3 pictures");
    write_labels(&scratch, "train_y.bin", 2, 0);
    ASSERT_REFUSED(ctx, scratch.path, "train_y.bin: 2 labels, but train_X.bin has 3 pictures");
    write_labels(&scratch, "train_y.bin", 0, 0);
    ASSERT_REFUSED(ctx, scratch.path, "train_y.bin: the file is empty");
    Dataset dataset;
    const DataSettings unlabelled = {.labels = "none"}; /* files of labels are not even opened */
    TEST_OK(ctx, dataset_open(ctx, &dataset, scratch.path, &unlabelled));
    assert_true(dataset.count == 5 && dataset.labels == NULL && dataset.class_count == 0);
    dataset_close(ctx, &dataset);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

static void test_names_of_classes(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    write_folder(&scratch);
    text_write(&scratch, "class_names.txt", "a\r\nb\r\nc\r\nd\r\ne\r\nf\r\ng\r\nh\r\ni\r\nj");
    Dataset dataset = open_split(ctx, scratch.path, SPLIT_TEST);
    assert_string_equal(dataset.class_names[0], "a");
    assert_string_equal(dataset.class_names[9], "j");
    dataset_close(ctx, &dataset);
    text_write(&scratch, "class_names.txt", "cat\ndog\n");
    ASSERT_REFUSED(ctx, scratch.path, "class_names.txt: 2 names of classes, expected 10");
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

/* Several pieces, the last one not full, the pictures in their order whatever the number of threads. */
static void test_pieces(void **state) {
    (void)state;
    enum { count = 300 };
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    uint64_t fingerprints[2];
    FILE *stream = fopen(test_path(&scratch, "unlabeled_X.bin"), "wb");
    assert_non_null(stream);
    for (size_t row = 0; row < count; row++) {
        records_make(&file, &stl10_picture_record, 1, row);
        assert_true(fwrite(file.bytes, 1, file.count, stream) == file.count);
    }
    assert_int_equal(fclose(stream), 0);
    for (int i = 0; i < 2; i++) {
        ctx->threads = i == 0 ? 1 : 3;
        Dataset dataset = open_split(ctx, scratch.path, SPLIT_UNLABELLED);
        assert_true(dataset.count == count);
        for (size_t row = 0; row < count; row++)
            assert_picture(&dataset, row, row);
        fingerprints[i] = dataset.fingerprint;
        dataset_close(ctx, &dataset);
    }
    assert_true(fingerprints[0] == fingerprints[1]);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

/* The published data set is known by its counts and names: 5,000 pictures to train on. */
static void test_published_data_set_is_known(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    records_write_blank(&scratch, "train_X.bin", &stl10_picture_record, 5000);
    Dataset dataset = open_split(ctx, scratch.path, SPLIT_TRAIN);
    assert_string_equal(dataset.name, "stl10");
    assert_true(dataset.count == 5000);
    dataset_close(ctx, &dataset);
    text_write(&scratch, "class_names.txt", "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n");
    dataset = open_split(ctx, scratch.path, SPLIT_TRAIN);
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
        cmocka_unit_test(test_folder),
        cmocka_unit_test(test_folder_in_data),
        cmocka_unit_test(test_some_of_the_files),
        cmocka_unit_test(test_wrong_pictures),
        cmocka_unit_test(test_wrong_labels),
        cmocka_unit_test(test_names_of_classes),
        cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_published_data_set_is_known),
        cmocka_unit_test(test_every_failed_allocation_is_passed_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
