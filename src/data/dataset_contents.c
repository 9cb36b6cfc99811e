/* Room and names for what readers read. */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/files.h"
#include "data/reader.h"

static Status count_check(Context *ctx, size_t count, const char *rows, const char *path) {
    if (count == 0) return context_fail(ctx, SPICA_ERROR_DATA, "%s: holds no %s", path, rows);
    if (count <= INT32_MAX) return SPICA_OK;
    return context_fail(ctx, SPICA_ERROR_DATA, "%s: holds too many %s, %zu", path, rows, count);
}

static Status paths_allocate(Context *ctx, Dataset *dataset, size_t count) {
    return arena_allocate(ctx, &dataset->arena, (void **)&dataset->paths, count, sizeof *dataset->paths);
}

Status dataset_allocate_embeddings(Context *ctx, Dataset *dataset, size_t count, size_t dimension, const char *path) {
    TRY(count_check(ctx, count, "embeddings", path));
    TRY(memory_allocate(ctx, (void **)&dataset->embeddings, count * dimension, sizeof *dataset->embeddings));
    TRY(paths_allocate(ctx, dataset, count));
    dataset->height = dataset->width = 1;
    dataset->channels = (int)dimension;
    dataset->count = count;
    return SPICA_OK;
}

Status dataset_allocate(Context *ctx, Dataset *dataset, size_t count, bool labels, const char *path) {
    TRY(count_check(ctx, count, "pictures", path));
    TRY(memory_allocate(ctx, (void **)&dataset->pixels, count, dataset_row_bytes(dataset)));
    TRY(paths_allocate(ctx, dataset, count));
    if (labels) {
        TRY(NEW_ARRAY(ctx, &dataset->labels, count));
        for (size_t row = 0; row < count; row++)
            dataset->labels[row] = -1;
    }
    dataset->count = count;
    return SPICA_OK;
}

Status dataset_number_paths(Context *ctx, Dataset *dataset, size_t first, size_t count, const char *file) {
    const int digits = snprintf(NULL, 0, "%zu", count);
    const size_t bytes = strlen(file) + 2 + (size_t)digits;
    char *texts;
    TRY(arena_allocate(ctx, &dataset->arena, (void **)&texts, count, bytes));
    for (size_t row = 0; row < count; row++) {
        char *text = texts + row * bytes;
        snprintf(text, bytes, "%s#%zu", file, row);
        dataset->paths[first + row] = text;
    }
    return SPICA_OK;
}

void dataset_add_part(Dataset *dataset, const char *split, size_t count) {
    DatasetPart *last = dataset->part_count > 0 ? &dataset->parts[dataset->part_count - 1] : NULL;
    if (last != NULL && strcmp(last->name, split) == 0)
        last->count += count;
    else if (dataset->part_count < DATASET_PARTS_MOST)
        dataset->parts[dataset->part_count++] = (DatasetPart){split, count};
}

Status dataset_name_classes(Context *ctx, Dataset *dataset, const char *const *names, size_t count) {
    char **copies;
    TRY(arena_allocate(ctx, &dataset->arena, (void **)&copies, count, sizeof *copies));
    for (size_t i = 0; i < count; i++) {
        char number[24];
        snprintf(number, sizeof number, "%zu", i);
        const char *name = names != NULL ? names[i] : number;
        const size_t bytes = strlen(name) + 1;
        TRY(arena_allocate(ctx, &dataset->arena, (void **)&copies[i], bytes, 1));
        memcpy(copies[i], name, bytes);
    }
    dataset->class_names = copies;
    dataset->class_count = count;
    return SPICA_OK;
}

/* Cuts the text into its lines, empty ones left out; returns how many there are, at most `limit` of them in lines. */
static size_t lines_split(char *text, const char **lines, size_t limit) {
    size_t count = 0;
    char *rest = NULL;
    for (char *line = strtok_r(text, "\r\n", &rest); line != NULL; line = strtok_r(NULL, "\r\n", &rest)) {
        if (count < limit) lines[count] = line;
        count++;
    }
    return count;
}

Status dataset_read_names(Context *ctx, const char *folder, const char *file, const char *const *published,
                          size_t count, char **text, const char **names) {
    char *path;
    size_t bytes;
    TRY(path_join(ctx, &path, folder, file));
    const bool present = path_is_file(path);
    const Status status = present ? file_read(ctx, path, text, &bytes) : SPICA_OK;
    FREE_ARRAY(ctx, &path);
    if (status != SPICA_OK) return status == SPICA_ERROR_IO ? SPICA_ERROR_DATA : status;
    for (size_t i = 0; i < count; i++)
        names[i] = published[i];
    if (!present) return SPICA_OK;
    const size_t lines = lines_split(*text, names, count);
    if (lines != count)
        return context_fail(ctx, SPICA_ERROR_DATA, "%s/%s: %zu names of classes, expected %zu", folder, file, lines,
                            count);
    return SPICA_OK;
}
