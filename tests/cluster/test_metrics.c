#include "cluster/metrics.h"
#include "support/testing.h"

static void assert_double_close(double actual, double expected, double tolerance, const char *name, size_t number) {
    if (isnan(actual) && isnan(expected)) return;
    if (!(fabs(actual - expected) <= tolerance))
        fail_msg("case %zu: %s is %.17g, expected %.17g", number, name, actual, expected);
}

/* Rounding of logarithms and of the order of sums: 1e-12. */
static void assert_metrics(const Metrics *metrics, const double expected[5], size_t number) {
    assert_double_close(metrics->acc, expected[0], 1e-15, "acc", number);
    assert_double_close(metrics->nmi, expected[1], 1e-12, "nmi", number);
    assert_double_close(metrics->nmi_geometric, expected[2], 1e-12, "nmi_geometric", number);
    assert_double_close(metrics->ari, expected[3], 1e-12, "ari", number);
    assert_double_close(metrics->purity, expected[4], 1e-15, "purity", number);
}

static void test_golden_cases(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    NpyArray sizes = golden_array(ctx, "cluster/metrics_sizes.npy", NPY_INT64);
    int32_t *predicted = golden_int32(ctx, "cluster/metrics_predicted.npy", NULL);
    int32_t *labels = golden_int32(ctx, "cluster/metrics_labels.npy", NULL);
    int64_t *confusion = golden_int64(ctx, "cluster/metrics_confusion.npy", NULL);
    double *expected = golden_double(ctx, "cluster/metrics_expected.npy", NULL);
    size_t first = 0, cell = 0;
    assert_true(sizes.shape[0] >= 20);
    for (size_t number = 0; number < sizes.shape[0]; number++) {
        const int64_t *size = (const int64_t *)sizes.data + 3 * number;
        const size_t count = (size_t)size[0], clusters = (size_t)size[1], classes = (size_t)size[2];
        int64_t counted[1024];
        Metrics metrics;
        assert_true(clusters * classes <= 1024);
        confusion_count(counted, predicted + first, labels + first, count, clusters, classes);
        assert_integers_equal(counted, confusion + cell, clusters * classes);
        TEST_OK(ctx, metrics_compute(ctx, &metrics, counted, clusters, classes, NULL));
        assert_metrics(&metrics, expected + 5 * number, number);
        double ari;
        TEST_OK(ctx, metrics_ari(ctx, &ari, counted, clusters, classes));
        assert_true(ari == metrics.ari);
        assert_true(metrics.pictures == count && metrics.clusters == clusters && metrics.classes == classes);
        first += count;
        cell += clusters * classes;
    }
    npy_close(ctx, &sizes);
    FREE_ARRAY(ctx, &predicted);
    FREE_ARRAY(ctx, &labels);
    FREE_ARRAY(ctx, &confusion);
    FREE_ARRAY(ctx, &expected);
    test_context_close(&ctx);
}

static void test_million_pictures(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    NpyArray confusion = golden_array(ctx, "cluster/million_confusion.npy", NPY_INT64);
    double *expected = golden_double(ctx, "cluster/million_expected.npy", NULL);
    Metrics metrics;
    TEST_OK(ctx, metrics_compute(ctx, &metrics, confusion.data, confusion.shape[0], confusion.shape[1], NULL));
    assert_metrics(&metrics, expected, 0);
    assert_int_equal(metrics.pictures, 1000000);
    npy_close(ctx, &confusion);
    FREE_ARRAY(ctx, &expected);
    test_context_close(&ctx);
}

/* One cluster tells nothing of the classes, at any sizes: no rounding is left, and nothing divided by it. */
static void test_single_group_has_no_information(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    for (int64_t first = 1; first <= 40; first++)
        for (int64_t second = 1; second <= 40; second++) {
            const int64_t confusion[] = {first, second};
            Metrics metrics;
            TEST_OK(ctx, metrics_compute(ctx, &metrics, confusion, 1, 2, NULL));
            assert_true(metrics.nmi == 0 && metrics.nmi_geometric == 0);
            TEST_OK(ctx, metrics_compute(ctx, &metrics, confusion, 2, 1, NULL));
            assert_true(metrics.nmi == 0 && metrics.nmi_geometric == 0);
        }
    test_context_close(&ctx);
}

/* The matching that is best in sum is not the best of each cluster: cluster 0 gives class 0 up. */
static void test_matched_classes(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const int64_t confusion[] = {5, 4, 0, 6, 0, 0, 1, 1, 0, 0, 0, 2};
    int64_t class_of[4];
    Metrics metrics;
    TEST_OK(ctx, metrics_compute(ctx, &metrics, confusion, 4, 3, class_of));
    const int64_t expected[] = {1, 0, -1, 2};
    assert_integers_equal(class_of, expected, 4);
    assert_double_close(metrics.acc, 12.0 / 19, 1e-15, "acc", 0);
    assert_double_close(metrics.purity, 14.0 / 19, 1e-15, "purity", 0);
    test_context_close(&ctx);
}

