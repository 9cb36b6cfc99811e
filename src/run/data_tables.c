#include "run/data_tables.h"

#include "base/csv.h"
#include "base/files.h"
#include "base/log.h"
#include "data/dataset_measure.h"

/* Duplicates above this share of the pictures get a warning: they are views of one picture that count as many. */
#define MANY_DUPLICATES 0.05

/* A path, and what is told of it. */
typedef struct PathRow {
    const char *path, *told;
} PathRow;

static Status table_fill(Context *ctx, CsvWriter *writer, const char *column, const PathRow *rows, size_t count) {
    const PathRow header = {"path", column};
    for (size_t i = 0; i <= count; i++) {
        const PathRow *row = i == 0 ? &header : &rows[i - 1];
        TRY(csv_add_text(ctx, writer, row->path));
        TRY(csv_add_text(ctx, writer, row->told));
        TRY(csv_end_row(ctx, writer));
    }
    return csv_writer_commit(ctx, writer);
}

/* A file of the run folder with columns path and `column`; without rows there is no such file. */
static Status table_write(Context *ctx, const Run *run, const char *name, const char *column, const PathRow *rows,
                          size_t count) {
    char *path = NULL;
    CsvWriter writer = {0};
    TRY(run_folder_path(ctx, &run->folder, name, &path));
    Status status = count == 0 ? file_remove(ctx, path) : csv_writer_open(ctx, &writer, path);
    if (status == SPICA_OK && count > 0) status = table_fill(ctx, &writer, column, rows, count);
    csv_writer_close(ctx, &writer);
    FREE_ARRAY(ctx, &path);
    return status;
}

static Status write_bad_files(Context *ctx, const Run *run) {
    const Dataset *dataset = &run->dataset;
    PathRow *rows;
    TRY(NEW_ARRAY(ctx, &rows, dataset->bad_count));
    for (size_t i = 0; i < dataset->bad_count; i++)
        rows[i] = (PathRow){dataset->bad[i].path, dataset->bad[i].reason};
    const Status status = table_write(ctx, run, RUN_BAD_FILES, "reason", rows, dataset->bad_count);
    FREE_ARRAY(ctx, &rows);
    return status;
}

static Status write_duplicates(Context *ctx, const Run *run, const int64_t *first, size_t duplicates) {
    const Dataset *dataset = &run->dataset;
    PathRow *rows;
    size_t count = 0;
    TRY(NEW_ARRAY(ctx, &rows, duplicates));
    for (size_t row = 0; row < dataset->count; row++)
        if (first[row] >= 0) rows[count++] = (PathRow){dataset->paths[row], dataset->paths[first[row]]};
    const Status status = table_write(ctx, run, RUN_DUPLICATES, "first", rows, count);
    FREE_ARRAY(ctx, &rows);
    return status;
}

static void tell_duplicates(Context *ctx, const Run *run, size_t duplicates) {
    const size_t count = run->dataset.count;
    if (duplicates == 0) return;
    if ((double)duplicates > MANY_DUPLICATES * (double)count)
        log_warning(ctx,
                    "%zu of %zu pictures are equal, pixel by pixel, to an earlier one: each counts as many times as it "
                    "is there (" RUN_DUPLICATES ")",
                    duplicates, count);
    else
        log_info(ctx, "%zu of %zu pictures are equal, pixel by pixel, to an earlier one (" RUN_DUPLICATES ")",
                 duplicates, count);
}

Status data_tables_write(Context *ctx, const Run *run) {
    int64_t *first;
    size_t duplicates;
    TRY(write_bad_files(ctx, run));
    TRY(NEW_ARRAY(ctx, &first, run->dataset.count));
    Status status = dataset_find_duplicates(ctx, &run->dataset, first, &duplicates);
    if (status == SPICA_OK) status = write_duplicates(ctx, run, first, duplicates);
    if (status == SPICA_OK) tell_duplicates(ctx, run, duplicates);
    FREE_ARRAY(ctx, &first);
    return status;
}
