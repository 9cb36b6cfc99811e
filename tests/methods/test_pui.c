#include "methods/pica/pui.h"

#include "support/method_support.h"

typedef struct LossCase {
    const char *name;
    size_t pictures, repeats, clusters;
    float weight;
} LossCase;

/* empty: a cluster has no mass in either batch, or in one of them. */
static const LossCase cases[] = {
    {"plain", 24, 3, 6, 2.0f},           {"two", 7, 1, 2, 2.0f},
    {"small_batch", 4, 2, 9, 0.5f},      {"off", 10, 3, 5, 0.0f},
    {"empty", 12, 2, 5, 2.0f},           {"empty_original", 12, 2, 5, 2.0f},
    {"empty_perturbed", 12, 2, 5, 2.0f},
};

static float *read_part(Context *ctx, const LossCase *loss, const char *part) {
    char path[128];
    snprintf(path, sizeof path, "pica/%s_%s.npy", loss->name, part);
    return golden_float(ctx, path, NULL);
}

/* The gradients of one cluster. Those of one without mass are many orders above the others'. */
static void check_cluster(const LossCase *loss, const float *actual, const float *expected, size_t rows,
                          size_t cluster) {
    const size_t count = rows * loss->clusters;
    double largest = 0.0;
    for (size_t i = cluster; i < count; i += loss->clusters)
        largest = fmax(largest, fabs((double)expected[i]));
    for (size_t i = cluster; i < count; i += loss->clusters)
        /* float32 products of cosines near 1, differences taken: 2e-6 of the largest value. NaN is not within it. */
        if (!(fabs((double)actual[i] - (double)expected[i]) <= 2e-6 * largest))
            fail_msg("%s: gradient %zu is %.9g, expected %.9g", loss->name, i, (double)actual[i], (double)expected[i]);
}

static void check_gradient(const LossCase *loss, const float *actual, const float *expected, size_t rows) {
    for (size_t cluster = 0; cluster < loss->clusters; cluster++)
        check_cluster(loss, actual, expected, rows, cluster);
}

static void test_golden(void **state) {
    const LossCase *loss = *state;
    Context *ctx = test_context_open();
    Pui pui;
    char path[128];
    float *original = read_part(ctx, loss, "original"), *perturbed = read_part(ctx, loss, "perturbed");
    float *expected[2] = {read_part(ctx, loss, "d_original"), read_part(ctx, loss, "d_perturbed")};
    float *actual[2] = {NULL, NULL};
    snprintf(path, sizeof path, "pica/%s_losses.npy", loss->name);
    double *losses = golden_double(ctx, path, NULL);
    const size_t rows[2] = {loss->pictures, loss->pictures * loss->repeats};
    for (int v = 0; v < 2; v++)
        TEST_OK(ctx, NEW_ARRAY(ctx, &actual[v], rows[v] * loss->clusters));
    TEST_OK(ctx, pui_open(ctx, &pui, loss->pictures, loss->repeats, loss->clusters));
    for (int call = 0; call < 2; call++) { /* the second finds used buffers */
        const PuiLoss found = pui_loss(&pui, original, perturbed, loss->weight, actual[0], actual[1]);
        assert_true(fabs(found.uncertainty - losses[0]) < 2e-7 * losses[0] + 1e-7);
        assert_true(fabs(found.imbalance - losses[1]) < 1e-9);
        assert_true(fabs(found.total - losses[2]) < 2e-7 * losses[2] + 1e-7);
        for (int v = 0; v < 2; v++)
            check_gradient(loss, actual[v], expected[v], rows[v]);
    }
    const PuiLoss alone = pui_loss(&pui, original, perturbed, loss->weight, NULL, NULL);
    assert_true(fabs(alone.total - losses[2]) < 2e-7 * losses[2] + 1e-7);
    pui_close(ctx, &pui);
    for (int v = 0; v < 2; v++) {
        FREE_ARRAY(ctx, &actual[v]);
        FREE_ARRAY(ctx, &expected[v]);
    }
    FREE_ARRAY(ctx, &original);
    FREE_ARRAY(ctx, &perturbed);
    FREE_ARRAY(ctx, &losses);
    test_context_close(&ctx);
}

