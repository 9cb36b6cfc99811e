#include "methods/spice/moco.h"

#include "support/method_support.h"

#define SIDE 16
#define BATCH 8
#define VIEW (BATCH * SIDE * SIDE * 3)

static MocoSettings golden_settings(void) {
    MocoSettings settings = {.model = small_model(16, SIDE, 3),
                             .steps = 12,
                             .batch = BATCH,
                             .queue = 16,
                             .temperature = 0.2f,
                             .momentum = 0.99f,
                             .ema_warmup = true,
                             .bn_groups = 1,
                             .optimiser = {.kind = OPTIMISER_SGD, .weight_decay = 1e-3f, .momentum = 0.9f},
                             .learning_rate = 0.05f,
                             .schedule = SCHEDULE_COSINE,
                             .step_schedule = true,
                             .policy = small_policy(POLICY_MOCO, 3),
                             .seed = 11};
    settings.model.projection = 12;
    return settings;
}

static char *golden_name(char path[128], const char *name, const char *part) {
    snprintf(path, 128, "spice/moco_%s_%s.npy", name, part);
    return path;
}

/* Of the first convolution, whose gradients have come through all others; the library's AVX2 kernels are the farthest.
 */
#define FIRST_TOLERANCE 5e-5

static void check_golden(const char *name, MocoSettings settings, size_t count, size_t steps, bool running) {
    Context *ctx = test_context_open();
    settings.model.direct_convolutions = 1; /* so few values to a mean amplify the rounding of transforms */
    static float query_views[VIEW], key_views[VIEW];
    char path[128], view[32];
    Dataset dataset = pictures_open(ctx, count, SIDE, 3, 4);
    MocoTrainer *trainer;
    double *losses = golden_double(ctx, golden_name(path, name, "losses"), NULL);
    double *correct = golden_double(ctx, golden_name(path, name, "correct"), NULL);
    float *queue = golden_float(ctx, golden_name(path, name, "queue"), NULL);
    TEST_OK(ctx, moco_open(ctx, &trainer, &settings, &dataset, NULL));
    hash_weights(net_params(moco_model(trainer)->net));
    hash_weights(net_params(moco_key_model(trainer)->net));
    for (size_t step = 0; step < steps; step++) {
        double loss, accuracy;
        snprintf(view, sizeof view, "view0.%zu", step);
        hash_fill(query_views, VIEW, view, 1.5f, 0.0f);
        snprintf(view, sizeof view, "view1.%zu", step);
        hash_fill(key_views, VIEW, view, 1.5f, 0.0f);
        TEST_OK(ctx, moco_step_on_views(ctx, trainer, query_views, key_views, &loss, &accuracy));
        if (fabs(loss - losses[step]) > 2e-5 * losses[step])
            fail_msg("%s step %zu: loss %.9g, expected %.9g", name, step, loss, losses[step]);
        assert_true(fabs(accuracy - correct[step]) < 1e-6);
    }
    assert_close(moco_queue(trainer, NULL), queue, settings.queue * 12, 2e-5, 0);
    assert_tensor(ctx, moco_model(trainer), "conv1.weight", golden_name(path, name, "query_conv1"), FIRST_TOLERANCE);
    assert_tensor(ctx, moco_model(trainer), "projection.2.weight", golden_name(path, name, "query_top"), 2e-5);
    assert_tensor(ctx, moco_key_model(trainer), "conv1.weight", golden_name(path, name, "key_conv1"), FIRST_TOLERANCE);
    if (running) {
        float *expected = golden_float(ctx, golden_name(path, name, "running"), NULL);
        assert_close(weights_of(moco_model(trainer), "layer4.1.bn2.running_mean", 128), expected, 128, 2e-5, 2e-5);
        assert_close(weights_of(moco_model(trainer), "layer4.1.bn2.running_var", 128), expected + 128, 128, 2e-5, 2e-5);
        FREE_ARRAY(ctx, &expected);
    }
    moco_close(ctx, &trainer);
    FREE_ARRAY(ctx, &losses);
    FREE_ARRAY(ctx, &correct);
    FREE_ARRAY(ctx, &queue);
    pictures_close(ctx, &dataset);
    test_context_close(&ctx);
}

static void test_epoch_schedule(void **state) {
    (void)state;
    MocoSettings settings = golden_settings();
    settings.queue = 8;
    settings.step_schedule = false;
    settings.steps = 12;
    check_golden("epoch", settings, 32, 5, true);
}

static void test_symmetric(void **state) {
    (void)state;
    MocoSettings settings = golden_settings();
    settings.symmetric = true;
    check_golden("symmetric", settings, 64, 3, true);
}

