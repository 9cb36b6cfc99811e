/* What kind of picture a file is, by its first bytes; its name is never asked. */
#ifndef SPICA_DATA_PICTURE_KIND_H
#define SPICA_DATA_PICTURE_KIND_H

#include <stddef.h>
#include <stdint.h>

typedef enum PictureKind {
    PICTURE_NONE, /* no kind that is read here */
    PICTURE_JPEG,
    PICTURE_PNG,
    PICTURE_WEBP,
    PICTURE_GIF,
    PICTURE_TIFF,
    PICTURE_HEIF, /* HEIC and AVIF */
    PICTURE_BMP,
} PictureKind;
#define PICTURE_KINDS ((size_t)PICTURE_BMP + 1)

/* First bytes of a file that are enough to tell its kind. */
#define PICTURE_KIND_BYTES ((size_t)64)

/* bytes[count]: how a file begins. */
PictureKind picture_kind(const uint8_t *bytes, size_t count);

/* "JPEG", "PNG" ... */
const char *picture_kind_name(PictureKind kind);

/* The kind of a regular file; PICTURE_NONE as well where it cannot be read. */
PictureKind picture_kind_of_file(const char *path);

/* Likewise, of a file in an open folder. */
PictureKind picture_kind_at(int folder, const char *name);

#endif
