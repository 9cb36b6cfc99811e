#include "base/memory.h"

#include <stdint.h>
#include <string.h>

Status memory_allocate(Context *ctx, void **block, size_t count, size_t size) {
    *block = NULL;
    if (size != 0 && count > SIZE_MAX / size)
        return context_fail(ctx, SPICA_ERROR_MEMORY, "out of memory: %zu blocks of %zu bytes asked for", count, size);
    const size_t bytes = count * size;
    *block = ctx->settings.allocate(ctx->settings.user, bytes != 0 ? bytes : 1, MEMORY_ALIGNMENT);
    if (*block == NULL) return context_fail(ctx, SPICA_ERROR_MEMORY, "out of memory: %zu bytes asked for", bytes);
    return SPICA_OK;
}

Status memory_allocate_zeroed(Context *ctx, void **block, size_t count, size_t size) {
    TRY(memory_allocate(ctx, block, count, size));
    memset(*block, 0, count * size);
    return SPICA_OK;
}

void memory_free(Context *ctx, void **block) {
    if (*block != NULL) ctx->settings.release(ctx->settings.user, *block);
    *block = NULL;
}

Status memory_copy_text(Context *ctx, char **copy, const char *text) {
    const size_t bytes = strlen(text) + 1;
    TRY(memory_allocate(ctx, (void **)copy, bytes, 1));
    memcpy(*copy, text, bytes);
    return SPICA_OK;
}

struct ArenaBlock {
    ArenaBlock *older;
    size_t capacity, used; /* bytes after the header, which fills MEMORY_ALIGNMENT bytes */
};

#define ARENA_BLOCK_BYTES ((size_t)1 << 16)

static Status arena_grow(Context *ctx, Arena *arena, size_t bytes) {
    const size_t capacity = bytes > ARENA_BLOCK_BYTES ? bytes : ARENA_BLOCK_BYTES;
    ArenaBlock *block;
    TRY(memory_allocate(ctx, (void **)&block, 1, MEMORY_ALIGNMENT + capacity));
    *block = (ArenaBlock){.older = arena->newest, .capacity = capacity};
    arena->newest = block;
    return SPICA_OK;
}

Status arena_allocate(Context *ctx, Arena *arena, void **block, size_t count, size_t size) {
    *block = NULL;
    if (size != 0 && count > (SIZE_MAX - 2 * MEMORY_ALIGNMENT) / size)
        return context_fail(ctx, SPICA_ERROR_MEMORY, "out of memory: %zu blocks of %zu bytes asked for", count, size);
    const size_t bytes = (count * size + MEMORY_ALIGNMENT - 1) / MEMORY_ALIGNMENT * MEMORY_ALIGNMENT;
    if (arena->newest == NULL || arena->newest->capacity - arena->newest->used < bytes)
        TRY(arena_grow(ctx, arena, bytes));
    ArenaBlock *newest = arena->newest;
    *block = (char *)newest + MEMORY_ALIGNMENT + newest->used;
    memset(*block, 0, bytes);
    newest->used += bytes;
    return SPICA_OK;
}

void arena_close(Context *ctx, Arena *arena) {
    while (arena->newest != NULL) {
        ArenaBlock *block = arena->newest;
        arena->newest = block->older;
        memory_free(ctx, (void **)&block);
    }
}
