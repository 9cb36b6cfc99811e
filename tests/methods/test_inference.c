/* Inference over a data set: batches, the filled-up last one, lists of rows, views, refusals. */
#include "support/testing.h"

#include "methods/inference.h"
#include "nn/init.h"

enum { COUNT = 7, SIDE = 8, CLUSTERS = 3 };

static void make_dataset(Context *ctx, Dataset *dataset) {
    *dataset = (Dataset){.count = COUNT, .height = SIDE, .width = SIDE, .channels = 3};
    const size_t bytes = (size_t)COUNT * SIDE * SIDE * 3;
    TEST_OK(ctx, NEW_ARRAY(ctx, &dataset->pixels, bytes));
    Random random = random_at(4, RANDOM_TEST, 0, 0, 0);
    for (size_t i = 0; i < bytes; i++)
        dataset->pixels[i] = (uint8_t)random_word(&random);
}

static void make_model(Context *ctx, Model *model, int clusters) {
    const ModelSpec spec = {
        .backbone = {.family = BACKBONE_RESNET18, .stem = STEM_SMALL, .width = 4, .bn_momentum = 0.1f},
        .channels = 3,
        .height = SIDE,
        .width = SIDE,
        .clusters = clusters};
    TEST_OK(ctx, model_open(ctx, model, &spec));
    init_params(net_params(model->net), INIT_DEFAULT, 1, RANDOM_TEST);
}

typedef struct Outputs {
    float features[COUNT * 32], logits[COUNT * CLUSTERS];
} Outputs;

typedef struct Case {
    Context *ctx;
    Dataset dataset;
    Model model;
    Policy policy;
    ViewKey key;
} Case;

static void case_open(Case *c, PolicyKind kind) {
    *c = (Case){.ctx = test_context_open(), .policy = policy_default(kind, 3), .key = {.seed = 3, .view = 1}};
    make_dataset(c->ctx, &c->dataset);
    make_model(c->ctx, &c->model, CLUSTERS);
}

static void case_close(Case *c) {
    model_close(c->ctx, &c->model);
    dataset_close(c->ctx, &c->dataset);
    test_context_close(&c->ctx);
}

static void run(Case *c, const int64_t *rows, size_t count, size_t batch, Outputs *outputs) {
    TEST_OK(c->ctx, infer_rows(c->ctx, &c->model, &c->dataset, rows, count, &c->policy, c->key, batch, NULL,
                               outputs->features, outputs->logits));
}

/* Two batch sizes choose other kernels and so other roundings: a few units in the last place of features near 1. */
static void check_same(const Outputs *a, const Outputs *b, size_t count) {
    assert_close(a->features, b->features, count * 32, 1e-5, 1e-5);
    assert_close(a->logits, b->logits, count * CLUSTERS, 1e-5, 1e-5);
}

static void test_batches(void **state) {
    (void)state;
    Case c;
    case_open(&c, POLICY_NONE);
    static Outputs whole, parts;
    run(&c, NULL, COUNT, COUNT, &whole);
    for (size_t batch = 1; batch <= 100; batch = batch * 3 + 1) {
        memset(&parts, 0xFF, sizeof parts);
        run(&c, NULL, COUNT, batch, &parts);
        check_same(&parts, &whole, COUNT);
    }
    /* Pictures differ, so that the comparison says something. */
    assert_true(fabsf(whole.logits[0] - whole.logits[CLUSTERS]) > 1e-3f);
    case_close(&c);
}

static void test_rows(void **state) {
    (void)state;
    Case c;
    case_open(&c, POLICY_NONE);
    static Outputs whole, listed;
    const int64_t rows[5] = {6, 0, 3, 3, 1};
    run(&c, NULL, COUNT, 3, &whole);
    run(&c, rows, 5, 3, &listed);
    for (size_t i = 0; i < 5; i++) {
        assert_memory_equal(listed.features + i * 32, whole.features + (size_t)rows[i] * 32, 32 * sizeof(float));
        assert_memory_equal(listed.logits + i * CLUSTERS, whole.logits + (size_t)rows[i] * CLUSTERS,
                            CLUSTERS * sizeof(float));
    }
    case_close(&c);
}

