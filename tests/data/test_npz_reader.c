#include "zip_files.h"

static TestZip zip;
static Bytes file;

/* An array of pictures of 4 x 5, the pixels of row r of which are some_byte(salt, 20 r) ... */
static void add_pictures(const char *name, size_t count, size_t salt) {
    char shape[64], member[64];
    snprintf(shape, sizeof shape, "(%zu, 4, 5)", count);
    snprintf(member, sizeof member, "%s.npy", name);
    npy_bytes(&file, shape, count * 20, salt);
    zip_add(&zip, member, &file, count % 2 ? PACK_DEFLATED : PACK_STORED);
}

/* An array of bytes first, first + 1 ... */
static void add_labels(const char *name, size_t count, int64_t first) {
    char shape[64], member[64];
    int64_t values[16];
    for (size_t i = 0; i < count; i++)
        values[i] = first + (int64_t)i;
    snprintf(shape, sizeof shape, "(%zu, 1)", count);
    snprintf(member, sizeof member, "%s.npy", name);
    npy_numbers(&file, "|u1", shape, values, count);
    zip_add(&zip, member, &file, PACK_STORED);
}

static void add_floats(const char *member) {
    npy_header(&file, "<f4", "False", "(2, 4, 5)");
    for (int i = 0; i < 40; i++)
        bytes_add(&file, "abcd", 4);
    zip_add(&zip, member, &file, PACK_STORED);
}

static Dataset open_with(Context *ctx, const char *path, DataSettings settings) {
    Dataset dataset;
    TEST_OK(ctx, dataset_open(ctx, &dataset, path, &settings));
    assert_string_equal(dataset.kind, "npz");
    assert_string_equal(dataset.name, "");
    assert_true(dataset.height == 4 && dataset.width == 5 && dataset.channels == 1);
    return dataset;
}

static void assert_pictures(const Dataset *dataset, size_t first, size_t count, size_t salt) {
    for (size_t i = 0; i < count * 20; i++)
        assert_int_equal(dataset_picture(dataset, first)[i], some_byte(salt, i));
}

