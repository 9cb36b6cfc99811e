#include "data/npz_reader.h"

#include <stdio.h>
#include <string.h>

#include "base/files.h"
#include "data/array_dataset.h"
#include "data/embedding_array.h"
#include "data/zip_file.h"

/* Names of splits: those of Keras' mnist.npz, and those of MedMNIST (https://medmnist.com). */
#define SPELLINGS 2
static const struct {
    DataSplit split; /* SPLIT_WHOLE: of the whole alone */
    const char *name;
    const char *pictures[SPELLINGS], *labels[SPELLINGS];
} npz_splits[] = {
    {SPLIT_TRAIN, "train", {"x_train", "train_images"}, {"y_train", "train_labels"}},
    {SPLIT_WHOLE, "val", {"x_val", "val_images"}, {"y_val", "val_labels"}},
    {SPLIT_TEST, "test", {"x_test", "test_images"}, {"y_test", "test_labels"}},
};
#define NPZ_SPLITS (sizeof npz_splits / sizeof npz_splits[0])

/* Names where there are no splits, best first. arr_0 is what numpy.savez calls an array without a name. */
static const char *const picture_names[] = {"x", "images", "data", "arr_0"};
static const char *const embedding_names[] = {"embeddings", "features", "x", "data", "arr_0"};
static const char *const label_names[] = {"y", "labels", "label"};
#define PICTURE_NAMES (sizeof picture_names / sizeof picture_names[0])
#define EMBEDDING_NAMES (sizeof embedding_names / sizeof embedding_names[0])
#define LABEL_NAMES (sizeof label_names / sizeof label_names[0])

/* The streams of one part's arrays. */
typedef struct NpzStreams {
    ZipStream pictures, labels;
} NpzStreams;

/* All arrays of a request. Zeroed may be closed. */
typedef struct NpzSource {
    const ReadRequest *request;
    ZipFile zip;
    ArrayPart parts[NPZ_SPLITS];
    NpzStreams streams[NPZ_SPLITS]; /* of each part */
    size_t part_count;
    bool embeddings; /* in the place of pictures */
    Arena arena;     /* of the parts' texts */
} NpzSource;

static void npz_close(Context *ctx, NpzSource *source) {
    for (size_t i = 0; i < source->part_count; i++) {
        zip_stream_close(ctx, &source->streams[i].pictures);
        zip_stream_close(ctx, &source->streams[i].labels);
    }
    zip_close(ctx, &source->zip);
    arena_close(ctx, &source->arena);
}

/* The member of an array; NULL where there is none. */
static const ZipMember *npz_find(const NpzSource *source, const char *array) {
    char name[64];
    snprintf(name, sizeof name, "%s.npy", array);
    return zip_find(&source->zip, name);
}

/* The first of the names that is an array's, or NULL. */
static const char *npz_find_name(const NpzSource *source, const char *const *names, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (npz_find(source, names[i]) != NULL) return names[i];
    return NULL;
}

static Status member_read(Context *ctx, const NpySource *source, void *bytes, size_t count) {
    return zip_stream_read(ctx, source->stream, bytes, count);
}

/* *text: FOLDER/NAME and the ending, owned by the source. */
static Status npz_join(Context *ctx, NpzSource *source, const char *folder, const char *name, const char *ending,
                       const char **text) {
    const size_t bytes = strlen(folder) + strlen(name) + strlen(ending) + 2;
    char *joined;
    TRY(arena_allocate(ctx, &source->arena, &joined, bytes, 1));
    snprintf(joined, bytes, "%s/%s%s", folder, name, ending);
    *text = joined;
    return SPICA_OK;
}

/* Opens the array of this name, which must exist. */
static Status npz_open_array(Context *ctx, NpzSource *source, const char *array, ZipStream *stream, NpySource *bytes) {
    const ZipMember *member = npz_find(source, array);
    *bytes = (NpySource){.bytes = member->bytes, .read = member_read, .stream = stream};
    TRY(npz_join(ctx, source, source->zip.path, array, ".npy", &bytes->path));
    return zip_stream_open(ctx, stream, &source->zip, member);
}

/* One more part; `labels` may be NULL, or the name of no array. */
static Status npz_add_part(Context *ctx, NpzSource *source, const char *pictures, const char *labels) {
    const size_t number = source->part_count++;
    ArrayPart *part = &source->parts[number];
    NpzStreams *streams = &source->streams[number];
    TRY(npz_join(ctx, source, path_name(source->zip.path), pictures, "", &part->name));
    TRY(npz_open_array(ctx, source, pictures, &streams->pictures, &part->pictures));
    if (!source->request->labels || labels == NULL || npz_find(source, labels) == NULL) return SPICA_OK;
    return npz_open_array(ctx, source, labels, &streams->labels, &part->labels);
}

static bool npz_has_splits(const NpzSource *source) {
    for (size_t i = 0; i < NPZ_SPLITS; i++)
        if (npz_find_name(source, npz_splits[i].pictures, SPELLINGS) != NULL) return true;
    return false;
}

