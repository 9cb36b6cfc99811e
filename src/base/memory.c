#include "base/memory.h"

#include <stdint.h>
#include <string.h>

static void pointer_set(void *pointer, void *block) { memcpy(pointer, &block, sizeof block); }

Status memory_allocate(Context *ctx, void *pointer, size_t count, size_t size) {
    pointer_set(pointer, NULL);
    if (size != 0 && count > SIZE_MAX / size)
        return context_fail(ctx, SPICA_ERROR_MEMORY, "out of memory: %zu blocks of %zu bytes asked for", count, size);
    const size_t bytes = count * size;
    void *block = ctx->settings.allocate(ctx->settings.user, bytes != 0 ? bytes : 1, MEMORY_ALIGNMENT);
    if (block == NULL) return context_fail(ctx, SPICA_ERROR_MEMORY, "out of memory: %zu bytes asked for", bytes);
    pointer_set(pointer, block);
    return SPICA_OK;
}

Status memory_allocate_zeroed(Context *ctx, void *pointer, size_t count, size_t size) {
    TRY(memory_allocate(ctx, pointer, count, size));
    void *block;
    memcpy(&block, pointer, sizeof block);
    memset(block, 0, count * size);
    return SPICA_OK;
}

void memory_free(Context *ctx, void *pointer) {
    void *block;
    memcpy(&block, pointer, sizeof block);
    if (block != NULL) ctx->settings.release(ctx->settings.user, block);
    pointer_set(pointer, NULL);
}

Status memory_copy_text(Context *ctx, char **copy, const char *text) {
    const size_t bytes = strlen(text) + 1;
    TRY(memory_allocate(ctx, copy, bytes, 1));
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
    TRY(memory_allocate(ctx, &block, 1, MEMORY_ALIGNMENT + capacity));
    *block = (ArenaBlock){.older = arena->newest, .capacity = capacity};
    arena->newest = block;
    return SPICA_OK;
}

/* Where the next block of elements of `size` begins in the newest block. A million texts of 20 bytes are worth their
 * gaps. */
static size_t arena_start(const Arena *arena, size_t size) {
    const size_t used = arena->newest != NULL ? arena->newest->used : 0;
    return size == 1 ? used : (used + MEMORY_ALIGNMENT - 1) / MEMORY_ALIGNMENT * MEMORY_ALIGNMENT;
}

Status arena_allocate(Context *ctx, Arena *arena, void *pointer, size_t count, size_t size) {
    pointer_set(pointer, NULL);
    if (size != 0 && count > (SIZE_MAX - 2 * MEMORY_ALIGNMENT) / size)
        return context_fail(ctx, SPICA_ERROR_MEMORY, "out of memory: %zu blocks of %zu bytes asked for", count, size);
    const size_t bytes = count * size;
    size_t start = arena_start(arena, size);
    if (arena->newest == NULL || start > arena->newest->capacity || arena->newest->capacity - start < bytes) {
        TRY(arena_grow(ctx, arena, bytes));
        start = 0;
    }
    ArenaBlock *newest = arena->newest;
    void *block = (char *)newest + MEMORY_ALIGNMENT + start;
    memset(block, 0, bytes);
    pointer_set(pointer, block);
    newest->used = start + bytes;
    return SPICA_OK;
}

void arena_close(Context *ctx, Arena *arena) {
    while (arena->newest != NULL) {
        ArenaBlock *block = arena->newest;
        arena->newest = block->older;
        memory_free(ctx, &block);
    }
}
