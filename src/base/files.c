#include "base/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

Status file_fail(Context *ctx, const char *action, const char *path) {
    const int code = errno;
    char reason[128];
    if (strerror_r(code, reason, sizeof reason) != 0) snprintf(reason, sizeof reason, "error %d", code);
    return context_fail(ctx, SPICA_ERROR_IO, "%s %s: %s", action, path, reason);
}

Status file_open(Context *ctx, const char *path, FILE **stream, uint64_t *size) {
    *stream = NULL;
    const int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return file_fail(ctx, "cannot open", path);
    struct stat facts;
    Status status = SPICA_OK;
    if (fstat(descriptor, &facts) != 0)
        status = file_fail(ctx, "cannot examine", path);
    else if (S_ISDIR(facts.st_mode))
        status = context_fail(ctx, SPICA_ERROR_IO, "%s is a folder where a file is expected", path);
    else if ((*stream = fdopen(descriptor, "rb")) == NULL)
        status = file_fail(ctx, "cannot open", path);
    if (status != SPICA_OK)
        close(descriptor);
    else
        *size = S_ISREG(facts.st_mode) ? (uint64_t)facts.st_size : 0;
    return status;
}

/* Doubles the block when it is full, so that pipes and files that grow are read whole too. */
static Status stream_read_all(Context *ctx, FILE *stream, const char *path, size_t expected, char **bytes,
                              size_t *count) {
    size_t capacity = expected + 2; /* one to find the end, one for the closing 0 */
    TRY(NEW_ARRAY(ctx, bytes, capacity));
    *count = 0;
    for (;;) {
        *count += fread(*bytes + *count, 1, capacity - 1 - *count, stream);
        if (ferror(stream)) return file_fail(ctx, "cannot read", path);
        if (*count < capacity - 1) break;
        char *larger;
        TRY(NEW_ARRAY(ctx, &larger, 2 * capacity));
        memcpy(larger, *bytes, *count);
        FREE_ARRAY(ctx, bytes);
        *bytes = larger;
        capacity *= 2;
    }
    (*bytes)[*count] = '\0';
    return SPICA_OK;
}

Status file_read(Context *ctx, const char *path, char **bytes, size_t *count) {
    *bytes = NULL;
    *count = 0;
    FILE *stream;
    uint64_t size;
    TRY(file_open(ctx, path, &stream, &size));
    Status status = SPICA_OK;
    if (size > SIZE_MAX / 4)
        status = context_fail(ctx, SPICA_ERROR_MEMORY, "%s is too large to be read whole", path);
    else
        status = stream_read_all(ctx, stream, path, (size_t)size, bytes, count);
    fclose(stream);
    if (status != SPICA_OK) FREE_ARRAY(ctx, bytes);
    return status;
}