static void test_groups(void **state) {
    (void)state;
    MocoSettings settings = golden_settings();
    settings.bn_groups = 2;
    check_golden("groups", settings, 64, 3, false);
}

/* The losses of an epoch over a data set of 24 pictures and so many auxiliary ones of one grey value. */
static void losses_beside(double losses[6], size_t auxiliary_count, uint8_t value) {
    Context *ctx = test_context_open();
    MocoSettings settings = golden_settings();
    Dataset dataset = pictures_open(ctx, 24, SIDE, 3, 4), auxiliary = pictures_open(ctx, 24, SIDE, 3, 4);
    MocoTrainer *trainer;
    memset(auxiliary.pixels, value, auxiliary.count * SIDE * SIDE * 3);
    TEST_OK(ctx, moco_open(ctx, &trainer, &settings, &dataset, auxiliary_count > 0 ? &auxiliary : NULL));
    for (int step = 0; step < 6; step++) {
        double accuracy;
        TEST_OK(ctx, moco_step(ctx, trainer, &losses[step], &accuracy));
    }
    moco_close(ctx, &trainer);
    pictures_close(ctx, &dataset);
    pictures_close(ctx, &auxiliary);
    test_context_close(&ctx);
}

static void test_auxiliary(void **state) {
    (void)state;
    double alone[6], dark[6], bright[6];
    losses_beside(alone, 0, 0);
    losses_beside(dark, 24, 20);
    losses_beside(bright, 24, 220);
    assert_memory_not_equal(alone, dark, sizeof alone);
    assert_memory_not_equal(dark, bright, sizeof dark);
}

static void test_clip(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    MocoSettings settings = golden_settings();
    settings.batch = 128;
    settings.queue = 65536;
    settings.bn_groups = 4;
    settings.steps = 100000;
    MocoSettings large = settings;
    moco_settings_clip(ctx, &large, 1000000);
    assert_int_equal(large.batch, 128);
    assert_int_equal(large.queue, 65536);
    assert_int_equal(large.bn_groups, 4);
    assert_true(large.model.backbone.bn_momentum == 0.1f);
    assert_string_equal(test_state(ctx)->log, "");

    MocoSettings middle = settings;
    middle.steps = 20;
    moco_settings_clip(ctx, &middle, 13000);
    assert_int_equal(middle.queue, 3200); /* 25 batches; a quarter is 3250 */
    assert_true(middle.model.backbone.bn_momentum == 0.5f);
    assert_non_null(strstr(test_state(ctx)->log, "queue changed from 65536 to 3200"));
    assert_non_null(strstr(test_state(ctx)->log, "batch norm momentum raised from 0.1 to 0.5"));
    assert_int_equal(moco_steps_per_epoch(&middle, 13000), 101);

    MocoSettings few = settings;
    moco_settings_clip(ctx, &few, 21);
    assert_int_equal(few.batch, 21);
    assert_int_equal(few.queue, 21);
    assert_int_equal(few.bn_groups, 3);
    assert_int_equal(moco_steps_per_epoch(&few, 21), 1);
    test_context_close(&ctx);
}

static void run_steps(Context *ctx, const MocoSettings *settings, const Dataset *dataset, size_t steps, double *losses,
                      float *weights, size_t weight_count) {
    MocoTrainer *trainer;
    double accuracy;
    TEST_OK(ctx, moco_open(ctx, &trainer, settings, dataset, NULL));
    for (size_t step = 0; step < steps; step++)
        TEST_OK(ctx, moco_step(ctx, trainer, &losses[step], &accuracy));
    memcpy(weights, weights_of(moco_model(trainer), "layer4.1.conv2.weight", weight_count),
           weight_count * sizeof *weights);
    moco_close(ctx, &trainer);
}

/* On views that are easy to tell apart. log 17 is the loss of a network to which all pictures are alike. */
static void test_training(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    enum { STEPS = 36, WEIGHTS = 128 * 128 * 9 };
    static float first[WEIGHTS], second[WEIGHTS];
    double losses[STEPS], again[STEPS], late = 0.0;
    Dataset dataset = pictures_open(ctx, 70, SIDE, 3, 4);
    MocoSettings settings = golden_settings();
    settings.steps = STEPS;
    settings.batch = 16;
    settings.symmetric = true;
    settings.ema_warmup = false;
    settings.learning_rate = 0.01f;
    settings.policy.scale_min = 0.9f;
    settings.policy.jitter_probability = settings.policy.grey_probability = 0.0f;
    settings.policy.blur_probability = settings.policy.flip_probability = 0.0f;
    run_steps(ctx, &settings, &dataset, 5, losses, first, WEIGHTS);
    run_steps(ctx, &settings, &dataset, 5, again, second, WEIGHTS);
    assert_memory_equal(losses, again, 5 * sizeof *losses);
    assert_memory_equal(first, second, sizeof first);
    run_steps(ctx, &settings, &dataset, STEPS, losses, first, WEIGHTS);
    for (size_t i = STEPS - 8; i < STEPS; i++)
        late += losses[i] / 8.0;
    assert_true(late < 0.8 * log(17.0));
    pictures_close(ctx, &dataset);
    test_context_close(&ctx);
}

