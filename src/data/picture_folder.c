/* The walk through a folder of pictures. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"
#include "base/log.h"
#include "data/picture_list.h"

/* A folder that was read, told by where it lies on disk. */
typedef struct FolderId {
    dev_t device;
    ino_t number;
} FolderId;

/* Texts that wait, last in, first out; they are the list's. */
typedef struct PathStack {
    const char **paths;
    size_t count, capacity;
} PathStack;

typedef struct Walk {
    Context *ctx;
    PictureList *list;
    int top; /* the list's folder, open: what lies deep in it may have a path that is too long only from elsewhere */
    PathStack folders;                /* real ones, relative to the list's folder, that are still to be read */
    PathStack links;                  /* links to folders, which wait until all real folders are read */
    FolderId *read;                   /* open addressing, 0 device and number: free */
    size_t read_count, read_capacity; /* capacity is a power of two */
    size_t hidden, linked_again;      /* what was passed over */
} Walk;

static Status stack_push(Walk *walk, PathStack *stack, const char *path) {
    if (stack->count == stack->capacity) {
        const size_t larger = stack->capacity == 0 ? 64 : 2 * stack->capacity;
        const char **paths;
        TRY(NEW_ARRAY(walk->ctx, &paths, larger));
        if (stack->count > 0) memcpy(paths, stack->paths, stack->count * sizeof *paths);
        FREE_ARRAY(walk->ctx, &stack->paths);
        stack->paths = paths;
        stack->capacity = larger;
    }
    return picture_list_text(walk->ctx, walk->list, path, &stack->paths[stack->count++]);
}

static size_t folder_slot(const FolderId *read, size_t capacity, FolderId id) {
    size_t slot = (size_t)((uint64_t)id.number * UINT64_C(0x9e3779b97f4a7c15) ^ (uint64_t)id.device) & (capacity - 1);
    while ((read[slot].number != 0 || read[slot].device != 0) &&
           (read[slot].number != id.number || read[slot].device != id.device))
        slot = (slot + 1) & (capacity - 1);
    return slot;
}

static Status read_grow(Walk *walk) {
    const size_t larger = walk->read_capacity == 0 ? 256 : 2 * walk->read_capacity;
    FolderId *read;
    TRY(NEW_ZEROED(walk->ctx, &read, larger));
    for (size_t i = 0; i < walk->read_capacity; i++)
        if (walk->read[i].number != 0 || walk->read[i].device != 0)
            read[folder_slot(read, larger, walk->read[i])] = walk->read[i];
    FREE_ARRAY(walk->ctx, &walk->read);
    walk->read = read;
    walk->read_capacity = larger;
    return SPICA_OK;
}

/* *fresh: the folder was not read before. */
static Status read_mark(Walk *walk, const struct stat *facts, bool *fresh) {
    if (2 * (walk->read_count + 1) > walk->read_capacity) TRY(read_grow(walk));
    const FolderId id = {facts->st_dev, facts->st_ino};
    const size_t slot = folder_slot(walk->read, walk->read_capacity, id);
    *fresh = walk->read[slot].number == 0 && walk->read[slot].device == 0;
    walk->read[slot] = id;
    if (*fresh) walk->read_count++;
    return SPICA_OK;
}

static Status add_problem(Walk *walk, const char *path, int reason) {
    PictureEntry *entry;
    TRY(picture_list_add(walk->ctx, walk->list, path, &entry));
    return entry->problem != NULL ? SPICA_OK
                                  : picture_list_text(walk->ctx, walk->list, strerror(reason), &entry->problem);
}

/* One name of an open folder; `path` is its path from the top. */
static Status walk_name(Walk *walk, int folder, const char *name, const char *path) {
    struct stat facts;
    PictureEntry *entry;
    if (fstatat(folder, name, &facts, AT_SYMLINK_NOFOLLOW) != 0) return add_problem(walk, path, errno);
    if (S_ISDIR(facts.st_mode)) return stack_push(walk, &walk->folders, path);
    if (S_ISLNK(facts.st_mode)) {
        if (fstatat(folder, name, &facts, 0) != 0) return add_problem(walk, path, errno);
        if (S_ISDIR(facts.st_mode)) return stack_push(walk, &walk->links, path);
    }
    TRY(picture_list_add(walk->ctx, walk->list, path, &entry));
    return entry->problem != NULL ? SPICA_OK : picture_entry_examined(walk->ctx, walk->list, entry, &facts);
}

