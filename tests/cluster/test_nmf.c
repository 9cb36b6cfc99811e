#include "cluster/nmf.h"
#include "cluster/nmf_start.h"
#include "support/clusters.h"

static double *golden(Context *ctx, const char *name) { return golden_double(ctx, name, NULL); }

static void assert_same(const double *actual, const double *expected, size_t count, double tolerance) {
    const double difference = test_difference(actual, expected, count);
    if (!(difference <= tolerance)) fail_msg("difference %.3g", difference);
}

/* The steps and the end are scikit-learn's. */
static void test_iterations_from_given_factors(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    NpyArray points = golden_array(ctx, "baselines/nmf_points.npy", NPY_FLOAT32);
    const size_t count = points.shape[0], dim = points.shape[1];
    double *shares = golden(ctx, "baselines/nmf_shares.npy"), *parts = golden(ctx, "baselines/nmf_parts.npy");
    double *summary = golden(ctx, "baselines/nmf_summary.npy");
    const NmfSettings settings = {.components = 5, .iterations = 1000};
    Nmf nmf = {.count = count, .dim = dim, .components = 5};
    nmf.shares = golden(ctx, "baselines/nmf_start_shares.npy");
    nmf.parts = golden(ctx, "baselines/nmf_start_parts.npy");
    TEST_OK(ctx, nmf_refine(ctx, &nmf, &settings, points.data));
    assert_true(nmf.converged && nmf.iterations == (int)summary[1]);
    assert_same(nmf.shares, shares, count * 5, 1e-9);
    assert_same(nmf.parts, parts, dim * 5, 1e-9);
    assert_same(&nmf.error, summary, 1, 1e-9);
    nmf_close(ctx, &nmf);
    FREE_ARRAY(ctx, &shares);
    FREE_ARRAY(ctx, &parts);
    FREE_ARRAY(ctx, &summary);
    npy_close(ctx, &points);
    test_context_close(&ctx);
}

static void test_start(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    NpyArray points = golden_array(ctx, "baselines/nmf_points.npy", NPY_FLOAT32);
    const size_t count = points.shape[0], dim = points.shape[1];
    double *shares = golden(ctx, "baselines/nmf_start_shares.npy");
    double *parts = golden(ctx, "baselines/nmf_start_parts.npy");
    Nmf nmf = {.count = count, .dim = dim, .components = 5};
    TEST_OK(ctx, NEW_ARRAY(ctx, &nmf.shares, count * 5));
    TEST_OK(ctx, NEW_ARRAY(ctx, &nmf.parts, dim * 5));
    TEST_OK(ctx, nmf_start(ctx, &nmf, points.data, 0));
    assert_same(nmf.shares, shares, count * 5, 1e-7);
    assert_same(nmf.parts, parts, dim * 5, 1e-7);
    nmf_close(ctx, &nmf);
    FREE_ARRAY(ctx, &shares);
    FREE_ARRAY(ctx, &parts);
    npy_close(ctx, &points);
    test_context_close(&ctx);
}

/* Rows made of one part each are found again; labels do not depend on the parts' scale, and zeros are in cluster 0. */
static void test_parts_are_clusters(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    enum { count = 60, dim = 12 };
    float points[count * dim] = {0};
    int32_t labels[count], expected[count];
    for (size_t row = 0; row < count; row++) {
        Random random = random_at(4, RANDOM_TEST, row, 0, 0);
        expected[row] = (int32_t)(row % 3);
        for (size_t d = 0; d < 4 && row > 0; d++)
            points[row * dim + row % 3 * 4 + d] = random_between(&random, 1, 1.2f) * (row % 3 == 1 ? 4 : 1);
    }
    const NmfSettings settings = {.components = 3};
    Nmf nmf;
    TEST_OK(ctx, nmf_fit(ctx, &nmf, &settings, points, count, dim));
    TEST_OK(ctx, nmf_assign(ctx, &nmf, labels, NULL));
    assert_true(test_agreement(ctx, labels + 1, expected + 1, count - 1) == 1);
    assert_int_equal(labels[0], 0);
    for (size_t component = 0; component < 3; component++)
        assert_true(nmf.shares[component] == 0);
    nmf_close(ctx, &nmf);
    test_context_close(&ctx);
}

static void test_threads_do_not_matter(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    enum { count = 4000, dim = 90, components = 8 };
    float *points = test_clouds(ctx, count, dim, components, 1);
    for (size_t i = 0; i < count * dim; i++)
        points[i] = fabsf(points[i]);
    const NmfSettings settings = {.components = components, .iterations = 5};
    Nmf first, other;
    ctx->threads = 1;
    TEST_OK(ctx, nmf_fit(ctx, &first, &settings, points, count, dim));
    ctx->threads = 3;
    TEST_OK(ctx, nmf_fit(ctx, &other, &settings, points, count, dim));
    assert_memory_equal(first.shares, other.shares, count * components * sizeof(double));
    assert_memory_equal(first.parts, other.parts, dim * components * sizeof(double));
    assert_true(first.error == other.error);
    nmf_close(ctx, &first);
    nmf_close(ctx, &other);
    FREE_ARRAY(ctx, &points);
    test_context_close(&ctx);
}

