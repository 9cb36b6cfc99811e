#include "methods/pica/pica.h"

#include "support/method_support.h"

#define VIEWS_MOST (64 * 16 * 16 * 3)

static PicaSettings golden_settings(int side, size_t batch, int repeats, int clusters, int overclusters, float rate) {
    PicaSettings settings = {.model = small_model(16, side, 3),
                             .epochs = 10.0,
                             .turn = 0.5,
                             .batch = batch,
                             .repeats = repeats,
                             .entropy_weight = 2.0f,
                             .optimiser = {.kind = OPTIMISER_ADAM},
                             .learning_rate = rate,
                             .original = small_policy(POLICY_NONE, 3),
                             .perturbed = small_policy(POLICY_PICA, 3),
                             .seed = 5};
    settings.perturbed.sobel = 0;
    settings.model.head_linear = 1;
    settings.model.clusters = clusters;
    settings.model.overclusters = overclusters;
    return settings;
}

/* The batches of make_pica.py's train: so many originals in turn, of which the copies have 0.75, and some noise. */
typedef struct GoldenBatches {
    size_t period;
    float noise;
} GoldenBatches;

static void golden_step(Context *ctx, PicaTrainer *trainer, const PicaSettings *settings, GoldenBatches batches,
                        size_t step, PicaStep *report) {
    static float originals[VIEWS_MOST], perturbed[VIEWS_MOST];
    const size_t floats = settings->batch * (size_t)(settings->model.height * settings->model.width * 3);
    const size_t copies = floats * (size_t)settings->repeats;
    char name[32];
    assert_true(copies <= VIEWS_MOST);
    snprintf(name, sizeof name, "original.%zu", step % batches.period);
    hash_fill(originals, floats, name, 1.5f, 0.0f);
    snprintf(name, sizeof name, "noise.%zu", step);
    hash_fill(perturbed, copies, name, 1.5f, 0.0f);
    for (size_t i = 0; i < copies; i++)
        perturbed[i] = 0.75f * originals[i % floats] + batches.noise * perturbed[i];
    TEST_OK(ctx, pica_step_on_views(ctx, trainer, originals, perturbed, report));
}

static void check_losses(Context *ctx, PicaTrainer *trainer, const PicaSettings *settings, GoldenBatches batches,
                         const char *golden, double tolerance) {
    size_t steps;
    double *losses = golden_double(ctx, golden, &steps);
    hash_weights(net_params(pica_model(trainer)->net));
    for (size_t step = 0; step < steps; step++) {
        PicaStep report;
        golden_step(ctx, trainer, settings, batches, step, &report);
        if (fabs(report.loss.total - losses[step]) > tolerance * losses[step])
            fail_msg("step %zu: loss %.9g, expected %.9g", step, report.loss.total, losses[step]);
    }
    FREE_ARRAY(ctx, &losses);
}

static void test_short(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    PicaSettings settings = golden_settings(16, 8, 3, 4, 10, 1e-3f);
    settings.model.direct_convolutions = 1;             /* so few values to a mean amplify the rounding of transforms */
    Dataset dataset = pictures_open(ctx, 32, 16, 3, 4); /* turns of 2 steps */
    PicaTrainer *trainer;
    TEST_OK(ctx, pica_open(ctx, &trainer, &settings, &dataset, NULL));
    check_losses(ctx, trainer, &settings, (GoldenBatches){8, 0.5f}, "pica/short_losses.npy", 2e-4);
    Model *model = pica_model(trainer);
    /* Measured: 3.3e-5 at most. Adam's first steps are +-rate whatever the gradient's size, so that one sign that
     * rounding turned would show as 2e-3. */
    assert_tensor(ctx, model, "conv1.weight", "pica/short_conv1.npy", 2e-4);
    assert_tensor(ctx, model, "head.0.weight", "pica/short_head.npy", 2e-4);
    assert_tensor(ctx, model, "overclustering_head.0.weight", "pica/short_overclustering_head.npy", 2e-4);
    float *running = golden_float(ctx, "pica/short_running.npy", NULL);
    assert_close(weights_of(model, "layer4.1.bn2.running_mean", 128), running, 128, 2e-3, 2e-4);
    assert_close(weights_of(model, "layer4.1.bn2.running_var", 128), running + 128, 128, 2e-3, 2e-4);
    FREE_ARRAY(ctx, &running);
    pica_close(ctx, &trainer);
    pictures_close(ctx, &dataset);
    test_context_close(&ctx);
}

