#include "state/run_folder.h"

#include <stdio.h>
#include <string.h>

#include "base/files.h"
#include "base/npy.h"
#include "state/run_record.h"

/* Everything that a run writes at the top of its folder; only these are ever removed. */
static const char *const run_files[] = {
    RUN_CONFIG,     RUN_RECORD,        RUN_LOG,       RUN_BACKBONE,         RUN_HEAD,         RUN_MODEL,
    RUN_EMBEDDINGS, RUN_PROBABILITIES, RUN_RELIABLE,  RUN_CLUSTERS,         RUN_METRICS,      RUN_BAD_FILES,
    RUN_DUPLICATES, RUN_REPORT,        RUN_PARTITION, RUN_PARTITION_LABELS, RUN_TRIALS_TABLE, RUN_TRIALS_RECORD,
};
#define RUN_FILE_COUNT (sizeof run_files / sizeof run_files[0])

/* Whether the name is a run's file, whole or left half-written by a crash. */
static bool is_run_file(const char *name) {
    for (size_t i = 0; i < RUN_FILE_COUNT; i++) {
        const size_t length = strlen(run_files[i]);
        if (strncmp(name, run_files[i], length) != 0) continue;
        if (name[length] == '\0' || strcmp(name + length, ".partial") == 0) return true;
    }
    return strcmp(name, RUN_CHECKPOINT) == 0 || strcmp(name, RUN_PLOTS) == 0 || strcmp(name, RUN_TRIALS) == 0;
}

Status run_folder_path(Context *ctx, const RunFolder *folder, const char *name, char **joined) {
    return path_join(ctx, joined, folder->path, name);
}

/* What a run that was stopped while it made its folder may have left. */
static bool is_leftover(const char *name) {
    static const char *const names[] = {RUN_RECORD, RUN_RECORD ".partial", RUN_CONFIG ".partial", RUN_CHECKPOINT,
                                        RUN_LOCK};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(name, names[i]) == 0) return true;
    return false;
}

/* Finds whether a run stands there, and refuses a folder of something else. */
static Status folder_examine(Context *ctx, RunFolder *folder) {
    FolderList list;
    Status status = folder_list(ctx, &list, folder->path);
    const char *foreign = NULL;
    bool has_config = false, has_record = false;
    for (size_t i = 0; i < list.count; i++) {
        has_config = has_config || strcmp(list.names[i], RUN_CONFIG) == 0;
        has_record = has_record || strcmp(list.names[i], RUN_RECORD) == 0;
        if (!is_leftover(list.names[i]) && foreign == NULL) foreign = list.names[i];
    }
    folder->exists = has_config && has_record;
    if (status == SPICA_OK && !folder->exists && foreign != NULL)
        status = context_fail(ctx, SPICA_ERROR_RUN,
                              "%s is not empty and holds no run (%s, but no %s): another folder is needed",
                              folder->path, foreign, has_config ? RUN_RECORD : RUN_CONFIG);
    folder_list_close(ctx, &list);
    return status;
}

Status run_folder_open(Context *ctx, RunFolder *folder, const char *path, bool overwrite) {
    *folder = (RunFolder){0};
    if (*path == '\0') return context_fail(ctx, SPICA_ERROR_RUN, "the run folder's path is empty");
    TRY(memory_copy_text(ctx, &folder->path, path));
    if (!path_exists(path)) return SPICA_OK;
    if (!path_is_folder(path))
        return context_fail(ctx, SPICA_ERROR_RUN, "%s is a file; a run needs a folder of its own", path);
    TRY(folder_examine(ctx, folder));
    folder->overwrite = overwrite && folder->exists;
    if (overwrite) folder->exists = false;
    return SPICA_OK;
}

Status run_folder_open_existing(Context *ctx, RunFolder *folder, const char *path) {
    const Status status = run_folder_open(ctx, folder, path, false);
    if (status != SPICA_OK && status != SPICA_ERROR_RUN) return status;
    if (folder->exists) return SPICA_OK;
    return context_fail(ctx, SPICA_ERROR_RUN, "%s is no run folder: a run has " RUN_CONFIG " and " RUN_RECORD, path);
}

void run_folder_close(Context *ctx, RunFolder *folder) {
    FREE_ARRAY(ctx, &folder->path);
    *folder = (RunFolder){0};
}

Status run_folder_options(Context *ctx, const RunFolder *folder, Options *options) {
    char *path;
    TRY(run_folder_path(ctx, folder, RUN_CONFIG, &path));
    Status status = recipe_load(ctx, options, path);
    FREE_ARRAY(ctx, &path);
    /* What a user would have to correct in a recipe is damage here. */
    return status == SPICA_ERROR_OPTION ? SPICA_ERROR_RUN : status;
}

