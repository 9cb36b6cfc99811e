#include "data/bmp.h"

#include <string.h>

/* https://learn.microsoft.com/windows/win32/gdi/bitmap-storage: a file header of 14 bytes, an information header that
 * begins with its own size, masks, palette, rows padded to 4 bytes; all numbers little-endian. */
#define FILE_HEADER 14
#define CORE_HEADER 12 /* OS/2's: numbers of 16 bits, a palette of 3 bytes */
#define INFO_HEADER 40
#define MASKED_HEADER 52 /* from this size on the masks are part of the header */

enum { BMP_RGB = 0, BMP_RLE8 = 1, BMP_RLE4 = 2, BMP_BITFIELDS = 3, BMP_ALPHABITFIELDS = 6 };

#define SIDE_MOST 0x7fffffffu

static uint32_t number16(const uint8_t *bytes) { return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8; }
static uint32_t number32(const uint8_t *bytes) { return number16(bytes) | number16(bytes + 2) << 16; }

static bool fail(const char **problem, const char *words) {
    *problem = words;
    return false;
}

static bool read_core_header(const uint8_t *bytes, BmpHeader *header) {
    header->width = number16(bytes + FILE_HEADER + 4);
    header->height = number16(bytes + FILE_HEADER + 6);
    header->bits = number16(bytes + FILE_HEADER + 10);
    header->palette_step = 3;
    return true;
}

/* The 16 and 32 bits of a file without masks. */
static void masks_usual(BmpHeader *header) {
    static const uint32_t masks[2][3] = {{0x7c00, 0x03e0, 0x001f}, {0xff0000, 0x00ff00, 0x0000ff}};
    memcpy(header->masks, masks[header->bits == 32], sizeof header->masks);
}

static bool read_masks(const uint8_t *bytes, size_t count, BmpHeader *header, const char **problem) {
    if (header->bits != 16 && header->bits != 32) return fail(problem, "masks with no 16 or 32 bits");
    if (count < FILE_HEADER + INFO_HEADER + 12) return fail(problem, "truncated header");
    for (size_t i = 0; i < 3; i++)
        header->masks[i] = number32(bytes + FILE_HEADER + INFO_HEADER + 4 * i);
    return true;
}

static bool read_compression(const uint8_t *bytes, size_t count, BmpHeader *header, const char **problem) {
    const uint32_t compression = number32(bytes + FILE_HEADER + 16);
    masks_usual(header);
    if (compression == BMP_RGB) return true;
    if (compression == BMP_BITFIELDS || compression == BMP_ALPHABITFIELDS)
        return read_masks(bytes, count, header, problem);
    if (compression != BMP_RLE8 && compression != BMP_RLE4) return fail(problem, "unknown compression");
    header->run_length = compression == BMP_RLE8 ? 8 : 4;
    if (header->bits != header->run_length) return fail(problem, "run lengths of another depth");
    return !header->top_down || fail(problem, "run lengths from the top");
}

static bool read_info_header(const uint8_t *bytes, size_t count, BmpHeader *header, const char **problem) {
    const uint32_t height = number32(bytes + FILE_HEADER + 8);
    header->width = number32(bytes + FILE_HEADER + 4);
    header->top_down = height > SIDE_MOST;
    header->height = header->top_down ? 0u - height : height;
    header->bits = number16(bytes + FILE_HEADER + 14);
    header->palette_step = 4;
    header->palette_count = number32(bytes + FILE_HEADER + 32);
    return read_compression(bytes, count, header, problem);
}

