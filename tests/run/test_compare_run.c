/* Clusterings that are read and compared: what counts as one, and what becomes of a failed allocation. Scores are
 * tested on the command line and in tests/cluster. */
#include "support/testing.h"

static void write_text(Context *ctx, const char *path, const char *text) {
    TEST_OK(ctx, file_replace(ctx, path, text, strlen(text)));
}

static void test_what_is_a_clustering(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const TestScratch scratch = test_scratch();
    const char *path = test_path(&scratch, "table.csv");
    static const char *const tables[] = {"path,cluster", "cluster,path\r\n1,a\r\n", "\"cluster\",x,\"path\"\n",
                                         "\xef\xbb\xbfpath,label,cluster,confidence\n"};
    static const char *const others[] = {
        "", "path,label\na,1\n", "paths,clusters\n", "x\npath,cluster\n", "path;cluster\n", ",,,\n"};
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        write_text(ctx, path, tables[i]);
        if (!spica_is_clustering(ctx, path)) fail_msg("%s: no clustering", tables[i]);
    }
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        write_text(ctx, path, others[i]);
        if (spica_is_clustering(ctx, path)) fail_msg("%s: a clustering", others[i]);
    }
    TEST_OK(ctx, file_replace(ctx, path, "\0path,cluster\n", 14));
    assert_false(spica_is_clustering(ctx, path));
    assert_false(spica_is_clustering(ctx, scratch.path));
    assert_false(spica_is_clustering(ctx, test_path(&scratch, "nowhere")));
    write_text(ctx, test_path(&scratch, "config.ini"), "");
    write_text(ctx, test_path(&scratch, "run.json"), "{}");
    assert_true(spica_is_clustering(ctx, scratch.path));
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

/* Until all succeed: the n-th allocation fails, the status says so, and what was opened is closed. */
static void test_failed_allocations(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const TestScratch scratch = test_scratch();
    const char *first = test_path(&scratch, "a.csv"), *second = test_path(&scratch, "b.csv");
    const char *confusion = test_path(&scratch, "c.csv");
    spica_quality quality = {0};
    char *json = NULL;
    Status status = SPICA_ERROR_MEMORY;
    int failures = 0;
    write_text(ctx, first, "path,cluster,label\na,x,1\nb,y,1\nc,x,2\n");
    write_text(ctx, second, "path,cluster\nb,0\na,1\nd,1\n");
    for (; status == SPICA_ERROR_MEMORY; failures++) {
        test_state(ctx)->fail_at = test_state(ctx)->allocations + failures;
        status = spica_compare(ctx, first, second, confusion, &quality, &json);
        if (status != SPICA_OK) assert_null(json);
    }
    assert_int_equal(status, SPICA_OK);
    assert_true(failures > 20 && quality.acc == 1.0 && quality.pictures == 2);
    spica_text_free(ctx, &json);
    status = SPICA_ERROR_MEMORY;
    for (failures = 0; status == SPICA_ERROR_MEMORY; failures++) {
        test_state(ctx)->fail_at = test_state(ctx)->allocations + failures;
        status = spica_evaluate(ctx, first, NULL, NULL, NULL, confusion, &quality, &json);
        if (status != SPICA_OK) assert_null(json);
    }
    assert_int_equal(status, SPICA_OK);
    assert_true(failures > 20 && quality.acc > 0.66 && quality.macro_f1 > 0.66);
    spica_text_free(ctx, &json);
    test_state(ctx)->fail_at = -1;
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_what_is_a_clustering),
                                       cmocka_unit_test(test_failed_allocations)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
