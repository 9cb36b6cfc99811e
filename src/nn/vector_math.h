/* Row arithmetic that compilers vectorise without changing the order of sums: fixed lanes, then the lanes in order, so
 * that every instruction set and every thread count gives the same bits. For use inside SIMD_VERSIONS functions. */
#ifndef SPICA_NN_VECTOR_MATH_H
#define SPICA_NN_VECTOR_MATH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/simd.h"

#define VECTOR_LANES 16

/* exp(x) within 2 units in the last place for x in [-87.3, 88.3]; 0 below, saturating above; NaN stays NaN.
 * Cody and Waite's reduction x = n ln 2 + r, |r| <= ln 2 / 2, and the Taylor polynomial of degree 7 in r, whose
 * remainder r^8 / 8! is below 6e-9. */
static inline float vector_exp(float x) {
    const float lowest = -87.3f, highest = 88.3f;
    const float log2_e = 1.44269504f;
    const float ln2_high = 0.693359375f, ln2_low = -2.12194440e-4f; /* n * ln2_high is exact: 10 bits by 9 */
    const float round_magic = 12582912.0f;                          /* 1.5 * 2^23: adding it rounds to an integer */
    float bounded = x < lowest ? lowest : x;
    bounded = bounded > highest ? highest : bounded;
    const float shifted = bounded * log2_e + round_magic;
    const float n = shifted - round_magic;
    const float r = (bounded - n * ln2_high) - n * ln2_low;
    float p = 1.0f / 5040.0f;
    p = p * r + 1.0f / 720.0f;
    p = p * r + 1.0f / 120.0f;
    p = p * r + 1.0f / 24.0f;
    p = p * r + 1.0f / 6.0f;
    p = p * r + 0.5f;
    p = p * r * r + r + 1.0f;
    /* 2^n from its exponent bits, n from -126 to 127 */
    uint32_t bits, magic_bits;
    memcpy(&bits, &shifted, sizeof bits);
    memcpy(&magic_bits, &round_magic, sizeof magic_bits);
    bits = (bits - magic_bits + 127u) << 23;
    float power;
    memcpy(&power, &bits, sizeof power);
    const float result = p * power;
    return x < lowest ? 0.0f : result;
}

/* Largest of row[count]; NaNs are passed over. count of 0: -infinity. */
static inline float vector_max(const float *row, size_t count) {
    float lanes[VECTOR_LANES];
    for (size_t j = 0; j < VECTOR_LANES; j++)
        lanes[j] = -__builtin_inff();
    size_t i = 0;
    for (; i + VECTOR_LANES <= count; i += VECTOR_LANES)
        for (size_t j = 0; j < VECTOR_LANES; j++)
            lanes[j] = row[i + j] > lanes[j] ? row[i + j] : lanes[j];
    for (size_t j = 0; i + j < count; j++)
        lanes[j] = row[i + j] > lanes[j] ? row[i + j] : lanes[j];
    float largest = lanes[0];
    for (size_t j = 1; j < VECTOR_LANES; j++)
        largest = lanes[j] > largest ? lanes[j] : largest;
    return largest;
}

static inline double vector_lane_sum(const double lanes[VECTOR_LANES]) {
    double sum = 0.0;
    for (size_t j = 0; j < VECTOR_LANES; j++)
        sum += lanes[j];
    return sum;
}

/* a[count] . b[count], summed in float64. */
static inline double vector_dot(const float *a, const float *b, size_t count) {
    double lanes[VECTOR_LANES] = {0};
    size_t i = 0;
    for (; i + VECTOR_LANES <= count; i += VECTOR_LANES)
        for (size_t j = 0; j < VECTOR_LANES; j++)
            lanes[j] += (double)a[i + j] * (double)b[i + j];
    for (size_t j = 0; i + j < count; j++)
        lanes[j] += (double)a[i + j] * (double)b[i + j];
    return vector_lane_sum(lanes);
}

/* output[i] = exp((row[i] - shift) * scale); returns their sum in float64. output may be row, or NULL for the sum
 * alone. */
static inline double vector_exp_sum(float *output, const float *row, size_t count, float shift, float scale) {
    double lanes[VECTOR_LANES] = {0};
    size_t i = 0;
    for (; i + VECTOR_LANES <= count; i += VECTOR_LANES) {
        float block[VECTOR_LANES];
        for (size_t j = 0; j < VECTOR_LANES; j++)
            block[j] = vector_exp((row[i + j] - shift) * scale);
        for (size_t j = 0; j < VECTOR_LANES; j++)
            lanes[j] += (double)block[j];
        if (output != NULL) memcpy(output + i, block, sizeof block);
    }
    for (size_t j = 0; i + j < count; j++) {
        const float value = vector_exp((row[i + j] - shift) * scale);
        lanes[j] += (double)value;
        if (output != NULL) output[i + j] = value;
    }
    return vector_lane_sum(lanes);
}

#endif
