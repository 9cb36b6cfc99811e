/* Small data sets in a scratch folder: bytes are put together here, without the code that is tested. Binary data sets
 * are in support/record_files.h. */
#ifndef SPICA_TESTS_DATA_FILES_H
#define SPICA_TESTS_DATA_FILES_H

#include <zlib.h>

#include "support/byte_files.h"
#include "support/dataset_cases.h"

static inline void bytes_add_number(Bytes *file, uint32_t value) {
    const uint8_t big_endian[] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8),
                                  (uint8_t)value};
    bytes_add(file, big_endian, 4);
}

/* Pixel i of picture `row` of a file is some_byte(salt + row, i). */
static inline void idx_pictures(Bytes *file, uint32_t count, uint32_t height, uint32_t width, size_t salt) {
    file->count = 0;
    bytes_add_number(file, 0x00000803);
    bytes_add_number(file, count);
    bytes_add_number(file, height);
    bytes_add_number(file, width);
    for (size_t row = 0; row < count; row++) {
        for (size_t i = 0; i < (size_t)height * width; i++) {
            const uint8_t pixel = some_byte(salt + row, i);
            bytes_add(file, &pixel, 1);
        }
    }
}

/* Label i is (salt + i) % classes. */
static inline void idx_labels(Bytes *file, uint32_t count, size_t classes, size_t salt) {
    file->count = 0;
    bytes_add_number(file, 0x00000801);
    bytes_add_number(file, count);
    for (size_t i = 0; i < count; i++) {
        const uint8_t label = (uint8_t)((salt + i) % classes);
        bytes_add(file, &label, 1);
    }
}

/* An array file of format 1.0 as NumPy writes it, up to its elements; shape is "(3, 4)". */
static inline void npy_header(Bytes *file, const char *descriptor, const char *fortran_order, const char *shape) {
    static const uint8_t magic[] = {0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0};
    char text[256];
    const int length = snprintf(text, sizeof text, "{'descr': '%s', 'fortran_order': %s, 'shape': %s, }", descriptor,
                                fortran_order, shape);
    const size_t padded = (10 + (size_t)length + 1 + 63) / 64 * 64 - 10;
    const uint8_t size[] = {(uint8_t)(padded & 255), (uint8_t)(padded >> 8)};
    file->count = 0;
    bytes_add(file, magic, sizeof magic);
    bytes_add(file, size, sizeof size);
    bytes_add(file, text, (size_t)length);
    for (size_t i = (size_t)length; i + 1 < padded; i++)
        bytes_add(file, " ", 1);
    bytes_add(file, "\n", 1);
}

/* An array of `count` bytes, of which number i is some_byte(salt, i). */
static inline void npy_bytes(Bytes *file, const char *shape, size_t count, size_t salt) {
    npy_header(file, "|u1", "False", shape);
    for (size_t i = 0; i < count; i++) {
        const uint8_t value = some_byte(salt, i);
        bytes_add(file, &value, 1);
    }
}

/* An array of numbers of 1, 4 or 8 bytes ("|u1", "<i4", "<i8"). */
static inline void npy_numbers(Bytes *file, const char *descriptor, const char *shape, const int64_t *values,
                               size_t count) {
    npy_header(file, descriptor, "False", shape);
    for (size_t i = 0; i < count; i++)
        for (int byte = 0; byte < descriptor[2] - '0'; byte++) {
            const uint8_t value = (uint8_t)((uint64_t)values[i] >> (8 * byte));
            bytes_add(file, &value, 1);
        }
}

static inline void bytes_write_gzip(const TestScratch *scratch, const char *name, const Bytes *file) {
    gzFile stream = gzopen(test_path(scratch, name), "wb6");
    assert_non_null(stream);
    assert_true(file->count == 0 || gzwrite(stream, file->bytes, (unsigned)file->count) == (int)file->count);
    assert_int_equal(gzclose(stream), Z_OK);
}

#endif
