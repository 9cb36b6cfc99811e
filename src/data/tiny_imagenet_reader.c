#include "data/tiny_imagenet_reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/files.h"
#include "data/picture_reader.h"
#include "data/synset_table.h"

/* http://cs231n.stanford.edu/tiny-imagenet-200.zip: wnids.txt, the 200 classes, a synset a line; words.txt, the names
 * of all synsets; train/SYNSET/images/, val/images/ with val/val_annotations.txt, and test/images/, which has no
 * labels. */
#define ARCHIVE_FOLDER "tiny-imagenet-200"
#define CLASSES_FILE "wnids.txt"
#define NAMES_FILE "words.txt"
#define TRAIN_FOLDER "train"
#define VAL_FOLDER "val/images"
#define TEST_FOLDER "test/images"
#define ANNOTATIONS_FILE "val/val_annotations.txt"
/* Of the published data set. */
#define PUBLISHED_CLASSES 200
#define PUBLISHED_TRAIN 100000
#define PUBLISHED_VAL 10000

/* A picture of val and its synset; the texts lie in the file's. */
typedef struct Annotation {
    const char *name, *synset;
} Annotation;

/* Zeroed may be closed. */
typedef struct TinySource {
    PictureList list;
    SynsetTable synsets;
    char *text; /* of the annotations; owned */
    Annotation *annotations;
    size_t annotation_count;
    size_t train_count, val_count;
} TinySource;

static void tiny_close(Context *ctx, TinySource *source) {
    picture_list_close(ctx, &source->list);
    synset_table_close(ctx, &source->synsets);
    FREE_ARRAY(ctx, &source->text);
    FREE_ARRAY(ctx, &source->annotations);
}

/* Whether a folder of DATA, "." or the archive's, has the classes and pictures. */
static bool tiny_stands_in(const char *data, const char *folder) {
    static const char *const folders[] = {TRAIN_FOLDER, VAL_FOLDER, TEST_FOLDER};
    char path[4096];
    int length = snprintf(path, sizeof path, "%s/%s/" CLASSES_FILE, data, folder);
    if (length >= (int)sizeof path || !path_is_file(path)) return false;
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        length = snprintf(path, sizeof path, "%s/%s/%s", data, folder, folders[i]);
        if (length < (int)sizeof path && path_is_folder(path)) return true;
    }
    return false;
}

/* Reads `file` of the folder by `read`. */
static Status table_read_file(Context *ctx, TinySource *source, const char *file,
                              Status (*read)(Context *ctx, SynsetTable *table, const char *path)) {
    char *path;
    TRY(path_join(ctx, &path, source->list.folder, file));
    const Status status = read(ctx, &source->synsets, path);
    FREE_ARRAY(ctx, &path);
    return status;
}

/* train/SYNSET/images of every class. */
static Status train_list(Context *ctx, TinySource *source) {
    for (size_t class = 0; class < source->synsets.count; class ++) {
        const char *id = source->synsets.ids[class];
        const size_t first = source->list.count;
        char folder[64];
        snprintf(folder, sizeof folder, TRAIN_FOLDER "/%s/images", id);
        TRY(picture_list_add_folder(ctx, &source->list, folder));
        for (size_t i = first; i < source->list.count; i++)
            source->list.entries[i].label = id;
    }
    source->train_count = source->list.count;
    return SPICA_OK;
}

/* ---- The labels of val ---- */

static int annotation_compare(const void *a, const void *b) {
    return strcmp(((const Annotation *)a)->name, ((const Annotation *)b)->name);
}

/* Lines "NAME SYNSET X Y WIDTH HEIGHT", with tabs between. */
static Status annotations_cut(Context *ctx, TinySource *source, const char *path) {
    size_t number = 0;
    char *rest = NULL;
    for (char *line = strtok_r(source->text, "\r\n", &rest); line != NULL; line = strtok_r(NULL, "\r\n", &rest)) {
        char *cell = NULL;
        number++;
        Annotation *annotation = &source->annotations[source->annotation_count++];
        annotation->name = strtok_r(line, "\t", &cell);
        annotation->synset = strtok_r(NULL, "\t", &cell);
        if (annotation->synset == NULL || synset_table_find(&source->synsets, annotation->synset) < 0)
            return context_fail(ctx, SPICA_ERROR_DATA,
                                "%s: line %zu: no picture and its synset of " CLASSES_FILE ", with a tab between", path,
                                number);
    }
    qsort(source->annotations, source->annotation_count, sizeof *source->annotations, annotation_compare);
    return SPICA_OK;
}

