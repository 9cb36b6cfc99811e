#include "cluster/gmm.h"
#include "support/clusters.h"

static void assert_golden(Context *ctx, const char *name, const char *part, const double *actual) {
    char file[64];
    size_t count;
    snprintf(file, sizeof file, "baselines/gmm_%s_%s.npy", name, part);
    double *expected = golden_double(ctx, file, &count);
    const double difference = test_difference(actual, expected, count);
    if (!(difference < 1e-9)) fail_msg("%s: difference %.3g", file, difference);
    FREE_ARRAY(ctx, &expected);
}

/* From one clustering, the mixture that scikit-learn ends with. */
static void golden_case(const char *name, double tolerance) {
    Context *ctx = test_context_open();
    char file[2][64];
    snprintf(file[0], sizeof file[0], "baselines/gmm_%s_labels.npy", name);
    snprintf(file[1], sizeof file[1], "baselines/gmm_%s_probabilities.npy", name);
    NpyArray points = golden_array(ctx, "baselines/gmm_points.npy", NPY_FLOAT32);
    int32_t *labels = golden_int32(ctx, "baselines/gmm_start.npy", NULL);
    int32_t *expected_labels = golden_int32(ctx, file[0], NULL);
    float *expected_probabilities = golden_float(ctx, file[1], NULL), probabilities[400 * 4];
    const size_t count = points.shape[0], dim = points.shape[1];
    const GmmSettings settings = {.clusters = 4, .iterations = 1000, .tolerance = tolerance};
    Gmm gmm;
    TEST_OK(ctx, gmm_refine(ctx, &gmm, &settings, points.data, count, dim, labels));
    const double summary[] = {gmm.log_likelihood, gmm.iterations};
    assert_true(gmm.converged);
    assert_golden(ctx, name, "summary", summary);
    assert_golden(ctx, name, "means", gmm.means);
    assert_golden(ctx, name, "variances", gmm.variances);
    assert_golden(ctx, name, "weights", gmm.weights);
    assert_integers_equal(labels, expected_labels, count);
    memset(labels, -1, count * sizeof *labels);
    TEST_OK(ctx, gmm_assign(ctx, &gmm, labels, probabilities, points.data, count));
    assert_integers_equal(labels, expected_labels, count);
    assert_close(probabilities, expected_probabilities, count * 4, 1e-6, 0);
    gmm_close(ctx, &gmm);
    npy_close(ctx, &points);
    FREE_ARRAY(ctx, &labels);
    FREE_ARRAY(ctx, &expected_labels);
    FREE_ARRAY(ctx, &expected_probabilities);
    test_context_close(&ctx);
}

static void test_mixture_from_labels(void **state) {
    (void)state;
    golden_case("loose", 1e-3);
    golden_case("tight", 1e-10);
}

static void test_threads_do_not_matter(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    enum { count = 5000, dim = 70, clusters = 9 };
    float *points = test_clouds(ctx, count, dim, clusters, 1);
    int32_t first_labels[count], other_labels[count];
    const GmmSettings settings = {.clusters = clusters, .iterations = 4};
    Gmm first, other;
    ctx->threads = 1;
    TEST_OK(ctx, gmm_fit(ctx, &first, &settings, points, count, dim, first_labels));
    ctx->threads = 3;
    TEST_OK(ctx, gmm_fit(ctx, &other, &settings, points, count, dim, other_labels));
    assert_memory_equal(first_labels, other_labels, sizeof first_labels);
    assert_memory_equal(first.means, other.means, clusters * dim * sizeof(double));
    assert_memory_equal(first.variances, other.variances, clusters * dim * sizeof(double));
    assert_true(first.log_likelihood == other.log_likelihood);
    gmm_close(ctx, &first);
    gmm_close(ctx, &other);
    FREE_ARRAY(ctx, &points);
    test_context_close(&ctx);
}

/* Everything of a mixture is a number, weights add to 1, and no variance is below the floor. */
static void fit_degenerate(Context *ctx, const float *points, size_t count, size_t dim, size_t clusters,
                           int32_t *labels) {
    const GmmSettings settings = {.clusters = clusters, .floor = 1e-4};
    double sum = 0;
    Gmm gmm;
    TEST_OK(ctx, gmm_fit(ctx, &gmm, &settings, points, count, dim, labels));
    for (size_t cluster = 0; cluster < clusters; cluster++)
        sum += gmm.weights[cluster];
    assert_true(fabs(sum - 1) < 1e-12 && isfinite(gmm.log_likelihood));
    for (size_t i = 0; i < clusters * dim; i++)
        assert_true(isfinite(gmm.means[i]) && gmm.variances[i] >= 1e-4);
    for (size_t row = 0; row < count; row++)
        assert_true(labels[row] >= 0 && (size_t)labels[row] < clusters);
    gmm_close(ctx, &gmm);
}

static void test_degenerate_points(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const float equal[] = {1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2}, apart[] = {0, 10, 20, 30, 40, 50};
    int32_t labels[6];
    fit_degenerate(ctx, equal, 6, 2, 3, labels);
    fit_degenerate(ctx, equal, 6, 2, 1, labels);
    fit_degenerate(ctx, (const float[12]){0}, 6, 2, 2, labels);
    fit_degenerate(ctx, apart, 6, 1, 6, labels);
    const int32_t names[] = {0, 1, 2, 3, 4, 5};
    assert_true(test_agreement(ctx, labels, names, 6) == 1);
    test_context_close(&ctx);
}

static Status fit_and_close(Context *ctx, const GmmSettings *settings, const float *points, size_t count, size_t dim,
                            int32_t *labels) {
    Gmm gmm;
    const Status status = gmm_fit(ctx, &gmm, settings, points, count, dim, labels);
    gmm_close(ctx, &gmm);
    return status;
}

static void test_wrong_input(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    float points[] = {0, 1, 2, 3};
    int32_t labels[4] = {0, 1, 2, 0};
    GmmSettings settings = {.clusters = 0};
    TEST_FAILS(ctx, SPICA_ERROR_OPTION, "0 clusters", fit_and_close(ctx, &settings, points, 4, 1, labels));
    settings.clusters = 3;
    TEST_FAILS(ctx, SPICA_ERROR_DATA, "only 2 points", fit_and_close(ctx, &settings, points, 2, 2, labels));
    settings.clusters = 2;
    Gmm gmm;
    TEST_FAILS(ctx, SPICA_ERROR_OPTION, "row 2 starts in cluster 2",
               gmm_refine(ctx, &gmm, &settings, points, 4, 1, labels));
    gmm_close(ctx, &gmm);
    labels[2] = 1;
    ctx->settings.cancel = test_cancel_at_once;
    TEST_FAILS(ctx, SPICA_CANCELLED, "cancelled", gmm_refine(ctx, &gmm, &settings, points, 4, 1, labels));
    gmm_close(ctx, &gmm);
    ctx->settings.cancel = NULL;
    TEST_ALLOCATIONS(ctx, 20, fit_and_close(ctx, &settings, points, 4, 1, NULL));
    points[3] = NAN;
    TEST_FAILS(ctx, SPICA_ERROR_NUMERIC, "column 1", gmm_refine(ctx, &gmm, &settings, points, 2, 2, labels));
    gmm_close(ctx, &gmm);
    test_context_close(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mixture_from_labels),
        cmocka_unit_test(test_threads_do_not_matter),
        cmocka_unit_test(test_degenerate_points),
        cmocka_unit_test(test_wrong_input),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
