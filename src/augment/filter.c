#include "augment/filter.h"

#include <math.h>
#include <string.h>

#include "base/simd.h"

/* ---- Gaussian blur by extended boxes ---- */

/* Pixels on each side of a picture in scratch->bordered. */
#define BORDER INT64_C(2)

/* One box pass: 2 radius + 1 whole pixels of weight `whole` and one more on each side of weight `partial`, in 2^-24. */
typedef struct ExtendedBox {
    int64_t radius;
    uint32_t whole, partial;
} ExtendedBox;

/* Equations 7, 11 and 14 of the paper, for three passes, in Pillow's float precision. */
static ExtendedBox box_for_sigma(float sigma) {
    const float variance = sigma * sigma / 3.0f;
    const float length = (float)sqrt(12.0 * (double)variance + 1.0);
    const float whole = (float)floor(((double)length - 1.0) / 2.0);
    float part = (2.0f * whole + 1.0f) * (whole * (whole + 1.0f) - 3.0f * variance);
    part /= 6.0f * (variance - (whole + 1.0f) * (whole + 1.0f));
    const float radius = whole + part;
    ExtendedBox box = {.radius = (int64_t)radius};
    box.whole = (uint32_t)((float)(1 << 24) / (radius * 2.0f + 1.0f));
    box.partial = ((1u << 24) - (uint32_t)(box.radius * 2 + 1) * box.whole) / 2;
    return box;
}

static inline uint8_t box_byte(uint32_t near, uint32_t far, uint32_t whole, uint32_t partial) {
    return (uint8_t)((near * whole + far * partial + (1u << 23)) >> 24);
}

/* Radius 0 and 1, with `step` bytes between neighbours. Reads up to 2 steps to each side. */
SIMD_VERSIONS static void box_pass_0(uint8_t *restrict out, const uint8_t *restrict in, int64_t count, int64_t step,
                                     uint32_t whole, uint32_t partial) {
    for (int64_t i = 0; i < count; i++) {
        const uint32_t far = (uint32_t)(in[i - step] + in[i + step]);
        out[i] = box_byte(in[i], far, whole, partial);
    }
}

SIMD_VERSIONS static void box_pass_1(uint8_t *restrict out, const uint8_t *restrict in, int64_t count, int64_t step,
                                     uint32_t whole, uint32_t partial) {
    for (int64_t i = 0; i < count; i++) {
        const uint32_t near = (uint32_t)(in[i - step] + in[i] + in[i + step]);
        const uint32_t far = (uint32_t)(in[i - 2 * step] + in[i + 2 * step]);
        out[i] = box_byte(near, far, whole, partial);
    }
}

static void box_pass(uint8_t *out, const uint8_t *in, int64_t count, int64_t step, ExtendedBox box) {
    if (box.radius == 0)
        box_pass_0(out, in, count, step, box.whole, box.partial);
    else
        box_pass_1(out, in, count, step, box.whole, box.partial);
}

/* A plane with BORDER pixels around it: rows of width + 2 BORDER. */
static void repeat_sides(uint8_t *bordered, int64_t height, int64_t width) {
    const int64_t row = width + 2 * BORDER;
    uint8_t *first = bordered + BORDER * row;
    for (int64_t y = 0; y < height; y++, first += row) {
        first[0] = first[1] = first[BORDER];
        first[width + BORDER] = first[width + BORDER + 1] = first[width + BORDER - 1];
    }
}

static void repeat_ends(uint8_t *bordered, int64_t height, int64_t width) {
    const int64_t row = width + 2 * BORDER;
    uint8_t *last = bordered + (BORDER + height - 1) * row;
    for (int64_t y = 0; y < BORDER; y++) {
        memcpy(bordered + y * row, bordered + BORDER * row, (size_t)row);
        memcpy(last + (y + 1) * row, last, (size_t)row);
    }
}

static void enter_border(uint8_t *bordered, const uint8_t *plane, int64_t height, int64_t width) {
    for (int64_t y = 0; y < height; y++)
        memcpy(bordered + (y + BORDER) * (width + 2 * BORDER) + BORDER, plane + y * width, (size_t)width);
}

static void leave_border(uint8_t *plane, const uint8_t *bordered, int64_t height, int64_t width) {
    for (int64_t y = 0; y < height; y++)
        memcpy(plane + y * width, bordered + (y + BORDER) * (width + 2 * BORDER) + BORDER, (size_t)width);
}

/* Narrow boxes: every pass is one loop over all rows of the bordered plane, borders included. */
static void blur_narrow(uint8_t *plane, int64_t height, int64_t width, ExtendedBox box, Scratch *scratch) {
    uint8_t *from = scratch->bordered[0], *to = scratch->bordered[1];
    const int64_t row = width + 2 * BORDER, start = BORDER * row + BORDER, count = height * row - 2 * BORDER;
    enter_border(from, plane, height, width);
    for (int pass = 0; pass < 6; pass++) {
        const int64_t step = pass < 3 ? 1 : row;
        if (pass < 3)
            repeat_sides(from, height, width);
        else
            repeat_ends(from, height, width);
        box_pass(to + start, from + start, count, step, box);
        uint8_t *swapped = from;
        from = to;
        to = swapped;
    }
    leave_border(plane, from, height, width);
}

