#define _DEFAULT_SOURCE /* realpath */
#include "data/picture_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json_text.h"
#include "base/log.h"
#include "data/dataset_measure.h"
#include "data/decode_workers.h"
#include "data/image_cache.h"
#include "data/picture_kind.h"
#include "data/picture_labels.h"
#include "data/picture_list.h"
#include "data/tar_list.h"

/* What the cache holds changes with what the decoder does. */
#define DECODER_GENERATION 2

/* One reading of DATA. Zeroed may be closed. */
typedef struct Reading {
    Context *ctx;
    Dataset *dataset;
    const ReadRequest *request;
    const DataSettings *settings;
    PictureList *list;
    int usual_size;
    ImageCacheKey key;
    ImageCache cache;
    ImageCacheFacts facts;
} Reading;

/* ---- Which pictures ---- */

/* The random subset of data.limit: what is left out is not even decoded. */
static Status list_limit(Reading *reading) {
    PictureList *list = reading->list;
    const size_t limit = reading->settings->limit;
    bool *chosen;
    if (limit == 0 || limit >= list->count) return SPICA_OK;
    TRY(NEW_ARRAY(reading->ctx, &chosen, list->count));
    const Status status = dataset_choose_rows(reading->ctx, chosen, list->count, limit);
    size_t kept = 0;
    for (size_t i = 0; status == SPICA_OK && i < list->count; i++)
        if (chosen[i]) list->entries[kept++] = list->entries[i];
    if (status == SPICA_OK) list->count = kept;
    FREE_ARRAY(reading->ctx, &chosen);
    return status;
}

static void key_add_number(ImageCacheKey *key, uint64_t value) { image_cache_key_add(key, &value, sizeof value); }

static void key_add_text(ImageCacheKey *key, const char *text) { image_cache_key_add(key, text, strlen(text) + 1); }

static Status key_make(Reading *reading) {
    ImageCacheKey *key = &reading->key;
    const DataSettings *settings = reading->settings;
    char *folder = realpath(reading->list->folder, NULL);
    if (folder == NULL)
        return context_fail(reading->ctx, SPICA_ERROR_DATA, "%s: %s", reading->list->folder, strerror(errno));
    key_add_number(key, DECODER_GENERATION);
    key_add_number(key, (uint64_t)settings->size);
    key_add_number(key, (uint64_t)reading->usual_size);
    key_add_number(key, (uint64_t)settings->letterbox);
    key_add_number(key, (uint64_t)settings->grey);
    key_add_number(key, settings->max_pixels);
    key_add_number(key, (uint64_t)(settings->decode_seconds * 1000.0));
    key_add_text(key, folder);
    free(folder); /* the C library's */
    key_add_text(key, reading->list->archive != NULL ? reading->list->archive : "");
    for (size_t i = 0; i < reading->list->count; i++) {
        const PictureEntry *entry = &reading->list->entries[i];
        key_add_text(key, entry->path);
        key_add_text(key, entry->problem != NULL ? entry->problem : "");
        key_add_number(key, entry->size);
        key_add_number(key, entry->offset);
        key_add_number(key, (uint64_t)entry->modified);
        key_add_number(key, (uint64_t)entry->changed);
    }
    return SPICA_OK;
}

/* ---- Their pixels ---- */

static DecodeSettings decode_settings(const Reading *reading) {
    const DataSettings *settings = reading->settings;
    return (DecodeSettings){
        .width = settings->size > 0 ? settings->size : reading->usual_size,
        .height = settings->size > 0 ? settings->size : reading->usual_size,
        .channels = settings->grey ? 1 : 3,
        .fit = settings->letterbox ? DECODE_LETTERBOX : DECODE_CROP,
        .most_pixels = settings->max_pixels,
        .seconds = settings->decode_seconds,
        .offset = IMAGE_CACHE_PIXELS,
    };
}

/* With data.size = 0 the first picture tells the size that all may have. */
static Status size_guess(Reading *reading, DecodeSettings *settings) {
    int width, height;
    if (reading->settings->size > 0) return SPICA_OK;
    settings->file = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (settings->file < 0)
        return context_fail(reading->ctx, SPICA_ERROR_IO, "cannot open /dev/null: %s", strerror(errno));
    const Status status = decode_measure(reading->ctx, reading->list, settings, &width, &height);
    close(settings->file);
    TRY(status);
    if (width < 1 || height < 1 || width > reading->usual_size || height > reading->usual_size) return SPICA_OK;
    settings->width = width;
    settings->height = height;
    settings->fit = DECODE_EXACT;
    return SPICA_OK;
}

static Status decode_at(Reading *reading, DecodeSettings *settings, bool *other_size) {
    reading->facts = (ImageCacheFacts){.width = (uint32_t)settings->width,
                                       .height = (uint32_t)settings->height,
                                       .channels = (uint32_t)settings->channels};
    TRY(image_cache_begin(reading->ctx, &reading->cache, &reading->key, &reading->facts, reading->list->count));
    settings->file = reading->cache.file;
    return decode_pictures(reading->ctx, reading->list, settings, other_size);
}

