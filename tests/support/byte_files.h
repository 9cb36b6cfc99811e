/* Files that tests put together byte by byte, in a scratch folder. */
#ifndef SPICA_TESTS_SUPPORT_BYTE_FILES_H
#define SPICA_TESTS_SUPPORT_BYTE_FILES_H

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

/* Any byte that depends on all of its arguments. */
static inline uint8_t some_byte(size_t a, size_t b) { return (uint8_t)((a * 2654435761u + b * 40503u) >> 7); }

static inline void bytes_write(const TestScratch *scratch, const char *name, const Bytes *file) {
    FILE *stream = fopen(test_path(scratch, name), "wb");
    assert_non_null(stream);
    assert_true(fwrite(file->bytes, 1, file->count, stream) == file->count);
    assert_int_equal(fclose(stream), 0);
}

static inline void text_write(const TestScratch *scratch, const char *name, const char *text) {
    FILE *stream = fopen(test_path(scratch, name), "wb");
    assert_non_null(stream);
    assert_true(fputs(text, stream) >= 0);
    assert_int_equal(fclose(stream), 0);
}

/* A file's bytes as they stand on disk. */
static inline void bytes_read_file(const char *path, Bytes *file) {
    FILE *stream = fopen(path, "rb");
    assert_non_null(stream);
    file->count = fread(file->bytes, 1, sizeof file->bytes, stream);
    assert_int_equal(fclose(stream), 0);
}

static inline void bytes_read(const TestScratch *scratch, const char *name, Bytes *file) {
    bytes_read_file(test_path(scratch, name), file);
}

/* One of the pictures of tests/golden/pictures. */
static inline void bytes_read_picture(const char *name, Bytes *file) {
    char path[1024];
    snprintf(path, sizeof path, GOLDEN_DIR "/pictures/%s", name);
    bytes_read_file(path, file);
}

#endif
