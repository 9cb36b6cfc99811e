/* Candidates of searches for nearest neighbours as numbers: the larger, the earlier a candidate ranks in the order
 * (similarity down, index up). */
#ifndef SPICA_CLUSTER_KNN_KEYS_H
#define SPICA_CLUSTER_KNN_KEYS_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The similarity's bits, made to count upwards, above the complement of the index. A similarity that is no number ranks
 * last; adding 0 leaves one zero only. */
static inline uint64_t candidate_key(float similarity, int32_t index) {
    const float ranked = isnan(similarity) ? -INFINITY : similarity + 0.0f;
    uint32_t bits;
    memcpy(&bits, &ranked, sizeof bits);
    bits ^= bits >> 31 ? UINT32_MAX : UINT32_C(1) << 31;
    return (uint64_t)bits << 32 | (UINT32_MAX - (uint32_t)index);
}

static inline int32_t key_index(uint64_t key) { return (int32_t)(UINT32_MAX - (uint32_t)key); }

static inline float key_similarity(uint64_t key) {
    uint32_t bits = (uint32_t)(key >> 32);
    float similarity;
    bits ^= bits >> 31 ? UINT32_C(1) << 31 : UINT32_MAX;
    memcpy(&similarity, &bits, sizeof similarity);
    return similarity;
}

/* Brings the k largest of `count` different keys to the front, in any order (Hoare's quickselect,
 * doi:10.1145/366622.366647). */
void keys_select(uint64_t *keys, size_t count, size_t k);

/* Sorts different keys, the largest first. */
void keys_sort(uint64_t *keys, size_t count);

#endif
