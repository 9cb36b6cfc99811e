#include "cluster/silhouette.h"
#include "support/clusters.h"

/* scikit-learn's silhouette_score, with a point alone, equal points and numbers that no point has. */
static void test_golden(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    NpyArray points = golden_array(ctx, "baselines/silhouette_points.npy", NPY_FLOAT32);
    int32_t *labels = golden_int32(ctx, "baselines/silhouette_labels.npy", NULL);
    double *expected = golden_double(ctx, "baselines/silhouette_mean.npy", NULL), one, other;
    TEST_OK(ctx, silhouette(ctx, &other, points.data, labels, points.shape[0], points.shape[1], 8));
    ctx->threads = 1;
    TEST_OK(ctx, silhouette(ctx, &one, points.data, labels, points.shape[0], points.shape[1], 7));
    assert_true(fabs(one - *expected) <= 1e-6);
    assert_true(one == other);
    npy_close(ctx, &points);
    FREE_ARRAY(ctx, &labels);
    FREE_ARRAY(ctx, &expected);
    test_context_close(&ctx);
}

static void test_undefined(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const float points[] = {0, 1, 5, 7};
    const int32_t same[] = {1, 1, 1, 1}, alone[] = {0, 1, 2, 3}, two[] = {0, 0, 1, 1}, equal[] = {0, 0, 1, 1};
    const float zeros[4] = {0};
    double value = 0;
    TEST_OK(ctx, silhouette(ctx, &value, points, same, 4, 1, 2));
    assert_true(isnan(value));
    TEST_OK(ctx, silhouette(ctx, &value, points, alone, 4, 1, 4));
    assert_true(isnan(value));
    TEST_OK(ctx, silhouette(ctx, &value, zeros, equal, 4, 1, 2));
    assert_true(value == 0);
    /* a of the four: 1, 1, 2, 2; b: 6, 5, 4.5, 6.5. */
    TEST_OK(ctx, silhouette(ctx, &value, points, two, 4, 1, 2));
    assert_true(fabs(value - (4 - 1 / 6.0 - 1 / 5.0 - 2 / 4.5 - 2 / 6.5) / 4) <= 1e-7);
    TEST_ALLOCATIONS(ctx, 3, silhouette(ctx, &value, points, two, 4, 1, 2));
    test_context_close(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_undefined),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
