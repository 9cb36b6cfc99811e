/* Embeddings in place of pictures: types, names, labels, subsets, and what is refused. */
#include <math.h>

#include "data/reader.h"
#include "data_files.h"

enum { ROWS = 5, DIMENSION = 3 };

static Bytes file;

/* Numbers that float16 holds exactly, with its largest, a subnormal one and one below 0. */
static const float numbers[ROWS * DIMENSION] = {1.0f,    -2.5f, 0.0f, 65504.0f, 0x1p-24f, 0.5f, 3.0f,     -0.125f,
                                                1024.0f, 7.0f,  8.0f, 9.0f,     0x1p-14f, 2.0f, -65504.0f};
static const uint16_t halves[ROWS * DIMENSION] = {0x3c00, 0xc100, 0x0000, 0x7bff, 0x0001, 0x3800, 0x4200, 0xb000,
                                                  0x6400, 0x4700, 0x4800, 0x4880, 0x0400, 0x4000, 0xfbff};

/* A file of the numbers above in the type of this descriptor. */
static void write_numbers(const TestScratch *scratch, const char *name, const char *descriptor) {
    npy_header(&file, descriptor, "False", "(5, 3)");
    for (size_t i = 0; i < ROWS * DIMENSION; i++) {
        const double wide = (double)numbers[i];
        if (descriptor[2] == '2') bytes_add(&file, &halves[i], 2);
        if (descriptor[2] == '4') bytes_add(&file, &numbers[i], 4);
        if (descriptor[2] == '8') bytes_add(&file, &wide, 8);
    }
    bytes_write(scratch, name, &file);
}

static Dataset open_with(Context *ctx, const char *path, DataSettings settings) {
    Dataset dataset;
    TEST_OK(ctx, dataset_open(ctx, &dataset, path, &settings));
    assert_string_equal(dataset.kind, "embeddings");
    assert_string_equal(dataset.name, "");
    assert_true(dataset_has_embeddings(&dataset) && dataset.pixels == NULL);
    assert_true(dataset.height == 1 && dataset.width == 1 && dataset_dimension(&dataset) == DIMENSION);
    return dataset;
}

