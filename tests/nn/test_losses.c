/* Losses against PyTorch in float64 and against their own differences. */
#include "support/testing.h"

#include "formula.h"
#include "nn/losses.h"
#include "nn/vector_math.h"

enum { ROWS = 12, COLUMNS = 7, CELLS = ROWS * COLUMNS };

/* The golden files hold the gradient and then the loss in float64. Ours sums in float64 over float32 exponentials, each
 * exact to 2 units in the last place (1.2e-7 relative); 1e-6 of the largest gradient covers a row's roundings. */
static void compare_golden(Context *ctx, const char *name, const float *gradient, size_t count, double loss) {
    size_t golden_count;
    double *golden = golden_double(ctx, name, &golden_count);
    assert_int_equal(golden_count, count + 1);
    double largest = 0.0;
    for (size_t i = 0; i < count; i++)
        largest = fmax(largest, fabs(golden[i]));
    for (size_t i = 0; i < count; i++)
        if (!(fabs((double)gradient[i] - golden[i]) <= 1e-6 * largest + 1e-6 * fabs(golden[i])))
            fail_msg("%s: gradient %zu is %.9g, expected %.9g", name, i, (double)gradient[i], golden[i]);
    if (!(fabs(loss - golden[count]) <= 3e-7 * fabs(golden[count])))
        fail_msg("%s: loss is %.12g, expected %.12g", name, loss, golden[count]);
    FREE_ARRAY(ctx, &golden);
}

static void make_logits(float logits[CELLS], int32_t labels[ROWS]) {
    formula_fill(logits, CELLS, "losses.logits", 0.0, 6.0);
    for (int i = 0; i < ROWS; i++)
        labels[i] = i * 5 % COLUMNS;
}

static void test_cross_entropy_golden(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    float logits[CELLS], gradient[CELLS], weights[ROWS];
    int32_t labels[ROWS];
    make_logits(logits, labels);
    double loss = cross_entropy(gradient, logits, labels, NULL, ROWS, COLUMNS, CE_PLAIN, 0.2f, ROWS);
    compare_golden(ctx, "nn/loss_plain.npy", gradient, CELLS, loss);
    loss = cross_entropy(gradient, logits, labels, NULL, ROWS, COLUMNS, CE_TEMPERATURE, 0.2f, ROWS);
    compare_golden(ctx, "nn/loss_temperature.npy", gradient, CELLS, loss);
    loss = cross_entropy(gradient, logits, labels, NULL, ROWS, COLUMNS, CE_DOUBLE_SOFTMAX, 0.2f, ROWS);
    compare_golden(ctx, "nn/loss_double.npy", gradient, CELLS, loss);

    /* Weights, rows that count nothing, and a divisor that is not the number of rows. */
    formula_fill(weights, ROWS, "losses.weights", 0.0, 1.0);
    for (int i = 0; i < ROWS; i++) {
        weights[i] = fabsf(weights[i]);
        if (i % 4 == 1) labels[i] = -1;
    }
    loss = cross_entropy(gradient, logits, labels, weights, ROWS, COLUMNS, CE_DOUBLE_SOFTMAX, 1.0f, 9.0);
    compare_golden(ctx, "nn/loss_weighted.npy", gradient, CELLS, loss);
    const double alone = cross_entropy(NULL, logits, labels, weights, ROWS, COLUMNS, CE_DOUBLE_SOFTMAX, 1.0f, 9.0);
    assert_true(fabs(alone - loss) <= 1e-7 * loss);
    test_context_close(&ctx);
}

static void test_mean_entropy_golden(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    float logits[CELLS], gradient[CELLS] = {0}, work[CELLS];
    int32_t labels[ROWS];
    make_logits(logits, labels);
    const double loss = mean_entropy(gradient, logits, ROWS, COLUMNS, 1.0f, work);
    compare_golden(ctx, "nn/loss_entropy.npy", gradient, CELLS, loss);
    /* Adds, scaled. */
    float more[CELLS];
    for (int i = 0; i < CELLS; i++)
        more[i] = 1.0f;
    mean_entropy(more, logits, ROWS, COLUMNS, -2.0f, work);
    for (int i = 0; i < CELLS; i++)
        more[i] = (1.0f - more[i]) / 2.0f;
    assert_close(more, gradient, CELLS, 1e-7, 0);
    test_context_close(&ctx);
}

