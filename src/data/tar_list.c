#include "data/tar_list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/files.h"
#include "base/log.h"
#include "data/array_dataset.h"
#include "data/gzip_file.h"
#include "data/tar_file.h"

/* ---- What is a tar ---- */

static const struct {
    const char *magic;
    size_t bytes;
    const char *name, *unpack; /* the command that makes a plain tar of it, with the file's name behind it */
} packings[] = {
    {"\x1f\x8b", 2, "gzip", "gunzip -k"},
    {"BZh", 3, "bzip2", "bunzip2 -k"},
    {"\xfd"
     "7zXZ\0",
     6, "xz", "unxz -k"},
    {"\x28\xb5\x2f\xfd", 4, "zstd", "unzstd"},
    {"LZIP\1", 5, "lzip", "lzip -dk"},
};
#define PACKINGS (sizeof packings / sizeof packings[0])

static bool ends_with(const char *text, const char *end) {
    const size_t length = strlen(text), count = strlen(end);
    return length >= count && strcmp(text + length - count, end) == 0;
}

/* Whether a compressed file says by its name that it is a tar. */
static bool named_as_packed_tar(const char *path) {
    static const char *const short_names[] = {".tgz", ".tbz", ".tbz2", ".txz", ".tzst", ".tlz"};
    for (size_t i = 0; i < sizeof short_names / sizeof short_names[0]; i++)
        if (ends_with(path, short_names[i])) return true;
    return strstr(path_name(path), ".tar.") != NULL;
}

/* How a tar is compressed: a row of packings, PACKINGS where it is not, or holds something else as far as can be told.
 */
static size_t tar_packing(const char *path) {
    uint8_t block[TAR_BLOCK];
    size_t i = 0;
    while (i < PACKINGS && !file_begins_with(path, packings[i].magic, packings[i].bytes))
        i++;
    if (i == PACKINGS || named_as_packed_tar(path)) return i;
    if (strcmp(packings[i].name, "gzip") != 0 || !gzip_peek(path, block, sizeof block)) return PACKINGS;
    return block_begins_tar(block) ? i : PACKINGS;
}

bool file_is_tar(const char *path) {
    return ends_with(path, ".tar") || file_begins_as_tar(path) || tar_packing(path) < PACKINGS;
}

/* ---- Its pictures ---- */

/* A hard link, until all members are known. */
typedef struct HardLink {
    const char *path, *target; /* the list's; of `path`: the one at `offset` */
    uint64_t offset;
} HardLink;

typedef struct TarWalk {
    Context *ctx;
    PictureList *list;
    struct stat archive;
    size_t hidden, replaced; /* what was passed over */
    HardLink *links;         /* in the archive's order; owned */
    size_t link_count, link_capacity;
} TarWalk;

/* In place, without the parts that mean nothing: "./a//b" becomes "a/b". */
static void path_clean(char *path) {
    char *to = path;
    for (const char *from = path; *from != '\0';) {
        const size_t length = strcspn(from, "/");
        const char *next = from + length + (from[length] == '/');
        if (length > 1 || (length == 1 && from[0] != '.')) {
            if (to > path) *to++ = '/';
            memmove(to, from, length);
            to += length;
        }
        from = next;
    }
    *to = '\0';
}

/* Whether a part of a path that is no ".." begins with a dot. */
static bool path_is_hidden(const char *path) {
    for (const char *part = path; part != NULL; part = strchr(part, '/')) {
        part += *part == '/';
        if (part[0] == '.' && strncmp(part, "../", 3) != 0 && strcmp(part, "..") != 0) return true;
    }
    return false;
}

/* Why nobody should unpack a member with this name, or NULL. */
static const char *name_problem(const char *name) {
    if (name[0] == '\0') return "a member without a name";
    if (name[0] == '/') return "its name begins at the root";
    for (const char *part = name; part != NULL; part = strchr(part, '/')) {
        part += *part == '/';
        if (strncmp(part, "../", 3) == 0 || strcmp(part, "..") == 0) return "its name leads out of its folder";
    }
    return NULL;
}

static const char *member_problem(const TarMember *member) {
    static const char *const kinds[] = {
        [TAR_FILE] = NULL,
        [TAR_FOLDER] = NULL,
        [TAR_HARD_LINK] = NULL,
        [TAR_LINK] = "a symbolic link, which is not followed within a tar",
        [TAR_FIFO] = "a FIFO, not a file",
        [TAR_DEVICE] = "a device, not a file",
        [TAR_SPARSE] = "a sparse file, which is not read within a tar",
        [TAR_OTHER] = "a member of a kind that is not read",
    };
    if (kinds[member->kind] != NULL) return kinds[member->kind];
    return member->size == 0 && member->kind == TAR_FILE ? "the file is empty" : NULL;
}

/* A hard link's entry already stands where its bytes would, if it had any. */
static Status link_add(TarWalk *walk, const TarMember *member, PictureEntry *entry) {
    char *target;
    if (walk->link_count == walk->link_capacity) {
        const size_t capacity = walk->link_capacity == 0 ? 16 : 2 * walk->link_capacity;
        HardLink *larger;
        TRY(NEW_ARRAY(walk->ctx, &larger, capacity));
        if (walk->link_count > 0) memcpy(larger, walk->links, walk->link_count * sizeof *larger);
        FREE_ARRAY(walk->ctx, &walk->links);
        walk->links = larger;
        walk->link_capacity = capacity;
    }
    TRY(memory_copy_text(walk->ctx, &target, member->target));
    path_clean(target);
    HardLink *link = &walk->links[walk->link_count++];
    *link = (HardLink){.path = entry->path, .offset = member->offset};
    const Status status = picture_list_text(walk->ctx, walk->list, target, &link->target);
    FREE_ARRAY(walk->ctx, &target);
    return status;
}

