#include "data/array_dataset.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_SIDE 65535
/* Bytes, and labels, that are read at a time where they are not read to their place. */
#define PIECE ((size_t)1 << 15)
#define LABELS_PIECE (PIECE / 8)

static bool is_channels(size_t size) { return size == 1 || size == 3; }

/* False where the shape is none of pictures. Where both ends could be channels, the last is. */
static bool shape_find(const NpyHeader *header, PictureShape *shape) {
    const size_t *sizes = header->shape;
    const bool last = header->rank == 4 && is_channels(sizes[3]);
    const bool first = header->rank == 4 && is_channels(sizes[1]);
    if (header->rank == 3 || last)
        *shape = (PictureShape){sizes[0], sizes[1], sizes[2], last ? sizes[3] : 1, false};
    else if (first)
        *shape = (PictureShape){sizes[0], sizes[2], sizes[3], sizes[1], sizes[1] > 1};
    return header->rank == 3 || last || first;
}

static bool shape_has_sides(const PictureShape *shape) {
    return shape->height >= 1 && shape->height <= MOST_SIDE && shape->width >= 1 && shape->width <= MOST_SIDE;
}

static bool is_bytes(const NpyHeader *header) {
    NpyType type;
    return npy_type_find(header->descriptor, &type) && type == NPY_UINT8;
}

bool array_holds_pictures(const NpyHeader *header) {
    PictureShape shape;
    return is_bytes(header) && !header->fortran_order && shape_find(header, &shape) && shape_has_sides(&shape);
}

static Status part_find_shape(Context *ctx, ArrayPart *part, const NpyHeader *header) {
    const char *path = part->pictures.path;
    char text[NPY_SHAPE_TEXT];
    npy_shape_print(text, header);
    if (!is_bytes(header))
        return context_fail(ctx, SPICA_ERROR_DATA, "%s: pictures of type %s, expected uint8 (|u1)", path,
                            header->descriptor);
    if (!shape_find(header, &part->shape))
        return context_fail(ctx, SPICA_ERROR_DATA,
                            "%s: shape %s, expected N x H x W, N x H x W x 1 or 3, or N x 1 or 3 x H x W", path, text);
    if (!shape_has_sides(&part->shape))
        return context_fail(ctx, SPICA_ERROR_DATA, "%s: shape %s, expected pictures with sides of 1 to %d", path, text,
                            MOST_SIDE);
    return SPICA_OK;
}

static bool shapes_agree(const PictureShape *a, const PictureShape *b) {
    return a->height == b->height && a->width == b->width && a->channels == b->channels;
}

/* Reads the header of the pictures, which must have the size of the first part's. */
static Status part_open(Context *ctx, ArrayPart *part, const ArrayPart *first) {
    NpyHeader header;
    NpyArray array;
    const PictureShape *found = &part->shape, *expected = &first->shape;
    TRY(npy_read_header(ctx, &part->pictures, &header));
    TRY(part_find_shape(ctx, part, &header));
    TRY(npy_describe(ctx, &part->pictures, &header, &array));
    if (shapes_agree(found, expected)) return SPICA_OK;
    return context_fail(ctx, SPICA_ERROR_DATA, "%s: pictures of %zu x %zu x %zu, but %s has %zu x %zu x %zu",
                        part->pictures.path, found->height, found->width, found->channels, first->pictures.path,
                        expected->height, expected->width, expected->channels);
}

/* pixels[N x H x W x channels] from N x channels x H x W, in pieces that may begin and end anywhere: at `place` of the
 * plane of `channel`. */
static Status planes_read(Context *ctx, const NpySource *source, const PictureShape *shape, uint8_t *pixels) {
    uint8_t piece[PIECE];
    const size_t plane = shape->height * shape->width, channels = shape->channels;
    const size_t total = shape->count * channels * plane;
    size_t channel = 0, place = 0;
    for (size_t at = 0, bytes; at < total; at += bytes) {
        bytes = total - at < PIECE ? total - at : PIECE;
        TRY(source->read(ctx, source, piece, bytes));
        for (size_t i = 0, run; i < bytes; i += run) {
            run = bytes - i < plane - place ? bytes - i : plane - place;
            for (size_t j = 0; j < run; j++)
                pixels[(place + j) * channels + channel] = piece[i + j];
            place += run;
            if (place < plane) continue;
            place = 0;
            channel++;
            if (channel < channels) continue;
            channel = 0;
            pixels += plane * channels;
        }
    }
    return SPICA_OK;
}

