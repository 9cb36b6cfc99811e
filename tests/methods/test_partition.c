/* The classic algorithms behind fit and assign, their file, and how many rows they take. */
#include "methods/partition/partition_file.h"
#include "methods/partition/partition_size.h"
#include "support/clusters.h"

enum { COUNT = 120, DIM = 6, CLOUDS = 3 };

static PartitionSettings settings_of(PartitionKind kind) {
    return (PartitionSettings){
        .kind = kind, .clusters = CLOUDS, .starts = 3, .neighbours = 10, .floor = 1e-6, .seed = 4};
}

/* Clouds of numbers from 0, each with two columns of its own that are large. */
static float *make_rows(Context *ctx) {
    float *rows = test_clouds(ctx, COUNT, DIM, CLOUDS, 0);
    for (size_t i = 0; i < (size_t)COUNT * DIM; i++)
        rows[i] = fabsf(rows[i]) + (i % DIM / 2 == i / DIM % CLOUDS ? 9.0f : 0.0f);
    return rows;
}

/* Each algorithm finds the clouds; what assigns says the same of the same rows, all or one alone, and after a way
 * through its file. */
static void check_kind(Context *ctx, const float *rows, const char *path, PartitionKind kind) {
    const PartitionSettings settings = settings_of(kind);
    int32_t labels[COUNT], again[COUNT], truth[COUNT], one;
    float confidences[COUNT], *probabilities = NULL;
    Partition partition = {.input = {.on = PARTITION_ON_EMBEDDINGS,
                                     .given = true,
                                     .scale = 0.3f,
                                     .height = 1,
                                     .width = 1,
                                     .channels = 1,
                                     .values = DIM}},
              read;
    PartitionReport report;
    for (int i = 0; i < COUNT; i++)
        truth[i] = i % CLOUDS;
    TEST_OK(ctx, partition_fit(ctx, &settings, rows, COUNT, DIM, labels, &partition.model, &report));
    assert_true(test_agreement(ctx, labels, truth, COUNT) > 0.95);
    assert_true(report.count > 0 && report.seconds >= 0);
    assert_true(partition_assigns(kind) == (partition.model.centres != NULL));
    if (!partition_assigns(kind)) {
        partition_close(ctx, &partition);
        return;
    }
    TEST_OK(ctx, partition_write(ctx, path, &partition));
    TEST_OK(ctx, partition_read(ctx, path, &read));
    assert_true(read.model.kind == kind && read.input.on == PARTITION_ON_EMBEDDINGS);
    assert_true(read.input.given && read.input.scale == 0.3f);
    if (kind == PARTITION_GMM) TEST_OK(ctx, NEW_ARRAY(ctx, &probabilities, COUNT * CLOUDS));
    TEST_OK(ctx, partition_assign(ctx, &read.model, rows, COUNT, again, confidences, probabilities));
    assert_integers_equal(again, labels, COUNT);
    for (int i = 0; i < COUNT; i++) {
        assert_true(confidences[i] >= 0 && confidences[i] <= 1);
        if (probabilities != NULL) assert_true(probabilities[i * CLOUDS + labels[i]] == confidences[i]);
    }
    TEST_OK(ctx, partition_assign(ctx, &partition.model, rows + 7 * DIM, 1, &one, NULL, NULL));
    assert_int_equal(one, labels[7]);
    FREE_ARRAY(ctx, &probabilities);
    partition_close(ctx, &read);
    partition_close(ctx, &partition);
}

