/* What the tests of the methods share: numbers by the formula of tests/golden/formula_nets.py, small data sets and
 * model descriptions. */
#ifndef SPICA_TESTS_SUPPORT_METHOD_SUPPORT_H
#define SPICA_TESTS_SUPPORT_METHOD_SUPPORT_H

#include "augment/augment.h"
#include "base/random.h"
#include "nn/losses.h"
#include "nn/model.h"
#include "support/testing.h"

/* hash_values of formula_nets.py: uniform on [-1, 1), exact in float32, times scale plus shift. */
static inline void hash_fill(float *values, size_t count, const char *name, float scale, float shift) {
    uint32_t seed = 0;
    for (const char *letter = name; *letter != '\0'; letter++)
        seed = seed * 31u + (unsigned char)*letter;
    for (size_t i = 0; i < count; i++) {
        uint32_t x = (uint32_t)i * 2654435761u + seed;
        x = (x ^ x >> 16) * 0x7FEB352Du;
        x = (x ^ x >> 15) * 0x846CA68Bu;
        x = x ^ x >> 16;
        values[i] = ((float)(x >> 8) * 0x1p-23f - 1.0f) * scale + shift;
    }
}

/* set_weights of formula_nets.py. */
static inline void hash_weights(Params *params) {
    for (size_t t = 0; t < params->table_count; t++) {
        const Param *param = &params->table[t];
        float *values = params->values + param->offset;
        if (param->rank == 1)
            hash_fill(values, param->count, param->name, 0.25f, param->kind == PARAM_NORM_SCALE ? 1.0f : 0.0f);
        else
            hash_fill(values, param->count, param->name,
                      (float)sqrt(3.0 / ((double)param->count / (double)param->shape[0])), 0.0f);
    }
    params_changed(params);
}

/* A tensor of the weights by its name. */
static inline const float *weights_of(Model *model, const char *name, size_t count) {
    bool is_buffer;
    const Params *params = net_params(model->net);
    const Param *param = params_find(params, name, &is_buffer);
    if (param == NULL || param->count != count) fail_msg("no tensor %s of %zu floats", name, count);
    return (is_buffer ? params->buffers : params->values) + param->offset;
}

/* Compares a tensor with a golden file of the same size. */
static inline void assert_tensor(Context *ctx, Model *model, const char *name, const char *golden, double tolerance) {
    size_t count;
    float *expected = golden_float(ctx, golden, &count);
    const float *actual = weights_of(model, name, count);
    assert_close(actual, expected, count, tolerance, tolerance);
    FREE_ARRAY(ctx, &expected);
}

/* `count` pictures of classes 0 .. classes-1 in turn: a bright square whose place tells the class, on noise. Closed by
 * pictures_close. */
static inline Dataset pictures_open(Context *ctx, size_t count, int side, int channels, size_t classes) {
    Dataset dataset = {.count = count, .height = side, .width = side, .channels = channels};
    const size_t floats = (size_t)side * (size_t)side * (size_t)channels;
    TEST_OK(ctx, NEW_ARRAY(ctx, &dataset.pixels, count * floats));
    for (size_t i = 0; i < count; i++) {
        Random random = random_at(1, RANDOM_TEST, 0, i, 0);
        uint8_t *picture = dataset.pixels + i * floats;
        for (size_t j = 0; j < floats; j++)
            picture[j] = (uint8_t)random_below(&random, 80);
        const int cell = side / 4, place = (int)(i % classes);
        for (int y = 0; y < cell; y++)
            for (int x = 0; x < side; x++)
                for (int c = 0; c < channels; c++)
                    if (place % 4 == 3 || x / cell == place % 4)
                        picture[((y + (place / 4 + place) % 4 * cell) * side + x) * channels + c] =
                            (uint8_t)(160 + 20 * place % 90);
    }
    return dataset;
}

static inline void pictures_close(Context *ctx, Dataset *dataset) { FREE_ARRAY(ctx, &dataset->pixels); }

/* A ResNet-18 with CIFAR's stem of this width. */
static inline ModelSpec small_model(int width, int side, int channels) {
    return (ModelSpec){
        .backbone = {.family = BACKBONE_RESNET18, .stem = STEM_CIFAR, .width = width, .bn_momentum = 0.1f},
        .channels = channels,
        .height = side,
        .width = side,
        .mean = {0.5f, 0.5f, 0.5f},
        .deviation = {0.25f, 0.25f, 0.25f}};
}

/* policy_default with the small model's normalisation. */
static inline Policy small_policy(PolicyKind kind, int channels) {
    Policy policy = policy_default(kind, channels);
    for (int c = 0; c < 3; c++) {
        policy.mean[c] = 0.5f;
        policy.deviation[c] = 0.25f;
    }
    return policy;
}

#endif
