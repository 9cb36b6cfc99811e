#include "cluster/agglomerative.h"
#include "support/clusters.h"

static const char *const linkage_names[] = {[LINKAGE_WARD] = "ward", [LINKAGE_AVERAGE] = "average"};

/* SciPy's distances, and its clusters at several numbers of them. matrix_limit 1: from centroids. */
static void golden_case(const char *name, Linkage linkage, size_t matrix_limit, bool cuts_too) {
    Context *ctx = test_context_open();
    char file[3][80];
    snprintf(file[0], sizeof file[0], "baselines/agglomerative_%s_points.npy", name);
    snprintf(file[1], sizeof file[1], "baselines/agglomerative_%s_%s_distances.npy", name, linkage_names[linkage]);
    snprintf(file[2], sizeof file[2], "baselines/agglomerative_%s_%s_cuts.npy", name, linkage_names[linkage]);
    NpyArray points = golden_array(ctx, file[0], NPY_FLOAT32);
    const size_t count = points.shape[0];
    float *expected = golden_float(ctx, file[1], NULL), distances[256];
    int32_t *cuts = golden_int32(ctx, file[2], NULL), labels[256];
    static const size_t numbers[] = {2, 3, 5, 10, 25};
    const AgglomerativeSettings settings = {.linkage = linkage, .matrix_limit = matrix_limit};
    Join joins[256];
    TEST_OK(ctx, agglomerative_tree(ctx, joins, &settings, points.data, count, points.shape[1]));
    for (size_t i = 0; i + 1 < count; i++) {
        assert_true(joins[i].first < joins[i].second);
        distances[i] = joins[i].distance;
    }
    assert_close(distances, expected, count - 1, 1e-5, 1e-5);
    for (size_t i = 0; i < 5 && cuts_too; i++) {
        TEST_OK(ctx, agglomerative_cut(ctx, labels, joins, count, numbers[i]));
        const double agreement = test_agreement(ctx, labels, cuts + i * count, count);
        if (agreement != 1) fail_msg("%s, %zu clusters: ARI %g", file[2], numbers[i], agreement);
    }
    FREE_ARRAY(ctx, &expected);
    FREE_ARRAY(ctx, &cuts);
    npy_close(ctx, &points);
    test_context_close(&ctx);
}

static void test_joins_are_scipys(void **state) {
    (void)state;
    golden_case("cloud", LINKAGE_WARD, 0, true);
    golden_case("cloud", LINKAGE_WARD, 1, true);
    golden_case("cloud", LINKAGE_AVERAGE, 0, true);
}

/* Six places on a line: 114 of the joins are of equal points. */
static void test_equal_distances(void **state) {
    (void)state;
    golden_case("grid", LINKAGE_WARD, 0, false);
    golden_case("grid", LINKAGE_WARD, 1, false);
    golden_case("grid", LINKAGE_AVERAGE, 0, false);
}

static void test_equal_points_join_first(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const float points[] = {5, 0, 5, 9, 0, 5};
    const int32_t expected[] = {0, 1, 0, 2, 1, 0}, zeros[6] = {0}, all[] = {0, 1, 2, 3, 4, 5};
    for (size_t kind = 0; kind < 3; kind++) {
        const AgglomerativeSettings settings = {.linkage = kind == 2 ? LINKAGE_AVERAGE : LINKAGE_WARD,
                                                .matrix_limit = kind == 1 ? 1 : 0};
        int32_t labels[6];
        Join joins[5];
        TEST_OK(ctx, agglomerative_tree(ctx, joins, &settings, points, 6, 1));
        /* 9 joins the three points at 5. */
        const float away = kind == 2 ? 4 : 4 * sqrtf(1.5f);
        assert_true(joins[2].distance == 0 && fabsf(joins[3].distance - away) < 1e-6f);
        TEST_OK(ctx, agglomerative_cut(ctx, labels, joins, 6, 3));
        assert_integers_equal(labels, expected, 6);
        TEST_OK(ctx, agglomerative_cut(ctx, labels, joins, 6, 1));
        assert_integers_equal(labels, zeros, 6);
        TEST_OK(ctx, agglomerative_cut(ctx, labels, joins, 6, 6));
        assert_integers_equal(labels, all, 6);
        TEST_OK(ctx, agglomerative_tree(ctx, joins, &settings, (const float[6]){0}, 6, 1));
        assert_true(joins[0].first == 0 && joins[0].second == 1 && joins[4].distance == 0);
        TEST_OK(ctx, agglomerative_tree(ctx, joins, &settings, points, 1, 6));
        TEST_OK(ctx, agglomerative_cut(ctx, labels, joins, 1, 1));
    }
    test_context_close(&ctx);
}

