#define _DEFAULT_SOURCE /* syscall */
#include "data/image_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/files.h"
#include "base/log.h"
#include "base/number.h"
#include "data/dataset_measure.h"

#define MAGIC "SPICAPIX"
#define VERSION 2
#define BYTE_ORDER_MARK UINT32_C(0x01020304)
#define SUFFIX ".pixels"
#define PARTIAL ".partial-" /* and the number of the process, behind the suffix */
#define LIMIT_USUAL ((uint64_t)20 << 30)
/* Seconds after which a file that is being made was left by a crash. */
#define PARTIAL_AGE ((int64_t)24 * 3600)

/* How a file begins. */
typedef struct Header {
    char magic[8];
    uint32_t version, byte_order;
    ImageCacheKey key;
    ImageCacheFacts facts;
    uint64_t entries;       /* of the list */
    uint64_t problem_bytes; /* behind the pixels: for each problem its entry and its length in 8 bytes each, its text */
    uint64_t problem_hash;
    uint64_t header_hash; /* of all the above */
} Header;

void image_cache_key_add(ImageCacheKey *key, const void *bytes, size_t count) {
    const uint64_t hash = bytes_hash(bytes, count);
    key->words[0] = hash_combine(key->words[0], hash);
    key->words[1] = hash_combine(key->words[1] ^ UINT64_C(0x9e3779b97f4a7c15), hash + count);
}

static uint64_t header_hash(const Header *header) { return bytes_hash(header, offsetof(Header, header_hash)); }

static uint64_t pixel_bytes(const ImageCacheFacts *facts) {
    return facts->count * facts->height * facts->width * facts->channels;
}

/* ---- Where it is ---- */

Status image_cache_folder(Context *ctx, char **folder) {
    const char *base = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    *folder = NULL;
    /* A relative path there is to be ignored (XDG Base Directory Specification). */
    if (base != NULL && base[0] == '/') return path_join(ctx, folder, base, "spica");
    if (home != NULL && home[0] == '/') return path_join(ctx, folder, home, ".cache/spica");
    return SPICA_OK;
}

/* Bytes that the cache may hold. */
static uint64_t cache_limit(Context *ctx) {
    static const char units[] = "kMGT";
    const char *text = getenv("SPICA_CACHE_LIMIT");
    char number[32];
    double value = 0.0;
    if (text == NULL || *text == '\0') return LIMIT_USUAL;
    const size_t length = strlen(text);
    const char *unit = strchr(units, text[length - 1]);
    snprintf(number, sizeof number, "%.*s", (int)(unit != NULL ? length - 1 : length), text);
    if (length < sizeof number && number_parse_real(number, &value) && value >= 0.0 && value < 1e15) {
        for (const char *step = units; unit != NULL && step <= unit; step++)
            value *= 1024.0;
        return value < 9e18 ? (uint64_t)value : UINT64_MAX / 2;
    }
    log_warning(ctx, "SPICA_CACHE_LIMIT = %s: a size like 500M or 20G is expected; 20G is taken", text);
    return LIMIT_USUAL;
}

/* ---- Files ---- */

/* Reads and checks a header; false where it is none of this version. */
static bool header_read(int file, Header *header) {
    if (pread(file, header, sizeof *header, 0) != (ssize_t)sizeof *header) return false;
    if (memcmp(header->magic, MAGIC, sizeof header->magic) != 0 || header->version != VERSION) return false;
    return header->byte_order == BYTE_ORDER_MARK && header->header_hash == header_hash(header);
}

static bool size_fits(const Header *header, uint64_t size) {
    const ImageCacheFacts *facts = &header->facts;
    const uint64_t picture = (uint64_t)facts->height * facts->width * facts->channels;
    if (size < IMAGE_CACHE_PIXELS || picture == 0 || facts->count > size / picture) return false;
    return size - IMAGE_CACHE_PIXELS - pixel_bytes(facts) == header->problem_bytes;
}

static bool file_map(ImageCache *cache, int file, uint64_t bytes, int flags) {
    void *mapping = mmap(NULL, (size_t)bytes, PROT_READ | PROT_WRITE, flags, file, 0);
    if (mapping == MAP_FAILED) return false;
    cache->mapping = mapping;
    cache->bytes = (size_t)bytes;
    return true;
}

static void unmap(ImageCache *cache) {
    if (cache->mapping != NULL) munmap(cache->mapping, cache->bytes);
    cache->mapping = NULL;
    cache->bytes = 0;
}

