/* What the tests of the clustering algorithms share. */
#ifndef SPICA_TESTS_SUPPORT_CLUSTERS_H
#define SPICA_TESTS_SUPPORT_CLUSTERS_H

#include "base/random.h"
#include "cluster/metrics.h"
#include "support/testing.h"

/* points[count x dim]: clouds of deviation 1 around `clouds` centres of deviation `apart`; row i is of cloud
 * i % clouds. Owned by the caller. */
static inline float *test_clouds(Context *ctx, size_t count, size_t dim, size_t clouds, float apart) {
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

/* The adjusted Rand index of two clusterings with numbers below 64: 1 where they are the same up to names. */
static inline double test_agreement(Context *ctx, const int32_t *labels, const int32_t *others, size_t count) {
    static int64_t confusion[64 * 64];
    Metrics metrics;
    memset(confusion, 0, sizeof confusion);
    confusion_count(confusion, labels, others, count, 64, 64);
    TEST_OK(ctx, metrics_compute(ctx, &metrics, confusion, 64, 64, NULL));
    return metrics.ari;
}

/* Largest |actual - expected|. */
static inline double test_difference(const double *actual, const double *expected, size_t count) {
    double largest = 0;
    for (size_t i = 0; i < count; i++) {
        const double difference = fabs(actual[i] - expected[i]);
        if (!(difference <= largest)) largest = difference;
    }
    return largest;
}

static inline int test_cancel_at_once(void *user) {
    (void)user;
    return 1;
}

/* Repeats the call (which must leave nothing allocated), with one allocation after the other failing, until it
 * succeeds; at least `least` allocations must have been made. */
#define TEST_ALLOCATIONS(ctx, least, call)                                                                             \
    do {                                                                                                               \
        int test_failures_ = 0;                                                                                        \
        for (;; test_failures_++) {                                                                                    \
            const size_t test_live_ = test_state(ctx)->live;                                                           \
            test_state(ctx)->fail_at = test_state(ctx)->allocations + test_failures_;                                  \
            const Status test_status_ = (call);                                                                        \
            assert_int_equal(test_state(ctx)->live, test_live_);                                                       \
            if (test_status_ == SPICA_OK) break;                                                                       \
            assert_int_equal(test_status_, SPICA_ERROR_MEMORY);                                                        \
        }                                                                                                              \
        test_state(ctx)->fail_at = -1;                                                                                 \
        assert_true(test_failures_ >= (least));                                                                        \
    } while (0)

#endif
