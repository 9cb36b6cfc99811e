/* Which of several trials is shown, and what is told of them. */
#include "base/csv.h"
#include "base/json_text.h"
#include "run/quality.h"
#include "run/trial_results.h"
#include "support/testing.h"

enum { PICTURES = 8 };

/* Trials with these labels, whatever their clusters are called. */
static void open_trials(Context *ctx, TrialResults *results, const int32_t (*labels)[PICTURES], size_t count) {
    *results = (TrialResults){.seed = 5, .asked = count, .pictures = PICTURES, .clusters = 4};
    TEST_OK(ctx, trial_results_open(ctx, results));
    for (size_t i = 0; i < count; i++) {
        Trial *trial = &results->trials[results->count++];
        *trial = (Trial){.seed = 5 + (int64_t)i, .quality = quality_unknown(), .seconds = 1};
        trial->quality.acc = 0.1 * (double)(i + 1);
        TEST_OK(ctx, NEW_ARRAY(ctx, &trial->labels, PICTURES));
        memcpy(trial->labels, labels[i], sizeof labels[i]);
    }
}

/* The second and the fourth say the same under other names, the others something else. */
static const int32_t four[][PICTURES] = {
    {0, 1, 2, 3, 0, 1, 2, 3}, {0, 0, 0, 0, 1, 1, 1, 1}, {0, 0, 0, 1, 1, 1, 1, 1}, {3, 3, 3, 3, 2, 2, 2, 2}};

static void test_choice(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TrialResults results;
    open_trials(ctx, &results, four, 4);
    TEST_OK(ctx, trial_results_choose(ctx, &results));
    assert_int_equal(results.chosen, 1); /* as good as the fourth: the smaller seed */
    assert_true(results.trials[1].agreement == results.trials[3].agreement);
    double sum = 0;
    for (size_t i = 0; i < 4; i++)
        sum += results.trials[i].agreement / 4;
    assert_true(fabs(results.stability - sum) <= 1e-12);
    /* Accuracy has no part in it. */
    results.trials[0].quality.acc = 1;
    TEST_OK(ctx, trial_results_choose(ctx, &results));
    assert_int_equal(results.chosen, 1);
    trial_results_close(ctx, &results);
    test_context_close(&ctx);
}

static void test_failed_trials(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TrialResults results;
    open_trials(ctx, &results, four, 4);
    results.trials[1].failed = results.trials[0].failed = true;
    TEST_OK(ctx, trial_results_choose(ctx, &results));
    assert_int_equal(results.chosen, 2);
    assert_true(isnan(results.trials[1].agreement) && results.trials[2].agreement == results.stability);
    results.trials[2].failed = true;
    TEST_OK(ctx, trial_results_choose(ctx, &results));
    assert_true(results.chosen == 3 && isnan(results.stability));
    results.trials[3].failed = true;
    TEST_OK(ctx, trial_results_choose(ctx, &results));
    assert_int_equal(results.chosen, 4);
    trial_results_close(ctx, &results);
    test_context_close(&ctx);
}

static void test_files(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    TrialResults results;
    CsvTable table;
    json_t *record;
    open_trials(ctx, &results, four + 1, 3);
    TEST_OK(ctx, trial_results_choose(ctx, &results));
    TEST_OK(ctx, trial_results_write(ctx, &results, scratch.path));
    TEST_OK(ctx, csv_read(ctx, test_path(&scratch, "trials.csv"), &table));
    assert_int_equal(table.rows, 3);
    assert_string_equal(csv_cell(&table, 2, (size_t)csv_find(&table, "seed")), "7");
    assert_string_equal(csv_cell(&table, 0, (size_t)csv_find(&table, "chosen")), "1");
    assert_string_equal(csv_cell(&table, 1, (size_t)csv_find(&table, "nmi")), "");
    csv_close(ctx, &table);
    TEST_OK(ctx, json_file_read(ctx, test_path(&scratch, "trials.json"), &record));
    const json_t *acc = json_object_get(json_object_get(record, "metrics"), "acc");
    assert_true(fabs(json_number_value(json_object_get(acc, "mean")) - 0.2) <= 1e-9);
    assert_true(fabs(json_number_value(json_object_get(acc, "deviation")) - 0.1) <= 1e-9);
    assert_int_equal(json_integer_value(json_object_get(record, "chosen")), 5);
    json_decref(record);
    TEST_OK(ctx, trial_results_check(ctx, &results, scratch.path));
    results.budget = 60;
    TEST_FAILS(ctx, SPICA_ERROR_RUN, "a budget of 0 seconds", trial_results_check(ctx, &results, scratch.path));
    results.seed = 4;
    TEST_FAILS(ctx, SPICA_ERROR_RUN, "from seed 5 on, not from 4", trial_results_check(ctx, &results, scratch.path));
    trial_results_close(ctx, &results);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_choice),
        cmocka_unit_test(test_failed_trials),
        cmocka_unit_test(test_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
