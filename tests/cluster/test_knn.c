#include "base/random.h"
#include "cluster/knn.h"
#include "support/testing.h"

/* values[count]: whole numbers -2 .. 2, so that inner products are exact and many are equal. */
static float *whole_numbers(Context *ctx, uint64_t stream, size_t count) {
    float *values;
    Random random = random_at(0, RANDOM_TEST, stream, 0, 0);
    TEST_OK(ctx, NEW_ARRAY(ctx, &values, count));
    for (size_t i = 0; i < count; i++)
        values[i] = (float)random_below(&random, 5) - 2;
    return values;
}

/* rows[count x dim] of length 1. */
static float *unit_rows(Context *ctx, uint64_t stream, size_t count, size_t dim) {
    float *rows;
    Random random = random_at(0, RANDOM_TEST, stream, 1, 0);
    TEST_OK(ctx, NEW_ARRAY(ctx, &rows, count * dim));
    for (size_t row = 0; row < count; row++) {
        double square = 0;
        for (size_t d = 0; d < dim; d++) {
            rows[row * dim + d] = random_normal(&random);
            square += (double)rows[row * dim + d] * (double)rows[row * dim + d];
        }
        for (size_t d = 0; d < dim; d++)
            rows[row * dim + d] /= (float)sqrt(square);
    }
    return rows;
}

typedef struct Neighbour {
    double similarity;
    int32_t index;
} Neighbour;

static int neighbour_compare(const void *a, const void *b) {
    const Neighbour *one = a, *other = b;
    if (one->similarity != other->similarity) return one->similarity > other->similarity ? -1 : 1;
    return one->index < other->index ? -1 : 1;
}

/* The plain way: all products of one query, sorted. */
static void neighbours_plain(Context *ctx, Neighbour *sorted, const float *query, const float *base, size_t count,
                             size_t dim) {
    (void)ctx;
    for (size_t i = 0; i < count; i++) {
        sorted[i] = (Neighbour){.index = (int32_t)i};
        for (size_t d = 0; d < dim; d++)
            sorted[i].similarity += (double)query[d] * (double)base[i * dim + d];
    }
    qsort(sorted, count, sizeof *sorted, neighbour_compare);
}

static void assert_search(Context *ctx, const float *query, size_t queries, const float *base, size_t count, size_t dim,
                          size_t k) {
    int32_t *neighbours, *alone;
    float *similarities;
    Neighbour *sorted;
    TEST_OK(ctx, NEW_ARRAY(ctx, &neighbours, queries * k));
    TEST_OK(ctx, NEW_ARRAY(ctx, &alone, queries * k));
    TEST_OK(ctx, NEW_ARRAY(ctx, &similarities, queries * k));
    TEST_OK(ctx, NEW_ARRAY(ctx, &sorted, count));
    TEST_OK(ctx, knn_search(ctx, neighbours, similarities, query, queries, base, count, dim, k));
    TEST_OK(ctx, knn_search(ctx, alone, NULL, query, queries, base, count, dim, k));
    assert_integers_equal(alone, neighbours, queries * k);
    for (size_t row = 0; row < queries; row += queries / 50 + 1) {
        neighbours_plain(ctx, sorted, query + row * dim, base, count, dim);
        for (size_t i = 0; i < k; i++)
            if (neighbours[row * k + i] != sorted[i].index || (double)similarities[row * k + i] != sorted[i].similarity)
                fail_msg("k %zu: neighbour %zu of row %zu is %d (%g), expected %d (%g)", k, i, row,
                         neighbours[row * k + i], (double)similarities[row * k + i], sorted[i].index,
                         sorted[i].similarity);
    }
    FREE_ARRAY(ctx, &neighbours);
    FREE_ARRAY(ctx, &alone);
    FREE_ARRAY(ctx, &similarities);
    FREE_ARRAY(ctx, &sorted);
}

/* Sizes around the tiles of 512 and the chunks of 64; few k and many. */
static void test_against_plain_search(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    static const size_t sizes[][4] = {/* queries, count, dim, k */
                                      {1, 1, 1, 1},     {3, 5, 2, 5},       {512, 512, 8, 7},     {70, 1300, 13, 40},
                                      {600, 63, 13, 1}, {1, 2000, 16, 100}, {520, 1100, 24, 600}, {9, 700, 5, 700}};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        const size_t *size = sizes[i];
        float *query = whole_numbers(ctx, 2 * i, size[0] * size[2]);
        float *base = whole_numbers(ctx, 2 * i + 1, size[1] * size[2]);
        assert_search(ctx, query, size[0], base, size[1], size[2], size[3]);
        FREE_ARRAY(ctx, &query);
        FREE_ARRAY(ctx, &base);
    }
    test_context_close(&ctx);
}

