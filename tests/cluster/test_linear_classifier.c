#include "cluster/linear_classifier.h"

#include "support/testing.h"

enum { ROWS = 300, DIM = 6, CLASSES = 4 };

static void test_golden(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    size_t count;
    float *features = golden_float(ctx, "cluster/linear_features.npy", &count);
    float *expected = golden_float(ctx, "cluster/linear_weights.npy", NULL);
    int32_t *labels = golden_int32(ctx, "cluster/linear_labels.npy", NULL);
    int32_t *expected_classes = golden_int32(ctx, "cluster/linear_predicted.npy", NULL);
    const LinearSettings settings = {.classes = CLASSES, .decay = 0.01, .tolerance = 1e-6};
    float weights[CLASSES * (DIM + 1)], again[CLASSES * (DIM + 1)];
    int32_t predicted[ROWS];
    LinearFit fit;
    assert_int_equal(count, ROWS * DIM);
    TEST_OK(ctx, linear_fit(ctx, &settings, features, labels, ROWS, DIM, weights, &fit));
    assert_true(fit.iterations > 3 && fit.iterations < 100);
    /* The biases have a free direction, which both leave at a sum of 0. float32 products: 2e-5 at values up to 2. */
    assert_close(weights, expected, CLASSES * (DIM + 1), 1e-4, 0);
    TEST_OK(ctx, linear_predict(ctx, weights, features, ROWS, DIM, CLASSES, predicted));
    assert_integers_equal(predicted, expected_classes, ROWS);
    ctx->threads = 1;
    TEST_OK(ctx, linear_fit(ctx, &settings, features, labels, ROWS, DIM, again, NULL));
    assert_memory_equal(weights, again, sizeof weights);
    FREE_ARRAY(ctx, &features);
    FREE_ARRAY(ctx, &expected);
    FREE_ARRAY(ctx, &labels);
    FREE_ARRAY(ctx, &expected_classes);
    test_context_close(&ctx);
}

/* One class, a class without rows, one row. */
static void test_degenerate(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const float features[6] = {1, 2, 3, 4, 5, 6};
    const int32_t zeros[3] = {0, 0, 0};
    float weights[9];
    int32_t predicted[3];
    TEST_OK(ctx, linear_fit(ctx, &(LinearSettings){.classes = 1}, features, zeros, 3, 2, weights, NULL));
    TEST_OK(ctx, linear_fit(ctx, &(LinearSettings){.classes = 3, .decay = 0.1}, features, zeros, 3, 2, weights, NULL));
    TEST_OK(ctx, linear_predict(ctx, weights, features, 3, 2, 3, predicted));
    assert_integers_equal(predicted, zeros, 3);
    TEST_OK(ctx, linear_fit(ctx, &(LinearSettings){.classes = 2}, features, zeros, 1, 2, weights, NULL));
    test_context_close(&ctx);
}

static void test_errors(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const LinearSettings settings = {.classes = 2};
    float features[4] = {1, NAN, 3, 4}, weights[6];
    const int32_t labels[2] = {0, 1}, beyond[2] = {0, 2};
    TEST_FAILS(ctx, SPICA_ERROR_NUMERIC, "finite", linear_fit(ctx, &settings, features, labels, 2, 2, weights, NULL));
    features[1] = 2;
    TEST_FAILS(ctx, SPICA_ERROR_OPTION, "label 2", linear_fit(ctx, &settings, features, beyond, 2, 2, weights, NULL));
    TEST_FAILS(ctx, SPICA_ERROR_OPTION, "0 rows", linear_fit(ctx, &settings, features, labels, 0, 2, weights, NULL));
    for (int64_t fail = 0; fail < 10; fail++) {
        test_state(ctx)->allocations = 0;
        test_state(ctx)->fail_at = fail;
        assert_int_equal(linear_fit(ctx, &settings, features, labels, 2, 2, weights, NULL), SPICA_ERROR_MEMORY);
    }
    test_state(ctx)->fail_at = -1;
    test_context_close(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_golden), cmocka_unit_test(test_degenerate),
                                       cmocka_unit_test(test_errors)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
