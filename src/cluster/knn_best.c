#include "cluster/knn_best.h"

#include <stdbool.h>

#include "cluster/knn_keys.h"

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
    for (size_t i = 0; i < lists->k && i < count; i++) {
        similarities[i] = key_similarity(keys[i]);
        indices[i] = key_index(keys[i]);
    }
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
