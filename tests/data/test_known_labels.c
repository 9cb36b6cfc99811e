#include "data/known_labels.h"

#include "support/testing.h"

static char *paths[] = {"b.png", "a.png", "dir/c.png", "d.png"};
static const Dataset dataset = {.count = 4, .paths = paths};

static Status read_text(Context *ctx, const TestScratch *scratch, const char *text, KnownLabels *known) {
    const char *path = test_path(scratch, "known.csv");
    TEST_OK(ctx, file_replace(ctx, path, text, strlen(text)));
    return known_labels_read(ctx, &dataset, path, known);
}

static void test_join(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const TestScratch scratch = test_scratch();
    KnownLabels known, other;
    TEST_OK(ctx,
            read_text(ctx, &scratch, "label,path\ncat,d.png\n10,a.png\n9,dir/c.png\n9,dir/c.png\n,b.png\n", &known));
    assert_int_equal(known.count, 3);
    assert_int_equal(known.class_count, 3);
    assert_string_equal(known.class_names[0], "9"); /* numbers by value, then names */
    assert_string_equal(known.class_names[1], "10");
    assert_string_equal(known.class_names[2], "cat");
    const int32_t expected[4] = {-1, 1, 0, 2};
    assert_integers_equal(known.labels, expected, 4);
    assert_int_equal(test_state(ctx)->warnings, 0);
    /* The order of the rows says nothing, a label or a name does. */
    TEST_OK(ctx, read_text(ctx, &scratch, "path,label\na.png,10\nd.png,cat\ndir/c.png,9\n", &other));
    assert_true(other.fingerprint == known.fingerprint);
    known_labels_close(ctx, &other);
    TEST_OK(ctx, read_text(ctx, &scratch, "path,label\na.png,10\nd.png,dog\ndir/c.png,9\n", &other));
    assert_true(other.fingerprint != known.fingerprint);
    known_labels_close(ctx, &other);
    TEST_OK(ctx, read_text(ctx, &scratch, "path,label\na.png,10\nb.png,cat\ndir/c.png,9\n", &other));
    assert_true(other.fingerprint != known.fingerprint);
    known_labels_close(ctx, &other);
    known_labels_close(ctx, &known);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

/* Rows of other pictures are told, with the first of them. */
static void test_strangers(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const TestScratch scratch = test_scratch();
    KnownLabels known;
    TEST_OK(ctx, read_text(ctx, &scratch, "path,label\na.png,x\nA.png,x\nb.png,y\nz.png,y\n", &known));
    assert_int_equal(known.count, 2);
    assert_int_equal(test_state(ctx)->warnings, 1);
    assert_non_null(strstr(test_state(ctx)->log, "2 labels are of no picture of the data, the first in line 3: A.png"));
    known_labels_close(ctx, &known);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

static void check_failure(Context *ctx, const TestScratch *scratch, const char *text, const char *words) {
    KnownLabels known;
    TEST_FAILS(ctx, SPICA_ERROR_DATA, words, read_text(ctx, scratch, text, &known));
    known_labels_close(ctx, &known);
}

static void test_errors(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const TestScratch scratch = test_scratch();
    KnownLabels known;
    TEST_FAILS(ctx, SPICA_ERROR_DATA, "nowhere.csv: no such file of known labels",
               known_labels_read(ctx, &dataset, "nowhere.csv", &known));
    known_labels_close(ctx, &known);
    check_failure(ctx, &scratch, "path,class\na.png,x\n", "label");
    check_failure(ctx, &scratch, "path,label\na.png,x\nb.png,x\n", "one class alone, \"x\": at least 2 are needed");
    check_failure(ctx, &scratch, "path,label\na.png,x\na.png,y\n", "line 3: a second label for a.png");
    check_failure(ctx, &scratch, "path,label\ne.png,x\nf.png,y\n",
                  "labels none of the 4 pictures; their paths are like b.png");
    check_failure(ctx, &scratch, "path,label\na.png,x\nb.png,y\ne.png,z\n",
                  "none of the pictures of class \"z\" is among the data (line 4: e.png)");
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_join), cmocka_unit_test(test_strangers),
                                       cmocka_unit_test(test_errors)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
