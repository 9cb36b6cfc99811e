#include "methods/spice/head.h"

#include "methods/inference.h"
#include "methods/spice/head_mlp.h"
#include "nn/init.h"
#include "support/method_support.h"

/* ---- a head's steps against PyTorch ---- */

#define DIM 6
#define HIDDEN 5
#define CLUSTERS 4
#define LISTED 30

static const HeadShape shape = {.dim = DIM, .hidden = HIDDEN, .clusters = CLUSTERS};

/* Puts w0 b0 w2 b2 into one head of the block. */
static void set_head(HeadBlock *block, int head, const float *weights) {
    Params *params = &block->heads[head];
    for (size_t t = 0; t < params->table_count; t++) {
        memcpy(params->values + params->table[t].offset, weights, params->table[t].count * sizeof *weights);
        weights += params->table[t].count;
    }
}

static void check_steps(const char *name, HeadLoss loss) {
    Context *ctx = test_context_open();
    HeadBlock block;
    HeadStepWork work;
    Optimiser optimiser;
    float compact[HIDDEN * DIM + HIDDEN + CLUSTERS * HIDDEN + CLUSTERS];
    char path[128];
    float *weights = golden_float(ctx, "spice/head_weights.npy", NULL);
    float *features = golden_float(ctx, "spice/head_features.npy", NULL);
    int32_t *rows = golden_int32(ctx, "spice/head_rows.npy", NULL);
    int32_t *labels = golden_int32(ctx, "spice/head_labels.npy", NULL);
    snprintf(path, sizeof path, "spice/head_%s_losses.npy", name);
    double *losses = golden_double(ctx, path, NULL);
    snprintf(path, sizeof path, "spice/head_%s_weights.npy", name);
    float *trained = golden_float(ctx, path, NULL);

    TEST_OK(ctx, head_block_open(ctx, &block, shape, 3));
    TEST_OK(ctx, head_step_work_open(ctx, &work, shape, LISTED));
    set_head(&block, 1, weights); /* the others stay zero */
    const OptimiserSettings adam = {.kind = OPTIMISER_ADAM};
    TEST_OK(ctx, optimiser_open(ctx, &optimiser, &adam, &block.heads[1]));
    for (size_t step = 0; step < 3; step++) {
        const double value =
            head_gradients(&block, 1, &loss, features, rows + step * LISTED, labels + step * LISTED, LISTED, &work);
        if (fabs(value - losses[step]) > 2e-6) fail_msg("%s step %zu: %.9g, not %.9g", name, step, value, losses[step]);
        optimiser_step(ctx, &optimiser, &block.heads[1], 0.005f);
    }
    head_block_compact(&block, 1, compact);
    assert_close(compact, trained, head_compact_count(shape), 2e-6, 2e-6);
    head_block_compact(&block, 2, compact);
    for (size_t i = 0; i < head_compact_count(shape); i++)
        assert_true(compact[i] == 0.0f);
    optimiser_close(ctx, &optimiser);
    head_step_work_close(ctx, &work);
    head_block_close(ctx, &block);
    FREE_ARRAY(ctx, &weights);
    FREE_ARRAY(ctx, &features);
    FREE_ARRAY(ctx, &rows);
    FREE_ARRAY(ctx, &labels);
    FREE_ARRAY(ctx, &losses);
    FREE_ARRAY(ctx, &trained);
    test_context_close(&ctx);
}

static void test_steps(void **state) {
    (void)state;
    check_steps("double", (HeadLoss){.kind = CE_DOUBLE_SOFTMAX, .temperature = 1.0f});
    check_steps("plain", (HeadLoss){.kind = CE_PLAIN, .temperature = 1.0f});
    check_steps("temperature", (HeadLoss){.kind = CE_TEMPERATURE, .temperature = 0.2f});
    check_steps("entropy", (HeadLoss){.kind = CE_DOUBLE_SOFTMAX, .temperature = 1.0f, .entropy_weight = 5.0f});
}