static void test_unlabelled_pictures_are_left_out(void **state) {
    (void)state;
    const int32_t predicted[] = {0, 1, 1, -1, 1, 2, 0}, labels[] = {0, -1, 1, 0, 1, 0, 2};
    const int64_t expected[] = {1, 0, 0, 2};
    int64_t confusion[4];
    confusion_count(confusion, predicted, labels, 7, 2, 2);
    assert_integers_equal(confusion, expected, 4);
}

static void test_without_labels_nothing_is_defined(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    int64_t class_of[3] = {5, 5, 5};
    Metrics metrics;
    TEST_OK(ctx, metrics_compute(ctx, &metrics, NULL, 3, 0, class_of));
    assert_true(isnan(metrics.acc) && isnan(metrics.nmi) && isnan(metrics.nmi_geometric) && isnan(metrics.ari) &&
                isnan(metrics.purity));
    assert_true(class_of[0] == -1 && class_of[1] == -1 && class_of[2] == -1);
    test_context_close(&ctx);
}

/* One-to-one, as many pairs as the shorter side, and of the least cost. */
static void assert_assignment(const double *cost, size_t rows, size_t columns, const int64_t *column_of, double total,
                              size_t number) {
    bool taken[64] = {false};
    size_t pairs = 0;
    double sum = 0, scale = 1;
    for (size_t row = 0; row < rows; row++) {
        if (column_of[row] < 0) continue;
        assert_true((size_t)column_of[row] < columns && !taken[column_of[row]]);
        taken[column_of[row]] = true;
        sum += cost[row * columns + (size_t)column_of[row]];
        scale = fmax(scale, fabs(cost[row * columns + (size_t)column_of[row]]));
        pairs++;
    }
    assert_true(pairs == (rows < columns ? rows : columns));
    assert_double_close(sum, total, fabs(total) < 1e-6 ? 1e-22 : 1e-12 * scale, "cost", number);
}

static void test_assignment(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    NpyArray sizes = golden_array(ctx, "cluster/assignment_sizes.npy", NPY_INT64);
    double *costs = golden_double(ctx, "cluster/assignment_costs.npy", NULL);
    double *totals = golden_double(ctx, "cluster/assignment_totals.npy", NULL);
    const double *cost = costs;
    for (size_t number = 0; number < sizes.shape[0]; number++) {
        const size_t rows = (size_t)((int64_t *)sizes.data)[2 * number];
        const size_t columns = (size_t)((int64_t *)sizes.data)[2 * number + 1];
        int64_t column_of[64];
        TEST_OK(ctx, assignment_solve(ctx, cost, rows, columns, column_of));
        assert_assignment(cost, rows, columns, column_of, totals[number], number);
        cost += rows * columns;
    }
    npy_close(ctx, &sizes);
    FREE_ARRAY(ctx, &costs);
    FREE_ARRAY(ctx, &totals);
    test_context_close(&ctx);
}

static void test_assignment_of_empty_and_wrong_costs(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    int64_t column_of[3] = {7, 7, 7};
    TEST_OK(ctx, assignment_solve(ctx, NULL, 3, 0, column_of));
    assert_true(column_of[0] == -1 && column_of[1] == -1 && column_of[2] == -1);
    TEST_OK(ctx, assignment_solve(ctx, NULL, 0, 3, column_of));
    const double costs[] = {1, 2, 3, (double)NAN, 5, 6};
    TEST_FAILS(ctx, SPICA_ERROR_NUMERIC, "row 1, column 1", assignment_solve(ctx, costs, 3, 2, column_of));
    test_context_close(&ctx);
}

static void test_every_failed_allocation_is_passed_on(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const int64_t confusion[] = {5, 4, 6, 0};
    Metrics metrics;
    int failures = 0;
    for (;; failures++) {
        test_state(ctx)->fail_at = test_state(ctx)->allocations + failures;
        const Status status = metrics_compute(ctx, &metrics, confusion, 2, 2, NULL);
        if (status == SPICA_OK) break;
        assert_int_equal(status, SPICA_ERROR_MEMORY);
    }
    assert_true(failures >= 5);
    test_context_close(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden_cases),
        cmocka_unit_test(test_million_pictures),
        cmocka_unit_test(test_single_group_has_no_information),
        cmocka_unit_test(test_matched_classes),
        cmocka_unit_test(test_unlabelled_pictures_are_left_out),
        cmocka_unit_test(test_without_labels_nothing_is_defined),
        cmocka_unit_test(test_assignment),
        cmocka_unit_test(test_assignment_of_empty_and_wrong_costs),
        cmocka_unit_test(test_every_failed_allocation_is_passed_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
