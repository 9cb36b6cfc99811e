#include "cluster/calibration.h"
#include "cluster/centre_distance.h"
#include "support/clusters.h"

/* Bins of a fifteenth hold their upper ends. */
static void test_calibration_error(void **state) {
    (void)state;
    const int64_t class_of[] = {1, 0};
    const int32_t predicted[] = {0, 0, 1, 1, 0}, labels[] = {1, 1, 0, 1, -1}, unknown[] = {-1, -1, -1, -1, -1};
    const float sure[] = {1, 1, 1, 1, 1}, mixed[] = {0.9f, 0.9f, 0.62f, 0.9f, 0.1f};
    /* Three of four are right. */
    assert_true(fabs(calibration_error(sure, predicted, labels, 5, class_of) - 0.25) <= 1e-12);
    /* At .9 two of three, at .62 one of one: 3/4 |2/3 - .9| + 1/4 |1 - .62|. */
    assert_true(fabs(calibration_error(mixed, predicted, labels, 5, class_of) - (0.175 + 0.095)) <= 1e-7);
    assert_true(isnan(calibration_error(sure, predicted, unknown, 5, class_of)));
    /* 0 is in the first bin; a right and a wrong picture in one bin are even, in two they are not. */
    const float ends[] = {0.0f, 0.05f, 0.5f, 0.5f, 0.5f}, apart[] = {0.45f, 0.55f, 0.45f, 0.55f, 0.5f};
    assert_true(fabs(calibration_error(ends, predicted, labels, 4, class_of) - (1.95 + 0.0) / 4) <= 1e-7);
    assert_true(fabs(calibration_error(apart, predicted, labels, 4, class_of) - (1.1 + 0.1) / 4) <= 1e-6);
}

static void test_nearest_centres(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const float points[] = {0, 0, 1, 0, 2, 0, 0, 4}, values[] = {0, 0, 4, 0, 0, 4};
    const Centres centres = {.values = values, .clusters = 3, .dim = 2};
    const int32_t expected[] = {0, 0, 0, 2}; /* the third is as far from the second centre: the smaller number */
    const float margins_expected[] = {1, 1 - 1.0f / 3, 0, 1};
    int32_t labels[4];
    float margins[4];
    TEST_OK(ctx, centres_nearest(ctx, &centres, labels, margins, points, 4));
    assert_integers_equal(labels, expected, 4);
    assert_close(margins, margins_expected, 4, 1e-6, 0);
    TEST_OK(ctx, centres_nearest(ctx, &centres, labels, NULL, points, 4));
    TEST_ALLOCATIONS(ctx, 1, centres_nearest(ctx, &centres, labels, margins, points, 4));
    test_context_close(&ctx);
}

static void test_nearest_directions(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const float points[] = {5, 0, 0, 0.1f, 3, 4, 0, 0}, values[] = {1, 0, 0, 1};
    const Centres centres = {.values = values, .clusters = 2, .dim = 2, .unit = true};
    const int32_t expected[] = {0, 1, 1, 0};
    /* 1 - (1 - .8) / (1 - .6); a row of zeros is between all. */
    const float margins_expected[] = {1, 1, 0.5f, 0};
    int32_t labels[4];
    float margins[4];
    TEST_OK(ctx, centres_nearest(ctx, &centres, labels, margins, points, 4));
    assert_integers_equal(labels, expected, 4);
    assert_close(margins, margins_expected, 4, 1e-6, 0);
    test_context_close(&ctx);
}

/* One centre has no rival, and equal ones leave no margin. */
static void test_few_centres(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const float points[] = {1, 2}, values[] = {1, 1};
    int32_t labels[2];
    float margins[2];
    Centres centres = {.values = values, .clusters = 1, .dim = 1};
    TEST_OK(ctx, centres_nearest(ctx, &centres, labels, margins, points, 2));
    assert_true(margins[0] == 1 && margins[1] == 1);
    centres.clusters = 2;
    TEST_OK(ctx, centres_nearest(ctx, &centres, labels, margins, points, 2));
    assert_true(margins[0] == 0 && margins[1] == 0 && labels[0] == 0 && labels[1] == 0);
    test_context_close(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_calibration_error),
        cmocka_unit_test(test_nearest_centres),
        cmocka_unit_test(test_nearest_directions),
        cmocka_unit_test(test_few_centres),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
