/* A data set out of NumPy's arrays, whatever holds these: files, members of an archive. */
#ifndef SPICA_DATA_ARRAY_DATASET_H
#define SPICA_DATA_ARRAY_DATASET_H

#include "base/npy.h"
#include "data/reader.h"

/* N pictures, as a shape says. */
typedef struct PictureShape {
    size_t count, height, width, channels;
    bool planes; /* N x channels x H x W, else N x H x W x channels */
} PictureShape;

/* Two arrays, each at its beginning. */
typedef struct ArrayPart {
    const char *name;   /* its pictures' paths are NAME#ROW; the caller's */
    const char *split;  /* constant, or NULL where there are no splits */
    NpySource pictures; /* uint8: N x H x W, N x H x W x 1 or 3, or N x 1 or 3 x H x W */
    NpySource labels;   /* uint8, int32 or int64: N or N x 1; path is NULL where there are none or none are wanted */
    PictureShape shape; /* found by arrays_read */
} ArrayPart;

/* Whether a header is one of pictures. */
bool array_holds_pictures(const NpyHeader *header);

/* All parts in their order become the data set's pictures and labels. Values of labels become class numbers in
 * ascending order, of which they are the names; a negative one is no label. `path` is DATA. Errors: SPICA_ERROR_DATA
 * naming array and offset, SPICA_ERROR_MEMORY, and the sources' own. */
Status arrays_read(Context *ctx, Dataset *dataset, ArrayPart *parts, size_t part_count, const char *path);

/* values[count], one integer for each of the rows of `data` (for messages), from an array of uint8, int32 or int64, N
 * or N x 1. Errors as of arrays_read. */
Status array_read_integers(Context *ctx, const NpySource *labels, size_t count, const char *data, int64_t *values);

/* Replaces the data set's labels by those of such an array, numbered and named as by arrays_read. No value that is a
 * label: the data set has none. */
Status array_read_labels(Context *ctx, Dataset *dataset, const NpySource *labels, const char *data);

/* Whether a file begins with these bytes; false where it cannot be read. */
bool file_begins_with(const char *path, const void *bytes, size_t count);

/* Whether a file is one of NumPy's arrays, by its first bytes. */
bool file_is_array(const char *path);

#endif
