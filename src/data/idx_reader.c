#include "data/idx_reader.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/files.h"
#include "data/gzip_file.h"

/* IDX, http://yann.lecun.com/exdb/mnist: two 0 bytes, a type (8: unsigned byte), the number of dimensions, each
 * dimension as a big-endian 32-bit number, then the elements in C order. */
#define IDX_PICTURES UINT32_C(0x00000803)
#define IDX_LABELS UINT32_C(0x00000801)
#define IDX_MAX_SIDE 65535

#define SPLITS 2
#define SPELLINGS 4
static const char *const split_names[SPLITS] = {"train", "test"};
static const char *const picture_files[SPLITS][SPELLINGS] = {
    {"train-images-idx3-ubyte.gz", "train-images-idx3-ubyte", "train-images.idx3-ubyte.gz", "train-images.idx3-ubyte"},
    {"t10k-images-idx3-ubyte.gz", "t10k-images-idx3-ubyte", "t10k-images.idx3-ubyte.gz", "t10k-images.idx3-ubyte"},
};

/* Known files have the same names as MNIST's, so they are told by the CRC-32 of all their bytes, uncompressed. */
static const uint32_t fashion_mnist_checksums[SPLITS] = {0xb4f29f28, 0x678fe0b1};

/* https://github.com/zalandoresearch/fashion-mnist#labels */
#define FASHION_MNIST_CLASSES 10
static const char *const fashion_mnist_classes[FASHION_MNIST_CLASSES] = {
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"};

/* One file of pictures, opened, its header read. */
typedef struct IdxPart {
    char *path, *labels_path; /* owned; labels_path is NULL where there is no such file */
    const char *split;        /* NULL of a file that stands alone */
    GzipFile file;
    size_t count;
    int height, width;
    uint32_t checksum; /* of all bytes read */
} IdxPart;

/* All files of a request. Zeroed may be closed. */
typedef struct IdxSource {
    IdxPart parts[SPLITS];
    size_t part_count;
} IdxSource;

static void idx_close(Context *ctx, IdxSource *source) {
    for (size_t i = 0; i < SPLITS; i++) {
        gzip_close(&source->parts[i].file);
        FREE_ARRAY(ctx, &source->parts[i].path);
        FREE_ARRAY(ctx, &source->parts[i].labels_path);
    }
}

static uint32_t big_endian(const uint8_t bytes[4]) {
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/* Reads magic and dimensions; counts the bytes into *checksum (may be NULL). */
static Status idx_read_header(Context *ctx, GzipFile *file, uint32_t magic, uint32_t *sizes, uint32_t *checksum) {
    uint8_t bytes[4];
    const uint32_t dimensions = magic & 0xff;
    for (uint32_t i = 0; i <= dimensions; i++) {
        TRY(gzip_read(ctx, file, bytes, sizeof bytes, "its header"));
        if (checksum != NULL) *checksum = (uint32_t)crc32(*checksum, bytes, sizeof bytes);
        if (i > 0)
            sizes[i - 1] = big_endian(bytes);
        else if (big_endian(bytes) != magic)
            return context_fail(ctx, SPICA_ERROR_DATA,
                                "%s: magic number 0x%08" PRIx32 " at byte 0, expected 0x%08" PRIx32 " (IDX, %s)",
                                file->path, big_endian(bytes), magic, magic == IDX_PICTURES ? "pictures" : "labels");
    }
    return SPICA_OK;
}

static Status idx_open_pictures(Context *ctx, IdxPart *part) {
    uint32_t sizes[3];
    TRY(gzip_open(ctx, &part->file, part->path));
    TRY(idx_read_header(ctx, &part->file, IDX_PICTURES, sizes, &part->checksum));
    if (sizes[0] == 0) return context_fail(ctx, SPICA_ERROR_DATA, "%s: 0 pictures at byte 4", part->path);
    for (int side = 1; side <= 2; side++)
        if (sizes[side] == 0 || sizes[side] > IDX_MAX_SIDE)
            return context_fail(ctx, SPICA_ERROR_DATA, "%s: pictures of %s %" PRIu32 " at byte %d, expected 1 to %d",
                                part->path, side == 1 ? "height" : "width", sizes[side], 4 + 4 * side, IDX_MAX_SIDE);
    part->count = sizes[0];
    part->height = (int)sizes[1];
    part->width = (int)sizes[2];
    /* Below 2^32 x 2^32: no overflow. */
    return gzip_check_promise(ctx, &part->file, part->file.offset + (uint64_t)sizes[0] * sizes[1] * sizes[2]);
}

/* *labels_path: the file of labels beside a file of pictures, by the naming convention (images becomes labels, idx3
 * becomes idx1; gzipped or not), or NULL where there is none. */
static Status idx_find_labels(Context *ctx, const char *path, char **labels_path) {
    const char *images = strstr(path_name(path), "images");
    const char *rank = images != NULL ? strstr(images, "idx3") : NULL;
    *labels_path = NULL;
    if (rank == NULL) return SPICA_OK;
    char *labels;
    /* Room for ".gz", which is cut off or added below. */
    TRY(memory_allocate(ctx, (void **)&labels, strlen(path) + 4, 1));
    strcpy(labels, path);
    memcpy(labels + (images - path), "labels", 6);
    memcpy(labels + (rank - path), "idx1", 4);
    *labels_path = labels;
    if (path_is_file(labels)) return SPICA_OK;
    const size_t length = strlen(labels);
    if (length > 3 && strcmp(labels + length - 3, ".gz") == 0)
        labels[length - 3] = '\0';
    else
        strcpy(labels + length, ".gz");
    if (!path_is_file(labels)) FREE_ARRAY(ctx, labels_path);
    return SPICA_OK;
}

/* Opens one more file; `path` becomes the source's. */
static Status idx_add(Context *ctx, IdxSource *source, char *path, bool labels) {
    IdxPart *part = &source->parts[source->part_count++];
    const IdxPart *first = &source->parts[0];
    part->path = path;
    TRY(idx_open_pictures(ctx, part));
    if (part->height != first->height || part->width != first->width)
        return context_fail(ctx, SPICA_ERROR_DATA, "%s: pictures of %d x %d, but %s has %d x %d", path, part->height,
                            part->width, first->path, first->height, first->width);
    return labels ? idx_find_labels(ctx, path, &part->labels_path) : SPICA_OK;
}

/* The file of pictures of a split under any of its names; NULL where there is none. */
static Status idx_find_pictures(Context *ctx, const char *folder, size_t split, char **path) {
    for (size_t i = 0; i < SPELLINGS; i++) {
        TRY(path_join(ctx, path, folder, picture_files[split][i]));
        if (path_is_file(*path)) return SPICA_OK;
        FREE_ARRAY(ctx, path);
    }
    return SPICA_OK;
}

static Status idx_open_folder(Context *ctx, IdxSource *source, const ReadRequest *request) {
    for (size_t split = 0; split < SPLITS; split++) {
        if (request->split == (split == 0 ? SPLIT_TEST : SPLIT_TRAIN)) continue;
        char *path;
        TRY(idx_find_pictures(ctx, request->path, split, &path));
        if (path == NULL)
            return context_fail(ctx, SPICA_ERROR_DATA, "%s: %s[.gz] is missing", request->path,
                                picture_files[split][1]);
        source->parts[source->part_count].split = split_names[split];
        TRY(idx_add(ctx, source, path, request->labels));
    }
    return SPICA_OK;
}

static Status idx_open(Context *ctx, IdxSource *source, const ReadRequest *request) {
    if (request->folder) return idx_open_folder(ctx, source, request);
    char *path;
    TRY(memory_copy_text(ctx, &path, request->path));
    return idx_add(ctx, source, path, request->labels);
}

static Status idx_read_pictures(Context *ctx, Dataset *dataset, IdxPart *part, size_t first) {
    uint8_t *pixels = dataset->pixels + first * (size_t)part->height * (size_t)part->width;
    const size_t bytes = part->count * (size_t)part->height * (size_t)part->width;
    TRY(gzip_read(ctx, &part->file, pixels, bytes, "its pictures"));
    part->checksum = (uint32_t)crc32_z(part->checksum, pixels, bytes);
    TRY(gzip_expect_end(ctx, &part->file));
    return dataset_number_paths(ctx, dataset, first, part->count, path_name(part->path));
}

static Status idx_read_label_bytes(Context *ctx, const IdxPart *part, GzipFile *file, uint8_t *bytes) {
    uint32_t count = 0;
    TRY(gzip_open(ctx, file, part->labels_path));
    TRY(idx_read_header(ctx, file, IDX_LABELS, &count, NULL));
    if (count != part->count)
        return context_fail(ctx, SPICA_ERROR_DATA, "%s: %" PRIu32 " labels at byte 4, but %s has %zu pictures",
                            part->labels_path, count, path_name(part->path), part->count);
    TRY(gzip_read(ctx, file, bytes, part->count, "its labels"));
    return gzip_expect_end(ctx, file);
}

/* labels[part.count], and *class_count at least one more than the largest of them. */
static Status idx_read_labels(Context *ctx, const IdxPart *part, int32_t *labels, size_t *class_count) {
    GzipFile file = {0};
    uint8_t *bytes = NULL;
    Status status;
    TRY_GOTO(status, close, NEW_ARRAY(ctx, &bytes, part->count));
    TRY_GOTO(status, close, idx_read_label_bytes(ctx, part, &file, bytes));
    for (size_t i = 0; i < part->count; i++) {
        labels[i] = bytes[i];
        if (*class_count <= bytes[i]) *class_count = (size_t)bytes[i] + 1;
    }
close:
    gzip_close(&file);
    FREE_ARRAY(ctx, &bytes);
    return status;
}

static bool idx_is_fashion_mnist(const IdxSource *source) {
    for (size_t i = 0; i < source->part_count; i++) {
        bool known = false;
        for (size_t split = 0; split < SPLITS; split++)
            known = known || source->parts[i].checksum == fashion_mnist_checksums[split];
        if (!known) return false;
    }
    return true;
}

static Status idx_read_parts(Context *ctx, Dataset *dataset, IdxSource *source, const char *path) {
    size_t count = 0, class_count = 0, first = 0;
    bool labels = false;
    for (size_t i = 0; i < source->part_count; i++) {
        count += source->parts[i].count;
        labels = labels || source->parts[i].labels_path != NULL;
    }
    dataset->height = source->parts[0].height;
    dataset->width = source->parts[0].width;
    dataset->channels = 1;
    TRY(dataset_allocate(ctx, dataset, count, labels, path));
    for (size_t i = 0; i < source->part_count; i++) {
        IdxPart *part = &source->parts[i];
        TRY(idx_read_pictures(ctx, dataset, part, first));
        if (part->labels_path != NULL) TRY(idx_read_labels(ctx, part, dataset->labels + first, &class_count));
        if (part->split != NULL) dataset_add_part(dataset, part->split, part->count);
        first += part->count;
    }
    const bool fashion = idx_is_fashion_mnist(source);
    if (fashion) snprintf(dataset->name, sizeof dataset->name, "fashion-mnist");
    if (!labels) return SPICA_OK;
    if (fashion && class_count <= FASHION_MNIST_CLASSES)
        return dataset_name_classes(ctx, dataset, fashion_mnist_classes, FASHION_MNIST_CLASSES);
    return dataset_name_classes(ctx, dataset, NULL, class_count);
}

static Status idx_read(Context *ctx, Dataset *dataset, const ReadRequest *request) {
    IdxSource source = {0};
    Status status;
    TRY_GOTO(status, close, idx_open(ctx, &source, request));
    TRY_GOTO(status, close, idx_read_parts(ctx, dataset, &source, request->path));
close:
    idx_close(ctx, &source);
    return status;
}

static bool idx_recognise_folder(const char *folder) {
    for (size_t split = 0; split < SPLITS; split++) {
        for (size_t i = 0; i < SPELLINGS; i++) {
            char path[4096];
            const int length = snprintf(path, sizeof path, "%s/%s", folder, picture_files[split][i]);
            if (length < (int)sizeof path && path_is_file(path)) return true;
        }
    }
    return false;
}

/* A file is taken by its name too, so that one with a damaged beginning gets a message that says where. */
static bool idx_recognise(const ReadRequest *request) {
    if (request->folder) return idx_recognise_folder(request->path);
    uint8_t magic[4];
    const char *name = path_name(request->path);
    if (strstr(name, "idx3-ubyte") != NULL || strstr(name, "idx1-ubyte") != NULL) return true;
    return gzip_peek(request->path, magic, sizeof magic) && magic[0] == 0 && magic[1] == 0 && magic[2] == 8 &&
           magic[3] >= 1 && magic[3] <= 4;
}

const DataReader idx_reader = {
    .kind = "idx",
    .expected = "IDX as MNIST has it (train-images-idx3-ubyte[.gz], t10k-images-idx3-ubyte[.gz])",
    .recognise = idx_recognise,
    .read = idx_read,
};
