#include "base/file_name.h"
#include "base/utf8.h"
#include "support/testing.h"

static void name_case(Context *ctx, const char *text, size_t most, const char *expected) {
    char *name;
    TEST_OK(ctx, file_name_make(ctx, &name, text, most));
    assert_string_equal(name, expected);
    FREE_ARRAY(ctx, &name);
}

static void test_names(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    name_case(ctx, "cat.jpg", FILE_NAME_MOST, "cat.jpg");
    name_case(ctx, "Kätzchen & Hund (2).jpg", FILE_NAME_MOST, "Kätzchen & Hund (2).jpg");
    name_case(ctx, "\xf0\x9f\x90\x88.png", FILE_NAME_MOST, "\xf0\x9f\x90\x88.png");
    name_case(ctx, "", FILE_NAME_MOST, "_");
    name_case(ctx, ".", FILE_NAME_MOST, "_");
    name_case(ctx, "..", FILE_NAME_MOST, "_");
    name_case(ctx, "../../etc/passwd", FILE_NAME_MOST, "_._.._etc_passwd");
    name_case(ctx, "/etc/passwd", FILE_NAME_MOST, "_etc_passwd");
    name_case(ctx, "-rf", FILE_NAME_MOST, "_rf");
    name_case(ctx, ".hidden", FILE_NAME_MOST, "_hidden");
    name_case(ctx, " . . ", FILE_NAME_MOST, "_");
    name_case(ctx,
              "a\nb\tc\x7f"
              "d",
              FILE_NAME_MOST, "a_b_c_d");
    name_case(ctx,
              "c1 \xc2\x9b line \xe2\x80\xa8 over \xe2\x80\xae"
              "gpj.exe",
              FILE_NAME_MOST, "c1 _ line _ over _gpj.exe");
    name_case(ctx, "latin \xe9.jpg", FILE_NAME_MOST, "latin _.jpg");
    name_case(ctx, "over\xc0\xaflong", FILE_NAME_MOST, "over__long");
    name_case(ctx, "<b>\"a:b|c?d*e\\f", FILE_NAME_MOST, "_b__a_b_c_d_e_f");
    test_context_close(&ctx);
}

static void test_long_names(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    name_case(ctx, "0123456789.jpeg", 15, "0123456789.jpeg");
    name_case(ctx, "0123456789.jpeg", 12, "0123456.jpeg");
    name_case(ctx, "0123456789.an ending too long", 12, "0123456789.a");
    name_case(ctx, "012345678", 8, "01234567");
    /* Characters of two bytes are kept or left out whole. */
    name_case(ctx, "ääääää.jpg", 10, "äää.jpg");
    name_case(ctx, "ääääää.jpg", 11, "äää.jpg");
    name_case(ctx, "ääääää", 9, "ääää");
    char text[1000], *name;
    memset(text, 'x', sizeof text);
    memcpy(text + sizeof text - 5, ".png", 5);
    TEST_OK(ctx, file_name_make(ctx, &name, text, FILE_NAME_MOST));
    assert_int_equal(strlen(name), FILE_NAME_MOST);
    assert_string_equal(name + FILE_NAME_MOST - 5, "x.png");
    FREE_ARRAY(ctx, &name);
    test_context_close(&ctx);
}

static void test_characters(void **state) {
    (void)state;
    static const struct {
        const char *text;
        size_t length;
        uint32_t character;
    } cases[] = {{"", 1, 0},
                 {"A", 1, 'A'},
                 {"\xc2\x80", 2, 0x80},
                 {"\xdf\xbf", 2, 0x7ff},
                 {"\xe0\xa0\x80", 3, 0x800},
                 {"\xef\xbf\xbf", 3, 0xffff},
                 {"\xf0\x90\x80\x80", 4, 0x10000},
                 {"\xf4\x8f\xbf\xbf", 4, 0x10ffff},
                 {"\x80", 0, 0},
                 {"\xc1\xbf", 0, 0},
                 {"\xe0\x9f\xbf", 0, 0},
                 {"\xed\xa0\x80", 0, 0},
                 {"\xf4\x90\x80\x80", 0, 0},
                 {"\xe2\x80", 0, 0},
                 {"\xff", 0, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(utf8_length(cases[i].text), cases[i].length);
        if (cases[i].length > 0) assert_int_equal(utf8_character(cases[i].text, cases[i].length), cases[i].character);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_long_names),
        cmocka_unit_test(test_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