Status file_writer_open(Context *ctx, FileWriter *writer, const char *path) {
    *writer = (FileWriter){0};
    TRY(memory_copy_text(ctx, &writer->path, path));
    struct stat facts;
    /* Standard output redirected to a file is a regular file that must not be renamed away. */
    const bool is_standard = strcmp(path, "/dev/stdout") == 0 || strcmp(path, "/dev/stderr") == 0;
    const bool in_place = stat(path, &facts) == 0 && (is_standard || !S_ISREG(facts.st_mode));
    if (in_place && S_ISDIR(facts.st_mode))
        return context_fail(ctx, SPICA_ERROR_IO, "cannot write %s: it is a folder", path);
    if (!in_place) {
        const size_t capacity = strlen(path) + sizeof ".partial";
        TRY(NEW_ARRAY(ctx, &writer->partial, capacity));
        snprintf(writer->partial, capacity, "%s.partial", path);
    }
    const char *opened = in_place ? path : writer->partial;
    const int descriptor = open(opened, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (descriptor < 0) {
        const Status status = file_fail(ctx, "cannot create", opened);
        FREE_ARRAY(ctx, &writer->partial); /* not ours to remove */
        return status;
    }
    writer->stream = fdopen(descriptor, "wb");
    if (writer->stream != NULL) return SPICA_OK;
    close(descriptor);
    return file_fail(ctx, "cannot create", opened);
}

Status file_writer_borrow(Context *ctx, FileWriter *writer, FILE *stream, const char *name) {
    *writer = (FileWriter){.borrowed = true};
    TRY(memory_copy_text(ctx, &writer->path, name));
    writer->stream = stream;
    return SPICA_OK;
}

Status file_writer_add(Context *ctx, FileWriter *writer, const void *bytes, size_t count) {
    if (count == 0 || fwrite(bytes, 1, count, writer->stream) == count) return SPICA_OK;
    return file_fail(ctx, "cannot write", writer->path);
}

Status file_writer_print(Context *ctx, FileWriter *writer, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const int printed = vfprintf(writer->stream, format, arguments);
    va_end(arguments);
    return printed >= 0 ? SPICA_OK : file_fail(ctx, "cannot write", writer->path);
}

Status file_rename(Context *ctx, const char *from, const char *to) {
    return rename(from, to) == 0 ? SPICA_OK : file_fail(ctx, "cannot replace", to);
}

/* The rename itself lasts only once the folder is synced. A file system that cannot sync a folder says EINVAL. */
static Status folder_sync(Context *ctx, const char *path) {
    char *folder;
    TRY(memory_copy_text(ctx, &folder, path));
    char *slash = strrchr(folder, '/');
    if (slash == folder) slash++;
    if (slash != NULL) *slash = '\0';
    const char *name = slash != NULL ? folder : ".";
    Status status = SPICA_OK;
    const int descriptor = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0)
        status = errno == EACCES ? SPICA_OK : file_fail(ctx, "cannot open", name);
    else if (fsync(descriptor) != 0 && errno != EINVAL)
        status = file_fail(ctx, "cannot sync", name);
    if (descriptor >= 0) close(descriptor);
    FREE_ARRAY(ctx, &folder);
    return status;
}

Status file_writer_sync(Context *ctx, FileWriter *writer) {
    if (fflush(writer->stream) != 0) return file_fail(ctx, "cannot write", writer->path);
    if (writer->partial == NULL || fsync(fileno(writer->stream)) == 0) return SPICA_OK;
    return file_fail(ctx, "cannot sync", writer->path);
}

Status file_writer_commit(Context *ctx, FileWriter *writer) {
    FILE *stream = writer->stream;
    TRY(file_writer_sync(ctx, writer));
    if (writer->borrowed) return SPICA_OK;
    writer->stream = NULL;
    if (fclose(stream) != 0) return file_fail(ctx, "cannot close", writer->path);
    if (writer->partial == NULL) return SPICA_OK;
    TRY(file_rename(ctx, writer->partial, writer->path));
    FREE_ARRAY(ctx, &writer->partial);
    return folder_sync(ctx, writer->path);
}

void file_writer_close(Context *ctx, FileWriter *writer) {
    if (writer->stream != NULL && !writer->borrowed) fclose(writer->stream);
    if (writer->partial != NULL) unlink(writer->partial);
    FREE_ARRAY(ctx, &writer->partial);
    FREE_ARRAY(ctx, &writer->path);
    *writer = (FileWriter){0};
}

Status file_replace(Context *ctx, const char *path, const void *bytes, size_t count) {
    FileWriter writer;
    Status status;
    TRY_GOTO(status, end, file_writer_open(ctx, &writer, path));
    TRY_GOTO(status, end, file_writer_add(ctx, &writer, bytes, count));
    TRY_GOTO(status, end, file_writer_commit(ctx, &writer));
end:
    file_writer_close(ctx, &writer);
    return status;
}

static Status copy_stream(Context *ctx, FILE *stream, const char *from, FileWriter *writer) {
    char block[1 << 16];
    for (size_t count; (count = fread(block, 1, sizeof block, stream)) > 0;)
        TRY(file_writer_add(ctx, writer, block, count));
    return ferror(stream) ? file_fail(ctx, "cannot read", from) : SPICA_OK;
}

Status file_copy(Context *ctx, const char *from, const char *to) {
    FILE *stream;
    uint64_t size;
    FileWriter writer = {0};
    TRY(file_open(ctx, from, &stream, &size));
    Status status = file_writer_open(ctx, &writer, to);
    if (status == SPICA_OK) status = copy_stream(ctx, stream, from, &writer);
    if (status == SPICA_OK) status = file_writer_commit(ctx, &writer);
    file_writer_close(ctx, &writer);
    fclose(stream);
    return status;
}

