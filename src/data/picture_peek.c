/* A look into a folder that does not list it: whether there is a picture in it at all. */
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "data/picture_kind.h"
#include "data/picture_list.h"

/* Names that are looked at: a million files without any picture are told within a few seconds. */
#define NAMES_MOST ((size_t)1000000)
/* Folders within folders, of which each is open meanwhile. */
#define DEPTH_MOST 200

typedef struct Peek {
    size_t names;   /* looked at so far */
    bool follow;    /* links to folders too: a loop of them ends with the names */
    bool has_links; /* there are such links */
} Peek;

static bool peek_folder(Peek *peek, int parent, const char *name, int depth);

static bool peek_name(Peek *peek, int folder, const char *name, int depth) {
    struct stat facts;
    if (fstatat(folder, name, &facts, AT_SYMLINK_NOFOLLOW) != 0) return false;
    const bool link = S_ISLNK(facts.st_mode);
    if (link && fstatat(folder, name, &facts, 0) != 0) return false;
    if (S_ISREG(facts.st_mode)) return facts.st_size > 0 && picture_kind_at(folder, name) != PICTURE_NONE;
    if (!S_ISDIR(facts.st_mode)) return false;
    peek->has_links = peek->has_links || link;
    return (!link || peek->follow) && depth < DEPTH_MOST && peek_folder(peek, folder, name, depth + 1);
}

static bool peek_folder(Peek *peek, int parent, const char *name, int depth) {
    bool found = false;
    const int file = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = file >= 0 ? fdopendir(file) : NULL;
    if (folder == NULL && file >= 0) close(file);
    while (folder != NULL && !found && peek->names < NAMES_MOST) {
        const struct dirent *entry = readdir(folder);
        if (entry == NULL) break;
        if (entry->d_name[0] == '.') continue;
        peek->names++;
        found = peek_name(peek, dirfd(folder), entry->d_name, depth);
    }
    if (folder != NULL) closedir(folder);
    return found;
}

bool folder_has_picture(const char *path) {
    Peek peek = {0}, again = {.follow = true};
    if (peek_folder(&peek, AT_FDCWD, path, 0)) return true;
    return peek.has_links && peek_folder(&again, AT_FDCWD, path, 0);
}
