/* Backbones: names, shapes, and whole forward passes against PyTorch and torchvision in float64. */
#include "support/testing.h"

#include "formula.h"
#include "nn/backbone.h"
#include "nn/plan.h"

static const BackboneSpec resnet18 = {.family = BACKBONE_RESNET18, .width = 8, .bn_momentum = 0.1f};

static void test_parse(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    BackboneSpec spec = {.width = 5};
    static const char *const names[] = {"resnet18", "resnet34", "resnet50", "wrn28-2",
                                        "wrn28-8",  "wrn37-2",  "wrn40-10"};
    for (size_t n = 0; n < sizeof names / sizeof *names; n++) {
        TEST_OK(ctx, backbone_parse(ctx, names[n], &spec));
        assert_string_equal(backbone_name(&spec).text, names[n]);
    }
    assert_int_equal(spec.family, BACKBONE_WRN);
    assert_int_equal(spec.depth, 40);
    assert_int_equal(spec.widen, 10);
    assert_int_equal(spec.width, 5);
    static const char *const wrong[] = {"",        "resnet",   "resnet180", "wrn28",    "wrn28-",     "wrn28-0",
                                        "wrn27-2", "wrn-28-2", "wrn28-2x",  "wrn28--2", "wrn99999-2", "WRN28-2"};
    for (size_t n = 0; n < sizeof wrong / sizeof *wrong; n++)
        TEST_FAILS(ctx, SPICA_ERROR_OPTION, "resnet18, resnet34, resnet50", backbone_parse(ctx, wrong[n], &spec));
    BackboneStem stem;
    TEST_OK(ctx, backbone_parse_stem(ctx, "stl", &stem));
    assert_int_equal(stem, STEM_STL);
    assert_string_equal(backbone_stem_name(STEM_SMALL), "small");
    TEST_FAILS(ctx, SPICA_ERROR_OPTION, "imagenet, stl, cifar or small", backbone_parse_stem(ctx, "big", &stem));
    test_context_close(&ctx);
}

typedef struct Built {
    Net *net;
    ValueId features, map;
} Built;

static Built build(Context *ctx, const BackboneSpec *spec, const char *prefix, int channels, int side) {
    Built built;
    TEST_OK(ctx, net_open(ctx, &built.net, channels, side, side));
    TEST_OK(ctx, backbone_build(ctx, built.net, spec, prefix, &built.features, &built.map));
    TEST_OK(ctx, net_finish(ctx, built.net));
    return built;
}

/* Sides of the last feature map and channels, for stems and sides as in the papers; odd sides among them. */
static void test_shapes(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    static const struct {
        BackboneFamily family;
        BackboneStem stem;
        int depth, side, map_side, features;
    } rows[] = {
        {BACKBONE_RESNET18, STEM_CIFAR, 0, 32, 4, 64},     {BACKBONE_RESNET18, STEM_CIFAR, 0, 28, 4, 64},
        {BACKBONE_RESNET34, STEM_STL, 0, 96, 7, 64}, /* 96 49 25 13 7 */
        {BACKBONE_RESNET34, STEM_IMAGENET, 0, 224, 7, 64}, {BACKBONE_RESNET18, STEM_SMALL, 0, 28, 2, 64},
        {BACKBONE_RESNET18, STEM_SMALL, 0, 1, 1, 64},      {BACKBONE_RESNET50, STEM_CIFAR, 0, 33, 5, 256},
        {BACKBONE_WRN, STEM_CIFAR, 28, 32, 8, 128},        {BACKBONE_WRN, STEM_SMALL, 28, 28, 4, 128},
        {BACKBONE_WRN, STEM_CIFAR, 37, 96, 6, 256},
    };
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        const BackboneSpec spec = {.family = rows[r].family,
                                   .stem = rows[r].stem,
                                   .width = 8,
                                   .depth = rows[r].depth,
                                   .widen = 2,
                                   .bn_momentum = 0.1f};
        Built built = build(ctx, &spec, "", 3, rows[r].side);
        int channels, height, width;
        net_shape(built.net, built.map, &channels, &height, &width);
        assert_int_equal(channels, rows[r].features);
        assert_int_equal(height, rows[r].map_side);
        assert_int_equal(width, rows[r].map_side);
        net_shape(built.net, built.features, &channels, &height, &width);
        assert_int_equal(channels, rows[r].features);
        assert_int_equal(height, 1);
        net_close(ctx, &built.net);
    }
    test_context_close(&ctx);
}