static Status part_read_pictures(Context *ctx, Dataset *dataset, const ArrayPart *part, size_t first) {
    const PictureShape *shape = &part->shape;
    const size_t picture = shape->height * shape->width * shape->channels;
    uint8_t *pixels = dataset->pixels + first * picture;
    if (shape->planes)
        TRY(planes_read(ctx, &part->pictures, shape, pixels));
    else
        TRY(part->pictures.read(ctx, &part->pictures, pixels, shape->count * picture));
    return dataset_number_paths(ctx, dataset, first, shape->count, part->name);
}

static int64_t label_value(const uint8_t *bytes, NpyType type) {
    int64_t wide = bytes[0];
    int32_t narrow;
    if (type == NPY_INT64) memcpy(&wide, bytes, sizeof wide);
    if (type != NPY_INT32) return wide;
    memcpy(&narrow, bytes, sizeof narrow);
    return narrow;
}

/* Reads the header of labels, one for each of `count` rows of `data`. */
static Status labels_open(Context *ctx, const NpySource *labels, size_t count, const char *data, NpyArray *array) {
    const char *path = labels->path;
    NpyHeader header;
    NpyType type;
    char text[NPY_SHAPE_TEXT];
    TRY(npy_read_header(ctx, labels, &header));
    npy_shape_print(text, &header);
    if (!npy_type_find(header.descriptor, &type) || (type != NPY_UINT8 && type != NPY_INT32 && type != NPY_INT64))
        return context_fail(ctx, SPICA_ERROR_DATA, "%s: labels of type %s, expected uint8, int32 or int64", path,
                            header.descriptor);
    if (header.rank != 1 && (header.rank != 2 || header.shape[1] != 1))
        return context_fail(ctx, SPICA_ERROR_DATA, "%s: labels of shape %s, expected one for each of %zu pictures",
                            path, text, count);
    if (header.shape[0] != count)
        return context_fail(ctx, SPICA_ERROR_DATA, "%s: %zu labels, but %s has %zu pictures", path, header.shape[0],
                            data, count);
    return npy_describe(ctx, labels, &header, array);
}

Status array_read_integers(Context *ctx, const NpySource *labels, size_t count, const char *data, int64_t *values) {
    uint8_t piece[PIECE];
    NpyArray array;
    TRY(labels_open(ctx, labels, count, data, &array));
    const size_t bytes = npy_item_bytes(array.type);
    for (size_t row = 0; row < array.count; row += LABELS_PIECE) {
        const size_t next = array.count - row < LABELS_PIECE ? array.count - row : LABELS_PIECE;
        TRY(labels->read(ctx, labels, piece, next * bytes));
        for (size_t i = 0; i < next; i++)
            values[row + i] = label_value(piece + i * bytes, array.type);
    }
    return SPICA_OK;
}

/* values[part.shape.count]; -1 throughout where the part has no labels. */
static Status part_read_labels(Context *ctx, const ArrayPart *part, int64_t *values) {
    for (size_t row = 0; row < part->shape.count; row++)
        values[row] = -1;
    if (part->labels.path == NULL) return SPICA_OK;
    return array_read_integers(ctx, &part->labels, part->shape.count, part->pictures.path, values);
}

static int value_compare(const void *a, const void *b) {
    const int64_t first = *(const int64_t *)a, second = *(const int64_t *)b;
    return (first > second) - (first < second);
}

/* classes[count]: the different values that are not negative, in ascending order; returns how many there are. */
static size_t values_collect(int64_t *classes, const int64_t *values, size_t count) {
    size_t kept = 0, different = 0;
    for (size_t row = 0; row < count; row++)
        if (values[row] >= 0) classes[kept++] = values[row];
    qsort(classes, kept, sizeof *classes, value_compare);
    for (size_t i = 0; i < kept; i++)
        if (i == 0 || classes[i] != classes[different - 1]) classes[different++] = classes[i];
    return different;
}