Status file_append(Context *ctx, const char *path, const void *bytes, size_t count) {
    const int descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (descriptor < 0) return file_fail(ctx, "cannot open", path);
    Status status = SPICA_OK;
    for (const char *next = bytes; count > 0;) {
        const ssize_t written = write(descriptor, next, count);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) {
            status = file_fail(ctx, "cannot write", path);
            break;
        }
        next += written;
        count -= (size_t)written;
    }
    if (close(descriptor) != 0 && status == SPICA_OK) status = file_fail(ctx, "cannot close", path);
    return status;
}

Status file_truncate(Context *ctx, const char *path, uint64_t size) {
    return truncate(path, (off_t)size) == 0 ? SPICA_OK : file_fail(ctx, "cannot shorten", path);
}

Status file_remove(Context *ctx, const char *path) {
    if (unlink(path) == 0 || errno == ENOENT) return SPICA_OK;
    return file_fail(ctx, "cannot remove", path);
}

static Status folder_make_one(Context *ctx, const char *path) {
    if (path_is_folder(path) || mkdir(path, 0777) == 0) return SPICA_OK;
    if (errno == EEXIST && path_is_folder(path)) return SPICA_OK;
    return file_fail(ctx, "cannot make folder", path);
}

Status folder_make(Context *ctx, const char *path) {
    char *copy;
    TRY(memory_copy_text(ctx, &copy, path));
    Status status = SPICA_OK;
    for (char *slash = copy; status == SPICA_OK && *slash != '\0' && (slash = strchr(slash + 1, '/')) != NULL;) {
        *slash = '\0';
        status = folder_make_one(ctx, copy);
        *slash = '/';
    }
    if (status == SPICA_OK) status = folder_make_one(ctx, path);
    FREE_ARRAY(ctx, &copy);
    return status;
}

bool path_exists(const char *path) {
    struct stat facts;
    return stat(path, &facts) == 0;
}

bool path_is_folder(const char *path) {
    struct stat facts;
    return stat(path, &facts) == 0 && S_ISDIR(facts.st_mode);
}

bool path_is_file(const char *path) {
    struct stat facts;
    return stat(path, &facts) == 0 && S_ISREG(facts.st_mode);
}

Status path_join(Context *ctx, char **joined, const char *folder, const char *name) {
    const size_t length = strlen(folder);
    if (length == 0 || name[0] == '/') return memory_copy_text(ctx, joined, name);
    const size_t capacity = length + strlen(name) + 2;
    TRY(NEW_ARRAY(ctx, joined, capacity));
    snprintf(*joined, capacity, "%s%s%s", folder, folder[length - 1] == '/' ? "" : "/", name);
    return SPICA_OK;
}

const char *path_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

static int compare_texts(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Adds one name; the table of pointers doubles inside the arena. */
static Status folder_list_add(Context *ctx, FolderList *list, size_t *capacity, const char *name) {
    if (list->count == *capacity) {
        const size_t larger = *capacity == 0 ? 64 : 2 * *capacity;
        void *names;
        TRY(arena_allocate(ctx, &list->arena, &names, larger, sizeof *list->names));
        if (list->count > 0) memcpy(names, list->names, list->count * sizeof *list->names);
        list->names = names;
        *capacity = larger;
    }
    void *copy;
    TRY(arena_allocate(ctx, &list->arena, &copy, strlen(name) + 1, 1));
    strcpy(copy, name);
    list->names[list->count++] = copy;
    return SPICA_OK;
}

Status folder_list(Context *ctx, FolderList *list, const char *path) {
    *list = (FolderList){0};
    DIR *folder = opendir(path);
    if (folder == NULL) return file_fail(ctx, "cannot open folder", path);
    Status status = SPICA_OK;
    size_t capacity = 0;
    for (errno = 0; status == SPICA_OK;) {
        const struct dirent *entry = readdir(folder);
        if (entry == NULL) {
            if (errno != 0) status = file_fail(ctx, "cannot read folder", path);
            break;
        }
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            status = folder_list_add(ctx, list, &capacity, entry->d_name);
        errno = 0;
    }
    closedir(folder);
    if (list->count > 1) qsort(list->names, list->count, sizeof *list->names, compare_texts);
    return status;
}

void folder_list_close(Context *ctx, FolderList *list) {
    arena_close(ctx, &list->arena);
    *list = (FolderList){0};
}
