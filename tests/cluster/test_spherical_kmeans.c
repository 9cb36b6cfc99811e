#include "cluster/spherical_kmeans.h"
#include "support/clusters.h"

static void test_iterations_from_given_centres(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    NpyArray points = golden_array(ctx, "baselines/spherical_points.npy", NPY_FLOAT32);
    float *centres = golden_float(ctx, "baselines/spherical_starts.npy", NULL);
    float *expected_centres = golden_float(ctx, "baselines/spherical_centres.npy", NULL);
    int32_t *expected = golden_int32(ctx, "baselines/spherical_labels.npy", NULL), labels[400];
    double *expected_similarity = golden_double(ctx, "baselines/spherical_similarity.npy", NULL), similarity;
    const size_t count = points.shape[0], dim = points.shape[1];
    const KmeansSettings settings = {.clusters = 6, .tolerance = 1e-30};
    TEST_OK(ctx, spherical_kmeans_refine(ctx, &settings, points.data, count, dim, labels, centres, &similarity));
    assert_integers_equal(labels, expected, count);
    assert_close(centres, expected_centres, 6 * dim, 1e-6, 0);
    assert_true(fabs(similarity - *expected_similarity) < 1e-6);
    npy_close(ctx, &points);
    FREE_ARRAY(ctx, &centres);
    FREE_ARRAY(ctx, &expected_centres);
    FREE_ARRAY(ctx, &expected);
    FREE_ARRAY(ctx, &expected_similarity);
    test_context_close(&ctx);
}

/* Five directions, each at lengths from 1 to 1000. */
static void test_lengths_do_not_matter(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    enum { count = 500, dim = 8, clusters = 5 };
    float points[count * dim], centres[clusters * dim];
    int32_t labels[count], expected[count];
    double similarity;
    for (size_t row = 0; row < count; row++) {
        Random noise = random_at(7, RANDOM_TEST, row, 0, 0);
        const float length = powf(10, random_between(&noise, 0, 3));
        for (size_t d = 0; d < dim; d++)
            points[row * dim + d] = length * ((d == row % clusters) + 0.05f * random_normal(&noise));
        expected[row] = (int32_t)(row % clusters);
    }
    const KmeansSettings settings = {.clusters = clusters};
    TEST_OK(ctx, spherical_kmeans(ctx, &settings, points, count, dim, labels, centres, &similarity));
    assert_true(test_agreement(ctx, labels, expected, count) == 1);
    assert_true(similarity > 0.98 && similarity < 1);
    for (size_t cluster = 0; cluster < clusters; cluster++) {
        double square = 0;
        for (size_t d = 0; d < dim; d++)
            square += (double)centres[cluster * dim + d] * (double)centres[cluster * dim + d];
        assert_true(fabs(square - 1) < 1e-6);
    }
    test_context_close(&ctx);
}

static void test_threads_do_not_matter(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    enum { count = 6000, dim = 40, clusters = 9 };
    float *points = test_clouds(ctx, count, dim, clusters, 0.7f), first[clusters * dim], other[clusters * dim];
    int32_t first_labels[count], other_labels[count];
    const KmeansSettings settings = {.clusters = clusters, .starts = 2};
    ctx->threads = 1;
    TEST_OK(ctx, spherical_kmeans(ctx, &settings, points, count, dim, first_labels, first, NULL));
    ctx->threads = 3;
    TEST_OK(ctx, spherical_kmeans(ctx, &settings, points, count, dim, other_labels, other, NULL));
    assert_memory_equal(first_labels, other_labels, sizeof first_labels);
    assert_memory_equal(first, other, sizeof first);
    FREE_ARRAY(ctx, &points);
    test_context_close(&ctx);
}

static void test_degenerate_points(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const float zeros[12] = {0}, opposite[] = {1, 0, -1, 0, 2, 0, -2, 0}, mixed[] = {0, 0, 1, 0, 0, 5, 0, 7};
    const int32_t sides[] = {0, 1, 0, 1};
    float centres[8];
    int32_t labels[6];
    double similarity;
    KmeansSettings settings = {.clusters = 3};
    TEST_OK(ctx, spherical_kmeans(ctx, &settings, zeros, 6, 2, labels, centres, &similarity));
    assert_true(similarity == 0);
    for (size_t row = 0; row < 6; row++)
        assert_true(labels[row] >= 0 && labels[row] < 3);
    settings.clusters = 1;
    TEST_OK(ctx, spherical_kmeans(ctx, &settings, opposite, 4, 2, labels, centres, &similarity));
    assert_true(fabsf(fabsf(centres[0]) - 1) < 1e-6f && fabs(similarity) < 1e-6);
    settings.clusters = 2;
    TEST_OK(ctx, spherical_kmeans(ctx, &settings, opposite, 4, 2, labels, centres, &similarity));
    assert_true(test_agreement(ctx, labels, sides, 4) == 1 && fabs(similarity - 1) < 1e-6);
    settings.clusters = 4;
    TEST_OK(ctx, spherical_kmeans(ctx, &settings, mixed, 4, 2, labels, centres, NULL));
    for (size_t i = 0; i < 4; i++)
        for (size_t j = 0; j < i; j++)
            assert_true(labels[i] != labels[j]);
    test_context_close(&ctx);
}

static void test_wrong_input(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    float points[] = {0, 1, 2, 3, 5, 8};
    int32_t labels[3];
    KmeansSettings settings = {.clusters = 4};
    TEST_FAILS(ctx, SPICA_ERROR_DATA, "only 3 points",
               spherical_kmeans(ctx, &settings, points, 3, 2, labels, NULL, NULL));
    settings.clusters = 2;
    ctx->settings.cancel = test_cancel_at_once;
    TEST_FAILS(ctx, SPICA_CANCELLED, "cancelled", spherical_kmeans(ctx, &settings, points, 3, 2, labels, NULL, NULL));
    ctx->settings.cancel = NULL;
    TEST_ALLOCATIONS(ctx, 15, spherical_kmeans(ctx, &settings, points, 3, 2, labels, NULL, NULL));
    points[3] = NAN;
    TEST_FAILS(ctx, SPICA_ERROR_NUMERIC, "column 1",
               spherical_kmeans(ctx, &settings, points, 3, 2, labels, NULL, NULL));
    test_context_close(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_iterations_from_given_centres),
        cmocka_unit_test(test_lengths_do_not_matter),
        cmocka_unit_test(test_threads_do_not_matter),
        cmocka_unit_test(test_degenerate_points),
        cmocka_unit_test(test_wrong_input),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
