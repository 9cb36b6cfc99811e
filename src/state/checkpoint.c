#include "state/checkpoint.h"

#include <string.h>

#include <zlib.h>

#include "base/files.h"
#include "base/log.h"

#define SUFFIX ".ckpt"
#define PREVIOUS_SUFFIX ".previous.ckpt"

static const char magic[8] = {'S', 'P', 'I', 'C', 'A', 'C', 'K', 'P'};

/* The first 16 bytes are the same in every version to come: magic, version, and the CRC-32 of these 12 bytes, so that a
 * damaged version is not taken for a newer one. In version 1 the length of the header follows. */
enum { START_BYTES = 16, LENGTH_BYTES = 8, SUM_BYTES = 4 };

/* A header names some hundred parts; a longer one is damage. */
#define HEADER_MOST ((uint64_t)1 << 24)

#define BLOCK_BYTES ((size_t)1 << 18)

/* zlib counts in unsigned int. */
static uint32_t sum_add(uint32_t sum, const void *bytes, size_t count) {
    const unsigned char *next = bytes;
    while (count > 0) {
        const uInt part = count < (size_t)1 << 30 ? (uInt)count : (uInt)1 << 30;
        sum = (uint32_t)crc32(sum, next, part);
        next += part;
        count -= part;
    }
    return sum;
}

static Status path_of(Context *ctx, const RunFolder *folder, const char *stage, const char *suffix, char **path) {
    char name[128];
    snprintf(name, sizeof name, RUN_CHECKPOINT "/%s%s", stage, suffix);
    return run_folder_path(ctx, folder, name, path);
}

/* ---- writing ---- */

/* A file on its way, and the checksum of what it has so far. */
typedef struct Writing {
    FileWriter file;
    uint32_t sum;
} Writing;

static Status add_bytes(Context *ctx, Writing *writing, const void *bytes, size_t count) {
    writing->sum = sum_add(writing->sum, bytes, count);
    return file_writer_add(ctx, &writing->file, bytes, count);
}

static Status part_describe(Context *ctx, const StatePart *part, json_t *list) {
    json_t *object;
    TRY(json_new_object(ctx, &object));
    TRY(json_append(ctx, list, object));
    TRY(json_add_text(ctx, object, "name", part->name));
    TRY(json_add_text(ctx, object, "type", part->floats ? "float32" : "bytes"));
    return json_add_integer(ctx, object, "bytes", (int64_t)part->bytes);
}

static Status header_describe(Context *ctx, const char *stage, const StateParts *parts, json_t *header) {
    json_t *list;
    TRY(json_add_text(ctx, header, "stage", stage));
    TRY(json_add_text(ctx, header, "program", spica_version()));
    TRY(json_new_array(ctx, &list));
    TRY(json_add(ctx, header, "parts", list));
    for (size_t i = 0; i < parts->count; i++)
        TRY(part_describe(ctx, &parts->parts[i], list));
    return SPICA_OK;
}

/* *text: the header, owned by the caller. */
static Status header_print(Context *ctx, const char *stage, const StateParts *parts, char **text) {
    json_t *header;
    TRY(json_new_object(ctx, &header));
    Status status = header_describe(ctx, stage, parts, header);
    if (status == SPICA_OK) status = json_text_write(ctx, header, false, text);
    json_decref(header);
    return status;
}

static Status write_start(Context *ctx, Writing *writing, const char *header) {
    const uint32_t version = CHECKPOINT_VERSION;
    const uint64_t length = strlen(header);
    TRY(add_bytes(ctx, writing, magic, sizeof magic));
    TRY(add_bytes(ctx, writing, &version, sizeof version));
    const uint32_t sum = writing->sum;
    TRY(add_bytes(ctx, writing, &sum, sizeof sum));
    TRY(add_bytes(ctx, writing, &length, sizeof length));
    return add_bytes(ctx, writing, header, length);
}

static Status write_all(Context *ctx, Writing *writing, const char *header, const StateParts *parts) {
    TRY(write_start(ctx, writing, header));
    for (size_t i = 0; i < parts->count; i++)
        TRY(add_bytes(ctx, writing, parts->parts[i].place, parts->parts[i].bytes));
    const uint32_t sum = writing->sum;
    return add_bytes(ctx, writing, &sum, sizeof sum);
}

