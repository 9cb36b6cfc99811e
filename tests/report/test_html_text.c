/* Text and numbers for a page: nothing that a name holds becomes markup, and what is no number shows as a dash. */
#include "support/comma_locale.h"

#include <inttypes.h>
#include <zlib.h>

#include "report/html_text.h"

#define DASH "&#8211;"

/* The buffer's text is this, and the buffer empty again. */
static void assert_page(TextBuffer *page, const char *expected) {
    char *text;
    TEST_OK(page->ctx, text_take(page, &text));
    assert_string_equal(text, expected);
    FREE_ARRAY(page->ctx, &text);
}

/* ---- text ---- */

static void test_text(void **state) {
    (void)state;
    static const struct {
        const char *text, *html, *plain;
    } cases[] = {
        {"", "", ""},
        {"<a href=\"x\">'&'</a>", "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;", "<a href=\"x\">'&'</a>"},
        {"&amp;", "&amp;amp;", "&amp;"}, /* no reference is taken for one */
        {"100%", "100%", "100%"},
        {"\x01\t\n\r\x1f \x7f~", "%01%09%0A%0D%1F %7F~", "%01%09%0A%0D%1F %7F~"},
        {"\xc2\x80\xc2\x9f\xc2\xa0", "%C2%80%C2%9F\xc2\xa0", "%C2%80%C2%9F\xc2\xa0"}, /* controls up to U+009F */
        {"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80",
         "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"},
        {"\xff<\xe2\x82", "%FF&lt;%E2%82", "%FF<%E2%82"}, /* no UTF-8 */
        {"\xc2<", "%C2&lt;", "%C2<"},                     /* a sequence that a < cuts short */
        {"\xef\xbf\xbd\xef\xbf\xbe\xef\xbf\xbf", "\xef\xbf\xbd%EF%BF%BE%EF%BF%BF",
         "\xef\xbf\xbd%EF%BF%BE%EF%BF%BF"}, /* XML ends at U+FFFD */
    };
    Context *ctx = test_context_open();
    TextBuffer page = {.ctx = ctx};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        html_text(&page, cases[i].text);
        assert_page(&page, cases[i].html);
        html_plain(&page, cases[i].text);
        assert_page(&page, cases[i].plain);
    }
    test_context_close(&ctx);
}

/* Whatever byte stands alone, only printable ASCII without markup comes out. */
static void test_every_byte(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TextBuffer page = {.ctx = ctx};
    for (int byte = 1; byte < 256; byte++) {
        const char text[] = {(char)byte, '\0'};
        html_text(&page, text);
        assert_true(page.length > 0);
        for (size_t i = 0; i < page.length; i++)
            assert_in_range(page.text[i], 0x20, 0x7e);
        assert_null(strpbrk(page.text, "<>\"'"));
        text_close(&page);
    }
    test_context_close(&ctx);
}

/* ---- JSON ---- */

static void test_json(void **state) {
    (void)state;
    static const char source[] = "{\"<b>&\":[\"</script><!--\",1,null]}";
    Context *ctx = test_context_open();
    TextBuffer page = {.ctx = ctx};
    json_t *value = json_loads(source, 0, NULL);
    assert_non_null(value);
    html_json(&page, json_incref(value));
    json_t *again = json_loads(page.text, 0, NULL);
    assert_true(json_equal(again, value));
    json_decref(again);
    json_decref(value);
    assert_page(&page, "{\"\\u003cb\\u003e\\u0026\":[\"\\u003c/script\\u003e\\u003c!--\",1,null]}");
    test_context_close(&ctx);
}

/* The reference is taken over also when nothing can be written. */
static void test_json_failures(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TextBuffer page = {.ctx = ctx};
    json_t *value = json_array();
    assert_non_null(value);
    html_json(&page, NULL);
    assert_int_equal(page.status, SPICA_ERROR_MEMORY);
    html_json(&page, json_incref(value));
    assert_true(page.length == 0);
    assert_int_equal(value->refcount, 1);
    text_close(&page);
    json_decref(value);
    test_context_close(&ctx);
}

/* ---- numbers ---- */

