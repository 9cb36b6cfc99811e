/* The tables of ablations: every setting is one that the options take, and every row has its variant. The mean and the
 * deviation of runs; what the files tell of them. */
#include "support/testing.h"

#include "base/csv.h"
#include "base/json_text.h"
#include "run/ablation_results.h"

static bool fits_folder(const char *name) {
    return name[0] != '\0' && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(name);
}

static void check_rows(const Ablation *ablation, const AblationTable *table) {
    size_t count = 0;
    for (const AblationRow *row = table->rows; row->name != NULL; row++, count++)
        if (ablation_variant(ablation, row->variant) == NULL)
            fail_msg("%s: %s: no variant \"%s\"", table->title, row->name, row->variant);
    assert_in_range(count, 2, ABLATION_ROWS_MOST);
}

static bool is_told(const Ablation *ablation, const AblationVariant *variant) {
    for (const AblationTable *table = ablation->tables; table->title != NULL; table++)
        for (const AblationRow *row = table->rows; row->name != NULL; row++)
            if (strcmp(row->variant, variant->name) == 0) return true;
    return false;
}

/* Variants are told apart by their folders, and none is run for nothing. */
static void test_tables(void **state) {
    (void)state;
    for (const Ablation *ablation = ablations; ablation->name != NULL; ablation++) {
        assert_ptr_equal(ablation_find(ablation->name), ablation);
        for (const AblationVariant *variant = ablation->variants; variant->name != NULL; variant++) {
            assert_true(fits_folder(variant->name));
            assert_ptr_equal(ablation_variant(ablation, variant->name), variant); /* the first of that name */
            assert_true(is_told(ablation, variant));
        }
        for (const AblationTable *table = ablation->tables; table->title != NULL; table++)
            check_rows(ablation, table);
    }
    assert_null(ablation_find("none"));
}

/* Each variant changes what its settings say, of which some may be so already, and nothing but that. */
static void check_variant(Context *ctx, const Ablation *ablation, const AblationVariant *variant) {
    Options options, full;
    TEST_OK(ctx, options_open(ctx, &options));
    TEST_OK(ctx, options_open(ctx, &full));
    TEST_OK(ctx, options_set(ctx, &options, "run.clusters", "10", SOURCE_USER));
    TEST_OK(ctx, options_set(ctx, &full, "run.clusters", "10", SOURCE_USER));
    TEST_OK(ctx, ablation_apply(ctx, ablation, variant, &options));
    TEST_OK(ctx, ablation_apply(ctx, ablation, ablation_variant(ablation, "full"), &full));
    TEST_OK(ctx, options_check(ctx, &options));
    size_t wanted = 0, changed = 0;
    while (variant->settings[wanted] != NULL)
        wanted++;
    for (size_t i = 0; i < option_count; i++)
        changed += strcmp(options.texts[i], full.texts[i]) != 0;
    if (changed > wanted || (changed == 0 && wanted > 0))
        fail_msg("%s changes %zu options, not %zu", variant->name, changed, wanted);
    options_close(ctx, &full);
    options_close(ctx, &options);
}

static void test_settings(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    for (const Ablation *ablation = ablations; ablation->name != NULL; ablation++)
        for (const AblationVariant *variant = ablation->variants; variant->name != NULL; variant++)
            check_variant(ctx, ablation, variant);
    test_context_close(&ctx);
}

/* Options of the stages behind stage 1. */
static bool is_later(const char *setting) {
    return strncmp(setting, "head.", 5) == 0 || strncmp(setting, "reliable.", 9) == 0 ||
           strncmp(setting, "joint.", 6) == 0;
}

/* What another variant's stage 1 serves differs in later stages alone, and that variant is run before it. */
static void check_start(const Ablation *ablation, const AblationVariant *variant) {
    const AblationVariant *start = ablation_variant(ablation, variant->features_of);
    if (start == NULL) fail_msg("%s: no variant \"%s\"", variant->name, variant->features_of);
    assert_true(start < variant);
    assert_null(start->features_of);
    for (const char *const *setting = variant->settings; *setting != NULL; setting++)
        assert_true(is_later(*setting));
    for (const char *const *setting = start->settings; *setting != NULL; setting++)
        assert_true(is_later(*setting));
}