/* words[capacity]: every difference that is not ignored, "KEY (A in the folder, B asked for)". */
static void differences_describe(const Options *held, const Options *asked, const char *const *ignored, char *words,
                                 size_t capacity) {
    const char *skipped[512];
    size_t count = 0, used = 0;
    for (; ignored != NULL && ignored[count] != NULL && count < 255; count++)
        skipped[count] = ignored[count];
    skipped[count] = NULL;
    for (long index; (index = options_differ(held, asked, skipped)) >= 0 && count < 511;) {
        if (used < capacity)
            used += (size_t)snprintf(words + used, capacity - used, "%s%s (%s in the folder, %s asked for)",
                                     used == 0 ? "" : ", ", option_table[index].key, held->texts[index],
                                     asked->texts[index]);
        skipped[count++] = option_table[index].key;
        skipped[count] = NULL;
    }
}

static Status options_compare(Context *ctx, const RunFolder *folder, const Options *held, const Options *asked,
                              const char *const *ignored) {
    char words[800];
    if (options_differ(held, asked, ignored) < 0) return SPICA_OK;
    differences_describe(held, asked, ignored, words, sizeof words);
    return context_fail(ctx, SPICA_ERROR_RUN, "%s holds a run with other options: %s", folder->path, words);
}

Status run_folder_check_options(Context *ctx, const RunFolder *folder, const Options *asked,
                                const char *const *ignored) {
    Options held;
    Status status;
    TRY_GOTO(status, end, options_open(ctx, &held));
    TRY_GOTO(status, end, run_folder_options(ctx, folder, &held));
    status = options_compare(ctx, folder, &held, asked, ignored);
end:
    options_close(ctx, &held);
    return status;
}

static Status folder_empty(Context *ctx, const char *path, bool any_file);

/* The trials of a run are runs, too; whatever else lies beside them stays. */
static Status trials_empty(Context *ctx, const char *path) {
    FolderList list;
    Status status = folder_list(ctx, &list, path);
    for (size_t i = 0; status == SPICA_OK && i < list.count; i++) {
        char *child;
        TRY_GOTO(status, end, path_join(ctx, &child, path, list.names[i]));
        if (path_is_folder(child)) status = folder_empty(ctx, child, false);
        remove(child); /* where it is empty now */
        FREE_ARRAY(ctx, &child);
    }
end:
    folder_list_close(ctx, &list);
    return status;
}

static Status child_remove(Context *ctx, const char *path, const char *name, bool any_file) {
    char *child;
    TRY(path_join(ctx, &child, path, name));
    Status status;
    if (!path_is_folder(child))
        status = file_remove(ctx, child);
    else if (!any_file && strcmp(name, RUN_TRIALS) == 0)
        status = trials_empty(ctx, child);
    else
        status = folder_empty(ctx, child, true);
    if (path_is_folder(child)) remove(child); /* where it is empty now */
    FREE_ARRAY(ctx, &child);
    return status;
}

/* Removes the run's own files, and nothing else. */
static Status folder_empty(Context *ctx, const char *path, bool any_file) {
    FolderList list;
    Status status = folder_list(ctx, &list, path);
    for (size_t i = 0; status == SPICA_OK && i < list.count; i++)
        if (any_file || is_run_file(list.names[i])) status = child_remove(ctx, path, list.names[i], any_file);
    folder_list_close(ctx, &list);
    return status;
}

Status run_folder_clear(Context *ctx, const char *path) { return folder_empty(ctx, path, false); }

/* What the bytes of a result depend on besides the options stands in comments. */
static Status config_write(Context *ctx, const RunFolder *folder, const Options *options, const RunRecord *record) {
    char *path = NULL, *text = NULL;
    FileWriter writer = {0};
    Status status;
    TRY_GOTO(status, end, run_folder_path(ctx, folder, RUN_CONFIG, &path));
    TRY_GOTO(status, end, options_write(ctx, options, &text));
    TRY_GOTO(status, end, file_writer_open(ctx, &writer, path));
    TRY_GOTO(status, end,
             file_writer_print(ctx, &writer, "# spica %s, %d threads, %s\n", spica_version(), record->threads,
                               record->instruction_set));
    for (size_t i = 0; i < record->library_count; i++)
        TRY_GOTO(
            status, end,
            file_writer_print(ctx, &writer, "# %s %.150s\n", record->libraries[i].name, record->libraries[i].text));
    TRY_GOTO(status, end, file_writer_add(ctx, &writer, text, strlen(text)));
    TRY_GOTO(status, end, file_writer_commit(ctx, &writer));
end:
    file_writer_close(ctx, &writer);
    FREE_ARRAY(ctx, &text);
    FREE_ARRAY(ctx, &path);
    return status;
}