static void test_types(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    static const char *const types[] = {"<f2", "<f4", "<f8"};
    uint64_t fingerprint = 0;
    for (size_t i = 0; i < 3; i++) {
        write_numbers(&scratch, "a.npy", types[i]);
        Dataset dataset = open_with(ctx, test_path(&scratch, "a.npy"), (DataSettings){0});
        assert_true(dataset.count == ROWS && dataset.labels == NULL && dataset.class_count == 0);
        assert_memory_equal(dataset.embeddings, numbers, sizeof numbers);
        assert_string_equal(dataset.paths[4], "a.npy#4");
        if (i == 0) fingerprint = dataset.fingerprint;
        assert_true(dataset.fingerprint == fingerprint); /* of the numbers, not of the file */
        TEST_FAILS(ctx, SPICA_ERROR_DATA, "PICA needs pictures, but the data are embeddings",
                   dataset_require_pictures(ctx, &dataset, "PICA"));
        dataset_close(ctx, &dataset);
    }
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

/* More numbers than are read at a time. */
static void test_across_pieces(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    npy_header(&file, "<f8", "False", "(3000, 3)");
    for (size_t i = 0; i < 9000; i++) {
        const double value = (double)i;
        bytes_add(&file, &value, 8);
    }
    bytes_write(&scratch, "a.npy", &file);
    Dataset dataset = open_with(ctx, test_path(&scratch, "a.npy"), (DataSettings){0});
    for (size_t i = 0; i < 9000; i++)
        assert_true(dataset.embeddings[i] == (float)i);
    dataset_close(ctx, &dataset);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

static void test_statistics(void **state) {
    (void)state;
    float rows[4] = {3.0f, 4.0f, 0.0f, -1.0f}, mean[3], deviation[3];
    Dataset dataset = {.count = 2, .height = 1, .width = 1, .channels = 2, .embeddings = rows};
    dataset_statistics(&dataset, mean, deviation);
    for (int c = 0; c < 3; c++)
        assert_true(mean[c] == 0.0f && fabs((double)deviation[c] - sqrt(26.0 / 4.0)) < 1e-6);
    memset(rows, 0, sizeof rows);
    dataset_statistics(&dataset, mean, deviation);
    assert_true(deviation[0] == 1.0f);
}

static void test_wrong_arrays(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    static const struct {
        const char *descriptor, *order, *shape;
        size_t bytes;
        const char *words;
    } cases[] = {
        {"<f4", "False", "(6,)", 24, "a.npy: floats of shape (6,): embeddings are N x D with D from 1 to 65536"},
        {"<f4", "False", "(2, 5, 5)", 200, "a.npy: floats of shape (2, 5, 5): embeddings are N x D"},
        {"<f4", "False", "(2, 5, 5, 3)", 600, "and pictures are uint8 (|u1)"},
        {"<f4", "False", "()", 4, "a.npy: floats of shape ()"},
        {"<f4", "False", "(2, 0)", 0, "a.npy: floats of shape (2, 0)"},
        {"<f4", "False", "(1, 65537)", 0, "a.npy: floats of shape (1, 65537)"},
        {"<f4", "False", "(0, 4)", 0, "a.npy: holds no embeddings"},
        {">f4", "False", "(2, 3)", 24, "a.npy: type >f4 of the .npy header is none of <f2 <f4 <f8"},
        {"<f4", "True", "(2, 3)", 24, "a.npy: the array is in Fortran order; C order is expected"},
        {"<f8", "False", "(2, 3)", 47,
         "a.npy: the header promises 48 bytes of elements from byte 128; the file holds 47"},
        {"<f2", "False", "(99999999999999, 65536)", 47, "a.npy: the shape in the .npy header exceeds the address"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        npy_header(&file, cases[i].descriptor, cases[i].order, cases[i].shape);
        for (size_t byte = 0; byte < cases[i].bytes; byte++)
            bytes_add(&file, "", 1);
        bytes_write(&scratch, "a.npy", &file);
        ASSERT_REFUSED(ctx, test_path(&scratch, "a.npy"), cases[i].words);
    }
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

static void test_wrong_numbers(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    static const struct {
        double numbers[6];
        const char *words;
    } cases[] = {
        {{1, 2, 3, 4, (double)NAN, 6}, "a.npy: row 1 holds NaN in column 1 (1 of 2 rows are like it)"},
        {{1, 2, (double)-INFINITY, 4, (double)NAN, 6},
         "a.npy: row 0 holds an infinite number in column 2 (2 of 2 rows are like it)"},
        {{1, 2, 3, 1e39, 5, 6}, "a.npy: row 1 holds an infinite number in column 0 (1 of 2"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        npy_header(&file, "<f8", "False", "(2, 3)");
        bytes_add(&file, cases[i].numbers, sizeof cases[i].numbers);
        bytes_write(&scratch, "a.npy", &file);
        ASSERT_REFUSED(ctx, test_path(&scratch, "a.npy"), cases[i].words);
    }
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

static void test_names(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    static const char *const texts[] = {"a\nb,c\n d\n\"e\nf/g\n", "\xef\xbb\xbf"
                                                                  "a\r\nb,c\r\n d\r\n\"e\r\nf/g"};
    static const char *const names[] = {"a", "b,c", " d", "\"e", "f/g"};
    char list[512];
    write_numbers(&scratch, "a.npy", "<f4");
    snprintf(list, sizeof list, "%s", test_path(&scratch, "names.txt"));
    for (size_t i = 0; i < 2; i++) {
        text_write(&scratch, "names.txt", texts[i]);
        Dataset dataset = open_with(ctx, test_path(&scratch, "a.npy"), (DataSettings){.paths = list});
        for (size_t row = 0; row < ROWS; row++)
            assert_string_equal(dataset.paths[row], names[row]);
        dataset_close(ctx, &dataset);
    }
    static const struct {
        const char *text, *words;
    } cases[] = {
        {"a\nb\nc\nd\n", "names.txt: 4 paths, but the data set has 5 rows"},
        {"a\nb\nc\nd\ne\nf", "names.txt: 6 paths, but the data set has 5 rows"},
        {"", "names.txt: 0 paths"},
        {"a\nb\n\nd\ne\n", "names.txt: line 3 is empty"},
        {"a\nb\nc\r\n\r\ne\n", "names.txt: line 4 is empty"},
    };
    Dataset dataset;
    const DataSettings settings = {.paths = list};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        text_write(&scratch, "names.txt", cases[i].text);
        TEST_FAILS(ctx, SPICA_ERROR_DATA, cases[i].words,
                   dataset_open(ctx, &dataset, test_path(&scratch, "a.npy"), &settings));
        dataset_close(ctx, &dataset);
    }
    assert_int_equal(unlink(list), 0);
    TEST_FAILS(ctx, SPICA_ERROR_DATA, "names.txt",
               dataset_open(ctx, &dataset, test_path(&scratch, "a.npy"), &settings));
    dataset_close(ctx, &dataset);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

/* An array of integers, by row, or a table, by the names; a subset keeps row, name and label together. */
static void test_labels(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    const int64_t values[ROWS] = {40, -1, 7, 40, -100};
    const int32_t expected[ROWS] = {1, -1, 0, 1, -1};
    char labels[512];
    write_numbers(&scratch, "a.npy", "<f4");
    snprintf(labels, sizeof labels, "%s", test_path(&scratch, "some labels"));
    npy_numbers(&file, "<i8", "(5,)", values, ROWS);
    bytes_write(&scratch, "some labels", &file);
    Dataset dataset = open_with(ctx, test_path(&scratch, "a.npy"), (DataSettings){.labels = labels});
    assert_integers_equal(dataset.labels, expected, ROWS);
    assert_true(dataset.class_count == 2);
    assert_string_equal(dataset.class_names[1], "40");
    dataset_close(ctx, &dataset);

    dataset = open_with(ctx, test_path(&scratch, "a.npy"), (DataSettings){.labels = labels, .limit = 3});
    bool chosen[ROWS];
    TEST_OK(ctx, dataset_choose_rows(ctx, chosen, ROWS, 3));
    assert_int_equal(dataset.count, 3);
    for (size_t row = 0, kept = 0; row < ROWS; row++) {
        char name[16];
        if (!chosen[row]) continue;
        snprintf(name, sizeof name, "a.npy#%zu", row);
        assert_memory_equal(dataset.embeddings + kept * DIMENSION, numbers + row * DIMENSION,
                            DIMENSION * sizeof(float));
        assert_string_equal(dataset.paths[kept], name);
        assert_int_equal(dataset.labels[kept++], expected[row]);
    }
    dataset_close(ctx, &dataset);

    text_write(&scratch, "some labels", "path,label\na.npy#4,x\na.npy#0,w\n");
    dataset = open_with(ctx, test_path(&scratch, "a.npy"), (DataSettings){.labels = labels});
    assert_true(dataset.labels[4] == 1 && dataset.labels[0] == 0 && dataset.labels[1] == -1);
    dataset_close(ctx, &dataset);

    static const struct {
        int64_t values[ROWS];
        const char *shape, *words;
    } cases[] = {
        {{0}, "(4,)", "some labels: 4 labels, but the data set has 5 pictures"},
        {{-1, -1, -2, -1, -1}, "(5,)", "some labels: labels none of the 5 rows: all are negative"},
    };
    for (size_t i = 0; i < 2; i++) {
        const DataSettings settings = {.labels = labels};
        npy_numbers(&file, "<i4", cases[i].shape, cases[i].values, i == 0 ? 4 : 5);
        bytes_write(&scratch, "some labels", &file);
        TEST_FAILS(ctx, SPICA_ERROR_DATA, cases[i].words,
                   dataset_open(ctx, &dataset, test_path(&scratch, "a.npy"), &settings));
        dataset_close(ctx, &dataset);
    }
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

/* data.npy may hold embeddings as well, and label.npy their labels. */
static void test_folder(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    const int64_t values[ROWS] = {1, 0, 0, 1, 2};
    write_numbers(&scratch, "data.npy", "<f4");
    npy_numbers(&file, "|u1", "(5, 1)", values, ROWS);
    bytes_write(&scratch, "label.npy", &file);
    Dataset dataset = open_with(ctx, scratch.path, (DataSettings){0});
    assert_true(dataset.labels[4] == 2 && dataset.class_count == 3);
    dataset_close(ctx, &dataset);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

static void test_every_failed_allocation_is_passed_on(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    const int64_t values[ROWS] = {1, 0, 0, 1, 2};
    write_numbers(&scratch, "data.npy", "<f2");
    npy_numbers(&file, "<i8", "(5,)", values, ROWS);
    bytes_write(&scratch, "label.npy", &file);
    assert_failed_allocations_are_passed_on(ctx, scratch.path, 2);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_across_pieces),
        cmocka_unit_test(test_statistics),
        cmocka_unit_test(test_wrong_arrays),
        cmocka_unit_test(test_wrong_numbers),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_labels),
        cmocka_unit_test(test_folder),
        cmocka_unit_test(test_every_failed_allocation_is_passed_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
