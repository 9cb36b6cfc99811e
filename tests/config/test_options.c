/* The option table, values and their rules, config.ini and the manual. */
#include "support/testing.h"

#include "base/random.h"
#include "config/option_value.h"
#include "config/options.h"

/* Rows are complete, keys and flags unique, and a default is its own canonical text. */
static void test_table(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    for (size_t i = 0; i < option_count; i++) {
        const OptionRow *row = &option_table[i];
        assert_non_null(strchr(row->key, '.'));
        assert_int_equal(option_find(row->key), i);
        assert_true(row->help[0] != '\0' && row->unit != NULL && row->source != NULL);
        assert_int_equal(row->choices != NULL, row->type == OPTION_CHOICE);
        for (size_t j = 0; j < i && row->flag != NULL; j++)
            assert_true(option_table[j].flag == NULL || strcmp(option_table[j].flag, row->flag) != 0);
        if (strcmp(row->key, "run.clusters") == 0) continue; /* must be given */
        char *canonical;
        TEST_OK(ctx, option_value_parse(ctx, row, row->initial, &canonical));
        assert_string_equal(canonical, row->initial);
        FREE_ARRAY(ctx, &canonical);
    }
    test_context_close(&ctx);
}

static void test_values(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    Options options;
    TEST_OK(ctx, options_open(ctx, &options));
    static const char *const pairs[][2] = {
        {"run.clusters", "12"},       {"features.epochs", "2.50"},       {"features.symmetric", "yes"},
        {"run.budget", "90m"},        {"joint.mean", "0.4,0.50,.6"},     {"head.strong.cutout_fill", "7"},
        {"data.labels", "a b;%.csv"}, {"features.schedule", "constant"}, {"run.seed", "9007199254740991"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        TEST_OK(ctx, options_set(ctx, &options, pairs[i][0], pairs[i][1], SOURCE_USER));
    double mean[3], fill[3];
    options_numbers(&options, "joint.mean", mean);
    options_numbers(&options, "head.strong.cutout_fill", fill);
    assert_int_equal(options_integer(&options, "run.clusters"), 12);
    assert_true(options_real(&options, "features.epochs") == 2.5);
    assert_true(options_real(&options, "run.clusters") == 12.0);
    assert_true(options_boolean(&options, "features.symmetric"));
    assert_true(options_real(&options, "run.budget") == 5400.0);
    assert_true(mean[0] == 0.4 && mean[1] == 0.5 && mean[2] == 0.6);
    assert_true(fill[0] == 7.0 && fill[1] == 7.0 && fill[2] == 7.0);
    assert_string_equal(options_text(&options, "data.labels"), "a b;%.csv");
    assert_string_equal(options_text(&options, "features.schedule"), "constant");
    assert_true(options_integer(&options, "run.seed") == 9007199254740991);
    assert_string_equal(options.texts[option_find("features.epochs")], "2.5");
    assert_string_equal(options.texts[option_find("joint.mean")], "0.4,0.5,0.6");
    options_close(ctx, &options);
    options_close(ctx, &options);
    test_context_close(&ctx);
}

static void test_wrong_values(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    Options options;
    TEST_OK(ctx, options_open(ctx, &options));
    char lengthy[400];
    memset(lengthy, 'x', sizeof lengthy);
    lengthy[160] = '\0';
    const char *const cases[][3] = {
        {"run.clusters", "1", "run.clusters = 1: an integer from 2 to 1000000 is expected"},
        {"run.clusters", "0", "an integer from 2"},
        {"run.clusters", "ten", "run.clusters = ten: an integer"},
        {"run.clusters", "10.5", "an integer"},
        {"features.epochs", "-1", "a number from 0 to"},
        {"features.epochs", "nan", "a number"},
        {"features.epochs", "1,5", "a number"},
        {"features.symmetric", "maybe", "true or false is expected"},
        {"run.method", "pice", "run.method = pice: one of spice, spice-self, pica, "},
        {"run.method", "", "one of spice"},
        {"run.budget", "30", "a number and s, m or h"},
        {"joint.mean", "0.1,0.2", "one number, or three"},
        {"joint.mean", "0.1,0.2,1.5", "from 0 to 1"},
        {"joint.mean", "0.1,0.2,0.3,0.4", "one number, or three"},
        {"joint.mean", "0.1,,0.3", "one number, or three"},
        {"data.labels", lengthy, "a text of at most 150 bytes"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        TEST_FAILS(ctx, SPICA_ERROR_OPTION, cases[i][2],
                   options_set(ctx, &options, cases[i][0], cases[i][1], SOURCE_USER));
    TEST_FAILS(ctx, SPICA_ERROR_OPTION, "unknown option \"features.epoch\" (did you mean \"features.epochs\"?)",
               options_set(ctx, &options, "features.epoch", "3", SOURCE_USER));
    TEST_FAILS(ctx, SPICA_ERROR_OPTION, "unknown option \"qqqqqqqqqqqq\"",
               options_set(ctx, &options, "qqqqqqqqqqqq", "3", SOURCE_USER));
    assert_string_equal(options_text(&options, "run.method"), "spice");
    options_close(ctx, &options);
    test_context_close(&ctx);
}

static void test_strength(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    Options options, copy;
    TEST_OK(ctx, options_open(ctx, &options));
    TEST_OK(ctx, options_open(ctx, &copy));
    static const struct {
        const char *text;
        OptionSource source;
        const char *expected;
    } steps[] = {
        {"5", SOURCE_AUTO, "5"}, {"6", SOURCE_RECIPE, "6"}, {"7", SOURCE_AUTO, "6"}, {"8", SOURCE_RECIPE, "8"},
        {"9", SOURCE_USER, "9"}, {"3", SOURCE_RECIPE, "9"}, {"4", SOURCE_AUTO, "9"}, {"2", SOURCE_USER, "2"},
    };
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        TEST_OK(ctx, options_set(ctx, &options, "head.count", steps[i].text, steps[i].source));
        assert_string_equal(options.texts[option_find("head.count")], steps[i].expected);
    }
    /* A weak source is still validated. */
    TEST_FAILS(ctx, SPICA_ERROR_OPTION, "head.count = 0", options_set(ctx, &options, "head.count", "0", SOURCE_RECIPE));
    assert_int_equal(options_source(&options, "head.count"), SOURCE_USER);
    assert_int_equal(options_source(&options, "head.epochs"), SOURCE_DEFAULT);
    assert_int_equal(options_differ(&options, &copy, NULL), option_find("head.count"));
    assert_int_equal(options_differ(&options, &copy, (const char *const[]){"head.count", NULL}), -1);
    TEST_OK(ctx, options_copy(ctx, &copy, &options));
    assert_int_equal(options_differ(&options, &copy, NULL), -1);
    assert_int_equal(options_source(&copy, "head.count"), SOURCE_USER);
    options_close(ctx, &options);
    options_close(ctx, &copy);
    test_context_close(&ctx);
}

static void test_rules(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    static const struct {
        const char *pairs[3][2];
        const char *words;
    } cases[] = {
        {{{NULL}}, "run.clusters (--clusters, -k) must be given"},
        {{{"run.clusters", "3"}, {"head.weak.scale_min", "0.9"}, {"head.weak.scale_max", "0.8"}},
         "head.weak.scale_min = 0.9 with head.weak.scale_max = 0.8: the minimum exceeds the maximum"},
        {{{"run.clusters", "3"}, {"joint.backbone", "wrn28-2"}}, "joint.start = weights with joint.backbone = wrn28-2"},
        {{{"run.clusters", "3"}, {"head.bank", "4"}, {"head.bn", "train"}}, "head.bank = 4 with head.bn = train"},
        {{{"run.clusters", "3"}, {"run.split_head", "0.75"}}, "add up to 1:"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Options options;
        TEST_OK(ctx, options_open(ctx, &options));
        for (size_t j = 0; j < 3 && cases[i].pairs[j][0] != NULL; j++)
            TEST_OK(ctx, options_set(ctx, &options, cases[i].pairs[j][0], cases[i].pairs[j][1], SOURCE_USER));
        TEST_FAILS(ctx, SPICA_ERROR_OPTION, cases[i].words, options_check(ctx, &options));
        options_close(ctx, &options);
    }
    test_context_close(&ctx);
}

/* A value of the row's type that is seldom its default. */
static void random_value(const OptionRow *row, Random *random, char *text, size_t capacity) {
    const double share = (double)random_uniform(random), high = row->high < 1e6 ? row->high : 1e6;
    switch (row->type) {
    case OPTION_INTEGER: snprintf(text, capacity, "%.0f", floor(row->low + share * (high - row->low))); break;
    case OPTION_REAL: snprintf(text, capacity, "%.17g", row->low + share * (high - row->low)); break;
    case OPTION_DURATION: snprintf(text, capacity, "%.5fs", share * 1e5); break;
    case OPTION_BOOLEAN: snprintf(text, capacity, "%s", share < 0.5 ? "true" : "false"); break;
    case OPTION_NUMBERS:
        snprintf(text, capacity, "%.17g,%.9g,%.17g", row->low + share * (row->high - row->low), row->high, row->low);
        break;
    case OPTION_CHOICE: {
        const char *last = strrchr(row->choices, '|');
        snprintf(text, capacity, "%s", last + 1);
        break;
    }
    case OPTION_TEXT:
        for (size_t i = 0; i < 40; i++)
            text[i] = (char)(random_below(random, 255) + 1);
        text[40] = '\0';
        break;
    }
}

/* config.ini read back gives the same options, with every option at a random value and texts of random bytes. */
static void test_round_trip(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const TestScratch scratch = test_scratch();
    const char *path = test_path(&scratch, "config.ini");
    for (uint64_t trial = 0; trial < 20; trial++) {
        Options options, again;
        char *text, *repeated;
        TEST_OK(ctx, options_open(ctx, &options));
        TEST_OK(ctx, options_open(ctx, &again));
        for (size_t i = 0; i < option_count && trial > 0; i++) {
            Random random = random_at(11, RANDOM_TEST, trial, i, 0);
            char value[128];
            random_value(&option_table[i], &random, value, sizeof value);
            TEST_OK(ctx, options_set(ctx, &options, option_table[i].key, value, SOURCE_USER));
        }
        TEST_OK(ctx, options_write(ctx, &options, &text));
        TEST_OK(ctx, file_replace(ctx, path, text, strlen(text)));
        TEST_OK(ctx, recipe_load(ctx, &again, path));
        const long different = options_differ(&options, &again, NULL);
        if (different >= 0)
            fail_msg("%s: \"%s\" came back as \"%s\"", option_table[different].key, options.texts[different],
                     again.texts[different]);
        TEST_OK(ctx, options_write(ctx, &again, &repeated));
        assert_string_equal(text, repeated);
        FREE_ARRAY(ctx, &text);
        FREE_ARRAY(ctx, &repeated);
        options_close(ctx, &options);
        options_close(ctx, &again);
    }
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

/* Every failing allocation comes back as a status, and nothing leaks. */
static void test_memory_failures(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    for (int64_t at = 0;; at += 97) {
        Options options;
        char *text = NULL;
        TestState *counts = test_state(ctx);
        counts->fail_at = counts->allocations + at;
        Status status = options_open(ctx, &options);
        if (status == SPICA_OK) status = recipe_load(ctx, &options, "spice-cifar10");
        if (status == SPICA_OK) status = options_write(ctx, &options, &text);
        options_close(ctx, &options);
        FREE_ARRAY(ctx, &text);
        if (status == SPICA_OK) break;
        assert_int_equal(status, SPICA_ERROR_MEMORY);
    }
    test_state(ctx)->fail_at = -1;
    test_context_close(&ctx);
}

/* docs/options.md is the table: `spica options >docs/options.md` brings it up to date. */
static void test_manual_is_current(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    char *made, *held;
    size_t count;
    TEST_OK(ctx, options_markdown(ctx, &made));
    TEST_OK(ctx, file_read(ctx, SOURCE_DIR "/docs/options.md", &held, &count));
    if (strcmp(made, held) != 0) fail_msg("docs/options.md is old: spica options >docs/options.md");
    FREE_ARRAY(ctx, &made);
    FREE_ARRAY(ctx, &held);
    test_context_close(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),           cmocka_unit_test(test_values),
        cmocka_unit_test(test_wrong_values),    cmocka_unit_test(test_strength),
        cmocka_unit_test(test_rules),           cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_memory_failures), cmocka_unit_test(test_manual_is_current),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
