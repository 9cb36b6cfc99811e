#include "data/record_file.h"
#include "data_files.h"

static const char records[] = "aabbccdd";

/* Records in their order, and an end that comes before the promised one: the file was cut while it was read. */
static void test_file_that_shrinks(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    RecordFile file = {0};
    uint8_t read[8] = {0};
    text_write(&scratch, "records", records);
    TEST_OK(ctx, record_file_open(ctx, &file, scratch.path, "records", 2));
    assert_true(file.count == 4);
    assert_int_equal(truncate(test_path(&scratch, "records"), 5), 0);
    TEST_OK(ctx, record_file_read(ctx, &file, read, 1));
    assert_memory_equal(read, "aa", 2);
    TEST_FAILS(ctx, SPICA_ERROR_DATA, "records: cannot be read at byte 4", record_file_read(ctx, &file, read, 3));
    assert_memory_equal(read, "bb", 2);
    record_file_close(ctx, &file);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

static void test_files_that_are_refused(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    text_write(&scratch, "records", records);
    text_write(&scratch, "empty", "");
    const struct {
        const char *name, *words;
        size_t bytes;
    } refused[] = {
        {"nothing", "nothing is missing", 2},
        {"empty", "empty: the file is empty", 2},
        {"records", "records: 8 bytes are not a whole number of records of 3 bytes; the last record begins at byte 6",
         3},
        {"records", "of 9 bytes; the last record begins at byte 0", 9},
    };
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        RecordFile file = {0};
        TEST_FAILS(ctx, SPICA_ERROR_DATA, refused[i].words,
                   record_file_open(ctx, &file, scratch.path, refused[i].name, refused[i].bytes));
        record_file_close(ctx, &file);
    }
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_file_that_shrinks),
        cmocka_unit_test(test_files_that_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