/* A step of more rows than one block: as the blocks' gradients, added. */
static void test_blocks(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    enum { ROWS = 2 * HEAD_BLOCK + 40 };
    static float features[ROWS * DIM], sum[2 * 128];
    static int32_t rows[ROWS], labels[ROWS];
    HeadBlock block;
    HeadStepWork work;
    const HeadLoss loss = {.kind = CE_DOUBLE_SOFTMAX, .temperature = 1.0f};
    hash_fill(features, ROWS * DIM, "features", 2.0f, 0.0f);
    for (int32_t i = 0; i < ROWS; i++) {
        rows[i] = (i * 7) % ROWS;
        labels[i] = i % CLUSTERS;
    }
    TEST_OK(ctx, head_block_open(ctx, &block, shape, 1));
    TEST_OK(ctx, head_step_work_open(ctx, &work, shape, ROWS));
    init_params(&block.all, INIT_DEFAULT, 1, RANDOM_INIT_HEAD);
    const size_t count = block.heads[0].count;
    assert_true(count <= sizeof sum / sizeof *sum);
    double value = 0.0;
    for (size_t first = 0; first < ROWS; first += 100) {
        const size_t some = ROWS - first < 100 ? ROWS - first : 100;
        const double share = (double)some / ROWS;
        value += share * head_gradients(&block, 0, &loss, features, rows + first, labels + first, some, &work);
        for (size_t i = 0; i < count; i++)
            sum[i] += (float)share * block.heads[0].gradients[i];
    }
    assert_true(fabs(value - head_gradients(&block, 0, &loss, features, rows, labels, ROWS, &work)) < 1e-9);
    assert_close(block.heads[0].gradients, sum, count, 1e-8, 1e-4);
    head_step_work_close(ctx, &work);
    head_block_close(ctx, &block);
    test_context_close(&ctx);
}

/* The features' gradient against signed central differences, over more rows than a block has, some of them twice. */
static void test_feature_gradients(void **state) {
    (void)state;
    enum { LABELLED_ROWS = 300, PICTURES = 40 };
    Context *ctx = test_context_open();
    const HeadLoss loss = {.kind = CE_DOUBLE_SOFTMAX, .temperature = 1.0f};
    static float features[PICTURES * DIM], moved[PICTURES * DIM], direction[PICTURES * DIM], d[PICTURES * DIM];
    static int32_t rows[LABELLED_ROWS], labels[LABELLED_ROWS];
    HeadBlock block;
    HeadStepWork work;
    TEST_OK(ctx, head_block_open(ctx, &block, shape, 1));
    TEST_OK(ctx, head_step_work_open(ctx, &work, shape, LABELLED_ROWS));
    init_params(&block.all, INIT_DEFAULT, 1, RANDOM_INIT_HEAD);
    hash_fill(features, PICTURES * DIM, "features", 2.0f, 0.0f);
    for (size_t i = 0; i < LABELLED_ROWS; i++) {
        rows[i] = (int32_t)(i * 7 % PICTURES);
        labels[i] = (int32_t)(i % CLUSTERS);
    }
    head_gradients(&block, 0, &loss, features, rows, labels, LABELLED_ROWS, &work);
    head_feature_gradients(&block, 0, rows, LABELLED_ROWS, &work, d);
    for (int trial = 0; trial < 4; trial++) {
        char name[16];
        double slope = 0.0, values[2];
        snprintf(name, sizeof name, "way%d", trial);
        hash_fill(direction, PICTURES * DIM, name, 1.0f, 0.0f);
        for (size_t i = 0; i < PICTURES * DIM; i++)
            slope += (double)d[i] * (double)direction[i];
        for (int side = 0; side < 2; side++) {
            for (size_t i = 0; i < PICTURES * DIM; i++)
                moved[i] = features[i] + (side == 0 ? -0.002f : 0.002f) * direction[i];
            values[side] = head_gradients(&block, 0, &loss, moved, rows, labels, LABELLED_ROWS, &work);
        }
        const double difference = (values[1] - values[0]) / 0.004;
        if (fabs(difference - slope) > 2e-2 * fmax(fabs(slope), 0.01))
            fail_msg("trial %d: gradient %.9g, differences %.9g", trial, slope, difference);
    }
    head_step_work_close(ctx, &work);
    head_block_close(ctx, &block);
    test_context_close(&ctx);
}

/* ---- whole trainings ---- */

typedef struct Scene {
    Dataset dataset;
    Model backbone;
    float *features;
    HeadSettings settings;
    int epochs_done;
    float *last_logits; /* of head 0 after the last epoch */
} Scene;

