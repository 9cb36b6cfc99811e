/* The allocator and arenas. */
#include "support/testing.h"

static void test_blocks(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    float *values = NULL;
    TEST_OK(ctx, NEW_ARRAY(ctx, &values, 3));
    assert_int_equal((uintptr_t)values % MEMORY_ALIGNMENT, 0);
    FREE_ARRAY(ctx, &values);
    assert_null(values);
    FREE_ARRAY(ctx, &values);
    TEST_OK(ctx, NEW_ARRAY(ctx, &values, 0));
    assert_non_null(values);
    FREE_ARRAY(ctx, &values);
    TEST_OK(ctx, NEW_ZEROED(ctx, &values, 1000));
    for (int i = 0; i < 1000; i++)
        assert_true(values[i] == 0.0f);
    FREE_ARRAY(ctx, &values);
    char *copy;
    TEST_OK(ctx, memory_copy_text(ctx, &copy, "text"));
    assert_string_equal(copy, "text");
    FREE_ARRAY(ctx, &copy);
    test_context_close(&ctx);
}

static void test_failures(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    double *values = NULL;
    TEST_FAILS(ctx, SPICA_ERROR_MEMORY, "out of memory", NEW_ARRAY(ctx, &values, SIZE_MAX / 4));
    TEST_FAILS(ctx, SPICA_ERROR_MEMORY, "out of memory",
               NEW_ARRAY(ctx, &values, SIZE_MAX / 8 + 2)); /* 8 bytes, were the product not checked */
    assert_null(values);
    test_state(ctx)->fail_at = test_state(ctx)->allocations;
    TEST_FAILS(ctx, SPICA_ERROR_MEMORY, "out of memory: 80 bytes", NEW_ZEROED(ctx, &values, 10));
    assert_null(values);
    Arena arena = {0};
    void *block;
    TEST_FAILS(ctx, SPICA_ERROR_MEMORY, "out of memory", arena_allocate(ctx, &arena, &block, SIZE_MAX / 2, 3));
    assert_null(block);
    test_context_close(&ctx);
}

static void test_limit(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    char *small, *large;
    spica_context_limit_memory(ctx, 10 << 20);
    TEST_OK(ctx, NEW_ARRAY(ctx, &small, 4 << 20));
    TEST_FAILS(ctx, SPICA_ERROR_MEMORY, "7.0 MiB asked for, 4.0 of the 10.0 MiB allowed in use",
               NEW_ARRAY(ctx, &large, 7 << 20));
    assert_null(large);
    TEST_OK(ctx, NEW_ARRAY(ctx, &large, 6 << 20));
    FREE_ARRAY(ctx, &small);
    FREE_ARRAY(ctx, &large);
    TEST_OK(ctx, NEW_ARRAY(ctx, &large, 10 << 20));
    FREE_ARRAY(ctx, &large);
    assert_int_equal(ctx->memory_used, 0);
    /* A block that the system refused is not counted. */
    test_state(ctx)->fail_at = test_state(ctx)->allocations;
    assert_int_equal(NEW_ARRAY(ctx, &small, 10), SPICA_ERROR_MEMORY);
    assert_int_equal(ctx->memory_used, 0);
    spica_context_limit_memory(ctx, 0);
    TEST_OK(ctx, NEW_ARRAY(ctx, &large, 2000000));
    FREE_ARRAY(ctx, &large);
    test_context_close(&ctx);
}

static void test_arena(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    Arena arena = {0};
    unsigned char *blocks[300];
    for (size_t i = 0; i < 300; i++) {
        const size_t bytes = i == 150 ? 200004 : i * 8;
        const size_t size = i % 3 == 0 ? 1 : 4;
        TEST_OK(ctx, arena_allocate(ctx, &arena, &blocks[i], bytes / size, size));
        if (size > 1) assert_int_equal((uintptr_t)blocks[i] % MEMORY_ALIGNMENT, 0);
        for (size_t j = 0; j < bytes; j++)
            assert_int_equal(blocks[i][j], 0);
        memset(blocks[i], (int)(i % 251) + 1, bytes);
    }
    for (size_t i = 0; i < 300; i++)
        for (size_t j = 0; j < i * 8; j++)
            assert_int_equal(blocks[i][j], i % 251 + 1);
    arena_close(ctx, &arena);
    arena_close(ctx, &arena);
    test_context_close(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blocks),
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_arena),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