/* The names of Keras' file and of MedMNIST's. */
static void test_splits(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    static const char *const names[2][6] = {
        {"x_train", "y_train", "x_val", "y_val", "x_test", "y_test"},
        {"train_images", "train_labels", "val_images", "val_labels", "test_images", "test_labels"},
    };
    for (size_t i = 0; i < 2; i++) {
        char path[64];
        zip_begin(&zip);
        add_pictures(names[i][4], 3, 3); /* in any order */
        add_labels(names[i][5], 3, 5);
        add_labels(names[i][1], 4, 2);
        add_pictures(names[i][0], 4, 1);
        if (i == 1) add_pictures(names[i][2], 2, 2), add_labels(names[i][3], 2, 9);
        add_pictures("x", 5, 9); /* not asked for */
        zip_finish(&zip, false, "", &scratch, "a.npz");
        const size_t validation = i == 1 ? 2 : 0;
        Dataset dataset = open_with(ctx, test_path(&scratch, "a.npz"), (DataSettings){0});
        assert_true(dataset.count == 7 + validation);
        assert_pictures(&dataset, 0, 4, 1);
        assert_pictures(&dataset, 4, validation, 2);
        assert_pictures(&dataset, 4 + validation, 3, 3);
        const int32_t labels[2][9] = {{0, 1, 2, 3, 3, 4, 5}, {0, 1, 2, 3, 6, 7, 3, 4, 5}};
        assert_integers_equal(dataset.labels, labels[i], dataset.count);
        assert_string_equal(dataset.class_names[0], "2");
        snprintf(path, sizeof path, "a.npz/%s#3", names[i][0]);
        assert_string_equal(dataset.paths[3], path);
        snprintf(path, sizeof path, "a.npz/%s#0", names[i][4]);
        assert_string_equal(dataset.paths[4 + validation], path);
        dataset_close(ctx, &dataset);
        dataset = open_with(ctx, test_path(&scratch, "a.npz"), (DataSettings){.split = SPLIT_TRAIN});
        assert_true(dataset.count == 4 && dataset.class_count == 4);
        assert_pictures(&dataset, 0, 4, 1);
        dataset_close(ctx, &dataset);
        dataset = open_with(ctx, test_path(&scratch, "a.npz"), (DataSettings){.split = SPLIT_TEST, .labels = "none"});
        assert_true(dataset.count == 3 && dataset.labels == NULL);
        assert_pictures(&dataset, 0, 3, 3);
        dataset_close(ctx, &dataset);
        dataset = open_with(ctx, test_path(&scratch, "a.npz"), (DataSettings){.split = SPLIT_UNLABELLED});
        assert_true(dataset.count == 7 + validation);
        dataset_close(ctx, &dataset);
    }
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

/* Some of the splits, some of the labels. */
static void test_missing_splits(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    zip_begin(&zip);
    add_pictures("x_train", 3, 1);
    zip_finish(&zip, false, "", &scratch, "a.npz");
    Dataset dataset = open_with(ctx, test_path(&scratch, "a.npz"), (DataSettings){0});
    assert_true(dataset.count == 3 && dataset.labels == NULL);
    dataset_close(ctx, &dataset);
    const DataSettings test = {.split = SPLIT_TEST};
    TEST_FAILS(ctx, SPICA_ERROR_DATA, "a.npz: no array x_test or test_images",
               dataset_open(ctx, &dataset, test_path(&scratch, "a.npz"), &test));
    dataset_close(ctx, &dataset);
    zip_begin(&zip);
    add_pictures("x_train", 3, 1);
    add_pictures("x_test", 2, 2);
    add_labels("y_test", 2, 0);
    zip_finish(&zip, false, "", &scratch, "a.npz");
    dataset = open_with(ctx, test_path(&scratch, "a.npz"), (DataSettings){0});
    const int32_t labels[] = {-1, -1, -1, 0, 1};
    assert_integers_equal(dataset.labels, labels, 5);
    dataset_close(ctx, &dataset);
    zip_begin(&zip);
    add_pictures("test_images", 3, 1);
    zip_finish(&zip, false, "", &scratch, "a.npz");
    const DataSettings train = {.split = SPLIT_TRAIN};
    TEST_FAILS(ctx, SPICA_ERROR_DATA, "a.npz: no array x_train or train_images",
               dataset_open(ctx, &dataset, test_path(&scratch, "a.npz"), &train));
    dataset_close(ctx, &dataset);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

/* Without splits: the first array of the names that holds pictures, under any name of the file. */
static void test_single_array(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    static const char *const pictures[] = {"x", "images", "data", "arr_0"}, *const labels[] = {"y", "labels", "label"};
    for (size_t i = 0; i < 4; i++) {
        char path[64];
        zip_begin(&zip);
        add_labels(labels[i % 3], 4, 0);
        for (size_t later = 4; later-- > i;)
            add_pictures(pictures[later], 4, later);
        if (i > 0) add_floats("x.npy");
        zip_finish(&zip, false, "", &scratch, "archive");
        Dataset dataset = open_with(ctx, test_path(&scratch, "archive"), (DataSettings){.split = SPLIT_TEST});
        assert_true(dataset.count == 4 && dataset.class_count == 4);
        assert_pictures(&dataset, 0, 4, i);
        snprintf(path, sizeof path, "archive/%s#3", pictures[i]);
        assert_string_equal(dataset.paths[3], path);
        dataset_close(ctx, &dataset);
    }
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

/* Archives that NumPy itself wrote, compressed and not. */
static void test_archives_of_numpy(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    Dataset dataset = open_with(ctx, GOLDEN_DIR "/npy/splits.npz", (DataSettings){0});
    const int32_t labels[] = {1, 0, 1, 2, 2, 0, 0}, stored_labels[] = {1, -1, 0};
    assert_true(dataset.count == 7 && dataset.class_count == 3);
    for (size_t i = 0; i < 140; i++)
        assert_int_equal(dataset.pixels[i], i);
    assert_integers_equal(dataset.labels, labels, 7);
    assert_string_equal(dataset.class_names[2], "8");
    assert_string_equal(dataset.paths[4], "splits.npz/x_test#0");
    dataset_close(ctx, &dataset);
    dataset = open_with(ctx, GOLDEN_DIR "/npy/stored.npz", (DataSettings){0});
    assert_true(dataset.count == 3 && dataset.class_count == 2);
    for (size_t i = 0; i < 60; i++)
        assert_int_equal(dataset.pixels[i], i);
    assert_integers_equal(dataset.labels, stored_labels, 3);
    assert_string_equal(dataset.paths[2], "stored.npz/arr_0#2");
    dataset_close(ctx, &dataset);
    test_context_close(&ctx);
}

/* An archive of one member that is the file's bytes as they are. */
static void write_single(const TestScratch *scratch, const char *member) {
    zip_begin(&zip);
    zip_add(&zip, member, &file, PACK_DEFLATED);
    zip_finish(&zip, false, "", scratch, "a.npz");
}

static void test_wrong_archives(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    zip_begin(&zip);
    zip_finish(&zip, false, "", &scratch, "z"); /* known by its first bytes */
    ASSERT_REFUSED(ctx, test_path(&scratch, "z"), "or features; it holds nothing");
    text_write(&scratch, "a.npz", "no archive"); /* known by its name */
    ASSERT_REFUSED(ctx, test_path(&scratch, "a.npz"), "a.npz: no zip archive, or a truncated one");
    npy_bytes(&file, "(2, 4, 5)", 40, 0);
    write_single(&scratch, "some.npy");
    ASSERT_REFUSED(ctx, test_path(&scratch, "a.npz"), "or features; it holds some.npy");
    write_single(&scratch, "x");
    ASSERT_REFUSED(ctx, test_path(&scratch, "a.npz"), "it holds x");
    write_single(&scratch, "features.npy");
    ASSERT_REFUSED(ctx, test_path(&scratch, "a.npz"), "array features: embeddings are floats, N x D");
    write_single(&scratch, "x.npy");
    zip.file.bytes[zip.directory_at + 16] ^= 1; /* the checksum */
    bytes_write(&scratch, "a.npz", &zip.file);
    ASSERT_REFUSED(ctx, test_path(&scratch, "a.npz"), "a.npz/x.npy: its bytes have the checksum 0x");
    zip.file.count -= 1;
    bytes_write(&scratch, "a.npz", &zip.file);
    ASSERT_REFUSED(ctx, test_path(&scratch, "a.npz"), "a.npz: no zip archive, or a truncated one");
    file.count -= 1;
    write_single(&scratch, "data.npy");
    ASSERT_REFUSED(ctx, test_path(&scratch, "a.npz"), "a.npz/data.npy: the header promises 40 bytes of elements");
    npy_header(&file, "|O", "False", "(2,)");
    write_single(&scratch, "arr_0.npy");
    ASSERT_REFUSED(ctx, test_path(&scratch, "a.npz"), "a.npz/arr_0.npy: pictures of type |O, expected uint8 (|u1)");
    npy_bytes(&file, "(2, 20)", 40, 0);
    write_single(&scratch, "images.npy");
    ASSERT_REFUSED(ctx, test_path(&scratch, "a.npz"), "a.npz/images.npy: shape (2, 20), expected N x H x W");
    npy_header(&file, "|u1", "True", "(0, 4, 5)");
    write_single(&scratch, "x_train.npy");
    ASSERT_REFUSED(ctx, test_path(&scratch, "a.npz"), "a.npz/x_train.npy: the array is in Fortran order");
    npy_bytes(&file, "(0, 4, 5)", 0, 0);
    write_single(&scratch, "x_train.npy");
    ASSERT_REFUSED(ctx, test_path(&scratch, "a.npz"), "a.npz: holds no pictures");
    file.count = 0;
    write_single(&scratch, "x.npy");
    ASSERT_REFUSED(ctx, test_path(&scratch, "a.npz"), "a.npz/x.npy: no .npy file");
    zip_begin(&zip);
    add_floats("x.npy");
    add_floats("data.npy");
    zip_finish(&zip, false, "", &scratch, "a.npz");
    ASSERT_REFUSED(ctx, test_path(&scratch, "a.npz"), "a.npz/x.npy: floats of shape (2, 4, 5): embeddings are N x D");
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

/* Where there are no pictures, an array of floats is embeddings, under names of its own first. */
static void test_embeddings(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    static const char *const names[] = {"arr_0", "data", "x", "features", "embeddings"};
    for (size_t i = 0; i < 5; i++) {
        char path[64];
        zip_begin(&zip);
        add_labels("y", 4, 7);
        for (size_t earlier = 0; earlier <= i; earlier++) {
            snprintf(path, sizeof path, "%s.npy", names[earlier]);
            npy_header(&file, "<f4", "False", "(4, 2)");
            for (size_t k = 0; k < 8; k++)
                bytes_add(&file, &(float){(float)(10 * earlier + k)}, 4);
            zip_add(&zip, path, &file, PACK_DEFLATED);
        }
        zip_finish(&zip, false, "", &scratch, "a.npz");
        Dataset dataset;
        TEST_OK(ctx, dataset_open(ctx, &dataset, test_path(&scratch, "a.npz"), &(DataSettings){0}));
        assert_string_equal(dataset.kind, "embeddings");
        assert_true(dataset.count == 4 && dataset_dimension(&dataset) == 2 && dataset.class_count == 4);
        for (size_t k = 0; k < 8; k++)
            assert_true(dataset.embeddings[k] == (float)(10 * i + k));
        snprintf(path, sizeof path, "a.npz/%s#3", names[i]);
        assert_string_equal(dataset.paths[3], path);
        dataset_close(ctx, &dataset);
    }
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

/* Arrays that are right each by itself. */
static void test_arrays_that_do_not_fit_together(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    zip_begin(&zip);
    add_pictures("x_train", 3, 1);
    add_labels("y_train", 4, 0);
    zip_finish(&zip, false, "", &scratch, "a.npz");
    ASSERT_REFUSED(ctx, test_path(&scratch, "a.npz"), "a.npz/y_train.npy: 4 labels, but ");
    zip_begin(&zip);
    add_pictures("x_train", 3, 1);
    npy_bytes(&file, "(2, 5, 4)", 40, 0);
    zip_add(&zip, "x_test.npy", &file, PACK_STORED);
    zip_finish(&zip, false, "", &scratch, "a.npz");
    ASSERT_REFUSED(ctx, test_path(&scratch, "a.npz"), "a.npz/x_test.npy: pictures of 5 x 4 x 1, but ");
    npy_bytes(&file, "(2, 4, 5, 3)", 120, 0);
    zip_begin(&zip);
    zip_add(&zip, "x_test.npy", &file, PACK_STORED);
    add_pictures("x_train", 3, 1);
    zip_finish(&zip, false, "", &scratch, "a.npz");
    ASSERT_REFUSED(ctx, test_path(&scratch, "a.npz"), "a.npz/x_test.npy: pictures of 4 x 5 x 3, but ");
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

static void test_every_failed_allocation_is_passed_on(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    zip_begin(&zip);
    add_pictures("x_train", 3, 1);
    add_labels("y_train", 3, 0);
    add_pictures("x_test", 5, 2);
    zip_finish(&zip, true, "", &scratch, "a.npz");
    assert_failed_allocations_are_passed_on(ctx, test_path(&scratch, "a.npz"), 2);
    zip_begin(&zip);
    add_pictures("arr_0", 3, 1);
    zip_finish(&zip, true, "", &scratch, "a.npz");
    assert_failed_allocations_are_passed_on(ctx, test_path(&scratch, "a.npz"), 0);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_splits),
        cmocka_unit_test(test_missing_splits),
        cmocka_unit_test(test_single_array),
        cmocka_unit_test(test_archives_of_numpy),
        cmocka_unit_test(test_wrong_archives),
        cmocka_unit_test(test_embeddings),
        cmocka_unit_test(test_arrays_that_do_not_fit_together),
        cmocka_unit_test(test_every_failed_allocation_is_passed_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
