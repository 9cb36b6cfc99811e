#include "methods/scan/scan_loss.h"

#include "support/method_support.h"

typedef struct LossCase {
    const char *name;
    size_t rows, clusters;
    float weight, sharpness;
} LossCase;

static const LossCase cases[] = {{"usual", 24, 6, 5.0f, 3.0f},
                                 {"two", 5, 2, 2.0f, 1.0f},
                                 {"sharp", 16, 10, 5.0f, 25.0f},
                                 {"alone", 12, 5, 0.0f, 4.0f}};

#define FLOATS_MOST (24 * 10)

static char *golden_path(char path[96], const char *name, const char *part) {
    snprintf(path, 96, "scan/%s_%s.npy", name, part);
    return path;
}

/* logits[2]: of pictures and of neighbours. */
static void fill_logits(const LossCase *one, float *logits) {
    static const char *const parts[2] = {"anchors", "neighbours"};
    const size_t floats = one->rows * one->clusters;
    for (size_t v = 0; v < 2; v++) {
        char name[32];
        snprintf(name, sizeof name, "%s.%s", one->name, parts[v]);
        hash_fill(logits + v * floats, floats, name, one->sharpness, 0.0f);
    }
}

static void test_golden(void **state) {
    const LossCase *one = *state;
    Context *ctx = test_context_open();
    static float logits[2 * FLOATS_MOST], d[2 * FLOATS_MOST], work[2 * FLOATS_MOST];
    char path[96];
    const size_t floats = one->rows * one->clusters;
    double *losses = golden_double(ctx, golden_path(path, one->name, "losses"), NULL);
    float *expected = golden_float(ctx, golden_path(path, one->name, "d"), NULL);
    fill_logits(one, logits);
    for (int with_gradient = 0; with_gradient < 2; with_gradient++) {
        const ScanLoss loss = scan_loss(with_gradient != 0 ? d : NULL, with_gradient != 0 ? d + floats : NULL, logits,
                                        logits + floats, one->rows, one->clusters, one->weight, work);
        assert_true(fabs(loss.consistency - losses[0]) < 1e-6 * losses[0]);
        assert_true(fabs(loss.entropy - losses[1]) < 1e-6 * losses[1]);
        assert_true(fabs(loss.total - losses[2]) < 5e-6);
    }
    assert_close(d, expected, 2 * floats, 1e-7, 2e-6);
    FREE_ARRAY(ctx, &losses);
    FREE_ARRAY(ctx, &expected);
    test_context_close(&ctx);
}

/* Signed central differences of the total along random directions. */
static void test_differences(void **state) {
    (void)state;
    enum { ROWS = 9, CLUSTERS = 5, FLOATS = ROWS * CLUSTERS };
    float logits[2 * FLOATS], moved[2 * FLOATS], direction[2 * FLOATS], d[2 * FLOATS], work[2 * FLOATS];
    hash_fill(logits, 2 * FLOATS, "logits", 2.0f, 0.0f);
    for (int trial = 0; trial < 6; trial++) {
        const float step = 0.01f;
        double slope = 0.0, totals[2];
        char name[16];
        snprintf(name, sizeof name, "direction%d", trial);
        hash_fill(direction, 2 * FLOATS, name, 1.0f, 0.0f);
        scan_loss(d, d + FLOATS, logits, logits + FLOATS, ROWS, CLUSTERS, 5.0f, work);
        for (size_t i = 0; i < 2 * FLOATS; i++)
            slope += (double)d[i] * (double)direction[i];
        for (int side = 0; side < 2; side++) {
            for (size_t i = 0; i < 2 * FLOATS; i++)
                moved[i] = logits[i] + (side == 0 ? -step : step) * direction[i];
            totals[side] = scan_loss(NULL, NULL, moved, moved + FLOATS, ROWS, CLUSTERS, 5.0f, work).total;
        }
        const double difference = (totals[1] - totals[0]) / (2.0 * (double)step);
        if (fabs(difference - slope) > 2e-4 * fmax(fabs(slope), 0.05))
            fail_msg("trial %d: gradient %.9g, differences %.9g", trial, slope, difference);
    }
}

