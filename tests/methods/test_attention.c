/* Attention maps against a plain computation from the reference network's feature map. */
#include "methods/attention.h"

#include "nn/init.h"
#include "nn/plan.h"
#include "support/method_support.h"

enum { PICTURE = 24, COUNT = 40, DEPTH = 32 };

typedef struct Case {
    Context *ctx;
    Dataset dataset;
    Model model;
    Policy policy;
    float centres[3 * DEPTH]; /* the last one is 0 */
} Case;

/* Pictures of 24 x 24 for a network of `input` x `input`, of which it sees the middle where enlarge is above 1. */
static void case_open(Case *c, int input, float enlarge) {
    const ModelSpec spec = {
        .backbone = {.family = BACKBONE_RESNET18, .stem = STEM_CIFAR, .width = 4, .bn_momentum = 0.1f},
        .channels = 3,
        .height = input,
        .width = input};
    *c = (Case){.ctx = test_context_open(), .policy = policy_default(POLICY_NONE, 3)};
    c->policy.size = input;
    c->policy.enlarge = enlarge;
    c->dataset = pictures_open(c->ctx, COUNT, PICTURE, 3, 4);
    TEST_OK(c->ctx, model_open(c->ctx, &c->model, &spec));
    init_params(net_params(c->model.net), INIT_DEFAULT, 1, RANDOM_TEST);
    params_changed(net_params(c->model.net));
    assert_int_equal(c->model.dimension, DEPTH);
    hash_fill(c->centres, (size_t)2 * DEPTH, "centres", 1.0f, 0.0f);
}

static void case_close(Case *c) {
    model_close(c->ctx, &c->model);
    pictures_close(c->ctx, &c->dataset);
    test_context_close(&c->ctx);
}

/* The last feature map of one picture by the reference steps: vectors[cells x cells x DEPTH]; returns cells. */
static int reference_map(Case *c, int64_t row, float *vectors) {
    int depth, height, width;
    float input[PICTURE * PICTURE * 3];
    Plan *plan = NULL;
    const PlanSettings settings = {
        .kind = PLAN_INFER, .batch = 1, .outputs = {c->model.map}, .output_count = 1, .reference = 1};
    net_shape(c->model.net, c->model.map, &depth, &height, &width);
    TEST_OK(c->ctx, augment_batch(c->ctx, &c->policy, &c->dataset, &row, 1, (ViewKey){0}, input));
    TEST_OK(c->ctx, plan_open(c->ctx, &plan, c->model.net, &settings));
    TEST_OK(c->ctx, plan_forward(c->ctx, plan, input));
    memcpy(vectors, plan_output(plan, 0), (size_t)(height * width * depth) * sizeof *vectors);
    plan_close(c->ctx, &plan);
    return height;
}

static double plain_cosine(const float *a, const float *b) {
    double products = 0, a_squares = 0, b_squares = 0;
    for (int i = 0; i < DEPTH; i++) {
        products += (double)a[i] * (double)b[i];
        a_squares += (double)a[i] * (double)a[i];
        b_squares += (double)b[i] * (double)b[i];
    }
    return products / sqrt(a_squares * b_squares);
}

/* Bilinear: every cell weighs by how near it is, at most 1 away, to the place within the map's outer middles. */
static double plain_value(const double *cosines, int cells, double y, double x) {
    double value = 0;
    y = y < 0 ? 0 : y > cells - 1 ? cells - 1 : y;
    x = x < 0 ? 0 : x > cells - 1 ? cells - 1 : x;
    for (int line = 0; line < cells; line++)
        for (int column = 0; column < cells; column++) {
            const double down = 1 - fabs(y - line), across = 1 - fabs(x - column);
            if (down > 0 && across > 0) value += down * across * cosines[line * cells + column];
        }
    return value;
}

