#include "cluster/knn_best.h"

#include <stdbool.h>
#include <string.h>

/* Candidates of one row and tile from which selection is faster than the heap. */
#define MERGE_FROM 32
/* Index of an entry of a list that no candidate has taken yet. */
#define NO_CANDIDATE INT32_MAX

static inline bool ranks_before(float similarity, int32_t index, float than, int32_t than_index) {
    return similarity > than || (similarity == than && index < than_index);
}

/* Puts (similarity, index) in place of entry `hole` of a heap of k entries, and lets it sink. */
static void heap_sink(float *similarities, int32_t *indices, size_t k, size_t hole, float similarity, int32_t index) {
    for (size_t child = 2 * hole + 1; child < k; child = 2 * hole + 1) {
        if (child + 1 < k &&
            ranks_before(similarities[child], indices[child], similarities[child + 1], indices[child + 1]))
            child++;
        if (!ranks_before(similarity, index, similarities[child], indices[child])) break;
        similarities[hole] = similarities[child];
        indices[hole] = indices[child];
        hole = child;
    }
    similarities[hole] = similarity;
    indices[hole] = index;
}

/* Heap to sorted list, best first: the root, which is the worst, goes to the end of what is left. */
static void list_sort(const BestLists *lists, size_t row) {
    float *similarities = lists->similarities + row * lists->k;
    int32_t *indices = lists->indices + row * lists->k;
    for (size_t left = lists->k; left > 1; left--) {
        const float similarity = similarities[left - 1];
        const int32_t index = indices[left - 1];
        similarities[left - 1] = similarities[0];
        indices[left - 1] = indices[0];
        heap_sink(similarities, indices, left - 1, 0, similarity, index);
    }
}

/* A number that is larger the earlier the candidate ranks: the similarity's bits, made to count upwards, above the
 * complement of the index. */
static uint64_t candidate_key(float similarity, int32_t index) {
    uint32_t bits;
    memcpy(&bits, &similarity, sizeof bits);
    bits ^= bits >> 31 ? UINT32_MAX : UINT32_C(1) << 31;
    return (uint64_t)bits << 32 | (UINT32_MAX - (uint32_t)index);
}

static void candidate_of_key(uint64_t key, float *similarity, int32_t *index) {
    uint32_t bits = (uint32_t)(key >> 32);
    bits ^= bits >> 31 ? UINT32_C(1) << 31 : UINT32_MAX;
    memcpy(similarity, &bits, sizeof bits);
    *index = (int32_t)(UINT32_MAX - (uint32_t)key);
}

static uint64_t median_of_three(uint64_t a, uint64_t b, uint64_t c) {
    const uint64_t low = a < b ? a : b, high = a < b ? b : a;
    return c < low ? low : c > high ? high : c;
}

/* Brings the k largest of `count` different keys to the front, in any order (Hoare's quickselect,
 * doi:10.1145/366622.366647). */
static void keys_select(uint64_t *keys, size_t count, size_t k) {
    size_t first = 0, end = count;
    while (end - first > 1) {
        const uint64_t pivot = median_of_three(keys[first], keys[first + (end - first) / 2], keys[end - 1]);
        size_t larger = first;
        for (size_t i = first; i < end; i++) {
            const uint64_t key = keys[i];
            keys[i] = keys[larger];
            keys[larger] = key;
            larger += key > pivot;
        }
        /* keys[first .. larger) are above the pivot, which is among the rest. */
        if (larger == k) return;
        if (larger > k) {
            end = larger;
            continue;
        }
        size_t at = larger;
        while (keys[at] != pivot)
            at++;
        keys[at] = keys[larger];
        keys[larger] = pivot;
        first = larger + 1;
        if (first >= k) return;
    }
}

/* Replaces the list of one row by the k best of it and of the candidates. */
static void list_merge(const BestLists *lists, size_t row, const Candidates *candidates, uint64_t *keys) {
    float *similarities = lists->similarities + row * lists->k;
    int32_t *indices = lists->indices + row * lists->k;
    size_t count = 0;
    for (size_t i = 0; i < lists->k; i++)
        if (indices[i] != NO_CANDIDATE) keys[count++] = candidate_key(similarities[i], indices[i]);
    for (size_t i = 0; i < candidates->count; i++)
        keys[count++] = candidate_key(candidates->similarities[i], candidates->indices[i]);
    if (count > lists->k) keys_select(keys, count, lists->k);
    for (size_t i = 0; i < lists->k && i < count; i++)
        candidate_of_key(keys[i], &similarities[i], &indices[i]);
    for (size_t i = count; i < lists->k; i++) {
        similarities[i] = -INFINITY;
        indices[i] = NO_CANDIDATE;
    }
    for (size_t i = lists->k / 2; i-- > 0;)
        heap_sink(similarities, indices, lists->k, i, similarities[i], indices[i]);
}

void best_offer(const BestLists *lists, size_t row, Candidates *candidates, uint64_t *keys) {
    float *similarities = lists->similarities + row * lists->k;
    int32_t *indices = lists->indices + row * lists->k;
    if (candidates->count >= MERGE_FROM) {
        list_merge(lists, row, candidates, keys);
    } else {
        for (size_t i = 0; i < candidates->count; i++) {
            const float similarity = candidates->similarities[i];
            const int32_t index = candidates->indices[i];
            if (ranks_before(similarity, index, similarities[0], indices[0]))
                heap_sink(similarities, indices, lists->k, 0, similarity, index);
        }
    }
    candidates->count = 0;
}

void best_clear(const BestLists *lists, size_t rows, int threads) {
#pragma omp parallel for schedule(static) num_threads(threads)
    for (size_t i = 0; i < rows * lists->k; i++) {
        lists->similarities[i] = -INFINITY;
        lists->indices[i] = NO_CANDIDATE;
    }
}

void best_sort(const BestLists *lists, size_t rows, int threads) {
#pragma omp parallel for schedule(static) num_threads(threads)
    for (size_t row = 0; row < rows; row++)
        list_sort(lists, row);
}
