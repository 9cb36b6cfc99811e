/* The members of a tar file, one after the other: POSIX' ustar and pax, GNU's (long names, large sizes) and what was
 * before them. Only headers are read; where the bytes of a member are is told. pax' formats: POSIX.1-2017, XCU, pax;
 * GNU's: the manual of GNU tar, "Basic Tar Format". */
#ifndef SPICA_DATA_TAR_FILE_H
#define SPICA_DATA_TAR_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/memory.h"

#define TAR_BLOCK ((size_t)512)

typedef enum TarKind {
    TAR_FILE,
    TAR_FOLDER,
    TAR_HARD_LINK, /* another name of a member before it */
    TAR_LINK,      /* symbolic */
    TAR_FIFO,
    TAR_DEVICE,
    TAR_SPARSE, /* a file whose holes are left out */
    TAR_OTHER,  /* a part of a file that goes on in another archive, and what nobody knows */
} TarKind;

typedef struct TarMember {
    const char *name; /* as it is written; valid until the next member is asked for */
    TarKind kind;
    const char *target;    /* of a hard link: the other name, valid as long; else NULL */
    uint64_t header;       /* offset of its header */
    uint64_t offset, size; /* of its bytes, which lie within the archive */
} TarMember;

/* Zeroed may be closed. */
typedef struct TarFile {
    const char *path; /* the caller's */
    int file;
    bool open;
    uint64_t size; /* bytes of the archive */
    uint64_t next; /* offset of the next header */
    bool unmarked; /* it ended without the two empty blocks that mark an end */
    char *name;    /* of the member that was told last; owned */
    char *target;  /* what a hard link links to; owned */
    /* What headers before the member's own say of it: */
    char *long_name;      /* owned, or NULL */
    char *long_target;    /* owned, or NULL */
    bool has_size, holes; /* of the file */
    uint64_t long_size;
} TarFile;

/* Whether a file begins as a tar does: with a header whose checksum is right. */
bool block_begins_tar(const uint8_t block[TAR_BLOCK]);
bool file_begins_as_tar(const char *path);

/* Errors: SPICA_ERROR_DATA where it cannot be opened. */
Status tar_open(Context *ctx, TarFile *tar, const char *path);

/* *found: there is another member, else the archive has ended. Errors: SPICA_ERROR_DATA naming the offset of a header
 * that is damaged, or promises more bytes than the archive has; SPICA_ERROR_MEMORY. */
Status tar_next(Context *ctx, TarFile *tar, TarMember *member, bool *found);

void tar_close(Context *ctx, TarFile *tar);

#endif