static void test_degenerate_points(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const float zeros[12] = {0}, equal[] = {1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3};
    const float square[] = {1, 0, 0, 0, 2, 0, 0, 0, 3};
    const int32_t names[] = {0, 1, 2};
    int32_t labels[4];
    NmfSettings settings = {.components = 2};
    Nmf nmf;
    TEST_OK(ctx, nmf_fit(ctx, &nmf, &settings, zeros, 4, 3));
    assert_true(nmf.error == 0 && nmf.converged);
    TEST_OK(ctx, nmf_assign(ctx, &nmf, labels, NULL));
    for (size_t row = 0; row < 4; row++)
        assert_int_equal(labels[row], 0);
    nmf_close(ctx, &nmf);
    TEST_OK(ctx, nmf_fit(ctx, &nmf, &settings, equal, 4, 3));
    assert_true(nmf.error < 1e-3);
    nmf_close(ctx, &nmf);
    settings.components = 1;
    TEST_OK(ctx, nmf_fit(ctx, &nmf, &settings, equal, 4, 3));
    assert_true(nmf.error < 1e-12);
    nmf_close(ctx, &nmf);
    settings = (NmfSettings){.components = 3, .iterations = 2000, .tolerance = 1e-9};
    TEST_OK(ctx, nmf_fit(ctx, &nmf, &settings, square, 3, 3));
    TEST_OK(ctx, nmf_assign(ctx, &nmf, labels, NULL));
    assert_true(nmf.error < 1e-3 && test_agreement(ctx, labels, names, 3) == 1);
    nmf_close(ctx, &nmf);
    test_context_close(&ctx);
}

/* Rows that were not factored, for parts that stand, whatever the shares were. */
static void test_other_rows(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    NpyArray points = golden_array(ctx, "baselines/nmf_other_points.npy", NPY_FLOAT32);
    double *expected = golden_double(ctx, "baselines/nmf_other_shares.npy", NULL);
    const size_t count = points.shape[0];
    int32_t labels[40];
    float confidences[40];
    Nmf nmf = {.count = count, .dim = points.shape[1], .components = 5};
    nmf.parts = golden_double(ctx, "baselines/nmf_parts.npy", NULL);
    TEST_OK(ctx, NEW_ARRAY(ctx, &nmf.shares, count * nmf.components));
    for (size_t i = 0; i < count * nmf.components; i++)
        nmf.shares[i] = NAN;
    TEST_OK(ctx, nmf_transform(ctx, &nmf, points.data));
    assert_true(test_difference(nmf.shares, expected, count * nmf.components) <= 1e-6);
    TEST_OK(ctx, nmf_assign(ctx, &nmf, labels, confidences));
    assert_true(labels[3] == 0 && confidences[3] == 0.0f); /* a row of zeros */
    assert_true(confidences[0] > 0.2f && confidences[0] <= 1.0f);
    ((float *)points.data)[7] = -1;
    TEST_FAILS(ctx, SPICA_ERROR_DATA, "row 0, column 7 is below 0", nmf_transform(ctx, &nmf, points.data));
    nmf_close(ctx, &nmf);
    npy_close(ctx, &points);
    FREE_ARRAY(ctx, &expected);
    test_context_close(&ctx);
}

static Status fit_and_close(Context *ctx, const NmfSettings *settings, const float *points, size_t count, size_t dim,
                            int32_t *labels) {
    Nmf nmf;
    Status status = nmf_fit(ctx, &nmf, settings, points, count, dim);
    if (status == SPICA_OK) status = nmf_assign(ctx, &nmf, labels, NULL);
    nmf_close(ctx, &nmf);
    return status;
}

static void test_wrong_input(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    float points[] = {0, 1, 2, 3, 5, 8};
    int32_t labels[3];
    NmfSettings settings = {.components = 0};
    TEST_FAILS(ctx, SPICA_ERROR_OPTION, "0 components", fit_and_close(ctx, &settings, points, 3, 2, labels));
    settings.components = 3;
    TEST_FAILS(ctx, SPICA_ERROR_DATA, "3 points of 2", fit_and_close(ctx, &settings, points, 3, 2, labels));
    settings.components = 2;
    ctx->settings.cancel = test_cancel_at_once;
    TEST_FAILS(ctx, SPICA_CANCELLED, "cancelled", fit_and_close(ctx, &settings, points, 3, 2, labels));
    ctx->settings.cancel = NULL;
    TEST_ALLOCATIONS(ctx, 15, fit_and_close(ctx, &settings, points, 3, 2, labels));
    points[3] = -1;
    TEST_FAILS(ctx, SPICA_ERROR_DATA, "row 1, column 1 is below 0",
               fit_and_close(ctx, &settings, points, 3, 2, labels));
    points[3] = NAN;
    TEST_FAILS(ctx, SPICA_ERROR_NUMERIC, "column 1", fit_and_close(ctx, &settings, points, 3, 2, labels));
    test_context_close(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_iterations_from_given_factors),
        cmocka_unit_test(test_start),
        cmocka_unit_test(test_parts_are_clusters),
        cmocka_unit_test(test_threads_do_not_matter),
        cmocka_unit_test(test_degenerate_points),
        cmocka_unit_test(test_other_rows),
        cmocka_unit_test(test_wrong_input),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
