#include "base/state_parts.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/simd.h"

void state_parts_close(Context *ctx, StateParts *parts) {
    FREE_ARRAY(ctx, &parts->parts);
    *parts = (StateParts){0};
}

static Status make_room(Context *ctx, StateParts *parts) {
    if (parts->count < parts->capacity) return SPICA_OK;
    const size_t capacity = parts->capacity == 0 ? 32 : 2 * parts->capacity;
    StatePart *larger;
    TRY(NEW_ARRAY(ctx, &larger, capacity));
    if (parts->count > 0) memcpy(larger, parts->parts, parts->count * sizeof *larger);
    FREE_ARRAY(ctx, &parts->parts);
    parts->parts = larger;
    parts->capacity = capacity;
    return SPICA_OK;
}

static Status add_part(Context *ctx, StateParts *parts, const StatePart *part, const char *name, va_list arguments) {
    TRY(make_room(ctx, parts));
    StatePart *added = &parts->parts[parts->count];
    *added = *part;
    const int length = vsnprintf(added->name, sizeof added->name, name, arguments);
    if (length < 1 || (size_t)length >= sizeof added->name)
        return context_fail(ctx, SPICA_ERROR_INTERNAL, "no name for a part of the state: %s", added->name);
    for (size_t i = 0; i < parts->count; i++)
        if (strcmp(parts->parts[i].name, added->name) == 0)
            return context_fail(ctx, SPICA_ERROR_INTERNAL, "two parts of the state are called %s", added->name);
    parts->count++;
    return SPICA_OK;
}

Status state_parts_add(Context *ctx, StateParts *parts, void *place, size_t bytes, const char *name, ...) {
    va_list arguments;
    va_start(arguments, name);
    const StatePart part = {.place = place, .bytes = bytes};
    const Status status = add_part(ctx, parts, &part, name, arguments);
    va_end(arguments);
    return status;
}

Status state_parts_add_floats(Context *ctx, StateParts *parts, float *values, size_t count, uint64_t *version,
                              const char *name, ...) {
    va_list arguments;
    va_start(arguments, name);
    const StatePart part = {.place = values, .bytes = count * sizeof *values, .floats = true, .version = version};
    const Status status = add_part(ctx, parts, &part, name, arguments);
    va_end(arguments);
    return status;
}

/* Numbers looked at between two decisions. */
#define FINITE_BLOCK ((size_t)4096)

/* A product with 0 is 0 for finite numbers alone, and a sum keeps what is not. */
SIMD_VERSIONS
static float sum_of_zeros(const float *values, size_t count) {
    float lanes[16] = {0.0f};
    size_t i = 0;
    for (; i + 16 <= count; i += 16)
        for (size_t lane = 0; lane < 16; lane++)
            lanes[lane] += values[i + lane] * 0.0f;
    for (; i < count; i++)
        lanes[0] += values[i] * 0.0f;
    float sum = 0.0f;
    for (size_t lane = 0; lane < 16; lane++)
        sum += lanes[lane];
    return sum;
}

size_t floats_not_finite(const float *values, size_t count) {
    for (size_t first = 0; first < count; first += FINITE_BLOCK) {
        const size_t block = count - first < FINITE_BLOCK ? count - first : FINITE_BLOCK;
        if (sum_of_zeros(values + first, block) == 0.0f) continue;
        for (size_t i = first; i < first + block; i++)
            if (sum_of_zeros(values + i, 1) != 0.0f) return i;
    }
    return count;
}

const StatePart *state_parts_not_finite(const StateParts *parts) {
    for (size_t i = 0; i < parts->count; i++) {
        const StatePart *part = &parts->parts[i];
        const size_t count = part->bytes / sizeof(float);
        if (part->floats && floats_not_finite(part->place, count) < count) return part;
    }
    return NULL;
}

size_t state_parts_bytes(const StateParts *parts) {
    size_t bytes = 0;
    for (size_t i = 0; i < parts->count; i++)
        bytes += parts->parts[i].bytes;
    return bytes;
}