/* The new file is complete beside its place when the old one becomes the previous one. */
static Status write_and_replace(Context *ctx, const char *path, const char *previous, const char *header,
                                const StateParts *parts) {
    Writing writing = {.sum = 0};
    Status status = file_writer_open(ctx, &writing.file, path);
    if (status == SPICA_OK) status = write_all(ctx, &writing, header, parts);
    if (status == SPICA_OK) status = file_writer_sync(ctx, &writing.file);
    if (status == SPICA_OK && path_exists(path)) status = file_rename(ctx, path, previous);
    if (status == SPICA_OK) status = file_writer_commit(ctx, &writing.file);
    file_writer_close(ctx, &writing.file);
    return status;
}

Status checkpoint_write(Context *ctx, const RunFolder *folder, const char *stage, const StateParts *parts) {
    char *path = NULL, *previous = NULL, *header = NULL;
    Status status = path_of(ctx, folder, stage, SUFFIX, &path);
    if (status == SPICA_OK) status = path_of(ctx, folder, stage, PREVIOUS_SUFFIX, &previous);
    if (status == SPICA_OK) status = header_print(ctx, stage, parts, &header);
    if (status == SPICA_OK) status = write_and_replace(ctx, path, previous, header, parts);
    FREE_ARRAY(ctx, &header);
    FREE_ARRAY(ctx, &previous);
    FREE_ARRAY(ctx, &path);
    return status;
}

/* ---- finding ---- */

/* What a file turned out to be. */
typedef enum Finding { FOUND_NONE, FOUND_WHOLE, FOUND_DAMAGED, FOUND_NEWER } Finding;

static Status read_fully(Context *ctx, const Checkpoint *checkpoint, void *bytes, size_t count) {
    if (fread(bytes, 1, count, checkpoint->stream) == count) return SPICA_OK;
    if (ferror(checkpoint->stream)) return file_fail(ctx, "cannot read", checkpoint->path);
    return context_fail(ctx, SPICA_ERROR_RUN, "%s ends too early", checkpoint->path);
}

/* Whether the file's checksum, its last bytes, is that of all bytes before. */
static Status sum_check(Context *ctx, const Checkpoint *checkpoint, uint64_t size, bool *right) {
    unsigned char *block;
    uint32_t sum = 0, stored = 0;
    rewind(checkpoint->stream);
    TRY(NEW_ARRAY(ctx, &block, BLOCK_BYTES));
    Status status = SPICA_OK;
    for (uint64_t left = size - SUM_BYTES; status == SPICA_OK && left > 0;) {
        const size_t count = left < BLOCK_BYTES ? (size_t)left : BLOCK_BYTES;
        status = read_fully(ctx, checkpoint, block, count);
        sum = sum_add(sum, block, count);
        left -= count;
    }
    if (status == SPICA_OK) status = read_fully(ctx, checkpoint, &stored, sizeof stored);
    *right = status == SPICA_OK && sum == stored;
    FREE_ARRAY(ctx, &block);
    return status;
}

/* Magic and version. */
static Status examine_start(Context *ctx, const Checkpoint *checkpoint, uint64_t size, Finding *finding) {
    unsigned char start[START_BYTES];
    uint32_t version, sum;
    *finding = FOUND_DAMAGED;
    if (size < START_BYTES + LENGTH_BYTES + SUM_BYTES) return SPICA_OK;
    TRY(read_fully(ctx, checkpoint, start, sizeof start));
    memcpy(&version, start + sizeof magic, sizeof version);
    memcpy(&sum, start + sizeof magic + sizeof version, sizeof sum);
    if (memcmp(start, magic, sizeof magic) != 0 || sum != sum_add(0, start, sizeof magic + sizeof version))
        return SPICA_OK;
    *finding = version > CHECKPOINT_VERSION ? FOUND_NEWER : FOUND_WHOLE;
    return SPICA_OK;
}

