/* Zip archives for tests, put together here byte by byte without the code that is tested. */
#ifndef SPICA_TESTS_DATA_ZIP_FILES_H
#define SPICA_TESTS_DATA_ZIP_FILES_H

#include "data_files.h"

/* An archive under construction. Zeroed is empty. */
typedef struct TestZip {
    Bytes file, directory;
    size_t count;                /* members */
    size_t directory_at, end_at; /* offsets in the finished file; end_at of the last record */
} TestZip;

typedef enum TestPacking {
    PACK_STORED = 0,
    PACK_DEFLATED = 1,
    PACK_ZIP64 = 2, /* sizes and offset in an extra field, added to either */
} TestPacking;

static inline void bytes_add_little(Bytes *file, uint64_t value, int count) {
    for (int i = 0; i < count; i++) {
        const uint8_t byte = (uint8_t)(value >> (8 * i));
        bytes_add(file, &byte, 1);
    }
}

static inline void bytes_set_little(Bytes *file, size_t offset, uint64_t value, int count) {
    assert_true(offset + (size_t)count <= file->count);
    for (int i = 0; i < count; i++)
        file->bytes[offset + (size_t)i] = (uint8_t)(value >> (8 * i));
}

/* content deflated without a header. */
static inline void bytes_deflate(Bytes *to, const Bytes *content) {
    z_stream stream = {0};
    assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
    stream.next_in = (Bytef *)(uintptr_t)content->bytes;
    stream.avail_in = (uInt)content->count;
    stream.next_out = to->bytes;
    stream.avail_out = sizeof to->bytes;
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    to->count = stream.total_out;
    deflateEnd(&stream);
}

/* From "version needed" to the extra field's length, which local header and directory have in common. */
static inline void zip_add_common(Bytes *file, const char *name, const Bytes *content, size_t packed, unsigned packing,
                                  int extra) {
    const bool zip64 = (packing & PACK_ZIP64) != 0;
    bytes_add_little(file, zip64 ? 45 : 20, 2);
    bytes_add_little(file, 0, 2); /* flags */
    bytes_add_little(file, packing & PACK_DEFLATED ? 8 : 0, 2);
    bytes_add_little(file, 0x00210000, 4); /* 1980-01-01 */
    bytes_add_little(file, crc32(0, content->bytes, (uInt)content->count), 4);
    bytes_add_little(file, zip64 ? UINT32_MAX : packed, 4);
    bytes_add_little(file, zip64 ? UINT32_MAX : content->count, 4);
    bytes_add_little(file, strlen(name), 2);
    bytes_add_little(file, (uint64_t)extra, 2);
}

static inline void zip_add(TestZip *zip, const char *name, const Bytes *content, unsigned packing) {
    static Bytes deflated;
    const bool zip64 = (packing & PACK_ZIP64) != 0;
    const Bytes *packed = content;
    const size_t header = zip->file.count;
    if (packing & PACK_DEFLATED) bytes_deflate(&deflated, content), packed = &deflated;

    bytes_add(&zip->file, "PK\3\4", 4);
    zip_add_common(&zip->file, name, content, packed->count, packing, zip64 ? 20 : 0);
    bytes_add(&zip->file, name, strlen(name));
    if (zip64) {
        bytes_add_little(&zip->file, 1, 2);
        bytes_add_little(&zip->file, 16, 2);
        bytes_add_little(&zip->file, content->count, 8);
        bytes_add_little(&zip->file, packed->count, 8);
    }
    bytes_add(&zip->file, packed->bytes, packed->count);

    bytes_add(&zip->directory, "PK\1\2\24\3", 6);
    zip_add_common(&zip->directory, name, content, packed->count, packing, zip64 ? 34 : 0);
    bytes_add_little(&zip->directory, 0, 2 + 2); /* comment, disk */
    bytes_add_little(&zip->directory, 0, 2 + 4); /* attributes */
    bytes_add_little(&zip->directory, zip64 ? UINT32_MAX : header, 4);
    bytes_add(&zip->directory, name, strlen(name));
    if (zip64) {
        bytes_add_little(&zip->directory, 0xcafe, 2); /* another extra field before the one that counts */
        bytes_add_little(&zip->directory, 2, 2);
        bytes_add_little(&zip->directory, 7, 2);
        bytes_add_little(&zip->directory, 1, 2);
        bytes_add_little(&zip->directory, 24, 2);
        bytes_add_little(&zip->directory, content->count, 8);
        bytes_add_little(&zip->directory, packed->count, 8);
        bytes_add_little(&zip->directory, header, 8);
    }
    zip->count++;
}

/* Adds the directory and what ends the archive; writes it. */
static inline void zip_finish(TestZip *zip, bool zip64, const char *comment, const TestScratch *scratch,
                              const char *name) {
    const size_t directory_bytes = zip->directory.count;
    zip->directory_at = zip->file.count;
    bytes_add(&zip->file, zip->directory.bytes, directory_bytes);
    if (zip64) {
        const size_t end64 = zip->file.count;
        bytes_add(&zip->file, "PK\6\6", 4);
        bytes_add_little(&zip->file, 44, 8);
        bytes_add_little(&zip->file, 45 | 45 << 16, 4);
        bytes_add_little(&zip->file, 0, 8); /* disks */
        bytes_add_little(&zip->file, zip->count, 8);
        bytes_add_little(&zip->file, zip->count, 8);
        bytes_add_little(&zip->file, directory_bytes, 8);
        bytes_add_little(&zip->file, zip->directory_at, 8);
        bytes_add(&zip->file, "PK\6\7\0\0\0\0", 8);
        bytes_add_little(&zip->file, end64, 8);
        bytes_add_little(&zip->file, 1, 4);
    }
    zip->end_at = zip->file.count;
    bytes_add(&zip->file, "PK\5\6\0\0\0\0", 8);
    bytes_add_little(&zip->file, zip64 ? 0xffff : zip->count, 2);
    bytes_add_little(&zip->file, zip64 ? 0xffff : zip->count, 2);
    bytes_add_little(&zip->file, zip64 ? UINT32_MAX : directory_bytes, 4);
    bytes_add_little(&zip->file, zip64 ? UINT32_MAX : zip->directory_at, 4);
    bytes_add_little(&zip->file, strlen(comment), 2);
    bytes_add(&zip->file, comment, strlen(comment));
    bytes_write(scratch, name, &zip->file);
}

static inline void zip_begin(TestZip *zip) {
    zip->file.count = zip->directory.count = 0;
    zip->count = 0;
}

#endif
