/* What the tests of the command line do not reach: the callback, linked errors, memory that runs out. */
#include <sys/stat.h>

#include "support/clusters.h"

/* A scratch folder with two pictures in "data", and the run that put each in a cluster of its own. */
typedef struct Case {
    Context *ctx;
    TestScratch scratch;
    char run[1024], target[1024];
} Case;

static void text_write(Case *c, const char *name, const char *text) {
    TEST_OK(c->ctx, file_replace(c->ctx, test_path(&c->scratch, name), text, strlen(text)));
}

static Case case_open(void) {
    Case c = {.ctx = test_context_open(), .scratch = test_scratch()};
    char record[2048];
    TEST_OK(c.ctx, folder_make(c.ctx, test_path(&c.scratch, "data")));
    TEST_OK(c.ctx, folder_make(c.ctx, test_path(&c.scratch, "run")));
    text_write(&c, "data/one.jpg", "one");
    text_write(&c, "data/two.jpg", "two");
    text_write(&c, "run/config.ini", "[run]\nclusters = 2\n");
    snprintf(record, sizeof record, "{\"data\": {\"path\": \"%s\"}, \"sessions\": [{}]}",
             test_path(&c.scratch, "data"));
    text_write(&c, "run/run.json", record);
    text_write(&c, "run/clusters.csv", "path,cluster,confidence\none.jpg,1,0.5\ntwo.jpg,0,0.75\n");
    text_write(&c, "run/clusters-names.csv", "cluster,name\n0,cat\n");
    snprintf(c.run, sizeof c.run, "%s", test_path(&c.scratch, "run"));
    snprintf(c.target, sizeof c.target, "%s", test_path(&c.scratch, "out"));
    return c;
}

static void case_close(Case *c) {
    test_scratch_remove(c->ctx, &c->scratch);
    test_context_close(&c->ctx);
}

typedef struct Told {
    int count, stop; /* stop: the call that ends the work, counted from 1; 0: none */
    char text[256];
} Told;

static int file_told(void *user, const char *path, const char *target) {
    Told *told = user;
    const size_t used = strlen(told->text);
    snprintf(told->text + used, sizeof told->text - used, "%s %s\n", target, path);
    return ++told->count == told->stop;
}

static void test_files_are_told(void **state) {
    (void)state;
    Case c = case_open();
    Told told = {0};
    spica_export_settings settings = {.dry_run = 1, .file = file_told, .user = &told};
    TEST_OK(c.ctx, spica_export(c.ctx, c.run, "folders", c.target, &settings, NULL, NULL));
    assert_string_equal(told.text, "cat/1-two.jpg two.jpg\ncluster-1/1-one.jpg one.jpg\n");
    assert_false(path_exists(c.target));
    settings.dry_run = 0;
    told = (Told){.stop = 2};
    TEST_FAILS(c.ctx, SPICA_CANCELLED, "stopped by the caller",
               spica_export(c.ctx, c.run, "folders", c.target, &settings, NULL, NULL));
    assert_true(path_is_file(test_path(&c.scratch, "out/cat/1-two.jpg")));
    assert_false(path_exists(test_path(&c.scratch, "out/cluster-1/1-one.jpg")));
    case_close(&c);
}

/* A file that cannot be read whole leaves no part of itself. */
static void test_failed_copies_leave_nothing(void **state) {
    (void)state;
    Case c = case_open();
    const char *two = test_path(&c.scratch, "data/two.jpg");
    if (geteuid() != 0) { /* whom no mode stops */
        assert_int_equal(chmod(two, 0), 0);
        TEST_FAILS(c.ctx, SPICA_ERROR_IO, "two.jpg", spica_export(c.ctx, c.run, "folders", c.target, NULL, NULL, NULL));
        assert_false(path_exists(test_path(&c.scratch, "out/cat/1-two.jpg")));
    }
    assert_int_equal(unlink(two), 0);
    assert_int_equal(mkdir(two, 0700), 0);
    TEST_FAILS(c.ctx, SPICA_ERROR_DATA, "1 of 2 pictures are not where they were, two.jpg",
               spica_export(c.ctx, c.run, "folders", test_path(&c.scratch, "other"), NULL, NULL, NULL));
    assert_false(path_exists(test_path(&c.scratch, "other")));
    case_close(&c);
}

static void test_memory_runs_out(void **state) {
    (void)state;
    Case c = case_open();
    const spica_export_settings dry = {.dry_run = 1};
    TEST_ALLOCATIONS(c.ctx, 20, spica_export(c.ctx, c.run, "folders", c.target, &dry, NULL, NULL));
    TEST_ALLOCATIONS(c.ctx, 20, spica_export(c.ctx, c.run, "csv", "/dev/null", NULL, NULL, NULL));
    TEST_ALLOCATIONS(c.ctx, 20, spica_export(c.ctx, c.run, "json", "/dev/null", NULL, NULL, NULL));
    TEST_ALLOCATIONS(c.ctx, 20, spica_export(c.ctx, c.run, "labelstudio", "/dev/null", NULL, NULL, NULL));
    case_close(&c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files_are_told),
        cmocka_unit_test(test_failed_copies_leave_nothing),
        cmocka_unit_test(test_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
