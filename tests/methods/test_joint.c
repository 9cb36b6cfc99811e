#include "methods/spice/joint.h"

#include "nn/init.h"
#include "support/method_support.h"

#define SIDE 16
#define LABELLED 4
#define UNLABELLED 8
#define VIEW (SIDE * SIDE * 3)

static JointSettings golden_settings(void) {
    JointSettings settings = {.model = small_model(16, SIDE, 3),
                              .steps = 40,
                              .batch = LABELLED,
                              .ratio = UNLABELLED / LABELLED,
                              .threshold = 0.36f,
                              .unlabelled_weight = 0.7f,
                              .one_forward = true,
                              .ema = 0.999f,
                              .ema_warmup = true,
                              .optimiser = {.kind = OPTIMISER_SGD,
                                            .decay_rule = DECAY_ALL_BUT_NORMS,
                                            .weight_decay = 5e-3f,
                                            .momentum = 0.9f,
                                            .nesterov = true},
                              .learning_rate = 0.01f,
                              .weak = small_policy(POLICY_WEAK, 3),
                              .strong = small_policy(POLICY_STRONG, 3),
                              .seed = 2};
    settings.model.clusters = 5;
    return settings;
}

/* A model with the formula's weights, to start from. */
static void open_start(Context *ctx, Model *start, const ModelSpec *spec) {
    TEST_OK(ctx, model_open(ctx, start, spec));
    init_params(net_params(start->net), INIT_DEFAULT, 0, RANDOM_INIT_BACKBONE);
    hash_weights(net_params(start->net));
}

/* Every third picture is not reliable. */
static void fill_reliable(int32_t *reliable, size_t count, int32_t classes) {
    for (size_t i = 0; i < count; i++)
        reliable[i] = i % 3 == 2 ? -1 : (int32_t)i % classes;
}

static void golden_step(Context *ctx, JointTrainer *trainer, size_t step, JointStep *report) {
    static float labelled[LABELLED * VIEW], weak[UNLABELLED * VIEW], strong[UNLABELLED * VIEW];
    int32_t labels[LABELLED];
    char name[32];
    snprintf(name, sizeof name, "labelledg.%zu", step);
    hash_fill(labelled, LABELLED * VIEW, name, 1.5f, 0.0f);
    snprintf(name, sizeof name, "weakg.%zu", step);
    hash_fill(weak, UNLABELLED * VIEW, name, 1.5f, 0.0f);
    snprintf(name, sizeof name, "strongg.%zu", step);
    hash_fill(strong, UNLABELLED * VIEW, name, 1.5f, 0.0f);
    for (size_t i = 0; i < LABELLED; i++)
        labels[i] = (int32_t)((3 * step + i) % 5);
    const JointViews views = {
        .labelled = labelled, .labels = labels, .unlabelled_weak = weak, .unlabelled_strong = strong};
    TEST_OK(ctx, joint_step_on_views(ctx, trainer, &views, report));
}

static char *golden_name(char path[128], const char *name, const char *part) {
    snprintf(path, 128, "spice/joint_%s_%s.npy", name, part);
    return path;
}

static void check_golden(const char *name, bool one_forward, int groups, float threshold) {
    Context *ctx = test_context_open();
    enum { COUNT = 40 };
    char path[128];
    int32_t reliable[COUNT];
    fill_reliable(reliable, COUNT, 5);
    Dataset dataset = pictures_open(ctx, COUNT, SIDE, 3, 5);
    JointSettings settings = golden_settings();
    settings.one_forward = one_forward;
    settings.bn_groups = groups;
    settings.threshold = threshold;
    settings.model.direct_convolutions = 1; /* so few values to a mean amplify the rounding of transforms */
    Model start;
    JointTrainer *trainer;
    double *losses = golden_double(ctx, golden_name(path, name, "losses"), NULL);
    double *used = golden_double(ctx, golden_name(path, name, "used"), NULL);
    open_start(ctx, &start, &settings.model);
    TEST_OK(ctx, joint_open(ctx, &trainer, &settings, &dataset, reliable, &start));
    for (size_t step = 0; step < 3; step++) {
        JointStep report;
        golden_step(ctx, trainer, step, &report);
        if (fabs(report.labelled_loss - losses[2 * step]) > 2e-5 ||
            fabs(report.unlabelled_loss - losses[2 * step + 1]) > 2e-5)
            fail_msg("%s step %zu: losses %.9g and %.9g, expected %.9g and %.9g", name, step, report.labelled_loss,
                     report.unlabelled_loss, losses[2 * step], losses[2 * step + 1]);
        assert_true(fabs(report.used - used[step]) < 1e-6);
    }
    Model *model = joint_trained_model(trainer), *average = joint_model(trainer);
    assert_tensor(ctx, model, "conv1.weight", golden_name(path, name, "conv1"), 2e-5);
    assert_tensor(ctx, model, "head.2.weight", golden_name(path, name, "top"), 2e-5);
    assert_tensor(ctx, model, "layer2.0.downsample.1.weight", golden_name(path, name, "norm"), 2e-5);
    assert_tensor(ctx, average, "conv1.weight", golden_name(path, name, "average_conv1"), 2e-5);
    float *running = golden_float(ctx, golden_name(path, name, "average_running"), NULL);
    assert_close(weights_of(average, "bn1.running_mean", 16), running, 16, 1e-6, 1e-6);
    assert_close(weights_of(average, "bn1.running_var", 16), running + 16, 16, 1e-6, 1e-6);
    FREE_ARRAY(ctx, &running);
    FREE_ARRAY(ctx, &losses);
    FREE_ARRAY(ctx, &used);
    joint_close(ctx, &trainer);
    model_close(ctx, &start);
    pictures_close(ctx, &dataset);
    test_context_close(&ctx);
}