static void test_refused(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    Net *net;
    ValueId features;
    BackboneSpec spec = resnet18;
    TEST_OK(ctx, net_open(ctx, &net, 3, 32, 32));
    spec.dropout = 0.5f;
    TEST_FAILS(ctx, SPICA_ERROR_OPTION, "dropout", backbone_build(ctx, net, &spec, "", &features, NULL));
    spec = (BackboneSpec){.family = BACKBONE_RESNET18};
    TEST_FAILS(ctx, SPICA_ERROR_OPTION, "width", backbone_build(ctx, net, &spec, "", &features, NULL));
    spec = (BackboneSpec){.family = BACKBONE_WRN, .depth = 28, .widen = 2, .stem = STEM_STL};
    TEST_FAILS(ctx, SPICA_ERROR_OPTION, "stem", backbone_build(ctx, net, &spec, "", &features, NULL));
    spec = (BackboneSpec){.family = BACKBONE_WRN, .depth = 29, .widen = 2, .stem = STEM_CIFAR};
    TEST_OK(ctx, backbone_build(ctx, net, &spec, "a.", &features, NULL)); /* 5 + 8 * 3 */
    spec.depth = 30;
    TEST_FAILS(ctx, SPICA_ERROR_OPTION, "depth 30", backbone_build(ctx, net, &spec, "b.", &features, NULL));
    net_close(ctx, &net);
    test_context_close(&ctx);
}

/* Names below a prefix, and how many: torchvision's resnet50 has 161 tensors and 159 without fc. */
static void test_names(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    BackboneSpec spec = resnet18;
    spec.family = BACKBONE_RESNET50;
    spec.stem = STEM_IMAGENET;
    Built built = build(ctx, &spec, "backbone.", 3, 64);
    const Params *params = net_params(built.net);
    assert_int_equal(params->table_count, 159);
    static const char *const names[] = {"backbone.conv1.weight",          "backbone.bn1.bias",
                                        "backbone.layer1.0.conv3.weight", "backbone.layer1.0.downsample.1.weight",
                                        "backbone.layer4.2.bn3.weight",   "backbone.layer3.5.conv2.weight"};
    for (size_t n = 0; n < sizeof names / sizeof *names; n++)
        assert_non_null(params_find(params, names[n], NULL));
    bool is_buffer;
    assert_non_null(params_find(params, "backbone.layer2.0.downsample.1.num_batches_tracked", &is_buffer));
    assert_true(is_buffer);
    net_close(ctx, &built.net);
    test_context_close(&ctx);
}

/* ---- Forward ---- */

typedef struct ForwardCase {
    const char *name;
    BackboneSpec spec;
    int channels, side;
} ForwardCase;

enum { BATCH = 4 };

/* Features, then the map's norm and projection, in the golden file's order. float32 through up to 50 layers against
 * float64: the largest difference measured is 1e-5 of the largest feature, so 5e-5 (PyTorch's own float32 is as far
 * off). The map's numbers are sums over it and get the same share of its norm. */
