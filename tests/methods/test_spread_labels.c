#include "methods/spice/labelled_head.h"
#include "methods/spice/spread_labels.h"

#include "methods/spice/head.h"
#include "support/method_support.h"

#define GROUPS 5
#define EACH 30
#define COUNT (GROUPS * EACH)
#define DIM 8

/* Groups of directions, each around an axis of its own; group g has the rows g, g + GROUPS ... */
static void fill_groups(float *embeddings, float noise) {
    hash_fill(embeddings, (size_t)COUNT * DIM, "groups", noise, 0.0f);
    for (size_t i = 0; i < COUNT; i++)
        embeddings[i * DIM + i % GROUPS] += 1.0f;
    normalize_rows(embeddings, COUNT, DIM, NULL);
}

static SpreadSettings settings_of(size_t classes) {
    return (SpreadSettings){.classes = classes,
                            .clusters = GROUPS,
                            .neighbours = 8,
                            .reliable = {.clusters = GROUPS, .neighbours = 10, .consistency = 0.8, .minimum = 1},
                            .seed = 1};
}

/* Two pictures of each of the first groups are known. */
static void fill_known(int32_t *known, size_t classes) {
    for (size_t i = 0; i < COUNT; i++)
        known[i] = i < 2 * GROUPS && i % GROUPS < classes ? (int32_t)(i % GROUPS) : -1;
}

static void test_all_classes(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    static float embeddings[COUNT * DIM];
    int32_t known[COUNT];
    SpreadLabels spread;
    const SpreadSettings settings = settings_of(GROUPS);
    size_t reliable = 0;
    fill_groups(embeddings, 0.3f);
    fill_known(known, GROUPS);
    TEST_OK(ctx, spread_labels(ctx, &settings, embeddings, COUNT, DIM, known, &spread));
    assert_integers_equal(spread.seeds, known, COUNT);
    for (size_t i = 0; i < COUNT; i++) {
        assert_int_equal(spread.labels[i], i % GROUPS);
        assert_true(spread.reliable[i] < 0 || spread.reliable[i] == spread.labels[i]);
        assert_true(known[i] < 0 || spread.reliable[i] == known[i]);
        reliable += spread.reliable[i] >= 0;
    }
    assert_int_equal(reliable, spread.report.selected);
    assert_true(reliable > COUNT / 2);
    spread_labels_close(ctx, &spread);
    test_context_close(&ctx);
}

/* Two groups have no known picture: they become the clusters behind the classes, with as many seeds each as a class. */
static void test_further_clusters(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    static float embeddings[COUNT * DIM];
    int32_t known[COUNT], cluster_of[GROUPS] = {0, 1, 2, -1, -1};
    size_t seeds[GROUPS] = {0};
    SpreadLabels spread;
    const SpreadSettings settings = settings_of(3);
    fill_groups(embeddings, 0.2f);
    fill_known(known, 3);
    TEST_OK(ctx, spread_labels(ctx, &settings, embeddings, COUNT, DIM, known, &spread));
    cluster_of[3] = spread.labels[3];
    cluster_of[4] = spread.labels[4];
    assert_true(cluster_of[3] >= 3 && cluster_of[4] >= 3 && cluster_of[3] != cluster_of[4]);
    for (size_t i = 0; i < COUNT; i++) {
        assert_int_equal(spread.labels[i], cluster_of[i % GROUPS]);
        if (spread.seeds[i] >= 0) seeds[spread.seeds[i]]++;
    }
    for (size_t k = 0; k < GROUPS; k++)
        assert_int_equal(seeds[k], 2);
    spread_labels_close(ctx, &spread);
    test_context_close(&ctx);
}

static void test_no_picture_left(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    static float embeddings[COUNT * DIM];
    int32_t known[COUNT];
    SpreadLabels spread;
    const SpreadSettings settings = settings_of(4);
    fill_groups(embeddings, 0.2f);
    for (size_t i = 0; i < COUNT; i++)
        known[i] = (int32_t)(i % 4);
    TEST_FAILS(ctx, SPICA_ERROR_DATA, "5 clusters, 4 classes with known pictures: no picture is left",
               spread_labels(ctx, &settings, embeddings, COUNT, DIM, known, &spread));
    spread_labels_close(ctx, &spread);
    test_context_close(&ctx);
}

static LabelledHeadSettings head_settings(void) {
    return (LabelledHeadSettings){.clusters = GROUPS,
                                  .hidden = 6,
                                  .epochs = 40,
                                  .batch = 16,
                                  .optimiser = {.kind = OPTIMISER_ADAM},
                                  .learning_rate = 0.01f,
                                  .seed = 2};
}

/* A head that learns a third of the rows knows the others, with the same bits whatever the number of threads. */
static void test_head(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    static float features[COUNT * DIM], logits[COUNT * GROUPS];
    int32_t labels[COUNT];
    const LabelledHeadSettings settings = head_settings();
    float *weights, *single;
    double loss, other;
    size_t right = 0;
    fill_groups(features, 0.3f);
    for (size_t i = 0; i < COUNT; i++)
        labels[i] = i % 3 == 0 ? (int32_t)(i % GROUPS) : -1;
    TEST_OK(ctx, labelled_head_train(ctx, &settings, features, COUNT, DIM, labels, &weights, &loss));
    TEST_OK(ctx, head_apply(ctx, weights, features, COUNT, DIM, 6, GROUPS, logits));
    for (size_t i = 0; i < COUNT; i++) {
        size_t best = 0;
        for (size_t k = 1; k < GROUPS; k++)
            if (logits[i * GROUPS + k] > logits[i * GROUPS + best]) best = k;
        right += best == i % GROUPS;
    }
    assert_true(right > COUNT * 95 / 100);
    assert_true(loss < 0.1);
    ctx->threads = 1;
    TEST_OK(ctx, labelled_head_train(ctx, &settings, features, COUNT, DIM, labels, &single, &other));
    assert_memory_equal(weights, single, (6 * DIM + 6 + GROUPS * 6 + GROUPS) * sizeof *weights);
    FREE_ARRAY(ctx, &weights);
    FREE_ARRAY(ctx, &single);
    test_context_close(&ctx);
}

static void test_head_errors(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    static float features[COUNT * DIM];
    int32_t labels[COUNT];
    LabelledHeadSettings settings = head_settings();
    float *weights;
    double loss;
    fill_groups(features, 0.3f);
    for (size_t i = 0; i < COUNT; i++)
        labels[i] = -1;
    TEST_FAILS(ctx, SPICA_ERROR_INTERNAL, "no row has a label",
               labelled_head_train(ctx, &settings, features, COUNT, DIM, labels, &weights, &loss));
    labels[0] = 1;
    settings.learning_rate = INFINITY;
    TEST_FAILS(ctx, SPICA_ERROR_NUMERIC, "head: the loss is not finite in epoch 1",
               labelled_head_train(ctx, &settings, features, COUNT, DIM, labels, &weights, &loss));
    test_context_close(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_all_classes), cmocka_unit_test(test_further_clusters),
                                       cmocka_unit_test(test_no_picture_left), cmocka_unit_test(test_head),
                                       cmocka_unit_test(test_head_errors)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
