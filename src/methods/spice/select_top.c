#include "methods/spice/select_top.h"

#include <math.h>
#include <string.h>

#define KEY_EXCLUDED UINT32_C(0)
#define KEY_NAN UINT32_C(1)

/* Ordered as the floats are: positive numbers get the top bit, negative ones are inverted. All numbers are above
 * KEY_NAN, minus infinity's key being 0x007FFFFF. */
static uint32_t float_key(float value) {
    if (isnan(value)) return KEY_NAN;
    value += 0.0f; /* -0 and 0 are equal */
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits >> 31 ? ~bits : bits | UINT32_C(0x80000000);
}

static size_t fill_keys(uint32_t *keys, const float *values, size_t count, size_t stride, const uint8_t *excluded) {
    size_t eligible = count;
    for (size_t i = 0; i < count; i++)
        keys[i] = float_key(values[i * stride]);
    if (excluded == NULL) return eligible;
    for (size_t i = 0; i < count; i++)
        if (excluded[i]) {
            keys[i] = KEY_EXCLUDED;
            eligible--;
        }
    return eligible;
}

/* Among the keys that equal `prefix` above bit `shift + bits`, finds the digit (`bits` wide at `shift`) in which the
 * *k-th largest lies, lowers *k by those with larger digits, and returns the prefix with that digit. */
static uint32_t narrow_key(const uint32_t *keys, size_t count, uint32_t prefix, int shift, int bits, size_t *k) {
    uint32_t histogram[2048] = {0};
    const uint32_t mask = (UINT32_C(1) << bits) - 1;
    const int above = shift + bits;
    for (size_t i = 0; i < count; i++)
        if (above == 32 || keys[i] >> above == prefix >> above) histogram[keys[i] >> shift & mask]++;
    uint32_t digit = mask;
    while (digit > 0 && histogram[digit] < *k)
        *k -= histogram[digit--];
    return prefix | digit << shift;
}

size_t select_top(int32_t *chosen, size_t k, const float *values, size_t count, size_t stride, const uint8_t *excluded,
                  uint32_t *keys) {
    const size_t eligible = fill_keys(keys, values, count, stride, excluded);
    if (k > eligible) k = eligible;
    if (k == 0) return 0;
    size_t equal = k; /* how many of the threshold's own value are wanted */
    uint32_t threshold = narrow_key(keys, count, 0, 21, 11, &equal);
    threshold = narrow_key(keys, count, threshold, 10, 11, &equal);
    threshold = narrow_key(keys, count, threshold, 0, 10, &equal);
    size_t taken = 0;
    for (size_t i = 0; taken < k && i < count; i++) {
        if (keys[i] < threshold) continue;
        if (keys[i] == threshold) {
            if (equal == 0) continue;
            equal--;
        }
        chosen[taken++] = (int32_t)i;
    }
    return taken;
}
