#include "data/dataset_labels.h"

#include <stdlib.h>
#include <string.h>

#include "base/csv.h"
#include "base/files.h"
#include "base/log.h"
#include "base/name_table.h"
#include "data/array_dataset.h"

/* Everything that the join needs. Zeroed may be closed. */
typedef struct LabelJoin {
    CsvTable table;
    size_t path_column, label_column;
    const char **texts; /* [rows]: the label cells; the texts are the table's */
    NameTable names;
    const char *const **paths; /* [count]: pointers into dataset->paths, sorted by text; their place tells the row */
    int32_t *labels;           /* [count] */
    size_t joined;             /* pictures with a label */
    size_t unknown;            /* rows of the file whose path is no picture's */
} LabelJoin;

static void join_close(Context *ctx, LabelJoin *join) {
    csv_close(ctx, &join->table);
    FREE_ARRAY(ctx, &join->texts);
    name_table_close(ctx, &join->names);
    FREE_ARRAY(ctx, &join->paths);
    FREE_ARRAY(ctx, &join->labels);
}

static int path_compare_places(const void *a, const void *b) {
    return strcmp(**(const char *const *const *)a, **(const char *const *const *)b);
}

static int path_compare_text(const void *text, const void *place) {
    return strcmp(text, **(const char *const *const *)place);
}

static Status join_collect_names(Context *ctx, LabelJoin *join) {
    TRY(NEW_ARRAY(ctx, &join->texts, join->table.rows));
    for (size_t row = 0; row < join->table.rows; row++)
        join->texts[row] = csv_cell(&join->table, row, join->label_column);
    return name_table_open(ctx, &join->names, join->texts, join->table.rows);
}

static Status join_sort_paths(Context *ctx, LabelJoin *join, const Dataset *dataset) {
    TRY(NEW_ARRAY(ctx, &join->paths, dataset->count));
    for (size_t row = 0; row < dataset->count; row++)
        join->paths[row] = (const char *const *)&dataset->paths[row];
    qsort(join->paths, dataset->count, sizeof *join->paths, path_compare_places);
    return SPICA_OK;
}

/* Gives the picture of one row of the file its label. */
static Status join_row(Context *ctx, LabelJoin *join, const Dataset *dataset, size_t row) {
    const char *path = csv_cell(&join->table, row, join->path_column);
    const char *text = csv_cell(&join->table, row, join->label_column);
    const char *const *const *place =
        bsearch(path, join->paths, dataset->count, sizeof *join->paths, path_compare_text);
    if (place == NULL) join->unknown++;
    if (place == NULL || *text == '\0') return SPICA_OK;
    int32_t *label = &join->labels[*place - (const char *const *)dataset->paths];
    const int32_t number = (int32_t)name_table_find(&join->names, text);
    if (*label >= 0 && *label != number)
        return context_fail(ctx, SPICA_ERROR_DATA, "%s: line %zu: a second label for %s", join->table.path,
                            csv_line(&join->table, row), path);
    if (*label < 0) join->joined++;
    *label = number;
    return SPICA_OK;
}

static Status join_run(Context *ctx, LabelJoin *join, Dataset *dataset, const char *file) {
    const Status status = csv_read(ctx, file, &join->table);
    if (status == SPICA_ERROR_IO) return SPICA_ERROR_DATA; /* the reason stands */
    TRY(status);
    TRY(csv_require(ctx, &join->table, "path", &join->path_column));
    TRY(csv_require(ctx, &join->table, "label", &join->label_column));
    TRY(join_collect_names(ctx, join));
    TRY(join_sort_paths(ctx, join, dataset));
    TRY(NEW_ARRAY(ctx, &join->labels, dataset->count));
    for (size_t row = 0; row < dataset->count; row++)
        join->labels[row] = -1;
    for (size_t row = 0; row < join->table.rows; row++)
        TRY(join_row(ctx, join, dataset, row));
    if (join->joined == 0)
        return context_fail(ctx, SPICA_ERROR_DATA, "%s: labels none of the %zu pictures; their paths are like %s", file,
                            dataset->count, dataset->paths[0]);
    if (join->joined < dataset->count)
        log_warning(ctx, "%s: no label for %zu of %zu pictures", file, dataset->count - join->joined, dataset->count);
    if (join->unknown > 0) log_info(ctx, "%s: %zu paths are no picture's", file, join->unknown);
    return SPICA_OK;
}

static Status table_join(Context *ctx, Dataset *dataset, const char *file) {
    LabelJoin join = {0};
    Status status;
    TRY_GOTO(status, close, join_run(ctx, &join, dataset, file));
    TRY_GOTO(status, close, dataset_name_classes(ctx, dataset, join.names.names, join.names.count));
    FREE_ARRAY(ctx, &dataset->labels);
    dataset->labels = join.labels;
    join.labels = NULL;
close:
    join_close(ctx, &join);
    return status;
}

/* One integer for each row, in their order. */
static Status array_join(Context *ctx, Dataset *dataset, const char *file) {
    FILE *stream;
    uint64_t bytes;
    Status status = file_open(ctx, file, &stream, &bytes);
    if (status == SPICA_ERROR_IO) return SPICA_ERROR_DATA; /* the reason stands */
    TRY(status);
    const NpySource source = npy_file_source(stream, file, bytes);
    status = array_read_labels(ctx, dataset, &source, "the data set");
    fclose(stream);
    if (status == SPICA_OK && dataset->labels == NULL)
        status = context_fail(ctx, SPICA_ERROR_DATA, "%s: labels none of the %zu rows: all are negative", file,
                              dataset->count);
    return status == SPICA_ERROR_IO ? SPICA_ERROR_DATA : status;
}

Status dataset_join_labels(Context *ctx, Dataset *dataset, const char *file) {
    if (!path_exists(file)) return context_fail(ctx, SPICA_ERROR_DATA, "%s: no such file of labels", file);
    return file_is_array(file) ? array_join(ctx, dataset, file) : table_join(ctx, dataset, file);
}
