#include "data/dataset.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/random.h"
#include "data/cifar_reader.h"
#include "data/dataset_labels.h"
#include "data/dataset_measure.h"
#include "data/embedding_array.h"
#include "data/idx_reader.h"
#include "data/imagenet_reader.h"
#include "data/npy_reader.h"
#include "data/npz_reader.h"
#include "data/picture_reader.h"
#include "data/row_names.h"
#include "data/stl10_reader.h"
#include "data/tiny_imagenet_reader.h"

/* Every kind of data set, asked in this order. */
static const DataReader *const readers[] = {&idx_reader,           &cifar10_reader,  &cifar100_reader,
                                            &stl10_reader,         &npy_reader,      &npz_reader,
                                            &tiny_imagenet_reader, &imagenet_reader, &picture_reader};
#define READERS (sizeof readers / sizeof readers[0])

/* A folder must have an entry. It may have a million, so it is not listed. */
static Status folder_examine(Context *ctx, const char *path) {
    DIR *folder = opendir(path);
    if (folder == NULL) return context_fail(ctx, SPICA_ERROR_DATA, "%s: %s", path, strerror(errno));
    const struct dirent *entry;
    do
        entry = readdir(folder);
    while (entry != NULL && (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0));
    closedir(folder);
    return entry != NULL ? SPICA_OK : context_fail(ctx, SPICA_ERROR_DATA, "%s: the folder is empty", path);
}

/* DATA must be a folder that can be listed and is not empty, or a regular file that can be read. */
static Status path_examine(Context *ctx, const char *path, bool *folder) {
    struct stat facts;
    if (stat(path, &facts) != 0 || access(path, R_OK) != 0)
        return context_fail(ctx, SPICA_ERROR_DATA, "%s: %s", path, strerror(errno));
    *folder = S_ISDIR(facts.st_mode);
    if (!*folder && !S_ISREG(facts.st_mode))
        return context_fail(ctx, SPICA_ERROR_DATA, "%s: neither a folder nor a regular file", path);
    if (!*folder)
        return facts.st_size > 0 ? SPICA_OK : context_fail(ctx, SPICA_ERROR_DATA, "%s: the file is empty", path);
    return folder_examine(ctx, path);
}

static Status nothing_recognised(Context *ctx, const char *path) {
    char kinds[900] = "";
    for (size_t i = 0; i < READERS; i++) {
        const size_t used = strlen(kinds);
        snprintf(kinds + used, sizeof kinds - used, "%s%s", i == 0 ? "" : "; ", readers[i]->expected);
    }
    return context_fail(ctx, SPICA_ERROR_DATA, "%s: no data set that spica knows; it reads %s", path, kinds);
}

/* Whether a reader is the one for DATA; where classes of ImageNet are asked for, whatever DATA is, its reader is. */
static bool reader_takes(const DataReader *reader, const ReadRequest *request) {
    return request->settings->subset != NULL ? reader == &imagenet_reader : reader->recognise(request);
}

static Status dataset_read(Context *ctx, Dataset *dataset, const ReadRequest *request) {
    for (size_t i = 0; i < READERS; i++) {
        if (!reader_takes(readers[i], request)) continue;
        snprintf(dataset->kind, sizeof dataset->kind, "%s", readers[i]->kind);
        return readers[i]->read(ctx, dataset, request);
    }
    return nothing_recognised(ctx, request->path);
}

Status dataset_choose_rows(Context *ctx, bool *chosen, size_t count, size_t limit) {
    int64_t *order;
    TRY(NEW_ARRAY(ctx, &order, count));
    Random random = random_at(0, RANDOM_DATA_LIMIT, count, limit, 0);
    random_permutation(&random, order, count);
    memset(chosen, 0, count * sizeof *chosen);
    for (size_t i = 0; i < limit; i++)
        chosen[order[i]] = true;
    FREE_ARRAY(ctx, &order);
    return SPICA_OK;
}

/* How many of each split are chosen. */
static void parts_shrink(Dataset *dataset, const bool *chosen) {
    size_t row = 0;
    for (size_t i = 0; i < dataset->part_count; i++) {
        const size_t end = row + dataset->parts[i].count;
        dataset->parts[i].count = 0;
        for (; row < end; row++)
            dataset->parts[i].count += chosen[row];
    }
}