static Status decode_all(Reading *reading) {
    DecodeSettings settings = decode_settings(reading);
    const DecodeSettings usual = settings;
    bool other_size = false;
    TRY(size_guess(reading, &settings));
    TRY(decode_at(reading, &settings, &other_size));
    if (other_size) {
        image_cache_close(reading->ctx, &reading->cache);
        settings = usual;
        TRY(decode_at(reading, &settings, &other_size));
    }
    if (settings.fit == DECODE_EXACT)
        log_info(reading->ctx, "pictures: all are %d x %d and keep their size", settings.width, settings.height);
    else
        log_info(reading->ctx, "pictures: resized to %d x %d (data.size)", settings.width, settings.height);
    return SPICA_OK;
}

/* Moves the pictures that were decoded to the front, in their order. */
static void rows_close_up(Reading *reading) {
    const PictureList *list = reading->list;
    const size_t picture = (size_t)reading->facts.height * reading->facts.width * reading->facts.channels;
    uint8_t *pixels = reading->cache.mapping + IMAGE_CACHE_PIXELS;
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++) {
        if (list->entries[i].problem != NULL) continue;
        if (kept != i) memcpy(pixels + kept * picture, pixels + i * picture, picture);
        kept++;
    }
    reading->facts.count = kept;
}

static void survey_make(PictureSurvey *survey, const PictureList *list) {
    *survey = (PictureSurvey){.width_least = UINT32_MAX, .height_least = UINT32_MAX};
    for (size_t i = 0; i < list->count; i++) {
        const PictureEntry *entry = &list->entries[i];
        if (entry->problem != NULL) continue;
        if (entry->width < survey->width_least) survey->width_least = entry->width;
        if (entry->width > survey->width_most) survey->width_most = entry->width;
        if (entry->height < survey->height_least) survey->height_least = entry->height;
        if (entry->height > survey->height_most) survey->height_most = entry->height;
        survey->kinds[entry->kind]++;
    }
}

/* The dataset's pixels are the mapping's. */
static void dataset_point(Reading *reading) {
    Dataset *dataset = reading->dataset;
    dataset->count = (size_t)reading->facts.count;
    dataset->height = (int)reading->facts.height;
    dataset->width = (int)reading->facts.width;
    dataset->channels = (int)reading->facts.channels;
    dataset->pixels = reading->cache.mapping + IMAGE_CACHE_PIXELS;
    dataset->survey = reading->facts.survey;
}

static Status nothing_left(Reading *reading) {
    const PictureList *list = reading->list;
    char *path = NULL;
    TRY(text_escape(reading->ctx, &path, list->entries[0].path));
    const Status status =
        context_fail(reading->ctx, SPICA_ERROR_DATA, "%s: none of %zu files can be read as a picture; %s: %s",
                     reading->request->path, list->count, path, list->entries[0].problem);
    FREE_ARRAY(reading->ctx, &path);
    return status;
}

static Status pixels_decode(Reading *reading) {
    Context *ctx = reading->ctx;
    TRY(decode_all(reading));
    TRY(image_cache_map(ctx, &reading->cache));
    rows_close_up(reading);
    if (reading->facts.count == 0) return nothing_left(reading);
    survey_make(&reading->facts.survey, reading->list);
    dataset_point(reading);
    TRY(dataset_fingerprint(ctx, reading->dataset, &reading->dataset->fingerprint));
    reading->facts.fingerprint = reading->dataset->fingerprint;
    TRY(image_cache_finish(ctx, &reading->cache, &reading->key, reading->list, &reading->facts));
    dataset_point(reading);
    return SPICA_OK;
}

/* *found: what the cache holds is whole, by its fingerprint. */
static Status pixels_find(Reading *reading, bool *found) {
    Context *ctx = reading->ctx;
    Dataset *dataset = reading->dataset;
    TRY(image_cache_find(ctx, &reading->cache, &reading->key, reading->list, &reading->facts, found));
    if (!*found) return SPICA_OK;
    dataset_point(reading);
    TRY(dataset_fingerprint(ctx, dataset, &dataset->fingerprint));
    if (dataset->fingerprint == reading->facts.fingerprint) {
        log_info(ctx, "pictures: %zu of %d x %d from the cache", dataset->count, dataset->width, dataset->height);
        return SPICA_OK;
    }
    log_warning(ctx, "%s: damaged; the pictures are decoded again", reading->cache.path);
    unlink(reading->cache.path);
    image_cache_close(ctx, &reading->cache);
    *found = false;
    return SPICA_OK;
}

/* ---- What is told of them ---- */

