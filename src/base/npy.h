/* NumPy's array files (.npy, format 1.0 and 2.0): little-endian numbers in C order.
 * https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html */
#ifndef SPICA_BASE_NPY_H
#define SPICA_BASE_NPY_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/memory.h"

#define NPY_MAX_RANK 8

typedef enum NpyType { NPY_FLOAT16, NPY_FLOAT32, NPY_FLOAT64, NPY_UINT8, NPY_INT32, NPY_INT64, NPY_BOOL } NpyType;

/* Zeroed may be closed. */
typedef struct NpyArray {
    NpyType type;
    int rank; /* 0 .. NPY_MAX_RANK; 0 is a single number */
    size_t shape[NPY_MAX_RANK];
    size_t count; /* elements: the product of the shape */
    void *data;   /* count elements, owned */
} NpyArray;

/* Bytes of one element. */
size_t npy_item_bytes(NpyType type);
/* "float32" ..., as NumPy calls it. */
const char *npy_type_name(NpyType type);

/* Reads a whole array, to be closed with npy_close whatever the status. Errors name file and byte offset:
 * SPICA_ERROR_IO where the file cannot be read, SPICA_ERROR_DATA where it is no such array, SPICA_ERROR_MEMORY. */
Status npy_read(Context *ctx, const char *path, NpyArray *array);

/* As npy_read, but only the header (data stays NULL); the size of the file is checked as well. */
Status npy_inspect(Context *ctx, const char *path, NpyArray *array);

void npy_close(Context *ctx, NpyArray *array);

/* Writes an array; the file is replaced atomically and its bytes depend on the array only. Errors: SPICA_ERROR_IO. */
Status npy_write(Context *ctx, const char *path, const NpyArray *array);

/* The bytes of an array file from front to back, wherever they are kept. */
typedef struct NpySource NpySource;
struct NpySource {
    const char *path; /* for messages; the caller's */
    uint64_t bytes;   /* in all */
    /* The next `count` bytes, all of them, or a failure. */
    Status (*read)(Context *ctx, const NpySource *source, void *bytes, size_t count);
    void *stream; /* the caller's */
};

/* The source that reads a file, which stands at its beginning. */
NpySource npy_file_source(FILE *stream, const char *path, uint64_t bytes);

/* What a header says, of any type. */
typedef struct NpyHeader {
    char descriptor[32]; /* the type as NumPy writes it: "<f4" */
    bool fortran_order;  /* of a shape of more than one size */
    int rank;            /* 0 .. NPY_MAX_RANK */
    size_t shape[NPY_MAX_RANK];
    uint64_t start; /* offset of the first element */
} NpyHeader;

/* Reads a header and leaves the source at the first element. What follows is not looked at. Errors: SPICA_ERROR_DATA
 * naming file and offset, SPICA_ERROR_MEMORY, and the source's own. */
Status npy_read_header(Context *ctx, const NpySource *source, NpyHeader *header);

/* A shape as Python writes it: (60000, 28, 28). */
#define NPY_SHAPE_TEXT 200
void npy_shape_print(char text[NPY_SHAPE_TEXT], const NpyHeader *header);

/* Whether it is one of the types above; `type` may be NULL. */
bool npy_type_find(const char *descriptor, NpyType *type);

/* The array of a header, without its data. Fails for a type that is none of the above, for Fortran order, and where the
 * elements are not exactly the rest of the source. */
Status npy_describe(Context *ctx, const NpySource *source, const NpyHeader *header, NpyArray *array);

/* values[rows x columns]; columns 0: a vector of `rows` elements. */
Status npy_write_float(Context *ctx, const char *path, const float *values, size_t rows, size_t columns);
Status npy_write_int32(Context *ctx, const char *path, const int32_t *values, size_t rows, size_t columns);

#endif