static void scene_open(Context *ctx, Scene *scene, size_t count, size_t clusters) {
    *scene = (Scene){.dataset = pictures_open(ctx, count, 8, 1, clusters)};
    const ModelSpec spec = small_model(16, 8, 1);
    TEST_OK(ctx, model_open(ctx, &scene->backbone, &spec));
    init_params(net_params(scene->backbone.net), INIT_DEFAULT, 3, RANDOM_INIT_BACKBONE);
    const size_t dim = (size_t)scene->backbone.dimension;
    const Policy plain = small_policy(POLICY_NONE, 1);
    const ViewKey key = {0};
    TEST_OK(ctx, NEW_ARRAY(ctx, &scene->features, count * dim));
    TEST_OK(ctx, NEW_ARRAY(ctx, &scene->last_logits, count * clusters));
    TEST_OK(ctx, infer_rows(ctx, &scene->backbone, &scene->dataset, NULL, count, &plain, key, 32, NULL, scene->features,
                            NULL));
    scene->settings = (HeadSettings){.clusters = clusters,
                                     .count = 3,
                                     .epochs = 2,
                                     .estep = 40,
                                     .batch = 16,
                                     .passes = 2,
                                     .confident_ratio = 0.5,
                                     .overlap = true,
                                     .loss = CE_DOUBLE_SOFTMAX,
                                     .temperature = 1.0f,
                                     .optimiser = {.kind = OPTIMISER_ADAM},
                                     .learning_rate = 0.005f,
                                     .weak = small_policy(POLICY_WEAK, 1),
                                     .strong = small_policy(POLICY_STRONG, 1),
                                     .plain = plain,
                                     .seed = 9,
                                     .inference_batch = 32};
}

static void scene_close(Context *ctx, Scene *scene) {
    pictures_close(ctx, &scene->dataset);
    model_close(ctx, &scene->backbone);
    FREE_ARRAY(ctx, &scene->features);
    FREE_ARRAY(ctx, &scene->last_logits);
}

static Status count_epoch(Context *ctx, void *user, int64_t epoch, const float *const *logits,
                          const HeadScore *scores) {
    (void)ctx;
    Scene *scene = user;
    assert_int_equal(epoch, scene->epochs_done++);
    memcpy(scene->last_logits, logits[0], scene->dataset.count * scene->settings.clusters * sizeof *scene->last_logits);
    for (int h = 0; h < scene->settings.count; h++) {
        assert_int_equal(scores[h].head, h);
        assert_int_equal(scores[h].epoch, epoch);
    }
    return SPICA_OK;
}

static void scene_train(Context *ctx, Scene *scene, HeadResult *result) {
    scene->epochs_done = 0;
    TEST_OK(ctx, head_train(ctx, &scene->settings, &scene->dataset, &scene->backbone, scene->features, count_epoch,
                            scene, result));
    assert_int_equal(scene->epochs_done, scene->settings.epochs);
    const size_t scores = (size_t)scene->settings.epochs * (size_t)scene->settings.count;
    assert_int_equal(result->score_count, scores);
    for (size_t i = 0; i < scores; i++) {
        assert_true(result->scores[i].loss >= result->selected_loss);
        if (result->scores[i].epoch == result->selected_epoch && result->scores[i].head == result->selected_head)
            assert_true(result->scores[i].loss == result->selected_loss);
    }
}

/* The loss that selects, computed a second time from the kept weights. */
static double loss_of_weights(Context *ctx, const Scene *scene, const float *weights) {
    const size_t count = scene->dataset.count, clusters = scene->settings.clusters;
    const size_t dim = (size_t)scene->backbone.dimension, most = clusters * prototype_share(count, clusters);
    float *logits, *probabilities, *embeddings;
    int32_t *rows, *labels;
    size_t labelled;
    TEST_OK(ctx, NEW_ARRAY(ctx, &logits, count * clusters));
    TEST_OK(ctx, NEW_ARRAY(ctx, &probabilities, count * clusters));
    TEST_OK(ctx, NEW_ARRAY(ctx, &embeddings, count * dim));
    TEST_OK(ctx, NEW_ARRAY(ctx, &rows, most));
    TEST_OK(ctx, NEW_ARRAY(ctx, &labels, most));
    TEST_OK(ctx, head_apply(ctx, weights, scene->features, count, dim, dim, clusters, logits));
    softmax_rows(probabilities, logits, count, clusters, 1.0f);
    memcpy(embeddings, scene->features, count * dim * sizeof *embeddings);
    normalize_rows(embeddings, count, dim, NULL);
    const PrototypeSettings settings = {
        .clusters = clusters, .confident_ratio = scene->settings.confident_ratio, .overlap = scene->settings.overlap};
    TEST_OK(ctx,
            prototype_labels(ctx, &settings, embeddings, probabilities, count, dim, rows, labels, &labelled, NULL));
    double loss = 0.0;
    for (size_t i = 0; i < labelled; i++) {
        const float *p = probabilities + (size_t)rows[i] * clusters;
        double sum = 0.0;
        for (size_t k = 0; k < clusters; k++)
            sum += exp((double)p[k]);
        loss += log(sum) - (double)p[labels[i]];
    }
    FREE_ARRAY(ctx, &logits);
    FREE_ARRAY(ctx, &probabilities);
    FREE_ARRAY(ctx, &embeddings);
    FREE_ARRAY(ctx, &rows);
    FREE_ARRAY(ctx, &labels);
    return loss / (double)labelled;
}

