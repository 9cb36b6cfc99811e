/* The places in memory that together are the state of something which can be kept and gone on with. A trainer names
 * its places once, and both saving and loading go over that list. */
#ifndef SPICA_BASE_STATE_PARTS_H
#define SPICA_BASE_STATE_PARTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/memory.h"

#define STATE_NAME_BYTES 96

typedef struct StatePart {
    char name[STATE_NAME_BYTES]; /* "query.values" */
    void *place;                 /* `bytes` of them; belongs to whom the state is of */
    size_t bytes;
    bool floats;       /* float32 numbers, which are worth keeping only while they are finite */
    uint64_t *version; /* raised after the part was loaded, or NULL */
} StatePart;

/* Zeroed is an empty list. The places must stay where they are while the list is used. */
typedef struct StateParts {
    StatePart *parts; /* owned */
    size_t count, capacity;
} StateParts;

void state_parts_close(Context *ctx, StateParts *parts);

/* Adds plain bytes under a name (printf format) that no other part has. */
Status state_parts_add(Context *ctx, StateParts *parts, void *place, size_t bytes, const char *name, ...)
    __attribute__((format(printf, 5, 6)));

/* Adds values[count]. version: what counts their changes (Params.version), or NULL. */
Status state_parts_add_floats(Context *ctx, StateParts *parts, float *values, size_t count, uint64_t *version,
                              const char *name, ...) __attribute__((format(printf, 6, 7)));

/* A variable, whatever its type: STATE_VALUE(ctx, parts, &trainer->step, "step"). */
#define STATE_VALUE(ctx, parts, pointer, ...) state_parts_add((ctx), (parts), (pointer), sizeof *(pointer), __VA_ARGS__)

/* The first part with a number that is not finite, or NULL. */
const StatePart *state_parts_not_finite(const StateParts *parts);

/* How many bytes all parts have. */
size_t state_parts_bytes(const StateParts *parts);

/* The place of the first number that is not finite, or `count`. */
size_t floats_not_finite(const float *values, size_t count);

#endif
