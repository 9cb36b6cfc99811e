#include "methods/spice/prototypes.h"

#include "methods/spice/select_top.h"
#include "support/testing.h"

/* The case `name` of make_spice.py against its lists and, with overlap, its centres. */
static void check_case(const char *name, size_t clusters, double ratio, bool overlap) {
    Context *ctx = test_context_open();
    char path[128];
    snprintf(path, sizeof path, "spice/%s_features.npy", name);
    NpyArray features = golden_array(ctx, path, NPY_FLOAT32);
    snprintf(path, sizeof path, "spice/%s_probabilities.npy", name);
    NpyArray probabilities = golden_array(ctx, path, NPY_FLOAT32);
    snprintf(path, sizeof path, "spice/%s_pairs_%s.npy", name, overlap ? "overlap" : "exclusive");
    NpyArray pairs = golden_array(ctx, path, NPY_INT32);
    const size_t count = features.shape[0], dim = features.shape[1];
    assert_int_equal(probabilities.shape[1], clusters);

    const PrototypeSettings settings = {.clusters = clusters, .confident_ratio = ratio, .overlap = overlap};
    const size_t most = clusters * prototype_share(count, clusters);
    int32_t *rows, *labels;
    float *centres;
    size_t labelled;
    TEST_OK(ctx, NEW_ARRAY(ctx, &rows, most));
    TEST_OK(ctx, NEW_ARRAY(ctx, &labels, most));
    TEST_OK(ctx, NEW_ARRAY(ctx, &centres, clusters * dim));
    TEST_OK(ctx, prototype_labels(ctx, &settings, features.data, probabilities.data, count, dim, rows, labels,
                                  &labelled, centres));
    assert_int_equal(labelled, pairs.shape[0]);
    const int32_t *expected = pairs.data;
    for (size_t i = 0; i < labelled; i++)
        if (rows[i] != expected[2 * i] || labels[i] != expected[2 * i + 1])
            fail_msg("pair %zu is (%d, %d), expected (%d, %d)", i, rows[i], labels[i], expected[2 * i],
                     expected[2 * i + 1]);
    if (overlap) {
        snprintf(path, sizeof path, "spice/%s_centres.npy", name);
        float *golden = golden_float(ctx, path, NULL);
        assert_close(centres, golden, clusters * dim, 1e-7, 1e-6);
        FREE_ARRAY(ctx, &golden);
    }
    npy_close(ctx, &features);
    npy_close(ctx, &probabilities);
    npy_close(ctx, &pairs);
    FREE_ARRAY(ctx, &rows);
    FREE_ARRAY(ctx, &labels);
    FREE_ARRAY(ctx, &centres);
    test_context_close(&ctx);
}

static void test_figure4(void **state) {
    (void)state;
    check_case("figure4", 3, 1.0, true);
    check_case("figure4", 3, 1.0, false);
}

static void test_random(void **state) {
    (void)state;
    check_case("random", 7, 0.5, true);
    check_case("random", 7, 0.5, false);
}

/* More clusters than pictures: one picture each, and without overlap nothing for the last ones. */
static void test_few(void **state) {
    (void)state;
    check_case("few", 5, 1.0, true);
    check_case("few", 5, 1.0, false);
}

/* Equal values: the smaller index, in both selections. */
static void test_ties(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const float features[6 * 2] = {1, 0, 1, 0, 1, 0, 0, 1, 0, 1, 0, 1};
    float probabilities[6 * 2];
    for (size_t i = 0; i < 12; i++)
        probabilities[i] = 0.5f;
    const PrototypeSettings settings = {.clusters = 2, .confident_ratio = 1.0, .overlap = false};
    int32_t rows[6], labels[6];
    size_t labelled;
    TEST_OK(ctx, prototype_labels(ctx, &settings, features, probabilities, 6, 2, rows, labels, &labelled, NULL));
    /* Both centres lie at (1, 0), by pictures 0 1 2; the second cluster has to take the others. */
    const int32_t expected_rows[] = {0, 1, 2, 3, 4, 5}, expected_labels[] = {0, 0, 0, 1, 1, 1};
    assert_int_equal(labelled, 6);
    assert_integers_equal(rows, expected_rows, 6);
    assert_integers_equal(labels, expected_labels, 6);
    test_context_close(&ctx);
}

static void test_select_top(void **state) {
    (void)state;
    const float values[] = {-1.0f, NAN, 3.0f, -0.0f, 0.0f, 3.0f, -INFINITY, 2.5f, INFINITY, -2.0f};
    const int32_t order[] = {8, 2, 5, 7, 3, 4, 0, 9, 6, 1}; /* best first */
    int32_t chosen[10];
    uint32_t keys[10];
    for (size_t k = 0; k <= 10; k++) {
        assert_int_equal(select_top(chosen, k, values, 10, 1, NULL, keys), k);
        for (size_t i = 0; i < k; i++) {
            size_t found = 0;
            for (size_t j = 0; j < k; j++)
                found += chosen[j] == order[i];
            assert_int_equal(found, 1);
            if (i > 0) assert_true(chosen[i] > chosen[i - 1]);
        }
    }
    const uint8_t excluded[10] = {[8] = 1, [2] = 1};
    const int32_t left[] = {5, 7};
    assert_int_equal(select_top(chosen, 2, values, 10, 1, excluded, keys), 2);
    assert_integers_equal(chosen, left, 2);
    assert_int_equal(select_top(chosen, 10, values, 10, 1, excluded, keys), 8);
    const int32_t strided[] = {1, 4}; /* of values 0, 2, 4, 6, 8 */
    assert_int_equal(select_top(chosen, 2, values, 5, 2, NULL, keys), 2);
    assert_integers_equal(chosen, strided, 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_figure4), cmocka_unit_test(test_random),
                                       cmocka_unit_test(test_few), cmocka_unit_test(test_ties),
                                       cmocka_unit_test(test_select_top)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