static void test_counts(void **state) {
    (void)state;
    static const struct {
        int64_t count;
        const char *html;
    } cases[] = {
        {0, "0"},
        {999, "999"},
        {1000, "1,000"},
        {70000, "70,000"},
        {-999, "-999"},
        {-123456, "-123,456"},
        {INT64_MAX, "9,223,372,036,854,775,807"},
        {INT64_MIN, "-9,223,372,036,854,775,808"},
    };
    Context *ctx = test_context_open();
    TextBuffer page = {.ctx = ctx};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        html_count(&page, cases[i].count);
        assert_page(&page, cases[i].html);
    }
    test_context_close(&ctx);
}

static void test_percents(void **state) {
    (void)state;
    static const struct {
        double share;
        const char *html;
    } cases[] = {
        {0.0, "0.0&#160;%"},  {0.934, "93.4&#160;%"}, {0.9996, "100.0&#160;%"}, {1.0, "100.0&#160;%"},
        {0.04, "4.0&#160;%"}, {0.0004, "0.0&#160;%"}, {1e-300, "0.0&#160;%"},   {(double)NAN, DASH},
        {HUGE_VAL, DASH},     {-HUGE_VAL, DASH},
    };
    Context *ctx = test_context_open();
    TextBuffer page = {.ctx = ctx};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        html_percent(&page, cases[i].share);
        assert_page(&page, cases[i].html);
    }
    test_context_close(&ctx);
}

static void test_numbers(void **state) {
    (void)state;
    static const struct {
        double value;
        int digits;
        const char *html;
    } cases[] = {
        {2.0 / 3.0, 3, "0.667"}, {0.5, 3, "0.5"},        {-70000.0, 9, "-70000"}, {1e300, 4, "1e+300"}, {0.0, 4, "0"},
        {1e-9, 4, "1e-09"},      {(double)NAN, 4, DASH}, {HUGE_VAL, 4, DASH},     {-HUGE_VAL, 4, DASH},
    };
    Context *ctx = test_context_open();
    TextBuffer page = {.ctx = ctx};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        html_number(&page, cases[i].value, cases[i].digits);
        assert_page(&page, cases[i].html);
    }
    test_context_close(&ctx);
}

/* Rounded before it is cut into units: no "60 s", no "60 min". */
static void test_durations(void **state) {
    (void)state;
    static const struct {
        double seconds;
        const char *html;
    } cases[] = {
        {0.0, "0&#160;s"},
        {0.04, "0&#160;s"},
        {2.54, "2.5&#160;s"},
        {9.96, "10&#160;s"},
        {28.4, "28&#160;s"},
        {59.4, "59&#160;s"},
        {59.6, "1&#160;min 0&#160;s"},
        {250.0, "4&#160;min 10&#160;s"},
        {3599.6, "1&#160;h 0&#160;min"},
        {3780.0, "1&#160;h 3&#160;min"},
        {360000.0, "100&#160;h 0&#160;min"},
        {(double)NAN, DASH},
        {HUGE_VAL, DASH},
    };
    Context *ctx = test_context_open();
    TextBuffer page = {.ctx = ctx};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        html_duration(&page, cases[i].seconds);
        assert_page(&page, cases[i].html);
    }
    test_context_close(&ctx);
}

static void test_locale(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TextBuffer page = {.ctx = ctx};
    if (!comma_locale_enter(ctx)) {
        test_context_close(&ctx);
        skip();
    }
    html_number(&page, 1234.5, 6);
    html_percent(&page, 0.934);
    html_duration(&page, 2.5);
    html_count(&page, 70000);
    html_json(&page, json_pack("[f]", 0.5));
    setlocale(LC_ALL, "C");
    assert_page(&page, "1234.593.4&#160;%2.5&#160;s70,000[0.5]");
    test_context_close(&ctx);
}

/* ---- bytes ---- */

/* The test vectors of RFC 4648. */
static void test_base64(void **state) {
    (void)state;
    static const char *const cases[][2] = {{"", ""},
                                           {"f", "Zg=="},
                                           {"fo", "Zm8="},
                                           {"foo", "Zm9v"},
                                           {"foob", "Zm9vYg=="},
                                           {"fooba", "Zm9vYmE="},
                                           {"foobar", "Zm9vYmFy"},
                                           {"\xfb\xff\xfe", "+//+"}};
    Context *ctx = test_context_open();
    TextBuffer page = {.ctx = ctx};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        html_base64(&page, (const uint8_t *)cases[i][0], strlen(cases[i][0]));
        assert_page(&page, cases[i][1]);
    }
    test_context_close(&ctx);
}