static void check_same(const Scene *scene, const HeadResult *a, const HeadResult *b) {
    const size_t dim = (size_t)scene->backbone.dimension;
    const HeadShape own = {.dim = dim, .hidden = dim, .clusters = scene->settings.clusters};
    assert_int_equal(a->selected_head, b->selected_head);
    assert_int_equal(a->selected_epoch, b->selected_epoch);
    assert_memory_equal(a->weights, b->weights, head_compact_count(own) * sizeof *a->weights);
    for (size_t i = 0; i < a->score_count; i++) {
        assert_true(a->scores[i].loss == b->scores[i].loss);
        assert_true(a->scores[i].training_loss == b->scores[i].training_loss);
    }
}

/* Every variant trains, selects the least loss, and gives the same bits again and with one thread. */
static void check_training(Context *ctx, Scene *scene) {
    HeadResult first, second, single;
    scene_train(ctx, scene, &first);
    if (!scene->settings.train_bn)
        assert_true(fabs(loss_of_weights(ctx, scene, first.weights) - first.selected_loss) < 1e-6);
    /* It learns: the mean training loss falls. */
    double before = 0.0, after = 0.0;
    const size_t heads = (size_t)scene->settings.count;
    for (size_t h = 0; h < heads; h++) {
        before += first.scores[h].training_loss;
        after += first.scores[first.score_count - heads + h].training_loss;
    }
    assert_true(after < before);
    if (!scene->settings.train_bn) {
        scene_train(ctx, scene, &second);
        check_same(scene, &first, &second);
        ctx->threads = 1;
        scene_train(ctx, scene, &single);
        ctx->threads = 2;
        check_same(scene, &first, &single);
        head_result_close(ctx, &second);
        head_result_close(ctx, &single);
    }
    head_result_close(ctx, &first);
}

static void test_training(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    Scene scene;
    scene_open(ctx, &scene, 100, 4);
    check_training(ctx, &scene);
    scene.settings.batch = 0;
    scene.settings.overlap = false;
    scene.settings.passes = 4;
    scene.settings.entropy_weight = 1.0f;
    check_training(ctx, &scene);
    scene.settings.bank = 2;
    scene.settings.hidden = scene.backbone.dimension;
    check_training(ctx, &scene);
    scene_close(ctx, &scene);
    test_context_close(&ctx);
}

/* Batch norm in training mode moves the running statistics, and leaves those of the selected epoch. */
static void test_training_norm(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    Scene scene;
    scene_open(ctx, &scene, 100, 4);
    Params *params = net_params(scene.backbone.net);
    float *before, *features, *logits;
    TEST_OK(ctx, NEW_ARRAY(ctx, &before, params->buffer_count));
    TEST_OK(ctx, NEW_ARRAY(ctx, &features, 100 * (size_t)scene.backbone.dimension));
    TEST_OK(ctx, NEW_ARRAY(ctx, &logits, 100 * 4));
    memcpy(before, params->buffers, params->buffer_count * sizeof *before);
    scene.settings.train_bn = true;
    scene.settings.bank = 3;
    scene.settings.epochs = 1;
    scene.settings.count = 1;
    HeadResult result;
    scene_train(ctx, &scene, &result);
    assert_memory_not_equal(before, params->buffers, params->buffer_count * sizeof *before);
    assert_non_null(strstr(test_state(ctx)->log, "no bank"));
    /* The head's logits are those on the features under the statistics left. */
    const ViewKey key = {0};
    const size_t dim = (size_t)scene.backbone.dimension;
    TEST_OK(ctx, infer_rows(ctx, &scene.backbone, &scene.dataset, NULL, 100, &scene.settings.plain, key, 32, NULL,
                            features, NULL));
    TEST_OK(ctx, head_apply(ctx, result.weights, features, 100, dim, dim, 4, logits));
    assert_close(logits, scene.last_logits, 100 * 4, 1e-5, 1e-5);
    head_result_close(ctx, &result);
    FREE_ARRAY(ctx, &before);
    FREE_ARRAY(ctx, &features);
    FREE_ARRAY(ctx, &logits);
    scene_close(ctx, &scene);
    test_context_close(&ctx);
}