/* 300 steps beside PyTorch's. */
static void test_long(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const PicaSettings settings = golden_settings(8, 32, 2, 5, 12, 1e-5f);
    Dataset dataset = pictures_open(ctx, 256, 8, 3, 4); /* turns of 4 steps */
    PicaTrainer *trainer;
    TEST_OK(ctx, pica_open(ctx, &trainer, &settings, &dataset, NULL));
    check_losses(ctx, trainer, &settings, (GoldenBatches){2, 0.2f}, "pica/long_losses.npy", 1e-3);
    pica_close(ctx, &trainer);
    pictures_close(ctx, &dataset);
    test_context_close(&ctx);
}

/* Whose turn it is, without and with auxiliary pictures. */
static void test_turns(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    PicaSettings settings = golden_settings(16, 8, 1, 4, 6, 1e-4f);
    Dataset dataset = pictures_open(ctx, 24, 16, 3, 4), auxiliary = pictures_open(ctx, 16, 16, 3, 4);
    PicaTrainer *trainer;
    settings.turn = 1.0;
    assert_int_equal(pica_steps_per_epoch(&settings, 24, 16), 5 + 3);
    assert_int_equal(pica_steps(&settings, 24, 16), 80);
    TEST_OK(ctx, pica_open(ctx, &trainer, &settings, &dataset, &auxiliary));
    for (int step = 0; step < 16; step++) {
        PicaStep report;
        TEST_OK(ctx, pica_step(ctx, trainer, &report));
        assert_int_equal(report.overclustering, step % 8 < 5);
    }
    pica_close(ctx, &trainer);
    /* Whole turns of both heads, also where one turn would be longer than the training. */
    settings.epochs = 1.3;
    assert_int_equal(pica_steps(&settings, 24, 16), 16);
    settings.epochs = 0.3;
    assert_int_equal(pica_steps(&settings, 24, 16), 3);
    TEST_OK(ctx, pica_open(ctx, &trainer, &settings, &dataset, &auxiliary));
    for (int step = 0; step < 3; step++) {
        PicaStep report;
        assert_int_equal(pica_turns_are_even(trainer), step == 0);
        TEST_OK(ctx, pica_step(ctx, trainer, &report));
        assert_int_equal(report.overclustering, step < 2);
    }
    assert_true(pica_turns_are_even(trainer));
    pica_close(ctx, &trainer);
    settings.model.overclusters = 0;
    assert_int_equal(pica_steps_per_epoch(&settings, 24, 0), 3);
    assert_int_equal(pica_steps(&settings, 24, 0), 1); /* no turns */
    TEST_OK(ctx, pica_open(ctx, &trainer, &settings, &dataset, NULL));
    for (int step = 0; step < 4; step++) {
        PicaStep report;
        TEST_OK(ctx, pica_step(ctx, trainer, &report));
        assert_false(report.overclustering);
    }
    pica_close(ctx, &trainer);
    pictures_close(ctx, &dataset);
    pictures_close(ctx, &auxiliary);
    test_context_close(&ctx);
}

/* What a step on the first golden views adds to the formula's weights; owned by the caller. */
static float *weight_change(Context *ctx, PicaTrainer *trainer, const PicaSettings *settings, PicaStep *report) {
    Params *params = net_params(pica_model(trainer)->net);
    float *change;
    TEST_OK(ctx, NEW_ARRAY(ctx, &change, params->count));
    hash_weights(params);
    for (size_t i = 0; i < params->count; i++)
        change[i] = -params->values[i];
    golden_step(ctx, trainer, settings, (GoldenBatches){8, 0.5f}, 0, report);
    for (size_t i = 0; i < params->count; i++)
        change[i] += params->values[i];
    return change;
}

