/* The one allocator, and arenas on top of it.
 *
 * Every block is aligned to 64 bytes (a cache line and an AVX-512 register). */
#ifndef SPICA_BASE_MEMORY_H
#define SPICA_BASE_MEMORY_H

#include <stddef.h>

#include "base/context.h"

#define MEMORY_ALIGNMENT ((size_t)64)

/* `pointer` is the address of a pointer of any type (it is read and written as bytes, so that aliasing rules hold). It
 * becomes the address of count * size bytes, uninitialised, owned by the caller until memory_free; NULL after a
 * failure. An overflow of the product and a count of 0 are handled (0 yields one valid block). Errors:
 * SPICA_ERROR_MEMORY. */
Status memory_allocate(Context *ctx, void *pointer, size_t count, size_t size);

/* As memory_allocate, with all bytes zero. */
Status memory_allocate_zeroed(Context *ctx, void *pointer, size_t count, size_t size);

/* Frees the block that the pointer at address `pointer` holds (NULL is allowed) and sets it to NULL. */
void memory_free(Context *ctx, void *pointer);

/* Typed forms: float *x; TRY(NEW_ARRAY(ctx, &x, n)); ... FREE_ARRAY(ctx, &x); */
#define NEW_ARRAY(ctx, pointer, count) memory_allocate((ctx), (pointer), (count), sizeof **(pointer))
#define NEW_ZEROED(ctx, pointer, count) memory_allocate_zeroed((ctx), (pointer), (count), sizeof **(pointer))
#define FREE_ARRAY(ctx, pointer) ((void)sizeof **(pointer), memory_free((ctx), (pointer)))

/* *copy: the text's bytes and its end, owned by the caller until memory_free. */
Status memory_copy_text(Context *ctx, char **copy, const char *text);

/* Many small blocks that live and die together. Zeroed is an empty arena. */
typedef struct ArenaBlock ArenaBlock;
typedef struct Arena {
    ArenaBlock *newest;
} Arena;

/* The pointer at address `pointer` gets a block that is zeroed, 64-byte aligned (texts, whose size is 1, stand one
 * behind the other) and valid until arena_close. Errors: SPICA_ERROR_MEMORY. */
Status arena_allocate(Context *ctx, Arena *arena, void *pointer, size_t count, size_t size);

/* Frees everything of the arena and leaves it empty. */
void arena_close(Context *ctx, Arena *arena);

#endif
