#include "base/random.h"
#include "cluster/kmeans.h"
#include "cluster/kmeans_lloyd.h"
#include "cluster/kmeans_start.h"
#include "support/testing.h"

/* points[count x dim]: clouds of deviation 1 around `clouds` centres a distance apart. */
static float *clouds_make(Context *ctx, size_t count, size_t dim, size_t clouds, float apart) {
    float *points;
    TEST_OK(ctx, NEW_ARRAY(ctx, &points, count * dim));
    for (size_t row = 0; row < count; row++) {
        Random noise = random_at(1, RANDOM_TEST, row, 0, 0);
        Random centre = random_at(1, RANDOM_TEST, row % clouds, 1, 0);
        for (size_t d = 0; d < dim; d++)
            points[row * dim + d] = apart * random_normal(&centre) + random_normal(&noise);
    }
    return points;
}

static double distance(const float *x, const float *y, size_t dim) {
    double sum = 0;
    for (size_t d = 0; d < dim; d++)
        sum += ((double)x[d] - (double)y[d]) * ((double)x[d] - (double)y[d]);
    return sum;
}

static void golden_case(Context *ctx, const char *name, double centre_tolerance) {
    char file[5][64];
    static const char *const parts[] = {"points", "starts", "labels", "centres", "inertia"};
    for (size_t i = 0; i < 5; i++)
        snprintf(file[i], sizeof file[i], "cluster/kmeans_%s_%s.npy", name, parts[i]);
    NpyArray points = golden_array(ctx, file[0], NPY_FLOAT32);
    NpyArray centres = golden_array(ctx, file[1], NPY_FLOAT32);
    int32_t *expected_labels = golden_int32(ctx, file[2], NULL);
    float *expected_centres = golden_float(ctx, file[3], NULL);
    double *expected_inertia = golden_double(ctx, file[4], NULL);
    const KmeansSettings settings = {.clusters = centres.shape[0]};
    int32_t labels[1024];
    double inertia;
    TEST_OK(ctx, kmeans_refine(ctx, &settings, points.data, points.shape[0], points.shape[1], labels, centres.data,
                               &inertia));
    assert_integers_equal(labels, expected_labels, points.shape[0]);
    assert_close((float *)centres.data, expected_centres, centres.count, centre_tolerance, 0);
    assert_true(fabs(inertia - *expected_inertia) <= 1e-5 * *expected_inertia);
    npy_close(ctx, &points);
    npy_close(ctx, &centres);
    FREE_ARRAY(ctx, &expected_labels);
    FREE_ARRAY(ctx, &expected_centres);
    FREE_ARRAY(ctx, &expected_inertia);
}

/* The tolerance is float32's at the size of the values: scikit-learn's centres are sums in float32. */
static void test_lloyd_from_given_centres(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    golden_case(ctx, "near", 1e-5);
    golden_case(ctx, "far", 2e-4);
    test_context_close(&ctx);
}

/* Ten starts reach the sum that scikit-learn's ten starts reach. */
static void test_starts_are_as_good(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    NpyArray points = golden_array(ctx, "cluster/kmeans_near_points.npy", NPY_FLOAT32);
    double *best = golden_double(ctx, "cluster/kmeans_near_best.npy", NULL);
    int32_t labels[1024];
    for (uint64_t seed = 0; seed < 5; seed++) {
        const KmeansSettings settings = {.clusters = 5, .seed = seed};
        double inertia;
        TEST_OK(ctx, kmeans(ctx, &settings, points.data, points.shape[0], points.shape[1], labels, NULL, &inertia));
        if (inertia < best[0] * (1 - 1e-5) || inertia > best[1] * (1 + 1e-5))
            fail_msg("seed %d: inertia %.9g, scikit-learn %.9g to %.9g", (int)seed, inertia, best[0], best[1]);
    }
    npy_close(ctx, &points);
    FREE_ARRAY(ctx, &best);
    test_context_close(&ctx);
}