static Status annotations_read(Context *ctx, TinySource *source, const char *path) {
    size_t bytes, lines = 1;
    const Status status = file_read(ctx, path, &source->text, &bytes);
    if (status != SPICA_OK) return status == SPICA_ERROR_IO ? SPICA_ERROR_DATA : status;
    for (size_t i = 0; i < bytes; i++)
        lines += source->text[i] == '\n' || source->text[i] == '\r';
    TRY(NEW_ARRAY(ctx, &source->annotations, lines));
    return annotations_cut(ctx, source, path);
}

/* A file of annotations that is missing is no error: labels serve evaluation alone. */
static Status val_annotate(Context *ctx, TinySource *source) {
    char *path;
    TRY(path_join(ctx, &path, source->list.folder, ANNOTATIONS_FILE));
    const Status status = path_is_file(path) ? annotations_read(ctx, source, path) : SPICA_OK;
    FREE_ARRAY(ctx, &path);
    TRY(status);
    for (size_t i = source->train_count; i < source->list.count; i++) {
        PictureEntry *entry = &source->list.entries[i];
        const Annotation wanted = {.name = path_name(entry->path)};
        const Annotation *found = source->annotation_count == 0
                                      ? NULL
                                      : bsearch(&wanted, source->annotations, source->annotation_count,
                                                sizeof *source->annotations, annotation_compare);
        entry->label = found != NULL ? found->synset : NULL;
    }
    return SPICA_OK;
}

static Status val_list(Context *ctx, TinySource *source, bool labels) {
    TRY(picture_list_add_folder(ctx, &source->list, VAL_FOLDER));
    source->val_count = source->list.count - source->train_count;
    return labels ? val_annotate(ctx, source) : SPICA_OK;
}

/* ---- All of it ---- */

static Status tiny_list(Context *ctx, TinySource *source, const ReadRequest *request) {
    if (request->split == SPLIT_UNLABELLED) return picture_list_add_folder(ctx, &source->list, TEST_FOLDER);
    if (request->split != SPLIT_TEST) TRY(train_list(ctx, source));
    return request->split != SPLIT_TRAIN ? val_list(ctx, source, request->labels) : SPICA_OK;
}

static Status tiny_open(Context *ctx, TinySource *source, const ReadRequest *request) {
    if (tiny_stands_in(request->path, "."))
        TRY(memory_copy_text(ctx, &source->list.folder, request->path));
    else
        TRY(path_join(ctx, &source->list.folder, request->path, ARCHIVE_FOLDER));
    TRY(table_read_file(ctx, source, CLASSES_FILE, synset_table_read));
    if (request->labels) TRY(table_read_file(ctx, source, NAMES_FILE, synset_table_read_names));
    return tiny_list(ctx, source, request);
}

/* The published data set, by its counts. */
static bool tiny_is_published(const TinySource *source, DataSplit split) {
    if (source->synsets.count != PUBLISHED_CLASSES || split == SPLIT_UNLABELLED) return false;
    return source->train_count == (split == SPLIT_TEST ? 0 : PUBLISHED_TRAIN) &&
           source->val_count == (split == SPLIT_TRAIN ? 0 : PUBLISHED_VAL);
}

/* Which split each row is of. */
static void tiny_add_parts(Dataset *dataset, DataSplit split) {
    for (size_t row = 0; row < dataset->count; row++) {
        const bool train = strncmp(dataset->paths[row], TRAIN_FOLDER "/", sizeof TRAIN_FOLDER) == 0;
        dataset_add_part(dataset, train ? "train" : split == SPLIT_UNLABELLED ? "unlabelled" : "test", 1);
    }
}

static Status tiny_read(Context *ctx, Dataset *dataset, const ReadRequest *request) {
    TinySource source = {0};
    Status status;
    TRY_GOTO(status, close, tiny_open(ctx, &source, request));
    const bool published = tiny_is_published(&source, request->split);
    TRY_GOTO(status, close, pictures_read_list(ctx, dataset, request, &source.list, PICTURE_SIZE_USUAL));
    tiny_add_parts(dataset, request->split);
    if (published) snprintf(dataset->name, sizeof dataset->name, "tiny-imagenet");
    if (request->labels && request->split != SPLIT_UNLABELLED)
        status = synset_labels_set(ctx, dataset, &source.list, &source.synsets);
close:
    tiny_close(ctx, &source);
    return status;
}

static bool tiny_recognise(const ReadRequest *request) {
    return request->folder && (tiny_stands_in(request->path, ".") || tiny_stands_in(request->path, ARCHIVE_FOLDER));
}

const DataReader tiny_imagenet_reader = {
    .kind = "tiny-imagenet",
    .expected = "Tiny-ImageNet-200 (wnids.txt, train, val)",
    .recognise = tiny_recognise,
    .read = tiny_read,
};