/* Paths of the rows, and what became of the others. The texts are the list's: its arena becomes the dataset's. */
static Status names_take(Reading *reading) {
    Context *ctx = reading->ctx;
    Dataset *dataset = reading->dataset;
    const PictureList *list = reading->list;
    size_t rows = 0;
    dataset->arena = reading->list->arena;
    reading->list->arena = (Arena){0};
    TRY(arena_allocate(ctx, &dataset->arena, (void **)&dataset->paths, dataset->count, sizeof *dataset->paths));
    TRY(arena_allocate(ctx, &dataset->arena, (void **)&dataset->bad, list->count - dataset->count,
                       sizeof *dataset->bad));
    for (size_t i = 0; i < list->count; i++) {
        const PictureEntry *entry = &list->entries[i];
        if (entry->problem == NULL)
            dataset->paths[rows++] = (char *)(uintptr_t)entry->path;
        else
            dataset->bad[dataset->bad_count++] = (BadFile){.path = entry->path, .reason = entry->problem};
    }
    return SPICA_OK;
}

static Status problems_tell(Reading *reading) {
    Context *ctx = reading->ctx;
    const Dataset *dataset = reading->dataset;
    if (dataset->bad_count == 0) return SPICA_OK;
    char *path = NULL;
    TRY(text_escape(ctx, &path, dataset->bad[0].path));
    Status status = SPICA_OK;
    if (reading->settings->strict)
        status =
            context_fail(ctx, SPICA_ERROR_DATA, "%s: %s: %s (data.strict; %zu of %zu files)", reading->request->path,
                         path, dataset->bad[0].reason, dataset->bad_count, reading->list->count);
    else
        log_warning(ctx, "%zu of %zu files cannot be used and are left out; %s: %s", dataset->bad_count,
                    reading->list->count, path, dataset->bad[0].reason);
    FREE_ARRAY(ctx, &path);
    return status;
}

static Status reading_run(Reading *reading) {
    Context *ctx = reading->ctx;
    bool found;
    TRY(list_limit(reading));
    if (reading->list->count == 0)
        return context_fail(ctx, SPICA_ERROR_DATA, "%s: holds no pictures", reading->request->path);
    if (reading->list->count > INT32_MAX)
        return context_fail(ctx, SPICA_ERROR_DATA, "%s: too many pictures, %zu", reading->request->path,
                            reading->list->count);
    TRY(key_make(reading));
    TRY(pixels_find(reading, &found));
    if (!found) TRY(pixels_decode(reading));
    TRY(names_take(reading));
    return problems_tell(reading);
}

/* The mapping goes to the dataset, which unmaps it, or away. */
static void reading_close(Reading *reading, bool keep) {
    if (keep) {
        reading->dataset->mapping = reading->cache.mapping;
        reading->dataset->mapping_bytes = reading->cache.bytes;
        reading->cache.mapping = NULL;
    } else {
        reading->dataset->pixels = NULL;
    }
    image_cache_close(reading->ctx, &reading->cache);
}

Status pictures_read_list(Context *ctx, Dataset *dataset, const ReadRequest *request, PictureList *list,
                          int usual_size) {
    DataSettings settings = *request->settings;
    if (settings.max_pixels == 0) settings.max_pixels = DATA_MAX_PIXELS;
    if (settings.decode_seconds <= 0.0) settings.decode_seconds = DATA_DECODE_SECONDS;
    Reading reading = {.ctx = ctx,
                       .dataset = dataset,
                       .request = request,
                       .settings = &settings,
                       .list = list,
                       .usual_size = usual_size};
    const Status status = reading_run(&reading);
    reading_close(&reading, status == SPICA_OK);
    return status;
}

/* ---- DATA ---- */

static Status list_open(Context *ctx, PictureList *list, const ReadRequest *request) {
    const char *path = request->path;
    if (request->folder) return picture_list_folder(ctx, list, path);
    if (file_is_tar(path)) return picture_list_tar(ctx, list, path);
    if (picture_kind_of_file(path) != PICTURE_NONE) return picture_list_single(ctx, list, path);
    if (file_has_path_column(path)) return picture_list_table(ctx, list, path);
    return picture_list_lines(ctx, list, path);
}

static Status pictures_read(Context *ctx, Dataset *dataset, const ReadRequest *request) {
    PictureList list = {0};
    if (request->split == SPLIT_TRAIN || request->split == SPLIT_TEST)
        return context_fail(ctx, SPICA_ERROR_OPTION, "data.split = %s: pictures as files have no splits",
                            request->split == SPLIT_TRAIN ? "train" : "test");
    Status status = list_open(ctx, &list, request);
    if (status == SPICA_OK) status = pictures_read_list(ctx, dataset, request, &list, PICTURE_SIZE_USUAL);
    if (status == SPICA_OK) status = picture_labels_decide(ctx, dataset, &list, request);
    picture_list_close(ctx, &list);
    return status;
}

static bool pictures_recognise(const ReadRequest *request) {
    if (request->folder) return folder_has_picture(request->path);
    return file_is_tar(request->path) || picture_kind_of_file(request->path) != PICTURE_NONE ||
           file_has_path_column(request->path) || file_lists_pictures(request->path);
}

const DataReader picture_reader = {
    .kind = "pictures",
    .expected = "pictures (JPEG, PNG, WebP, GIF, TIFF, HEIC, AVIF, BMP) in a folder or a tar, or a list of their paths",
    .recognise = pictures_recognise,
    .read = pictures_read,
};
