#include "cluster/pca.h"
#include "support/clusters.h"

static double *golden(Context *ctx, const char *name) { return golden_double(ctx, name, NULL); }

/* The components of the case in baselines/, exactly or by random projection. */
static void golden_case(size_t exact_dim, double tolerance) {
    Context *ctx = test_context_open();
    NpyArray points = golden_array(ctx, "baselines/pca_points.npy", NPY_FLOAT32);
    double *directions = golden(ctx, "baselines/pca_directions.npy");
    double *variances = golden(ctx, "baselines/pca_variances.npy"), *total = golden(ctx, "baselines/pca_total.npy");
    float *projected = golden_float(ctx, "baselines/pca_projected.npy", NULL), found[300 * 6];
    const PcaSettings settings = {.components = 6, .exact_dim = exact_dim};
    Pca pca;
    TEST_OK(ctx, pca_fit(ctx, &pca, &settings, points.data, points.shape[0], points.shape[1]));
    for (size_t i = 0; i < 6; i++)
        assert_true(fabs(pca.variances[i] - variances[i]) <= tolerance * variances[i]);
    assert_true(fabs(pca.total_variance - *total) <= 1e-12 * *total);
    assert_true(test_difference(pca.directions, directions, 6 * points.shape[1]) <= tolerance);
    TEST_OK(ctx, pca_project(ctx, &pca, found, points.data, points.shape[0]));
    assert_close(found, projected, 300 * 6, 1e-5 + 100 * tolerance, 1e-6);
    pca_close(ctx, &pca);
    FREE_ARRAY(ctx, &directions);
    FREE_ARRAY(ctx, &variances);
    FREE_ARRAY(ctx, &total);
    FREE_ARRAY(ctx, &projected);
    npy_close(ctx, &points);
    test_context_close(&ctx);
}

static void test_exact_components(void **state) {
    (void)state;
    golden_case(0, 1e-10);
}

static void test_projected_components(void **state) {
    (void)state;
    golden_case(1, 1e-6);
}

static void test_threads_do_not_matter(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    enum { count = 3000, dim = 150, components = 12 };
    float *points = test_clouds(ctx, count, dim, 20, 1);
    for (size_t exact_dim = 0; exact_dim < 2; exact_dim++) {
        const PcaSettings settings = {.components = components, .exact_dim = exact_dim, .seed = 5};
        Pca first, other;
        ctx->threads = 1;
        TEST_OK(ctx, pca_fit(ctx, &first, &settings, points, count, dim));
        ctx->threads = 3;
        TEST_OK(ctx, pca_fit(ctx, &other, &settings, points, count, dim));
        assert_memory_equal(first.directions, other.directions, components * dim * sizeof(double));
        assert_memory_equal(first.variances, other.variances, components * sizeof(double));
        assert_true(first.total_variance == other.total_variance);
        pca_close(ctx, &first);
        pca_close(ctx, &other);
    }
    FREE_ARRAY(ctx, &points);
    test_context_close(&ctx);
}

/* The directions are orthonormal whatever the points. */
static void assert_orthonormal(const Pca *pca) {
    for (size_t i = 0; i < pca->components; i++)
        for (size_t j = 0; j <= i; j++) {
            double product = 0;
            for (size_t d = 0; d < pca->dim; d++)
                product += pca->directions[i * pca->dim + d] * pca->directions[j * pca->dim + d];
            assert_true(fabs(product - (i == j)) < 1e-12);
        }
}

static void test_degenerate_points(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const float equal[] = {1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3}, line[] = {0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5};
    float projected[12];
    for (size_t exact_dim = 0; exact_dim < 2; exact_dim++) {
        PcaSettings settings = {.components = 3, .exact_dim = exact_dim};
        Pca pca;
        TEST_OK(ctx, pca_fit(ctx, &pca, &settings, equal, 4, 3));
        assert_orthonormal(&pca);
        assert_true(pca.variances[0] == 0 && pca.total_variance == 0);
        TEST_OK(ctx, pca_project(ctx, &pca, projected, equal, 4));
        assert_true(projected[0] == 0 && projected[11] == 0);
        pca_close(ctx, &pca);
        settings.components = 2;
        TEST_OK(ctx, pca_fit(ctx, &pca, &settings, line, 6, 2));
        assert_orthonormal(&pca);
        assert_true(fabs(pca.variances[0] - 7) < 1e-12 && pca.variances[1] < 1e-12);
        assert_true(pca.directions[0] > 0.7 && pca.directions[1] > 0.7);
        pca_close(ctx, &pca);
        settings.components = 1;
        TEST_OK(ctx, pca_fit(ctx, &pca, &settings, line, 1, 5));
        assert_true(pca.variances[0] == 0);
        pca_close(ctx, &pca);
    }
    test_context_close(&ctx);
}

static Status fit_and_close(Context *ctx, const PcaSettings *settings, const float *points, size_t count, size_t dim) {
    Pca pca;
    const Status status = pca_fit(ctx, &pca, settings, points, count, dim);
    pca_close(ctx, &pca);
    return status;
}

static void test_wrong_input(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    float points[] = {0, 1, 2, 3, 5, 8};
    PcaSettings settings = {.components = 0};
    TEST_FAILS(ctx, SPICA_ERROR_OPTION, "0 components", fit_and_close(ctx, &settings, points, 3, 2));
    settings.components = 3;
    TEST_FAILS(ctx, SPICA_ERROR_DATA, "3 points of 2", fit_and_close(ctx, &settings, points, 3, 2));
    TEST_FAILS(ctx, SPICA_ERROR_DATA, "2 points of 3", fit_and_close(ctx, &settings, points, 2, 3));
    settings.components = 2;
    ctx->settings.cancel = test_cancel_at_once;
    TEST_FAILS(ctx, SPICA_CANCELLED, "cancelled", fit_and_close(ctx, &settings, points, 3, 2));
    settings.exact_dim = 1;
    TEST_FAILS(ctx, SPICA_CANCELLED, "cancelled", fit_and_close(ctx, &settings, points, 3, 2));
    ctx->settings.cancel = NULL;
    TEST_ALLOCATIONS(ctx, 10, fit_and_close(ctx, &settings, points, 3, 2));
    settings.exact_dim = 0;
    TEST_ALLOCATIONS(ctx, 8, fit_and_close(ctx, &settings, points, 3, 2));
    points[3] = INFINITY;
    TEST_FAILS(ctx, SPICA_ERROR_NUMERIC, "column 1", fit_and_close(ctx, &settings, points, 3, 2));
    test_context_close(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exact_components),      cmocka_unit_test(test_projected_components),
        cmocka_unit_test(test_threads_do_not_matter), cmocka_unit_test(test_degenerate_points),
        cmocka_unit_test(test_wrong_input),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
