/* One picture's bytes -> pixels of the wanted size. The loader is chosen by the first bytes from a closed list, never
 * by a file's name: JPEG, PNG, WebP, GIF (the first picture), TIFF (the first page), HEIC and AVIF by libvips, BMP by
 * ours.
 *
 * What comes out is 8 bits, RGB or grey: turned as EXIF says; CMYK by its profile, else by libvips' own; transparent
 * pixels over white; 16 bits cut to their upper 8. Profiles of RGB pictures are not looked at, as most programs that
 * train networks do not.
 *
 * Floor plan of the room: decode_main.c is the helper's loop, decode_jpeg.c the short way of small JPEG files, this
 * what is done with one picture. */
#ifndef SPICA_DECODE_DECODE_PICTURE_H
#define SPICA_DECODE_DECODE_PICTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "data/decode_workers.h"
#include "data/picture_kind.h"

typedef struct PictureWish {
    int width, height, channels;
    DecodeFit fit;
    uint64_t most_pixels;
} PictureWish;

typedef enum PictureOutcome { PICTURE_DECODED, PICTURE_BAD, PICTURE_OTHER_SIZE } PictureOutcome;

/* What is told of a picture. */
typedef struct PictureTold {
    int width, height; /* as it is looked at, before it is resized */
    PictureKind kind;
    char reason[400]; /* one line, where it is bad */
} PictureTold;

/* bytes[count]: a file. pixels[wish->height x width x channels], or NULL where only its size is asked for. */
PictureOutcome picture_decode(const PictureWish *wish, const uint8_t *bytes, size_t count, uint8_t *pixels,
                              PictureTold *told);

#endif
