/* Files of records as the binary versions of CIFAR-10, CIFAR-100 and STL-10 have them, and what can be wrong with any
 * of them. Bytes are put together as the data sets' pages say, without the code that reads them. */
#ifndef SPICA_TESTS_SUPPORT_RECORD_FILES_H
#define SPICA_TESTS_SUPPORT_RECORD_FILES_H

#include "support/byte_files.h"
#include "support/dataset_cases.h"

/* A record: bytes of labels, then bytes of pixels. */
typedef struct RecordKind {
    struct {
        size_t first, count, step; /* label of record `row`: first + step * (salt + row) % count */
    } labels[2];
    size_t label_bytes, pixel_bytes;
} RecordKind;

static const RecordKind cifar10_record = {.labels = {{0, 10, 1}}, .label_bytes = 1, .pixel_bytes = 3072};
/* Coarse, then fine. */
static const RecordKind cifar100_record = {.labels = {{0, 20, 1}, {0, 100, 7}}, .label_bytes = 2, .pixel_bytes = 3072};
static const RecordKind stl10_picture_record = {.pixel_bytes = 27648};
static const RecordKind stl10_label_record = {.labels = {{1, 10, 1}}, .label_bytes = 1};

static inline size_t record_bytes(const RecordKind *kind) { return kind->label_bytes + kind->pixel_bytes; }

/* Byte i of the pixels of record `row` is some_byte(salt + row, i). */
static inline void records_make(Bytes *file, const RecordKind *kind, size_t count, size_t salt) {
    file->count = 0;
    for (size_t row = 0; row < count; row++) {
        for (size_t i = 0; i < kind->label_bytes; i++) {
            const uint8_t label =
                (uint8_t)(kind->labels[i].first + kind->labels[i].step * (salt + row) % kind->labels[i].count);
            bytes_add(file, &label, 1);
        }
        for (size_t i = 0; i < kind->pixel_bytes; i++) {
            const uint8_t value = some_byte(salt + row, i);
            bytes_add(file, &value, 1);
        }
    }
}

static inline void records_write(const TestScratch *scratch, const char *name, const RecordKind *kind, size_t count,
                                 size_t salt) {
    static Bytes file;
    records_make(&file, kind, count, salt);
    bytes_write(scratch, name, &file);
}

/* Records of zeros, which take no room on disk. */
static inline void records_write_blank(const TestScratch *scratch, const char *name, const RecordKind *kind,
                                       size_t count) {
    text_write(scratch, name, "");
    assert_int_equal(truncate(test_path(scratch, name), (off_t)(count * record_bytes(kind))), 0);
}

/* A picture of `side` pixels was planes of rows, or of columns, and is pixels of red, green and blue now. */
static inline void assert_record_picture(const Dataset *dataset, size_t row, size_t salt, size_t side, bool columns) {
    const uint8_t *pixels = dataset_picture(dataset, row);
    for (size_t y = 0; y < side; y++)
        for (size_t x = 0; x < side; x++)
            for (size_t plane = 0; plane < 3; plane++)
                if (pixels[3 * (side * y + x) + plane] !=
                    some_byte(salt, plane * side * side + (columns ? side * x + y : side * y + x)))
                    fail_msg("picture %zu, plane %zu, column %zu, row %zu", row, plane, x, y);
}

/* A data set of which this file is a part is refused where the file ends within a record, within the first one, is
 * empty, or at last is not there. */
static inline void assert_wrong_records_are_refused(Context *ctx, const TestScratch *scratch, const char *name,
                                                    const RecordKind *kind) {
    static Bytes file;
    const size_t bytes = record_bytes(kind), cuts[] = {3 * bytes - 7, bytes - 1};
    char words[256];
    records_make(&file, kind, 3, 0);
    for (size_t i = 0; i < 2; i++) {
        file.count = cuts[i];
        bytes_write(scratch, name, &file);
        snprintf(words, sizeof words,
                 "%s: %zu bytes are not a whole number of records of %zu bytes; the last record begins at byte %zu",
                 name, cuts[i], bytes, cuts[i] / bytes * bytes);
        ASSERT_REFUSED(ctx, scratch->path, words);
    }
    text_write(scratch, name, "");
    snprintf(words, sizeof words, "%s: the file is empty", name);
    ASSERT_REFUSED(ctx, scratch->path, words);
    assert_int_equal(unlink(test_path(scratch, name)), 0);
    snprintf(words, sizeof words, "%s is missing", name);
    ASSERT_REFUSED(ctx, scratch->path, words);
}

#endif