/* A picture's view depends on its position in the list, not on the batch that it falls into. */
static void test_views(void **state) {
    (void)state;
    Case c;
    case_open(&c, POLICY_MOCO);
    c.policy.size = 0;
    static Outputs whole, parts, again;
    run(&c, NULL, COUNT, COUNT, &whole);
    run(&c, NULL, COUNT, 2, &parts);
    check_same(&parts, &whole, COUNT);
    const int64_t same[3] = {2, 2, 2};
    run(&c, same, 3, 3, &again);
    assert_memory_not_equal(again.features, again.features + 32, 32 * sizeof(float));
    c.key.step = 1;
    run(&c, NULL, COUNT, 2, &again);
    assert_memory_not_equal(again.features, parts.features, sizeof again.features);
    case_close(&c);
}

static void test_one_output(void **state) {
    (void)state;
    Case c;
    case_open(&c, POLICY_NONE);
    static Outputs both, single;
    run(&c, NULL, COUNT, 4, &both);
    TEST_OK(c.ctx,
            infer_rows(c.ctx, &c.model, &c.dataset, NULL, COUNT, &c.policy, c.key, 4, NULL, single.features, NULL));
    TEST_OK(c.ctx,
            infer_rows(c.ctx, &c.model, &c.dataset, NULL, COUNT, &c.policy, c.key, 4, NULL, NULL, single.logits));
    check_same(&single, &both, COUNT);
    TEST_OK(c.ctx, infer_rows(c.ctx, &c.model, &c.dataset, NULL, 0, &c.policy, c.key, 4, NULL, single.features, NULL));
    case_close(&c);
}

static int cancelled(void *user) {
    (void)user;
    return 1;
}

static void test_refused(void **state) {
    (void)state;
    Case c;
    case_open(&c, POLICY_NONE);
    static Outputs outputs;
    c.policy.size = 9;
    TEST_FAILS(c.ctx, SPICA_ERROR_DATA, "8 x 8 x 3, but these become 9 x 9 x 3",
               infer_rows(c.ctx, &c.model, &c.dataset, NULL, COUNT, &c.policy, c.key, 4, NULL, outputs.features, NULL));
    c.policy.size = 0;
    Model bare;
    make_model(c.ctx, &bare, 0);
    TEST_FAILS(c.ctx, SPICA_ERROR_INTERNAL, "without a clustering head",
               infer_rows(c.ctx, &bare, &c.dataset, NULL, COUNT, &c.policy, c.key, 4, NULL, NULL, outputs.logits));
    model_close(c.ctx, &bare);
    c.ctx->settings.cancel = cancelled;
    TEST_FAILS(c.ctx, SPICA_CANCELLED, "cancelled",
               infer_rows(c.ctx, &c.model, &c.dataset, NULL, COUNT, &c.policy, c.key, 4, NULL, outputs.features, NULL));
    case_close(&c);
}

static double reported;
static void progress(void *user, const spica_progress *report) {
    (void)user;
    assert_string_equal(report->stage, "embed");
    assert_true(report->total == COUNT);
    reported = report->done;
}

static void test_progress(void **state) {
    (void)state;
    Case c;
    case_open(&c, POLICY_NONE);
    static Outputs outputs;
    c.ctx->settings.progress = progress;
    TEST_OK(c.ctx,
            infer_rows(c.ctx, &c.model, &c.dataset, NULL, COUNT, &c.policy, c.key, 4, "embed", outputs.features, NULL));
    assert_true(reported == COUNT);
    case_close(&c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_batches),    cmocka_unit_test(test_rows),    cmocka_unit_test(test_views),
        cmocka_unit_test(test_one_output), cmocka_unit_test(test_refused), cmocka_unit_test(test_progress),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