/* Where the palette stands and how many colours of it can be used. */
static bool place_palette(const uint8_t *bytes, size_t count, BmpHeader *header, const char **problem) {
    const size_t info = number32(bytes + FILE_HEADER);
    const bool masks_follow = info == INFO_HEADER && number32(bytes + FILE_HEADER + 16) >= BMP_BITFIELDS;
    const size_t most = header->bits <= 8 ? (size_t)1 << header->bits : 0;
    header->palette_at = FILE_HEADER + info + (masks_follow ? 12 : 0);
    if (header->palette_count == 0 || header->palette_count > most) header->palette_count = most;
    if (header->palette_at > count) return fail(problem, "truncated header");
    const size_t present = (count - header->palette_at) / header->palette_step;
    if (header->palette_count > present) return fail(problem, "truncated palette");
    return true;
}

static bool check_rows(size_t count, const BmpHeader *header, const char **problem) {
    if (header->pixels_at > count) return fail(problem, "truncated: the pixels begin behind the end");
    if (header->run_length != 0) return true;
    const uint64_t stride = ((uint64_t)header->width * header->bits + 31) / 32 * 4;
    /* Both factors are below 2^34 and 2^31: compared without their product. */
    return (count - header->pixels_at) / stride >= header->height || fail(problem, "truncated: rows are missing");
}

bool bmp_read_header(const uint8_t *bytes, size_t count, BmpHeader *header, const char **problem) {
    memset(header, 0, sizeof *header);
    if (count < FILE_HEADER + CORE_HEADER || memcmp(bytes, "BM", 2) != 0) return fail(problem, "truncated header");
    const uint32_t info = number32(bytes + FILE_HEADER);
    header->pixels_at = number32(bytes + 10);
    if (info != CORE_HEADER && (info < INFO_HEADER || info > 65535)) return fail(problem, "unknown kind of header");
    if (info > count - FILE_HEADER) return fail(problem, "truncated header");
    if (info == CORE_HEADER ? !read_core_header(bytes, header) : !read_info_header(bytes, count, header, problem))
        return false;
    if (header->width == 0 || header->height == 0 || header->width > SIDE_MOST || header->height > SIDE_MOST)
        return fail(problem, "a side of no pixels");
    static const uint8_t depths[] = {1, 4, 8, 16, 24, 32};
    if (header->bits > 32 || memchr(depths, (int)header->bits, sizeof depths) == NULL)
        return fail(problem, "unknown number of bits");
    return place_palette(bytes, count, header, problem) && check_rows(count, header, problem);
}

static void colour_of_palette(const uint8_t *bytes, const BmpHeader *header, size_t index, uint8_t *pixel) {
    const uint8_t *colour = bytes + header->palette_at + index * header->palette_step;
    const bool known = index < header->palette_count;
    for (int i = 0; i < 3; i++)
        pixel[i] = known ? colour[2 - i] : 0;
}

/* The bits of the mask as 0 .. 255. */
static uint8_t masked(uint32_t value, uint32_t mask) {
    if (mask == 0) return 0;
    const int shift = __builtin_ctz(mask);
    const uint64_t largest = mask >> shift;
    return (uint8_t)(((uint64_t)((value & mask) >> shift) * 255 + largest / 2) / largest);
}

static void row_read(const uint8_t *bytes, const BmpHeader *header, const uint8_t *row, uint8_t *pixels) {
    const unsigned bits = header->bits;
    for (size_t x = 0; x < header->width; x++) {
        uint8_t *pixel = pixels + 3 * x;
        if (bits <= 8) {
            const size_t bit = x * bits;
            const unsigned shift = 8 - bits - (unsigned)(bit % 8);
            colour_of_palette(bytes, header, (size_t)(row[bit / 8] >> shift) & ((1u << bits) - 1), pixel);
        } else if (bits == 24) {
            for (size_t i = 0; i < 3; i++)
                pixel[i] = row[3 * x + 2 - i];
        } else {
            const uint32_t value = bits == 16 ? number16(row + 2 * x) : number32(row + 4 * x);
            for (size_t i = 0; i < 3; i++)
                pixel[i] = masked(value, header->masks[i]);
        }
    }
}