/* A box of any width along one line of `length` pixels `step` apart, by a running sum; copy[length] is room. */
static void blur_line(uint8_t *line, int64_t length, int64_t step, ExtendedBox box, uint8_t *copy) {
    const int64_t last = length - 1, radius = box.radius;
    for (int64_t i = 0; i < length; i++)
        copy[i] = line[i * step];
    uint32_t sum = copy[0] * (uint32_t)(radius + 1); /* of -radius-1 .. radius-1 */
    for (int64_t i = 0; i < radius; i++)
        sum += copy[i < last ? i : last];
    for (int64_t i = 0; i < length; i++) {
        const uint8_t left = copy[i - radius - 1 > 0 ? i - radius - 1 : 0];
        const uint8_t right = copy[i + radius < last ? i + radius : last];
        const uint8_t beyond = copy[i + radius + 1 < last ? i + radius + 1 : last];
        sum += (uint32_t)right - left;
        line[i * step] = box_byte(sum, (uint32_t)left + beyond, box.whole, box.partial);
    }
}

static void blur_wide(uint8_t *plane, int64_t height, int64_t width, ExtendedBox box, Scratch *scratch) {
    for (int64_t y = 0; y < height; y++)
        for (int pass = 0; pass < 3; pass++)
            blur_line(plane + y * width, width, 1, box, scratch->bordered[0]);
    for (int64_t x = 0; x < width; x++)
        for (int pass = 0; pass < 3; pass++)
            blur_line(plane + x, height, width, box, scratch->bordered[0]);
}

void filter_gaussian_blur(Image *image, float sigma, Scratch *scratch) {
    const ExtendedBox box = box_for_sigma(sigma);
    for (int64_t c = 0; c < image->channels; c++) {
        if (box.radius < BORDER)
            blur_narrow(image_plane(image, c), image->height, image->width, box, scratch);
        else
            blur_wide(image_plane(image, c), image->height, image->width, box, scratch);
    }
}

/* ---- sharpness ---- */

/* values[i] blended with its neighbourhood's mean; `row` bytes to the next row. With S = nine values + 4 x the centre,
 * Pillow's float sum S/13 + 1/2 never comes near an integer (2S + 13 is odd), so integers give the same byte. */
SIMD_VERSIONS static void blend_with_smooth(uint8_t *restrict out, const uint8_t *restrict in, int64_t count,
                                            int64_t row, float factor) {
    for (int64_t i = 0; i < count; i++) {
        const uint16_t above = (uint16_t)(in[i - row - 1] + in[i - row] + in[i - row + 1]);
        const uint16_t beside = (uint16_t)(in[i - 1] + 5 * in[i] + in[i + 1]);
        const uint16_t below = (uint16_t)(in[i + row - 1] + in[i + row] + in[i + row + 1]);
        const int32_t smooth = (uint16_t)(2 * (above + beside + below) + 13) / 26;
        float mixed = (float)smooth + factor * (float)(in[i] - smooth);
        mixed = mixed > 0.0f ? mixed : 0.0f;
        mixed = mixed < 255.0f ? mixed : 255.0f;
        out[i] = (uint8_t)(int32_t)mixed;
    }
}

void filter_sharpness(Image *image, float factor, Scratch *scratch) {
    const int64_t height = image->height, width = image->width, inside = (height - 2) * width - 2;
    if (height < 3 || width < 3) return;
    for (int64_t c = 0; c < image->channels; c++) {
        uint8_t *plane = image_plane(image, c), *copy = scratch->bordered[0];
        memcpy(copy, plane, (size_t)(height * width));
        /* All rows but the first and the last in one loop, which spoils their ends. */
        blend_with_smooth(plane + width + 1, copy + width + 1, inside, width, factor);
        for (int64_t y = 2; y < height - 1; y++) {
            plane[y * width - 1] = copy[y * width - 1];
            plane[y * width] = copy[y * width];
        }
    }
}

/* ---- Sobel ---- */

SIMD_VERSIONS static void sobel_row(float *restrict output, const float *restrict above, const float *restrict here,
                                    const float *restrict below, int64_t width) {
    for (int64_t x = 0; x < width; x++) {
        output[2 * x] = (above[x] - above[x + 2]) + 2.0f * (here[x] - here[x + 2]) + (below[x] - below[x + 2]);
        output[2 * x + 1] =
            (above[x] - below[x]) + 2.0f * (above[x + 1] - below[x + 1]) + (above[x + 2] - below[x + 2]);
    }
}

void filter_sobel(float *output, const float *bordered, int64_t height, int64_t width) {
    const int64_t row = width + 2;
    for (int64_t y = 0; y < height; y++) {
        const float *above = bordered + y * row;
        sobel_row(output + 2 * y * width, above, above + row, above + 2 * row, width);
    }
}
