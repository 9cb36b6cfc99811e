/* Curves out of log lines, of which not all have what is asked for. */
#include "support/testing.h"

#include "report/log_series.h"

static const char log_text[] = "[{\"stage\": \"features\", \"step\": 1, \"loss\": 2.5, \"losses\": [0.5, 0.25]},"
                               " {\"stage\": \"joint\", \"step\": 2, \"loss\": 9},"
                               " {\"stage\": \"features\", \"step\": 3},"
                               " {\"stage\": \"features\", \"loss\": 9},"
                               " {\"stage\": \"features\", \"step\": 4, \"loss\": null, \"losses\": [0.75]},"
                               " {\"stage\": \"features\", \"step\": 5, \"loss\": \"9\", \"losses\": [1, null]},"
                               " {\"stage\": 7, \"step\": 6, \"loss\": 9},"
                               " {\"step\": 7, \"loss\": 9},"
                               " [\"features\", 8, 9], 9, null,"
                               " {\"stage\": \"features\", \"step\": 9.5, \"loss\": 2, \"losses\": [2, 3]}]";

static ReportData open_log(const char *text) {
    ReportData report = {.log = json_loads(text, 0, NULL)};
    assert_non_null(report.log);
    return report;
}

/* Whole x and y of the series under this key. */
static void assert_series(Context *ctx, const ReportData *report, const char *key, const double *x, const double *y,
                          size_t count) {
    LogSeries series;
    TEST_OK(ctx, log_series_open(ctx, &series, report, "features", "step", key));
    assert_true(series.count == count);
    for (size_t i = 0; i < count; i++) {
        assert_true(series.x[i] == x[i]);
        assert_true(series.y[i] == y[i]);
    }
    log_series_close(ctx, &series);
    log_series_close(ctx, &series);
}

static void test_numbers(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    ReportData report = open_log(log_text);
    assert_series(ctx, &report, "loss", (const double[]){1.0, 9.5}, (const double[]){2.5, 2.0}, 2);
    assert_series(ctx, &report, "losses", NULL, NULL, 0); /* no number */
    assert_series(ctx, &report, "nothing", NULL, NULL, 0);
    json_decref(report.log);
    test_context_close(&ctx);
}

static void test_empty_log(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    ReportData report = open_log("[]");
    assert_series(ctx, &report, "loss", NULL, NULL, 0);
    json_decref(report.log);
    test_context_close(&ctx);
}

static void test_failures(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    ReportData report = open_log(log_text);
    for (int64_t failures = 0; failures < 2; failures++) {
        LogSeries series;
        test_state(ctx)->fail_at = test_state(ctx)->allocations + failures;
        TEST_FAILS(ctx, SPICA_ERROR_MEMORY, "out of memory",
                   log_series_open(ctx, &series, &report, "features", "step", "loss"));
        assert_true(series.count == 0);
        log_series_close(ctx, &series);
    }
    json_decref(report.log);
    test_context_close(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_empty_log),
        cmocka_unit_test(test_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
