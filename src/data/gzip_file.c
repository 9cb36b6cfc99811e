#include "data/gzip_file.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

/* Bytes per call of zlib. A message about damage names the last call that succeeded. */
#define READ_BYTES ((size_t)1 << 18)
/* Deflate's best: 258 bytes from 2 bits, "at most 1032:1" (zlib's technical notes). */
#define DEFLATE_RATIO 1032

static Status open_fail(Context *ctx, const char *path) {
    /* zlib leaves errno alone where it is out of memory. */
    return context_fail(ctx, errno != 0 ? SPICA_ERROR_DATA : SPICA_ERROR_MEMORY, "%s: %s", path,
                        errno != 0 ? strerror(errno) : "out of memory");
}

Status gzip_open(Context *ctx, GzipFile *file, const char *path) {
    struct stat facts;
    *file = (GzipFile){.path = path};
    errno = 0;
    if (stat(path, &facts) != 0) return open_fail(ctx, path);
    file->size = (uint64_t)facts.st_size;
    errno = 0;
    file->stream = gzopen(path, "rb");
    if (file->stream == NULL) return open_fail(ctx, path);
    gzbuffer(file->stream, 1u << 17);
    file->compressed = gzdirect(file->stream) == 0;
    return SPICA_OK;
}

void gzip_close(GzipFile *file) {
    if (file->stream != NULL) gzclose_r(file->stream);
    *file = (GzipFile){0};
}

static Status read_fail(Context *ctx, const GzipFile *file, const char *what) {
    int code;
    const char *words = gzerror(file->stream, &code);
    if (code == Z_ERRNO)
        return context_fail(ctx, SPICA_ERROR_DATA, "%s: cannot be read at byte %" PRIu64 ": %s", file->path,
                            file->offset, strerror(errno));
    if (code == Z_MEM_ERROR) return context_fail(ctx, SPICA_ERROR_MEMORY, "%s: out of memory", file->path);
    if (code == Z_BUF_ERROR)
        return context_fail(ctx, SPICA_ERROR_DATA, "%s: truncated gzip file, nothing after byte %" PRIu64, file->path,
                            file->offset);
    if (code != Z_OK && code != Z_STREAM_END) {
        /* zlib's text begins with the path as well. */
        const char *reason = strstr(words, ": ");
        return context_fail(ctx, SPICA_ERROR_DATA, "%s: damaged gzip data after byte %" PRIu64 " (%s)", file->path,
                            file->offset, reason != NULL ? reason + 2 : words);
    }
    return context_fail(ctx, SPICA_ERROR_DATA, "%s: ends at byte %" PRIu64 ", within %s", file->path, file->offset,
                        what);
}

Status gzip_read(Context *ctx, GzipFile *file, void *bytes, size_t count, const char *what) {
    char *next = bytes;
    while (count > 0) {
        const unsigned wanted = (unsigned)(count < READ_BYTES ? count : READ_BYTES);
        const int got = gzread(file->stream, next, wanted);
        if (got > 0) file->offset += (uint64_t)got;
        if (got < 0 || (unsigned)got < wanted) return read_fail(ctx, file, what);
        next += got;
        count -= (size_t)got;
    }
    return SPICA_OK;
}

Status gzip_check_promise(Context *ctx, const GzipFile *file, uint64_t bytes) {
    if (!file->compressed && bytes > file->size)
        return context_fail(ctx, SPICA_ERROR_DATA,
                            "%s: truncated, its header promises %" PRIu64 " bytes, it ends at byte %" PRIu64,
                            file->path, bytes, file->size);
    if (file->compressed && bytes / DEFLATE_RATIO > file->size)
        return context_fail(ctx, SPICA_ERROR_DATA,
                            "%s: its header promises %" PRIu64 " bytes, more than %" PRIu64
                            " compressed bytes can hold",
                            file->path, bytes, file->size);
    return SPICA_OK;
}

Status gzip_expect_end(Context *ctx, GzipFile *file) {
    char byte;
    const int got = gzread(file->stream, &byte, 1);
    if (got > 0)
        return context_fail(ctx, SPICA_ERROR_DATA, "%s: more bytes than its header promises, from byte %" PRIu64 " on",
                            file->path, file->offset);
    int code;
    gzerror(file->stream, &code);
    return got < 0 || (code != Z_OK && code != Z_STREAM_END) ? read_fail(ctx, file, "the end") : SPICA_OK;
}

bool gzip_peek(const char *path, void *bytes, size_t count) {
    gzFile stream = gzopen(path, "rb");
    if (stream == NULL) return false;
    const bool read = gzread(stream, bytes, (unsigned)count) == (int)count;
    gzclose_r(stream);
    return read;
}
