/* A model without a backbone: embeddings go through a data set, a network and its file as pictures do. */
#include "support/testing.h"

#include "methods/inference.h"
#include "methods/spice/head.h"
#include "nn/init.h"

enum { COUNT = 7, DIMENSION = 13, CLUSTERS = 3 }; /* D fits no vector's lanes */

static const ModelSpec spec = {.backbone = {.family = BACKBONE_NONE},
                               .channels = DIMENSION,
                               .height = 1,
                               .width = 1,
                               .deviation = {2.0f, 2.0f, 2.0f},
                               .clusters = CLUSTERS};

static void make_dataset(Context *ctx, Dataset *dataset) {
    *dataset = (Dataset){.count = COUNT, .height = 1, .width = 1, .channels = DIMENSION};
    TEST_OK(ctx, NEW_ARRAY(ctx, &dataset->embeddings, (size_t)COUNT * DIMENSION));
    Random random = random_at(4, RANDOM_TEST, 0, 0, 0);
    for (size_t i = 0; i < COUNT * DIMENSION; i++)
        dataset->embeddings[i] = (float)random_uniform(&random) - 0.5f;
}

static Policy embedding_policy(PolicyKind kind) {
    Policy policy = policy_default(kind, DIMENSION);
    memcpy(policy.mean, spec.mean, sizeof policy.mean);
    memcpy(policy.deviation, spec.deviation, sizeof policy.deviation);
    return policy;
}

/* Features are the scaled rows, under any policy; logits are the head's on them. */
static void test_features_are_the_rows(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    Dataset dataset;
    Model model;
    float features[COUNT * DIMENSION], logits[COUNT * CLUSTERS], expected[COUNT * CLUSTERS];
    float weights[DIMENSION * DIMENSION + DIMENSION + CLUSTERS * DIMENSION + CLUSTERS], *at = weights;
    static const char *const names[] = {"head.0.weight", "head.0.bias", "head.2.weight", "head.2.bias"};
    make_dataset(ctx, &dataset);
    TEST_OK(ctx, model_open(ctx, &model, &spec));
    assert_int_equal(model.dimension, DIMENSION);
    Params *params = net_params(model.net);
    init_params(params, INIT_DEFAULT, 1, RANDOM_TEST);
    for (size_t i = 0; i < 4; i++) {
        const Param *tensor = params_find(params, names[i], NULL);
        memcpy(at, params->values + tensor->offset, tensor->count * sizeof *at);
        at += tensor->count;
    }
    for (int strong = 0; strong < 2; strong++) {
        const Policy policy = embedding_policy(strong ? POLICY_STRONG : POLICY_NONE);
        const ViewKey key = {.seed = 9};
        TEST_OK(ctx, infer_rows(ctx, &model, &dataset, NULL, COUNT, &policy, key, 4, NULL, features, logits));
        for (size_t i = 0; i < COUNT * DIMENSION; i++)
            assert_true(features[i] == dataset.embeddings[i] * 0.5f);
        TEST_OK(ctx, head_apply(ctx, weights, features, COUNT, DIMENSION, DIMENSION, CLUSTERS, expected));
        assert_close(logits, expected, COUNT * CLUSTERS, 1e-6, 1e-5);
    }
    model_close(ctx, &model);
    dataset_close(ctx, &dataset);
    test_context_close(&ctx);
}

static void test_file(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    Model model, read;
    ModelSpec wide = spec;
    wide.channels = EMBEDDING_MOST;
    wide.head_hidden = 1;
    TEST_OK(ctx, model_open(ctx, &model, &wide));
    init_params(net_params(model.net), INIT_DEFAULT, 1, RANDOM_TEST);
    const char *path = test_path(&scratch, "model.safetensors");
    TEST_OK(ctx, model_write(ctx, path, &model, MODEL_BACKBONE | MODEL_HEAD, NULL, 0));
    TEST_OK(ctx, model_read(ctx, path, &read));
    assert_int_equal(read.spec.backbone.family, BACKBONE_NONE);
    assert_int_equal(read.dimension, EMBEDDING_MOST);
    assert_true(read.spec.deviation[0] == 2.0f);
    const Params *a = net_params(model.net), *b = net_params(read.net);
    assert_true(a->count == b->count);
    assert_memory_equal(a->values, b->values, a->count * sizeof *a->values);
    model_close(ctx, &read);
    model_close(ctx, &model);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

/* Two clouds far apart: the head finds them without a view. */
static void test_head_trains_on_rows(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    enum { N = 60 };
    Dataset dataset = {.count = N, .height = 1, .width = 1, .channels = DIMENSION};
    TEST_OK(ctx, NEW_ARRAY(ctx, &dataset.embeddings, (size_t)N * DIMENSION));
    Random random = random_at(5, RANDOM_TEST, 0, 0, 0);
    for (size_t i = 0; i < N; i++)
        for (size_t d = 0; d < DIMENSION; d++)
            dataset.embeddings[i * DIMENSION + d] = (float)random_uniform(&random) + (d % 2 == i % 2 ? 2.0f : 0.0f);
    ModelSpec bare = spec;
    bare.clusters = 0;
    Model model;
    TEST_OK(ctx, model_open(ctx, &model, &bare));
    const HeadSettings settings = {
        .clusters = 2,
        .count = 2,
        .epochs = 10,
        .estep = 30,
        .batch = 10,
        .passes = 4,
        .confident_ratio = 0.5,
        .overlap = true,
        .loss = CE_DOUBLE_SOFTMAX,
        .optimiser = {.kind = OPTIMISER_ADAM, .beta1 = 0.9f, .beta2 = 0.999f, .epsilon = 1e-8f},
        .learning_rate = 0.005f,
        .weak = embedding_policy(POLICY_WEAK),
        .strong = embedding_policy(POLICY_STRONG),
        .plain = embedding_policy(POLICY_NONE),
        .inference_batch = 16};
    HeadResult result;
    float features[N * DIMENSION], logits[N * 2];
    const ViewKey key = {0};
    TEST_OK(ctx, infer_rows(ctx, &model, &dataset, NULL, N, &settings.plain, key, 16, NULL, features, NULL));
    TEST_OK(ctx, head_train(ctx, &settings, &dataset, &model, features, NULL, NULL, &result));
    TEST_OK(ctx, head_apply(ctx, result.weights, features, N, DIMENSION, DIMENSION, 2, logits));
    const bool first = logits[0] > logits[1];
    for (size_t i = 0; i < N; i++)
        assert_true((logits[2 * i] > logits[2 * i + 1]) == (i % 2 == 0 ? first : !first));
    head_result_close(ctx, &result);
    model_close(ctx, &model);
    dataset_close(ctx, &dataset);
    test_context_close(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_features_are_the_rows),
        cmocka_unit_test(test_file),
        cmocka_unit_test(test_head_trains_on_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
