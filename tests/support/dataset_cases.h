/* What tests of every kind of data set do with DATA. */
#ifndef SPICA_TESTS_SUPPORT_DATASET_CASES_H
#define SPICA_TESTS_SUPPORT_DATASET_CASES_H

#include "data/dataset.h"
#include "support/testing.h"

/* Opens DATA, which must be of this kind. */
static inline Dataset dataset_of_kind(Context *ctx, const char *path, const char *kind, DataSettings settings) {
    Dataset dataset;
    TEST_OK(ctx, dataset_open(ctx, &dataset, path, &settings));
    assert_string_equal(dataset.kind, kind);
    return dataset;
}

/* Opens DATA, which must fail with SPICA_ERROR_DATA and these words, and closes it. */
#define ASSERT_REFUSED(ctx, path, words)                                                                               \
    do {                                                                                                               \
        Dataset refused_;                                                                                              \
        const DataSettings refused_settings_ = {0};                                                                    \
        TEST_FAILS(ctx, SPICA_ERROR_DATA, words, dataset_open(ctx, &refused_, path, &refused_settings_));              \
        dataset_close(ctx, &refused_);                                                                                 \
    } while (0)

/* dataset_open with the first, the second ... allocation failing, until it succeeds: each failure must be passed on. */
static inline void assert_failed_allocations_are_passed_on(Context *ctx, const char *path, size_t limit) {
    const DataSettings settings = {.limit = limit};
    int failures = 0;
    for (;; failures++) {
        Dataset dataset;
        test_state(ctx)->fail_at = test_state(ctx)->allocations + failures;
        const Status status = dataset_open(ctx, &dataset, path, &settings);
        test_state(ctx)->fail_at = -1;
        dataset_close(ctx, &dataset);
        if (status == SPICA_OK) break;
        assert_int_equal(status, SPICA_ERROR_MEMORY);
    }
    assert_true(failures >= 5);
}

/* The same of a folder that `write` fills. */
static inline void assert_folder_passes_failures_on(void (*write)(const TestScratch *scratch)) {
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    write(&scratch);
    assert_failed_allocations_are_passed_on(ctx, scratch.path, 0);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

#endif