/* A step of both heads has the losses of their own steps, and the sum of their gradients. */
static void test_together(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    PicaSettings settings = golden_settings(16, 8, 2, 4, 6, 0.1f);
    Dataset dataset = pictures_open(ctx, 24, 16, 3, 4);
    PicaTrainer *apart, *together;
    PicaStep reports[2], both;
    float *changes[2], *sum;
    settings.optimiser.kind = OPTIMISER_SGD;
    settings.turn = 0.0001; /* turns of one step */
    TEST_OK(ctx, pica_open(ctx, &apart, &settings, &dataset, NULL));
    settings.together = true;
    assert_int_equal(pica_steps_per_epoch(&settings, 24, 0), 3);
    TEST_OK(ctx, pica_open(ctx, &together, &settings, &dataset, NULL));
    for (int turn = 0; turn < 2; turn++)
        changes[turn] = weight_change(ctx, apart, &settings, &reports[turn]);
    sum = weight_change(ctx, together, &settings, &both);
    assert_true(both.both && !both.overclustering && reports[0].overclustering && !reports[0].both);
    assert_true(both.beside.total == reports[0].loss.total);
    assert_true(both.loss.total == reports[1].loss.total);
    for (size_t i = 0; i < net_params(pica_model(apart)->net)->count; i++)
        assert_true(fabsf(sum[i] - changes[0][i] - changes[1][i]) < 2e-6f);
    FREE_ARRAY(ctx, &changes[0]);
    FREE_ARRAY(ctx, &changes[1]);
    FREE_ARRAY(ctx, &sum);
    pica_close(ctx, &apart);
    pica_close(ctx, &together);
    pictures_close(ctx, &dataset);
    test_context_close(&ctx);
}

/* ---- which pictures a step draws ---- */

/* 24 pictures and 16 auxiliary ones, 8 a step: a turn of each head passes over its pictures once. */
enum { PICTURE_BYTES = 16 * 16 * 3, DRAWN = 24, AUXILIARY = 16, OVERCLUSTERING_STEPS = 5, CYCLE_STEPS = 8 };

typedef struct DrawCase {
    Context *ctx;
    Dataset dataset, auxiliary;
    double losses[CYCLE_STEPS];
} DrawCase;

/* Steps that drew some pictures. */
typedef struct Draws {
    int overclustering, clustering;
} Draws;

/* The losses of a turn of each head. Every step begins with the same weights, so that its loss depends on the pictures
 * that it draws and on nothing else. */
static void turn_losses(const DrawCase *c, double losses[CYCLE_STEPS]) {
    PicaSettings settings = golden_settings(16, 8, 1, 4, 6, 1e-4f);
    PicaTrainer *trainer;
    settings.turn = 1.0;
    TEST_OK(c->ctx, pica_open(c->ctx, &trainer, &settings, &c->dataset, &c->auxiliary));
    for (int step = 0; step < CYCLE_STEPS; step++) {
        PicaStep report;
        hash_weights(net_params(pica_model(trainer)->net));
        TEST_OK(c->ctx, pica_step(c->ctx, trainer, &report));
        assert_int_equal(report.overclustering, step < OVERCLUSTERING_STEPS);
        losses[step] = report.loss.total;
    }
    pica_close(c->ctx, &trainer);
}

/* The steps whose loss changes where `count` pictures from `first` on become white, as no other picture is. */
static Draws draws_of(const DrawCase *c, const Dataset *set, size_t first, size_t count) {
    uint8_t kept[DRAWN * PICTURE_BYTES], *pictures = dataset_row(set, first);
    const size_t bytes = count * PICTURE_BYTES;
    double losses[CYCLE_STEPS];
    Draws draws = {0};
    assert_true(bytes <= sizeof kept);
    memcpy(kept, pictures, bytes);
    memset(pictures, 255, bytes);
    turn_losses(c, losses);
    memcpy(pictures, kept, bytes);
    for (int step = 0; step < CYCLE_STEPS; step++)
        *(step < OVERCLUSTERING_STEPS ? &draws.overclustering : &draws.clustering) += losses[step] != c->losses[step];
    return draws;
}