/* The header of a file whose checksum is right; body is where the parts begin. */
static Status read_header(Context *ctx, Checkpoint *checkpoint) {
    uint64_t length;
    char *text;
    if (fseeko(checkpoint->stream, START_BYTES, SEEK_SET) != 0) return file_fail(ctx, "cannot read", checkpoint->path);
    TRY(read_fully(ctx, checkpoint, &length, sizeof length));
    if (length > HEADER_MOST) return context_fail(ctx, SPICA_ERROR_RUN, "%s has no header", checkpoint->path);
    TRY(NEW_ARRAY(ctx, &text, length));
    const Status status = read_fully(ctx, checkpoint, text, length);
    if (status == SPICA_OK) checkpoint->header = json_loadb(text, length, 0, NULL);
    FREE_ARRAY(ctx, &text);
    checkpoint->body = START_BYTES + LENGTH_BYTES + length;
    if (status != SPICA_OK || checkpoint->header != NULL) return status;
    return context_fail(ctx, SPICA_ERROR_RUN, "%s has no header", checkpoint->path);
}

/* A file that stands there. */
static Status examine(Context *ctx, Checkpoint *checkpoint, Finding *finding) {
    uint64_t size;
    bool right = false;
    TRY(file_open(ctx, checkpoint->path, &checkpoint->stream, &size));
    TRY(examine_start(ctx, checkpoint, size, finding));
    if (*finding != FOUND_WHOLE) return SPICA_OK;
    TRY(sum_check(ctx, checkpoint, size, &right));
    *finding = right ? FOUND_WHOLE : FOUND_DAMAGED;
    return right ? read_header(ctx, checkpoint) : SPICA_OK;
}

static Status refuse_newer(Context *ctx, const char *path) {
    return context_fail(ctx, SPICA_ERROR_RUN,
                        "%s was written by a newer spica than this one (%s): go on with that, or remove the file to "
                        "begin the stage anew",
                        path, spica_version());
}

/* One of the stage's two files. The checkpoint stays open where it is whole. */
static Status try_file(Context *ctx, const RunFolder *folder, const char *stage, const char *suffix,
                       Checkpoint *checkpoint, Finding *finding) {
    *checkpoint = (Checkpoint){0};
    *finding = FOUND_NONE;
    Status status = path_of(ctx, folder, stage, suffix, &checkpoint->path);
    if (status == SPICA_OK && path_is_file(checkpoint->path)) status = examine(ctx, checkpoint, finding);
    if (status == SPICA_OK && *finding == FOUND_NEWER) status = refuse_newer(ctx, checkpoint->path);
    if (status == SPICA_OK && *finding == FOUND_DAMAGED) {
        /* Removed, or the next one written would put it in the place of a whole one. */
        log_warning(ctx, "%s is damaged: it is removed", checkpoint->path);
        status = file_remove(ctx, checkpoint->path);
    }
    if (status != SPICA_OK || *finding != FOUND_WHOLE) checkpoint_close(ctx, checkpoint);
    return status;
}

Status checkpoint_find(Context *ctx, const RunFolder *folder, const char *stage, Checkpoint *checkpoint, bool *found) {
    Finding finding = FOUND_NONE;
    *found = false;
    TRY(try_file(ctx, folder, stage, SUFFIX, checkpoint, &finding));
    if (finding != FOUND_WHOLE) TRY(try_file(ctx, folder, stage, PREVIOUS_SUFFIX, checkpoint, &finding));
    *found = finding == FOUND_WHOLE;
    return SPICA_OK;
}

static Status exists_as(Context *ctx, const RunFolder *folder, const char *stage, const char *suffix, bool *exists) {
    char *path;
    TRY(path_of(ctx, folder, stage, suffix, &path));
    *exists = path_is_file(path);
    FREE_ARRAY(ctx, &path);
    return SPICA_OK;
}

Status checkpoint_exists(Context *ctx, const RunFolder *folder, const char *stage, bool *exists) {
    TRY(exists_as(ctx, folder, stage, SUFFIX, exists));
    return *exists ? SPICA_OK : exists_as(ctx, folder, stage, PREVIOUS_SUFFIX, exists);
}

void checkpoint_close(Context *ctx, Checkpoint *checkpoint) {
    if (checkpoint->stream != NULL) fclose(checkpoint->stream);
    json_decref(checkpoint->header);
    FREE_ARRAY(ctx, &checkpoint->path);
    *checkpoint = (Checkpoint){0};
}