static Status walk_names(Walk *walk, DIR *folder, const char *path) {
    const size_t length = strlen(path);
    char *child;
    Status status = SPICA_OK;
    TRY(NEW_ARRAY(walk->ctx, &child, length + NAME_MAX + 2));
    while (status == SPICA_OK) {
        errno = 0;
        const struct dirent *entry = readdir(folder);
        if (entry == NULL) {
            if (errno != 0) status = add_problem(walk, length > 0 ? path : ".", errno);
            break;
        }
        const char *name = entry->d_name;
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) continue;
        if (name[0] == '.') {
            walk->hidden++;
            continue;
        }
        snprintf(child, length + NAME_MAX + 2, "%s%s%s", path, length > 0 ? "/" : "", name);
        status = walk_name(walk, dirfd(folder), name, child);
    }
    FREE_ARRAY(walk->ctx, &child);
    return status;
}

/* Reads one folder unless it was read before; `path` is relative, "" for the top. */
static Status walk_folder(Walk *walk, const char *path) {
    struct stat facts;
    bool fresh = true;
    const int file = openat(walk->top, *path != '\0' ? path : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = file >= 0 ? fdopendir(file) : NULL;
    if (folder == NULL || fstat(file, &facts) != 0) {
        const int reason = errno;
        if (folder != NULL)
            closedir(folder);
        else if (file >= 0)
            close(file);
        return add_problem(walk, *path != '\0' ? path : ".", reason);
    }
    Status status = read_mark(walk, &facts, &fresh);
    if (!fresh) walk->linked_again++;
    if (status == SPICA_OK && fresh) status = walk_names(walk, folder, path);
    closedir(folder);
    return status;
}

static int text_compare(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* All real folders, then the links to folders in the order of their bytes, each with the real folders below it: which
 * of two ways to a folder is taken does not depend on the order that a file system has. */
static Status walk_all(Walk *walk) {
    TRY(walk_folder(walk, ""));
    for (;;) {
        while (walk->folders.count > 0)
            TRY(walk_folder(walk, walk->folders.paths[--walk->folders.count]));
        if (walk->links.count == 0) return SPICA_OK;
        PathStack round = walk->links;
        walk->links = (PathStack){0};
        qsort(round.paths, round.count, sizeof *round.paths, text_compare);
        Status status = SPICA_OK;
        for (size_t i = 0; status == SPICA_OK && i < round.count; i++) {
            status = walk_folder(walk, round.paths[i]);
            while (status == SPICA_OK && walk->folders.count > 0)
                status = walk_folder(walk, walk->folders.paths[--walk->folders.count]);
        }
        FREE_ARRAY(walk->ctx, &round.paths);
        TRY(status);
    }
}

static int entry_compare(const void *a, const void *b) {
    return strcmp(((const PictureEntry *)a)->path, ((const PictureEntry *)b)->path);
}

Status picture_list_folder(Context *ctx, PictureList *list, const char *path) {
    Walk walk = {.ctx = ctx, .list = list};
    TRY(memory_copy_text(ctx, &list->folder, path));
    walk.top = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (walk.top < 0) return context_fail(ctx, SPICA_ERROR_DATA, "%s: %s", path, strerror(errno));
    const Status status = walk_all(&walk);
    close(walk.top);
    FREE_ARRAY(ctx, &walk.folders.paths);
    FREE_ARRAY(ctx, &walk.links.paths);
    FREE_ARRAY(ctx, &walk.read);
    TRY(status);
    if (list->count > 1) qsort(list->entries, list->count, sizeof *list->entries, entry_compare);
    if (walk.hidden > 0) log_info(ctx, "%s: %zu names that begin with a dot are passed over", path, walk.hidden);
    if (walk.linked_again > 0)
        log_info(ctx, "%s: %zu links lead to folders that are read already", path, walk.linked_again);
    return SPICA_OK;
}
