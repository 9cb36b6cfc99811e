#include "data/png_writer.h"

#include <string.h>

#include <zlib.h>

/* Signature, IHDR, one IDAT, IEND. A chunk is its length, four letters, its bytes, and the checksum of letters and
 * bytes; numbers have their highest byte first. Every row is filtered by the difference from the pixel to the left
 * ("Sub", one byte before the row tells), which is good enough for small pictures and needs no trying. */

#define SIGNATURE_BYTES ((size_t)8)
#define HEADER_BYTES ((size_t)13)
#define CHUNK_BYTES ((size_t)12) /* of a chunk, beside its own */
#define FILTER_SUB 1
/* Widths, heights and chunks are below 2^31 in the format; this keeps every product below it too. */
#define PIXELS_MOST ((size_t)1 << 28)

static void number_put(uint8_t *bytes, uint32_t number) {
    for (int i = 0; i < 4; i++)
        bytes[i] = (uint8_t)(number >> (24 - 8 * i));
}

/* Completes a chunk whose `count` bytes stand 8 behind `chunk`; returns where the next one begins. */
static uint8_t *chunk_close(uint8_t *chunk, const char *letters, size_t count) {
    number_put(chunk, (uint32_t)count);
    memcpy(chunk + 4, letters, 4);
    number_put(chunk + 8 + count, (uint32_t)crc32(0, chunk + 4, (uInt)(4 + count)));
    return chunk + CHUNK_BYTES + count;
}

static uint8_t *header_put(uint8_t *chunk, size_t height, size_t width, size_t channels) {
    static const uint8_t colour_types[] = {[1] = 0, [3] = 2, [4] = 6};
    uint8_t *header = chunk + 8;
    number_put(header, (uint32_t)width);
    number_put(header + 4, (uint32_t)height);
    header[8] = 8; /* bits of a value */
    header[9] = colour_types[channels];
    header[10] = header[11] = header[12] = 0; /* deflate, the usual filters, not interlaced */
    return chunk_close(chunk, "IHDR", HEADER_BYTES);
}

/* filtered[height x (1 + row_bytes)] */
static void rows_filter(uint8_t *filtered, const uint8_t *pixels, size_t height, size_t row_bytes, size_t channels) {
    for (size_t y = 0; y < height; y++, pixels += row_bytes) {
        *filtered++ = FILTER_SUB;
        for (size_t x = 0; x < row_bytes; x++)
            *filtered++ = (uint8_t)(pixels[x] - (x >= channels ? pixels[x - channels] : 0));
    }
}

static Status png_write(Context *ctx, const uint8_t *filtered, size_t count, uint8_t *bytes, uLongf room, size_t height,
                        size_t width, size_t channels, size_t *written) {
    memcpy(bytes, "\x89PNG\r\n\x1a\n", SIGNATURE_BYTES);
    uint8_t *data = header_put(bytes + SIGNATURE_BYTES, height, width, channels);
    uLongf packed = room;
    if (compress2(data + 8, &packed, filtered, (uLong)count, Z_DEFAULT_COMPRESSION) != Z_OK)
        return context_fail(ctx, SPICA_ERROR_MEMORY, "out of memory for a PNG picture");
    uint8_t *end = chunk_close(chunk_close(data, "IDAT", packed), "IEND", 0);
    *written = (size_t)(end - bytes);
    return SPICA_OK;
}

Status png_encode(Context *ctx, const uint8_t *pixels, size_t height, size_t width, size_t channels, uint8_t **bytes,
                  size_t *count) {
    *bytes = NULL;
    *count = 0;
    if ((channels != 1 && channels != 3 && channels != 4) || height == 0 || width == 0 || width > PIXELS_MOST ||
        height > PIXELS_MOST / width)
        return context_fail(ctx, SPICA_ERROR_OPTION, "no PNG picture has %zu x %zu x %zu numbers", height, width,
                            channels);
    const size_t row_bytes = width * channels, filtered_bytes = height * (1 + row_bytes);
    const uLong room = compressBound((uLong)filtered_bytes);
    uint8_t *filtered;
    TRY(NEW_ARRAY(ctx, &filtered, filtered_bytes));
    Status status = NEW_ARRAY(ctx, bytes, SIGNATURE_BYTES + 3 * CHUNK_BYTES + HEADER_BYTES + room);
    if (status == SPICA_OK) {
        rows_filter(filtered, pixels, height, row_bytes, channels);
        status = png_write(ctx, filtered, filtered_bytes, *bytes, room, height, width, channels, count);
    }
    FREE_ARRAY(ctx, &filtered);
    if (status != SPICA_OK) FREE_ARRAY(ctx, bytes);
    return status;
}
