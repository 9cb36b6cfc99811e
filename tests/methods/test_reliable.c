#include "methods/spice/reliable.h"

#include "support/testing.h"

#define COUNT 198
#define CLUSTERS 5 /* the last one empty */

typedef struct Case {
    int32_t *neighbours, *labels;
    float *probabilities;
    int32_t reliable[COUNT];
    ReliableReport report;
} Case;

static void case_open(Context *ctx, Case *c) {
    size_t count;
    c->neighbours = golden_int32(ctx, "spice/reliable_neighbours.npy", &count);
    assert_int_equal(count, COUNT * 20);
    c->labels = golden_int32(ctx, "spice/reliable_labels.npy", NULL);
    c->probabilities = golden_float(ctx, "spice/reliable_probabilities.npy", NULL);
}

static void case_close(Context *ctx, Case *c) {
    FREE_ARRAY(ctx, &c->neighbours);
    FREE_ARRAY(ctx, &c->labels);
    FREE_ARRAY(ctx, &c->probabilities);
}

static void case_select(Context *ctx, Case *c, const ReliableSettings *settings) {
    TEST_OK(ctx,
            reliable_select(ctx, settings, c->neighbours, c->labels, c->probabilities, COUNT, c->reliable, &c->report));
}

/* Against make_spice.py, and once more with the reported thresholds, which must not need lowering. */
static void check_golden(const char *name, ReliableSettings settings, bool lowered) {
    Context *ctx = test_context_open();
    Case c;
    char path[128];
    settings.clusters = CLUSTERS;
    settings.neighbours = 20;
    snprintf(path, sizeof path, "spice/reliable_%s.npy", name);
    int32_t *expected = golden_int32(ctx, path, NULL);
    case_open(ctx, &c);
    case_select(ctx, &c, &settings);
    assert_integers_equal(c.reliable, expected, COUNT);
    size_t selected = 0;
    for (size_t i = 0; i < COUNT; i++)
        selected += expected[i] >= 0;
    assert_int_equal(c.report.selected, selected);
    assert_int_equal(c.report.lowered, lowered);
    assert_int_equal(c.report.empty_clusters, 1);
    assert_int_equal(test_state(ctx)->warnings, lowered ? 2 : 1);

    settings.consistency = c.report.consistency;
    settings.confidence = c.report.confidence;
    case_select(ctx, &c, &settings);
    assert_integers_equal(c.reliable, expected, COUNT);
    assert_false(c.report.lowered);
    FREE_ARRAY(ctx, &expected);
    case_close(ctx, &c);
    test_context_close(&ctx);
}

static void test_paper(void **state) {
    (void)state;
    check_golden("paper", (ReliableSettings){.consistency = 0.3, .minimum = 1}, false);
}

static void test_program(void **state) {
    (void)state;
    check_golden("program", (ReliableSettings){.consistency = 0.3, .inclusive = true, .confidence = 0.9, .minimum = 1},
                 false);
}

static void test_lowered(void **state) {
    (void)state;
    check_golden("lowered", (ReliableSettings){.consistency = 0.95, .minimum = 7}, true);
    check_golden("both", (ReliableSettings){.consistency = 0.95, .inclusive = true, .confidence = 0.999, .minimum = 5},
                 true);
}

/* 0.95 of 20 neighbours: 19 do for >=, not for >. */
static void test_boundary(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    int32_t neighbours[2 * 20] = {0}, labels[2] = {0, 1}, reliable[2];
    float probabilities[4] = {0.75f, 0.25f, 0.25f, 0.75f};
    for (size_t j = 0; j < 20; j++)
        neighbours[20 + j] = 1;
    neighbours[5] = 1;
    ReliableSettings settings = {.clusters = 2, .neighbours = 20, .consistency = 0.95, .inclusive = true, .minimum = 1};
    ReliableReport report;
    TEST_OK(ctx, reliable_select(ctx, &settings, neighbours, labels, probabilities, 2, reliable, &report));
    assert_false(report.lowered);
    settings.inclusive = false;
    TEST_OK(ctx, reliable_select(ctx, &settings, neighbours, labels, probabilities, 2, reliable, &report));
    assert_true(report.lowered);
    assert_true(report.consistency == 18.0 / 20.0);
    assert_int_equal(reliable[0], 0);
    test_context_close(&ctx);
}