/* seen: the share of the picture's side that the network sees, in the middle. */
static void plain_attention(Case *c, int64_t row, const float *centre, double seen, float *map) {
    static float vectors[16 * DEPTH];
    double cosines[16], values[PICTURE * PICTURE], least = HUGE_VAL, most = -HUGE_VAL;
    const int cells = reference_map(c, row, vectors);
    for (int i = 0; i < cells * cells; i++)
        cosines[i] = plain_cosine(vectors + i * DEPTH, centre);
    for (int i = 0; i < PICTURE * PICTURE; i++) {
        const double y = (i / PICTURE + 0.5) / PICTURE, x = (i % PICTURE + 0.5) / PICTURE;
        values[i] =
            plain_value(cosines, cells, ((y - 0.5) / seen + 0.5) * cells - 0.5, ((x - 0.5) / seen + 0.5) * cells - 0.5);
        least = fmin(least, values[i]);
        most = fmax(most, values[i]);
    }
    for (int i = 0; i < PICTURE * PICTURE; i++)
        map[i] = (float)((values[i] - least) / (most - least));
}

static void compare_case(int input, float enlarge, double seen) {
    Case c;
    static float maps[3 * PICTURE * PICTURE], expected[PICTURE * PICTURE];
    const int64_t rows[3] = {5, 0, 17};
    const int32_t clusters[3] = {1, 0, 1};
    case_open(&c, input, enlarge);
    TEST_OK(c.ctx, attention_maps(c.ctx, &c.model, &c.dataset, rows, 3, &c.policy, c.centres, clusters, maps));
    for (size_t i = 0; i < 3; i++) {
        plain_attention(&c, rows[i], c.centres + clusters[i] * DEPTH, seen, expected);
        /* Cosines differ by float rounding, which the normalisation widens. */
        assert_close(maps + i * PICTURE * PICTURE, expected, PICTURE * PICTURE, 1e-3, 0);
    }
    case_close(&c);
}

static void test_whole_pictures(void **state) {
    (void)state;
    compare_case(PICTURE, 0, 1);
    compare_case(16, 0, 1);
}

/* The network sees 16 of 24 pixels that the picture is resized to. */
static void test_middles_of_pictures(void **state) {
    (void)state;
    compare_case(16, 1.5f, 16.0 / 24.0);
}

/* More pictures than a batch has, each as if it were alone. */
static void test_many_pictures(void **state) {
    (void)state;
    Case c;
    static float maps[COUNT * PICTURE * PICTURE], alone[PICTURE * PICTURE];
    int32_t clusters[COUNT];
    int64_t rows[COUNT];
    case_open(&c, PICTURE, 0);
    for (int i = 0; i < COUNT; i++) {
        clusters[i] = i % 2;
        rows[i] = COUNT - 1 - i;
    }
    TEST_OK(c.ctx, attention_maps(c.ctx, &c.model, &c.dataset, rows, COUNT, &c.policy, c.centres, clusters, maps));
    for (size_t i = 0; i < COUNT; i += 13) {
        TEST_OK(c.ctx,
                attention_maps(c.ctx, &c.model, &c.dataset, rows + i, 1, &c.policy, c.centres, clusters + i, alone));
        assert_close(maps + i * PICTURE * PICTURE, alone, PICTURE * PICTURE, 1e-3, 0);
    }
    case_close(&c);
}

static void test_nothing_to_tell(void **state) {
    (void)state;
    Case c;
    static float maps[PICTURE * PICTURE];
    const int64_t row = 3;
    const int32_t cluster = 2;
    case_open(&c, PICTURE, 0);
    TEST_OK(c.ctx, attention_maps(c.ctx, &c.model, &c.dataset, &row, 1, &c.policy, c.centres, &cluster, maps));
    for (int i = 0; i < PICTURE * PICTURE; i++)
        assert_true(maps[i] == 0.0f);
    c.policy.size = 16;
    TEST_FAILS(c.ctx, SPICA_ERROR_DATA, "the model reads pictures of 24 x 24 x 3",
               attention_maps(c.ctx, &c.model, &c.dataset, &row, 1, &c.policy, c.centres, &cluster, maps));
    case_close(&c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_pictures),
        cmocka_unit_test(test_middles_of_pictures),
        cmocka_unit_test(test_many_pictures),
        cmocka_unit_test(test_nothing_to_tell),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
