#include "cluster/class_metrics.h"
#include "support/testing.h"

static void assert_figure(double actual, double expected, const char *name, size_t number, size_t label) {
    if (isnan(actual) && isnan(expected)) return;
    if (!(fabs(actual - expected) <= 1e-15))
        fail_msg("case %zu, class %zu: %s is %.17g, expected %.17g", number, label, name, actual, expected);
}

/* scikit-learn's figures of random and degenerate cases: those of tests/golden/make_cluster.py. */
static void test_golden_classes(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    NpyArray sizes = golden_array(ctx, "cluster/metrics_sizes.npy", NPY_INT64);
    int64_t *confusions = golden_int64(ctx, "cluster/metrics_confusion.npy", NULL), *confusion = confusions;
    int64_t *matches = golden_int64(ctx, "cluster/classes_matched.npy", NULL), *class_of = matches;
    double *figures = golden_double(ctx, "cluster/classes_expected.npy", NULL), *expected = figures;
    double *means = golden_double(ctx, "cluster/classes_means.npy", NULL);
    for (size_t number = 0; number < sizes.shape[0]; number++) {
        const int64_t *size = (const int64_t *)sizes.data + 3 * number;
        const size_t clusters = (size_t)size[1], classes = (size_t)size[2];
        ClassMetrics by_class[64];
        MacroMetrics macro;
        assert_true(classes <= 64);
        class_metrics_compute(by_class, &macro, confusion, clusters, classes, class_of);
        for (size_t label = 0; label < classes; label++, expected += 3) {
            assert_figure(by_class[label].precision, expected[0], "precision", number, label);
            assert_figure(by_class[label].recall, expected[1], "recall", number, label);
            assert_figure(by_class[label].f1, expected[2], "F1", number, label);
        }
        assert_figure(macro.f1, means[2 * number], "macro-F1", number, classes);
        assert_figure(macro.balanced_accuracy, means[2 * number + 1], "balanced accuracy", number, classes);
        confusion += clusters * classes;
        class_of += clusters;
    }
    npy_close(ctx, &sizes);
    FREE_ARRAY(ctx, &confusions);
    FREE_ARRAY(ctx, &matches);
    FREE_ARRAY(ctx, &figures);
    FREE_ARRAY(ctx, &means);
    test_context_close(&ctx);
}

/* Two clusters for three classes, the last of which has no picture: one class is left without a cluster. */
static void test_class_without_cluster(void **state) {
    (void)state;
    const int64_t confusion[] = {6, 2, 0, 1, 3, 0}, class_of[] = {0, -1};
    ClassMetrics by_class[3];
    MacroMetrics macro;
    class_metrics_compute(by_class, &macro, confusion, 2, 3, class_of);
    assert_int_equal(by_class[0].cluster, 0);
    assert_int_equal(by_class[0].size, 7);
    assert_true(by_class[0].precision == 6.0 / 8 && by_class[0].recall == 6.0 / 7 && by_class[0].f1 == 12.0 / 15);
    assert_int_equal(by_class[1].cluster, -1);
    assert_int_equal(by_class[1].size, 5);
    assert_true(by_class[1].precision == 0 && by_class[1].recall == 0 && by_class[1].f1 == 0);
    assert_int_equal(by_class[2].size, 0);
    assert_true(isnan(by_class[2].precision) && isnan(by_class[2].recall) && isnan(by_class[2].f1));
    assert_true(macro.f1 == 0.4 && macro.balanced_accuracy == 3.0 / 7);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden_classes),
        cmocka_unit_test(test_class_without_cluster),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
