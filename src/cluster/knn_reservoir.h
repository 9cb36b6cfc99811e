/* The k best candidates of a few queries, unsorted: searches that bring a query's candidates at once keep them here.
 *
 * A reservoir takes whatever is not below its bound. When it is full, its k best stay, and the k-th becomes the bound:
 * a candidate costs a constant time on average, where knn_best.h's heaps, which need no second half, cost log k. The
 * order of candidates is total (knn_keys.h), so the result does not depend on the order in which they come. */
#ifndef SPICA_CLUSTER_KNN_RESERVOIR_H
#define SPICA_CLUSTER_KNN_RESERVOIR_H

#include "base/memory.h"
#include "cluster/knn_keys.h"

/* Candidates that are looked at together: few enough that one hit costs little, enough to fill vectors. */
#define RESERVOIR_CHUNK 64

typedef struct Reservoirs {
    size_t k, room; /* room: keys of one reservoir */
    uint64_t *keys; /* [queries x room] */
    size_t *counts; /* [queries] */
    float *bounds;  /* [queries] */
} Reservoirs;

/* For up to `queries` queries; zeroed before. Errors: SPICA_ERROR_MEMORY. */
Status reservoirs_open(Context *ctx, Reservoirs *reservoirs, size_t queries, size_t k);
void reservoirs_close(Context *ctx, Reservoirs *reservoirs);

/* Empties the first `queries`. */
void reservoirs_clear(const Reservoirs *reservoirs, size_t queries);

/* Offers rows[r] of values[rows x stride], whose first `count` columns are the candidates columns[count], to the
 * reservoir queries[r]. stride is a multiple of RESERVOIR_CHUNK, and values between count and it may be anything. */
void reservoirs_offer(const Reservoirs *reservoirs, const uint32_t *queries, size_t rows, const float *values,
                      size_t stride, const int32_t *columns, size_t count);

/* indices[k]: the best of one reservoir, the best first, and INT32_MAX for those that are missing. Leaves the reservoir
 * to be cleared. */
void reservoir_take(const Reservoirs *reservoirs, size_t query, int32_t *indices);

#endif