/* sum over the points of the squared distance to the nearest centre; centres are relative to the mean. */
static double potential(const Points *points, const float *centres, size_t clusters) {
    double sum = 0;
    for (size_t row = 0; row < points->count; row++) {
        float relative[16];
        double least = (double)INFINITY;
        for (size_t d = 0; d < points->dim; d++)
            relative[d] = points->values[row * points->dim + d] - points->mean[d];
        for (size_t cluster = 0; cluster < clusters; cluster++)
            least = fmin(least, distance(relative, centres + cluster * points->dim, points->dim));
        sum += least;
    }
    return sum;
}

/* Starting centres alone are as good as scikit-learn's, on average: 3 % are four deviations of the mean of 200 draws;
 * without the choice among candidates they are 20 % worse. */
static void test_starting_centres_are_as_good(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    NpyArray values = golden_array(ctx, "cluster/kmeans_near_points.npy", NPY_FLOAT32);
    double *expected = golden_double(ctx, "cluster/kmeans_near_potential.npy", NULL);
    enum { clusters = 12, draws = 200 };
    float centres[clusters * 16];
    double sum = 0;
    Points points;
    TEST_OK(ctx, points_open(ctx, &points, values.data, values.shape[0], values.shape[1], clusters, clusters));
    for (uint64_t start = 0; start < draws; start++) {
        TEST_OK(ctx, kmeans_start(ctx, &points, clusters, 0, start, centres));
        sum += potential(&points, centres, clusters);
    }
    if (fabs(sum / draws - *expected) > 0.03 * *expected)
        fail_msg("mean potential %.1f, scikit-learn %.1f", sum / draws, *expected);
    points_close(ctx, &points);
    npy_close(ctx, &values);
    FREE_ARRAY(ctx, &expected);
    test_context_close(&ctx);
}

/* One cloud of 900 points and nine of two points, far apart: every cloud gets a centre in one start, because draws go
 * by the squared distance; uniform ones would hardly leave the large cloud. */
static void test_small_far_clouds_get_a_centre(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    enum { count = 918, dim = 2 };
    float *points = clouds_make(ctx, count, dim, 1, 0);
    int32_t labels[count];
    for (size_t row = 900; row < count; row++)
        points[row * dim + row / 2 % 2] += (float)(row / 2 % 9 + 1) * 1000;
    for (uint64_t seed = 0; seed < 10; seed++) {
        const KmeansSettings settings = {.clusters = 10, .starts = 1, .seed = seed};
        double inertia;
        TEST_OK(ctx, kmeans(ctx, &settings, points, count, dim, labels, NULL, &inertia));
        assert_true(inertia < 3.0 * count * dim);
    }
    FREE_ARRAY(ctx, &points);
    test_context_close(&ctx);
}

/* Labels are nearest centres, centres are means, and the inertia is their distance. */
static void test_result_is_consistent(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    enum { count = 3000, dim = 21, clusters = 7 };
    float *points = clouds_make(ctx, count, dim, 9, 3);
    float centres[clusters * dim];
    double means[clusters * dim] = {0}, sizes[clusters] = {0}, inertia, sum = 0;
    int32_t labels[count];
    const KmeansSettings settings = {.clusters = clusters, .starts = 2, .iterations = 1000, .tolerance = 1e-30};
    TEST_OK(ctx, kmeans(ctx, &settings, points, count, dim, labels, centres, &inertia));
    for (size_t row = 0; row < count; row++) {
        const double own = distance(points + row * dim, centres + (size_t)labels[row] * dim, dim);
        for (size_t cluster = 0; cluster < clusters; cluster++)
            assert_true(own <= distance(points + row * dim, centres + cluster * dim, dim) + 1e-4);
        sum += own;
        sizes[labels[row]]++;
        for (size_t d = 0; d < dim; d++)
            means[(size_t)labels[row] * dim + d] += (double)points[row * dim + d];
    }
    for (size_t i = 0; i < sizeof means / sizeof means[0]; i++)
        assert_true(fabs(means[i] / sizes[i / dim] - (double)centres[i]) < 1e-5);
    assert_true(fabs(inertia - sum) < 1e-5 * sum);
    FREE_ARRAY(ctx, &points);
    test_context_close(&ctx);
}