/* ---- InfoNCE ---- */

enum { NCE_ROWS = 9, NEGATIVES = 700, DIM = 20 };

typedef struct NceCase {
    float query[NCE_ROWS * DIM], norms[NCE_ROWS], key[NCE_ROWS * DIM], queue[NEGATIVES * DIM];
    float work[NCE_ROWS * (NEGATIVES + 1)];
} NceCase;

static void nce_case_make(NceCase *c) {
    formula_fill(c->query, NCE_ROWS * DIM, "nce.query", 0.0, 1.0);
    formula_fill(c->key, NCE_ROWS * DIM, "nce.key", 0.0, 1.0);
    for (int i = 0; i < NCE_ROWS * DIM; i++)
        c->key[i] += c->query[i];
    formula_fill(c->queue, NEGATIVES * DIM, "nce.queue", 0.0, 1.0);
    normalize_rows(c->query, NCE_ROWS, DIM, c->norms);
    normalize_rows(c->key, NCE_ROWS, DIM, NULL);
    normalize_rows(c->queue, NEGATIVES, DIM, NULL);
}

static double nce_run(Context *ctx, NceCase *c, float *gradient, double *correct) {
    return info_nce(ctx, gradient, c->query, c->key, c->queue, NCE_ROWS, NEGATIVES, DIM, 0.2f, c->work, correct);
}

static void test_info_nce_golden(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    static NceCase c;
    nce_case_make(&c);
    float gradient[NCE_ROWS * DIM];
    double correct;
    const double loss = nce_run(ctx, &c, gradient, &correct);
    compare_golden(ctx, "nn/nce_query.npy", gradient, NCE_ROWS * DIM, loss);
    double *golden_correct = golden_double(ctx, "nn/nce_correct.npy", NULL);
    assert_true(correct == *golden_correct);
    assert_true(correct > 0.0 && correct < 1.0);
    FREE_ARRAY(ctx, &golden_correct);
    normalize_rows_backward(gradient, gradient, c.query, c.norms, NCE_ROWS, DIM);
    compare_golden(ctx, "nn/nce_raw.npy", gradient, NCE_ROWS * DIM, loss);
    assert_true(nce_run(ctx, &c, NULL, NULL) == loss);
    test_context_close(&ctx);
}

/* The same bits whatever the number of threads, with rows and negatives of more than one block and a remainder. */
static void test_info_nce_threads(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    enum { MANY = 70, QUEUE = 1100, WIDE = 24 };
    float *data, *work, *gradient[2];
    TEST_OK(ctx, NEW_ARRAY(ctx, &data, (2 * MANY + QUEUE) * WIDE));
    TEST_OK(ctx, NEW_ARRAY(ctx, &work, MANY * (QUEUE + 1)));
    formula_fill(data, (2 * MANY + QUEUE) * WIDE, "threads", 0.0, 1.0);
    normalize_rows(data, 2 * MANY + QUEUE, WIDE, NULL);
    double loss[2];
    for (int i = 0; i < 2; i++) {
        TEST_OK(ctx, NEW_ARRAY(ctx, &gradient[i], MANY * WIDE));
        ctx->threads = i == 0 ? 1 : 3;
        loss[i] = info_nce(ctx, gradient[i], data, data + MANY * WIDE, data + 2 * MANY * WIDE, MANY, QUEUE, WIDE, 0.1f,
                           work, NULL);
    }
    assert_true(loss[0] == loss[1]);
    assert_memory_equal(gradient[0], gradient[1], MANY * WIDE * sizeof(float));
    for (int i = 0; i < 2; i++)
        FREE_ARRAY(ctx, &gradient[i]);
    FREE_ARRAY(ctx, &data);
    FREE_ARRAY(ctx, &work);
    test_context_close(&ctx);
}

/* ---- Signed central differences ---- */

typedef double (*LossOf)(void *user, float *gradient, const float *x);

/* (L(x + h e_i) - L(x - h e_i)) / 2h against the gradient, each of its own sign. tolerance: of the largest element; it
 * covers h^2 / 6 of the third derivative and the loss's 1e-7 over 2h. */
