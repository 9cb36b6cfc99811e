/* Numbers that tests/golden/make_nn.py computes as well, so that golden files hold results only. */
#ifndef SPICA_TESTS_NN_FORMULA_H
#define SPICA_TESTS_NN_FORMULA_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "nn/params.h"

/* FNV-1a */
static inline uint32_t formula_seed(const char *name) {
    uint32_t seed = 2166136261u;
    for (; *name != '\0'; name++)
        seed = (seed ^ (unsigned char)*name) * 16777619u;
    return seed;
}

/* Number `index` of the sequence, on [-1, 1), a multiple of 2^-23: murmur3's finaliser. */
static inline double formula_noise(uint32_t seed, size_t index) {
    uint32_t h = (uint32_t)index * 2654435761u + seed;
    h = (h ^ (h >> 16)) * 0x85EBCA6Bu;
    h = (h ^ (h >> 13)) * 0xC2B2AE35u;
    h ^= h >> 16;
    return (double)(h >> 8) / 8388608.0 - 1.0;
}

/* values[count] = offset + scale * noise(name), computed in float64 */
static inline void formula_fill(float *values, size_t count, const char *name, double offset, double scale) {
    const uint32_t seed = formula_seed(name);
    for (size_t i = 0; i < count; i++)
        values[i] = (float)(offset + scale * formula_noise(seed, i));
}

/* A network's weights and buffers: variances that keep activations near 1, norms near the identity. */
static inline void formula_fill_param(float *values, const Param *param) {
    double fan_in = 1.0;
    for (int d = 1; d < param->rank; d++)
        fan_in *= (double)param->shape[d];
    switch (param->kind) {
    case PARAM_CONV_WEIGHT: formula_fill(values, param->count, param->name, 0.0, sqrt(6.0 / fan_in)); return;
    case PARAM_LINEAR_WEIGHT: formula_fill(values, param->count, param->name, 0.0, 1.0 / sqrt(fan_in)); return;
    case PARAM_NORM_SCALE: formula_fill(values, param->count, param->name, 1.0, 0.25); return;
    case PARAM_RUNNING_VARIANCE: formula_fill(values, param->count, param->name, 1.0, 0.5); return;
    case PARAM_LINEAR_BIAS:
    case PARAM_NORM_SHIFT:
    case PARAM_RUNNING_MEAN: formula_fill(values, param->count, param->name, 0.0, 0.1); return;
    case PARAM_BATCH_COUNT: return;
    }
}

static inline void formula_fill_params(Params *params) {
    for (size_t t = 0; t < params->table_count; t++)
        formula_fill_param(params->values + params->table[t].offset, &params->table[t]);
    for (size_t b = 0; b < params->buffer_table_count; b++)
        formula_fill_param(params->buffers + params->buffer_table[b].offset, &params->buffer_table[b]);
    params_changed(params);
}

/* The golden file's `summary`: norm, projection on noise, five elements. */
#define FORMULA_SUMMARY 7
static inline void formula_summary(double summary[FORMULA_SUMMARY], const char *name, const float *values,
                                   size_t count) {
    char text[128];
    snprintf(text, sizeof text, "projection.%s", name);
    const uint32_t seed = formula_seed(text);
    double squares = 0.0, projection = 0.0;
    for (size_t i = 0; i < count; i++) {
        squares += (double)values[i] * (double)values[i];
        projection += (double)values[i] * formula_noise(seed, i);
    }
    summary[0] = sqrt(squares);
    summary[1] = projection;
    for (size_t i = 0; i < 5; i++)
        summary[2 + i] = (double)values[i * (count - 1) / 4];
}

#endif
