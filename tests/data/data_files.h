/* Small data sets in a scratch folder: bytes are put together here, without the code that is tested. */
#ifndef SPICA_TESTS_DATA_FILES_H
#define SPICA_TESTS_DATA_FILES_H

#include <zlib.h>

#include "data/dataset.h"
#include "support/testing.h"

/* A file under construction. */
typedef struct Bytes {
    size_t count;
    uint8_t bytes[1 << 17];
} Bytes;

static inline void bytes_add(Bytes *file, const void *more, size_t count) {
    assert_true(file->count + count <= sizeof file->bytes);
    memcpy(file->bytes + file->count, more, count);
    file->count += count;
}

static inline void bytes_add_number(Bytes *file, uint32_t value) {
    const uint8_t big_endian[] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8),
                                  (uint8_t)value};
    bytes_add(file, big_endian, 4);
}

/* Any byte that depends on all of its arguments. */
static inline uint8_t some_byte(size_t a, size_t b) { return (uint8_t)((a * 2654435761u + b * 40503u) >> 7); }

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

#define CIFAR_RECORD_BYTES 3073

/* Label (salt + row) % 10, byte i of the planes some_byte(salt + row, i). */
static inline void cifar_records(Bytes *file, size_t count, size_t salt) {
    file->count = 0;
    for (size_t row = 0; row < count; row++) {
        const uint8_t label = (uint8_t)((salt + row) % 10);
        bytes_add(file, &label, 1);
        for (size_t i = 0; i < CIFAR_RECORD_BYTES - 1; i++) {
            const uint8_t value = some_byte(salt + row, i);
            bytes_add(file, &value, 1);
        }
    }
}

#define CIFAR100_RECORD_BYTES 3074

/* Coarse label (salt + row) % 20, fine label 7 (salt + row) % 100, byte i of the planes some_byte(salt + row, i). */
static inline void cifar100_records(Bytes *file, size_t count, size_t salt) {
    file->count = 0;
    for (size_t row = 0; row < count; row++) {
        const uint8_t labels[] = {(uint8_t)((salt + row) % 20), (uint8_t)(7 * (salt + row) % 100)};
        bytes_add(file, labels, 2);
        for (size_t i = 0; i < CIFAR100_RECORD_BYTES - 2; i++) {
            const uint8_t value = some_byte(salt + row, i);
            bytes_add(file, &value, 1);
        }
    }
}

#define STL_PICTURE_BYTES 27648

/* Byte i of picture `row` of the file is some_byte(salt + row, i). */
static inline void stl_pictures(Bytes *file, size_t count, size_t salt) {
    file->count = 0;
    for (size_t row = 0; row < count; row++) {
        for (size_t i = 0; i < STL_PICTURE_BYTES; i++) {
            const uint8_t value = some_byte(salt + row, i);
            bytes_add(file, &value, 1);
        }
    }
}

/* Label i is 1 + (salt + i) % 10. */
static inline void stl_labels(Bytes *file, size_t count, size_t salt) {
    file->count = 0;
    for (size_t i = 0; i < count; i++) {
        const uint8_t label = (uint8_t)(1 + (salt + i) % 10);
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

static inline void bytes_write(const TestScratch *scratch, const char *name, const Bytes *file) {
    FILE *stream = fopen(test_path(scratch, name), "wb");
    assert_non_null(stream);
    assert_true(fwrite(file->bytes, 1, file->count, stream) == file->count);
    assert_int_equal(fclose(stream), 0);
}

static inline void bytes_write_gzip(const TestScratch *scratch, const char *name, const Bytes *file) {
    gzFile stream = gzopen(test_path(scratch, name), "wb6");
    assert_non_null(stream);
    assert_true(file->count == 0 || gzwrite(stream, file->bytes, (unsigned)file->count) == (int)file->count);
    assert_int_equal(gzclose(stream), Z_OK);
}

static inline void text_write(const TestScratch *scratch, const char *name, const char *text) {
    FILE *stream = fopen(test_path(scratch, name), "wb");
    assert_non_null(stream);
    assert_true(fputs(text, stream) >= 0);
    assert_int_equal(fclose(stream), 0);
}

/* A file's bytes as they stand on disk. */
static inline void bytes_read(const TestScratch *scratch, const char *name, Bytes *file) {
    FILE *stream = fopen(test_path(scratch, name), "rb");
    assert_non_null(stream);
    file->count = fread(file->bytes, 1, sizeof file->bytes, stream);
    assert_int_equal(fclose(stream), 0);
}

/* Opens DATA, which must fail with SPICA_ERROR_DATA and these words, and closes it. */
#define ASSERT_REFUSED(ctx, path, words)                                                                               \
    do {                                                                                                               \
        Dataset refused_;                                                                                              \
        const DataSettings refused_settings_ = {0};                                                                    \
        TEST_FAILS(ctx, SPICA_ERROR_DATA, words, dataset_open(ctx, &refused_, path, &refused_settings_));              \
        dataset_close(ctx, &refused_);                                                                                 \
    } while (0)

/* dataset_open with the first, the second ... allocation failing, until it succeeds: each failure must be passed on. */
static inline void assert_failed_allocations_are_passed_on(Context *ctx, const char *path, size_t limit) {
    const DataSettings settings = {.limit = limit};
    int failures = 0;
    for (;; failures++) {
        Dataset dataset;
        test_state(ctx)->fail_at = test_state(ctx)->allocations + failures;
        const Status status = dataset_open(ctx, &dataset, path, &settings);
        test_state(ctx)->fail_at = -1;
        dataset_close(ctx, &dataset);
        if (status == SPICA_OK) break;
        assert_int_equal(status, SPICA_ERROR_MEMORY);
    }
    assert_true(failures >= 10);
}

#endif
