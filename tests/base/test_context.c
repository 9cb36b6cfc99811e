/* Contexts, reasons, log, progress and the one-process seam. */
#include "support/testing.h"

#include "base/dist.h"
#include "base/log.h"

static void test_open_and_close(void **state) {
    (void)state;
    spica_context *context;
    assert_int_equal(spica_context_open(&context, NULL), SPICA_OK);
    assert_string_equal(spica_context_reason(context), "");
    assert_true(context->threads >= 1);
    spica_context_close(&context);
    assert_null(context);
    spica_context_close(&context);
    const spica_settings half = {.allocate = test_allocate};
    assert_int_equal(spica_context_open(&context, &half), SPICA_ERROR_OPTION);
    assert_null(context);
    TestState full = {.fail_at = 0};
    const spica_settings empty = {.allocate = test_allocate, .release = test_release, .user = &full};
    assert_int_equal(spica_context_open(&context, &empty), SPICA_ERROR_MEMORY);
    assert_null(context);
}

static void test_reasons(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    assert_int_equal(context_fail(ctx, SPICA_ERROR_DATA, "%s at byte %d", "a\nb\x7f", 7), SPICA_ERROR_DATA);
    assert_string_equal(spica_context_reason(ctx), "a?b? at byte 7");
    /* A reason may quote the one before. */
    context_fail(ctx, SPICA_ERROR_DATA, "line 3: %s", ctx->reason);
    assert_string_equal(spica_context_reason(ctx), "line 3: a?b? at byte 7");
    char lengthy[3000];
    memset(lengthy, 'x', sizeof lengthy);
    lengthy[2999] = '\0';
    context_fail(ctx, SPICA_ERROR_DATA, "%s", lengthy);
    assert_int_equal(strlen(spica_context_reason(ctx)), sizeof ctx->reason - 1);
    assert_string_equal(spica_status_text(SPICA_OK), "done");
    assert_string_equal(spica_status_text((spica_status)99), "unknown status");
    assert_string_equal(spica_version(), SPICA_VERSION);
    test_context_close(&ctx);
}

/* What callbacks were told. */
typedef struct Listener {
    int reports, lines;
    spica_progress last;
    int asked;
} Listener;

static void listen_progress(void *user, const spica_progress *progress) {
    Listener *listener = user;
    listener->reports++;
    listener->last = *progress;
}

static void listen_log(void *user, spica_log_level level, const char *line) {
    Listener *listener = user;
    assert_int_equal(level, listener->lines++);
    assert_string_equal(line, "line 7");
}

static int listen_cancel(void *user) { return ((Listener *)user)->asked++ == 2; }

static void test_callbacks(void **state) {
    (void)state;
    Listener listener = {0};
    const spica_settings settings = {
        .progress = listen_progress, .log = listen_log, .cancel = listen_cancel, .user = &listener};
    Context *ctx;
    assert_int_equal(spica_context_open(&ctx, &settings), SPICA_OK);
    log_debug(ctx, "line %d", 7);
    log_info(ctx, "line %d", 7);
    log_warning(ctx, "line %d", 7);
    assert_int_equal(listener.lines, 3);

    Progress progress;
    progress_start(&progress, ctx, "features", "step", 1000.0);
    for (int i = 0; i < 1000; i++)
        progress_update(&progress, i, 0.5);
    assert_true(listener.reports <= 2); /* ten a second, and this takes microseconds */
    progress.started -= 10.0;           /* as if ten seconds had passed */
    progress_finish(&progress, 250.0, 0.25);
    assert_string_equal(listener.last.stage, "features");
    assert_true(listener.last.done == 250.0 && listener.last.total == 1000.0 && listener.last.loss == 0.25);
    assert_true(fabs(listener.last.rate - 25.0) < 0.5);
    assert_true(fabs(listener.last.seconds_left - 30.0) < 0.5);
    progress.reported -= 1.0;
    const int before = listener.reports;
    progress_update(&progress, 251.0, 0.25);
    assert_int_equal(listener.reports, before + 1);

    assert_int_equal(context_check_cancel(ctx), SPICA_OK);
    assert_int_equal(context_check_cancel(ctx), SPICA_OK);
    assert_int_equal(context_check_cancel(ctx), SPICA_CANCELLED);
    spica_context_close(&ctx);
}

/* A context without callbacks is silent. */
static void test_no_callbacks(void **state) {
    (void)state;
    Context *ctx;
    Progress progress;
    assert_int_equal(spica_context_open(&ctx, NULL), SPICA_OK);
    log_warning(ctx, "nobody hears this");
    progress_start(&progress, ctx, "features", "step", 0.0);
    progress_finish(&progress, 1.0, NAN);
    assert_int_equal(context_check_cancel(ctx), SPICA_OK);
    spica_context_close(&ctx);
}

static void test_one_process(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    float values[2] = {1.0f, 2.0f}, gathered[2] = {0.0f, 0.0f};
    assert_int_equal(dist_rank(), 0);
    assert_int_equal(dist_size(), 1);
    TEST_OK(ctx, dist_all_reduce_sum(ctx, values, 2));
    TEST_OK(ctx, dist_broadcast(ctx, values, sizeof values, 0));
    TEST_OK(ctx, dist_all_gather(ctx, values, sizeof values, gathered));
    assert_true(gathered[0] == 1.0f && gathered[1] == 2.0f);
    TEST_FAILS(ctx, SPICA_ERROR_INTERNAL, "rank 1", dist_broadcast(ctx, values, sizeof values, 1));
    test_context_close(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open_and_close), cmocka_unit_test(test_reasons),     cmocka_unit_test(test_callbacks),
        cmocka_unit_test(test_no_callbacks),   cmocka_unit_test(test_one_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
