/* The pictures that DATA names, before any of them is opened: of a folder with all that is in it, of a tar, of a text
 * file with a path per line, of a CSV file path[,label], or DATA itself. picture_folder.c walks folders, tar_list.c the
 * members of a tar. */
#ifndef SPICA_DATA_PICTURE_LIST_H
#define SPICA_DATA_PICTURE_LIST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/memory.h"
#include "data/picture_kind.h"

typedef struct PictureEntry {
    const char *path;    /* relative to the list's folder, or absolute */
    const char *label;   /* text, or NULL */
    const char *problem; /* why it cannot be used, or NULL */
    uint64_t size;       /* bytes */
    uint64_t offset;     /* of its first byte in the list's archive; 0 where it is a file */
    int64_t modified;    /* of the file, or the archive: nanoseconds since 1970 */
    int64_t changed;     /* when its name, owner or rights changed, likewise */
    /* Once it was decoded: */
    uint32_t width, height; /* of the picture, as it is looked at */
    PictureKind kind;
} PictureEntry;

/* Zeroed may be closed. All texts are the arena's. */
typedef struct PictureList {
    char *folder;        /* where relative paths begin; owned */
    const char *archive; /* the file in the folder that all pictures lie in; NULL: each is a file of its own */
    PictureEntry *entries;
    size_t count, capacity;
    bool has_labels; /* a column of labels was there */
    Arena arena;
} PictureList;

/* Every file below a folder, at any depth, sorted by the bytes of its path; what is no regular file, cannot be examined
 * or is a folder that cannot be read gets its problem. Names that begin with a dot are passed over. Links are followed,
 * but no folder is read twice. Errors: SPICA_ERROR_DATA where the folder itself cannot be read, SPICA_ERROR_MEMORY. */
Status picture_list_folder(Context *ctx, PictureList *list, const char *path);

/* A path per line, in the file's order; empty lines are left out. Relative paths begin at the file's folder. */
Status picture_list_lines(Context *ctx, PictureList *list, const char *path);

/* A CSV file with a column path and perhaps one label, in the file's order. */
Status picture_list_table(Context *ctx, PictureList *list, const char *path);

/* One picture. */
Status picture_list_single(Context *ctx, PictureList *list, const char *path);

/* The list's folder becomes the one that a file lies in. */
Status picture_list_begin(Context *ctx, PictureList *list, const char *file);

/* Adds what one folder below the list's holds ("": that one), sorted by the bytes of the names, without what lies
 * deeper. Names that begin with a dot are passed over. Errors: SPICA_ERROR_DATA where it cannot be read. */
Status picture_list_add_folder(Context *ctx, PictureList *list, const char *folder);

void picture_list_close(Context *ctx, PictureList *list);

/* Adds an entry with a copy of its path; *entry is valid until the next one is added. */
Status picture_list_add(Context *ctx, PictureList *list, const char *path, PictureEntry **entry);

/* *copy: the text, owned by the list's arena. */
Status picture_list_text(Context *ctx, PictureList *list, const char *text, const char **copy);

struct stat;
/* The times of the file that it is, or lies in. */
void picture_entry_date(PictureEntry *entry, const struct stat *facts);
/* Size and time of what was examined, and its problem where it is no regular file. */
Status picture_entry_examined(Context *ctx, PictureList *list, PictureEntry *entry, const struct stat *facts);

/* Whether a folder has a picture anywhere, by its first bytes; stops at the first one, and needs no memory for the
 * others (picture_peek.c). */
bool folder_has_picture(const char *path);

/* Whether one of the first lines of a text file is the path of a file. */
bool file_lists_pictures(const char *path);

/* Whether the first line of a file is a CSV header with a column path. */
bool file_has_path_column(const char *path);

#endif