/* Pairs that share nothing have a finite loss, and nothing to learn. */
static void test_lost_pair(void **state) {
    (void)state;
    const float anchors[3] = {400.0f, 0.0f, 0.0f}, neighbours[3] = {0.0f, 800.0f, 0.0f};
    float d[6], work[6];
    const ScanLoss loss = scan_loss(d, d + 3, anchors, neighbours, 1, 3, 0.0f, work);
    assert_true(loss.consistency > 700.0 && loss.consistency < 710.0);
    for (size_t i = 0; i < 6; i++)
        assert_true(d[i] == 0.0f);
}

/* Sure and balanced pictures among their like: the consistency is 0, the entropy that of equal clusters. */
static void test_measure(void **state) {
    (void)state;
    enum { COUNT = 300, CLUSTERS = 3, EACH = 2 };
    Context *ctx = test_context_open();
    static float p[COUNT * CLUSTERS];
    static int32_t neighbours[COUNT * EACH];
    for (size_t i = 0; i < COUNT; i++) {
        for (size_t k = 0; k < CLUSTERS; k++)
            p[i * CLUSTERS + k] = k == i % CLUSTERS ? 1.0f : 0.0f;
        neighbours[i * EACH] = (int32_t)i;
        neighbours[i * EACH + 1] = (int32_t)((i + CLUSTERS) % COUNT);
    }
    ScanLoss loss = scan_measure(ctx, p, COUNT, CLUSTERS, neighbours, EACH, EACH);
    assert_true(loss.consistency == 0.0);
    assert_true(fabs(loss.entropy - log(3.0)) < 1e-12);
    assert_true(fabs(loss.total + log(3.0)) < 1e-12);
    for (size_t k = 0; k < CLUSTERS; k++) /* one picture between all clusters: three pairs of log 3 */
        p[k] = 1.0f / 3.0f;
    const ScanLoss single = scan_measure(ctx, p, COUNT, CLUSTERS, neighbours, EACH, EACH);
    assert_true(fabs(single.consistency - 3.0 * log(3.0) / (COUNT * EACH)) < 1e-8);
    assert_true(scan_measure(ctx, p, COUNT, CLUSTERS, neighbours, EACH, 1).consistency < single.consistency);
    ctx->threads = 1;
    loss = scan_measure(ctx, p, COUNT, CLUSTERS, neighbours, EACH, EACH);
    assert_memory_equal(&loss, &single, sizeof loss);
    test_context_close(&ctx);
}

static void check_labels(const char *name, size_t rows, size_t clusters, bool balanced) {
    Context *ctx = test_context_open();
    float logits[80], d[80], weights[20];
    size_t sizes[4];
    char path[96], logits_name[32];
    int32_t *labels = golden_int32(ctx, golden_path(path, name, "labels"), NULL);
    double *expected = golden_double(ctx, golden_path(path, name, "loss"), NULL);
    float *gradient = golden_float(ctx, golden_path(path, name, "d"), NULL);
    snprintf(logits_name, sizeof logits_name, "%s.strong", name);
    hash_fill(logits, rows * clusters, logits_name, 4.0f, 0.0f);
    const double loss = self_label_loss(d, logits, labels, rows, clusters, balanced, weights, sizes);
    assert_true(fabs(loss - expected[0]) < 1e-6);
    assert_close(d, gradient, rows * clusters, 1e-7, 1e-6);
    FREE_ARRAY(ctx, &labels);
    FREE_ARRAY(ctx, &expected);
    FREE_ARRAY(ctx, &gradient);
    test_context_close(&ctx);
}

static void test_self_labels(void **state) {
    (void)state;
    check_labels("balanced", 20, 4, true);
    check_labels("plain", 20, 4, false);
    check_labels("unsure", 6, 3, true);
}

int main(void) {
    struct CMUnitTest tests[sizeof cases / sizeof cases[0] + 4];
    size_t count = 0;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        tests[count++] = (struct CMUnitTest){
            .name = cases[i].name, .test_func = test_golden, .initial_state = (void *)(uintptr_t)&cases[i]};
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(test_differences);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(test_lost_pair);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(test_measure);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(test_self_labels);
    return _cmocka_run_group_tests("scan_loss", tests, count, NULL, NULL);
}
