/* An endless walk over 0 .. count-1 in shuffled rounds. Where it stands is a function of the number of entries taken,
 * so that a walk can be continued from anywhere. */
#ifndef SPICA_METHODS_ORDER_WALK_H
#define SPICA_METHODS_ORDER_WALK_H

#include "base/memory.h"
#include "base/random.h"

/* Zeroed may be closed. */
typedef struct OrderWalk {
    uint64_t seed;
    RandomPurpose purpose;
    size_t count;
    int64_t *order; /* count: the current round's permutation, owned */
    uint64_t round; /* which that is */
    int filled;     /* 0: no round yet */
} OrderWalk;

Status order_walk_open(Context *ctx, OrderWalk *walk, uint64_t seed, RandomPurpose purpose, size_t count);
void order_walk_close(Context *ctx, OrderWalk *walk);

/* rows[take]: the walk's entries number position .. position + take - 1, over as many rounds as that needs. */
void order_walk_take(OrderWalk *walk, uint64_t position, size_t take, int64_t *rows);

#endif