/* A set with itself, in one tile, an even and an odd number of tiles. */
static void test_own_neighbours(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    static const size_t sizes[][3] = {/* count, dim, k */
                                      {1, 3, 1},
                                      {100, 6, 100},
                                      {1000, 6, 30},
                                      {1030, 10, 64},
                                      {2100, 12, 3}};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        const size_t *size = sizes[i];
        float *base = whole_numbers(ctx, 100 + i, size[0] * size[1]);
        assert_search(ctx, base, size[0], base, size[0], size[1], size[2]);
        FREE_ARRAY(ctx, &base);
    }
    test_context_close(&ctx);
}

/* One distinct row repeated: every similarity is the same, and the smallest indices win. */
static void test_equal_rows(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const size_t count = 1300, dim = 33, k = 20;
    float *rows = unit_rows(ctx, 0, count, dim);
    int32_t *neighbours;
    TEST_OK(ctx, NEW_ARRAY(ctx, &neighbours, count * k));
    for (size_t row = 1; row < count; row++)
        memcpy(rows + row * dim, rows, dim * sizeof *rows);
    TEST_OK(ctx, knn_search(ctx, neighbours, NULL, rows, count, rows, count, dim, k));
    for (size_t i = 0; i < count * k; i++)
        assert_int_equal(neighbours[i], i % k);
    FREE_ARRAY(ctx, &rows);
    FREE_ARRAY(ctx, &neighbours);
    test_context_close(&ctx);
}

static void test_threads_do_not_matter(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const size_t count = 2300, dim = 96, k = 50;
    float *rows = unit_rows(ctx, 1, count, dim);
    int32_t *first, *other;
    float *first_similarities, *other_similarities;
    TEST_OK(ctx, NEW_ARRAY(ctx, &first, count * k));
    TEST_OK(ctx, NEW_ARRAY(ctx, &other, count * k));
    TEST_OK(ctx, NEW_ARRAY(ctx, &first_similarities, count * k));
    TEST_OK(ctx, NEW_ARRAY(ctx, &other_similarities, count * k));
    for (size_t queries = 0; queries < 2; queries++) {
        const size_t asked = queries == 0 ? count : count - 700;
        ctx->threads = 1;
        TEST_OK(ctx, knn_search(ctx, first, first_similarities, rows, asked, rows, count, dim, k));
        for (ctx->threads = 2; ctx->threads <= 4; ctx->threads++) {
            TEST_OK(ctx, knn_search(ctx, other, other_similarities, rows, asked, rows, count, dim, k));
            assert_memory_equal(other, first, asked * k * sizeof *first);
            assert_memory_equal(other_similarities, first_similarities, asked * k * sizeof *first_similarities);
        }
    }
    FREE_ARRAY(ctx, &rows);
    FREE_ARRAY(ctx, &first);
    FREE_ARRAY(ctx, &other);
    FREE_ARRAY(ctx, &first_similarities);
    FREE_ARRAY(ctx, &other_similarities);
    test_context_close(&ctx);
}

/* Candidates whose similarity is no number come last, and a query that is no number gets the first rows. */
static void test_not_a_number_ranks_last(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const float nan = NAN;
    const float base[] = {1, nan, 3, nan, 2, -1}, query[] = {1, nan, -1};
    int32_t neighbours[12];
    TEST_OK(ctx, knn_search(ctx, neighbours, NULL, query, 3, base, 6, 1, 4));
    const int32_t expected[] = {2, 4, 0, 5, 0, 1, 2, 3, 5, 0, 4, 2};
    assert_integers_equal(neighbours, expected, 12);
    const float zeros[] = {0, -0.0f, 0, -1}, one[] = {1};
    TEST_OK(ctx, knn_search(ctx, neighbours, NULL, one, 1, zeros, 4, 1, 2));
    assert_true(neighbours[0] == 0 && neighbours[1] == 1);
    test_context_close(&ctx);
}

static void test_edges_and_wrong_sizes(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const float base[] = {1, 2, 3};
    int32_t neighbours[4] = {9, 9, 9, 9};
    TEST_OK(ctx, knn_search(ctx, neighbours, NULL, base, 3, base, 3, 1, 0));
    TEST_OK(ctx, knn_search(ctx, neighbours, NULL, base, 0, base, 3, 1, 2));
    assert_int_equal(neighbours[0], 9);
    TEST_FAILS(ctx, SPICA_ERROR_OPTION, "4 asked for, of 3", knn_search(ctx, neighbours, NULL, base, 1, base, 3, 1, 4));
    TEST_FAILS(ctx, SPICA_ERROR_OPTION, "3 vectors of 0 numbers",
               knn_search(ctx, neighbours, NULL, base, 1, base, 3, 0, 1));
    for (int failure = 0; failure < 2; failure++) {
        test_state(ctx)->fail_at = test_state(ctx)->allocations + failure;
        TEST_FAILS(ctx, SPICA_ERROR_MEMORY, "memory", knn_search(ctx, neighbours, NULL, base, 1, base, 3, 1, 2));
    }
    test_context_close(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_plain_search),
        cmocka_unit_test(test_own_neighbours),
        cmocka_unit_test(test_equal_rows),
        cmocka_unit_test(test_threads_do_not_matter),
        cmocka_unit_test(test_not_a_number_ranks_last),
        cmocka_unit_test(test_edges_and_wrong_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
