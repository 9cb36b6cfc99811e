#include "cluster/tsne.h"

#include "cluster/tsne_forces.h"
#include "support/clusters.h"

/* ---- P ---- */

static void test_affinities_are_scikit_learns(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    NpyArray points = golden_array(ctx, "map/near_points.npy", NPY_FLOAT32);
    size_t entries;
    int64_t *begins = golden_int64(ctx, "map/near_begins.npy", NULL);
    int32_t *others = golden_int32(ctx, "map/near_others.npy", NULL);
    float *values = golden_float(ctx, "map/near_values.npy", &entries);
    TsneAffinities found;
    TEST_OK(ctx, tsne_affinities_open(ctx, &found, points.data, points.shape[0], points.shape[1], 10));
    for (size_t row = 0; row <= points.shape[0]; row++)
        assert_true(found.begins[row] == (size_t)begins[row]);
    assert_integers_equal(found.others, others, entries);
    /* Both searches for the precision end within 1e-5 of the entropy. */
    assert_close(found.values, values, entries, 1e-8, 1e-4);
    tsne_affinities_close(ctx, &found);
    npy_close(ctx, &points);
    FREE_ARRAY(ctx, &begins);
    FREE_ARRAY(ctx, &others);
    FREE_ARRAY(ctx, &values);
    test_context_close(&ctx);
}

/* p_ij, 0 where it is not kept. */
static double affinity(const TsneAffinities *affinities, size_t i, size_t j) {
    for (size_t place = affinities->begins[i]; place < affinities->begins[i + 1]; place++)
        if (affinities->others[place] == (int32_t)j) return (double)affinities->values[place];
    return 0;
}

static void test_affinities_are_symmetric(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    enum { count = 300, dim = 7 };
    float *points = test_clouds(ctx, count, dim, 5, 4);
    TsneAffinities found;
    double total = 0;
    TEST_OK(ctx, tsne_affinities_open(ctx, &found, points, count, dim, 20));
    for (size_t i = 0; i < count; i++)
        for (size_t place = found.begins[i]; place < found.begins[i + 1]; place++) {
            const size_t j = (size_t)found.others[place];
            assert_true(j != i && affinity(&found, j, i) == (double)found.values[place]);
            total += (double)found.values[place];
        }
    assert_true(fabs(total - 1) < 1e-5);
    tsne_affinities_close(ctx, &found);
    FREE_ARRAY(ctx, &points);
    test_context_close(&ctx);
}

/* Neighbours that are all equally far have equal parts, also where they are all in one place. */
static void test_equal_distances_weigh_the_same(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    enum { count = 40, dim = count };
    static float points[count * dim];
    for (size_t apart = 0; apart < 2; apart++) {
        memset(points, 0, sizeof points);
        for (size_t i = 0; i < count; i++)
            points[i * dim + i] = (float)apart;
        TsneAffinities found;
        TEST_OK(ctx, tsne_affinities_open(ctx, &found, points, count, dim, 5));
        for (size_t place = 0; place < found.begins[count]; place++) {
            const double one = (double)found.values[place] * 2 * count * 16; /* of one side or of both */
            assert_true(fabs(one - 1) < 1e-5 || fabs(one - 2) < 1e-5);
        }
        tsne_affinities_close(ctx, &found);
    }
    test_context_close(&ctx);
}

/* ---- The gradient ---- */

/* y_i - y_j, and 1 / (1 + |y_i - y_j|^2). */
static double between(const float *map, size_t i, size_t j, double difference[2]) {
    for (size_t axis = 0; axis < 2; axis++)
        difference[axis] = (double)map[2 * i + axis] - (double)map[2 * j + axis];
    return 1 / (1 + difference[0] * difference[0] + difference[1] * difference[1]);
}

/* The gradient by its formula, over all pairs; returns the divergence. */
static double exact_gradient(const TsneAffinities *affinities, const float *map, double exaggeration,
                             double *gradient) {
    const size_t count = affinities->count;
    double normaliser = -(double)count, divergence = 0, apart[2];
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < count; j++)
            normaliser += between(map, i, j, apart);
    memset(gradient, 0, 2 * count * sizeof *gradient);
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < count; j++) {
            const double w = between(map, i, j, apart);
            for (size_t axis = 0; axis < 2; axis++)
                gradient[2 * i + axis] -= 4 * w / normaliser * w * apart[axis];
        }
        for (size_t place = affinities->begins[i]; place < affinities->begins[i + 1]; place++) {
            const double w = between(map, i, (size_t)affinities->others[place], apart);
            const double p = (double)affinities->values[place];
            for (size_t axis = 0; axis < 2; axis++)
                gradient[2 * i + axis] += 4 * exaggeration * p * w * apart[axis];
            if (p > 0) divergence += p * log(p * normaliser / w);
        }
    }
    return divergence;
}

/* |found - exact| / |exact|, over all coordinates. */
static double relative_error(const float *found, const double *exact, size_t count) {
    double wrong = 0, whole = 0;
    for (size_t i = 0; i < count; i++) {
        const double difference = (double)found[i] - exact[i];
        wrong += difference * difference;
        whole += exact[i] * exact[i];
    }
    return sqrt(wrong / whole);
}

