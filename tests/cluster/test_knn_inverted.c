#include "base/random.h"
#include "cluster/knn.h"
#include "cluster/knn_inverted.h"
#include "support/testing.h"

/* rows[count x dim] of length 1 in `clouds` clouds of which the members are nearer to each other than to the others. */
static float *clouds_of(Context *ctx, size_t count, size_t dim, size_t clouds) {
    float *rows;
    TEST_OK(ctx, NEW_ARRAY(ctx, &rows, count * dim));
    for (size_t row = 0; row < count; row++) {
        Random centre = random_at(0, RANDOM_TEST, row % clouds, 0, 0), noise = random_at(0, RANDOM_TEST, row, 1, 0);
        double square = 0;
        for (size_t d = 0; d < dim; d++) {
            rows[row * dim + d] = random_normal(&centre) + 0.7F * random_normal(&noise);
            square += (double)rows[row * dim + d] * (double)rows[row * dim + d];
        }
        for (size_t d = 0; d < dim; d++)
            rows[row * dim + d] /= (float)sqrt(square);
    }
    return rows;
}

/* The share of the exact neighbours that are among the found. */
static double recall(Context *ctx, const float *rows, size_t count, size_t dim, size_t k, const int32_t *found) {
    int32_t *exact;
    bool *is_found;
    size_t hits = 0;
    TEST_OK(ctx, NEW_ARRAY(ctx, &exact, count * k));
    TEST_OK(ctx, NEW_ZEROED(ctx, &is_found, count));
    TEST_OK(ctx, knn_search(ctx, exact, NULL, rows, count, rows, count, dim, k));
    for (size_t row = 0; row < count; row++) {
        for (size_t i = 0; i < k; i++)
            is_found[found[row * k + i]] = true;
        for (size_t i = 0; i < k; i++)
            hits += is_found[exact[row * k + i]];
        for (size_t i = 0; i < k; i++)
            is_found[found[row * k + i]] = false;
    }
    FREE_ARRAY(ctx, &exact);
    FREE_ARRAY(ctx, &is_found);
    return (double)hits / (double)(count * k);
}

static double recall_of(Context *ctx, const InvertedSettings *settings, size_t count, size_t dim, size_t k) {
    float *rows = clouds_of(ctx, count, dim, 40);
    int32_t *found;
    TEST_OK(ctx, NEW_ARRAY(ctx, &found, count * k));
    TEST_OK(ctx, knn_inverted(ctx, settings, found, rows, count, dim, k));
    const double share = recall(ctx, rows, count, dim, k, found);
    FREE_ARRAY(ctx, &rows);
    FREE_ARRAY(ctx, &found);
    return share;
}

static void test_few_cells_find_most(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const InvertedSettings settings = {.cells = 64, .probes = 6};
    const double share = recall_of(ctx, &settings, 5000, 24, 20);
    if (share < 0.95) fail_msg("recall %.3f", share);
    test_context_close(&ctx);
}

/* Looking at one cell finds less, so that the recall above is of the probes. */
static void test_probes_matter(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const InvertedSettings one = {.cells = 64, .probes = 1}, all = {.cells = 64, .probes = 64};
    assert_true(recall_of(ctx, &one, 2000, 24, 20) < 0.95);
    assert_true(recall_of(ctx, &all, 2000, 24, 20) > 0.9999);
    test_context_close(&ctx);
}

/* Cells of few members: every row has its k neighbours all the same, itself first, none twice. */
static void test_small_cells_are_filled_up(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const InvertedSettings settings = {.cells = 40, .probes = 1};
    const size_t count = 90, dim = 8, k = 30;
    float *rows = clouds_of(ctx, count, dim, 7);
    int32_t *found;
    TEST_OK(ctx, NEW_ARRAY(ctx, &found, count * k));
    TEST_OK(ctx, knn_inverted(ctx, &settings, found, rows, count, dim, k));
    for (size_t row = 0; row < count; row++) {
        assert_int_equal(found[row * k], row);
        for (size_t i = 0; i < k; i++) {
            assert_in_range(found[row * k + i], 0, count - 1);
            for (size_t j = 0; j < i; j++)
                assert_int_not_equal(found[row * k + i], found[row * k + j]);
        }
    }
    FREE_ARRAY(ctx, &rows);
    FREE_ARRAY(ctx, &found);
    test_context_close(&ctx);
}

static void test_threads_do_not_matter(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const InvertedSettings settings = {0};
    const size_t count = 40000, dim = 8, k = 10; /* three shards of queries */
    float *rows = clouds_of(ctx, count, dim, 40);
    int32_t *one, *many;
    TEST_OK(ctx, NEW_ARRAY(ctx, &one, count * k));
    TEST_OK(ctx, NEW_ARRAY(ctx, &many, count * k));
    ctx->threads = 1;
    TEST_OK(ctx, knn_inverted(ctx, &settings, one, rows, count, dim, k));
    ctx->threads = 3;
    TEST_OK(ctx, knn_inverted(ctx, &settings, many, rows, count, dim, k));
    assert_memory_equal(one, many, count * k * sizeof *one);
    FREE_ARRAY(ctx, &rows);
    FREE_ARRAY(ctx, &one);
    FREE_ARRAY(ctx, &many);
    test_context_close(&ctx);
}