/* The run-length coded pixels on their way into the picture. */
typedef struct RunCursor {
    const uint8_t *bytes, *next, *end;
    const BmpHeader *header;
    uint8_t *pixels;
    uint32_t x, y; /* y counts from the bottom */
} RunCursor;

/* Pixels behind the end of a row or of the picture are dropped. */
static void run_put(RunCursor *cursor, size_t index) {
    const BmpHeader *header = cursor->header;
    if (cursor->x >= header->width || cursor->y >= header->height) return;
    const size_t row = header->height - 1 - cursor->y;
    colour_of_palette(cursor->bytes, header, index, cursor->pixels + 3 * (row * header->width + cursor->x));
    cursor->x++;
}

/* The i-th pixel of coded bytes: a byte each, or half a byte, the upper half first. */
static size_t run_index(const uint8_t *bytes, size_t i, unsigned bits) {
    return bits == 8 ? bytes[i] : (size_t)(bytes[i / 2] >> (i % 2 == 0 ? 4 : 0)) & 15;
}

/* `count` pixels one by one, padded to 16 bits. */
static bool run_literal(RunCursor *cursor, size_t count) {
    const unsigned bits = cursor->header->run_length;
    const size_t used = (count * bits + 15) / 16 * 2;
    if ((size_t)(cursor->end - cursor->next) < used) return false;
    for (size_t i = 0; i < count; i++)
        run_put(cursor, run_index(cursor->next, i, bits));
    cursor->next += used;
    return true;
}

/* Escapes: 0 next row, 1 end, 2 a step right and up, else literal pixels. *ended: there is nothing more. */
static bool run_escape(RunCursor *cursor, uint8_t code, bool *ended) {
    if (code > 2) return run_literal(cursor, code);
    *ended = code == 1 || cursor->y >= cursor->header->height;
    if (code == 0) {
        cursor->x = 0;
        cursor->y++;
    } else if (code == 2) {
        if (cursor->end - cursor->next < 2) return false;
        cursor->x += cursor->next[0]; /* both grow by 255 for 4 bytes of file: no overflow below 2^31 rows */
        cursor->y += cursor->next[1];
        if (cursor->x > cursor->header->width) cursor->x = cursor->header->width;
        if (cursor->y > cursor->header->height) cursor->y = cursor->header->height;
        cursor->next += 2;
    }
    return true;
}

static bool runs_read(RunCursor *cursor, const char **problem) {
    const BmpHeader *header = cursor->header;
    const size_t count = (size_t)header->width * header->height;
    for (size_t i = 0; i < count; i++)
        colour_of_palette(cursor->bytes, header, 0, cursor->pixels + 3 * i);
    for (bool ended = false; !ended && cursor->y < header->height;) {
        if (cursor->end - cursor->next < 2) return fail(problem, "truncated: runs are missing");
        const uint8_t length = cursor->next[0], value = cursor->next[1];
        cursor->next += 2;
        for (size_t i = 0; i < length; i++)
            run_put(cursor, header->run_length == 8 ? value : (size_t)(value >> (i % 2 == 0 ? 4 : 0)) & 15);
        if (length == 0 && !run_escape(cursor, value, &ended)) return fail(problem, "truncated: runs are missing");
    }
    return true;
}

bool bmp_read_pixels(const uint8_t *bytes, size_t count, const BmpHeader *header, uint8_t *pixels,
                     const char **problem) {
    const size_t width = header->width, height = header->height;
    if (header->run_length != 0) {
        RunCursor cursor = {.bytes = bytes,
                            .next = bytes + header->pixels_at,
                            .end = bytes + count,
                            .header = header,
                            .pixels = pixels};
        return runs_read(&cursor, problem);
    }
    const size_t stride = (width * header->bits + 31) / 32 * 4;
    for (size_t y = 0; y < height; y++) {
        const size_t row = header->top_down ? y : height - 1 - y;
        row_read(bytes, header, bytes + header->pixels_at + row * stride, pixels + 3 * y * width);
    }
    return true;
}