typedef enum MapShape { MAP_CLOUDS, MAP_START, MAP_OUTLIER, MAP_PILES } MapShape;

/* map[count x 2]: clouds as at the end, the tiny start, all in a thousandth of a thousandth of what one point spans,
 * and points on each other. */
static void map_make(float *map, size_t count, MapShape shape) {
    for (size_t i = 0; i < count; i++) {
        Random random = random_at(7, RANDOM_TEST, i, 2, 0), centre = random_at(7, RANDOM_TEST, i % 6, 3, 0);
        for (size_t axis = 0; axis < 2; axis++) {
            const float noise = random_normal(&random), middle = 20 * random_normal(&centre);
            map[2 * i + axis] = shape == MAP_START     ? 1e-4F * noise
                                : shape == MAP_OUTLIER ? 1e-3F * noise
                                : shape == MAP_PILES   ? middle
                                                       : middle + 2 * noise;
        }
    }
    if (shape == MAP_OUTLIER) map[0] = map[1] = 1000;
}

/* Errors of gradient and divergence against the formula. */
static void gradient_case(MapShape shape, double theta, double exaggeration, double tolerance) {
    Context *ctx = test_context_open();
    enum { count = 500, dim = 6 };
    static float map[2 * count], gradient[2 * count];
    static double exact[2 * count];
    float *points = test_clouds(ctx, count, dim, 6, 3);
    TsneAffinities affinities;
    TsneForces forces;
    TEST_OK(ctx, tsne_affinities_open(ctx, &affinities, points, count, dim, 10));
    TEST_OK(ctx, tsne_forces_open(ctx, &forces, &affinities, theta));
    map_make(map, count, shape);
    const double divergence = exact_gradient(&affinities, map, exaggeration, exact);
    tsne_forces_gradient(&forces, map, exaggeration, gradient);
    const double error = relative_error(gradient, exact, 2 * count);
    if (!(error <= tolerance)) fail_msg("shape %d, theta %g: the gradient is wrong by %.3g", shape, theta, error);
    const double found = tsne_forces_divergence(&forces, map);
    if (!(fabs(found - divergence) <= tolerance * fabs(divergence)))
        fail_msg("shape %d, theta %g: divergence %.9g, not %.9g", shape, theta, found, divergence);
    tsne_forces_close(ctx, &forces);
    tsne_affinities_close(ctx, &affinities);
    FREE_ARRAY(ctx, &points);
    test_context_close(&ctx);
}

/* Without far cells only the rounding of floats is left. */
static void test_gradient_of_single_points(void **state) {
    (void)state;
    gradient_case(MAP_CLOUDS, 0, 1, 1e-5);
    gradient_case(MAP_START, 0, 12, 1e-5);
    gradient_case(MAP_OUTLIER, 0, 1, 1e-5);
    gradient_case(MAP_PILES, 0, 12, 1e-5);
}

/* Piles on each other have no part of the gradient that is exact: all of it comes from far. */
static void test_gradient_of_cells(void **state) {
    (void)state;
    gradient_case(MAP_CLOUDS, 0.5, 1, 1e-2);
    gradient_case(MAP_START, 0.5, 12, 1e-2);
    gradient_case(MAP_OUTLIER, 0.5, 1, 1e-2);
    gradient_case(MAP_PILES, 0.5, 12, 4e-2);
}

/* ---- Whole maps ---- */

/* The places of 0 .. count-1 but `row`, from near to far: their ranks are one more. */
static void rank_others(const float *points, size_t count, size_t dim, size_t row, size_t *order, double *distances) {
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        distances[i] = 0;
        for (size_t d = 0; d < dim; d++) {
            const double difference = (double)points[row * dim + d] - (double)points[i * dim + d];
            distances[i] += difference * difference;
        }
        if (i == row) continue;
        size_t place = kept++;
        for (; place > 0 && distances[order[place - 1]] > distances[i]; place--)
            order[place] = order[place - 1];
        order[place] = i;
    }
}

/* Venna and Kaski 2001: 1 minus the scaled sum, over the k nearest neighbours on the map, of how far their rank among
 * the points is beyond k. */
static double trustworthiness(const float *points, size_t dim, const float *map, size_t count, size_t k) {
    static size_t order[1000], ranks[1000];
    static double distances[1000];
    double excess = 0;
    assert_true(count <= 1000);
    for (size_t row = 0; row < count; row++) {
        rank_others(points, count, dim, row, order, distances);
        for (size_t i = 0; i + 1 < count; i++)
            ranks[order[i]] = i + 1;
        rank_others(map, count, 2, row, order, distances);
        for (size_t i = 0; i < k; i++)
            if (ranks[order[i]] > k) excess += (double)(ranks[order[i]] - k);
    }
    return 1 - 2 * excess / (double)(count * k * (2 * count - 3 * k - 1));
}

