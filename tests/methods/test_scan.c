#include "methods/scan/scan.h"
#include "methods/scan/self_label.h"

#include "nn/init.h"
#include "support/method_support.h"

#define SIDE 16
#define BATCH 8
#define CLUSTERS 5
#define VIEWS (BATCH * SIDE * SIDE * 3)
#define COUNT 32
#define EACH 4

static ModelSpec clustering_model(void) {
    ModelSpec model = small_model(16, SIDE, 3);
    model.head_linear = 1;
    model.clusters = CLUSTERS;
    return model;
}

static const OptimiserSettings adam = {.kind = OPTIMISER_ADAM, .weight_decay = 1e-4f};

static ScanSettings scan_settings(void) {
    return (ScanSettings){.model = clustering_model(),
                          .epochs = 100.0,
                          .batch = BATCH,
                          .entropy_weight = 5.0f,
                          .optimiser = adam,
                          .learning_rate = 1e-3f,
                          .strong = small_policy(POLICY_STRONG, 3),
                          .seed = 3};
}

static SelfLabelSettings label_settings(void) {
    return (SelfLabelSettings){.model = clustering_model(),
                               .epochs = 100.0,
                               .batch = BATCH,
                               .threshold = 0.3f,
                               .balanced = true,
                               .optimiser = adam,
                               .learning_rate = 1e-3f,
                               .plain = small_policy(POLICY_NONE, 3),
                               .strong = small_policy(POLICY_STRONG, 3),
                               .seed = 3};
}

/* A model with the formula's weights. */
static void open_model(Context *ctx, Model *model, const ModelSpec *spec) {
    TEST_OK(ctx, model_open(ctx, model, spec));
    init_params(net_params(model->net), INIT_DEFAULT, 0, RANDOM_INIT_BACKBONE);
    hash_weights(net_params(model->net));
}

/* Every picture has itself and the next ones of its class for neighbours. */
static void fill_neighbours(int32_t *neighbours, size_t classes) {
    for (size_t i = 0; i < COUNT; i++)
        for (size_t j = 0; j < EACH; j++)
            neighbours[i * EACH + j] = (int32_t)((i + j * classes) % COUNT);
}

static void fill_views(float *views, const char *part, size_t step) {
    char name[32];
    snprintf(name, sizeof name, "%s.%zu", part, step);
    hash_fill(views, VIEWS, name, 1.5f, 0.0f);
}

/* Adam's first steps are +-rate whatever the gradient's size, so that rounding turns the sign of a few that are near 0.
 */
static void check_model(Context *ctx, Model *model, const char *name) {
    char path[64];
    snprintf(path, sizeof path, "scan/%s_conv1.npy", name);
    assert_tensor(ctx, model, "conv1.weight", path, 2e-3);
    snprintf(path, sizeof path, "scan/%s_head.npy", name);
    assert_tensor(ctx, model, "head.0.weight", path, 2e-3);
    snprintf(path, sizeof path, "scan/%s_running.npy", name);
    float *running = golden_float(ctx, path, NULL);
    assert_close(weights_of(model, "layer4.1.bn2.running_mean", 128), running, 128, 2e-3, 2e-3);
    assert_close(weights_of(model, "layer4.1.bn2.running_var", 128), running + 128, 128, 2e-3, 2e-3);
    FREE_ARRAY(ctx, &running);
}