/* Joint-MH and Joint-SH: the backbone learns with the heads, and is at the end what it was at the selected epoch. The
 * same training gives the same bits. */
static void test_training_backbone(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    float weights[2][16 * 9];
    double selected[2];
    for (int heads = 1; heads < 4; heads += 2)
        for (int time = 0; time < 2; time++) {
            Scene scene;
            HeadResult result;
            float *before, *logits, *features;
            scene_open(ctx, &scene, 100, 4);
            const size_t dim = (size_t)scene.backbone.dimension;
            TEST_OK(ctx, NEW_ARRAY(ctx, &before, 16 * 9));
            TEST_OK(ctx, NEW_ARRAY(ctx, &features, 100 * dim));
            TEST_OK(ctx, NEW_ARRAY(ctx, &logits, 100 * 4));
            memcpy(before, weights_of(&scene.backbone, "conv1.weight", 16 * 9), 16 * 9 * sizeof *before);
            scene.settings.train_backbone = true;
            scene.settings.bank = heads == 1 ? 2 : 0;
            scene.settings.count = heads;
            scene_train(ctx, &scene, &result);
            memcpy(weights[time], weights_of(&scene.backbone, "conv1.weight", 16 * 9), sizeof weights[0]);
            selected[time] = result.selected_loss;
            assert_memory_not_equal(before, weights[time], 16 * 9 * sizeof *before);
            assert_int_equal(strstr(test_state(ctx)->log, "no bank") != NULL, 1);
            if (result.selected_head == 0 && result.selected_epoch + 1 == scene.settings.epochs) {
                const ViewKey key = {0};
                TEST_OK(ctx, infer_rows(ctx, &scene.backbone, &scene.dataset, NULL, 100, &scene.settings.plain, key, 32,
                                        NULL, features, NULL));
                TEST_OK(ctx, head_apply(ctx, result.weights, features, 100, dim, dim, 4, logits));
                assert_close(logits, scene.last_logits, 100 * 4, 1e-5, 1e-5);
            }
            head_result_close(ctx, &result);
            FREE_ARRAY(ctx, &before);
            FREE_ARRAY(ctx, &features);
            FREE_ARRAY(ctx, &logits);
            scene_close(ctx, &scene);
            if (time == 0) continue;
            assert_memory_equal(weights[0], weights[1], sizeof weights[0]);
            assert_true(selected[0] == selected[1]);
        }
    test_context_close(&ctx);
}

/* N = K = 20. */
static void test_few_pictures(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    Scene scene;
    scene_open(ctx, &scene, 20, 20);
    scene.settings.estep = 1000;
    HeadResult result;
    scene_train(ctx, &scene, &result);
    head_result_close(ctx, &result);
    scene.settings.clusters = 21;
    TEST_FAILS(ctx, SPICA_ERROR_OPTION, "21 clusters of 20",
               head_train(ctx, &scene.settings, &scene.dataset, &scene.backbone, scene.features, NULL, NULL, &result));
    scene.settings.clusters = 20;
    scene.settings.learning_rate = INFINITY;
    TEST_FAILS(ctx, SPICA_ERROR_NUMERIC, "epoch 0",
               head_train(ctx, &scene.settings, &scene.dataset, &scene.backbone, scene.features, NULL, NULL, &result));
    scene_close(ctx, &scene);
    test_context_close(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_steps),
                                       cmocka_unit_test(test_blocks),
                                       cmocka_unit_test(test_feature_gradients),
                                       cmocka_unit_test(test_training_backbone),
                                       cmocka_unit_test(test_training),
                                       cmocka_unit_test(test_training_norm),
                                       cmocka_unit_test(test_few_pictures)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
