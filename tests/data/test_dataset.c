#include <sys/stat.h>

#include "base/random.h"
#include "data/dataset_measure.h"
#include "data_files.h"

static Bytes file;

/* One file "images" of `count` pictures of 2 x 3. */
static void write_images(const TestScratch *scratch, uint32_t count) {
    idx_pictures(&file, count, 2, 3, 0);
    bytes_write(scratch, "images", &file);
}

static Dataset open_with(Context *ctx, const TestScratch *scratch, size_t limit, const char *labels) {
    Dataset dataset;
    const DataSettings settings = {.limit = limit, .labels = labels};
    TEST_OK(ctx, dataset_open(ctx, &dataset, test_path(scratch, "images"), &settings));
    return dataset;
}

static void test_paths_that_hold_no_data_set(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    ASSERT_REFUSED(ctx, test_path(&scratch, "nothing"), "nothing: No such file or directory");
    ASSERT_REFUSED(ctx, scratch.path, "the folder is empty");
    text_write(&scratch, "notes.txt", "some words");
    ASSERT_REFUSED(ctx, scratch.path, "no data set that spica knows; it reads IDX");
    ASSERT_REFUSED(ctx, scratch.path, "CIFAR-10");
    ASSERT_REFUSED(ctx, scratch.path, "STL-10");
    ASSERT_REFUSED(ctx, test_path(&scratch, "notes.txt"), "no data set that spica knows");
    text_write(&scratch, "empty", "");
    ASSERT_REFUSED(ctx, test_path(&scratch, "empty"), "the file is empty");
    assert_int_equal(mkfifo(test_path(&scratch, "pipe"), 0600), 0);
    ASSERT_REFUSED(ctx, test_path(&scratch, "pipe"), "neither a folder nor a regular file");
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

/* The rows are the first ones of a permutation that depends on N and the limit alone, in data order. */
static void test_limit(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    enum { count = 200, limit = 60 };
    int64_t order[count];
    bool expected[count] = {false};
    write_images(&scratch, count);
    Random random = random_at(0, RANDOM_DATA_LIMIT, count, limit, 0);
    random_permutation(&random, order, count);
    for (size_t i = 0; i < limit; i++)
        expected[order[i]] = true;
    Dataset dataset = open_with(ctx, &scratch, limit, NULL);
    assert_true(dataset.count == limit);
    size_t row = 0;
    for (size_t i = 0; i < count; i++) {
        char path[32];
        if (!expected[i]) continue;
        snprintf(path, sizeof path, "images#%zu", i);
        assert_string_equal(dataset.paths[row], path);
        for (size_t pixel = 0; pixel < 6; pixel++)
            assert_int_equal(dataset_picture(&dataset, row)[pixel], some_byte(i, pixel));
        row++;
    }
    dataset_close(ctx, &dataset);
    for (size_t more = count; more <= count + 1; more++) {
        dataset = open_with(ctx, &scratch, more, NULL);
        assert_true(dataset.count == count);
        dataset_close(ctx, &dataset);
    }
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

/* Of equal pictures the first one in data order counts, wherever the others stand and however many they are. */
static void test_duplicates(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    enum { count = 100 };
    int64_t expected[count], first[count];
    write_images(&scratch, count);
    Dataset dataset = open_with(ctx, &scratch, 0, NULL);
    for (size_t row = 0; row < count; row++)
        expected[row] = -1;
    for (size_t row = 90; row > 40; row -= 7) {
        memcpy(dataset.pixels + 6 * row, dataset.pixels + 6 * 11, 6);
        expected[row] = 11;
    }
    memset(dataset.pixels, 0, 6);
    memset(dataset.pixels + (size_t)6 * (count - 1), 0, 6);
    expected[count - 1] = 0;
    for (int threads = 1; threads <= 3; threads++) {
        size_t duplicates = 0;
        ctx->threads = threads;
        TEST_OK(ctx, dataset_find_duplicates(ctx, &dataset, first, &duplicates));
        assert_int_equal(duplicates, 9);
        assert_memory_equal(first, expected, sizeof expected);
    }
    dataset_close(ctx, &dataset);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

/* A limit leaves of every split what it leaves of its rows. */
static void test_splits_with_limit(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    size_t train = 0;
    idx_pictures(&file, 30, 2, 3, 0);
    bytes_write(&scratch, "train-images-idx3-ubyte", &file);
    idx_pictures(&file, 20, 2, 3, 99);
    bytes_write(&scratch, "t10k-images-idx3-ubyte", &file);
    const DataSettings settings = {.limit = 25};
    Dataset dataset;
    TEST_OK(ctx, dataset_open(ctx, &dataset, scratch.path, &settings));
    for (size_t row = 0; row < dataset.count; row++)
        train += strncmp(dataset.paths[row], "train", 5) == 0;
    assert_int_equal(dataset.part_count, 2);
    assert_string_equal(dataset.parts[0].name, "train");
    assert_string_equal(dataset.parts[1].name, "test");
    assert_int_equal(dataset.parts[0].count, train);
    assert_int_equal(dataset.parts[1].count, 25 - train);
    assert_true(train > 0 && train < 25);
    dataset_close(ctx, &dataset);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

static uint64_t fingerprint_of(Context *ctx, const TestScratch *scratch) {
    Dataset dataset = open_with(ctx, scratch, 0, NULL);
    const uint64_t fingerprint = dataset.fingerprint;
    dataset_close(ctx, &dataset);
    return fingerprint;
}

/* It changes with one bit of a pixel, with the order and with the shape, not with names, threads or compression. */
static void test_fingerprint(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    const uint32_t pictures = 20, bytes = 64 * 64;
    idx_pictures(&file, pictures, 64, 64, 0);
    bytes_write(&scratch, "images", &file);
    const uint64_t first = fingerprint_of(ctx, &scratch);
    ctx->threads = 1;
    assert_true(fingerprint_of(ctx, &scratch) == first);
    bytes_write_gzip(&scratch, "images", &file);
    assert_true(fingerprint_of(ctx, &scratch) == first);
    for (size_t i = 16; i < file.count; i += 997) {
        file.bytes[i] ^= 1;
        bytes_write(&scratch, "images", &file);
        assert_true(fingerprint_of(ctx, &scratch) != first);
        file.bytes[i] ^= 1;
    }
    uint8_t picture[64 * 64];
    memcpy(picture, file.bytes + 16, bytes);
    memmove(file.bytes + 16, file.bytes + 16 + bytes, bytes);
    memcpy(file.bytes + 16 + bytes, picture, bytes);
    bytes_write(&scratch, "images", &file);
    assert_true(fingerprint_of(ctx, &scratch) != first);
    idx_pictures(&file, pictures, 32, 128, 0);
    bytes_write(&scratch, "images", &file);
    assert_true(fingerprint_of(ctx, &scratch) != first);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

/* A file of labels: joined on path, any text, quotes, unknown paths, rows in another order. */
static void test_labels_file(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    write_images(&scratch, 5);
    text_write(&scratch, "labels.csv",
               "label,note,path\n\"a \"\"cat\"\", large\",x,images#3\ndog,y,images#0\n10,,images#4\n9,,images#1\n"
               "elephant,,images#77\n,,images#2\n");
    Dataset dataset = open_with(ctx, &scratch, 0, test_path(&scratch, "labels.csv"));
    const int32_t expected[] = {3, 0, -1, 2, 1};
    assert_integers_equal(dataset.labels, expected, 5);
    assert_true(dataset.class_count == 5);
    const char *const names[] = {"9", "10", "a \"cat\", large", "dog", "elephant"};
    for (size_t i = 0; i < 5; i++)
        assert_string_equal(dataset.class_names[i], names[i]);
    assert_int_equal(test_state(ctx)->warnings, 1);
    assert_non_null(strstr(test_state(ctx)->log, "no label for 1 of 5 pictures"));
    const uint64_t fingerprint = dataset.fingerprint;
    dataset_close(ctx, &dataset);
    dataset = open_with(ctx, &scratch, 0, "none");
    assert_true(dataset.labels == NULL && dataset.class_count == 0 && dataset.class_names == NULL);
    assert_true(dataset.fingerprint == fingerprint);
    dataset_close(ctx, &dataset);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

/* Classes have the same numbers whichever pictures are taken. */
static void test_labels_file_with_limit(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    char text[4096] = "path,label\r\n";
    write_images(&scratch, 100);
    for (size_t i = 0; i < 100; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "images#%zu,class %c\r\n", i, (char)('a' + i % 7));
    text_write(&scratch, "labels.csv", text);
    Dataset dataset = open_with(ctx, &scratch, 10, test_path(&scratch, "labels.csv"));
    assert_true(dataset.count == 10 && dataset.class_count == 7);
    for (size_t row = 0; row < 10; row++)
        assert_int_equal(dataset.labels[row], strtol(strchr(dataset.paths[row], '#') + 1, NULL, 10) % 7);
    dataset_close(ctx, &dataset);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

static void labels_refused(Context *ctx, const TestScratch *scratch, const char *text, const char *words) {
    Dataset dataset;
    const DataSettings settings = {.labels = test_path(scratch, "labels.csv")};
    text_write(scratch, "labels.csv", text);
    TEST_FAILS(ctx, SPICA_ERROR_DATA, words, dataset_open(ctx, &dataset, test_path(scratch, "images"), &settings));
    dataset_close(ctx, &dataset);
}

static void test_wrong_labels_files(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    write_images(&scratch, 3);
    labels_refused(ctx, &scratch, "path,label\nother#0,a\n",
                   "labels none of the 3 pictures; their paths are like images#0");
    labels_refused(ctx, &scratch, "path,label\n", "labels none of the 3 pictures");
    labels_refused(ctx, &scratch, "path,label\nimages#1,\n", "labels none of the 3 pictures");
    labels_refused(ctx, &scratch, "path,class\nimages#1,a\n", "label");
    labels_refused(ctx, &scratch, "path,label\nimages#1,a\nimages#2,a\nimages#1,b\n",
                   "line 4: a second label for images#1");
    Dataset dataset;
    const char *const paths[][2] = {{test_path(&scratch, "nothing.csv"), "nothing.csv"}, {scratch.path, "is a folder"}};
    for (int i = 0; i < 2; i++) {
        const DataSettings settings = {.labels = paths[i][0]};
        TEST_FAILS(ctx, SPICA_ERROR_DATA, paths[i][1],
                   dataset_open(ctx, &dataset, test_path(&scratch, "images"), &settings));
        dataset_close(ctx, &dataset);
    }
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

static void statistics_plain(const Dataset *dataset, size_t channel, double *mean, double *deviation) {
    const size_t channels = (size_t)dataset->channels;
    const size_t count = dataset->count * (size_t)dataset->height * (size_t)dataset->width;
    double sum = 0, square = 0;
    for (size_t i = 0; i < count; i++)
        sum += dataset->pixels[i * channels + channel];
    for (size_t i = 0; i < count; i++)
        square += pow(dataset->pixels[i * channels + channel] - sum / (double)count, 2);
    *mean = sum / (double)count / 255;
    *deviation = sqrt(square / (double)count) / 255;
}

static void test_statistics(void **state) {
    (void)state;
    static uint8_t pixels[40 * 33 * 31 * 3];
    float means[3] = {-1, -1, -1}, deviations[3] = {-1, -1, -1};
    for (size_t i = 0; i < sizeof pixels; i++)
        pixels[i] = i % 3 == 2 ? 17 : some_byte(i, 5);
    const Dataset coloured = {.count = 40, .height = 33, .width = 31, .channels = 3, .pixels = pixels};
    dataset_statistics(&coloured, means, deviations);
    for (size_t channel = 0; channel < 3; channel++) {
        double mean, deviation;
        statistics_plain(&coloured, channel, &mean, &deviation);
        assert_true(fabs((double)means[channel] - mean) < 1e-7);
        assert_true(fabs((double)deviations[channel] - (channel == 2 ? 1 : deviation)) < 1e-7);
    }
    const Dataset grey = {.count = 120, .height = 33, .width = 31, .channels = 1, .pixels = pixels};
    double mean, deviation;
    means[1] = -1;
    dataset_statistics(&grey, means, deviations);
    statistics_plain(&grey, 0, &mean, &deviation);
    assert_true(fabs((double)means[0] - mean) < 1e-7 && fabs((double)deviations[0] - deviation) < 1e-7);
    assert_true(means[1] == -1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths_that_hold_no_data_set),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_duplicates),
        cmocka_unit_test(test_splits_with_limit),
        cmocka_unit_test(test_fingerprint),
        cmocka_unit_test(test_labels_file),
        cmocka_unit_test(test_labels_file_with_limit),
        cmocka_unit_test(test_wrong_labels_files),
        cmocka_unit_test(test_statistics),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
