#include "cluster/knn_reservoir.h"

#include "base/simd.h"

/* Keys beyond k: with as many again selection costs a few steps a key, with more the reservoirs leave the cache. */
#define SPARE_LEAST ((size_t)64)

Status reservoirs_open(Context *ctx, Reservoirs *reservoirs, size_t queries, size_t k) {
    reservoirs->k = k;
    reservoirs->room = k + (k > SPARE_LEAST ? k : SPARE_LEAST) + RESERVOIR_CHUNK;
    TRY(memory_allocate(ctx, &reservoirs->keys, queries, reservoirs->room * sizeof *reservoirs->keys));
    TRY(NEW_ARRAY(ctx, &reservoirs->counts, queries));
    return NEW_ARRAY(ctx, &reservoirs->bounds, queries);
}

void reservoirs_close(Context *ctx, Reservoirs *reservoirs) {
    FREE_ARRAY(ctx, &reservoirs->keys);
    FREE_ARRAY(ctx, &reservoirs->counts);
    FREE_ARRAY(ctx, &reservoirs->bounds);
}

void reservoirs_clear(const Reservoirs *reservoirs, size_t queries) {
    for (size_t query = 0; query < queries; query++) {
        reservoirs->counts[query] = 0;
        reservoirs->bounds[query] = -INFINITY;
    }
}

/* Leaves the k best, if there are more. */
static void reservoir_select(const Reservoirs *reservoirs, size_t query) {
    const size_t k = reservoirs->k;
    uint64_t *keys = reservoirs->keys + query * reservoirs->room;
    if (reservoirs->counts[query] <= k) return;
    keys_select(keys, reservoirs->counts[query], k);
    reservoirs->counts[query] = k;
    uint64_t last = keys[0];
    for (size_t i = 1; i < k; i++)
        last = keys[i] < last ? keys[i] : last;
    reservoirs->bounds[query] = key_similarity(last);
}

/* Written as "not below", so that a NaN is seen, and an equal value with a smaller index. */
static inline int chunk_hits(const float *values, float bound) {
    int hits = 0;
    for (size_t i = 0; i < RESERVOIR_CHUNK; i++)
        hits += !(values[i] < bound);
    return hits;
}

/* Up to a chunk, behind the keys that are there; returns how many then are. Stores all and counts the hits, which
 * nobody can foresee. */
static inline size_t chunk_append(uint64_t *keys, size_t held, const float *values, float bound, const int32_t *columns,
                                  size_t count) {
    for (size_t i = 0; i < count; i++) {
        keys[held] = candidate_key(values[i], columns[i]);
        held += values[i] < bound ? 0 : 1;
    }
    return held;
}

SIMD_VERSIONS static void row_offer(const Reservoirs *reservoirs, size_t query, const float *values,
                                    const int32_t *columns, size_t count) {
    uint64_t *keys = reservoirs->keys + query * reservoirs->room;
    for (size_t chunk = 0; chunk < count; chunk += RESERVOIR_CHUNK) {
        const size_t length = count - chunk < RESERVOIR_CHUNK ? count - chunk : RESERVOIR_CHUNK;
        const float bound = reservoirs->bounds[query];
        if (chunk_hits(values + chunk, bound) == 0) continue;
        const size_t held =
            chunk_append(keys, reservoirs->counts[query], values + chunk, bound, columns + chunk, length);
        reservoirs->counts[query] = held;
        if (held + RESERVOIR_CHUNK > reservoirs->room) reservoir_select(reservoirs, query);
    }
}

void reservoirs_offer(const Reservoirs *reservoirs, const uint32_t *queries, size_t rows, const float *values,
                      size_t stride, const int32_t *columns, size_t count) {
    for (size_t row = 0; row < rows; row++)
        row_offer(reservoirs, queries[row], values + row * stride, columns, count);
}

void reservoir_take(const Reservoirs *reservoirs, size_t query, int32_t *indices) {
    uint64_t *keys = reservoirs->keys + query * reservoirs->room;
    reservoir_select(reservoirs, query);
    const size_t count = reservoirs->counts[query];
    keys_sort(keys, count);
    for (size_t i = 0; i < reservoirs->k; i++)
        indices[i] = i < count ? key_index(keys[i]) : INT32_MAX;
}