/* Bounds leave out distances, not labels. */
static void bounds_case(size_t count, size_t dim, size_t clusters, float apart, double least_share) {
    Context *ctx = test_context_open();
    float *values = clouds_make(ctx, count, dim, clusters, apart), *centres, *plain_centres;
    int32_t *labels, *plain_labels;
    LloydResult result, plain_result;
    Points points;
    TEST_OK(ctx, NEW_ARRAY(ctx, &centres, clusters * dim));
    TEST_OK(ctx, NEW_ARRAY(ctx, &plain_centres, clusters * dim));
    TEST_OK(ctx, NEW_ARRAY(ctx, &labels, count));
    TEST_OK(ctx, NEW_ARRAY(ctx, &plain_labels, count));
    TEST_OK(ctx, points_open(ctx, &points, values, count, dim, clusters, clusters));
    for (size_t i = 0; i < clusters * dim; i++)
        centres[i] = plain_centres[i] = values[i] - points.mean[i % dim];
    KmeansSettings settings = {.clusters = clusters, .iterations = 1000, .tolerance = 1e-30};
    TEST_OK(ctx, lloyd_run(ctx, &settings, &points, centres, labels, &result));
    settings.plain = true;
    TEST_OK(ctx, lloyd_run(ctx, &settings, &points, plain_centres, plain_labels, &plain_result));
    assert_integers_equal(labels, plain_labels, count);
    assert_close(centres, plain_centres, clusters * dim, 1e-6, 0);
    assert_true(result.assignments == plain_result.assignments);
    assert_true(plain_result.measured == (int64_t)(count * clusters) * plain_result.assignments);
    const double share = (double)result.measured / (double)plain_result.measured;
    if (share > least_share)
        fail_msg("%.3f of the distances at %zu clusters, %d assignments", share, clusters, result.assignments);
    points_close(ctx, &points);
    FREE_ARRAY(ctx, &values);
    FREE_ARRAY(ctx, &centres);
    FREE_ARRAY(ctx, &plain_centres);
    FREE_ARRAY(ctx, &labels);
    FREE_ARRAY(ctx, &plain_labels);
    test_context_close(&ctx);
}

static void test_bounds_change_nothing(void **state) {
    (void)state;
    bounds_case(4000, 2, 5, 2, 0.15);
    bounds_case(4000, 30, 10, 0.6f, 0.45);
    bounds_case(3000, 17, 60, 1, 0.18);
    bounds_case(2000, 100, 2, 0, 0.7);
    bounds_case(500, 3, 400, 1, 0.5);
    bounds_case(300, 3, 1, 1, 0.5);
}

static void test_threads_do_not_matter(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    enum { count = 8000, dim = 40, clusters = 12 };
    float *points = clouds_make(ctx, count, dim, 12, 1);
    float first[clusters * dim], other[clusters * dim];
    int32_t first_labels[count], other_labels[count];
    double first_inertia, other_inertia;
    const KmeansSettings settings = {.clusters = clusters, .starts = 2, .iterations = 10, .seed = 3};
    ctx->threads = 1;
    TEST_OK(ctx, kmeans(ctx, &settings, points, count, dim, first_labels, first, &first_inertia));
    for (ctx->threads = 2; ctx->threads <= 3; ctx->threads++) {
        TEST_OK(ctx, kmeans(ctx, &settings, points, count, dim, other_labels, other, &other_inertia));
        assert_memory_equal(other_labels, first_labels, sizeof first_labels);
        assert_memory_equal(other, first, sizeof first);
        assert_true(other_inertia == first_inertia);
    }
    FREE_ARRAY(ctx, &points);
    test_context_close(&ctx);
}

/* Every label 0 .. clusters-1 occurs. */
static void assert_none_empty(const int32_t *labels, size_t count, size_t clusters) {
    bool used[256] = {false};
    size_t number = 0;
    for (size_t row = 0; row < count; row++) {
        assert_true(labels[row] >= 0 && (size_t)labels[row] < clusters);
        number += !used[labels[row]];
        used[labels[row]] = true;
    }
    assert_true(number == clusters);
}

