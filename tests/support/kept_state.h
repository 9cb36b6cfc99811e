/* A state as bytes in memory: what a checkpoint is on the disk. */
#ifndef SPICA_TESTS_SUPPORT_KEPT_STATE_H
#define SPICA_TESTS_SUPPORT_KEPT_STATE_H

#include "base/state_parts.h"
#include "support/testing.h"

/* All parts' bytes, one behind the other; FREE_ARRAY. */
static inline char *state_copy(Context *ctx, const StateParts *parts) {
    char *copy;
    TEST_OK(ctx, NEW_ARRAY(ctx, &copy, state_parts_bytes(parts)));
    for (size_t i = 0, used = 0; i < parts->count; used += parts->parts[i++].bytes)
        if (parts->parts[i].bytes > 0) memcpy(copy + used, parts->parts[i].place, parts->parts[i].bytes);
    return copy;
}

static inline void state_restore(const StateParts *parts, const char *copy) {
    for (size_t i = 0, used = 0; i < parts->count; used += parts->parts[i++].bytes) {
        if (parts->parts[i].bytes > 0) memcpy(parts->parts[i].place, copy + used, parts->parts[i].bytes);
        if (parts->parts[i].version != NULL) ++*parts->parts[i].version;
    }
}

/* Names the first part that differs. */
static inline void assert_state(const StateParts *parts, const char *expected) {
    for (size_t i = 0, used = 0; i < parts->count; used += parts->parts[i++].bytes)
        if (parts->parts[i].bytes > 0 && memcmp(parts->parts[i].place, expected + used, parts->parts[i].bytes) != 0)
            fail_msg("%s differs", parts->parts[i].name);
}

#endif
