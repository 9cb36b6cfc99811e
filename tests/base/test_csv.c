/* CSV: RFC 4180 in and out, and files that are none. */
#include "support/testing.h"

#include "base/csv.h"

/* Reads the text as a file. */
static Status read_text(Context *ctx, const char *text, size_t count, CsvTable *table) {
    const TestScratch scratch = test_scratch();
    const char *path = test_path(&scratch, "table.csv");
    TEST_OK(ctx, file_replace(ctx, path, text, count));
    const Status status = csv_read(ctx, path, table);
    test_scratch_remove(ctx, &scratch);
    return status;
}

static void test_reading(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    static const char text[] = "\xef\xbb\xbfpath,label,note\r\n"
                               "a.png,cat,\r\n"
                               "\r\n"
                               "\"b,\"\"c\"\".png\",\"two\nlines\",x\n"
                               ",,\"\"";
    CsvTable table;
    TEST_OK(ctx, read_text(ctx, text, sizeof text - 1, &table));
    assert_int_equal(table.columns, 3);
    assert_int_equal(table.rows, 3);
    size_t label;
    TEST_OK(ctx, csv_require(ctx, &table, "label", &label));
    assert_int_equal(label, 1);
    assert_int_equal(csv_find(&table, "path"), 0);
    assert_string_equal(csv_cell(&table, 0, 0), "a.png");
    assert_string_equal(csv_cell(&table, 0, 2), "");
    assert_string_equal(csv_cell(&table, 1, 0), "b,\"c\".png");
    assert_string_equal(csv_cell(&table, 1, label), "two\nlines");
    assert_string_equal(csv_cell(&table, 2, 2), "");
    assert_int_equal(csv_line(&table, 0), 2);
    assert_int_equal(csv_line(&table, 1), 4);
    assert_int_equal(csv_line(&table, 2), 6);
    TEST_FAILS(ctx, SPICA_ERROR_DATA, "line 1: no column \"cluster\" in the header path,label,note",
               csv_require(ctx, &table, "cluster", &label));
    csv_close(ctx, &table);
    test_context_close(&ctx);
}

static void test_what_is_no_csv(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    static const struct {
        const char *text;
        size_t count; /* 0: all of the text */
        const char *words;
    } cases[] = {
        {"", 0, "no header row"},
        {"\n\n", 0, "no header row"},
        {"a,b\n1,2\n3\n", 0, "line 3: 1 cells where the header has 2"},
        {"a,b\n1,2,3\n", 0, "line 2: 3 cells"},
        {"a,b\n1,x\"y\n", 0, "line 2: a quote within a cell"},
        {"a,b\n1,\"x\"y\n", 0, "line 2: text behind a closing quote"},
        {"a,b\n1,\"x\n\n", 0, "the file ends within a quoted cell"},
        {"a,b\n1,\0\n", 9, "byte 6 is 0"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        CsvTable table;
        const size_t count = cases[i].count != 0 ? cases[i].count : strlen(cases[i].text);
        TEST_FAILS(ctx, SPICA_ERROR_DATA, cases[i].words, read_text(ctx, cases[i].text, count, &table));
        csv_close(ctx, &table);
    }
    CsvTable table;
    TEST_FAILS(ctx, SPICA_ERROR_IO, "No such file", csv_read(ctx, "/nonexistent.csv", &table));
    csv_close(ctx, &table);
    test_context_close(&ctx);
}

/* Everything that is written is read back. */
static void test_round_trip(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const TestScratch scratch = test_scratch();
    const char *path = test_path(&scratch, "table.csv");
    static const char *const cells[] = {"plain",        "",         "a,b",      "\"",
                                        "two\r\nlines", " blanks ", "\xff\xfe", "caf\xc3\xa9"};
    CsvWriter writer;
    TEST_OK(ctx, csv_writer_open(ctx, &writer, path));
    TEST_OK(ctx, csv_add_text(ctx, &writer, "text"));
    TEST_OK(ctx, csv_end_row(ctx, &writer));
    for (size_t i = 0; i < 8; i++) {
        TEST_OK(ctx, csv_add_text(ctx, &writer, cells[i]));
        TEST_OK(ctx, csv_end_row(ctx, &writer));
    }
    TEST_OK(ctx, csv_writer_commit(ctx, &writer));
    csv_writer_close(ctx, &writer);
    CsvTable table;
    TEST_OK(ctx, csv_read(ctx, path, &table));
    assert_int_equal(table.rows, 8);
    for (size_t i = 0; i < 8; i++)
        assert_string_equal(csv_cell(&table, i, 0), cells[i]);
    csv_close(ctx, &table);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

/* To a stream of the caller, which stays open; a full one is told. */
static void test_stream(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    FILE *stream = tmpfile();
    CsvWriter writer;
    char text[64] = "";
    TEST_OK(ctx, csv_writer_open_stream(ctx, &writer, stream, "standard output"));
    TEST_OK(ctx, csv_add_integer(ctx, &writer, -5));
    TEST_OK(ctx, csv_add_real(ctx, &writer, 1.0 / 3.0));
    TEST_OK(ctx, csv_end_row(ctx, &writer));
    TEST_OK(ctx, csv_writer_commit(ctx, &writer));
    csv_writer_close(ctx, &writer);
    rewind(stream);
    assert_int_equal(fread(text, 1, sizeof text - 1, stream), 16);
    assert_string_equal(text, "-5,0.333333333\r\n");
    fclose(stream);
    stream = fopen("/dev/full", "wb");
    TEST_OK(ctx, csv_writer_open_stream(ctx, &writer, stream, "standard output"));
    TEST_OK(ctx, csv_add_integer(ctx, &writer, -5));
    TEST_FAILS(ctx, SPICA_ERROR_IO, "standard output: No space left", csv_writer_commit(ctx, &writer));
    csv_writer_close(ctx, &writer);
    fclose(stream);
    test_context_close(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reading),
        cmocka_unit_test(test_what_is_no_csv),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_stream),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