static Status dataset_name_values(Context *ctx, Dataset *dataset, const int64_t *classes, size_t count) {
    char(*texts)[24] = NULL;
    const char **names = NULL;
    Status status;
    TRY_GOTO(status, close, NEW_ARRAY(ctx, &texts, count));
    TRY_GOTO(status, close, NEW_ARRAY(ctx, &names, count));
    for (size_t i = 0; i < count; i++) {
        snprintf(texts[i], sizeof texts[i], "%" PRId64, classes[i]);
        names[i] = texts[i];
    }
    status = dataset_name_classes(ctx, dataset, names, count);
close:
    FREE_ARRAY(ctx, &names);
    FREE_ARRAY(ctx, &texts);
    return status;
}

/* Labels and classes from the labels' values. No value that is a label: the data set has none. */
static Status dataset_number_labels(Context *ctx, Dataset *dataset, const int64_t *values) {
    int64_t *classes;
    TRY(NEW_ARRAY(ctx, &classes, dataset->count));
    const size_t count = values_collect(classes, values, dataset->count);
    for (size_t row = 0; row < dataset->count; row++) {
        const int64_t *place = bsearch(&values[row], classes, count, sizeof *classes, value_compare);
        dataset->labels[row] = place != NULL ? (int32_t)(place - classes) : -1;
    }
    Status status = SPICA_OK;
    if (count > 0)
        status = dataset_name_values(ctx, dataset, classes, count);
    else
        FREE_ARRAY(ctx, &dataset->labels);
    FREE_ARRAY(ctx, &classes);
    return status;
}

Status array_read_labels(Context *ctx, Dataset *dataset, const NpySource *labels, const char *data) {
    int64_t *values;
    TRY(NEW_ARRAY(ctx, &values, dataset->count));
    Status status = array_read_integers(ctx, labels, dataset->count, data, values);
    if (status == SPICA_OK && dataset->labels == NULL) status = NEW_ARRAY(ctx, &dataset->labels, dataset->count);
    if (status == SPICA_OK) status = dataset_number_labels(ctx, dataset, values);
    FREE_ARRAY(ctx, &values);
    return status;
}

/* Labels come before pictures: they are small, and may be wrong. */
static Status dataset_read_labels(Context *ctx, Dataset *dataset, const ArrayPart *parts, size_t part_count) {
    int64_t *values;
    size_t first = 0;
    if (dataset->labels == NULL) return SPICA_OK;
    TRY(NEW_ARRAY(ctx, &values, dataset->count));
    Status status = SPICA_OK;
    for (size_t i = 0; i < part_count && status == SPICA_OK; i++) {
        status = part_read_labels(ctx, &parts[i], values + first);
        first += parts[i].shape.count;
    }
    if (status == SPICA_OK) status = dataset_number_labels(ctx, dataset, values);
    FREE_ARRAY(ctx, &values);
    return status;
}

Status arrays_read(Context *ctx, Dataset *dataset, ArrayPart *parts, size_t part_count, const char *path) {
    size_t count = 0, first = 0;
    bool labels = false;
    for (size_t i = 0; i < part_count; i++) {
        TRY(part_open(ctx, &parts[i], &parts[0]));
        count += parts[i].shape.count;
        labels = labels || parts[i].labels.path != NULL;
    }
    dataset->height = (int)parts[0].shape.height;
    dataset->width = (int)parts[0].shape.width;
    dataset->channels = (int)parts[0].shape.channels;
    TRY(dataset_allocate(ctx, dataset, count, labels, path));
    TRY(dataset_read_labels(ctx, dataset, parts, part_count));
    for (size_t i = 0; i < part_count; i++) {
        TRY(part_read_pictures(ctx, dataset, &parts[i], first));
        if (parts[i].split != NULL) dataset_add_part(dataset, parts[i].split, parts[i].shape.count);
        first += parts[i].shape.count;
    }
    return SPICA_OK;
}

bool file_begins_with(const char *path, const void *bytes, size_t count) {
    char found[16];
    FILE *stream = fopen(path, "rb");
    if (stream == NULL) return false;
    const bool same =
        count <= sizeof found && fread(found, 1, count, stream) == count && memcmp(found, bytes, count) == 0;
    fclose(stream);
    return same;
}

bool file_is_array(const char *path) { return file_begins_with(path, "\x93NUMPY", 6); }
