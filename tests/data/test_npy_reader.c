#include "data_files.h"

static Bytes file;

static Dataset open_with(Context *ctx, const char *path, DataSettings settings) {
    Dataset dataset = dataset_of_kind(ctx, path, "npy", settings);
    assert_string_equal(dataset.name, "");
    return dataset;
}

/* Every shape of pictures, in one file under any name. */
static void test_shapes(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    const struct {
        const char *shape;
        int height, width, channels;
        bool planes;
    } shapes[] = {
        {"(4, 5, 6)", 5, 6, 1, false},    {"(4, 5, 6, 1)", 5, 6, 1, false}, {"(4, 5, 6, 3)", 5, 6, 3, false},
        {"(4, 1, 6, 5)", 6, 5, 1, false}, {"(4, 3, 6, 5)", 6, 5, 3, true},  {"(4, 3, 5, 3)", 3, 5, 3, false},
        {"(4, 1, 5, 3)", 1, 5, 3, false}, {"(4, 32, 3)", 32, 3, 1, false},
    };
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        const size_t side = (size_t)shapes[i].height * (size_t)shapes[i].width, channels = (size_t)shapes[i].channels;
        npy_bytes(&file, shapes[i].shape, 4 * side * channels, i);
        bytes_write(&scratch, "pictures", &file); /* known by its magic number */
        Dataset dataset = open_with(ctx, test_path(&scratch, "pictures"), (DataSettings){.split = SPLIT_TEST});
        assert_true(dataset.count == 4 && dataset.labels == NULL && dataset.class_count == 0);
        assert_true(dataset.height == shapes[i].height && dataset.width == shapes[i].width);
        assert_true(dataset.channels == shapes[i].channels);
        assert_string_equal(dataset.paths[3], "pictures#3");
        for (size_t row = 0; row < 4; row++)
            for (size_t place = 0; place < side; place++)
                for (size_t c = 0; c < channels; c++)
                    assert_int_equal(dataset_picture(&dataset, row)[place * channels + c],
                                     some_byte(i, shapes[i].planes ? (row * channels + c) * side + place
                                                                   : (row * side + place) * channels + c));
        dataset_close(ctx, &dataset);
    }
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