static void test_scan_steps(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    static float views[2 * VIEWS];
    ScanSettings settings = scan_settings();
    settings.model.direct_convolutions = 1; /* so few values to a mean amplify the rounding of transforms */
    const ModelSpec backbone = small_model(16, SIDE, 3);
    Dataset dataset = pictures_open(ctx, COUNT, SIDE, 3, 4);
    int32_t neighbours[COUNT * EACH];
    Model features;
    ScanTrainer *trainer;
    fill_neighbours(neighbours, 4);
    open_model(ctx, &features, &backbone);
    TEST_OK(ctx, scan_open(ctx, &trainer, &settings, &dataset, neighbours, EACH, &features));
    /* The backbone is the features'; the head is its own. */
    assert_memory_equal(weights_of(scan_model(trainer), "conv1.weight", 16 * 27),
                        weights_of(&features, "conv1.weight", 16 * 27), 16 * 27 * sizeof(float));
    hash_weights(net_params(scan_model(trainer)->net));
    double *losses = golden_double(ctx, "scan/training_losses.npy", NULL);
    for (size_t step = 0; step < 4; step++) {
        ScanLoss loss;
        fill_views(views, "anchors", step);
        fill_views(views + VIEWS, "neighbours", step);
        TEST_OK(ctx, scan_step_on_views(ctx, trainer, views, &loss));
        if (fabs(loss.total - losses[step]) > 1e-3)
            fail_msg("step %zu: loss %.9g, expected %.9g", step, loss.total, losses[step]);
    }
    check_model(ctx, scan_model(trainer), "training");
    FREE_ARRAY(ctx, &losses);
    scan_close(ctx, &trainer);
    model_close(ctx, &features);
    pictures_close(ctx, &dataset);
    test_context_close(&ctx);
}

static void test_label_steps(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    static float plain[VIEWS], strong[VIEWS];
    SelfLabelSettings settings = label_settings();
    settings.model.direct_convolutions = 1; /* so few values to a mean amplify the rounding of transforms */
    Dataset dataset = pictures_open(ctx, COUNT, SIDE, 3, 4);
    Model start;
    SelfLabelTrainer *trainer;
    open_model(ctx, &start, &settings.model);
    TEST_OK(ctx, self_label_open(ctx, &trainer, &settings, &dataset, &start));
    double *losses = golden_double(ctx, "scan/labelling_losses.npy", NULL);
    double *used = golden_double(ctx, "scan/labelling_used.npy", NULL);
    for (size_t step = 0; step < 4; step++) {
        SelfLabelStep report;
        fill_views(plain, "plain", step);
        fill_views(strong, "strong", step);
        TEST_OK(ctx, self_label_step_on_views(ctx, trainer, plain, strong, &report));
        if (fabs(report.loss - losses[step]) > 2e-3)
            fail_msg("step %zu: loss %.9g, expected %.9g", step, report.loss, losses[step]);
        assert_true(fabs(report.used - used[step]) < 1e-9);
    }
    check_model(ctx, self_label_model(trainer), "labelling");
    FREE_ARRAY(ctx, &losses);
    FREE_ARRAY(ctx, &used);
    self_label_close(ctx, &trainer);
    model_close(ctx, &start);
    pictures_close(ctx, &dataset);
    test_context_close(&ctx);
}

/* Without a sure picture no weight moves; batch norm's running statistics do. */
static void test_unsure(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    SelfLabelSettings settings = label_settings();
    settings.threshold = 1.0f;
    Dataset dataset = pictures_open(ctx, COUNT, SIDE, 3, 4);
    Model start;
    SelfLabelTrainer *trainer;
    SelfLabelStep report;
    open_model(ctx, &start, &settings.model);
    TEST_OK(ctx, self_label_open(ctx, &trainer, &settings, &dataset, &start));
    TEST_OK(ctx, self_label_step(ctx, trainer, &report));
    assert_true(report.used == 0.0 && report.loss == 0.0);
    assert_memory_equal(weights_of(self_label_model(trainer), "head.0.weight", CLUSTERS * 128),
                        weights_of(&start, "head.0.weight", CLUSTERS * 128), CLUSTERS * 128 * sizeof(float));
    self_label_close(ctx, &trainer);
    model_close(ctx, &start);
    pictures_close(ctx, &dataset);
    test_context_close(&ctx);
}