static void test_shared_features(void **state) {
    (void)state;
    for (const Ablation *ablation = ablations; ablation->name != NULL; ablation++)
        for (const AblationVariant *variant = ablation->variants; variant->name != NULL; variant++)
            if (variant->features_of != NULL) check_start(ablation, variant);
    assert_true(ablation_run_weight(ablation_find("pica"), 0.25) == 7.0);
    assert_true(ablation_run_weight(ablation_find("spice"), 0.25) == 1.0 + 9 * 0.25);
}

static void assert_option(const Options *options, const char *key, const char *text) {
    assert_string_equal(options->texts[option_find(key)], text);
}

/* "Strong" is what the recipe calls so, in either branch. */
static void test_exchanged_sections(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const Ablation *spice = ablation_find("spice");
    Options options;
    TEST_OK(ctx, options_open(ctx, &options));
    TEST_OK(ctx, options_set(ctx, &options, "head.strong.operations", "2", SOURCE_RECIPE));
    TEST_OK(ctx, options_set(ctx, &options, "head.strong.cutout_fill", "73", SOURCE_RECIPE));
    TEST_OK(ctx, options_set(ctx, &options, "head.weak.pad", "0.25", SOURCE_USER));
    TEST_OK(ctx, ablation_apply(ctx, spice, ablation_variant(spice, "strong-weak"), &options));
    assert_option(&options, "head.weak.policy", "strong");
    assert_option(&options, "head.weak.operations", "2");
    assert_option(&options, "head.weak.cutout_fill", "73");
    assert_option(&options, "head.weak.pad", "0.125");
    assert_option(&options, "head.strong.policy", "weak");
    assert_option(&options, "head.strong.operations", "4");
    assert_option(&options, "head.strong.pad", "0.25");
    assert_option(&options, "joint.strong.policy", "strong");
    options_close(ctx, &options);
    test_context_close(&ctx);
}

/* A user who asks for another method than the ablation's is told. */
static void test_contradiction(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const Ablation *pica = ablation_find("pica");
    Options options;
    TEST_OK(ctx, options_open(ctx, &options));
    TEST_OK(ctx, options_set(ctx, &options, "run.method", "pica", SOURCE_USER));
    TEST_OK(ctx, ablation_apply(ctx, pica, ablation_variant(pica, "full"), &options));
    TEST_OK(ctx, options_set(ctx, &options, "run.method", "spice", SOURCE_USER));
    TEST_FAILS(ctx, SPICA_ERROR_OPTION, "run.method = spice: the ablation pica is of run.method = pica",
               ablation_apply(ctx, pica, ablation_variant(pica, "full"), &options));
    options_close(ctx, &options);
    test_context_close(&ctx);
}

/* Of 2, 4, 4, 4, 5, 5, 7, 9 the mean is 5 and the squares add up to 32. */
static void test_spread(void **state) {
    (void)state;
    const double values[] = {2, 4, 4, 4, 5, 5, 7, 9};
    const Spread all = spread_measure(values, 8), one = spread_measure(values, 1), none = spread_measure(values, 0);
    assert_true(all.mean == 5.0);
    assert_true(fabs(all.deviation - sqrt(32.0 / 7.0)) < 1e-15);
    assert_true(one.mean == 2.0);
    assert_true(isnan(one.deviation));
    assert_true(isnan(none.mean) && isnan(none.deviation));
}

static void add_run(AblationResults *results, const char *variant, int64_t seed, double acc, AblationOutcome outcome) {
    AblationRun *run = &results->runs[results->count++];
    *run = (AblationRun){.variant = ablation_variant(results->ablation, variant),
                         .seed = seed,
                         .quality = {.acc = acc, .nmi = acc / 2, .ari = acc / 4, .purity = acc, .clusters = 3},
                         .seconds = 1.5,
                         .outcome = outcome};
    if (outcome == ABLATION_FAILED) snprintf(run->reason, sizeof run->reason, "the loss is not finite");
}

static void open_results(Context *ctx, AblationResults *results) {
    *results = (AblationResults){.ablation = ablation_find("pica"), .seed = 5, .seeds = 2, .budget = 60.0 / 7.0};
    TEST_OK(ctx, ablation_results_open(ctx, results));
    add_run(results, "full", 5, 0.5, ABLATION_DONE);
    add_run(results, "no-entropy", 5, 0.125, ABLATION_EMPTY);
    add_run(results, "full", 6, 0.75, ABLATION_DONE);
    add_run(results, "no-entropy", 6, NAN, ABLATION_FAILED);
}