static Status entry_add(TarWalk *walk, const TarMember *member, const char *path, const char *problem) {
    PictureEntry *entry;
    TRY(picture_list_add(walk->ctx, walk->list, path, &entry));
    entry->size = member->size;
    entry->offset = member->offset;
    if (entry->problem == NULL) entry->problem = problem != NULL ? problem : member_problem(member);
    /* What a member says of its own time can stay the same when it changes. */
    picture_entry_date(entry, &walk->archive);
    if (member->kind == TAR_HARD_LINK && entry->problem == NULL) return link_add(walk, member, entry);
    return SPICA_OK;
}

static Status member_add(TarWalk *walk, const TarMember *member) {
    const char *problem = name_problem(member->name);
    char *path;
    if (member->kind == TAR_FOLDER) return SPICA_OK;
    TRY(memory_copy_text(walk->ctx, &path, member->name));
    if (problem == NULL) path_clean(path);
    const Status status = entry_add(walk, member, path, problem);
    FREE_ARRAY(walk->ctx, &path);
    return status;
}

static Status members_add(TarWalk *walk, const char *path) {
    TarFile tar = {0};
    TarMember member;
    bool found = true;
    Status status = tar_open(walk->ctx, &tar, path);
    while (status == SPICA_OK && found) {
        status = tar_next(walk->ctx, &tar, &member, &found);
        if (status == SPICA_OK && found) status = member_add(walk, &member);
    }
    if (status == SPICA_OK && tar.unmarked)
        log_warning(walk->ctx, "%s: ends without the mark of a tar's end: it may have been cut off", path);
    tar_close(walk->ctx, &tar);
    return status;
}

/* By path, of one name the last one at the end. */
static int entry_compare(const void *a, const void *b) {
    const PictureEntry *first = a, *second = b;
    const int order = strcmp(first->path, second->path);
    return order != 0 ? order : (first->offset > second->offset) - (first->offset < second->offset);
}

/* Of entries with one path, which stand together, the last one stays, unless it is hidden. (What links to it may not
 * be.) */
static void entries_replace(TarWalk *walk) {
    PictureList *list = walk->list;
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++) {
        if (i + 1 < list->count && strcmp(list->entries[i].path, list->entries[i + 1].path) == 0)
            walk->replaced++;
        else if (path_is_hidden(list->entries[i].path))
            walk->hidden++;
        else
            list->entries[kept++] = list->entries[i];
    }
    list->count = kept;
}

/* The first entry of a path in the sorted list, or the list's end. */
static size_t entries_find(const PictureList *list, const char *path) {
    size_t first = 0, end = list->count;
    while (first < end) {
        const size_t middle = first + (end - first) / 2;
        if (strcmp(list->entries[middle].path, path) < 0)
            first = middle + 1;
        else
            end = middle;
    }
    return first;
}

/* A hard link gets the bytes of the last member of its target's name before it, as if the archive was unpacked. Links
 * are taken in the archive's order, so that one may link to another. */
static void link_follow(PictureList *list, const HardLink *link) {
    PictureEntry *entry = NULL;
    const PictureEntry *target = NULL;
    for (size_t i = entries_find(list, link->path); i < list->count && strcmp(list->entries[i].path, link->path) == 0;
         i++)
        if (list->entries[i].offset == link->offset) entry = &list->entries[i];
    for (size_t i = entries_find(list, link->target);
         i < list->count && strcmp(list->entries[i].path, link->target) == 0; i++)
        if (list->entries[i].offset < link->offset) target = &list->entries[i];
    if (entry == NULL) return;
    entry->problem = target == NULL ? "a link to what is not in the tar before it" : target->problem;
    if (target == NULL) return;
    entry->offset = target->offset;
    entry->size = target->size;
}

/* Sorts the entries, follows hard links, and leaves the last of each name. */
static void entries_settle(TarWalk *walk) {
    PictureList *list = walk->list;
    if (list->count > 1) qsort(list->entries, list->count, sizeof *list->entries, entry_compare);
    for (size_t i = 0; i < walk->link_count; i++)
        link_follow(list, &walk->links[i]);
    entries_replace(walk);
}

static Status packing_refuse(Context *ctx, const char *path, size_t packing) {
    return context_fail(ctx, SPICA_ERROR_DATA,
                        "%s: a tar compressed by %s is not read: unpack it (tar -xf), or make a plain tar of it (%s)",
                        path, packings[packing].name, packings[packing].unpack);
}

Status picture_list_tar(Context *ctx, PictureList *list, const char *path) {
    TarWalk walk = {.ctx = ctx, .list = list};
    const size_t packing = tar_packing(path);
    if (packing < PACKINGS) return packing_refuse(ctx, path, packing);
    if (stat(path, &walk.archive) != 0) return context_fail(ctx, SPICA_ERROR_DATA, "%s: %s", path, strerror(errno));
    TRY(picture_list_begin(ctx, list, path));
    TRY(picture_list_text(ctx, list, path_name(path), &list->archive));
    const Status status = members_add(&walk, path);
    if (status == SPICA_OK) entries_settle(&walk);
    FREE_ARRAY(ctx, &walk.links);
    TRY(status);
    if (walk.hidden > 0) log_info(ctx, "%s: %zu names that begin with a dot are passed over", path, walk.hidden);
    if (walk.replaced > 0)
        log_info(ctx, "%s: %zu members have a later one of the same name in their place", path, walk.replaced);
    return SPICA_OK;
}
