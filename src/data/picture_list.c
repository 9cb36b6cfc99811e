#include "data/picture_list.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/csv.h"
#include "base/files.h"

void picture_list_close(Context *ctx, PictureList *list) {
    FREE_ARRAY(ctx, &list->folder);
    FREE_ARRAY(ctx, &list->entries);
    arena_close(ctx, &list->arena);
    *list = (PictureList){0};
}

Status picture_list_text(Context *ctx, PictureList *list, const char *text, const char **copy) {
    const size_t bytes = strlen(text) + 1;
    char *block;
    TRY(arena_allocate(ctx, &list->arena, (void **)&block, bytes, 1));
    memcpy(block, text, bytes);
    *copy = block;
    return SPICA_OK;
}

static Status list_grow(Context *ctx, PictureList *list) {
    const size_t larger = list->capacity == 0 ? 1024 : 2 * list->capacity;
    PictureEntry *entries;
    TRY(NEW_ARRAY(ctx, &entries, larger));
    if (list->count > 0) memcpy(entries, list->entries, list->count * sizeof *entries);
    FREE_ARRAY(ctx, &list->entries);
    list->entries = entries;
    list->capacity = larger;
    return SPICA_OK;
}

Status picture_list_add(Context *ctx, PictureList *list, const char *path, PictureEntry **entry) {
    if (list->count == list->capacity) TRY(list_grow(ctx, list));
    PictureEntry *added = &list->entries[list->count];
    *added = (PictureEntry){0};
    TRY(picture_list_text(ctx, list, path, &added->path));
    list->count++;
    if (strlen(path) >= PATH_MAX) added->problem = "the path is too long to be opened";
    *entry = added;
    return SPICA_OK;
}

static const char *kind_in_words(mode_t mode) {
    if (S_ISDIR(mode)) return "a folder, not a picture";
    if (S_ISFIFO(mode)) return "a FIFO, not a file";
    if (S_ISSOCK(mode)) return "a socket, not a file";
    return "a device, not a file";
}

static int64_t nanoseconds(const struct timespec *time) { return (int64_t)time->tv_sec * 1000000000 + time->tv_nsec; }

void picture_entry_date(PictureEntry *entry, const struct stat *facts) {
    entry->modified = nanoseconds(&facts->st_mtim);
    entry->changed = nanoseconds(&facts->st_ctim);
}

Status picture_entry_examined(Context *ctx, PictureList *list, PictureEntry *entry, const struct stat *facts) {
    entry->size = (uint64_t)facts->st_size;
    picture_entry_date(entry, facts);
    if (!S_ISREG(facts->st_mode)) return picture_list_text(ctx, list, kind_in_words(facts->st_mode), &entry->problem);
    if (facts->st_size == 0) entry->problem = "the file is empty";
    return SPICA_OK;
}

/* Adds the picture at `path`, as it is written in a list. */
static Status list_add_named(Context *ctx, PictureList *list, const char *path, PictureEntry **entry) {
    struct stat facts;
    char *full = NULL;
    TRY(picture_list_add(ctx, list, path, entry));
    if ((*entry)->problem != NULL) return SPICA_OK;
    TRY(path_join(ctx, &full, list->folder, path));
    const int examined = stat(full, &facts);
    const int reason = errno;
    FREE_ARRAY(ctx, &full);
    if (examined != 0) return picture_list_text(ctx, list, strerror(reason), &(*entry)->problem);
    return picture_entry_examined(ctx, list, *entry, &facts);
}

Status picture_list_begin(Context *ctx, PictureList *list, const char *file) {
    const size_t length = (size_t)(path_name(file) - file);
    TRY(memory_copy_text(ctx, &list->folder, length > 0 ? file : "."));
    /* The slash goes, but that of the root. */
    if (length > 0) list->folder[length > 1 ? length - 1 : 1] = '\0';
    return SPICA_OK;
}

/* A list that cannot be read is data that cannot be read. */
static Status as_data(Status status) { return status == SPICA_ERROR_IO ? SPICA_ERROR_DATA : status; }

static Status lines_add(Context *ctx, PictureList *list, char *text, size_t bytes) {
    PictureEntry *entry;
    char *const end = text + bytes;
    char *line = bytes >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? text + 3 : text;
    while (line < end) {
        char *stop = memchr(line, '\n', (size_t)(end - line));
        if (stop == NULL) stop = end;
        char *last = stop > line && stop[-1] == '\r' ? stop - 1 : stop;
        *last = '\0';
        if (last > line) TRY(list_add_named(ctx, list, line, &entry));
        line = stop + 1;
    }
    return SPICA_OK;
}

