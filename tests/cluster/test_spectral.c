#include "cluster/lanczos.h"
#include "cluster/neighbour_graph.h"
#include "cluster/spectral.h"
#include "support/clusters.h"

/* The clusters that scikit-learn finds: `same` of ARI with its, which share the truth's `true_share`. */
static void golden_case(const char *name, double same, double true_share) {
    Context *ctx = test_context_open();
    char file[3][64];
    static const char *const parts[] = {"points", "labels", "truth"};
    for (size_t i = 0; i < 3; i++)
        snprintf(file[i], sizeof file[i], "baselines/spectral_%s_%s.npy", name, parts[i]);
    NpyArray points = golden_array(ctx, file[0], NPY_FLOAT32);
    int32_t *expected = golden_int32(ctx, file[1], NULL), *truth = golden_int32(ctx, file[2], NULL), labels[400];
    SpectralSettings settings = {.clusters = 1};
    for (size_t i = 0; i < points.shape[0]; i++)
        if ((size_t)truth[i] >= settings.clusters) settings.clusters = (size_t)truth[i] + 1;
    TEST_OK(ctx, spectral(ctx, &settings, points.data, points.shape[0], points.shape[1], labels, NULL, NULL));
    const double with_theirs = test_agreement(ctx, labels, expected, points.shape[0]);
    const double with_truth = test_agreement(ctx, labels, truth, points.shape[0]);
    if (with_theirs < same || with_truth < true_share)
        fail_msg("%s: ARI %.4f with scikit-learn's, %.4f with the truth", name, with_theirs, with_truth);
    FREE_ARRAY(ctx, &expected);
    FREE_ARRAY(ctx, &truth);
    npy_close(ctx, &points);
    test_context_close(&ctx);
}

static void test_clusters_are_scikit_learns(void **state) {
    (void)state;
    golden_case("blobs", 0.97, 0.84);
    golden_case("moons", 1, 1);
    golden_case("circles", 1, 1);
}

/* Twice the weights are the sum of scikit-learn's graph and its transpose. */
static void test_graph(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    NpyArray points = golden_array(ctx, "baselines/spectral_blobs_points.npy", NPY_FLOAT32);
    const size_t count = points.shape[0];
    uint8_t *expected = golden_uint8(ctx, "baselines/spectral_blobs_graph.npy", NULL);
    NeighbourGraph graph;
    TEST_OK(ctx, neighbour_graph_open(ctx, &graph, points.data, count, points.shape[1], 6));
    size_t stored = 0;
    for (size_t i = 0; i < count * count; i++)
        stored += expected[i] != 0;
    assert_int_equal(graph.begins[count], stored + 2 * (graph.pieces - 1));
    for (size_t row = 0; row < count; row++)
        for (size_t i = graph.begins[row]; i < graph.begins[row + 1]; i++) {
            const uint8_t weight = expected[row * count + (size_t)graph.others[i]];
            assert_true(i == graph.begins[row] || graph.others[i - 1] < graph.others[i]);
            if (weight != 0 || graph.pieces == 1) assert_true(weight == (uint8_t)(2 * graph.weights[i]));
        }
    neighbour_graph_close(ctx, &graph);
    FREE_ARRAY(ctx, &expected);
    npy_close(ctx, &points);
    test_context_close(&ctx);
}

/* Points on a line: 0 1 2 | 10 11 12 | 30 31 32. Each third is a piece; links go from 10 to 2 and from 30 to 12. */
static void test_pieces_are_connected(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const float points[] = {0, 1, 2, 10, 11, 12, 30, 31, 32};
    const int32_t expected[] = {0, 0, 0, 1, 1, 1, 2, 2, 2};
    NeighbourGraph graph;
    TEST_OK(ctx, neighbour_graph_open(ctx, &graph, points, 9, 1, 2));
    assert_int_equal(graph.pieces, 3);
    const size_t sizes[] = {2, 2, 3, 3, 2, 3, 3, 2, 2};
    for (size_t row = 0; row < 9; row++)
        assert_int_equal(graph.begins[row + 1] - graph.begins[row], sizes[row]);
    assert_true(graph.others[graph.begins[3] - 1] == 3 && graph.weights[graph.begins[3] - 1] == 0.5f);
    assert_true(graph.others[graph.begins[6] - 1] == 6 && graph.others[graph.begins[6]] == 5);
    neighbour_graph_close(ctx, &graph);
    for (size_t clusters = 2; clusters <= 3; clusters++) {
        const SpectralSettings settings = {.clusters = clusters, .neighbours = 3};
        int32_t labels[9];
        size_t pieces;
        TEST_OK(ctx, spectral(ctx, &settings, points, 9, 1, labels, NULL, &pieces));
        assert_int_equal(pieces, 3);
        if (clusters == 3) assert_true(test_agreement(ctx, labels, expected, 9) == 1);
    }
    test_context_close(&ctx);
}

/* Clouds far apart, large enough for ARPACK: pieces that one link each connects. */
static void test_far_clouds(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    enum { count = 600, dim = 6, clouds = 6 };
    float *points = test_clouds(ctx, count, dim, clouds, 100);
    int32_t labels[count], expected[count];
    size_t pieces;
    for (size_t row = 0; row < count; row++)
        expected[row] = (int32_t)(row % clouds);
    const SpectralSettings settings = {.clusters = clouds};
    TEST_OK(ctx, spectral(ctx, &settings, points, count, dim, labels, NULL, &pieces));
    assert_true(pieces == clouds && test_agreement(ctx, labels, expected, count) == 1);
    FREE_ARRAY(ctx, &points);
    test_context_close(&ctx);
}

