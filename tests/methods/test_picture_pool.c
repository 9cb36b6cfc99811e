#include "methods/picture_pool.h"

#include "support/method_support.h"

#define SIDE 12
#define VIEW (SIDE * SIDE * 3)

enum { OWN = 4, MORE = 5, BATCH = 5 };

/* Numbers of both data sets: the auxiliary rows come first, the data set's are all there. */
static void test_split(void **state) {
    (void)state;
    const Dataset own = {.count = OWN}, more = {.count = MORE};
    const PicturePool both = {&own, &more}, alone = {&own, NULL};
    int64_t rows[BATCH] = {0, OWN + 1, 2, OWN + 3, 1}, kept[3] = {3, 0, 2};
    PoolBatch batch = {.rows = rows, .count = BATCH}, small = {.rows = kept, .count = 3, .auxiliary = 7};
    const int64_t expected[BATCH] = {1, 3, 2, 0, 1};
    assert_int_equal(pool_count(&both), OWN + MORE);
    assert_int_equal(pool_count(&alone), OWN);
    pool_split(&both, &batch);
    assert_int_equal(batch.auxiliary, 2);
    assert_memory_equal(rows, expected, sizeof rows);
    pool_split(&alone, &small);
    assert_int_equal(small.auxiliary, 0);
    assert_int_equal(kept[0], 3);
    assert_int_equal(kept[2], 2);
}

/* The views are those of the two data sets, each picture with the draws of its place. */
static void test_views(void **state) {
    (void)state;
    static float views[BATCH * VIEW], expected[BATCH * VIEW];
    Context *ctx = test_context_open();
    Dataset own = pictures_open(ctx, OWN, SIDE, 3, 2), more = pictures_open(ctx, MORE, SIDE, 3, 2);
    const PicturePool pool = {&own, &more};
    const Policy policy = small_policy(POLICY_MOCO, 3);
    int64_t rows[BATCH] = {1, 3, 2, 0, 1};
    const PoolBatch batch = {.rows = rows, .count = BATCH, .auxiliary = 2};
    ViewKey key = {.seed = 3, .purpose = RANDOM_TEST, .step = 4};
    memset(more.pixels, 200, MORE * VIEW);
    TEST_OK(ctx, pool_views(ctx, &policy, &pool, &batch, key, VIEW, views));
    TEST_OK(ctx, augment_batch(ctx, &policy, &more, rows, 2, key, expected));
    key.first = 2;
    TEST_OK(ctx, augment_batch(ctx, &policy, &own, rows + 2, 3, key, expected + 2 * VIEW));
    assert_memory_equal(views, expected, sizeof views);
    pictures_close(ctx, &own);
    pictures_close(ctx, &more);
    test_context_close(&ctx);
}

static void test_other_shapes(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const Dataset own = {.count = OWN, .height = 8, .width = 9, .channels = 3};
    const Dataset small = {.count = MORE, .height = 8, .width = 8, .channels = 3};
    const Dataset grey = {.count = MORE, .height = 8, .width = 9, .channels = 1};
    TEST_OK(ctx, pool_check(ctx, &(PicturePool){&own, NULL}));
    TEST_OK(ctx, pool_check(ctx, &(PicturePool){&own, &own}));
    TEST_FAILS(ctx, SPICA_ERROR_DATA, "8 x 8 x 3", pool_check(ctx, &(PicturePool){&own, &small}));
    TEST_FAILS(ctx, SPICA_ERROR_DATA, "8 x 9 x 1", pool_check(ctx, &(PicturePool){&own, &grey}));
    test_context_close(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_split), cmocka_unit_test(test_views),
                                       cmocka_unit_test(test_other_shapes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
