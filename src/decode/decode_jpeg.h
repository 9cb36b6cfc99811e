/* The short way of small JPEG files: straight through libjpeg, where libvips' pipeline would cost more than the
 * decoding. */
#ifndef SPICA_DECODE_DECODE_JPEG_H
#define SPICA_DECODE_DECODE_JPEG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* pixels[height x width x 3], where the file is a plain RGB or grey JPEG of exactly this size that has no EXIF data and
 * nothing wrong; the pixels are then those that libvips gives. False, with pixels of no meaning, for any other file: it
 * takes the long way, which also finds words for what is wrong. */
bool jpeg_decode_plain(const uint8_t *bytes, size_t count, int width, int height, uint8_t *pixels);

#endif
