#include "cluster/label_propagation.h"

#include "support/testing.h"

/* The closed form's scores, and the same bits with any number of threads. */
static void test_golden(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    size_t count;
    float *points = golden_float(ctx, "cluster/propagation_points.npy", NULL), *scores, *single;
    float *expected = golden_float(ctx, "cluster/propagation_scores.npy", NULL);
    int32_t *seeds = golden_int32(ctx, "cluster/propagation_seeds.npy", &count);
    int32_t *truth = golden_int32(ctx, "cluster/propagation_truth.npy", NULL);
    const PropagationSettings settings = {.classes = 2, .neighbours = 8, .reach = 0.99};
    size_t right = 0;
    TEST_OK(ctx, NEW_ARRAY(ctx, &scores, 2 * count));
    TEST_OK(ctx, NEW_ARRAY(ctx, &single, 2 * count));
    TEST_OK(ctx, label_propagate(ctx, &settings, points, count, 2, seeds, scores));
    assert_close(scores, expected, 2 * count, 1e-4, 0.0);
    for (size_t i = 0; i < count; i++)
        right += (scores[2 * i + 1] > scores[2 * i]) == (truth[i] == 1);
    assert_true(right > 220);
    ctx->threads = 1;
    TEST_OK(ctx, label_propagate(ctx, &settings, points, count, 2, seeds, single));
    assert_memory_equal(scores, single, 2 * count * sizeof *scores);
    FREE_ARRAY(ctx, &points);
    FREE_ARRAY(ctx, &scores);
    FREE_ARRAY(ctx, &single);
    FREE_ARRAY(ctx, &expected);
    FREE_ARRAY(ctx, &seeds);
    FREE_ARRAY(ctx, &truth);
    test_context_close(&ctx);
}

/* Two groups far apart: a thin link lets the labels of either reach all, and the nearer ones count more. */
static void test_pieces(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    float points[12], scores[24];
    int32_t seeds[12];
    const PropagationSettings settings = {.classes = 2, .neighbours = 50};
    const PropagationSettings few = {.classes = 2, .neighbours = 2};
    for (size_t i = 0; i < 12; i++) {
        points[i] = (float)i * 0.1f + (i < 6 ? 0.0f : 100.0f);
        seeds[i] = i == 0 ? 0 : i == 11 ? 1 : -1;
    }
    TEST_OK(ctx, label_propagate(ctx, &few, points, 12, 1, seeds, scores));
    for (size_t i = 0; i < 12; i++) {
        assert_true((scores[2 * i] > scores[2 * i + 1]) == (i < 6));
        assert_true(fabs((double)scores[2 * i] + (double)scores[2 * i + 1] - 1.0) < 1e-6);
    }
    TEST_OK(ctx, label_propagate(ctx, &settings, points, 12, 1, seeds, scores)); /* all are neighbours of all */
    test_context_close(&ctx);
}

static void test_errors(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    float points[4] = {0.0f, 1.0f, 2.0f, 3.0f}, scores[12];
    int32_t seeds[4] = {0, -1, -1, 1};
    PropagationSettings settings = {.classes = 3, .neighbours = 2};
    TEST_FAILS(ctx, SPICA_ERROR_OPTION, "no point of class 2 is known",
               label_propagate(ctx, &settings, points, 4, 1, seeds, scores));
    seeds[1] = 3;
    TEST_FAILS(ctx, SPICA_ERROR_OPTION, "class 3 of point 1 is none of 3",
               label_propagate(ctx, &settings, points, 4, 1, seeds, scores));
    TEST_FAILS(ctx, SPICA_ERROR_OPTION, "1 points", label_propagate(ctx, &settings, points, 1, 1, seeds, scores));
    settings.classes = 2;
    seeds[1] = -1;
    for (int64_t fail = 0; fail < 6; fail++) {
        test_state(ctx)->allocations = 0;
        test_state(ctx)->fail_at = fail;
        assert_int_equal(label_propagate(ctx, &settings, points, 4, 1, seeds, scores), SPICA_ERROR_MEMORY);
    }
    test_context_close(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_golden), cmocka_unit_test(test_pieces),
                                       cmocka_unit_test(test_errors)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
