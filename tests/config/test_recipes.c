/* The presets, and recipes that are wrong. */
#include "support/testing.h"

#include "config/options.h"

static void test_presets(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    static const char *const expected[] = {
        "fashion-mnist",  "fashion-mnist-quick", "pica-fashion-mnist", "pica-stl10",  "spice-cifar10",
        "spice-cifar100", "spice-imagenet-dogs", "spice-imagenet10",   "spice-stl10", "spice-tiny-imagenet"};
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
        assert_true(recipe_exists(expected[i]));
    assert_false(recipe_exists("spice"));
    assert_null(recipe_name(recipe_count()));
    assert_null(recipe_text(recipe_count()));
    for (size_t i = 0; i < recipe_count(); i++) {
        Options options;
        TEST_OK(ctx, options_open(ctx, &options));
        TEST_OK(ctx, recipe_load(ctx, &options, recipe_name(i)));
        /* A recipe for any pictures leaves K open. */
        TEST_OK(ctx, options_set(ctx, &options, "run.clusters", "2", SOURCE_AUTO));
        TEST_OK(ctx, options_check(ctx, &options));
        assert_string_equal(options_text(&options, "run.recipe"), recipe_name(i));
        const bool pica = strcmp(options_text(&options, "run.method"), "pica") == 0;
        const char *scaling = pica ? "pica.normalisation" : "features.normalisation";
        const bool pictures = strcmp(recipe_name(i), "embeddings") != 0; /* which no option scales */
        assert_int_equal(options_source(&options, scaling), pictures ? SOURCE_RECIPE : SOURCE_DEFAULT);
        assert_int_equal(strncmp(recipe_text(i), "# ", 2), 0); /* its first line says what it is for */
        if (i > 0) assert_true(strcmp(recipe_name(i - 1), recipe_name(i)) < 0);
        options_close(ctx, &options);
    }
    test_context_close(&ctx);
}

/* The library holds the files of recipes/ byte for byte. */
static void test_texts_are_the_files(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    for (size_t i = 0; i < recipe_count(); i++) {
        char path[1024], *text;
        size_t count;
        snprintf(path, sizeof path, SOURCE_DIR "/recipes/%s.ini", recipe_name(i));
        TEST_OK(ctx, file_read(ctx, path, &text, &count));
        assert_string_equal(recipe_text(i), text);
        FREE_ARRAY(ctx, &text);
    }
    test_context_close(&ctx);
}

static void test_values_of_the_paper(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    Options options;
    TEST_OK(ctx, options_open(ctx, &options));
    TEST_OK(ctx, options_set(ctx, &options, "head.count", "4", SOURCE_USER));
    TEST_OK(ctx, recipe_load(ctx, &options, "spice-stl10"));
    assert_int_equal(options_integer(&options, "run.clusters"), 10);
    assert_int_equal(options_integer(&options, "features.queue"), 65536);
    assert_int_equal(options_integer(&options, "head.estep"), 1000);
    assert_int_equal(options_integer(&options, "head.count"), 4); /* the user is stronger */
    assert_true(options_real(&options, "reliable.consistency") == 0.95);
    assert_string_equal(options_text(&options, "joint.backbone"), "wrn37-2");
    assert_string_equal(options_text(&options, "features.stem"), "stl");
    options_close(ctx, &options);
    test_context_close(&ctx);
}

/* What a recipe itself says, though it be the default. */
static void assert_recipe_says(const Options *options, const char *key, double expected) {
    const char *recipe = options_text(options, "run.recipe");
    const double value = options_real(options, key);
    if (options_source(options, key) != SOURCE_RECIPE) fail_msg("%s does not set %s", recipe, key);
    if (value != expected) fail_msg("%s: %s is %g, expected %g", recipe, key, value, expected);
}

/* Section 4 of the PICA paper. */
static void test_values_of_pica(void **state) {
    (void)state;
    static const struct {
        const char *recipe;
        double clusters, overclusters;
    } sets[] = {{"pica-cifar10", 10, 70},    {"pica-cifar100", 20, 70}, {"pica-imagenet-dogs", 15, 70},
                {"pica-imagenet10", 10, 70}, {"pica-stl10", 10, 70},    {"pica-tiny-imagenet", 200, 700}};
    Context *ctx = test_context_open();
    for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++) {
        Options options;
        TEST_OK(ctx, options_open(ctx, &options));
        TEST_OK(ctx, recipe_load(ctx, &options, sets[i].recipe));
        assert_string_equal(options_text(&options, "run.method"), "pica");
        assert_recipe_says(&options, "run.clusters", sets[i].clusters);
        assert_recipe_says(&options, "pica.overclusters", sets[i].overclusters);
        assert_recipe_says(&options, "pica.batch", 256);
        assert_recipe_says(&options, "pica.repeats", 3);
        assert_recipe_says(&options, "pica.epochs", 200);
        assert_recipe_says(&options, "pica.learning_rate", 0.0001);
        assert_recipe_says(&options, "pica.entropy_weight", 2);
        options_close(ctx, &options);
    }
    test_context_close(&ctx);
}

