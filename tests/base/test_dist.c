/* A run of one process: every call is the identity. */
#include "support/testing.h"

#include <string.h>

#include "base/dist.h"

static void test_one_process(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    float values[3] = {1.0f, -2.0f, 0.5f}, gathered[3] = {0.0f};
    const float same[3] = {1.0f, -2.0f, 0.5f};
    assert_int_equal(dist_size(), 1);
    assert_int_equal(dist_rank(), 0);
    TEST_OK(ctx, dist_all_reduce_sum(ctx, values, 3));
    TEST_OK(ctx, dist_broadcast(ctx, values, sizeof values, 0));
    assert_memory_equal(values, same, sizeof same);
    TEST_OK(ctx, dist_all_gather(ctx, values, sizeof values, gathered));
    assert_memory_equal(gathered, same, sizeof same);
    TEST_FAILS(ctx, SPICA_ERROR_INTERNAL, "rank 1", dist_broadcast(ctx, values, sizeof values, 1));
    test_context_close(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_one_process)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