/* A queue of the encoder's own keys tells nothing apart at first; random directions do. Neighbours as positives change
 * nothing before the first epoch (4 steps) is over. */
static void test_short_schedules(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    enum { STEPS = 6, WEIGHTS = 128 * 128 * 9 };
    static float weights[WEIGHTS];
    double plain[STEPS], keys[STEPS], neighbours[STEPS];
    Dataset dataset = pictures_open(ctx, 32, SIDE, 3, 4);
    MocoSettings settings = golden_settings();
    run_steps(ctx, &settings, &dataset, STEPS, plain, weights, WEIGHTS);
    settings.queue_keys = true;
    settings.model.projection_norm = 1;
    run_steps(ctx, &settings, &dataset, 1, keys, weights, WEIGHTS);
    assert_true(keys[0] > plain[0] + 0.5);
    settings = golden_settings();
    settings.neighbours = 1.0f;
    for (int symmetric = 0; symmetric < 2; symmetric++) {
        settings.symmetric = symmetric != 0;
        run_steps(ctx, &settings, &dataset, STEPS, neighbours, weights, WEIGHTS);
        if (!settings.symmetric) assert_memory_equal(neighbours, plain, 4 * sizeof *plain);
        assert_true(neighbours[4] != plain[4]);
        /* The positive stands among the negatives too. */
        assert_true(neighbours[4] > log(2.0));
    }
    pictures_close(ctx, &dataset);
    test_context_close(&ctx);
}

static void test_few_pictures(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    static float weights[128 * 128 * 9];
    double losses[2];
    Dataset dataset = pictures_open(ctx, 20, SIDE, 3, 4);
    MocoSettings settings = golden_settings();
    settings.batch = 128;
    settings.queue = 65536;
    settings.bn_groups = 4;
    settings.symmetric = true;
    run_steps(ctx, &settings, &dataset, 2, losses, weights, sizeof weights / sizeof *weights);
    pictures_close(ctx, &dataset);
    test_context_close(&ctx);
}

static void test_errors(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    Dataset dataset = pictures_open(ctx, 32, SIDE, 3, 4);
    MocoSettings settings = golden_settings();
    MocoTrainer *trainer;
    double loss, accuracy;
    settings.policy.size = SIDE + 1;
    TEST_FAILS(ctx, SPICA_ERROR_DATA, "16 x 16 x 3, but views are 17 x 17 x 3",
               moco_open(ctx, &trainer, &settings, &dataset, NULL));
    settings.policy.size = SIDE;
    settings.learning_rate = INFINITY;
    TEST_OK(ctx, moco_open(ctx, &trainer, &settings, &dataset, NULL));
    TEST_OK(ctx, moco_step(ctx, trainer, &loss, &accuracy));
    TEST_FAILS(ctx, SPICA_ERROR_NUMERIC, "step 1", moco_step(ctx, trainer, &loss, &accuracy));
    moco_close(ctx, &trainer);
    pictures_close(ctx, &dataset);
    test_context_close(&ctx);
}

/* Whatever allocation fails, everything is freed. */
static void test_memory(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    Dataset dataset = pictures_open(ctx, 32, SIDE, 3, 4);
    MocoSettings settings = golden_settings();
    settings.symmetric = true;
    settings.bn_groups = 2;
    MocoTrainer *trainer;
    Status status = SPICA_ERROR_MEMORY;
    for (int64_t i = 0; status != SPICA_OK; i += 13) {
        test_state(ctx)->allocations = 0;
        test_state(ctx)->fail_at = i;
        status = moco_open(ctx, &trainer, &settings, &dataset, NULL);
        if (status == SPICA_OK) break;
        assert_int_equal(status, SPICA_ERROR_MEMORY);
        assert_null(trainer);
    }
    test_state(ctx)->fail_at = -1;
    moco_close(ctx, &trainer);
    pictures_close(ctx, &dataset);
    test_context_close(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_epoch_schedule),  cmocka_unit_test(test_symmetric),
        cmocka_unit_test(test_groups),          cmocka_unit_test(test_clip),
        cmocka_unit_test(test_auxiliary),       cmocka_unit_test(test_training),
        cmocka_unit_test(test_short_schedules), cmocka_unit_test(test_few_pictures),
        cmocka_unit_test(test_errors),          cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