/* The row of this number of "Table 2". */
static const json_t *row_of(const json_t *record, size_t row) {
    return json_array_get(json_object_get(json_array_get(json_object_get(record, "tables"), 0), "rows"), row);
}

static double member(const json_t *object, const char *score, const char *name) {
    return json_number_value(json_object_get(json_object_get(object, score), name));
}

/* A failed run counts in no mean; what has not been run yet is null. */
static void test_json(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    AblationResults results;
    json_t *record;
    open_results(ctx, &results);
    TEST_OK(ctx, ablation_json(ctx, &results, &record));
    const json_t *without = row_of(record, 0), *with = row_of(record, 1);
    assert_int_equal(json_integer_value(json_object_get(with, "runs")), 2);
    assert_true(member(with, "acc", "mean") == 0.625);
    assert_true(fabs(member(with, "nmi", "deviation") - sqrt(2.0) * 0.0625) < 1e-9);
    assert_int_equal(json_integer_value(json_object_get(without, "runs")), 1);
    assert_int_equal(json_integer_value(json_object_get(without, "empty_clusters")), 1);
    assert_int_equal(json_integer_value(json_object_get(without, "failed")), 1);
    assert_true(member(without, "ari", "mean") == 0.03125);
    assert_true(json_is_null(json_object_get(json_object_get(without, "acc"), "deviation")));
    const json_t *initialisation = json_array_get(json_object_get(record, "tables"), 3);
    const json_t *gaussian = json_array_get(json_object_get(initialisation, "rows"), 1);
    assert_string_equal(json_string_value(json_object_get(gaussian, "variant")), "gaussian");
    assert_true(json_is_null(json_object_get(json_object_get(gaussian, "acc"), "mean")));
    json_decref(record);
    ablation_results_close(ctx, &results);
    test_context_close(&ctx);
}

static void check_csv(Context *ctx, const char *path) {
    static const char *const rows[4][9] = {
        {"full", "5", "0.5", "0.25", "0.125", "0.5", "3", "1.5", "done"},
        {"no-entropy", "5", "0.125", "0.0625", "0.03125", "0.125", "3", "1.5", "empty clusters"},
        {"full", "6", "0.75", "0.375", "0.1875", "0.75", "3", "1.5", "done"},
        {"no-entropy", "6", "", "", "", "", "", "1.5", "failed"},
    };
    CsvTable table;
    TEST_OK(ctx, csv_read(ctx, path, &table));
    assert_int_equal(table.columns, 9);
    assert_int_equal(table.rows, 4);
    for (size_t r = 0; r < 4; r++)
        for (size_t c = 0; c < 9; c++)
            assert_string_equal(csv_cell(&table, r, c), rows[r][c]);
    csv_close(ctx, &table);
}

/* The folder's record lets the same ablation with the same budget of a run go on, and nothing else. */
static void test_files(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const TestScratch scratch = test_scratch();
    AblationResults results;
    open_results(ctx, &results);
    TEST_OK(ctx, ablation_write(ctx, &results, scratch.path));
    check_csv(ctx, test_path(&scratch, ABLATION_TABLE));
    TEST_OK(ctx, ablation_check_record(ctx, &results, scratch.path));
    results.budget = 60.0 / 14.0;
    TEST_FAILS(ctx, SPICA_ERROR_RUN, "a budget of 8.57143 seconds each (0: none), not 4.28571 as now",
               ablation_check_record(ctx, &results, scratch.path));
    results.budget = 0.0;
    TEST_FAILS(ctx, SPICA_ERROR_RUN, "a budget of 8.57143 seconds each (0: none), not 0 as now",
               ablation_check_record(ctx, &results, scratch.path));
    const Ablation other = {.name = "other"};
    results.ablation = &other;
    TEST_FAILS(ctx, SPICA_ERROR_RUN, "holds the ablation pica, not other",
               ablation_check_record(ctx, &results, scratch.path));
    TEST_OK(ctx, file_replace(ctx, test_path(&scratch, ABLATION_RECORD), "{", 1));
    TEST_FAILS(ctx, SPICA_ERROR_RUN, "ablation.json", ablation_check_record(ctx, &results, scratch.path));
    ablation_results_close(ctx, &results);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shared_features),
        cmocka_unit_test(test_exchanged_sections),
        cmocka_unit_test(test_tables),
        cmocka_unit_test(test_settings),
        cmocka_unit_test(test_contradiction),
        cmocka_unit_test(test_spread),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