/* Signed central differences of the total along random directions in the logits: the gradient that training uses. */
static void test_differences(void **state) {
    (void)state;
    enum { PICTURES = 9, REPEATS = 2, CLUSTERS = 5, ROWS = PICTURES * (1 + REPEATS), FLOATS = ROWS * CLUSTERS };
    Context *ctx = test_context_open();
    Pui pui;
    static float logits[FLOATS], moved[FLOATS], direction[FLOATS], p[FLOATS], d[FLOATS];
    const size_t split = PICTURES * CLUSTERS;
    TEST_OK(ctx, pui_open(ctx, &pui, PICTURES, REPEATS, CLUSTERS));
    hash_fill(logits, FLOATS, "logits", 2.0f, 0.0f);
    for (int trial = 0; trial < 6; trial++) {
        char name[16];
        double slope = 0.0, totals[2];
        const float step = 0.01f;
        snprintf(name, sizeof name, "direction%d", trial);
        hash_fill(direction, FLOATS, name, 1.0f, 0.0f);
        softmax_rows(p, logits, ROWS, CLUSTERS, 1.0f);
        pui_loss(&pui, p, p + split, 2.0f, d, d + split);
        softmax_rows_backward(d, d, p, ROWS, CLUSTERS);
        for (size_t i = 0; i < FLOATS; i++)
            slope += (double)d[i] * (double)direction[i];
        for (int side = 0; side < 2; side++) {
            for (size_t i = 0; i < FLOATS; i++)
                moved[i] = logits[i] + (side == 0 ? -step : step) * direction[i];
            softmax_rows(p, moved, ROWS, CLUSTERS, 1.0f);
            totals[side] = pui_loss(&pui, p, p + split, 2.0f, NULL, NULL).total;
        }
        const double difference = (totals[1] - totals[0]) / (2.0 * (double)step);
        if (fabs(difference - slope) > 2e-4 * fmax(fabs(slope), 0.05))
            fail_msg("trial %d: gradient %.9g, differences %.9g", trial, slope, difference);
    }
    pui_close(ctx, &pui);
    test_context_close(&ctx);
}

/* A column shorter than the least length is divided by that, whatever its own: signed differences along it. */
static void test_short_column(void **state) {
    (void)state;
    enum { PICTURES = 6, CLUSTERS = 3, FLOATS = PICTURES * CLUSTERS, SHORT = 1 };
    Context *ctx = test_context_open();
    Pui pui;
    float original[FLOATS], perturbed[FLOATS], moved[FLOATS], d_original[FLOATS], d_perturbed[FLOATS];
    const float step = 1e-14f;
    double slope = 0.0, totals[2];
    hash_fill(original, FLOATS, "original", 0.2f, 0.4f);
    hash_fill(perturbed, FLOATS, "perturbed", 0.2f, 0.4f);
    for (size_t i = SHORT; i < FLOATS; i += CLUSTERS)
        original[i] *= 6e-13f; /* a column of about 6e-13 */
    TEST_OK(ctx, pui_open(ctx, &pui, PICTURES, 1, CLUSTERS));
    pui_loss(&pui, original, perturbed, 0.0f, d_original, d_perturbed);
    for (int side = 0; side < 2; side++) {
        memcpy(moved, original, sizeof moved);
        for (size_t i = SHORT; i < FLOATS; i += CLUSTERS)
            moved[i] += side == 0 ? -step : step;
        totals[side] = pui_loss(&pui, moved, perturbed, 0.0f, NULL, NULL).total;
    }
    for (size_t i = SHORT; i < FLOATS; i += CLUSTERS)
        slope += (double)d_original[i];
    const double difference = (totals[1] - totals[0]) / (2.0 * (double)step);
    if (!(fabs(difference - slope) < 1e-3 * fabs(slope)))
        fail_msg("gradient %.9g, differences %.9g", slope, difference);
    pui_close(ctx, &pui);
    test_context_close(&ctx);
}

/* Equal, sure and balanced partitions are the least that there is: K cosines of 1, all others 0. */
static void test_perfect_partition(void **state) {
    (void)state;
    enum { CLUSTERS = 4, PICTURES = 12 };
    Context *ctx = test_context_open();
    Pui pui;
    float p[PICTURES * CLUSTERS] = {0.0f};
    for (size_t i = 0; i < PICTURES; i++)
        p[i * CLUSTERS + i % CLUSTERS] = 1.0f;
    TEST_OK(ctx, pui_open(ctx, &pui, PICTURES, 1, CLUSTERS));
    const PuiLoss loss = pui_loss(&pui, p, p, 2.0f, NULL, NULL);
    assert_true(fabs(loss.uncertainty - (log(exp(1.0) + CLUSTERS - 1.0) - 1.0)) < 1e-6);
    assert_true(fabs(loss.imbalance) < 1e-12);
    pui_close(ctx, &pui);
    test_context_close(&ctx);
}

int main(void) {
    struct CMUnitTest tests[sizeof cases / sizeof cases[0] + 3];
    size_t count = 0;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        tests[count++] = (struct CMUnitTest){
            .name = cases[i].name, .test_func = test_golden, .initial_state = (void *)(uintptr_t)&cases[i]};
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(test_differences);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(test_short_column);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(test_perfect_partition);
    return _cmocka_run_group_tests("pui", tests, count, NULL, NULL);
}
