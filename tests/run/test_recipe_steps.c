/* Two steps of every stage of every recipe, on synthetic pictures of its size, so that no recipe rots. The networks are
 * the recipe's own; the batches are small. */
#include "support/testing.h"

#include "base/random.h"
#include "methods/inference.h"
#include "run/stage_settings.h"

typedef struct RecipeCase {
    const char *name;
    int side, channels;
    const char
        *clusters; /* where the recipe leaves it open, or where the paper's number would take too many pictures */
} RecipeCase;

static const RecipeCase cases[] = {
    {"auto", 32, 3, "5"},
    {"fashion-mnist", 28, 1, "10"},
    {"fashion-mnist-quick", 28, 1, "10"},
    {"pica-auto", 32, 3, "5"},
    {"pica-fashion-mnist", 28, 1, "10"},
    {"pica-cifar10", 32, 3, "5"},
    {"pica-cifar100", 32, 3, "5"},
    {"pica-stl10", 96, 3, "3"},
    {"pica-imagenet10", 224, 3, "2"},
    {"pica-imagenet-dogs", 224, 3, "2"},
    {"pica-tiny-imagenet", 64, 3, "3"},
    {"spice-cifar10", 32, 3, "5"},
    {"spice-cifar100", 32, 3, "5"},
    {"spice-stl10", 96, 3, "3"},
    {"spice-imagenet10", 224, 3, "2"},
    {"spice-imagenet-dogs", 224, 3, "2"},
    {"spice-tiny-imagenet", 64, 3, "3"},
};
#define CASE_COUNT (sizeof cases / sizeof cases[0])

static void make_pictures(Context *ctx, Dataset *dataset, size_t count, int side, int channels) {
    *dataset = (Dataset){.count = count, .height = side, .width = side, .channels = channels};
    const size_t bytes = count * (size_t)(side * side * channels);
    TEST_OK(ctx, NEW_ARRAY(ctx, &dataset->pixels, bytes));
    Random random = random_at(5, RANDOM_TEST, 0, 0, 0);
    for (size_t i = 0; i < bytes; i++)
        dataset->pixels[i] = (uint8_t)(random_word(&random) >> 24);
}

static void set(Context *ctx, Options *options, const char *key, const char *text) {
    TEST_OK(ctx, options_set(ctx, options, key, text, SOURCE_USER));
}

static void open_recipe(Context *ctx, const RecipeCase *recipe, Options *options) {
    TEST_OK(ctx, options_open(ctx, options));
    TEST_OK(ctx, recipe_load(ctx, options, recipe->name));
    set(ctx, options, "run.clusters", recipe->clusters);
    set(ctx, options, "run.inference_batch", "4");
    set(ctx, options, "features.batch", "8");
    set(ctx, options, "features.queue", "16");
    set(ctx, options, "pica.batch", "4");
    set(ctx, options, "pica.turn", "0.000001");
    set(ctx, options, "head.count", "2");
    set(ctx, options, "head.estep", recipe->clusters);
    set(ctx, options, "head.passes", "1");
    set(ctx, options, "head.epochs", "1");
    set(ctx, options, "joint.batch", "1");
    set(ctx, options, "joint.ratio", "2");
    TEST_OK(ctx, options_check(ctx, options));
}

static void step_features(Context *ctx, const Options *options, const Dataset *dataset, const ModelSpec *spec) {
    MocoSettings settings;
    MocoTrainer *trainer = NULL;
    TEST_OK(ctx, settings_moco(ctx, options, dataset, dataset->count, spec, &settings));
    TEST_OK(ctx, moco_open(ctx, &trainer, &settings, dataset, NULL));
    for (int step = 0; step < 2; step++) {
        double loss, accuracy;
        TEST_OK(ctx, moco_step(ctx, trainer, &loss, &accuracy));
        assert_true(isfinite(loss) && loss > 0.0);
    }
    moco_close(ctx, &trainer);
}