static bool split_is_wanted(size_t split, DataSplit wanted) {
    return wanted == SPLIT_WHOLE || wanted == SPLIT_UNLABELLED || wanted == npz_splits[split].split;
}

static Status npz_add_splits(Context *ctx, NpzSource *source) {
    for (size_t i = 0; i < NPZ_SPLITS; i++) {
        if (!split_is_wanted(i, source->request->split)) continue;
        for (size_t spelling = 0; spelling < SPELLINGS; spelling++) {
            const char *name = npz_splits[i].pictures[spelling];
            if (npz_find(source, name) == NULL) continue;
            source->parts[source->part_count].split = npz_splits[i].name;
            TRY(npz_add_part(ctx, source, name, npz_splits[i].labels[spelling]));
            break;
        }
    }
    if (source->part_count > 0) return SPICA_OK;
    return context_fail(ctx, SPICA_ERROR_DATA, "%s: no array %s", source->zip.path,
                        source->request->split == SPLIT_TEST ? "x_test or test_images" : "x_train or train_images");
}

/* *chosen: the first array of the names whose header is of the kind; unchanged where there is none. */
static Status npz_choose(Context *ctx, NpzSource *source, const char *const *names, size_t count,
                         bool (*is_kind)(const NpyHeader *header), const char **chosen) {
    for (size_t i = 0; i < count; i++) {
        ZipStream stream = {0};
        NpySource bytes;
        NpyHeader header;
        if (npz_find(source, names[i]) == NULL) continue;
        Status status = npz_open_array(ctx, source, names[i], &stream, &bytes);
        if (status == SPICA_OK) status = npy_read_header(ctx, &bytes, &header);
        zip_stream_close(ctx, &stream);
        TRY(status);
        if (!is_kind(&header)) continue;
        *chosen = names[i];
        break;
    }
    return SPICA_OK;
}

/* Says what is wrong with the embeddings, or which arrays there are instead. */
static Status nothing_found(Context *ctx, const NpzSource *source) {
    char names[256] = "nothing";
    const char *other = npz_find_name(source, embedding_names, EMBEDDING_NAMES);
    if (other != NULL)
        return context_fail(ctx, SPICA_ERROR_DATA, "%s: array %s: embeddings are floats, N x D", source->zip.path,
                            other);
    for (size_t i = 0, used = 0; i < source->zip.member_count && used < sizeof names; i++)
        used +=
            (size_t)snprintf(names + used, sizeof names - used, "%s%s", i > 0 ? ", " : "", source->zip.members[i].name);
    return context_fail(
        ctx, SPICA_ERROR_DATA,
        "%s: no array x, images, data, arr_0, x_train, train_images, x_test, test_images, embeddings or features; it "
        "holds %s",
        source->zip.path, names);
}

/* The first array of the names that holds pictures, else the first that holds embeddings; where none does, the first
 * one, for a message that says why. */
static Status npz_add_pictures(Context *ctx, NpzSource *source) {
    const char *chosen = NULL;
    TRY(npz_choose(ctx, source, picture_names, PICTURE_NAMES, array_holds_pictures, &chosen));
    if (chosen == NULL) {
        TRY(npz_choose(ctx, source, embedding_names, EMBEDDING_NAMES, array_holds_embeddings, &chosen));
        source->embeddings = chosen != NULL;
    }
    if (chosen == NULL) chosen = npz_find_name(source, picture_names, PICTURE_NAMES);
    if (chosen == NULL) return nothing_found(ctx, source);
    return npz_add_part(ctx, source, chosen, npz_find_name(source, label_names, LABEL_NAMES));
}

static Status npz_read_embeddings(Context *ctx, Dataset *dataset, const NpzSource *source) {
    const ArrayPart *part = &source->parts[0];
    NpyHeader header;
    TRY(npy_read_header(ctx, &part->pictures, &header));
    return embeddings_read(ctx, dataset, part, &header);
}

static Status npz_read(Context *ctx, Dataset *dataset, const ReadRequest *request) {
    NpzSource source = {.request = request};
    Status status;
    TRY_GOTO(status, close, zip_open(ctx, &source.zip, request->path));
    TRY_GOTO(status, close, npz_has_splits(&source) ? npz_add_splits(ctx, &source) : npz_add_pictures(ctx, &source));
    if (source.embeddings)
        status = npz_read_embeddings(ctx, dataset, &source);
    else
        status = arrays_read(ctx, dataset, source.parts, source.part_count, request->path);
close:
    npz_close(ctx, &source);
    return status;
}

/* A file is taken by its name too, so that one with a damaged beginning gets a message that says so. */
static bool npz_recognise(const ReadRequest *request) {
    if (request->folder) return false;
    const size_t length = strlen(request->path);
    if (length > 4 && strcmp(request->path + length - 4, ".npz") == 0) return true;
    return file_begins_with(request->path, "PK\3\4", 4) || file_begins_with(request->path, "PK\5\6", 4);
}

const DataReader npz_reader = {
    .kind = "npz",
    .expected = "archives of them (.npz)",
    .recognise = npz_recognise,
    .read = npz_read,
};