static void train(Context *ctx, const Dataset *dataset, const int32_t *neighbours, const Model *features, size_t steps,
                  ScanLoss *losses) {
    const ScanSettings settings = scan_settings();
    ScanTrainer *trainer;
    TEST_OK(ctx, scan_open(ctx, &trainer, &settings, dataset, neighbours, EACH, features));
    for (size_t step = 0; step < steps; step++)
        TEST_OK(ctx, scan_step(ctx, trainer, &losses[step]));
    scan_close(ctx, &trainer);
}

/* On easy pictures the loss falls; the same steps give the same bits. */
static void test_training(void **state) {
    (void)state;
    enum { STEPS = 24 };
    Context *ctx = test_context_open();
    const ModelSpec backbone = small_model(16, SIDE, 3);
    Dataset dataset = pictures_open(ctx, COUNT, SIDE, 3, 4);
    int32_t neighbours[COUNT * EACH];
    ScanLoss first[STEPS], second[3];
    Model features;
    double before = 0.0, after = 0.0;
    fill_neighbours(neighbours, 4);
    TEST_OK(ctx, model_open(ctx, &features, &backbone));
    init_params(net_params(features.net), INIT_DEFAULT, 0, RANDOM_INIT_BACKBONE);
    train(ctx, &dataset, neighbours, &features, STEPS, first);
    train(ctx, &dataset, neighbours, &features, 3, second);
    assert_memory_equal(first, second, sizeof second);
    for (size_t step = 0; step < 4; step++) {
        before += first[step].total;
        after += first[STEPS - 1 - step].total;
    }
    assert_true(after < before);
    model_close(ctx, &features);
    pictures_close(ctx, &dataset);
    test_context_close(&ctx);
}

/* A trainer that is given another one's state goes on with the same bits. */
static void move_state(Context *ctx, const StateParts *from, const StateParts *to) {
    assert_int_equal(from->count, to->count);
    for (size_t i = 0; i < from->count; i++) {
        assert_string_equal(from->parts[i].name, to->parts[i].name);
        assert_int_equal(from->parts[i].bytes, to->parts[i].bytes);
        memcpy(to->parts[i].place, from->parts[i].place, from->parts[i].bytes);
        if (to->parts[i].version != NULL) ++*to->parts[i].version;
    }
    (void)ctx;
}

static void test_scan_state(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const ScanSettings settings = scan_settings();
    const ModelSpec backbone = small_model(16, SIDE, 3);
    Dataset dataset = pictures_open(ctx, COUNT, SIDE, 3, 4);
    int32_t neighbours[COUNT * EACH];
    ScanTrainer *trainers[2];
    StateParts parts[2] = {{0}};
    ScanLoss losses[2];
    Model features;
    fill_neighbours(neighbours, 4);
    open_model(ctx, &features, &backbone);
    for (int t = 0; t < 2; t++) {
        TEST_OK(ctx, scan_open(ctx, &trainers[t], &settings, &dataset, neighbours, EACH, &features));
        TEST_OK(ctx, scan_state(ctx, trainers[t], &parts[t]));
    }
    for (size_t step = 0; step < 5; step++)
        TEST_OK(ctx, scan_step(ctx, trainers[0], &losses[0]));
    move_state(ctx, &parts[0], &parts[1]);
    for (int t = 0; t < 2; t++)
        TEST_OK(ctx, scan_step(ctx, trainers[t], &losses[t]));
    assert_memory_equal(&losses[0], &losses[1], sizeof losses[0]);
    for (int t = 0; t < 2; t++) {
        state_parts_close(ctx, &parts[t]);
        scan_close(ctx, &trainers[t]);
    }
    model_close(ctx, &features);
    pictures_close(ctx, &dataset);
    test_context_close(&ctx);
}

