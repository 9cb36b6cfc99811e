#include "methods/order_walk.h"

Status order_walk_open(Context *ctx, OrderWalk *walk, uint64_t seed, RandomPurpose purpose, size_t count) {
    *walk = (OrderWalk){.seed = seed, .purpose = purpose, .count = count};
    return NEW_ARRAY(ctx, &walk->order, count);
}

void order_walk_close(Context *ctx, OrderWalk *walk) { FREE_ARRAY(ctx, &walk->order); }

static void enter_round(OrderWalk *walk, uint64_t round) {
    if (walk->filled && walk->round == round) return;
    Random random = random_at(walk->seed, walk->purpose, round, 0, 0);
    random_permutation(&random, walk->order, walk->count);
    walk->round = round;
    walk->filled = 1;
}

void order_walk_take(OrderWalk *walk, uint64_t position, size_t take, int64_t *rows) {
    for (size_t i = 0; i < take; i++) {
        enter_round(walk, (position + i) / walk->count);
        rows[i] = walk->order[(position + i) % walk->count];
    }
}
