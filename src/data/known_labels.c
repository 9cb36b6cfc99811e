#include "data/known_labels.h"

#include <string.h>

#include "base/csv.h"
#include "base/files.h"
#include "base/log.h"
#include "base/name_table.h"
#include "data/dataset_measure.h"
#include "data/path_index.h"

/* The file while it is joined. Zeroed may be closed. */
typedef struct KnownJoin {
    CsvTable table;
    size_t path_column, label_column;
    const char **texts; /* [rows]: the label cells; the texts are the table's */
    NameTable names;
    PathIndex index;
    size_t *sizes;  /* [names]: pictures of each class */
    size_t unknown; /* labelled rows whose path is no picture's */
    size_t first;   /* the first of them */
} KnownJoin;

static void join_close(Context *ctx, KnownJoin *join) {
    csv_close(ctx, &join->table);
    FREE_ARRAY(ctx, &join->texts);
    name_table_close(ctx, &join->names);
    path_index_close(ctx, &join->index);
    FREE_ARRAY(ctx, &join->sizes);
}

static Status join_open(Context *ctx, KnownJoin *join, const Dataset *dataset, const char *file) {
    if (!path_exists(file)) return context_fail(ctx, SPICA_ERROR_DATA, "%s: no such file of known labels", file);
    const Status status = csv_read(ctx, file, &join->table);
    if (status == SPICA_ERROR_IO) return SPICA_ERROR_DATA; /* the reason stands */
    TRY(status);
    TRY(csv_require(ctx, &join->table, "path", &join->path_column));
    TRY(csv_require(ctx, &join->table, "label", &join->label_column));
    TRY(NEW_ARRAY(ctx, &join->texts, join->table.rows));
    for (size_t row = 0; row < join->table.rows; row++)
        join->texts[row] = csv_cell(&join->table, row, join->label_column);
    TRY(name_table_open(ctx, &join->names, join->texts, join->table.rows));
    TRY(NEW_ZEROED(ctx, &join->sizes, join->names.count));
    return path_index_open(ctx, &join->index, (const char *const *)dataset->paths, dataset->count);
}

static Status join_row(Context *ctx, KnownJoin *join, KnownLabels *known, size_t row) {
    const char *path = csv_cell(&join->table, row, join->path_column);
    if (*join->texts[row] == '\0') return SPICA_OK;
    const long picture = path_index_find(&join->index, path);
    if (picture < 0) {
        if (join->unknown++ == 0) join->first = row;
        return SPICA_OK;
    }
    const int32_t number = (int32_t)name_table_find(&join->names, join->texts[row]);
    int32_t *label = &known->labels[picture];
    if (*label >= 0 && *label != number)
        return context_fail(ctx, SPICA_ERROR_DATA, "%s: line %zu: a second label for %s", join->table.path,
                            csv_line(&join->table, row), path);
    if (*label < 0) {
        known->count++;
        join->sizes[number]++;
    }
    *label = number;
    return SPICA_OK;
}

/* A class without a picture would be a cluster that nobody asked for, or a path that was mistyped. */
static Status check_classes(Context *ctx, const KnownJoin *join, const KnownLabels *known, const Dataset *dataset) {
    const char *file = join->table.path;
    if (known->count == 0)
        return context_fail(ctx, SPICA_ERROR_DATA, "%s: labels none of the %zu pictures; their paths are like %s", file,
                            dataset->count, dataset->paths[0]);
    for (size_t k = 0; k < join->names.count; k++)
        if (join->sizes[k] == 0)
            return context_fail(ctx, SPICA_ERROR_DATA,
                                "%s: none of the pictures of class \"%.100s\" is among the data (line %zu: %.200s)",
                                file, join->names.names[k], csv_line(&join->table, join->first),
                                csv_cell(&join->table, join->first, join->path_column));
    if (join->names.count < 2)
        return context_fail(ctx, SPICA_ERROR_DATA, "%s: one class alone, \"%.100s\": at least 2 are needed", file,
                            join->names.names[0]);
    if (join->unknown > 0)
        log_warning(ctx, "%s: %zu labels are of no picture of the data, the first in line %zu: %.200s", file,
                    join->unknown, csv_line(&join->table, join->first),
                    csv_cell(&join->table, join->first, join->path_column));
    return SPICA_OK;
}

static Status keep_names(Context *ctx, const NameTable *names, KnownLabels *known) {
    known->class_count = names->count;
    TRY(arena_allocate(ctx, &known->arena, (void **)&known->class_names, names->count, sizeof *known->class_names));
    for (size_t k = 0; k < names->count; k++) {
        const size_t bytes = strlen(names->names[k]) + 1;
        TRY(arena_allocate(ctx, &known->arena, &known->class_names[k], bytes, 1));
        memcpy(known->class_names[k], names->names[k], bytes);
        known->fingerprint = hash_combine(known->fingerprint, bytes_hash(names->names[k], bytes));
    }
    return SPICA_OK;
}

static Status join_run(Context *ctx, KnownJoin *join, const Dataset *dataset, const char *file, KnownLabels *known) {
    TRY(join_open(ctx, join, dataset, file));
    TRY(NEW_ARRAY(ctx, &known->labels, dataset->count));
    for (size_t i = 0; i < dataset->count; i++)
        known->labels[i] = -1;
    for (size_t row = 0; row < join->table.rows; row++)
        TRY(join_row(ctx, join, known, row));
    TRY(check_classes(ctx, join, known, dataset));
    known->fingerprint = bytes_hash(known->labels, dataset->count * sizeof *known->labels);
    return keep_names(ctx, &join->names, known);
}

Status known_labels_read(Context *ctx, const Dataset *dataset, const char *file, KnownLabels *known) {
    KnownJoin join = {0};
    *known = (KnownLabels){0};
    const Status status = join_run(ctx, &join, dataset, file, known);
    join_close(ctx, &join);
    return status;
}

void known_labels_close(Context *ctx, KnownLabels *known) {
    FREE_ARRAY(ctx, &known->labels);
    arena_close(ctx, &known->arena);
    *known = (KnownLabels){0};
}
