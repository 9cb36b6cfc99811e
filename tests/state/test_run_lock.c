/* One process at a time works on a run. */
#include "state/run_lock.h"

#include <sys/wait.h>
#include <unistd.h>

#include "support/testing.h"

static void test_second_is_refused(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const TestScratch scratch = test_scratch();
    RunLock first, second;
    char process[32];
    TEST_OK(ctx, run_lock_take(ctx, &first, scratch.path));
    snprintf(process, sizeof process, "process %ld on ", (long)getpid());
    TEST_FAILS(ctx, SPICA_ERROR_RUN, process, run_lock_take(ctx, &second, scratch.path));
    run_lock_release(ctx, &second); /* nothing */
    TEST_FAILS(ctx, SPICA_ERROR_RUN, process, run_lock_take(ctx, &second, scratch.path));
    run_lock_release(ctx, &first);
    assert_false(path_exists(test_path(&scratch, RUN_LOCK)));
    TEST_OK(ctx, run_lock_take(ctx, &second, scratch.path));
    run_lock_release(ctx, &second);
    run_lock_release(ctx, &second);
    TEST_FAILS(ctx, SPICA_ERROR_IO, "nowhere/lock", run_lock_take(ctx, &first, test_path(&scratch, "nowhere")));
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

/* A process that died without a word has left its file, but not its lock. */
static void test_stale(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const TestScratch scratch = test_scratch();
    RunLock lock;
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        const Status status = run_lock_take(ctx, &lock, scratch.path);
        _exit(status == SPICA_OK ? 0 : 1);
    }
    int ended;
    assert_int_equal(waitpid(child, &ended, 0), child);
    assert_true(WIFEXITED(ended) && WEXITSTATUS(ended) == 0);
    assert_true(path_exists(test_path(&scratch, RUN_LOCK)));
    TEST_OK(ctx, run_lock_take(ctx, &lock, scratch.path));
    assert_non_null(strstr(test_state(ctx)->log, "came to a sudden end"));
    run_lock_release(ctx, &lock);
    /* A file of no sense is nobody's. */
    TEST_OK(ctx, file_replace(ctx, test_path(&scratch, RUN_LOCK), "?", 1));
    TEST_OK(ctx, run_lock_take(ctx, &lock, scratch.path));
    run_lock_release(ctx, &lock);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_second_is_refused), cmocka_unit_test(test_stale)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
