/* Models: their parts, their files, and files that are no models. */
#include "support/testing.h"

#include "formula.h"
#include "nn/init.h"
#include "nn/model.h"

static const ModelSpec whole_spec = {
    .backbone = {.family = BACKBONE_RESNET18, .stem = STEM_SMALL, .width = 4, .bn_momentum = 0.1f},
    .channels = 3,
    .height = 28,
    .width = 20,
    .mean = {0.1f, 0.2f, 1.0f / 3.0f},
    .deviation = {0.25f, 1e-3f, 0.7f},
    .projection_hidden = 10,
    .projection = 6,
    .clusters = 5,
};

static void test_parts(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    Model model = {0};
    model_close(ctx, &model);
    TEST_OK(ctx, model_open(ctx, &model, &whole_spec));
    assert_int_equal(model.dimension, 32);
    int channels, height, width;
    net_shape(model.net, model.projection, &channels, &height, &width);
    assert_int_equal(channels, 6);
    net_shape(model.net, model.logits, &channels, &height, &width);
    assert_int_equal(channels, 5);
    const Param *hidden = params_find(net_params(model.net), "projection.0.weight", NULL);
    assert_non_null(hidden);
    assert_int_equal(hidden->shape[0], 10);
    hidden = params_find(net_params(model.net), "head.0.weight", NULL);
    assert_non_null(hidden);
    assert_int_equal(hidden->shape[0], 32);
    model_close(ctx, &model);
    assert_null(model.net);

    ModelSpec bare = whole_spec;
    bare.projection = bare.clusters = 0;
    TEST_OK(ctx, model_open(ctx, &model, &bare));
    assert_int_equal(model.projection, -1);
    assert_int_equal(model.logits, -1);
    model_close(ctx, &model);
    bare.channels = 0;
    TEST_FAILS(ctx, SPICA_ERROR_OPTION, "28 x 20 x 0", model_open(ctx, &model, &bare));
    test_context_close(&ctx);
}

static void open_filled(Context *ctx, Model *model) {
    TEST_OK(ctx, model_open(ctx, model, &whole_spec));
    formula_fill_params(net_params(model->net));
}

static void check_spec(const ModelSpec *a, const ModelSpec *b) {
    assert_int_equal(a->backbone.family, b->backbone.family);
    assert_int_equal(a->backbone.stem, b->backbone.stem);
    assert_int_equal(a->backbone.width, b->backbone.width);
    assert_true(a->backbone.bn_momentum == b->backbone.bn_momentum);
    assert_int_equal(a->channels, b->channels);
    assert_int_equal(a->height, b->height);
    assert_int_equal(a->width, b->width);
    assert_memory_equal(a->mean, b->mean, sizeof a->mean);
    assert_memory_equal(a->deviation, b->deviation, sizeof a->deviation);
}