static void test_one_forward(void **state) {
    (void)state;
    check_golden("one", true, 1, 0.36f);
}

static void test_two_forwards(void **state) {
    (void)state;
    check_golden("two", false, 1, 0.36f);
}

/* 4 labelled, 8 weak and 8 strong views in two groups of 10. */
static void test_groups(void **state) {
    (void)state;
    check_golden("groups", true, 2, 0.38f);
}

static void test_clip(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    JointSettings settings = golden_settings();
    settings.batch = 64;
    settings.ratio = 7;
    settings.steps = 1 << 20;
    settings.model.backbone.bn_momentum = 0.001f;
    JointSettings large = settings;
    joint_settings_clip(ctx, &large, 70000);
    assert_int_equal(large.batch, 64);
    assert_int_equal(large.ratio, 7);
    assert_true(large.model.backbone.bn_momentum == 0.001f);
    assert_string_equal(test_state(ctx)->log, "");
    settings.steps = 1000;
    joint_settings_clip(ctx, &settings, 200);
    assert_int_equal(settings.batch, 64);
    assert_int_equal(settings.ratio, 3);
    assert_true(settings.model.backbone.bn_momentum == 0.01f);
    joint_settings_clip(ctx, &settings, 20);
    assert_int_equal(settings.batch, 20);
    assert_int_equal(settings.ratio, 1);
    test_context_close(&ctx);
}

/* Fresh weights on easy pictures: the labelled loss falls, the same steps give the same bits. */
static void run_steps(Context *ctx, const JointSettings *settings, const Dataset *dataset, const int32_t *reliable,
                      size_t steps, JointStep *reports) {
    JointTrainer *trainer;
    TEST_OK(ctx, joint_open(ctx, &trainer, settings, dataset, reliable, NULL));
    for (size_t step = 0; step < steps; step++)
        TEST_OK(ctx, joint_step(ctx, trainer, &reports[step]));
    joint_close(ctx, &trainer);
}

static void test_training(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    enum { STEPS = 16, COUNT = 60 };
    int32_t reliable[COUNT];
    fill_reliable(reliable, COUNT, 5);
    Dataset dataset = pictures_open(ctx, COUNT, SIDE, 3, 5);
    JointStep first[STEPS] = {0}, second[STEPS] = {0};
    for (int one_forward = 0; one_forward < 2; one_forward++) {
        JointSettings settings = golden_settings();
        settings.one_forward = one_forward != 0;
        settings.batch = 20;
        settings.ratio = 1;
        settings.steps = STEPS;
        run_steps(ctx, &settings, &dataset, reliable, STEPS, first);
        run_steps(ctx, &settings, &dataset, reliable, 3, second);
        assert_memory_equal(first, second, 3 * sizeof *first);
        assert_true(first[STEPS - 1].labelled_loss + first[STEPS - 2].labelled_loss <
                    first[0].labelled_loss + first[1].labelled_loss);
    }
    pictures_close(ctx, &dataset);
    test_context_close(&ctx);
}

static void test_few_pictures(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    enum { COUNT = 20 };
    int32_t reliable[COUNT];
    for (int32_t i = 0; i < COUNT; i++)
        reliable[i] = i == 7 ? 3 : -1;
    Dataset dataset = pictures_open(ctx, COUNT, SIDE, 3, 5);
    JointSettings settings = golden_settings();
    JointStep reports[2];
    settings.batch = 64;
    settings.ratio = 7;
    settings.model.clusters = COUNT;
    run_steps(ctx, &settings, &dataset, reliable, 2, reports);
    pictures_close(ctx, &dataset);
    test_context_close(&ctx);
}

static void test_errors(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    enum { COUNT = 20 };
    int32_t reliable[COUNT];
    Dataset dataset = pictures_open(ctx, COUNT, SIDE, 3, 5);
    JointSettings settings = golden_settings();
    JointTrainer *trainer;
    JointStep report;
    for (size_t i = 0; i < COUNT; i++)
        reliable[i] = -1;
    TEST_FAILS(ctx, SPICA_ERROR_INTERNAL, "no picture is labelled",
               joint_open(ctx, &trainer, &settings, &dataset, reliable, NULL));
    fill_reliable(reliable, COUNT, 5);
    Model start;
    ModelSpec wider = settings.model;
    wider.clusters = 6;
    open_start(ctx, &start, &wider);
    TEST_FAILS(ctx, SPICA_ERROR_WEIGHTS, "head.2.weight",
               joint_open(ctx, &trainer, &settings, &dataset, reliable, &start));
    settings.learning_rate = INFINITY;
    TEST_OK(ctx, joint_open(ctx, &trainer, &settings, &dataset, reliable, NULL));
    TEST_OK(ctx, joint_step(ctx, trainer, &report));
    TEST_FAILS(ctx, SPICA_ERROR_NUMERIC, "step 1", joint_step(ctx, trainer, &report));
    joint_close(ctx, &trainer);
    model_close(ctx, &start);
    pictures_close(ctx, &dataset);
    test_context_close(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_forward), cmocka_unit_test(test_two_forwards), cmocka_unit_test(test_groups),
        cmocka_unit_test(test_clip),        cmocka_unit_test(test_training),     cmocka_unit_test(test_few_pictures),
        cmocka_unit_test(test_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
