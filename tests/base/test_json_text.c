/* JSON: digits, null for what is not finite, bytes that are no UTF-8, files and logs. */
#include "support/testing.h"

#include "base/json_text.h"

static void test_members(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    json_t *object, *array;
    TEST_OK(ctx, json_new_object(ctx, &object));
    TEST_OK(ctx, json_add_real(ctx, object, "third", 1.0 / 3.0));
    TEST_OK(ctx, json_add_real(ctx, object, "nan", NAN));
    TEST_OK(ctx, json_add_real(ctx, object, "inf", -INFINITY));
    TEST_OK(ctx, json_add_integer(ctx, object, "n", 70000));
    TEST_OK(ctx, json_add_boolean(ctx, object, "yes", true));
    TEST_OK(ctx, json_add_text(ctx, object, "path", "caf\xc3\xa9 \xff\x80 \"x\"\n"));
    TEST_OK(ctx, json_add_text(ctx, object, "none", NULL));
    TEST_OK(ctx, json_new_array(ctx, &array));
    TEST_OK(ctx, json_add(ctx, object, "list", array));
    TEST_OK(ctx, json_append_real(ctx, array, 0.5));
    TEST_OK(ctx, json_append_integer(ctx, array, -2));
    char *text;
    TEST_OK(ctx, json_text_write(ctx, object, false, &text));
    assert_string_equal(text, "{\"third\":0.333333333,\"nan\":null,\"inf\":null,\"n\":70000,\"yes\":true,"
                              "\"path\":\"caf\xc3\xa9 %FF%80 \\\"x\\\"\\n\",\"none\":null,\"list\":[0.5,-2]}");
    FREE_ARRAY(ctx, &text);
    json_decref(object);
    TEST_FAILS(ctx, SPICA_ERROR_MEMORY, "out of memory", json_append(ctx, NULL, json_null()));
    test_context_close(&ctx);
}

/* Every invalid sequence of RFC 3629's table is escaped byte by byte, every valid one kept. */
static void test_escapes(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    static const char *const cases[][2] = {
        {"", ""},
        {"100%", "100%"},
        {"\xc2\xa2", "\xc2\xa2"},
        {"\xe2\x82\xac", "\xe2\x82\xac"},
        {"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
        {"\xc0\xaf", "%C0%AF"},                  /* overlong */
        {"\xe0\x80\xaf", "%E0%80%AF"},           /* overlong */
        {"\xed\xa0\x80", "%ED%A0%80"},           /* surrogate */
        {"\xf4\x90\x80\x80", "%F4%90%80%80"},    /* beyond U+10FFFF */
        {"\xe2\x82", "%E2%82"},                  /* cut off */
        {"a\x80z", "a%80z"},                     /* continuation alone */
        {"\xe2\xe2\x82\xac", "%E2\xe2\x82\xac"}, /* and the next one whole */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *escaped;
        TEST_OK(ctx, text_escape(ctx, &escaped, cases[i][0]));
        assert_string_equal(escaped, cases[i][1]);
        FREE_ARRAY(ctx, &escaped);
    }
    test_context_close(&ctx);
}

static void test_files(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const TestScratch scratch = test_scratch();
    const char *path = test_path(&scratch, "a.json"), *log = test_path(&scratch, "log.jsonl");
    json_t *object, *again;
    TEST_OK(ctx, json_new_object(ctx, &object));
    TEST_OK(ctx, json_add_integer(ctx, object, "step", 1));
    TEST_OK(ctx, json_file_write(ctx, path, object));
    TEST_OK(ctx, json_file_read(ctx, path, &again));
    assert_true(json_equal(object, again));
    json_decref(again);
    TEST_OK(ctx, json_line_append(ctx, log, object));
    TEST_OK(ctx, json_line_append(ctx, log, object));
    char *text;
    size_t count;
    TEST_OK(ctx, file_read(ctx, log, &text, &count));
    assert_string_equal(text, "{\"step\":1}\n{\"step\":1}\n");
    FREE_ARRAY(ctx, &text);
    json_decref(object);
    TEST_OK(ctx, file_replace(ctx, path, "{\"a\": 1,\n \"a\" 2}", 16));
    TEST_FAILS(ctx, SPICA_ERROR_DATA, "a.json: line 2", json_file_read(ctx, path, &again));
    assert_null(again);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_members),
        cmocka_unit_test(test_escapes),
        cmocka_unit_test(test_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