static void test_label_state(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const SelfLabelSettings settings = label_settings();
    Dataset dataset = pictures_open(ctx, COUNT, SIDE, 3, 4);
    SelfLabelTrainer *trainers[2];
    StateParts parts[2] = {{0}};
    SelfLabelStep reports[2];
    Model start;
    open_model(ctx, &start, &settings.model);
    for (int t = 0; t < 2; t++) {
        TEST_OK(ctx, self_label_open(ctx, &trainers[t], &settings, &dataset, &start));
        TEST_OK(ctx, self_label_state(ctx, trainers[t], &parts[t]));
    }
    for (size_t step = 0; step < 3; step++)
        TEST_OK(ctx, self_label_step(ctx, trainers[0], &reports[0]));
    move_state(ctx, &parts[0], &parts[1]);
    for (int t = 0; t < 2; t++)
        TEST_OK(ctx, self_label_step(ctx, trainers[t], &reports[t]));
    assert_memory_equal(&reports[0], &reports[1], sizeof reports[0]);
    for (int t = 0; t < 2; t++) {
        state_parts_close(ctx, &parts[t]);
        self_label_close(ctx, &trainers[t]);
    }
    model_close(ctx, &start);
    pictures_close(ctx, &dataset);
    test_context_close(&ctx);
}

static void test_clip(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    ScanSettings scan = scan_settings();
    SelfLabelSettings label = label_settings();
    scan.batch = 128;
    scan.epochs = 2.5;
    assert_int_equal(scan_steps(&scan, 1280), 25);
    scan_settings_clip(ctx, &scan, 40);
    assert_int_equal(scan.batch, 40);
    label.epochs = 0.001;
    label.batch = 1000;
    assert_int_equal(self_label_steps(&label, 40), 1);
    self_label_settings_clip(ctx, &label, 40);
    assert_int_equal(label.batch, 40);
    test_context_close(&ctx);
}

static void test_errors(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const ModelSpec backbone = small_model(16, SIDE, 3);
    ModelSpec wider = small_model(32, SIDE, 3);
    Dataset dataset = pictures_open(ctx, COUNT, SIDE, 3, 4);
    int32_t neighbours[COUNT * EACH];
    ScanSettings scan = scan_settings();
    SelfLabelSettings label = label_settings();
    Model features, other;
    ScanTrainer *trainer;
    SelfLabelTrainer *labeller;
    ScanLoss loss;
    fill_neighbours(neighbours, 4);
    open_model(ctx, &features, &backbone);
    open_model(ctx, &other, &wider);
    TEST_FAILS(ctx, SPICA_ERROR_WEIGHTS, "scan: the weights to start from have no fitting tensor conv1.weight",
               scan_open(ctx, &trainer, &scan, &dataset, neighbours, EACH, &other));
    TEST_FAILS(ctx, SPICA_ERROR_WEIGHTS, "no fitting tensor head.0.weight",
               self_label_open(ctx, &labeller, &label, &dataset, &features));
    scan.strong.size = 8;
    TEST_FAILS(ctx, SPICA_ERROR_DATA, "scan: the model reads pictures of 16 x 16 x 3",
               scan_open(ctx, &trainer, &scan, &dataset, neighbours, EACH, &features));
    scan.strong.size = 0;
    scan.learning_rate = INFINITY;
    TEST_OK(ctx, scan_open(ctx, &trainer, &scan, &dataset, neighbours, EACH, &features));
    TEST_OK(ctx, scan_step(ctx, trainer, &loss));
    TEST_FAILS(ctx, SPICA_ERROR_NUMERIC, "scan: the loss is not finite at step 1", scan_step(ctx, trainer, &loss));
    scan_close(ctx, &trainer);
    model_close(ctx, &features);
    model_close(ctx, &other);
    pictures_close(ctx, &dataset);
    test_context_close(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scan_steps), cmocka_unit_test(test_label_steps), cmocka_unit_test(test_unsure),
        cmocka_unit_test(test_training),   cmocka_unit_test(test_scan_state),  cmocka_unit_test(test_label_state),
        cmocka_unit_test(test_clip),       cmocka_unit_test(test_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