/* The problems behind the pixels, into the list. *valid: they make sense. */
static Status problems_read(Context *ctx, const uint8_t *bytes, uint64_t count, PictureList *list, bool *valid) {
    uint64_t at = 0;
    *valid = true;
    while (*valid && at < count) {
        uint64_t place[2]; /* entry and length */
        char *text;
        *valid = count - at >= sizeof place;
        if (!*valid) break;
        memcpy(place, bytes + at, sizeof place);
        at += sizeof place;
        *valid = place[0] < list->count && place[1] <= count - at;
        if (!*valid) break;
        TRY(arena_allocate(ctx, &list->arena, (void **)&text, (size_t)place[1] + 1, 1));
        memcpy(text, bytes + at, (size_t)place[1]);
        list->entries[place[0]].problem = text;
        at += place[1];
    }
    return SPICA_OK;
}

/* Maps an open file if it holds what is looked for. */
static Status file_use(Context *ctx, ImageCache *cache, int file, const ImageCacheKey *key, PictureList *list,
                       ImageCacheFacts *facts, bool *found) {
    struct stat state;
    Header header;
    if (fstat(file, &state) != 0 || !header_read(file, &header) || !size_fits(&header, (uint64_t)state.st_size))
        return SPICA_OK;
    if (memcmp(&header.key, key, sizeof *key) != 0 || header.entries != list->count) return SPICA_OK;
    if (!file_map(cache, file, (uint64_t)state.st_size, MAP_PRIVATE)) return SPICA_OK;
    const uint8_t *problems = cache->mapping + IMAGE_CACHE_PIXELS + pixel_bytes(&header.facts);
    if (bytes_hash(problems, (size_t)header.problem_bytes) == header.problem_hash)
        TRY(problems_read(ctx, problems, header.problem_bytes, list, found));
    *facts = header.facts;
    return SPICA_OK;
}

static Status cache_path(Context *ctx, const ImageCacheKey *key, char **path) {
    char *folder, name[64];
    *path = NULL;
    TRY(image_cache_folder(ctx, &folder));
    if (folder == NULL) return SPICA_OK;
    snprintf(name, sizeof name, "%016" PRIx64 "%016" PRIx64 SUFFIX, key->words[0], key->words[1]);
    const Status status = path_join(ctx, path, folder, name);
    FREE_ARRAY(ctx, &folder);
    return status;
}

Status image_cache_find(Context *ctx, ImageCache *cache, const ImageCacheKey *key, PictureList *list,
                        ImageCacheFacts *facts, bool *found) {
    char *path;
    *found = false;
    if (cache_limit(ctx) == 0) return SPICA_OK;
    TRY(cache_path(ctx, key, &path));
    const int file = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    Status status = SPICA_OK;
    if (file >= 0) {
        status = file_use(ctx, cache, file, key, list, facts, found);
        if (*found)
            futimens(file, NULL); /* used now; where that is not allowed it only seems older */
        else if (status == SPICA_OK)
            unlink(path);
        if (!*found) unmap(cache);
        close(file);
    }
    if (*found)
        cache->path = path;
    else
        FREE_ARRAY(ctx, &path);
    return status;
}

/* ---- Making one ---- */

/* A file of no folder, of which nothing is left when it is closed. */
static Status begin_in_memory(Context *ctx, ImageCache *cache, uint64_t bytes) {
    cache->file = (int)syscall(SYS_memfd_create, "spica-pixels", 1u /* MFD_CLOEXEC */);
    cache->open = cache->file >= 0;
    if (!cache->open || ftruncate(cache->file, (off_t)bytes) != 0)
        return context_fail(ctx, SPICA_ERROR_MEMORY, "no room for %" PRIu64 " bytes of pictures: %s", bytes,
                            strerror(errno));
    return SPICA_OK;
}

/* Removes what was used longest ago until `bytes` more keep within the limit. */
static Status cache_prune(Context *ctx, uint64_t bytes, uint64_t limit) {
    ImageCacheTable table = {0};
    const Status status = image_cache_list(ctx, &table);
    const int64_t now = (int64_t)time(NULL);
    uint64_t held = 0;
    for (size_t i = 0; i < table.count; i++)
        held += table.files[i].bytes;
    for (size_t i = 0; i < table.count; i++) {
        const ImageCacheFile *file = &table.files[i];
        const bool making = !file->whole && strstr(path_name(file->path), PARTIAL) != NULL;
        const bool old = making && now - file->used / 1000000000 > PARTIAL_AGE;
        if (!old && (making || held + bytes <= limit)) continue;
        if (unlink(file->path) != 0) continue;
        held -= file->bytes;
        if (!old) log_info(ctx, "cache: removed %s to make room", file->path);
    }
    image_cache_table_close(ctx, &table);
    return status;
}

