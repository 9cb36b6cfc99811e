/* The real data set, where Debian's package dataset-fashion-mnist is installed. */
#include "data/dataset.h"
#include "support/testing.h"

#define FOLDER "/usr/share/datasets/fashion-mnist"

static void test_whole(void **state) {
    (void)state;
    if (!path_is_folder(FOLDER)) skip();
    Context *ctx = test_context_open();
    const DataSettings settings = {0};
    Dataset dataset;
    size_t sizes[10] = {0};
    TEST_OK(ctx, dataset_open(ctx, &dataset, FOLDER, &settings));
    assert_true(dataset.count == 70000 && dataset.height == 28 && dataset.width == 28 && dataset.channels == 1);
    assert_string_equal(dataset.kind, "idx");
    assert_string_equal(dataset.name, "fashion-mnist");
    assert_true(dataset.class_count == 10);
    assert_string_equal(dataset.class_names[0], "T-shirt/top");
    assert_string_equal(dataset.class_names[9], "Ankle boot");
    assert_string_equal(dataset.paths[0], "train-images-idx3-ubyte.gz#0");
    assert_string_equal(dataset.paths[60000], "t10k-images-idx3-ubyte.gz#0");
    for (size_t row = 0; row < dataset.count; row++)
        sizes[dataset.labels[row]]++;
    for (size_t i = 0; i < 10; i++)
        assert_true(sizes[i] == 7000);
    /* The first picture is a boot (its label file begins with 9), and its first rows are empty. */
    assert_int_equal(dataset.labels[0], 9);
    for (size_t i = 0; i < 28; i++)
        assert_int_equal(dataset_picture(&dataset, 0)[i], 0);
    dataset_close(ctx, &dataset);
    test_context_close(&ctx);
}

/* 0.2860 and 0.3530 are the training split's published mean and deviation. */
static void test_train_split(void **state) {
    (void)state;
    if (!path_is_folder(FOLDER)) skip();
    Context *ctx = test_context_open();
    const DataSettings settings = {.split = SPLIT_TRAIN, .labels = "none"};
    Dataset dataset;
    float mean[3], deviation[3];
    TEST_OK(ctx, dataset_open(ctx, &dataset, FOLDER, &settings));
    assert_true(dataset.count == 60000 && dataset.labels == NULL);
    assert_string_equal(dataset.name, "fashion-mnist");
    dataset_statistics(&dataset, mean, deviation);
    assert_true(fabsf(mean[0] - 0.2860f) < 5e-5f && fabsf(deviation[0] - 0.3530f) < 5e-5f);
    dataset_close(ctx, &dataset);
    test_context_close(&ctx);
}

/* A file alone is known as well; one changed pixel, and it is another data set. */
static void test_known_by_content(void **state) {
    (void)state;
    const char *source = FOLDER "/t10k-images-idx3-ubyte.gz";
    if (!path_is_file(source)) skip();
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    DataSettings settings = {.limit = 4};
    Dataset dataset;
    TEST_OK(ctx, dataset_open(ctx, &dataset, source, &settings));
    assert_string_equal(dataset.name, "fashion-mnist");
    dataset_close(ctx, &dataset);
    settings.limit = 0;
    TEST_OK(ctx, dataset_open(ctx, &dataset, source, &settings));
    const uint8_t header[16] = {0, 0, 8, 3, 0, 0, 0x27, 0x10, 0, 0, 0, 28, 0, 0, 0, 28};
    FILE *stream = fopen(test_path(&scratch, "copy"), "wb");
    assert_non_null(stream);
    dataset.pixels[1000] ^= 1;
    assert_true(fwrite(header, 1, 16, stream) == 16);
    assert_true(fwrite(dataset.pixels, 784, 10000, stream) == 10000);
    assert_int_equal(fclose(stream), 0);
    dataset_close(ctx, &dataset);
    TEST_OK(ctx, dataset_open(ctx, &dataset, test_path(&scratch, "copy"), &settings));
    assert_string_equal(dataset.name, "");
    dataset_close(ctx, &dataset);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_train_split),
        cmocka_unit_test(test_known_by_content),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
