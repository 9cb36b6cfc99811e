/* Pictures as PNG files (RFC 2083). */
#ifndef SPICA_DATA_PNG_WRITER_H
#define SPICA_DATA_PNG_WRITER_H

#include <stdint.h>

#include "base/memory.h"

/* *bytes: a whole PNG file of *count bytes, owned by the caller. pixels: height x width x channels, row by row, 8 bits
 * each, channels interleaved: 1 grey, 3 RGB, 4 RGBA. The bytes depend on the pixels and zlib's version alone. Errors:
 * SPICA_ERROR_OPTION for other sizes, SPICA_ERROR_MEMORY. */
Status png_encode(Context *ctx, const uint8_t *pixels, size_t height, size_t width, size_t channels, uint8_t **bytes,
                  size_t *count);

#endif