/* Sections may be written either way; comments, blanks, CRLF and a byte order mark are no matter. */
static void test_syntax(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const TestScratch scratch = test_scratch();
    const char *path = test_path(&scratch, "own.ini");
    static const char text[] = "\xef\xbb\xbf; mine\r\n# too\r\n[head]\r\nweak.pad = 0.25 ; a remark\r\n count=3\r\n\r\n"
                               "[head.strong]\npad: 0.5\n[data]\nlabels = my%20file%3B%25.csv\n[run]\nrecipe =";
    Options options;
    TEST_OK(ctx, options_open(ctx, &options));
    TEST_OK(ctx, file_replace(ctx, path, text, sizeof text - 1));
    TEST_OK(ctx, recipe_load(ctx, &options, path));
    assert_true(options_real(&options, "head.weak.pad") == 0.25);
    assert_true(options_real(&options, "head.strong.pad") == 0.5);
    assert_int_equal(options_integer(&options, "head.count"), 3);
    assert_string_equal(options_text(&options, "data.labels"), "my file;%.csv");
    assert_string_equal(options_text(&options, "run.recipe"), "");
    options_close(ctx, &options);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

static void test_wrong_recipes(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const TestScratch scratch = test_scratch();
    const char *path = test_path(&scratch, "wrong.ini");
    char lengthy[400] = "[data]\nlabels = ";
    memset(lengthy + strlen(lengthy), 'x', 300);
    const char *const cases[][2] = {
        {"[head]\ncount = 3\ncuont = 4\n", "line 3: unknown option \"head.cuont\" (did you mean \"head.count\"?)"},
        {"count = 3\n", "line 1: unknown option \"count\""},
        {"[head]\n\ncount = many\n", "line 3: head.count = many: an integer"},
        {"[head]\ncount\n", "line 2: neither [section] nor key = value"},
        {"[head\ncount = 3\n", "line 1: neither"},
        {"[head]\ncount = 3\ncount = 3\n", "line 3: the option of this line is set twice"},
        {"[head]\ncount = 3\n  4\n", "line 3: neither [section] nor key = value"},
        {"[data]\nlabels = a%2\n", "line 2: a % must be followed by two"},
        {"[data]\nlabels = a%00\n", "line 2: a % must be followed by two"},
        {lengthy, "line 2: the line is too long"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Options options;
        TEST_OK(ctx, options_open(ctx, &options));
        TEST_OK(ctx, file_replace(ctx, path, cases[i][0], strlen(cases[i][0])));
        TEST_FAILS(ctx, SPICA_ERROR_OPTION, cases[i][1], recipe_load(ctx, &options, path));
        assert_non_null(strstr(spica_context_reason(ctx), "wrong.ini: line"));
        options_close(ctx, &options);
    }
    Options options;
    TEST_OK(ctx, options_open(ctx, &options));
    TEST_OK(ctx, file_replace(ctx, path, "[head]\n\0", 8));
    TEST_FAILS(ctx, SPICA_ERROR_OPTION, "byte 7 is 0", recipe_load(ctx, &options, path));
    TEST_FAILS(ctx, SPICA_ERROR_OPTION, "\"spice-cifar\" is no recipe and no file (did you mean \"spice-cifar10\"?)",
               recipe_load(ctx, &options, "spice-cifar"));
    TEST_FAILS(ctx, SPICA_ERROR_OPTION, "is no recipe and no file (spica recipe lists",
               recipe_load(ctx, &options, "/nonexistent"));
    TEST_FAILS(ctx, SPICA_ERROR_OPTION, "is a folder", recipe_load(ctx, &options, scratch.path));
    options_close(ctx, &options);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_presets),
        cmocka_unit_test(test_texts_are_the_files),
        cmocka_unit_test(test_values_of_the_paper),
        cmocka_unit_test(test_values_of_pica),
        cmocka_unit_test(test_syntax),
        cmocka_unit_test(test_wrong_recipes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