static void test_threads_do_not_matter(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    enum { count = 1200, dim = 200 };
    float *points = test_clouds(ctx, count, dim, 10, 1);
    static Join first[count], other[count];
    for (size_t kind = 0; kind < 3; kind++) {
        const AgglomerativeSettings settings = {.linkage = kind == 2 ? LINKAGE_AVERAGE : LINKAGE_WARD,
                                                .matrix_limit = kind == 1 ? 1 : 0};
        ctx->threads = 1;
        TEST_OK(ctx, agglomerative_tree(ctx, first, &settings, points, count, dim));
        ctx->threads = 3;
        TEST_OK(ctx, agglomerative_tree(ctx, other, &settings, points, count, dim));
        assert_memory_equal(first, other, (count - 1) * sizeof *first);
    }
    FREE_ARRAY(ctx, &points);
    test_context_close(&ctx);
}

static void test_wrong_input(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    float *points = test_clouds(ctx, 100, 2, 3, 1);
    int32_t labels[100];
    Join joins[100];
    AgglomerativeSettings settings = {.linkage = LINKAGE_AVERAGE, .matrix_limit = 99};
    TEST_FAILS(ctx, SPICA_ERROR_DATA, "more than 99 points (100 given)",
               agglomerative_tree(ctx, joins, &settings, points, 100, 2));
    TEST_OK(ctx, agglomerative_tree(ctx, joins, &settings, points, 99, 2));
    TEST_FAILS(ctx, SPICA_ERROR_OPTION, "0 points", agglomerative_tree(ctx, joins, &settings, points, 0, 2));
    TEST_FAILS(ctx, SPICA_ERROR_OPTION, "0 clusters", agglomerative_cut(ctx, labels, joins, 99, 0));
    TEST_FAILS(ctx, SPICA_ERROR_DATA, "only 99 points", agglomerative_cut(ctx, labels, joins, 99, 100));
    ctx->settings.cancel = test_cancel_at_once;
    TEST_FAILS(ctx, SPICA_CANCELLED, "cancelled", agglomerative_tree(ctx, joins, &settings, points, 99, 2));
    settings = (AgglomerativeSettings){.linkage = LINKAGE_WARD, .matrix_limit = 1};
    TEST_FAILS(ctx, SPICA_CANCELLED, "cancelled", agglomerative_tree(ctx, joins, &settings, points, 99, 2));
    ctx->settings.cancel = NULL;
    TEST_ALLOCATIONS(ctx, 7, agglomerative_tree(ctx, joins, &settings, points, 100, 2));
    settings.matrix_limit = 0;
    TEST_ALLOCATIONS(ctx, 6, agglomerative_tree(ctx, joins, &settings, points, 100, 2));
    TEST_ALLOCATIONS(ctx, 1, agglomerative_cut(ctx, labels, joins, 100, 5));
    points[7] = INFINITY;
    TEST_FAILS(ctx, SPICA_ERROR_NUMERIC, "column 1", agglomerative_tree(ctx, joins, &settings, points, 100, 2));
    FREE_ARRAY(ctx, &points);
    test_context_close(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_joins_are_scipys),
        cmocka_unit_test(test_equal_distances),
        cmocka_unit_test(test_equal_points_join_first),
        cmocka_unit_test(test_threads_do_not_matter),
        cmocka_unit_test(test_wrong_input),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
