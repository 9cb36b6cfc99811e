#include "run/corrections.h"

#include "support/testing.h"

static void test_round_trip(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    Corrections corrections;
    char text[CORRECTIONS_TEXT];
    const char *full = "0:32,1:8,6:33,15:33,31:47,40:9223372036854775807,41:1,9223372036854775806:2";
    TEST_OK(ctx, corrections_read(ctx, full, &corrections));
    assert_int_equal(corrections.count, CORRECTIONS_MOST);
    corrections_print(&corrections, text);
    assert_string_equal(text, full);
    assert_int_equal(corrections_at(&corrections, 6), 33);
    assert_int_equal(corrections_at(&corrections, 7), 0);
    TEST_OK(ctx, corrections_read(ctx, "", &corrections));
    assert_int_equal(corrections.count, 0);
    corrections_print(&corrections, text);
    assert_string_equal(text, "");
    test_context_close(&ctx);
}

static void test_wrong_lists(void **state) {
    (void)state;
    static const char *const wrong[] = {"5",
                                        "1:10",
                                        "0:0",
                                        "0:-3",
                                        "0:10,0:12",
                                        "0:10,5:12,4:9",
                                        "0:10;5:",
                                        "0:10,,5:6",
                                        "0:1x",
                                        ":",
                                        "0:99999999999999999999999999",
                                        "0:1,1:1,2:1,3:1,4:1,5:1,6:1,7:1,8:1"};
    Context *ctx = test_context_open();
    Corrections corrections;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        TEST_FAILS(ctx, SPICA_ERROR_OPTION, "features.corrections", corrections_read(ctx, wrong[i], &corrections));
    test_context_close(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_round_trip), cmocka_unit_test(test_wrong_lists)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
