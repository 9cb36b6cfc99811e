#include "base/name_table.h"
#include "support/testing.h"

/* Numbers by value, though "10" comes before "9" by bytes; then all else by bytes; each once, empty ones not. */
static void test_order(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    static const char *const texts[] = {"dog", "10", "9", "", "-1", "cat", "9", "Dog", "1.5", "dog", "\xc3\xa4"};
    static const char *const expected[] = {"9", "10", "-1", "1.5", "Dog", "cat", "dog", "\xc3\xa4"};
    NameTable table;
    TEST_OK(ctx, name_table_open(ctx, &table, texts, sizeof texts / sizeof texts[0]));
    assert_int_equal(table.count, 8);
    for (size_t i = 0; i < 8; i++) {
        assert_string_equal(table.names[i], expected[i]);
        assert_int_equal(name_table_find(&table, expected[i]), i);
    }
    assert_int_equal(name_table_find(&table, "mouse"), -1);
    assert_int_equal(name_table_find(&table, ""), -1);
    name_table_close(ctx, &table);
    TEST_OK(ctx, name_table_open(ctx, &table, texts, 0));
    assert_int_equal(table.count, 0);
    assert_int_equal(name_table_find(&table, "dog"), -1);
    name_table_close(ctx, &table);
    test_context_close(&ctx);
}

static void test_whole_numbers(void **state) {
    (void)state;
    assert_true(name_is_whole_number("0") && name_is_whole_number("007"));
    assert_false(name_is_whole_number("") || name_is_whole_number("-1") || name_is_whole_number("1.0") ||
                 name_is_whole_number("1 "));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_order), cmocka_unit_test(test_whole_numbers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
