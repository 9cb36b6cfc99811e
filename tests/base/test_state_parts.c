/* The list of a state's places. */
#include "base/state_parts.h"

#include "support/testing.h"

static void test_names(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    StateParts parts = {0};
    float values[3] = {0};
    uint64_t steps = 0, version = 0;
    TEST_OK(ctx, STATE_VALUE(ctx, &parts, &steps, "steps"));
    TEST_OK(ctx, state_parts_add_floats(ctx, &parts, values, 3, &version, "head.%d.values", 7));
    assert_int_equal(parts.count, 2);
    assert_string_equal(parts.parts[1].name, "head.7.values");
    assert_int_equal(state_parts_bytes(&parts), sizeof steps + sizeof values);
    TEST_FAILS(ctx, SPICA_ERROR_INTERNAL, "two parts of the state are called steps",
               STATE_VALUE(ctx, &parts, &version, "steps"));
    TEST_FAILS(ctx, SPICA_ERROR_INTERNAL, "no name", STATE_VALUE(ctx, &parts, &version, "%s", ""));
    TEST_FAILS(ctx, SPICA_ERROR_INTERNAL, "no name", STATE_VALUE(ctx, &parts, &version, "%0200d", 1));
    for (int i = 0; i < 100; i++) /* the list grows */
        TEST_OK(ctx, STATE_VALUE(ctx, &parts, &version, "part.%d", i));
    assert_int_equal(parts.count, 102);
    assert_string_equal(parts.parts[0].name, "steps");
    state_parts_close(ctx, &parts);
    test_context_close(&ctx);
}

/* One number that is not finite is found at any place, and only among floats. */
static void test_not_finite(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    enum { COUNT = 10000 };
    static const float wrong[] = {NAN, INFINITY, -INFINITY};
    static float values[COUNT];
    StateParts parts = {0};
    double bytes = NAN;
    for (size_t i = 0; i < COUNT; i++)
        values[i] = i % 2 == 0 ? 3.4e38f : -3.4e38f; /* their sum is not finite */
    TEST_OK(ctx, STATE_VALUE(ctx, &parts, &bytes, "bytes"));
    TEST_OK(ctx, state_parts_add_floats(ctx, &parts, values, 0, NULL, "none"));
    TEST_OK(ctx, state_parts_add_floats(ctx, &parts, values, COUNT, NULL, "values"));
    assert_null(state_parts_not_finite(&parts));
    for (size_t i = 0; i < COUNT; i += i < 40 ? 1 : 997) {
        const float before = values[i];
        values[i] = wrong[i % 3];
        assert_int_equal(floats_not_finite(values, COUNT), i);
        assert_string_equal(state_parts_not_finite(&parts)->name, "values");
        assert_int_equal(floats_not_finite(values, i), i);
        values[i] = before;
    }
    state_parts_close(ctx, &parts);
    test_context_close(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_names), cmocka_unit_test(test_not_finite)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
