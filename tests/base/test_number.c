/* Numbers as text, also under a locale with a decimal comma. */
#include "support/comma_locale.h"

#include <float.h>

#include "base/nearest.h"
#include "base/number.h"
#include "base/random.h"

static void test_integers(void **state) {
    (void)state;
    int64_t value = 5;
    assert_true(number_parse_integer("-9223372036854775808", &value));
    assert_true(value == INT64_MIN);
    assert_true(number_parse_integer("+17", &value));
    assert_int_equal(value, 17);
    static const char *const wrong[] = {"", "-", "1.0", "1e3", " 1", "1 ", "0x10", "9223372036854775808", "one"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_false(number_parse_integer(wrong[i], &value));
    assert_int_equal(value, 17);
    char text[NUMBER_TEXT];
    number_print_integer(text, INT64_MIN);
    assert_string_equal(text, "-9223372036854775808");
}

static void test_reals(void **state) {
    (void)state;
    static const struct {
        const char *text;
        double value;
        const char *canonical;
    } cases[] = {
        {"0.015", 0.015, "0.015"},
        {"1e5", 1e5, "100000"},
        {".5", 0.5, "0.5"},
        {"-2.", -2.0, "-2"},
        {"5E-4", 5e-4, "0.0005"},
        {"1e-8", 1e-8, "1e-08"},
        {"1e300", 1e300, "1e+300"},
        {"65536", 65536.0, "65536"},
        {"0.1", 0.1, "0.1"},
        {"1e15", 1e15, "1000000000000000"},
        {"1.3333333333333333", 4.0 / 3.0, "1.3333333333333333"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        double value = 0.0;
        char text[NUMBER_TEXT];
        assert_true(number_parse_real(cases[i].text, &value));
        assert_true(value == cases[i].value);
        number_print_real(text, value);
        assert_string_equal(text, cases[i].canonical);
    }
    static const char *const wrong[] = {"",    ".",     "-",   "e5", "1e", "1e+",   "inf",
                                        "nan", "0x1p3", "1,5", " 1", "1 ", "1e999", "1.2.3"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        double value;
        assert_false(number_parse_real(wrong[i], &value));
    }
}

/* Random bit patterns read back as themselves. */
static void test_round_trip(void **state) {
    (void)state;
    Random random = random_at(1, RANDOM_TEST, 0, 0, 0);
    for (int i = 0; i < 20000; i++) {
        const uint64_t bits = (uint64_t)random_word(&random) << 32 | random_word(&random);
        double value, again = 0.0;
        memcpy(&value, &bits, sizeof value);
        if (!isfinite(value)) continue;
        char text[NUMBER_TEXT];
        number_print_real(text, value);
        assert_true(number_parse_real(text, &again));
        assert_true(again == value);
    }
    char text[NUMBER_TEXT];
    number_print_real(text, DBL_TRUE_MIN);
    assert_string_equal(text, "5e-324");
    number_print_real(text, -DBL_MAX);
    assert_string_equal(text, "-1.7976931348623157e+308");
    number_print_digits(text, 2.0 / 3.0, 9);
    assert_string_equal(text, "0.666666667");
}

static void test_durations(void **state) {
    (void)state;
    static const struct {
        const char *text;
        double seconds;
        const char *canonical;
    } cases[] = {{"30m", 1800, "30m"},  {"90s", 90, "90s"}, {"120s", 120, "2m"},      {"2h", 7200, "2h"},
                 {"1.5h", 5400, "90m"}, {"0", 0, "0"},      {"0.25s", 0.25, "0.25s"}, {"0h", 0, "0"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        double seconds = -1.0;
        char text[NUMBER_TEXT];
        assert_true(number_parse_duration(cases[i].text, &seconds));
        assert_true(seconds == cases[i].seconds);
        number_print_duration(text, seconds);
        assert_string_equal(text, cases[i].canonical);
    }
    static const char *const wrong[] = {"", "30", "-1s", "1d", "1 m", "m", "1hh", "1m30s"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        double seconds;
        assert_false(number_parse_duration(wrong[i], &seconds));
    }
}

/* The decimal comma of the process does not reach our numbers, and stays as it is. */
static void test_locale(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const bool found = comma_locale_enter(ctx);
    test_context_close(&ctx);
    if (!found) skip();
    char text[NUMBER_TEXT];
    double value = 0.0;
    number_print_real(text, 0.5);
    assert_string_equal(text, "0.5");
    number_print_digits(text, 0.5, 9);
    assert_string_equal(text, "0.5");
    assert_true(number_parse_real("0.5", &value));
    assert_true(value == 0.5);
    snprintf(text, sizeof text, "%g", 0.5);
    assert_string_equal(text, "0,5");
    setlocale(LC_ALL, "C");
}

static void test_nearest_word(void **state) {
    (void)state;
    static const char *const words[] = {"features.epochs", "features.batch", "head.epochs", "run.seed"};
    assert_string_equal(nearest_word("features.epoch", words, 4), "features.epochs");
    assert_string_equal(nearest_word("feautres.bacth", words, 4), "features.batch");
    assert_string_equal(nearest_word("seed", words, 4) == NULL ? "none" : "some", "none");
    assert_string_equal(nearest_word("run.sed", words, 4), "run.seed");
    assert_null(nearest_word("zzzzzzzzzzzz", words, 4));
    assert_null(nearest_word("x", words, 0));
    char lengthy[300];
    memset(lengthy, 'a', sizeof lengthy);
    lengthy[299] = '\0';
    assert_null(nearest_word(lengthy, words, 4));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_integers),  cmocka_unit_test(test_reals),  cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_durations), cmocka_unit_test(test_locale), cmocka_unit_test(test_nearest_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
