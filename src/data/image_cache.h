/* Decoded pictures on disk, so that a folder is decoded once: $XDG_CACHE_HOME/spica (else ~/.cache/spica) holds one
 * file for each set of pictures and way of reading them, which is mapped, not read. A file is written beside its place
 * and renamed when it is whole. All of them together keep within $SPICA_CACHE_LIMIT ("500M", "20G"; 20G without it, 0:
 * no cache); the ones used longest ago go first. Where nothing can be kept the pixels live in memory.
 *
 * File: a header, the pixels from IMAGE_CACHE_PIXELS on, then the reasons of the pictures that have none. */
#ifndef SPICA_DATA_IMAGE_CACHE_H
#define SPICA_DATA_IMAGE_CACHE_H

#include "data/dataset.h"
#include "data/picture_list.h"

#define IMAGE_CACHE_PIXELS 4096

/* What the pixels follow from: the pictures and the options. */
typedef struct ImageCacheKey {
    uint64_t words[2];
} ImageCacheKey;

/* Adds bytes to a key, which begins zeroed. */
void image_cache_key_add(ImageCacheKey *key, const void *bytes, size_t count);

/* What a file holds. */
typedef struct ImageCacheFacts {
    uint64_t count;                   /* pictures */
    uint32_t height, width, channels; /* of each */
    PictureSurvey survey;             /* Dataset.survey */
    uint64_t fingerprint;             /* Dataset.fingerprint */
} ImageCacheFacts;

/* Zeroed may be closed. */
typedef struct ImageCache {
    char *path, *partial; /* of the file, and while it is made; owned, NULL where the pixels are in memory */
    int file;             /* descriptor while it is made */
    bool open;            /* the descriptor is */
    uint8_t *mapping;     /* the whole file */
    size_t bytes;         /* of the mapping */
} ImageCache;

/* The folder of the cache, owned by the caller; NULL where the environment names none. */
Status image_cache_folder(Context *ctx, char **folder);

/* Finds what was kept under the key: *found, the facts, and the problems of the list's entries. The mapping is private:
 * what is written to it stays in this process. A damaged file is removed, and not found. Errors: SPICA_ERROR_MEMORY. */
Status image_cache_find(Context *ctx, ImageCache *cache, const ImageCacheKey *key, PictureList *list,
                        ImageCacheFacts *facts, bool *found);

/* Makes room for the pixels of `pictures` pictures of facts' size: in the cache, else in memory with a warning.
 * cache->file takes them, from IMAGE_CACHE_PIXELS on. Errors: SPICA_ERROR_MEMORY. */
Status image_cache_begin(Context *ctx, ImageCache *cache, const ImageCacheKey *key, const ImageCacheFacts *facts,
                         uint64_t pictures);

/* Maps the file that is being made, to be read and written. */
Status image_cache_map(Context *ctx, ImageCache *cache);

/* Completes the file with facts->count pictures and the problems of the list, keeps it in its place, and maps it as
 * image_cache_find does. */
Status image_cache_finish(Context *ctx, ImageCache *cache, const ImageCacheKey *key, const PictureList *list,
                          const ImageCacheFacts *facts);

void image_cache_close(Context *ctx, ImageCache *cache);

/* One file of the cache. */
typedef struct ImageCacheFile {
    char *path; /* owned by the table's arena */
    uint64_t bytes;
    int64_t used; /* nanoseconds since 1970 */
    ImageCacheFacts facts;
    bool whole; /* else it is being made, was left by a crash, or is of another version */
} ImageCacheFile;

typedef struct ImageCacheTable {
    ImageCacheFile *files; /* count, used longest ago first; owned by the arena */
    size_t count;
    Arena arena;
} ImageCacheTable;

/* Every file of the cache; none where there is no such folder. Zeroed may be closed. */
Status image_cache_list(Context *ctx, ImageCacheTable *table);
void image_cache_table_close(Context *ctx, ImageCacheTable *table);

#endif
