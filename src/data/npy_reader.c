#include "data/npy_reader.h"

#include <string.h>

#include "base/files.h"
#include "data/embedding_array.h"

/* The names of SPICE's authors' program. */
#define PICTURES_FILE "data.npy"
#define LABELS_FILE "label.npy"

/* Zeroed may be closed. */
typedef struct ArrayFile {
    char *path;   /* owned; NULL where there is no such file */
    FILE *stream; /* owned */
} ArrayFile;

static void array_close(Context *ctx, ArrayFile *file) {
    if (file->stream != NULL) fclose(file->stream);
    file->stream = NULL;
    FREE_ARRAY(ctx, &file->path);
}

/* Opens file->path. */
static Status array_open(Context *ctx, ArrayFile *file, NpySource *source) {
    uint64_t bytes;
    if (file_open(ctx, file->path, &file->stream, &bytes) != SPICA_OK) return SPICA_ERROR_DATA;
    *source = npy_file_source(file->stream, file->path, bytes);
    return SPICA_OK;
}

static Status find_pictures(Context *ctx, const ReadRequest *request, char **path) {
    if (request->folder) return path_join(ctx, path, request->path, PICTURES_FILE);
    return memory_copy_text(ctx, path, request->path);
}

/* *labels: the file of labels beside data.npy; NULL where there is none, or where the pictures have another name. */
static Status find_labels(Context *ctx, const char *pictures, char **labels) {
    const size_t folder = (size_t)(path_name(pictures) - pictures);
    *labels = NULL;
    if (strcmp(pictures + folder, PICTURES_FILE) != 0) return SPICA_OK;
    TRY(NEW_ARRAY(ctx, labels, folder + sizeof LABELS_FILE));
    memcpy(*labels, pictures, folder);
    memcpy(*labels + folder, LABELS_FILE, sizeof LABELS_FILE);
    if (!path_is_file(*labels)) FREE_ARRAY(ctx, labels);
    return SPICA_OK;
}

/* Floats are embeddings. */
static Status part_read(Context *ctx, Dataset *dataset, ArrayPart *part, FILE *stream, const char *path) {
    NpyHeader header;
    TRY(npy_read_header(ctx, &part->pictures, &header));
    if (array_holds_embeddings(&header)) return embeddings_read(ctx, dataset, part, &header);
    rewind(stream);
    return arrays_read(ctx, dataset, part, 1, path);
}

static Status npy_read_dataset(Context *ctx, Dataset *dataset, const ReadRequest *request) {
    ArrayFile pictures = {0}, labels = {0};
    ArrayPart part = {0};
    Status status;
    TRY_GOTO(status, close, find_pictures(ctx, request, &pictures.path));
    TRY_GOTO(status, close, array_open(ctx, &pictures, &part.pictures));
    part.name = path_name(pictures.path);
    if (request->labels) TRY_GOTO(status, close, find_labels(ctx, pictures.path, &labels.path));
    if (labels.path != NULL) TRY_GOTO(status, close, array_open(ctx, &labels, &part.labels));
    status = part_read(ctx, dataset, &part, pictures.stream, request->path);
close:
    array_close(ctx, &pictures);
    array_close(ctx, &labels);
    return status == SPICA_ERROR_IO ? SPICA_ERROR_DATA : status; /* the reason stands */
}

/* A file is taken by its name too, so that one with a damaged beginning gets a message that says so. */
static bool npy_recognise(const ReadRequest *request) {
    char path[4096];
    if (request->folder) {
        const int length = snprintf(path, sizeof path, "%s/%s", request->path, PICTURES_FILE);
        return length < (int)sizeof path && path_is_file(path);
    }
    const size_t length = strlen(request->path);
    if (length > 4 && strcmp(request->path + length - 4, ".npy") == 0) return true;
    return file_is_array(request->path);
}

const DataReader npy_reader = {
    .kind = "npy",
    .expected = "uint8 pictures as NumPy's arrays (.npy, data.npy with label.npy) and embeddings as one of floats",
    .recognise = npy_recognise,
    .read = npy_read_dataset,
};