/* Opens the file beside its place, with all of its room reserved; the reason, or 0. */
static int partial_open(ImageCache *cache, const char *folder, uint64_t bytes) {
    if (mkdir(folder, 0700) != 0 && errno != EEXIST) return errno;
    cache->file = open(cache->partial, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (cache->file < 0) return errno;
    cache->open = true;
    const int reason = posix_fallocate(cache->file, 0, (off_t)bytes);
    if (reason != 0) {
        unlink(cache->partial);
        close(cache->file);
        cache->open = false;
    }
    return reason;
}

static Status begin_on_disk(Context *ctx, ImageCache *cache, uint64_t bytes, int *reason) {
    char *folder = NULL;
    const size_t capacity = strlen(cache->path) + sizeof PARTIAL + 24;
    TRY(NEW_ARRAY(ctx, &cache->partial, capacity));
    snprintf(cache->partial, capacity, "%s" PARTIAL "%ld", cache->path, (long)getpid());
    TRY(image_cache_folder(ctx, &folder));
    char *slash = folder != NULL ? strrchr(folder, '/') : NULL;
    if (slash == NULL) {
        FREE_ARRAY(ctx, &folder);
        return context_fail(ctx, SPICA_ERROR_INTERNAL, "the cache's folder is no full path");
    }
    *slash = '\0';
    const Status made = folder_make(ctx, folder); /* the parents; the last one is made private */
    *slash = '/';
    *reason = made == SPICA_OK ? partial_open(cache, folder, bytes) : errno;
    FREE_ARRAY(ctx, &folder);
    return made == SPICA_ERROR_MEMORY ? made : SPICA_OK;
}

Status image_cache_begin(Context *ctx, ImageCache *cache, const ImageCacheKey *key, const ImageCacheFacts *facts,
                         uint64_t pictures) {
    const uint64_t bytes = IMAGE_CACHE_PIXELS + pictures * facts->height * facts->width * facts->channels;
    const uint64_t limit = cache_limit(ctx);
    int reason = 0;
    if (limit > 0 && bytes <= limit) TRY(cache_path(ctx, key, &cache->path));
    if (cache->path != NULL) {
        TRY(cache_prune(ctx, bytes, limit));
        TRY(begin_on_disk(ctx, cache, bytes, &reason));
        if (cache->open) return SPICA_OK;
        log_warning(ctx, "%s: %s; the decoded pictures are kept in memory, and decoded again next time", cache->path,
                    strerror(reason));
        FREE_ARRAY(ctx, &cache->partial);
        FREE_ARRAY(ctx, &cache->path);
    } else if (limit > 0 && bytes > limit) {
        log_warning(ctx,
                    "the decoded pictures take %" PRIu64 " MB, more than the cache may hold (SPICA_CACHE_LIMIT); "
                    "they are kept in memory, and decoded again next time",
                    bytes >> 20);
    }
    return begin_in_memory(ctx, cache, bytes);
}

Status image_cache_map(Context *ctx, ImageCache *cache) {
    struct stat state;
    if (fstat(cache->file, &state) == 0 && file_map(cache, cache->file, (uint64_t)state.st_size, MAP_SHARED))
        return SPICA_OK;
    return context_fail(ctx, SPICA_ERROR_MEMORY, "the decoded pictures cannot be mapped: %s", strerror(errno));
}

static bool write_at(int file, const void *bytes, size_t count, uint64_t offset) {
    for (const char *next = bytes; count > 0;) {
        const ssize_t put = pwrite(file, next, count, (off_t)offset);
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0) return false;
        next += put;
        count -= (size_t)put;
        offset += (uint64_t)put;
    }
    return true;
}

/* *bytes[*count]: the problems of the list as the file holds them; owned by the caller. */
static Status problems_make(Context *ctx, const PictureList *list, uint8_t **bytes, size_t *count) {
    *count = 0;
    for (size_t i = 0; i < list->count; i++)
        if (list->entries[i].problem != NULL) *count += 2 * sizeof(uint64_t) + strlen(list->entries[i].problem);
    TRY(NEW_ARRAY(ctx, bytes, *count));
    uint8_t *next = *bytes;
    for (size_t i = 0; i < list->count; i++) {
        const char *problem = list->entries[i].problem;
        if (problem == NULL) continue;
        const uint64_t place[2] = {i, strlen(problem)};
        memcpy(next, place, sizeof place);
        memcpy(next + sizeof place, problem, (size_t)place[1]);
        next += sizeof place + place[1];
    }
    return SPICA_OK;
}

