/* Texts that grow: what was added is there whole, and a failure is kept. */
#include "support/testing.h"

#include "base/text_buffer.h"

/* Pieces of every size around the buffer's own steps, by each of the ways to add one. */
static void test_many_pieces(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    static char expected[1 << 20];
    char piece[2000];
    size_t length = 0;
    TextBuffer buffer = {.ctx = ctx};
    for (size_t i = 0; i < 900; i++) {
        const size_t count = i * 7919 % 1999;
        memset(piece, (int)('a' + i % 26), count);
        piece[count] = '\0';
        if (i % 3 == 0)
            text_add(&buffer, piece);
        else if (i % 3 == 1)
            text_add_bytes(&buffer, piece, count);
        else
            text_print(&buffer, "%s", piece);
        assert_true(length + count < sizeof expected);
        memcpy(expected + length, piece, count);
        length += count;
        assert_int_equal(buffer.status, SPICA_OK);
        assert_true(buffer.length == length);
        assert_true(buffer.text[length] == '\0');
    }
    assert_memory_equal(buffer.text, expected, length);
    text_close(&buffer);
    test_context_close(&ctx);
}

/* A page of megabytes is added to letter by letter: the room must grow by a factor, not by a step. */
static void test_growth(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TextBuffer buffer = {.ctx = ctx};
    const int64_t before = test_state(ctx)->allocations;
    for (size_t i = 0; i < 1000000; i++)
        text_add_bytes(&buffer, "x", 1);
    assert_true(buffer.length == 1000000);
    assert_true(test_state(ctx)->allocations - before < 20);
    text_close(&buffer);
    test_context_close(&ctx);
}

static void test_print(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    char *text;
    TextBuffer buffer = {.ctx = ctx};
    text_print(&buffer, "%d of %s%%", 3, "100");
    text_print(&buffer, "%s", "");
    assert_string_equal(buffer.text, "3 of 100%");
    text_print(&buffer, "%*d", 100000, 7); /* longer than any room there could be already */
    text_add(&buffer, "!");
    TEST_OK(ctx, text_take(&buffer, &text));
    assert_true(strlen(text) == 9 + 100000 + 1);
    assert_true(strspn(text + 9, " ") == 99999);
    assert_string_equal(text + 9 + 99999, "7!");
    FREE_ARRAY(ctx, &text);
    test_context_close(&ctx);
}

static void test_bytes(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TextBuffer buffer = {.ctx = ctx};
    text_add_bytes(&buffer, "a\0b", 3);
    text_add_bytes(&buffer, "", 0);
    text_add(&buffer, "c");
    assert_true(buffer.length == 4);
    assert_memory_equal(buffer.text, "a\0bc", 5);
    text_close(&buffer);
    test_context_close(&ctx);
}

/* Taken or closed, a buffer is empty and can be used again. */
static void test_take_and_close(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    char *first, *second, *third;
    TextBuffer buffer = {.ctx = ctx};
    TEST_OK(ctx, text_take(&buffer, &first));
    assert_string_equal(first, "");
    text_add(&buffer, "once");
    TEST_OK(ctx, text_take(&buffer, &second));
    assert_null(buffer.text);
    assert_true(buffer.length == 0);
    text_add(&buffer, "thrown away");
    text_close(&buffer);
    assert_null(buffer.text);
    text_close(&buffer);
    text_add(&buffer, "again");
    TEST_OK(ctx, text_take(&buffer, &third));
    assert_string_equal(second, "once");
    assert_string_equal(third, "again");
    FREE_ARRAY(ctx, &first);
    FREE_ARRAY(ctx, &second);
    FREE_ARRAY(ctx, &third);
    test_context_close(&ctx);
}

/* After a failure nothing more is added, though there would be memory again: a text with a gap is worse than none. */
static void test_failure_is_kept(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    char *text = NULL, large[20000];
    memset(large, 'x', sizeof large);
    TextBuffer buffer = {.ctx = ctx};
    text_add(&buffer, "begun");
    test_state(ctx)->fail_at = test_state(ctx)->allocations;
    text_add_bytes(&buffer, large, sizeof large);
    const int64_t before = test_state(ctx)->allocations;
    text_add(&buffer, "more");
    text_print(&buffer, "%d", 5);
    text_add_bytes(&buffer, large, sizeof large);
    assert_true(test_state(ctx)->allocations == before);
    assert_int_equal(buffer.status, SPICA_ERROR_MEMORY);
    assert_string_equal(buffer.text, "begun");
    TEST_FAILS(ctx, SPICA_ERROR_MEMORY, "out of memory", text_take(&buffer, &text));
    assert_null(text);
    text_add(&buffer, "afresh");
    TEST_OK(ctx, text_take(&buffer, &text));
    assert_string_equal(text, "afresh");
    FREE_ARRAY(ctx, &text);
    test_context_close(&ctx);
}

static void test_first_allocation_fails(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    char *text = NULL;
    TextBuffer buffer = {.ctx = ctx};
    test_state(ctx)->fail_at = test_state(ctx)->allocations;
    TEST_FAILS(ctx, SPICA_ERROR_MEMORY, "out of memory", text_take(&buffer, &text));
    assert_null(text);
    test_state(ctx)->fail_at = test_state(ctx)->allocations;
    text_print(&buffer, "%d", 5);
    assert_int_equal(buffer.status, SPICA_ERROR_MEMORY);
    assert_null(buffer.text);
    text_close(&buffer);
    assert_int_equal(buffer.status, SPICA_OK);
    test_context_close(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_many_pieces),
        cmocka_unit_test(test_growth),
        cmocka_unit_test(test_print),
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_take_and_close),
        cmocka_unit_test(test_failure_is_kept),
        cmocka_unit_test(test_first_allocation_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
