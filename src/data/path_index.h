/* Which picture a path is. */
#ifndef SPICA_DATA_PATH_INDEX_H
#define SPICA_DATA_PATH_INDEX_H

#include <stddef.h>

#include "base/memory.h"

/* Zeroed may be closed. */
typedef struct PathIndex {
    const char *const *paths;   /* [count], the caller's */
    const char *const **places; /* [count]: pointers into paths, sorted by text; their place tells the row. Owned */
    size_t count;
} PathIndex;

/* Of paths[count], no two of which are equal. They must outlive the index. */
Status path_index_open(Context *ctx, PathIndex *index, const char *const *paths, size_t count);
void path_index_close(Context *ctx, PathIndex *index);

/* The row of a path, or -1. */
long path_index_find(const PathIndex *index, const char *path);

#endif
