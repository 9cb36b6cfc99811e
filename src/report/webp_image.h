/* Pixels as a WebP file in memory: the only file of the room that knows libwebp. */
#ifndef SPICA_REPORT_WEBP_IMAGE_H
#define SPICA_REPORT_WEBP_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The encoder's memory is its own. Zeroed may be closed. */
typedef struct WebpImage {
    uint8_t *bytes;
    size_t count;
} WebpImage;

/* rgb[height x width x 3], without gaps; sides up to 16,383; quality 0 .. 100. The same bytes for the same pixels. May
 * be called from several threads. False: out of memory. */
bool webp_encode(WebpImage *image, const uint8_t *rgb, int width, int height, int quality);
void webp_close(WebpImage *image);

#endif