/* Planes longer than the pieces they are read in, and pieces that hold several of them. */
static void test_planes_across_pieces(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    const struct {
        const char *shape;
        size_t count, side;
    } shapes[] = {{"(1, 3, 200, 201)", 1, 40200}, {"(100, 3, 11, 37)", 100, 407}};
    for (size_t i = 0; i < 2; i++) {
        npy_bytes(&file, shapes[i].shape, shapes[i].count * 3 * shapes[i].side, 7);
        bytes_write(&scratch, "planes.npy", &file);
        Dataset dataset = open_with(ctx, test_path(&scratch, "planes.npy"), (DataSettings){0});
        for (size_t row = 0; row < shapes[i].count; row++)
            for (size_t place = 0; place < shapes[i].side; place++)
                for (size_t c = 0; c < 3; c++)
                    assert_int_equal(dataset_picture(&dataset, row)[place * 3 + c],
                                     some_byte(7, (row * 3 + c) * shapes[i].side + place));
        dataset_close(ctx, &dataset);
    }
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

/* data.npy and label.npy, by their folder or by the name of data.npy; labels of each type. */
static void test_folder(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    const int64_t values[] = {7, 3, 3, 200, 7};
    const int32_t numbers[] = {1, 0, 0, 2, 1};
    static const char *const types[] = {"|u1", "<i4", "<i8"}, *const shapes[] = {"(5,)", "(5, 1)", "(5,)"};
    npy_bytes(&file, "(5, 2, 2, 3)", 60, 0);
    bytes_write(&scratch, "data.npy", &file);
    bytes_write(&scratch, "other.npy", &file);
    for (size_t i = 0; i < 6; i++) {
        npy_numbers(&file, types[i / 2], shapes[i / 2], values, 5);
        bytes_write(&scratch, "label.npy", &file);
        Dataset dataset = open_with(ctx, i % 2 ? test_path(&scratch, "data.npy") : scratch.path, (DataSettings){0});
        assert_true(dataset.count == 5 && dataset.class_count == 3);
        assert_integers_equal(dataset.labels, numbers, 5);
        assert_string_equal(dataset.class_names[0], "3");
        assert_string_equal(dataset.class_names[1], "7");
        assert_string_equal(dataset.class_names[2], "200");
        assert_string_equal(dataset.paths[4], "data.npy#4");
        dataset_close(ctx, &dataset);
    }
    Dataset dataset = open_with(ctx, test_path(&scratch, "other.npy"), (DataSettings){0});
    assert_null(dataset.labels);
    dataset_close(ctx, &dataset);
    text_write(&scratch, "label.npy", "no labels");
    dataset = open_with(ctx, scratch.path, (DataSettings){.labels = "none"}); /* which are not even opened */
    assert_null(dataset.labels);
    dataset_close(ctx, &dataset);
    assert_int_equal(unlink(test_path(&scratch, "label.npy")), 0);
    dataset = open_with(ctx, scratch.path, (DataSettings){0});
    assert_null(dataset.labels);
    dataset_close(ctx, &dataset);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

/* The most extreme values, negative ones, and more labels than are read at a time. */
static void test_values_of_labels(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    const int64_t wide[] = {INT64_MAX, -1, 0, INT64_MIN, 4294967296}, none[] = {-1, -7, -1, -1, -2};
    const int32_t numbers[] = {2, -1, 0, -1, 1};
    npy_bytes(&file, "(5, 1, 1)", 5, 0);
    bytes_write(&scratch, "data.npy", &file);
    npy_numbers(&file, "<i8", "(5,)", wide, 5);
    bytes_write(&scratch, "label.npy", &file);
    Dataset dataset = open_with(ctx, scratch.path, (DataSettings){0});
    assert_integers_equal(dataset.labels, numbers, 5);
    assert_true(dataset.class_count == 3);
    assert_string_equal(dataset.class_names[2], "9223372036854775807");
    dataset_close(ctx, &dataset);
    npy_numbers(&file, "<i4", "(5,)", none, 5);
    bytes_write(&scratch, "label.npy", &file);
    dataset = open_with(ctx, scratch.path, (DataSettings){0});
    assert_true(dataset.labels == NULL && dataset.class_count == 0 && dataset.class_names == NULL);
    dataset_close(ctx, &dataset);
    static int64_t many[9000];
    for (int64_t i = 0; i < 9000; i++)
        many[i] = i % 4500 * 3;
    npy_bytes(&file, "(9000, 1, 1)", 9000, 0);
    bytes_write(&scratch, "data.npy", &file);
    npy_numbers(&file, "<i4", "(9000,)", many, 9000);
    bytes_write(&scratch, "label.npy", &file);
    dataset = open_with(ctx, scratch.path, (DataSettings){0});
    assert_true(dataset.class_count == 4500);
    for (size_t row = 0; row < 9000; row++)
        assert_int_equal(dataset.labels[row], row % 4500);
    assert_string_equal(dataset.class_names[4499], "13497");
    dataset_close(ctx, &dataset);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

/* An array file that is refused in these words. */
typedef struct WrongArray {
    const char *descriptor, *order, *shape;
    size_t bytes; /* of elements */
    const char *words;
} WrongArray;

/* Writes each to `name`, and opens DATA. */
static void arrays_refused(Context *ctx, const TestScratch *scratch, const char *name, const char *data,
                           const WrongArray *cases, size_t count) {
    for (size_t i = 0; i < count; i++) {
        npy_header(&file, cases[i].descriptor, cases[i].order, cases[i].shape);
        for (size_t byte = 0; byte < cases[i].bytes; byte++)
            bytes_add(&file, "", 1);
        bytes_write(scratch, name, &file);
        ASSERT_REFUSED(ctx, data, cases[i].words);
    }
}

static void test_wrong_pictures(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    static const WrongArray cases[] = {
        {"<u4", "False", "(2, 5, 5)", 200, "a.npy: pictures of type <u4, expected uint8 (|u1)"},
        {"<u2", "False", "(2, 5, 5)", 100, "a.npy: pictures of type <u2, expected uint8 (|u1)"},
        {"|S12345678901234567890", "False", "(2, 5, 5)", 100, "a.npy: pictures of type |S12345678901234567890, "},
        {"|u1", "True", "(2, 5, 5)", 50, "a.npy: the array is in Fortran order; C order is expected"},
        {"|u1", "False", "(50,)", 50, "a.npy: shape (50,), expected N x H x W, N x H x W x 1 or 3, or N x 1 or 3 x"},
        {"|u1", "False", "(2, 25)", 50, "a.npy: shape (2, 25), expected"},
        {"|u1", "False", "()", 1, "a.npy: shape (), expected"},
        {"|u1", "False", "(2, 5, 5, 4)", 200, "a.npy: shape (2, 5, 5, 4), expected"},
        {"|u1", "False", "(2, 1, 5, 5, 1)", 50, "a.npy: shape (2, 1, 5, 5, 1), expected"},
        {"|u1", "False", "(2, 0, 5)", 0, "a.npy: shape (2, 0, 5), expected pictures with sides of 1 to 65535"},
        {"|u1", "False", "(1, 3, 65536, 1)", 0, "a.npy: shape (1, 3, 65536, 1), expected pictures with sides"},
        {"|u1", "False", "(1, 65536, 1)", 0, "a.npy: shape (1, 65536, 1), expected pictures with sides of 1 to 65535"},
        {"|u1", "False", "(0, 5, 5)", 0, "a.npy: holds no pictures"},
        {"|u1", "False", "(2, 5, 5)", 49,
         "a.npy: the header promises 50 bytes of elements from byte 128; the file holds 49"},
        {"|u1", "False", "(2, 5, 5)", 51, "the header promises 50 bytes of elements from byte 128; the file holds 51"},
        {"|u1", "False", "(99999999999, 60000, 60000)", 51, "a.npy: the shape in the .npy header exceeds the address"},
    };
    arrays_refused(ctx, &scratch, "a.npy", test_path(&scratch, "a.npy"), cases, sizeof cases / sizeof cases[0]);
    text_write(&scratch, "a.npy", "hello"); /* taken by its name */
    ASSERT_REFUSED(ctx, test_path(&scratch, "a.npy"), "a.npy: no .npy file (its magic is missing at byte 0)");
    text_write(&scratch, "a.npy", "");
    ASSERT_REFUSED(ctx, test_path(&scratch, "a.npy"), "a.npy: the file is empty");
    text_write(&scratch, "data.npy", "");
    ASSERT_REFUSED(ctx, scratch.path, "data.npy: no .npy file");
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

static void test_wrong_labels(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    static const WrongArray cases[] = {
        {"<f8", "False", "(2,)", 16, "label.npy: labels of type <f8, expected uint8, int32 or int64"},
        {"<i2", "False", "(2,)", 4, "label.npy: labels of type <i2, expected uint8, int32 or int64"},
        {"|b1", "False", "(2,)", 2, "label.npy: labels of type |b1, expected uint8, int32 or int64"},
        {"|u1", "False", "(2, 3)", 6, "label.npy: labels of shape (2, 3), expected one for each of 2 pictures"},
        {"|u1", "False", "()", 1, "label.npy: labels of shape (), expected one for each of 2 pictures"},
        {"|u1", "False", "(2, 1, 1)", 2, "label.npy: labels of shape (2, 1, 1), expected one"},
        {"|u1", "False", "(3,)", 3, "data.npy has 2 pictures"},
        {"<i4", "False", "(1,)", 4, "label.npy: 1 labels, but "},
        {"<i4", "False", "(2,)", 7,
         "label.npy: the header promises 8 bytes of elements from byte 128; the file holds 7"},
        {"<i4", "False", "(2,)", 9,
         "label.npy: the header promises 8 bytes of elements from byte 128; the file holds 9"},
    };
    npy_bytes(&file, "(2, 5, 5)", 50, 0);
    bytes_write(&scratch, "data.npy", &file);
    arrays_refused(ctx, &scratch, "label.npy", scratch.path, cases, sizeof cases / sizeof cases[0]);
    text_write(&scratch, "label.npy", "");
    ASSERT_REFUSED(ctx, scratch.path, "label.npy: no .npy file");
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

static void test_every_failed_allocation_is_passed_on(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    const int64_t values[] = {1, 0, 5};
    npy_bytes(&file, "(3, 3, 4, 5)", 180, 0);
    bytes_write(&scratch, "data.npy", &file);
    npy_numbers(&file, "<i8", "(3,)", values, 3);
    bytes_write(&scratch, "label.npy", &file);
    assert_failed_allocations_are_passed_on(ctx, scratch.path, 2);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_planes_across_pieces),
        cmocka_unit_test(test_folder),
        cmocka_unit_test(test_values_of_labels),
        cmocka_unit_test(test_wrong_pictures),
        cmocka_unit_test(test_wrong_labels),
        cmocka_unit_test(test_every_failed_allocation_is_passed_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
