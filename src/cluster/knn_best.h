/* The k best candidates of every query, as searches for nearest neighbours bring them tile by tile.
 *
 * They are kept as a heap with the worst at its root, in the order (similarity down, index up), which is total: so the
 * result does not depend on the order in which candidates come. A tile that brings a row many candidates, as the first
 * ones do, is merged by selection instead. */
#ifndef SPICA_CLUSTER_KNN_BEST_H
#define SPICA_CLUSTER_KNN_BEST_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>

/* Candidates of one row at once. */
#define KNN_TILE 512

/* Heaps of k entries, one for each query. */
typedef struct BestLists {
    int32_t *indices;    /* [queries x k] */
    float *similarities; /* [queries x k] */
    size_t k;
} BestLists;

/* What one tile brings to one row. */
typedef struct Candidates {
    size_t count;
    int32_t indices[KNN_TILE];
    float similarities[KNN_TILE];
} Candidates;

/* A similarity that is no number ranks last; adding 0 leaves one zero only. */
static inline void candidates_add(Candidates *candidates, float similarity, int32_t index) {
    candidates->similarities[candidates->count] = isnan(similarity) ? -INFINITY : similarity + 0.0f;
    candidates->indices[candidates->count] = index;
    candidates->count++;
}

/* Below this a candidate of the row need not be offered. */
static inline float best_worst(const BestLists *lists, size_t row) { return lists->similarities[row * lists->k]; }

/* Fills all lists with entries that every candidate ranks before. */
void best_clear(const BestLists *lists, size_t rows, int threads);

/* Offers the candidates to the list of one row, and empties them. keys[k + KNN_TILE]: room to work in. */
void best_offer(const BestLists *lists, size_t row, Candidates *candidates, uint64_t *keys);

/* Heaps to sorted lists, best first. Entries that nothing filled have the index INT32_MAX. */
void best_sort(const BestLists *lists, size_t rows, int threads);

#endif