static void test_round_trip(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const TestScratch scratch = test_scratch();
    const char *path = test_path(&scratch, "model.safetensors");
    Model model, again;
    open_filled(ctx, &model);
    const WeightsMeta extra[] = {{"policy", "none"}, {"clusters", "999"}};
    TEST_OK(ctx, model_write(ctx, path, &model, MODEL_BACKBONE | MODEL_PROJECTION | MODEL_HEAD, extra, 2));
    TEST_OK(ctx, model_read(ctx, path, &again));
    check_spec(&again.spec, &whole_spec);
    assert_int_equal(again.spec.clusters, 5);
    assert_int_equal(again.spec.projection_hidden, 10);
    const Params *a = net_params(model.net), *b = net_params(again.net);
    assert_int_equal(a->count, b->count);
    assert_memory_equal(a->values, b->values, a->count * sizeof(float));
    assert_memory_equal(a->buffers, b->buffers, a->buffer_count * sizeof(float));
    model_close(ctx, &again);

    WeightsMeta meta[64];
    size_t count;
    TEST_OK(ctx, weights_read_meta(ctx, path, meta, 64, &count));
    assert_string_equal(weights_meta_find(meta, count, "policy"), "none");
    assert_string_equal(weights_meta_find(meta, count, "architecture"), "resnet18");
    assert_string_equal(weights_meta_find(meta, count, "format_version"), "1");

    TEST_OK(ctx, model_write(ctx, path, &model, MODEL_BACKBONE, NULL, 0));
    TEST_OK(ctx, model_read(ctx, path, &again));
    check_spec(&again.spec, &whole_spec);
    assert_int_equal(again.projection, -1);
    assert_int_equal(again.logits, -1);
    assert_null(params_find(net_params(again.net), "head.0.weight", NULL));
    model_close(ctx, &again);
    TEST_OK(ctx, model_write(ctx, path, &model, MODEL_BACKBONE | MODEL_HEAD, NULL, 0));
    TEST_OK(ctx, model_read(ctx, path, &again));
    assert_int_equal(again.projection, -1);
    assert_true(again.logits >= 0);
    model_close(ctx, &again);
    model_close(ctx, &model);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

static void test_wide_resnet_spec(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const TestScratch scratch = test_scratch();
    const char *path = test_path(&scratch, "model.safetensors");
    ModelSpec spec = whole_spec, read;
    spec.backbone = (BackboneSpec){.family = BACKBONE_WRN,
                                   .stem = STEM_CIFAR,
                                   .depth = 10,
                                   .widen = 1,
                                   .relu_slope = 0.1f,
                                   .bn_momentum = 0.001f,
                                   .dropout = 0.3f};
    Model model;
    TEST_OK(ctx, model_open(ctx, &model, &spec));
    TEST_OK(ctx, model_write(ctx, path, &model, MODEL_BACKBONE, NULL, 0));
    TEST_OK(ctx, model_read_spec(ctx, path, &read));
    check_spec(&read, &spec);
    assert_int_equal(read.backbone.depth, 10);
    assert_int_equal(read.backbone.widen, 1);
    assert_true(read.backbone.relu_slope == 0.1f && read.backbone.dropout == 0.3f);
    model_close(ctx, &model);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

/* Rewrites the file's metadata `key` to value, or drops it (NULL). */
static void rewrite(Context *ctx, const char *path, const Model *model, const char *key, const char *value) {
    WeightsMeta meta[64];
    size_t count, kept = 0;
    TEST_OK(ctx, model_write(ctx, path, model, MODEL_BACKBONE, NULL, 0));
    TEST_OK(ctx, weights_read_meta(ctx, path, meta, 64, &count));
    for (size_t m = 0; m < count; m++) {
        if (strcmp(meta[m].key, key) == 0) {
            if (value == NULL) continue;
            snprintf(meta[m].value, sizeof meta[m].value, "%s", value);
        }
        meta[kept++] = meta[m];
    }
    TEST_OK(ctx, weights_write(ctx, path, net_params(model->net), NULL, meta, kept));
}

static void test_refused(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const TestScratch scratch = test_scratch();
    const char *path = test_path(&scratch, "model.safetensors");
    Model model, again;
    open_filled(ctx, &model);
    static const struct {
        const char *key, *value, *words;
    } rows[] = {
        {"architecture", NULL, "no \"architecture\""},
        {"architecture", "vgg", "unknown backbone \"vgg\""},
        {"stem", "huge", "unknown stem \"huge\""},
        {"format_version", NULL, "no \"format_version\""},
        {"format_version", "2", "newer spica"},
        {"width", "8x", "metadata \"width\" is \"8x\""},
        {"width", "99999999", "metadata \"width\""},
        {"input_height", "0", "metadata \"input_height\""},
        {"mean_1", "nan", "metadata \"mean_1\""},
        {"width", "8", "\"bn1.bias\" has shape [4], the network's \"bn1.bias\" has [8]"},
    };
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        rewrite(ctx, path, &model, rows[r].key, rows[r].value);
        TEST_FAILS(ctx, SPICA_ERROR_WEIGHTS, rows[r].words, model_read(ctx, path, &again));
        assert_null(again.net);
        assert_non_null(strstr(spica_context_reason(ctx), path));
    }
    TEST_FAILS(ctx, SPICA_ERROR_WEIGHTS, "format_version",
               model_read(ctx, GOLDEN_DIR "/nn/float32.safetensors", &again));
    model_close(ctx, &model);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

/* A file that lacks tensors which its metadata promises gives no model. */
static void test_missing_tensors(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const TestScratch scratch = test_scratch();
    const char *path = test_path(&scratch, "model.safetensors");
    Model model, again, headless;
    open_filled(ctx, &model);
    ModelSpec spec = whole_spec;
    spec.clusters = 0;
    TEST_OK(ctx, model_open(ctx, &headless, &spec));
    WeightsMeta meta[64];
    size_t count;
    TEST_OK(ctx, model_write(ctx, path, &model, MODEL_BACKBONE | MODEL_HEAD, NULL, 0));
    TEST_OK(ctx, weights_read_meta(ctx, path, meta, 64, &count));
    TEST_OK(ctx, weights_write(ctx, path, net_params(headless.net), NULL, meta, count));
    TEST_FAILS(ctx, SPICA_ERROR_WEIGHTS, "4 of the tensors that its metadata promises are missing",
               model_read(ctx, path, &again));
    model_close(ctx, &model);
    model_close(ctx, &headless);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts),   cmocka_unit_test(test_round_trip),      cmocka_unit_test(test_wide_resnet_spec),
        cmocka_unit_test(test_refused), cmocka_unit_test(test_missing_tensors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
