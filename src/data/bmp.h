/* Windows and OS/2 bitmaps: 1, 4 and 8 bits with a palette, plain or run-length coded, 16, 24 and 32 bits. What a
 * fourth byte or an alpha mask says is not looked at, as most programs do not. Nothing is allocated, and no byte is
 * believed before it is checked. */
#ifndef SPICA_DATA_BMP_H
#define SPICA_DATA_BMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct BmpHeader {
    uint32_t width, height; /* at least 1 */
    bool top_down;          /* else the last row comes first */
    unsigned bits;          /* of a pixel */
    unsigned run_length;    /* bits of a run-length coded pixel, 8 or 4; 0: rows as they are */
    uint32_t masks[3];      /* 16 and 32 bits: where red, green and blue are */
    size_t palette_at, palette_count, palette_step;
    size_t pixels_at;
} BmpHeader;

/* bytes[count]: the whole file. False with *problem in words where it is no bitmap that is read here. */
bool bmp_read_header(const uint8_t *bytes, size_t count, BmpHeader *header, const char **problem);

/* pixels[height x width x 3]: RGB, top row first. */
bool bmp_read_pixels(const uint8_t *bytes, size_t count, const BmpHeader *header, uint8_t *pixels,
                     const char **problem);

#endif