static void test_every_kind(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    float *rows = make_rows(ctx);
    for (int kind = 0; kind < PARTITION_KIND_COUNT; kind++) {
        PartitionKind found;
        assert_true(partition_kind_find(partition_kind_name((PartitionKind)kind), &found) && (int)found == kind);
        check_kind(ctx, rows, test_path(&scratch, "partition.safetensors"), (PartitionKind)kind);
    }
    FREE_ARRAY(ctx, &rows);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

/* As many clusters as rows, two of them equal: k-means leaves none empty, though the centres of both are the same. */
static void test_equal_rows(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const float rows[] = {0, 0, 1, 9};
    PartitionSettings settings = settings_of(PARTITION_KMEANS);
    PartitionModel model;
    PartitionReport report;
    int32_t labels[4];
    settings.clusters = 4;
    TEST_OK(ctx, partition_fit(ctx, &settings, rows, 4, 1, labels, &model, &report));
    assert_true(labels[0] != labels[1]);
    partition_model_close(ctx, &model);
    test_context_close(&ctx);
}

static Status fit_and_close(Context *ctx, const PartitionSettings *settings, const float *rows) {
    PartitionModel model;
    PartitionReport report;
    int32_t labels[COUNT];
    const Status status = partition_fit(ctx, settings, rows, COUNT, DIM, labels, &model, &report);
    partition_model_close(ctx, &model);
    return status;
}

static Status round_trip(Context *ctx, const Partition *partition, const char *path) {
    Partition read = {0};
    Status status = partition_write(ctx, path, partition);
    if (status == SPICA_OK) status = partition_read(ctx, path, &read);
    partition_close(ctx, &read);
    return status;
}

static void test_failed_allocations(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    float *rows = make_rows(ctx);
    for (int kind = 0; kind < PARTITION_KIND_COUNT; kind++) {
        PartitionSettings settings = settings_of((PartitionKind)kind);
        settings.starts = 1;
        TEST_ALLOCATIONS(ctx, 5, fit_and_close(ctx, &settings, rows));
    }
    float centres[] = {1, 2}, mean[] = {0, 0, 0}, directions[] = {1, 0, 0};
    const Partition partition = {
        .input = {.on = PARTITION_ON_COMPONENTS,
                  .height = 1,
                  .width = 3,
                  .channels = 1,
                  .values = 3,
                  .components = 1,
                  .mean = mean,
                  .directions = directions},
        .model = {.kind = PARTITION_KMEANS, .clusters = 2, .dim = 1, .centres = centres},
    };
    TEST_ALLOCATIONS(ctx, 5, round_trip(ctx, &partition, test_path(&scratch, "partition.safetensors")));
    FREE_ARRAY(ctx, &rows);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

/* Components are those of the file, in single precision. */
static void test_components(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    float *rows = make_rows(ctx), *again = make_rows(ctx);
    PartitionInput input = {.on = PARTITION_ON_COMPONENTS, .values = DIM, .components = 2};
    TEST_OK(ctx, partition_input_fit(ctx, &input, rows, COUNT, 0));
    assert_int_equal(partition_input_dim(&input), 2);
    TEST_OK(ctx, partition_input_project(ctx, &input, &rows, COUNT));
    for (int i = 0; i < COUNT; i++)
        for (int c = 0; c < 2; c++) {
            double sum = 0;
            for (int d = 0; d < DIM; d++)
                sum += (double)input.directions[c * DIM + d] * ((double)again[i * DIM + d] - (double)input.mean[d]);
            assert_true(fabs(sum - (double)rows[2 * i + c]) <= 1e-4);
        }
    partition_input_close(ctx, &input);
    FREE_ARRAY(ctx, &rows);
    FREE_ARRAY(ctx, &again);
    test_context_close(&ctx);
}

static void test_wrong_files(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    const char *path = test_path(&scratch, "partition.safetensors");
    float centres[] = {1, 2, 3, 4};
    Partition partition = {
        .input = {.on = PARTITION_ON_PIXELS, .height = 1, .width = 2, .channels = 1, .values = 2},
        .model = {.kind = PARTITION_KMEANS, .clusters = 2, .dim = 2, .centres = centres},
    };
    Partition read;
    TEST_FAILS(ctx, SPICA_ERROR_IO, "partition.safetensors", partition_read(ctx, path, &read));
    TEST_OK(ctx, partition_write(ctx, path, &partition));
    TEST_OK(ctx, partition_read(ctx, path, &read));
    assert_true(read.input.width == 2 && read.model.centres[3] == 4);
    partition_close(ctx, &read);
    partition.input.values = 3;
    TEST_OK(ctx, partition_write(ctx, path, &partition));
    TEST_FAILS(ctx, SPICA_ERROR_WEIGHTS, "metadata dimension is 2", partition_read(ctx, path, &read));
    partition_close(ctx, &read);
    partition.input.values = 2;
    partition.model.kind = PARTITION_SPECTRAL;
    TEST_OK(ctx, partition_write(ctx, path, &partition));
    TEST_FAILS(ctx, SPICA_ERROR_WEIGHTS, "metadata algorithm is spectral", partition_read(ctx, path, &read));
    partition_close(ctx, &read);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

static void test_sizes(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    PartitionSettings settings = settings_of(PARTITION_AGGLOMERATIVE);
    /* Half a matrix of distances, but never more than 20,000 pictures' of them. */
    assert_in_range((uint64_t)partition_bytes(&settings, 20000, 10), 800000000u, 810000000u);
    assert_true(partition_bytes(&settings, 70000, 10) < 20e6);
    TEST_OK(ctx, partition_check_size(ctx, &settings, 70000, 784, 0, 1e9));
    TEST_FAILS(ctx, SPICA_ERROR_MEMORY, "agglomerative of 20000 pictures of 784 numbers needs about 0.9 GB",
               partition_check_size(ctx, &settings, 20000, 784, 0, 5e8));
    settings.linkage = LINKAGE_AVERAGE;
    TEST_FAILS(ctx, SPICA_ERROR_OPTION, "refused for more than 20000 pictures (70000 given)",
               partition_check_size(ctx, &settings, 70000, 784, 0, 1e12));
    settings = settings_of(PARTITION_KMEANS);
    TEST_OK(ctx, partition_check_size(ctx, &settings, 70000, 784, 6e7, 1e9));
    TEST_FAILS(ctx, SPICA_ERROR_MEMORY, "kmeans of 13000 pictures of 150528 numbers needs",
               partition_check_size(ctx, &settings, 13000, 150528, 2e9, 8e9));
    test_context_close(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_kind),         cmocka_unit_test(test_equal_rows),
        cmocka_unit_test(test_failed_allocations), cmocka_unit_test(test_components),
        cmocka_unit_test(test_wrong_files),        cmocka_unit_test(test_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