static void test_small_sets_are_exact(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const size_t count = 700, dim = 12, k = 9;
    float *rows = clouds_of(ctx, count, dim, 11);
    int32_t *exact, *found;
    TEST_OK(ctx, NEW_ARRAY(ctx, &exact, count * k));
    TEST_OK(ctx, NEW_ARRAY(ctx, &found, count * k));
    TEST_OK(ctx, knn_search(ctx, exact, NULL, rows, count, rows, count, dim, k));
    TEST_OK(ctx, knn_neighbours(ctx, found, rows, count, dim, k));
    assert_memory_equal(exact, found, count * k * sizeof *exact);
    assert_int_equal(knn_inverted(ctx, &(InvertedSettings){0}, found, rows, count, dim, count + 1), SPICA_ERROR_OPTION);
    FREE_ARRAY(ctx, &rows);
    FREE_ARRAY(ctx, &exact);
    FREE_ARRAY(ctx, &found);
    test_context_close(&ctx);
}

/* Equal similarities go by index: directions of which products are exact. */
static void test_equal_vectors_keep_their_order(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const InvertedSettings settings = {.cells = 5, .probes = 5};
    const size_t count = 1500, dim = 4, k = 600;
    float *rows;
    int32_t *exact, *found;
    TEST_OK(ctx, NEW_ZEROED(ctx, &rows, count * dim));
    TEST_OK(ctx, NEW_ARRAY(ctx, &exact, count * k));
    TEST_OK(ctx, NEW_ARRAY(ctx, &found, count * k));
    for (size_t row = 0; row < count; row++)
        rows[row * dim + row % 3] = row % 2 == 0 ? 1.0F : -1.0F;
    TEST_OK(ctx, knn_search(ctx, exact, NULL, rows, count, rows, count, dim, k));
    TEST_OK(ctx, knn_inverted(ctx, &settings, found, rows, count, dim, k));
    assert_memory_equal(exact, found, count * k * sizeof *exact);
    FREE_ARRAY(ctx, &rows);
    FREE_ARRAY(ctx, &exact);
    FREE_ARRAY(ctx, &found);
    test_context_close(&ctx);
}

/* Vectors in an order with a period that divides their number, as of pictures that were sorted into folders in turns:
 * each cloud gets its cells all the same, though every fifth vector would be a sample of 8 clouds. */
static void test_order_does_not_matter(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const InvertedSettings settings = {.cells = 80, .probes = 6};
    const double share = recall_of(ctx, &settings, 9600, 24, 20);
    if (share < 0.95) fail_msg("recall %.3f", share);
    test_context_close(&ctx);
}

/* The share of the exact neighbours of every `step`-th row that was found. */
static double recall_of_some(Context *ctx, const float *rows, size_t count, size_t dim, size_t k, const int32_t *found,
                             size_t step) {
    const size_t queries = count / step;
    float *query;
    int32_t *exact;
    size_t hits = 0;
    TEST_OK(ctx, NEW_ARRAY(ctx, &query, queries * dim));
    TEST_OK(ctx, NEW_ARRAY(ctx, &exact, queries * k));
    for (size_t q = 0; q < queries; q++)
        memcpy(query + q * dim, rows + q * step * dim, dim * sizeof *query);
    TEST_OK(ctx, knn_search(ctx, exact, NULL, query, queries, rows, count, dim, k));
    for (size_t q = 0; q < queries; q++)
        for (size_t i = 0; i < k; i++)
            for (size_t j = 0; j < k; j++)
                hits += exact[q * k + i] == found[q * step * k + j];
    FREE_ARRAY(ctx, &query);
    FREE_ARRAY(ctx, &exact);
    return (double)hits / (double)(queries * k);
}

static void test_large_sets_find_most(void **state) {
    (void)state;
    Context *ctx = test_context_open();
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    const size_t step = 10007;
#else
    const size_t step = 501;
#endif
    const size_t count = KNN_EXACT_MOST + 1000, dim = 8, k = 5;
    float *rows = clouds_of(ctx, count, dim, 40);
    int32_t *found;
    TEST_OK(ctx, NEW_ARRAY(ctx, &found, count * k));
    TEST_OK(ctx, knn_neighbours(ctx, found, rows, count, dim, k));
    for (size_t row = 0; row < count; row++)
        for (size_t i = 0; i < k; i++) {
            assert_true(found[row * k + i] >= 0 && (size_t)found[row * k + i] < count);
            for (size_t j = 0; j < i; j++)
                assert_true(found[row * k + i] != found[row * k + j]);
        }
    const double share = recall_of_some(ctx, rows, count, dim, k, found, step);
    if (share < 0.95) fail_msg("recall %.3f", share);
    FREE_ARRAY(ctx, &rows);
    FREE_ARRAY(ctx, &found);
    test_context_close(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_few_cells_find_most),       cmocka_unit_test(test_probes_matter),
        cmocka_unit_test(test_small_cells_are_filled_up), cmocka_unit_test(test_threads_do_not_matter),
        cmocka_unit_test(test_small_sets_are_exact),      cmocka_unit_test(test_equal_vectors_keep_their_order),
        cmocka_unit_test(test_order_does_not_matter),     cmocka_unit_test(test_large_sets_find_most),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