static void test_no_cluster_is_empty(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    enum { count = 200, dim = 3 };
    float *points = clouds_make(ctx, count, dim, 4, 10);
    int32_t labels[count];
    double inertia;
    const size_t clusters[] = {1, 2, 50, 199, 200};
    for (size_t i = 0; i < 5; i++) {
        const KmeansSettings settings = {.clusters = clusters[i], .starts = 2};
        TEST_OK(ctx, kmeans(ctx, &settings, points, count, dim, labels, NULL, &inertia));
        assert_none_empty(labels, count, clusters[i]);
    }
    assert_true(inertia < 1e-6);
    /* Only three different points for 20 clusters. */
    for (size_t row = 3; row < count; row++)
        memcpy(points + row * dim, points + row % 3 * dim, dim * sizeof *points);
    const KmeansSettings settings = {.clusters = 20};
    TEST_OK(ctx, kmeans(ctx, &settings, points, count, dim, labels, NULL, &inertia));
    assert_none_empty(labels, count, 20);
    assert_true(inertia < 1e-6);
    FREE_ARRAY(ctx, &points);
    test_context_close(&ctx);
}

/* Two starting centres in one place: the second gets no point, and then the one that lies farthest away. */
static void test_empty_cluster_takes_the_farthest_point(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const float points[] = {0, 1, 2, 3, 100, 1};
    float centres[] = {1, 1};
    int32_t labels[6];
    const KmeansSettings settings = {.clusters = 2};
    TEST_OK(ctx, kmeans_refine(ctx, &settings, points, 6, 1, labels, centres, NULL));
    const int32_t expected[] = {0, 0, 0, 0, 1, 0};
    assert_integers_equal(labels, expected, 6);
    assert_true(fabsf(centres[0] - 1.4f) < 1e-5f && fabsf(centres[1] - 100) < 1e-4f);
    test_context_close(&ctx);
}

static int cancel_at_once(void *user) {
    (void)user;
    return 1;
}

static void test_wrong_input(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    float points[] = {0, 1, 2, 3};
    int32_t labels[4];
    KmeansSettings settings = {.clusters = 0};
    TEST_FAILS(ctx, SPICA_ERROR_OPTION, "0 clusters", kmeans(ctx, &settings, points, 4, 1, labels, NULL, NULL));
    settings.clusters = 3;
    TEST_FAILS(ctx, SPICA_ERROR_DATA, "only 2 points", kmeans(ctx, &settings, points, 2, 2, labels, NULL, NULL));
    TEST_FAILS(ctx, SPICA_ERROR_OPTION, "0 numbers", kmeans(ctx, &settings, points, 4, 0, labels, NULL, NULL));
    ctx->settings.cancel = cancel_at_once;
    TEST_FAILS(ctx, SPICA_CANCELLED, "cancelled", kmeans(ctx, &settings, points, 4, 1, labels, NULL, NULL));
    ctx->settings.cancel = NULL;
    points[3] = INFINITY;
    settings.clusters = 2;
    TEST_FAILS(ctx, SPICA_ERROR_NUMERIC, "column 1", kmeans(ctx, &settings, points, 2, 2, labels, NULL, NULL));
    points[3] = 3;
    int failures = 0;
    for (;; failures++) {
        test_state(ctx)->fail_at = test_state(ctx)->allocations + failures;
        const Status status = kmeans(ctx, &settings, points, 4, 1, labels, NULL, NULL);
        if (status == SPICA_OK) break;
        assert_int_equal(status, SPICA_ERROR_MEMORY);
    }
    assert_true(failures > 10);
    test_context_close(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lloyd_from_given_centres),
        cmocka_unit_test(test_starts_are_as_good),
        cmocka_unit_test(test_starting_centres_are_as_good),
        cmocka_unit_test(test_small_far_clouds_get_a_centre),
        cmocka_unit_test(test_result_is_consistent),
        cmocka_unit_test(test_bounds_change_nothing),
        cmocka_unit_test(test_threads_do_not_matter),
        cmocka_unit_test(test_no_cluster_is_empty),
        cmocka_unit_test(test_empty_cluster_takes_the_farthest_point),
        cmocka_unit_test(test_wrong_input),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