/* Moves the chosen rows to the front, in their order. */
static void rows_compact(Dataset *dataset, const bool *chosen) {
    const size_t bytes = dataset_row_bytes(dataset);
    uint8_t *rows = dataset_rows(dataset);
    size_t kept = 0;
    for (size_t row = 0; row < dataset->count; row++) {
        if (!chosen[row]) continue;
        if (kept != row) memcpy(rows + kept * bytes, rows + row * bytes, bytes);
        dataset->paths[kept] = dataset->paths[row];
        if (dataset->labels != NULL) dataset->labels[kept] = dataset->labels[row];
        kept++;
    }
    dataset->count = kept;
}

void dataset_replace_pixels(Context *ctx, Dataset *dataset, uint8_t *pixels) {
    if (dataset->mapping != NULL)
        munmap(dataset->mapping, dataset->mapping_bytes);
    else
        FREE_ARRAY(ctx, &dataset->pixels);
    dataset->mapping = NULL;
    dataset->mapping_bytes = 0;
    dataset->pixels = pixels;
}

/* Gives the room of rows that were left out back. */
static Status rows_shrink(Context *ctx, Dataset *dataset) {
    void *rows;
    TRY(memory_allocate(ctx, &rows, dataset->count, dataset_row_bytes(dataset)));
    memcpy(rows, dataset_rows(dataset), dataset->count * dataset_row_bytes(dataset));
    if (!dataset_has_embeddings(dataset)) {
        dataset_replace_pixels(ctx, dataset, rows);
        return SPICA_OK;
    }
    FREE_ARRAY(ctx, &dataset->embeddings);
    dataset->embeddings = rows;
    return SPICA_OK;
}

static Status dataset_limit(Context *ctx, Dataset *dataset, size_t limit) {
    if (limit == 0 || limit >= dataset->count) return SPICA_OK;
    bool *chosen;
    TRY(NEW_ARRAY(ctx, &chosen, dataset->count));
    const Status status = dataset_choose_rows(ctx, chosen, dataset->count, limit);
    if (status == SPICA_OK) {
        parts_shrink(dataset, chosen);
        rows_compact(dataset, chosen);
    }
    FREE_ARRAY(ctx, &chosen);
    TRY(status);
    return rows_shrink(ctx, dataset);
}

/* The rows of an array have no names of their own. */
static Status dataset_name(Context *ctx, Dataset *dataset, const char *path, const char *names) {
    static const char *const kinds[] = {"npy", EMBEDDINGS_KIND};
    if (names == NULL || *names == '\0') return SPICA_OK;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(dataset->kind, kinds[i]) == 0) return dataset_name_rows(ctx, dataset, names);
    return context_fail(ctx, SPICA_ERROR_OPTION, "data.paths = %s: the pictures of %s have names of their own", names,
                        path);
}

Status dataset_require_pictures(Context *ctx, const Dataset *dataset, const char *what) {
    if (!dataset_has_embeddings(dataset)) return SPICA_OK;
    return context_fail(ctx, SPICA_ERROR_DATA, "%s needs pictures, but the data are embeddings", what);
}

Status dataset_open(Context *ctx, Dataset *dataset, const char *path, const DataSettings *settings) {
    memset(dataset, 0, sizeof *dataset);
    const char *labels = settings->labels != NULL ? settings->labels : "auto";
    ReadRequest request = {.path = path, .split = settings->split, .classes = settings->classes, .settings = settings};
    request.folder_labels = strcmp(labels, "folders") == 0;
    request.labels = request.folder_labels || strcmp(labels, "auto") == 0;
    TRY(path_examine(ctx, path, &request.folder));
    TRY(dataset_read(ctx, dataset, &request));
    if (request.folder_labels && strcmp(dataset->kind, picture_reader.kind) != 0)
        return context_fail(ctx, SPICA_ERROR_OPTION, "data.labels = folders: %s is no folder of pictures", path);
    TRY(dataset_name(ctx, dataset, path, settings->paths));
    if (!request.labels && strcmp(labels, "none") != 0) TRY(dataset_join_labels(ctx, dataset, labels));
    TRY(dataset_limit(ctx, dataset, settings->limit));
    /* A reader of files that are kept decoded has it already. */
    return dataset->fingerprint != 0 ? SPICA_OK : dataset_fingerprint(ctx, dataset, &dataset->fingerprint);
}

void dataset_close(Context *ctx, Dataset *dataset) {
    dataset_replace_pixels(ctx, dataset, NULL);
    FREE_ARRAY(ctx, &dataset->embeddings);
    FREE_ARRAY(ctx, &dataset->labels);
    arena_close(ctx, &dataset->arena);
    memset(dataset, 0, sizeof *dataset);
}
