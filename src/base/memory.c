#include "base/memory.h"

#include <stdint.h>
#include <string.h>

static void pointer_set(void *pointer, void *block) { memcpy(pointer, &block, sizeof block); }

/* Stands before every block, in MEMORY_ALIGNMENT bytes. */
typedef struct BlockHeader {
    size_t bytes; /* of the block */
} BlockHeader;

/* A write before a block shall be found as one behind it is. */
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#define HEADER_HIDE(header) ASAN_POISON_MEMORY_REGION((header), MEMORY_ALIGNMENT)
#define HEADER_SHOW(header) ASAN_UNPOISON_MEMORY_REGION((header), MEMORY_ALIGNMENT)
#else
#define HEADER_HIDE(header) ((void)(header))
#define HEADER_SHOW(header) ((void)(header))
#endif

#define MEBIBYTE 1048576.0

static Status memory_reserve(Context *ctx, size_t bytes) {
    const size_t used = atomic_fetch_add(&ctx->memory_used, bytes);
    if (ctx->memory_limit == 0 || (used <= ctx->memory_limit && bytes <= ctx->memory_limit - used)) return SPICA_OK;
    atomic_fetch_sub(&ctx->memory_used, bytes);
    return context_fail(ctx, SPICA_ERROR_MEMORY,
                        "out of memory: %.1f MiB asked for, %.1f of the %.1f MiB allowed in use",
                        (double)bytes / MEBIBYTE, (double)used / MEBIBYTE, (double)ctx->memory_limit / MEBIBYTE);
}

Status memory_allocate(Context *ctx, void *pointer, size_t count, size_t size) {
    pointer_set(pointer, NULL);
    if (size != 0 && count > (SIZE_MAX - MEMORY_ALIGNMENT) / size)
        return context_fail(ctx, SPICA_ERROR_MEMORY, "out of memory: %zu blocks of %zu bytes asked for", count, size);
    const size_t bytes = count * size != 0 ? count * size : 1;
    TRY(memory_reserve(ctx, bytes));
    char *whole = ctx->settings.allocate(ctx->settings.user, MEMORY_ALIGNMENT + bytes, MEMORY_ALIGNMENT);
    if (whole == NULL) {
        atomic_fetch_sub(&ctx->memory_used, bytes);
        return context_fail(ctx, SPICA_ERROR_MEMORY, "out of memory: %zu bytes asked for", count * size);
    }
    ((BlockHeader *)(void *)whole)->bytes = bytes;
    HEADER_HIDE(whole);
    pointer_set(pointer, whole + MEMORY_ALIGNMENT);
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
    char *block;
    memcpy(&block, pointer, sizeof block);
    pointer_set(pointer, NULL);
    if (block == NULL) return;
    char *whole = block - MEMORY_ALIGNMENT;
    HEADER_SHOW(whole);
    atomic_fetch_sub(&ctx->memory_used, ((BlockHeader *)(void *)whole)->bytes);
    ctx->settings.release(ctx->settings.user, whole);
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
