/* Tars for tests, put together here byte by byte without the code that is tested. */
#ifndef SPICA_TESTS_DATA_TAR_FILES_H
#define SPICA_TESTS_DATA_TAR_FILES_H

#include "support/byte_files.h"

#define TAR_POSIX "ustar\00000"
#define TAR_GNU "ustar  \0"
#define TAR_OLD "\0\0\0\0\0\0\0\0"

/* The checksum of the header at `at`. */
static inline void tar_seal(Bytes *file, size_t at) {
    char sum[8];
    unsigned total = 0;
    memset(file->bytes + at + 148, ' ', 8);
    for (size_t i = 0; i < 512; i++)
        total += file->bytes[at + i];
    snprintf(sum, sizeof sum, "%06o", total);
    memcpy(file->bytes + at + 148, sum, 7);
}

/* A header; returns where it is. magic: one of the three above. */
static inline size_t tar_header(Bytes *file, const char *magic, char kind, const char *name, size_t size) {
    static const uint8_t blank[512];
    const size_t at = file->count, length = strlen(name);
    char octal[13];
    bytes_add(file, blank, 512);
    memcpy(file->bytes + at, name, length < 100 ? length : 100);
    memcpy(file->bytes + at + 100, "0000644", 8);
    memcpy(file->bytes + at + 108, "0001750", 8);
    memcpy(file->bytes + at + 116, "0001750", 8);
    snprintf(octal, sizeof octal, "%011o", (unsigned)size);
    memcpy(file->bytes + at + 124, octal, 12);
    memcpy(file->bytes + at + 136, "07346545000", 12);
    file->bytes[at + 156] = (uint8_t)kind;
    memcpy(file->bytes + at + 257, magic, 8);
    tar_seal(file, at);
    return at;
}

/* A member's bytes, up to a whole number of blocks. */
static inline void tar_content(Bytes *file, const void *content, size_t count) {
    static const uint8_t blank[512];
    bytes_add(file, content, count);
    bytes_add(file, blank, (512 - count % 512) % 512);
}

static inline size_t tar_add(Bytes *file, const char *magic, char kind, const char *name, const char *content) {
    const size_t at = tar_header(file, magic, kind, name, strlen(content));
    tar_content(file, content, strlen(content));
    return at;
}

/* The mark of the end. */
static inline void tar_finish(Bytes *file) {
    static const uint8_t blank[1024];
    bytes_add(file, blank, sizeof blank);
}

#endif
