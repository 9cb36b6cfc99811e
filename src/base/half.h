/* IEEE 754's numbers of 16 bits, which C17 has no type for. */
#ifndef SPICA_BASE_HALF_H
#define SPICA_BASE_HALF_H

#include <stdint.h>
#include <string.h>

/* The value of a binary16: 1 sign, 5 exponent (bias 15), 10 fraction bits. */
static inline float half_to_float(uint16_t half) {
    const float sign = (half & 0x8000u) != 0 ? -1.0f : 1.0f;
    const unsigned exponent = half >> 10 & 0x1Fu;
    const unsigned fraction = half & 0x3FFu;
    if (exponent == 0) return sign * (float)fraction * 0x1p-24f;
    if (exponent == 31) return fraction != 0 ? __builtin_nanf("") : sign * __builtin_inff();
    const uint32_t bits = (uint32_t)(half & 0x8000u) << 16 | (exponent + 112u) << 23 | fraction << 13;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

#endif
