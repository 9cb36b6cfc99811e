#include "state/run_stages.h"

#include <stdio.h>
#include <string.h>

#include <zlib.h>

#include "base/files.h"
#include "base/log.h"
#include "state/checkpoint.h"

#define STAGES_FILE RUN_CHECKPOINT "/stages.json"

/* *bytes and *checksum (CRC-32) of a file. */
static Status file_sum(Context *ctx, const char *path, uint64_t *bytes, uint32_t *checksum) {
    FILE *stream;
    uint64_t size;
    unsigned char *block = NULL;
    const size_t capacity = (size_t)1 << 18;
    TRY(file_open(ctx, path, &stream, &size));
    Status status;
    TRY_GOTO(status, end, NEW_ARRAY(ctx, &block, capacity));
    uLong sum = crc32(0, NULL, 0);
    *bytes = 0;
    for (size_t count; (count = fread(block, 1, capacity, stream)) > 0; *bytes += count)
        sum = crc32(sum, block, (uInt)count);
    if (ferror(stream)) status = file_fail(ctx, "cannot read", path);
    *checksum = (uint32_t)sum;
end:
    FREE_ARRAY(ctx, &block);
    fclose(stream);
    return status;
}

/* An empty list of stages where nothing is recorded yet. */
static Status stages_read(Context *ctx, const RunFolder *folder, json_t **stages) {
    char *path;
    *stages = NULL;
    TRY(run_folder_path(ctx, folder, STAGES_FILE, &path));
    const bool exists = path_is_file(path);
    FREE_ARRAY(ctx, &path);
    if (!exists) return json_new_array(ctx, stages);
    TRY(run_folder_read_json(ctx, folder, STAGES_FILE, stages));
    if (json_is_array(*stages)) return SPICA_OK;
    json_decref(*stages);
    *stages = NULL;
    return context_fail(ctx, SPICA_ERROR_RUN, "%s/" STAGES_FILE ": a list is expected", folder->path);
}

/* Place of the stage's record, or -1. */
static long stage_index(const json_t *stages, const char *stage) {
    for (size_t i = 0; i < json_array_size(stages); i++) {
        const char *name = json_string_value(json_object_get(json_array_get(stages, i), "stage"));
        if (name != NULL && strcmp(name, stage) == 0) return (long)i;
    }
    return -1;
}

/* Whether one recorded file stands in the folder as it was. */
static Status file_is_whole(Context *ctx, const RunFolder *folder, const json_t *file, bool *whole) {
    const char *name = json_string_value(json_object_get(file, "name"));
    char *path;
    *whole = false;
    if (name == NULL) return SPICA_OK;
    TRY(run_folder_path(ctx, folder, name, &path));
    uint64_t bytes = 0;
    uint32_t checksum = 0;
    Status status = SPICA_OK;
    if (path_is_file(path)) status = file_sum(ctx, path, &bytes, &checksum);
    *whole = status == SPICA_OK && path_is_file(path) &&
             json_integer_value(json_object_get(file, "bytes")) == (json_int_t)bytes &&
             json_integer_value(json_object_get(file, "crc32")) == (json_int_t)checksum;
    if (status == SPICA_OK && !*whole) log_warning(ctx, "%s is missing or damaged: its stage is run again", path);
    FREE_ARRAY(ctx, &path);
    return status;
}

static bool lists_file(const json_t *stage, const char *name) {
    size_t i;
    const json_t *file;
    json_array_foreach(json_object_get(stage, "files"), i, file) {
        const char *other = json_string_value(json_object_get(file, "name"));
        if (name != NULL && other != NULL && strcmp(name, other) == 0) return true;
    }
    return false;
}

/* The last stage that made the file, `index` or a later one. */
static size_t last_maker(const json_t *stages, size_t index, const json_t *file) {
    const char *name = json_string_value(json_object_get(file, "name"));
    for (size_t last = json_array_size(stages); last > index + 1; last--)
        if (lists_file(json_array_get(stages, last - 1), name)) return last - 1;
    return index;
}

/* Whether the files of a stage are as it left them; those that a later stage rewrote stand and fall with that one. */
static Status stage_is_whole(Context *ctx, const RunFolder *folder, const json_t *stages, size_t index, bool *whole) {
    const json_t *files = json_object_get(json_array_get(stages, index), "files");
    *whole = json_is_array(files);
    for (size_t i = 0; *whole && i < json_array_size(files); i++) {
        const json_t *file = json_array_get(files, i);
        const size_t last = last_maker(stages, index, file);
        TRY(last > index ? stage_is_whole(ctx, folder, stages, last, whole) : file_is_whole(ctx, folder, file, whole));
    }
    return SPICA_OK;
}