/* ---- loading ---- */

static const json_t *header_parts(const Checkpoint *checkpoint) { return json_object_get(checkpoint->header, "parts"); }

static uint64_t part_bytes(const json_t *part) { return (uint64_t)json_integer_value(json_object_get(part, "bytes")); }

static bool part_is(const json_t *part, const char *name) {
    const char *own = json_string_value(json_object_get(part, "name"));
    return own != NULL && strcmp(own, name) == 0;
}

size_t checkpoint_part_bytes(const Checkpoint *checkpoint, const char *name) {
    size_t i;
    const json_t *part;
    json_array_foreach(header_parts(checkpoint), i, part) if (part_is(part, name)) return (size_t)part_bytes(part);
    return 0;
}

/* The same parts in the same order: what wrote the file is the program that reads it. */
static Status check_parts(Context *ctx, const Checkpoint *checkpoint, const StateParts *parts) {
    const json_t *list = header_parts(checkpoint);
    const char *other = "the number of parts";
    bool fits = json_array_size(list) == parts->count;
    for (size_t i = 0; fits && i < parts->count; i++) {
        const json_t *part = json_array_get(list, i);
        fits = part_is(part, parts->parts[i].name) && part_bytes(part) == parts->parts[i].bytes;
        if (!fits) other = parts->parts[i].name;
    }
    if (fits) return SPICA_OK;
    return context_fail(ctx, SPICA_ERROR_RUN,
                        "%s is of another program or another run (%s differs): remove it to begin the stage anew",
                        checkpoint->path, other);
}

Status checkpoint_load(Context *ctx, Checkpoint *checkpoint, const StateParts *parts) {
    TRY(check_parts(ctx, checkpoint, parts));
    if (fseeko(checkpoint->stream, (off_t)checkpoint->body, SEEK_SET) != 0)
        return file_fail(ctx, "cannot read", checkpoint->path);
    for (size_t i = 0; i < parts->count; i++) {
        const StatePart *part = &parts->parts[i];
        TRY(read_fully(ctx, checkpoint, part->place, part->bytes));
        if (part->version != NULL) ++*part->version;
    }
    return SPICA_OK;
}

/* ---- removing ---- */

static Status remove_as(Context *ctx, const RunFolder *folder, const char *stage, const char *suffix) {
    char *path;
    TRY(path_of(ctx, folder, stage, suffix, &path));
    const Status status = file_remove(ctx, path);
    FREE_ARRAY(ctx, &path);
    return status;
}

Status checkpoint_remove(Context *ctx, const RunFolder *folder, const char *stage) {
    TRY(remove_as(ctx, folder, stage, PREVIOUS_SUFFIX));
    return remove_as(ctx, folder, stage, SUFFIX);
}

static bool ends_with(const char *text, const char *end) {
    const size_t length = strlen(text), end_length = strlen(end);
    return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

/* A checkpoint of another stage, or one that was being written when the program died. */
static bool is_leftover(const char *name, const char *stage) {
    const size_t length = strlen(stage);
    if (ends_with(name, SUFFIX ".partial")) return true;
    if (!ends_with(name, SUFFIX)) return false;
    return strncmp(name, stage, length) != 0 ||
           (strcmp(name + length, SUFFIX) != 0 && strcmp(name + length, PREVIOUS_SUFFIX) != 0);
}

Status checkpoint_remove_others(Context *ctx, const RunFolder *folder, const char *stage) {
    char *path;
    FolderList list = {0};
    TRY(run_folder_path(ctx, folder, RUN_CHECKPOINT, &path));
    Status status = folder_list(ctx, &list, path);
    for (size_t i = 0; status == SPICA_OK && i < list.count; i++) {
        char *child;
        if (!is_leftover(list.names[i], stage)) continue;
        status = path_join(ctx, &child, path, list.names[i]);
        if (status == SPICA_OK) status = file_remove(ctx, child);
        FREE_ARRAY(ctx, &child);
    }
    folder_list_close(ctx, &list);
    FREE_ARRAY(ctx, &path);
    return status;
}
