/* Files and folders. A file that the program writes is replaced atomically: written beside its place, synced, renamed.
 * Every failure names the path and the system's reason; its status is SPICA_ERROR_IO unless said otherwise. */
#ifndef SPICA_BASE_FILES_H
#define SPICA_BASE_FILES_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/memory.h"

/* Records "ACTION PATH: the system's words for errno", for instance "cannot open a.txt: No such file or directory". */
Status file_fail(Context *ctx, const char *action, const char *path);

/* *bytes: the whole file and a 0 byte after its end, owned by the caller; *count: its size without that byte. */
Status file_read(Context *ctx, const char *path, char **bytes, size_t *count);

/* Opens for reading; the caller closes with fclose. *size: bytes of a regular file. A folder is refused. */
Status file_open(Context *ctx, const char *path, FILE **stream, uint64_t *size);

/* A file on its way to replace another. Zeroed may be closed. What exists and is no regular file (a device, a pipe) is
 * written in place. */
typedef struct FileWriter {
    FILE *stream;
    char *path, *partial; /* owned; partial is NULL when written in place */
    bool borrowed;        /* the stream stays the caller's */
} FileWriter;

Status file_writer_open(Context *ctx, FileWriter *writer, const char *path);
/* Writes to a stream of the caller's, for instance stdout; `name` for messages. Commit flushes it. */
Status file_writer_borrow(Context *ctx, FileWriter *writer, FILE *stream, const char *name);
Status file_writer_add(Context *ctx, FileWriter *writer, const void *bytes, size_t count);
/* printf into the file. */
Status file_writer_print(Context *ctx, FileWriter *writer, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Everything that was added is on the disk, though not yet in its place. */
Status file_writer_sync(Context *ctx, FileWriter *writer);
/* Syncs, renames, syncs the folder: after SPICA_OK the new file stands, whatever happens to the machine. */
Status file_writer_commit(Context *ctx, FileWriter *writer);
/* Removes the partial file unless the writer was committed. */
void file_writer_close(Context *ctx, FileWriter *writer);

/* All of the above: `path` holds exactly these bytes, or what it held before. */
Status file_replace(Context *ctx, const char *path, const void *bytes, size_t count);

/* `to` becomes a copy of `from`, replaced atomically. */
Status file_copy(Context *ctx, const char *from, const char *to);

/* Adds to the end of a file, creating it where it is missing. */
Status file_append(Context *ctx, const char *path, const void *bytes, size_t count);

/* Shortens a file to `size` bytes. */
Status file_truncate(Context *ctx, const char *path, uint64_t size);

/* `to` is replaced by `from`, which is gone then. */
Status file_rename(Context *ctx, const char *from, const char *to);

/* Removes a file; one that does not exist is no error. */
Status file_remove(Context *ctx, const char *path);

/* Makes a folder and its parents; one that exists is no error. */
Status folder_make(Context *ctx, const char *path);

bool path_exists(const char *path);
bool path_is_folder(const char *path);
bool path_is_file(const char *path);

/* *joined: folder, one slash, name; owned by the caller. An absolute name stands alone. */
Status path_join(Context *ctx, char **joined, const char *folder, const char *name);

/* The part after the last slash; points into path. */
const char *path_name(const char *path);

/* The names in a folder without "." and "..", sorted by bytes. */
typedef struct FolderList {
    char **names; /* count texts, owned by the arena */
    size_t count;
    Arena arena;
} FolderList;

Status folder_list(Context *ctx, FolderList *list, const char *path);
void folder_list_close(Context *ctx, FolderList *list);

#endif
