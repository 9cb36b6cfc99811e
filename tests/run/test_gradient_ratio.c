#include "run/gradient_ratio.h"

#include "base/csv.h"
#include "support/testing.h"

/* Eq. A-11, with the label's own term p_c, which the paper leaves out. */
static double ratio_elsewhere(const float *p, size_t clusters, size_t label, size_t k) {
    double sum = 0.0, along = 0.0;
    for (size_t j = 0; j < clusters; j++)
        sum += exp((double)p[j]);
    for (size_t j = 0; j < clusters; j++)
        along += exp((double)p[j]) / sum * (double)p[j];
    return exp((double)p[k]) / sum - along + (double)p[label];
}

/* The sums of Eq. A-6 themselves. */
static double ratio_by_sums(const float *p, size_t clusters, size_t label, size_t k) {
    double sum = 0.0, gradient = 0.0;
    for (size_t j = 0; j < clusters; j++)
        sum += exp((double)p[j]);
    for (size_t j = 0; j < clusters; j++) {
        const double outer = exp((double)p[j]) / sum - (j == label ? 1.0 : 0.0);
        gradient += outer * (double)p[j] * ((j == k ? 1.0 : 0.0) - (double)p[k]);
    }
    return gradient / ((double)p[k] - (k == label ? 1.0 : 0.0));
}

static void test_ratios(void **state) {
    (void)state;
    const float p[5] = {0.4f, 0.1f, 0.25f, 0.05f, 0.2f};
    float ratios[5];
    for (int32_t label = 0; label < 5; label++) {
        gradient_ratios(ratios, p, 5, label);
        for (size_t k = 0; k < 5; k++) {
            const double expected = ratio_by_sums(p, 5, (size_t)label, k);
            if (fabs((double)ratios[k] - expected) > 2e-6)
                fail_msg("label %d, cluster %zu: %.9g, expected %.9g", (int)label, k, (double)ratios[k], expected);
            if (k != (size_t)label) assert_true(fabs(expected - ratio_elsewhere(p, 5, (size_t)label, k)) < 1e-12);
        }
        assert_true(ratios[label] > 0.0f && ratios[label] < 1.0f); /* Eq. */
    }
}

/* What the figure shows: apart from the label's, larger probabilities have larger ratios, and the falsely large one has
 * the largest. */
static void test_figure(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const TestScratch scratch = test_scratch();
    CsvTable table;
    double p[8], ratio[8];
    TEST_OK(ctx, gradient_ratio_write(ctx, scratch.path));
    TEST_OK(ctx, csv_read(ctx, test_path(&scratch, GRADIENT_RATIOS), &table));
    assert_int_equal(table.rows, 8);
    for (size_t k = 0; k < 8; k++) {
        p[k] = strtod(csv_cell(&table, k, 2), NULL);
        ratio[k] = strtod(csv_cell(&table, k, 3), NULL);
        assert_string_equal(csv_cell(&table, k, 1), k == 1 ? "1" : "0");
    }
    for (size_t k = 0; k < 8; k++)
        for (size_t j = 0; j < 8; j++)
            if (k != 1 && j != 1 && p[k] > p[j]) assert_true(ratio[k] > ratio[j]);
    for (size_t k = 0; k < 8; k++)
        assert_true(k == 4 || ratio[k] < ratio[4]);
    csv_close(ctx, &table);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_ratios), cmocka_unit_test(test_figure)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