Status run_stage_find(Context *ctx, const RunFolder *folder, const char *stage, bool *done, json_t **facts) {
    json_t *stages;
    *done = false;
    if (facts != NULL) *facts = NULL;
    TRY(stages_read(ctx, folder, &stages));
    const long index = stage_index(stages, stage);
    Status status = SPICA_OK;
    if (index >= 0) status = stage_is_whole(ctx, folder, stages, (size_t)index, done);
    *done = *done && status == SPICA_OK;
    if (*done && facts != NULL) *facts = json_incref(json_object_get(json_array_get(stages, (size_t)index), "facts"));
    json_decref(stages);
    return status;
}

/* The size that log.jsonl had when the last of `stages` was recorded. */
static uint64_t log_bytes_of(const json_t *stages) {
    const size_t count = json_array_size(stages);
    if (count == 0) return 0;
    return (uint64_t)json_integer_value(json_object_get(json_array_get(stages, count - 1), "log_bytes"));
}

static Status file_bytes(Context *ctx, const char *path, uint64_t *bytes) {
    FILE *stream;
    *bytes = 0;
    if (!path_is_file(path)) return SPICA_OK;
    TRY(file_open(ctx, path, &stream, bytes));
    fclose(stream);
    return SPICA_OK;
}

Status run_log_bytes(Context *ctx, const RunFolder *folder, uint64_t *bytes) {
    char *path;
    TRY(run_folder_path(ctx, folder, RUN_LOG, &path));
    const Status status = file_bytes(ctx, path, bytes);
    FREE_ARRAY(ctx, &path);
    return status;
}

Status run_log_cut(Context *ctx, const RunFolder *folder, uint64_t bytes) {
    char *path;
    uint64_t present;
    TRY(run_folder_path(ctx, folder, RUN_LOG, &path));
    Status status = file_bytes(ctx, path, &present);
    if (status == SPICA_OK && present > bytes) status = file_truncate(ctx, path, bytes);
    FREE_ARRAY(ctx, &path);
    return status;
}

Status run_stage_start(Context *ctx, const RunFolder *folder, const char *stage) {
    json_t *stages;
    TRY(stages_read(ctx, folder, &stages));
    const long index = stage_index(stages, stage);
    Status status = SPICA_OK;
    while (index >= 0 && json_array_size(stages) > (size_t)index)
        json_array_remove(stages, json_array_size(stages) - 1);
    if (index >= 0) status = run_folder_write_json(ctx, folder, STAGES_FILE, stages);
    bool kept = false;
    if (status == SPICA_OK) status = checkpoint_remove_others(ctx, folder, stage);
    if (status == SPICA_OK) status = checkpoint_exists(ctx, folder, stage, &kept);
    if (status == SPICA_OK && !kept) status = run_log_cut(ctx, folder, log_bytes_of(stages));
    json_decref(stages);
    return status;
}

static Status file_describe(Context *ctx, const RunFolder *folder, const char *name, json_t *file) {
    char *path;
    uint64_t bytes = 0;
    uint32_t checksum = 0;
    TRY(run_folder_path(ctx, folder, name, &path));
    const Status status = file_sum(ctx, path, &bytes, &checksum);
    FREE_ARRAY(ctx, &path);
    TRY(status);
    TRY(json_add_text(ctx, file, "name", name));
    TRY(json_add_integer(ctx, file, "bytes", (int64_t)bytes));
    return json_add_integer(ctx, file, "crc32", (int64_t)checksum);
}

static Status stage_describe(Context *ctx, const RunFolder *folder, const char *stage, const char *const *files,
                             json_t *facts, json_t *record) {
    json_t *list, *file;
    uint64_t log_bytes;
    TRY(run_log_bytes(ctx, folder, &log_bytes));
    TRY(json_add_text(ctx, record, "stage", stage));
    TRY(json_new_array(ctx, &list));
    TRY(json_add(ctx, record, "files", list));
    for (; *files != NULL; files++) {
        TRY(json_new_object(ctx, &file));
        TRY(json_append(ctx, list, file));
        TRY(file_describe(ctx, folder, *files, file));
    }
    TRY(json_add_integer(ctx, record, "log_bytes", (int64_t)log_bytes));
    return json_add(ctx, record, "facts", facts != NULL ? json_incref(facts) : json_object());
}

Status run_stage_record(Context *ctx, const RunFolder *folder, const char *stage, const char *const *files,
                        json_t *facts) {
    json_t *stages, *record;
    TRY(stages_read(ctx, folder, &stages));
    Status status;
    TRY_GOTO(status, end, json_new_object(ctx, &record));
    TRY_GOTO(status, end, json_append(ctx, stages, record));
    TRY_GOTO(status, end, stage_describe(ctx, folder, stage, files, facts, record));
    TRY_GOTO(status, end, run_folder_write_json(ctx, folder, STAGES_FILE, stages));
    status = checkpoint_remove(ctx, folder, stage);
end:
    json_decref(stages);
    return status;
}