static void check_differences(LossOf loss_of, void *user, float *x, size_t count, float h, double tolerance) {
    float *gradient = calloc(count, sizeof *gradient);
    assert_non_null(gradient);
    loss_of(user, gradient, x);
    double largest = 0.0;
    for (size_t i = 0; i < count; i++)
        largest = fmax(largest, fabs((double)gradient[i]));
    assert_true(largest > 1e-3);
    for (size_t i = 0; i < count; i++) {
        const float kept = x[i];
        x[i] = kept + h;
        const double above = loss_of(user, NULL, x), high = (double)x[i];
        x[i] = kept - h;
        const double below = loss_of(user, NULL, x), low = (double)x[i];
        x[i] = kept;
        const double difference = (above - below) / (high - low);
        if (!(fabs(difference - (double)gradient[i]) <= tolerance * largest))
            fail_msg("gradient %zu is %.8g, its difference %.8g (largest %.3g)", i, (double)gradient[i], difference,
                     largest);
    }
    free(gradient);
}

typedef struct CrossEntropyCase {
    CrossEntropyKind kind;
    int32_t labels[ROWS];
} CrossEntropyCase;

static double cross_entropy_of(void *user, float *gradient, const float *x) {
    const CrossEntropyCase *c = user;
    return cross_entropy(gradient, x, c->labels, NULL, ROWS, COLUMNS, c->kind, 0.5f, ROWS);
}

static double mean_entropy_of(void *user, float *gradient, const float *x) {
    return mean_entropy(gradient, x, ROWS, COLUMNS, 1.0f, user);
}

typedef struct NceOf {
    Context *ctx;
    NceCase *c;
} NceOf;

/* With respect to the query before it is normalised, so that the normalisation's backward is checked too. */
static double nce_of(void *user, float *gradient, const float *x) {
    NceOf *of = user;
    memcpy(of->c->query, x, sizeof of->c->query);
    normalize_rows(of->c->query, NCE_ROWS, DIM, of->c->norms);
    const double loss = nce_run(of->ctx, of->c, gradient, NULL);
    if (gradient != NULL) normalize_rows_backward(gradient, gradient, of->c->query, of->c->norms, NCE_ROWS, DIM);
    return loss;
}

static void test_differences(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    static const CrossEntropyKind kinds[] = {CE_PLAIN, CE_TEMPERATURE, CE_DOUBLE_SOFTMAX};
    static const double tolerances[] = {2e-4, 8e-4, 4e-4};
    float logits[CELLS], work[CELLS];
    CrossEntropyCase c;
    for (int k = 0; k < 3; k++) {
        c.kind = kinds[k];
        make_logits(logits, c.labels);
        check_differences(cross_entropy_of, &c, logits, CELLS, 0.02f, tolerances[k]);
    }
    formula_fill(logits, CELLS, "losses.logits", 0.0, 3.0);
    check_differences(mean_entropy_of, work, logits, CELLS, 0.02f, 3e-4);
    static NceCase nce;
    float raw[NCE_ROWS * DIM];
    nce_case_make(&nce);
    memcpy(raw, nce.query, sizeof raw);
    for (int i = 0; i < NCE_ROWS * DIM; i++)
        raw[i] *= 2.0f;
    check_differences(nce_of, &(NceOf){ctx, &nce}, raw, NCE_ROWS * DIM, 0.005f, 3e-4);
    test_context_close(&ctx);
}

/* ---- Extremes ---- */

static void test_large_logits(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const float logits[2 * 3] = {1000.0f, -1000.0f, 0.0f, -3e38f, -3e38f, 3e38f};
    const int32_t labels[2] = {1, 2};
    float gradient[6], output[6], work[6];
    const double loss = cross_entropy(gradient, logits, labels, NULL, 2, 3, CE_PLAIN, 1.0f, 2.0);
    assert_true(fabs(loss - 1000.0) < 1e-3);
    const float expected[6] = {0.5f, -0.5f, 0.0f, 0.0f, 0.0f, 0.0f};
    assert_close(gradient, expected, 6, 1e-7, 0);
    softmax_rows(output, logits, 2, 3, 0.1f);
    const float one_hot[6] = {1.0f, 0.0f, 0.0f, 0.0f, 0.0f, 1.0f};
    assert_close(output, one_hot, 6, 0, 0);
    /* A cluster that nobody has: p log p is 0 at p = 0, and all stays finite. */
    float entropy_gradient[6] = {0};
    const double entropy = mean_entropy(entropy_gradient, logits, 2, 3, 1.0f, work);
    assert_true(fabs(entropy + log(2.0)) < 1e-6);
    for (int i = 0; i < 6; i++)
        assert_true(isfinite(entropy_gradient[i]));
    /* What is no number stays none, so that callers notice. */
    const float broken[3] = {NAN, 0.0f, 1.0f};
    assert_true(isnan(cross_entropy(NULL, broken, labels, NULL, 1, 3, CE_PLAIN, 1.0f, 1.0)));
    assert_true(isnan(cross_entropy(NULL, broken, labels, NULL, 1, 3, CE_DOUBLE_SOFTMAX, 1.0f, 1.0)));
    test_context_close(&ctx);
}