static void test_balanced(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    Case all, cut, again;
    ReliableSettings settings = {.clusters = CLUSTERS, .neighbours = 20, .consistency = 0.3, .minimum = 1, .seed = 5};
    case_open(ctx, &all);
    cut = all;
    again = all;
    case_select(ctx, &all, &settings);
    settings.balanced = true;
    case_select(ctx, &cut, &settings);
    case_select(ctx, &again, &settings);
    size_t sizes[CLUSTERS] = {0}, cut_sizes[CLUSTERS] = {0}, smallest = COUNT;
    for (size_t i = 0; i < COUNT; i++) {
        if (all.reliable[i] >= 0) sizes[all.reliable[i]]++;
        if (cut.reliable[i] < 0) continue;
        assert_int_equal(cut.reliable[i], all.reliable[i]);
        cut_sizes[cut.reliable[i]]++;
    }
    for (size_t k = 0; k < CLUSTERS - 1; k++)
        smallest = sizes[k] < smallest ? sizes[k] : smallest;
    for (size_t k = 0; k < CLUSTERS; k++)
        assert_int_equal(cut_sizes[k], k < CLUSTERS - 1 ? smallest : 0);
    assert_int_equal(cut.report.selected, smallest * (CLUSTERS - 1));
    assert_integers_equal(again.reliable, cut.reliable, COUNT);
    settings.seed = 6;
    case_select(ctx, &again, &settings);
    assert_memory_not_equal(again.reliable, cut.reliable, sizeof cut.reliable);
    case_close(ctx, &all);
    test_context_close(&ctx);
}

/* As many clusters as pictures: everyone is alone with its label, and all are kept. */
static void test_singletons(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    enum { N = 20 };
    int32_t neighbours[N * 2], labels[N], reliable[N];
    float probabilities[N * N] = {0};
    for (int32_t i = 0; i < N; i++) {
        neighbours[2 * i] = i;
        neighbours[2 * i + 1] = (i + 1) % N;
        labels[i] = i;
        probabilities[i * N + i] = 0.06f;
    }
    ReliableSettings settings = {
        .clusters = N, .neighbours = 100, .consistency = 0.95, .confidence = 0.99, .balanced = true, .minimum = 4};
    reliable_settings_clip(ctx, &settings, N);
    assert_int_equal(settings.neighbours, 2);
    ReliableReport report;
    TEST_OK(ctx, reliable_select(ctx, &settings, neighbours, labels, probabilities, N, reliable, &report));
    assert_int_equal(report.selected, N);
    assert_true(report.lowered);
    assert_integers_equal(reliable, labels, N);
    test_context_close(&ctx);
}

static void test_memory(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    Case c;
    ReliableSettings settings = {
        .clusters = CLUSTERS, .neighbours = 20, .consistency = 0.95, .balanced = true, .minimum = 1};
    case_open(ctx, &c);
    Status status = SPICA_ERROR_MEMORY;
    for (int64_t i = 0; status != SPICA_OK; i++) {
        test_state(ctx)->allocations = 0;
        test_state(ctx)->fail_at = i;
        status = reliable_select(ctx, &settings, c.neighbours, c.labels, c.probabilities, COUNT, c.reliable, &c.report);
        if (status != SPICA_OK) assert_int_equal(status, SPICA_ERROR_MEMORY);
        assert_true(i < 20);
    }
    case_close(ctx, &c);
    test_context_close(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paper),    cmocka_unit_test(test_program),  cmocka_unit_test(test_lowered),
        cmocka_unit_test(test_boundary), cmocka_unit_test(test_balanced), cmocka_unit_test(test_singletons),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
