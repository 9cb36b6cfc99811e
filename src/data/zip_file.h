/* A zip archive whose members are read from front to back, stored or deflated, zip64 included. Of what the archive says
 * nothing is believed before it is checked: every offset lies within the file, members do not overlap, sizes are
 * possible, a member's CRC-32 is verified when its last byte is read.
 *
 * PKWARE, APPNOTE.TXT - .ZIP File Format Specification 6.3.10, sections 4.3 to 4.5. */
#ifndef SPICA_DATA_ZIP_FILE_H
#define SPICA_DATA_ZIP_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <zlib.h>

#include "base/memory.h"

/* What the central directory says of a member. */
typedef struct ZipMember {
    const char *name;    /* the archive's */
    uint64_t header;     /* offset of the local header */
    uint64_t compressed; /* bytes in the archive */
    uint64_t bytes;      /* uncompressed */
    uint32_t checksum;   /* CRC-32 of the uncompressed bytes */
    unsigned flags, method;
} ZipMember;

/* Zeroed may be closed. */
typedef struct ZipFile {
    const char *path;    /* the caller's */
    FILE *stream;        /* owned */
    uint64_t directory;  /* offset of the central directory, before which all members lie */
    ZipMember *members;  /* in the directory's order, owned by the arena */
    size_t member_count; /* may be 0 */
    Arena arena;
} ZipFile;

/* Reads the directory. All errors of this header are SPICA_ERROR_DATA, naming file, member and offset, or
 * SPICA_ERROR_MEMORY. */
Status zip_open(Context *ctx, ZipFile *zip, const char *path);
void zip_close(Context *ctx, ZipFile *zip);

/* The first member of this name, or NULL. */
const ZipMember *zip_find(const ZipFile *zip, const char *name);

/* One member on its way. Zeroed may be closed. Between open and close it stays at its address, which zlib keeps. */
typedef struct ZipStream {
    const ZipFile *zip;
    const ZipMember *member;
    uint64_t next;     /* offset in the file of the next byte that is not yet read */
    uint64_t left;     /* compressed bytes from there on */
    uint64_t offset;   /* uncompressed bytes that were given out */
    uint32_t checksum; /* of these */
    uint8_t *piece;    /* compressed bytes, owned */
    z_stream inflater;
    bool inflating; /* the inflater is open */
    bool ended;     /* the deflated data have ended */
} ZipStream;

/* Errors besides: a method that is not read, an encrypted member, and one that is to grow so much that it can only be
 * meant to fill the memory. */
Status zip_stream_open(Context *ctx, ZipStream *stream, const ZipFile *zip, const ZipMember *member);

/* Exactly the next `count` bytes. With the last byte of the member its checksum is verified. */
Status zip_stream_read(Context *ctx, ZipStream *stream, void *bytes, size_t count);

void zip_stream_close(Context *ctx, ZipStream *stream);

#endif