Status picture_list_lines(Context *ctx, PictureList *list, const char *path) {
    char *text = NULL;
    size_t bytes;
    TRY(picture_list_begin(ctx, list, path));
    Status status = as_data(file_read(ctx, path, &text, &bytes));
    if (status == SPICA_OK && memchr(text, '\0', bytes) != NULL)
        status = context_fail(ctx, SPICA_ERROR_DATA, "%s: holds a byte 0: this is no list of paths", path);
    if (status == SPICA_OK) status = lines_add(ctx, list, text, bytes);
    FREE_ARRAY(ctx, &text);
    return status;
}

static Status table_add(Context *ctx, PictureList *list, const CsvTable *table) {
    size_t path_column;
    const long label_column = csv_find(table, "label");
    TRY(csv_require(ctx, table, "path", &path_column));
    list->has_labels = label_column >= 0;
    for (size_t row = 0; row < table->rows; row++) {
        PictureEntry *entry;
        const char *label = list->has_labels ? csv_cell(table, row, (size_t)label_column) : "";
        TRY(list_add_named(ctx, list, csv_cell(table, row, path_column), &entry));
        if (*label != '\0') TRY(picture_list_text(ctx, list, label, &entry->label));
    }
    return SPICA_OK;
}

Status picture_list_table(Context *ctx, PictureList *list, const char *path) {
    CsvTable table = {0};
    TRY(picture_list_begin(ctx, list, path));
    Status status = as_data(csv_read(ctx, path, &table));
    if (status == SPICA_OK) status = table_add(ctx, list, &table);
    csv_close(ctx, &table);
    return status;
}

Status picture_list_single(Context *ctx, PictureList *list, const char *path) {
    PictureEntry *entry;
    TRY(picture_list_begin(ctx, list, path));
    return list_add_named(ctx, list, path_name(path), &entry);
}

static Status folder_add_name(Context *ctx, PictureList *list, const char *folder, const char *name) {
    PictureEntry *entry;
    char *path;
    TRY(path_join(ctx, &path, folder, name));
    const Status status = list_add_named(ctx, list, path, &entry);
    FREE_ARRAY(ctx, &path);
    return status;
}

Status picture_list_add_folder(Context *ctx, PictureList *list, const char *folder) {
    FolderList names;
    char *full;
    TRY(path_join(ctx, &full, list->folder, folder));
    Status status = as_data(folder_list(ctx, &names, full));
    for (size_t i = 0; status == SPICA_OK && i < names.count; i++)
        if (names.names[i][0] != '.') status = folder_add_name(ctx, list, folder, names.names[i]);
    folder_list_close(ctx, &names);
    FREE_ARRAY(ctx, &full);
    return status;
}

/* The first bytes of a text file, closed with a 0; false where a byte is 0: no text. */
static bool text_peek(const char *path, char *text, size_t capacity) {
    FILE *stream = fopen(path, "rbe");
    if (stream == NULL) return false;
    const size_t count = fread(text, 1, capacity - 1, stream);
    fclose(stream);
    text[count] = '\0';
    return count > 0 && strlen(text) == count;
}

/* Whether `name`, as it is written in the list `file`, is a file. */
static bool is_listed_file(const char *file, const char *name) {
    char path[2 * PATH_MAX];
    const int folder = name[0] == '/' ? 0 : (int)(path_name(file) - file);
    const int length = snprintf(path, sizeof path, "%.*s%s", folder, file, name);
    return length < (int)sizeof path && path_is_file(path);
}

bool file_lists_pictures(const char *path) {
    char text[1 << 16], *rest = NULL;
    if (!text_peek(path, text, sizeof text)) return false;
    char *first = strncmp(text, "\xef\xbb\xbf", 3) == 0 ? text + 3 : text;
    for (char *line = strtok_r(first, "\r\n", &rest); line != NULL; line = strtok_r(NULL, "\r\n", &rest))
        if (is_listed_file(path, line)) return true;
    return false;
}

bool file_has_path_column(const char *path) {
    char text[4096], *rest = NULL;
    if (!text_peek(path, text, sizeof text)) return false;
    char *first = strncmp(text, "\xef\xbb\xbf", 3) == 0 ? text + 3 : text;
    first[strcspn(first, "\r\n")] = '\0';
    for (char *cell = strtok_r(first, ",", &rest); cell != NULL; cell = strtok_r(NULL, ",", &rest))
        if (strcmp(cell, "path") == 0 || strcmp(cell, "\"path\"") == 0) return true;
    return false;
}
