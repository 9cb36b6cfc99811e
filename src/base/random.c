#include "base/random.h"

#include <math.h>

/* Salmon et al. 2011, section 4.3 and their Random123 library: multipliers and Weyl constants. */
#define PHILOX_M0 UINT32_C(0xD2511F53)
#define PHILOX_M1 UINT32_C(0xCD9E8D57)
#define PHILOX_W0 UINT32_C(0x9E3779B9)
#define PHILOX_W1 UINT32_C(0xBB67AE85)

void philox4x32(uint32_t output[4], const uint32_t counter[4], const uint32_t key[2]) {
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    uint32_t k0 = key[0], k1 = key[1];
    for (int round = 0; round < 10; round++) {
        const uint64_t product0 = (uint64_t)PHILOX_M0 * c0;
        const uint64_t product1 = (uint64_t)PHILOX_M1 * c2;
        c0 = (uint32_t)(product1 >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)product1;
        c2 = (uint32_t)(product0 >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)product0;
        k0 += PHILOX_W0;
        k1 += PHILOX_W1;
    }
    output[0] = c0;
    output[1] = c1;
    output[2] = c2;
    output[3] = c3;
}

Random random_at(uint64_t seed, RandomPurpose purpose, uint64_t step, uint64_t position, uint32_t view) {
    Random random = {
        .key = {(uint32_t)seed, (uint32_t)(seed >> 32)},
        .counter = {(uint32_t)purpose << 24 | (view & 0xFFFFFFu), (uint32_t)step, (uint32_t)position, 0},
        .used = 4,
    };
    return random;
}

uint32_t random_word(Random *random) {
    if (random->used == 4) {
        philox4x32(random->words, random->counter, random->key);
        random->counter[3]++;
        random->used = 0;
    }
    return random->words[random->used++];
}

float random_uniform(Random *random) { return (float)(random_word(random) >> 8) * 0x1p-24f; }

float random_between(Random *random, float low, float high) {
    const float value = low + (high - low) * random_uniform(random);
    /* The product may round up to the open end. */
    return value < high ? value : low;
}

uint32_t random_below(Random *random, uint32_t bound) {
    /* Lemire, "Fast random integer generation in an interval", 2019, doi:10.1145/3230636. */
    uint64_t product = (uint64_t)random_word(random) * bound;
    if ((uint32_t)product < bound) {
        const uint32_t threshold = (uint32_t)(-bound) % bound;
        while ((uint32_t)product < threshold)
            product = (uint64_t)random_word(random) * bound;
    }
    return (uint32_t)(product >> 32);
}

float random_normal(Random *random) {
    const double two_pi = 6.283185307179586;
    /* 1 - u lies in (0, 1], where the logarithm is finite. */
    const double radius = sqrt(-2.0 * log(1.0 - (double)random_uniform(random)));
    return (float)(radius * cos(two_pi * (double)random_uniform(random)));
}

void random_permutation(Random *random, int64_t *order, size_t count) {
    for (size_t i = 0; i < count; i++)
        order[i] = (int64_t)i;
    for (size_t i = count; i > 1; i--) {
        const size_t j = random_below(random, (uint32_t)i);
        const int64_t swapped = order[i - 1];
        order[i - 1] = order[j];
        order[j] = swapped;
    }
}