static void test_digits_are_mapped_as_by_scikit_learn(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    enum { count = 400, dim = 64 };
    static float points[count * dim], map[2 * count];
    uint8_t *digits = golden_uint8(ctx, "map/digits.npy", NULL);
    double *expected = golden_double(ctx, "map/digits_map.npy", NULL), divergence;
    const TsneSettings settings = tsne_default();
    for (size_t i = 0; i < count * dim; i++)
        points[i] = digits[i];
    TEST_OK(ctx, tsne_run(ctx, map, &settings, points, count, dim, &divergence));
    const double trust = trustworthiness(points, dim, map, count, 12);
    if (!(trust >= expected[0] - 0.002)) fail_msg("trustworthiness %.5f, scikit-learn's is %.5f", trust, expected[0]);
    if (!(divergence <= expected[1] + 0.02))
        fail_msg("divergence %.5f, scikit-learn's is %.5f", divergence, expected[1]);
    FREE_ARRAY(ctx, &digits);
    FREE_ARRAY(ctx, &expected);
    test_context_close(&ctx);
}

static void test_threads_do_not_matter(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    enum { count = 1000, dim = 60 };
    static float map[2 * count], other[2 * count];
    float *points = test_clouds(ctx, count, dim, 8, 1);
    TsneSettings settings = tsne_default();
    double divergence, other_divergence;
    settings.iterations = 30;
    settings.exaggerated = 15;
    settings.seed = 3;
    ctx->threads = 1;
    TEST_OK(ctx, tsne_run(ctx, map, &settings, points, count, dim, &divergence));
    for (ctx->threads = 2; ctx->threads < 4; ctx->threads++) {
        TEST_OK(ctx, tsne_run(ctx, other, &settings, points, count, dim, &other_divergence));
        assert_memory_equal(map, other, sizeof map);
        assert_true(divergence == other_divergence);
    }
    settings.seed = 4;
    TEST_OK(ctx, tsne_run(ctx, other, &settings, points, count, dim, NULL));
    assert_memory_not_equal(map, other, sizeof map);
    FREE_ARRAY(ctx, &points);
    test_context_close(&ctx);
}

/* Few points, equal points, points on a line: a place for each, around (0, 0), and none on another. */
static void test_degenerate_points(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    enum { most = 30 };
    static float equal[most * 3], line[most], map[2 * most];
    TsneSettings settings = tsne_default();
    settings.iterations = 100;
    for (size_t i = 0; i < most; i++) {
        equal[3 * i] = equal[3 * i + 1] = equal[3 * i + 2] = 5;
        line[i] = (float)i;
    }
    for (size_t count = 0; count <= most; count++)
        for (size_t dim = 1; dim <= 3; dim += 2) {
            double sums[2] = {0}, divergence;
            TEST_OK(ctx, tsne_run(ctx, map, &settings, dim == 1 ? line : equal, count, dim, &divergence));
            assert_true(isfinite(divergence));
            for (size_t i = 0; i < 2 * count; i++)
                sums[i % 2] += (double)map[i];
            assert_true(fabs(sums[0]) < 1e-3 && fabs(sums[1]) < 1e-3);
            for (size_t i = 1; i < count; i++)
                assert_memory_not_equal(map, map + 2 * i, 2 * sizeof *map);
        }
    test_context_close(&ctx);
}

static void test_failures(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    enum { count = 50, dim = 4 };
    float *points = test_clouds(ctx, count, dim, 3, 3), map[2 * count];
    TsneSettings settings = tsne_default(), wrong = settings;
    settings.iterations = 10;
    wrong.perplexity = 0.5;
    TEST_FAILS(ctx, SPICA_ERROR_OPTION, "perplexity of 0.5", tsne_run(ctx, map, &wrong, points, count, dim, NULL));
    wrong = settings;
    wrong.theta = -1;
    TEST_FAILS(ctx, SPICA_ERROR_OPTION, "theta", tsne_run(ctx, map, &wrong, points, count, dim, NULL));
    wrong = settings;
    wrong.learning_rate = 1e30;
    TEST_FAILS(ctx, SPICA_ERROR_NUMERIC, "finite", tsne_run(ctx, map, &wrong, points, count, dim, NULL));
    TEST_ALLOCATIONS(ctx, 20, tsne_run(ctx, map, &settings, points, count, dim, NULL));
    ctx->settings.cancel = test_cancel_at_once;
    TEST_FAILS(ctx, SPICA_CANCELLED, "cancelled", tsne_run(ctx, map, &settings, points, count, dim, NULL));
    ctx->settings.cancel = NULL;
    points[17] = NAN;
    TEST_FAILS(ctx, SPICA_ERROR_NUMERIC, "PCA", tsne_run(ctx, map, &settings, points, count, dim, NULL));
    FREE_ARRAY(ctx, &points);
    test_context_close(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_affinities_are_scikit_learns),
        cmocka_unit_test(test_affinities_are_symmetric),
        cmocka_unit_test(test_equal_distances_weigh_the_same),
        cmocka_unit_test(test_gradient_of_single_points),
        cmocka_unit_test(test_gradient_of_cells),
        cmocka_unit_test(test_digits_are_mapped_as_by_scikit_learn),
        cmocka_unit_test(test_threads_do_not_matter),
        cmocka_unit_test(test_degenerate_points),
        cmocka_unit_test(test_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