static Status file_complete(Context *ctx, ImageCache *cache, const ImageCacheKey *key, const PictureList *list,
                            const ImageCacheFacts *facts, uint64_t *size) {
    uint8_t *problems;
    size_t count;
    TRY(problems_make(ctx, list, &problems, &count));
    Header header;
    memset(&header, 0, sizeof header); /* what lies between the members is hashed too */
    header.version = VERSION;
    header.byte_order = BYTE_ORDER_MARK;
    header.key = *key;
    header.facts = *facts;
    header.entries = list->count;
    header.problem_bytes = count;
    header.problem_hash = bytes_hash(problems, count);
    memcpy(header.magic, MAGIC, sizeof header.magic);
    header.header_hash = header_hash(&header);
    const uint64_t end = IMAGE_CACHE_PIXELS + pixel_bytes(facts);
    *size = end + count;
    const bool written = ftruncate(cache->file, (off_t)*size) == 0 && write_at(cache->file, problems, count, end) &&
                         write_at(cache->file, &header, sizeof header, 0);
    FREE_ARRAY(ctx, &problems);
    if (written) return SPICA_OK;
    return context_fail(ctx, SPICA_ERROR_IO, "the decoded pictures cannot be kept: %s", strerror(errno));
}

Status image_cache_finish(Context *ctx, ImageCache *cache, const ImageCacheKey *key, const PictureList *list,
                          const ImageCacheFacts *facts) {
    uint64_t size;
    unmap(cache);
    TRY(file_complete(ctx, cache, key, list, facts, &size));
    if (!file_map(cache, cache->file, size, MAP_PRIVATE))
        return context_fail(ctx, SPICA_ERROR_MEMORY, "the decoded pictures cannot be mapped: %s", strerror(errno));
    if (cache->partial != NULL) {
        if (rename(cache->partial, cache->path) != 0)
            log_warning(ctx, "%s: %s; the decoded pictures are not kept", cache->path, strerror(errno));
        else
            FREE_ARRAY(ctx, &cache->partial);
    }
    close(cache->file);
    cache->open = false;
    return SPICA_OK;
}

void image_cache_close(Context *ctx, ImageCache *cache) {
    unmap(cache);
    if (cache->open) close(cache->file);
    if (cache->partial != NULL) unlink(cache->partial);
    FREE_ARRAY(ctx, &cache->partial);
    FREE_ARRAY(ctx, &cache->path);
    *cache = (ImageCache){0};
}

/* ---- What it holds ---- */

static bool is_cache_file(const char *name) {
    const size_t digits = strspn(name, "0123456789abcdef"), suffix = sizeof SUFFIX - 1;
    if (digits != 32 || strncmp(name + digits, SUFFIX, suffix) != 0) return false;
    const char *rest = name + digits + suffix;
    return *rest == '\0' || strncmp(rest, PARTIAL, sizeof PARTIAL - 1) == 0;
}

static void file_describe(ImageCacheFile *file) {
    struct stat state;
    Header header;
    const int opened = open(file->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (opened < 0) return;
    if (fstat(opened, &state) == 0) {
        file->bytes = (uint64_t)state.st_size;
        file->used = (int64_t)state.st_mtim.tv_sec * 1000000000 + state.st_mtim.tv_nsec;
        file->whole = strstr(path_name(file->path), PARTIAL) == NULL && header_read(opened, &header) &&
                      size_fits(&header, file->bytes);
        if (file->whole) file->facts = header.facts;
    }
    close(opened);
}

static int file_compare(const void *a, const void *b) {
    const ImageCacheFile *first = a, *second = b;
    if (first->used != second->used) return first->used < second->used ? -1 : 1;
    return strcmp(first->path, second->path);
}

static Status table_fill(Context *ctx, ImageCacheTable *table, const char *folder, const FolderList *list) {
    TRY(arena_allocate(ctx, &table->arena, (void **)&table->files, list->count, sizeof *table->files));
    for (size_t i = 0; i < list->count; i++) {
        if (!is_cache_file(list->names[i])) continue;
        ImageCacheFile *file = &table->files[table->count];
        const size_t bytes = strlen(folder) + strlen(list->names[i]) + 2;
        TRY(arena_allocate(ctx, &table->arena, (void **)&file->path, bytes, 1));
        snprintf(file->path, bytes, "%s/%s", folder, list->names[i]);
        file_describe(file);
        table->count++;
    }
    if (table->count > 1) qsort(table->files, table->count, sizeof *table->files, file_compare);
    return SPICA_OK;
}

Status image_cache_list(Context *ctx, ImageCacheTable *table) {
    char *folder;
    FolderList list = {0};
    TRY(image_cache_folder(ctx, &folder));
    Status status = SPICA_OK;
    if (folder != NULL && path_is_folder(folder)) {
        status = folder_list(ctx, &list, folder);
        if (status == SPICA_OK) status = table_fill(ctx, table, folder, &list);
    }
    folder_list_close(ctx, &list);
    FREE_ARRAY(ctx, &folder);
    return status;
}

void image_cache_table_close(Context *ctx, ImageCacheTable *table) {
    arena_close(ctx, &table->arena);
    *table = (ImageCacheTable){0};
}