static Status checkpoint_make(Context *ctx, const RunFolder *folder) {
    char *checkpoint;
    TRY(run_folder_path(ctx, folder, RUN_CHECKPOINT, &checkpoint));
    const Status status = folder_make(ctx, checkpoint);
    FREE_ARRAY(ctx, &checkpoint);
    return status;
}

Status run_folder_begin(Context *ctx, RunFolder *folder, const Options *resolved, const RunRecord *record) {
    TRY(folder_make(ctx, folder->path));
    if (folder->overwrite) TRY(folder_empty(ctx, folder->path, false));
    TRY(checkpoint_make(ctx, folder));
    /* run.json first: config.ini completes the folder. */
    TRY(run_record_begin(ctx, folder, record));
    if (!folder->exists) TRY(config_write(ctx, folder, resolved, record));
    folder->exists = true;
    folder->overwrite = false;
    return SPICA_OK;
}

Status run_folder_log(Context *ctx, const RunFolder *folder, const json_t *object) {
    char *path;
    TRY(run_folder_path(ctx, folder, RUN_LOG, &path));
    const Status status = json_line_append(ctx, path, object);
    FREE_ARRAY(ctx, &path);
    return status;
}

Status run_folder_write_json(Context *ctx, const RunFolder *folder, const char *name, const json_t *value) {
    char *path;
    TRY(run_folder_path(ctx, folder, name, &path));
    const Status status = json_file_write(ctx, path, value);
    FREE_ARRAY(ctx, &path);
    return status;
}

Status run_folder_read_json(Context *ctx, const RunFolder *folder, const char *name, json_t **value) {
    char *path;
    *value = NULL;
    TRY(run_folder_path(ctx, folder, name, &path));
    const Status status = json_file_read(ctx, path, value);
    FREE_ARRAY(ctx, &path);
    return status == SPICA_ERROR_DATA ? SPICA_ERROR_RUN : status;
}

Status run_folder_write_matrix(Context *ctx, const RunFolder *folder, const char *name, const float *values,
                               size_t rows, size_t columns) {
    char *path;
    TRY(run_folder_path(ctx, folder, name, &path));
    const Status status = npy_write_float(ctx, path, values, rows, columns);
    FREE_ARRAY(ctx, &path);
    return status;
}

Status run_folder_write_labels(Context *ctx, const RunFolder *folder, const char *name, const int32_t *labels,
                               size_t count) {
    char *path;
    TRY(run_folder_path(ctx, folder, name, &path));
    const Status status = npy_write_int32(ctx, path, labels, count, 0);
    FREE_ARRAY(ctx, &path);
    return status;
}

static Status array_check(Context *ctx, const char *path, const NpyArray *array, NpyType type, int rank, size_t rows,
                          size_t columns) {
    if (array->type != type || array->rank != rank)
        return context_fail(ctx, SPICA_ERROR_RUN, "%s: %s of rank %d, expected %s of rank %d", path,
                            npy_type_name(array->type), array->rank, npy_type_name(type), rank);
    if (array->shape[0] != rows)
        return context_fail(ctx, SPICA_ERROR_RUN, "%s: %zu rows, expected %zu", path, array->shape[0], rows);
    if (rank == 2 && columns != 0 && array->shape[1] != columns)
        return context_fail(ctx, SPICA_ERROR_RUN, "%s: %zu columns, expected %zu", path, array->shape[1], columns);
    return SPICA_OK;
}

/* An array of the folder of this shape; columns 0: any. */
static Status array_read(Context *ctx, const RunFolder *folder, const char *name, NpyArray *array, NpyType type,
                         int rank, size_t rows, size_t columns) {
    char *path;
    *array = (NpyArray){0};
    TRY(run_folder_path(ctx, folder, name, &path));
    Status status = npy_read(ctx, path, array);
    if (status == SPICA_ERROR_DATA) status = SPICA_ERROR_RUN;
    if (status == SPICA_OK) status = array_check(ctx, path, array, type, rank, rows, columns);
    FREE_ARRAY(ctx, &path);
    if (status != SPICA_OK) npy_close(ctx, array);
    return status;
}

Status run_folder_read_matrix(Context *ctx, const RunFolder *folder, const char *name, size_t rows, size_t *columns,
                              float **values) {
    NpyArray array;
    *values = NULL;
    TRY(array_read(ctx, folder, name, &array, NPY_FLOAT32, 2, rows, *columns));
    *columns = array.shape[1];
    *values = array.data;
    return SPICA_OK;
}

Status run_folder_read_labels(Context *ctx, const RunFolder *folder, const char *name, size_t count, int32_t **labels) {
    NpyArray array;
    *labels = NULL;
    TRY(array_read(ctx, folder, name, &array, NPY_INT32, 1, count, 0));
    *labels = array.data;
    return SPICA_OK;
}
