/* The short way of JPEG files: straight through libjpeg, from memory. libvips' pipeline would cost a small picture more
 * than the decoding; and it hands libjpeg 4 kB at a time, within which libjpeg's fast Huffman decoder seldom dares to
 * run, which costs a large one a tenth to a quarter more. */
#ifndef SPICA_DECODE_DECODE_JPEG_H
#define SPICA_DECODE_DECODE_JPEG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* pixels[height x width x 3], where the file is a plain RGB or grey JPEG of exactly this size that has no EXIF data and
 * nothing wrong; the pixels are then those that libvips gives. False, with pixels of no meaning, for any other file: it
 * takes the long way, which also finds words for what is wrong. */
bool jpeg_decode_plain(const uint8_t *bytes, size_t count, int width, int height, uint8_t *pixels);

/* What is decoded of a picture. */
typedef struct JpegPixels {
    int width, height, channels; /* 1: grey; 3: RGB */
    uint8_t *pixels;             /* height x width x channels */
} JpegPixels;

/* A plain RGB or grey JPEG with nothing wrong in what is needed of it, whatever its EXIF data, at 1 / shrink (1, 2, 4,
 * 8) of its size, as libvips gives it: what is left over at the right and at the bottom is dropped. The pixels are the
 * caller's, for free(). False, with nothing to free, for any other file, and for one of more than 64 MB of pixels. */
bool jpeg_decode_smaller(const uint8_t *bytes, size_t count, int shrink, JpegPixels *decoded);

#endif
