#include "data/path_index.h"

#include <stdlib.h>
#include <string.h>

static int compare_places(const void *a, const void *b) {
    return strcmp(**(const char *const *const *)a, **(const char *const *const *)b);
}

static int compare_text(const void *text, const void *place) {
    return strcmp(text, **(const char *const *const *)place);
}

Status path_index_open(Context *ctx, PathIndex *index, const char *const *paths, size_t count) {
    *index = (PathIndex){.paths = paths, .count = count};
    TRY(NEW_ARRAY(ctx, &index->places, count));
    for (size_t row = 0; row < count; row++)
        index->places[row] = &paths[row];
    qsort(index->places, count, sizeof *index->places, compare_places);
    return SPICA_OK;
}

void path_index_close(Context *ctx, PathIndex *index) {
    FREE_ARRAY(ctx, &index->places);
    *index = (PathIndex){0};
}

long path_index_find(const PathIndex *index, const char *path) {
    const char *const *const *place = bsearch(path, index->places, index->count, sizeof *index->places, compare_text);
    return place != NULL ? (long)(*place - index->paths) : -1;
}
