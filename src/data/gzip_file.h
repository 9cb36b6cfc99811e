/* A file read from front to back, gzipped or not, that knows where it is and says so when something is wrong. */
#ifndef SPICA_DATA_GZIP_FILE_H
#define SPICA_DATA_GZIP_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <zlib.h>

#include "base/context.h"

/* Zeroed may be closed. */
typedef struct GzipFile {
    gzFile stream;
    const char *path; /* the caller's */
    uint64_t size;    /* bytes on disk */
    uint64_t offset;  /* of the next byte, uncompressed */
    bool compressed;
} GzipFile;

/* All errors are SPICA_ERROR_DATA and name the file and the offset in its uncompressed bytes. */
Status gzip_open(Context *ctx, GzipFile *file, const char *path);
void gzip_close(GzipFile *file);

/* Exactly `count` bytes; fewer are an error that calls them `what`. */
Status gzip_read(Context *ctx, GzipFile *file, void *bytes, size_t count, const char *what);

/* Fails unless a file of this size on disk can hold `bytes` uncompressed bytes, so that nothing is allocated on the
 * word of a damaged header. */
Status gzip_check_promise(Context *ctx, const GzipFile *file, uint64_t bytes);

/* Fails unless the file ends here, and its checksum, where it has one, is right. */
Status gzip_expect_end(Context *ctx, GzipFile *file);

/* Reads the first `count` bytes of a file; false where they cannot be read. */
bool gzip_peek(const char *path, void *bytes, size_t count);

#endif