/* Two E-steps: M is half of the pictures. */
static void step_head(Context *ctx, const Options *options, const Dataset *dataset, const ModelSpec *spec) {
    HeadSettings settings;
    HeadResult result = {0};
    Model model = {0};
    float *features = NULL;
    const ViewKey key = {0};
    TEST_OK(ctx, settings_head(ctx, options, dataset, spec, &settings));
    TEST_OK(ctx, model_open(ctx, &model, spec));
    init_params(net_params(model.net), INIT_DEFAULT, 0, RANDOM_INIT_BACKBONE);
    params_changed(net_params(model.net));
    TEST_OK(ctx, NEW_ARRAY(ctx, &features, dataset->count * (size_t)model.dimension));
    TEST_OK(ctx, infer_rows(ctx, &model, dataset, NULL, dataset->count, &settings.plain, key, settings.inference_batch,
                            NULL, features, NULL));
    TEST_OK(ctx, head_train(ctx, &settings, dataset, &model, features, NULL, NULL, &result));
    assert_true(isfinite(result.selected_loss));
    head_result_close(ctx, &result);
    FREE_ARRAY(ctx, &features);
    model_close(ctx, &model);
}

static void step_joint(Context *ctx, const Options *options, const Dataset *dataset, const ModelSpec *spec) {
    JointSettings settings;
    JointTrainer *trainer = NULL;
    int32_t *labels;
    TEST_OK(ctx, settings_joint(ctx, options, dataset, spec, &settings));
    TEST_OK(ctx, NEW_ARRAY(ctx, &labels, dataset->count));
    for (size_t i = 0; i < dataset->count; i++)
        labels[i] = (int32_t)(i % (size_t)settings.model.clusters);
    TEST_OK(ctx, joint_open(ctx, &trainer, &settings, dataset, labels, NULL));
    for (int step = 0; step < 2; step++) {
        JointStep report;
        TEST_OK(ctx, joint_step(ctx, trainer, &report));
        assert_true(isfinite(report.labelled_loss) && isfinite(report.unlabelled_loss));
    }
    joint_close(ctx, &trainer);
    FREE_ARRAY(ctx, &labels);
}

/* A turn of each head. */
static void step_pica(Context *ctx, const Options *options, const Dataset *dataset) {
    PicaSettings settings;
    PicaTrainer *trainer = NULL;
    TEST_OK(ctx, settings_pica(ctx, options, dataset, &settings));
    TEST_OK(ctx, pica_open(ctx, &trainer, &settings, dataset, NULL));
    for (int step = 0; step < 2; step++) {
        PicaStep report;
        TEST_OK(ctx, pica_step(ctx, trainer, &report));
        assert_int_equal(report.overclustering, step == 0);
        assert_true(isfinite(report.loss.total) && report.loss.total > 0.0);
    }
    pica_close(ctx, &trainer);
}

static void step_spice(Context *ctx, const Options *options, const Dataset *dataset) {
    Scaling first, second;
    ModelSpec features, joint;
    TEST_OK(ctx, settings_scaling(ctx, options, "features", dataset, NULL, &first));
    TEST_OK(ctx, settings_scaling(ctx, options, "joint", dataset, &first, &second));
    TEST_OK(ctx, settings_model(ctx, options, "features", dataset, &first, &features));
    TEST_OK(ctx, settings_model(ctx, options, "joint", dataset, &second, &joint));
    step_features(ctx, options, dataset, &features);
    step_head(ctx, options, dataset, &features);
    step_joint(ctx, options, dataset, &joint);
}

static void test_recipe(void **state) {
    const RecipeCase *recipe = *state;
    Context *ctx = test_context_open();
    Options options = {0};
    Dataset dataset = {0};
    open_recipe(ctx, recipe, &options);
    make_pictures(ctx, &dataset, 2 * (size_t)atoi(recipe->clusters), recipe->side, recipe->channels);
    if (strcmp(options_text(&options, "run.method"), "pica") == 0)
        step_pica(ctx, &options, &dataset);
    else
        step_spice(ctx, &options, &dataset);
    dataset_close(ctx, &dataset);
    options_close(ctx, &options);
    test_context_close(&ctx);
}

/* A recipe without a case here would go untested. */
/* `embeddings` has no pictures and one stage, which tests/cli/embeddings runs. */
static void test_every_recipe_has_a_case(void **state) {
    (void)state;
    assert_int_equal(recipe_count(), CASE_COUNT + 1);
    assert_true(recipe_exists("embeddings"));
    for (size_t i = 0; i < CASE_COUNT; i++)
        assert_true(recipe_exists(cases[i].name));
}

int main(void) {
    struct CMUnitTest tests[CASE_COUNT + 1] = {cmocka_unit_test(test_every_recipe_has_a_case)};
    for (size_t i = 0; i < CASE_COUNT; i++)
        tests[i + 1] = (struct CMUnitTest){
            .name = cases[i].name, .test_func = test_recipe, .initial_state = (void *)(uintptr_t)&cases[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