static uint32_t base64_digit(char letter) {
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *found = strchr(letters, letter);
    assert_non_null(found);
    return (uint32_t)(found - letters);
}

/* Returns how many bytes the text stands for. */
static size_t read_base64(const char *text, uint8_t *bytes) {
    size_t count = 0;
    assert_true(strlen(text) % 4 == 0);
    for (; *text != '\0'; text += 4) {
        uint32_t word = base64_digit(text[0]) << 18 | base64_digit(text[1]) << 12;
        if (text[2] != '=') word |= base64_digit(text[2]) << 6;
        if (text[3] != '=') word |= base64_digit(text[3]);
        bytes[count++] = (uint8_t)(word >> 16);
        if (text[2] != '=') bytes[count++] = (uint8_t)(word >> 8);
        if (text[3] != '=') bytes[count++] = (uint8_t)word;
    }
    return count;
}

/* Lengths around those at which the writer empties its block. */
static void test_long_base64(void **state) {
    (void)state;
    static const size_t counts[] = {767, 768, 769, 1535, 1536, 1537, 5000};
    static uint8_t bytes[5000], again[5000];
    Context *ctx = test_context_open();
    TextBuffer page = {.ctx = ctx};
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 2654435761u >> 13);
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        html_base64(&page, bytes, counts[i]);
        assert_true(page.length == (counts[i] + 2) / 3 * 4);
        assert_true(read_base64(page.text, again) == counts[i]);
        assert_memory_equal(again, bytes, counts[i]);
        text_close(&page);
    }
    test_context_close(&ctx);
}

static void test_deflated(void **state) {
    (void)state;
    static uint8_t bytes[10000], packed[10000], again[10000];
    Context *ctx = test_context_open();
    TextBuffer page = {.ctx = ctx};
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i / 100);
    html_deflated(&page, bytes, sizeof bytes);
    assert_in_range(page.length, 1, 1000);
    uLongf size = sizeof again;
    assert_int_equal(uncompress(again, &size, packed, (uLong)read_base64(page.text, packed)), Z_OK);
    assert_true(size == sizeof bytes);
    assert_memory_equal(again, bytes, sizeof bytes);
    text_close(&page);
    html_deflated(&page, bytes, 0);
    size = sizeof again;
    assert_int_equal(uncompress(again, &size, packed, (uLong)read_base64(page.text, packed)), Z_OK);
    assert_true(size == 0);
    text_close(&page);
    test_context_close(&ctx);
}

/* ---- failures ---- */

static void write_some_of_each(TextBuffer *page) {
    const uint8_t bytes[5000] = {1, 2, 3};
    html_text(page, "<a>");
    html_plain(page, "b");
    html_json(page, json_pack("[s]", "<c>"));
    html_number(page, 0.5, 3);
    html_base64(page, bytes, sizeof bytes);
    html_deflated(page, bytes, sizeof bytes);
}

static void test_failures(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    Status status = SPICA_ERROR_MEMORY;
    int64_t failures = 0;
    for (; status != SPICA_OK; failures++) {
        char *text;
        TextBuffer page = {.ctx = ctx};
        test_state(ctx)->fail_at = test_state(ctx)->allocations + failures;
        write_some_of_each(&page);
        status = text_take(&page, &text);
        assert_true(status == SPICA_OK || status == SPICA_ERROR_MEMORY);
        /* it is told of every failure */
        assert_int_equal(status == SPICA_OK, test_state(ctx)->allocations <= test_state(ctx)->fail_at);
        test_state(ctx)->fail_at = -1;
        assert_int_equal(text != NULL, status == SPICA_OK);
        FREE_ARRAY(ctx, &text);
    }
    assert_in_range(failures, 6, 20); /* one or more for text, plain, JSON, packed bytes and the buffer */
    test_context_close(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),          cmocka_unit_test(test_every_byte),  cmocka_unit_test(test_json),
        cmocka_unit_test(test_json_failures), cmocka_unit_test(test_counts),      cmocka_unit_test(test_percents),
        cmocka_unit_test(test_numbers),       cmocka_unit_test(test_durations),   cmocka_unit_test(test_locale),
        cmocka_unit_test(test_base64),        cmocka_unit_test(test_long_base64), cmocka_unit_test(test_deflated),
        cmocka_unit_test(test_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