static void compare_forward(const ForwardCase *c, const Built *built, const Plan *plan, const double *golden) {
    int channels, height, width;
    net_shape(built->net, built->map, &channels, &height, &width);
    const size_t features = (size_t)BATCH * (size_t)channels;
    double largest = 0.0;
    for (size_t i = 0; i < features; i++)
        largest = fmax(largest, fabs(golden[i]));
    for (size_t i = 0; i < features; i++)
        if (!(fabs((double)plan_output(plan, 0)[i] - golden[i]) <= 5e-5 * largest))
            fail_msg("%s: feature %zu is %.8g, expected %.8g (largest %.3g)", c->name, i,
                     (double)plan_output(plan, 0)[i], golden[i], largest);
    double summary[FORMULA_SUMMARY];
    formula_summary(summary, "map", plan_output(plan, 1), features * (size_t)height * (size_t)width);
    for (int i = 0; i < 2; i++)
        if (!(fabs(summary[i] - golden[features + (size_t)i]) <= 5e-5 * golden[features]))
            fail_msg("%s: the map's %s is %.8g, expected %.8g", c->name, i == 0 ? "norm" : "projection", summary[i],
                     golden[features + (size_t)i]);
}

static void run_plan(Context *ctx, const ForwardCase *c, const Built *built, PlanKind kind, const float *input,
                     const double *golden) {
    /* The plain steps take their time: of the smaller pictures only. */
    const int last = kind != PLAN_TRAIN_FORWARD && c->side < 30 ? 1 : 0;
    for (int reference = 0; reference <= last; reference++) {
        Plan *plan;
        const PlanSettings settings = {.kind = kind,
                                       .batch = BATCH,
                                       .outputs = {built->features, built->map},
                                       .output_count = 2,
                                       .reference = reference};
        TEST_OK(ctx, plan_open(ctx, &plan, built->net, &settings));
        TEST_OK(ctx, plan_forward(ctx, plan, input));
        compare_forward(c, built, plan, golden);
        plan_close(ctx, &plan);
    }
}

static void forward_case(Context *ctx, const ForwardCase *c) {
    Built built = build(ctx, &c->spec, "", c->channels, c->side);
    formula_fill_params(net_params(built.net));
    float *input;
    char name[64];
    const size_t pixels = (size_t)BATCH * (size_t)c->side * (size_t)c->side * (size_t)c->channels;
    TEST_OK(ctx, NEW_ARRAY(ctx, &input, pixels));
    snprintf(name, sizeof name, "%s.0", c->name);
    formula_fill(input, pixels, name, 0.0, 1.0);
    size_t count;
    snprintf(name, sizeof name, "nn/%s_forward.npy", c->name);
    double *golden = golden_double(ctx, name, &count);
    run_plan(ctx, c, &built, PLAN_INFER, input, golden);
    run_plan(ctx, c, &built, PLAN_TRAIN_FORWARD, input, golden + count / 2);
    run_plan(ctx, c, &built, PLAN_TRAIN, input, golden + count / 2);
    FREE_ARRAY(ctx, &golden);
    FREE_ARRAY(ctx, &input);
    net_close(ctx, &built.net);
}

static void test_forward(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    static const ForwardCase cases[] = {
        {"resnet18_cifar", {.family = BACKBONE_RESNET18, .stem = STEM_CIFAR, .width = 8}, 3, 19},
        {"resnet18_stl", {.family = BACKBONE_RESNET18, .stem = STEM_STL, .width = 8}, 3, 32},
        {"resnet18_imagenet", {.family = BACKBONE_RESNET18, .stem = STEM_IMAGENET, .width = 8}, 3, 75},
        {"resnet18_small", {.family = BACKBONE_RESNET18, .stem = STEM_SMALL, .width = 8}, 1, 28},
        {"resnet34_stl", {.family = BACKBONE_RESNET34, .stem = STEM_STL, .width = 4}, 3, 33},
        {"resnet50_cifar", {.family = BACKBONE_RESNET50, .stem = STEM_CIFAR, .width = 4}, 3, 16},
        {"wrn37_2",
         {.family = BACKBONE_WRN, .stem = STEM_CIFAR, .depth = 37, .widen = 2, .relu_slope = 0.1f, .dropout = 0.0f},
         3,
         32},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ctx->threads = i == 0 ? 2 : 1;
        forward_case(ctx, &cases[i]);
    }
    test_context_close(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse), cmocka_unit_test(test_shapes),  cmocka_unit_test(test_refused),
        cmocka_unit_test(test_names), cmocka_unit_test(test_forward),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