static void test_no_negatives(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const float query[2] = {1.0f, 0.0f};
    float work[1], gradient[2];
    double correct;
    const double loss = info_nce(ctx, gradient, query, query, query, 1, 0, 2, 0.2f, work, &correct);
    assert_true(loss == 0.0 && correct == 1.0);
    assert_true(gradient[0] == 0.0f && gradient[1] == 0.0f);
    test_context_close(&ctx);
}

/* Two units in the last place of float32 over the whole range, its ends included. */
static void test_exp(void **state) {
    (void)state;
    for (int i = -87300; i <= 88300; i++) {
        const float x = (float)i * 1e-3f;
        const double expected = exp((double)x);
        if (x >= -87.3f && x <= 88.3f && !(fabs((double)vector_exp(x) - expected) <= 2.4e-7 * expected))
            fail_msg("exp(%.9g) is %.9g, not %.9g", (double)x, (double)vector_exp(x), expected);
    }
    assert_true(vector_exp(0.0f) == 1.0f);
    assert_true(vector_exp(-88.0f) == 0.0f && vector_exp(-INFINITY) == 0.0f);
    assert_true(vector_exp(1000.0f) > 2e38f && vector_exp(INFINITY) > 2e38f);
    assert_true(isnan(vector_exp(NAN)));
}

static void test_softmax(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    enum { WIDE = 101 };
    float row[WIDE], output[WIDE], expected[WIDE];
    formula_fill(row, WIDE, "softmax", 3.0, 40.0);
    double sum = 0.0;
    for (int j = 0; j < WIDE; j++)
        sum += exp((double)row[j] / 0.7);
    for (int j = 0; j < WIDE; j++)
        expected[j] = (float)(exp((double)row[j] / 0.7) / sum);
    softmax_rows(output, row, 1, WIDE, 0.7f);
    /* exponents near 100 have an absolute error of 4e-6 in float32 */
    assert_close(output, expected, WIDE, 1e-37, 1.5e-5);
    softmax_rows(row, row, 1, WIDE, 0.7f);
    assert_memory_equal(row, output, sizeof row);
    test_context_close(&ctx);
}

/* Rows of norm 0 stay 0, as torch.nn.functional.normalize leaves them. */
static void test_normalize(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    float matrix[2 * 40] = {0}, norms[2], gradient[2 * 40];
    formula_fill(matrix, 40, "normalize", 0.0, 5.0);
    normalize_rows(matrix, 2, 40, norms);
    double squares = 0.0;
    for (int j = 0; j < 40; j++)
        squares += (double)matrix[j] * (double)matrix[j];
    assert_true(fabs(squares - 1.0) < 1e-6);
    assert_true(norms[1] == 1e-12f && matrix[40] == 0.0f);
    for (int j = 0; j < 80; j++)
        gradient[j] = 1e-12f;
    normalize_rows_backward(gradient, gradient, matrix, norms, 2, 40);
    assert_true(gradient[40] == 1.0f);
    /* The gradient has no part along the row. */
    double along = 0.0;
    for (int j = 0; j < 40; j++)
        along += (double)gradient[j] * (double)matrix[j];
    assert_true(fabs(along) < 1e-18);
    test_context_close(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cross_entropy_golden),
        cmocka_unit_test(test_mean_entropy_golden),
        cmocka_unit_test(test_info_nce_golden),
        cmocka_unit_test(test_info_nce_threads),
        cmocka_unit_test(test_differences),
        cmocka_unit_test(test_large_logits),
        cmocka_unit_test(test_no_negatives),
        cmocka_unit_test(test_softmax),
        cmocka_unit_test(test_exp),
        cmocka_unit_test(test_normalize),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