/* Auxiliary pictures are for the over-clustering head alone, each once in a pass; the data's are for both heads. */
static void test_draws(void **state) {
    (void)state;
    static const size_t rows[] = {0, AUXILIARY - 1};
    DrawCase c = {.ctx = test_context_open()};
    c.dataset = pictures_open(c.ctx, DRAWN, 16, 3, 4);
    c.auxiliary = pictures_open(c.ctx, AUXILIARY, 16, 3, 4);
    turn_losses(&c, c.losses);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const Draws auxiliary = draws_of(&c, &c.auxiliary, rows[i], 1), own = draws_of(&c, &c.dataset, rows[i], 1);
        assert_int_equal(auxiliary.overclustering, 1);
        assert_int_equal(auxiliary.clustering, 0);
        assert_int_equal(own.overclustering, 1);
        assert_int_equal(own.clustering, 1);
    }
    assert_int_equal(draws_of(&c, &c.auxiliary, 0, AUXILIARY).clustering, 0);
    pictures_close(c.ctx, &c.dataset);
    pictures_close(c.ctx, &c.auxiliary);
    test_context_close(&c.ctx);
}

static void test_wrong_auxiliary(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const PicaSettings settings = golden_settings(16, 8, 1, 4, 6, 1e-4f);
    Dataset dataset = pictures_open(ctx, 24, 16, 3, 4), small = pictures_open(ctx, 16, 8, 3, 4);
    Dataset grey = pictures_open(ctx, 16, 16, 1, 4);
    PicaTrainer *trainer;
    TEST_FAILS(ctx, SPICA_ERROR_DATA, "8 x 8 x 3", pica_open(ctx, &trainer, &settings, &dataset, &small));
    TEST_FAILS(ctx, SPICA_ERROR_DATA, "16 x 16 x 1", pica_open(ctx, &trainer, &settings, &dataset, &grey));
    pictures_close(ctx, &dataset);
    pictures_close(ctx, &small);
    pictures_close(ctx, &grey);
    test_context_close(&ctx);
}

static void test_clip(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    PicaSettings settings = golden_settings(16, 64, 1, 4, 40, 1e-4f);
    pica_settings_clip(ctx, &settings, 50);
    assert_int_equal(settings.batch, 50);
    assert_int_equal(test_state(ctx)->warnings, 0);
    settings.batch = 20;
    pica_settings_clip(ctx, &settings, 50);
    assert_int_equal(test_state(ctx)->warnings, 1); /* 40 clusters, 20 pictures */
    test_context_close(&ctx);
}

/* Squares in four places, mirrored and shifted little: four clusters. */
static void test_learns(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    PicaSettings settings = golden_settings(16, 32, 2, 4, 8, 1e-3f);
    Dataset dataset = pictures_open(ctx, 128, 16, 3, 4);
    PicaTrainer *trainer;
    PuiLoss first = {0}, last = {0};
    settings.perturbed.scale_min = 0.8f;
    settings.perturbed.flip_probability = 0.0f;
    TEST_OK(ctx, pica_open(ctx, &trainer, &settings, &dataset, NULL));
    for (int step = 0; step < 60; step++) {
        PicaStep report;
        TEST_OK(ctx, pica_step(ctx, trainer, &report));
        if (report.overclustering) continue;
        if (first.total == 0.0) first = report.loss;
        last = report.loss;
    }
    if (!(last.uncertainty < 0.9 && last.uncertainty < first.uncertainty))
        fail_msg("uncertainty from %.4f to %.4f", first.uncertainty, last.uncertainty);
    pica_close(ctx, &trainer);
    pictures_close(ctx, &dataset);
    test_context_close(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_short),  cmocka_unit_test(test_long),
        cmocka_unit_test(test_turns),  cmocka_unit_test(test_together),
        cmocka_unit_test(test_draws),  cmocka_unit_test(test_clip),
        cmocka_unit_test(test_learns), cmocka_unit_test(test_wrong_auxiliary),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