/* A path of order n: 1 beside the diagonal. Eigenvalues are 2 cos(pi j / (n + 1)), vectors sin(pi i j / (n + 1)). */
static void path_multiply(const void *user, double *out, const double *in) {
    const size_t order = *(const size_t *)user;
    for (size_t i = 0; i < order; i++)
        out[i] = (i > 0 ? in[i - 1] : 0) + (i + 1 < order ? in[i + 1] : 0);
}

static void test_eigenvectors_of_a_path(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const double pi = 3.14159265358979323846;
    static double vectors[5 * 400];
    for (size_t order = 40; order <= 400; order += 360) {
        const LanczosMatrix matrix = {path_multiply, &order, order};
        double values[5];
        TEST_OK(ctx, lanczos_largest(ctx, values, vectors, &matrix, 5, 1e-12, 1));
        for (size_t j = 0; j < 5; j++) {
            const double turn = pi * (double)(j + 1) / (double)(order + 1);
            assert_true(fabs(values[j] - 2 * cos(turn)) < 1e-10);
            double product = 0;
            for (size_t i = 0; i < order; i++)
                product += vectors[j * order + i] * sin(turn * (double)(i + 1)) * sqrt(2 / (double)(order + 1));
            assert_true(fabs(fabs(product) - 1) < 1e-9);
        }
    }
    test_context_close(&ctx);
}

static void test_threads_do_not_matter(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    enum { count = 1500, dim = 20, clusters = 4 };
    float *points = test_clouds(ctx, count, dim, clusters, 0.8f);
    static float first[count * clusters], other[count * clusters];
    int32_t first_labels[count], other_labels[count];
    const SpectralSettings settings = {.clusters = clusters, .starts = 2};
    ctx->threads = 1;
    TEST_OK(ctx, spectral(ctx, &settings, points, count, dim, first_labels, first, NULL));
    ctx->threads = 3;
    TEST_OK(ctx, spectral(ctx, &settings, points, count, dim, other_labels, other, NULL));
    assert_memory_equal(first, other, sizeof first);
    assert_memory_equal(first_labels, other_labels, sizeof first_labels);
    FREE_ARRAY(ctx, &points);
    test_context_close(&ctx);
}

static void test_degenerate_points(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    static const float zeros[60], apart[] = {0, 5, 20, 100};
    float embedding[60];
    int32_t labels[30];
    SpectralSettings settings = {.clusters = 1, .neighbours = 30};
    TEST_OK(ctx, spectral(ctx, &settings, zeros, 1, 2, labels, NULL, NULL));
    assert_int_equal(labels[0], 0);
    TEST_OK(ctx, spectral(ctx, &settings, apart, 4, 1, labels, embedding, NULL));
    for (size_t i = 0; i < 4; i++)
        assert_true(labels[i] == 0 && embedding[i] == 1);
    settings.clusters = 4;
    TEST_OK(ctx, spectral(ctx, &settings, apart, 4, 1, labels, NULL, NULL));
    for (size_t i = 0; i < 4; i++)
        for (size_t j = 0; j < i; j++)
            assert_true(labels[i] != labels[j]);
    settings = (SpectralSettings){.clusters = 2, .neighbours = 2};
    TEST_OK(ctx, spectral(ctx, &settings, zeros, 30, 2, labels, embedding, NULL));
    for (size_t i = 0; i < 60; i++)
        assert_true(isfinite(embedding[i]));
    test_context_close(&ctx);
}

static void test_wrong_input(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    enum { count = 150 };
    float *points = test_clouds(ctx, count, 2, 3, 50);
    int32_t labels[count];
    SpectralSettings settings = {.clusters = 0};
    TEST_FAILS(ctx, SPICA_ERROR_OPTION, "0 clusters", spectral(ctx, &settings, points, 9, 2, labels, NULL, NULL));
    settings.clusters = 10;
    TEST_FAILS(ctx, SPICA_ERROR_DATA, "only 9 points", spectral(ctx, &settings, points, 9, 2, labels, NULL, NULL));
    settings = (SpectralSettings){.clusters = 3, .neighbours = 1};
    TEST_FAILS(ctx, SPICA_ERROR_OPTION, "the point itself", spectral(ctx, &settings, points, 9, 2, labels, NULL, NULL));
    settings = (SpectralSettings){.clusters = 3, .neighbours = 4, .starts = 1};
    ctx->settings.cancel = test_cancel_at_once;
    TEST_FAILS(ctx, SPICA_CANCELLED, "cancelled", spectral(ctx, &settings, points, count, 2, labels, NULL, NULL));
    ctx->settings.cancel = NULL;
    TEST_ALLOCATIONS(ctx, 40, spectral(ctx, &settings, points, count, 2, labels, NULL, NULL));
    TEST_ALLOCATIONS(ctx, 40, spectral(ctx, &settings, points, 20, 2, labels, NULL, NULL));
    points[7] = INFINITY;
    TEST_FAILS(ctx, SPICA_ERROR_NUMERIC, "column 1", spectral(ctx, &settings, points, count, 2, labels, NULL, NULL));
    FREE_ARRAY(ctx, &points);
    test_context_close(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clusters_are_scikit_learns), cmocka_unit_test(test_graph),
        cmocka_unit_test(test_pieces_are_connected),       cmocka_unit_test(test_far_clouds),
        cmocka_unit_test(test_eigenvectors_of_a_path),     cmocka_unit_test(test_threads_do_not_matter),
        cmocka_unit_test(test_degenerate_points),          cmocka_unit_test(test_wrong_input),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
