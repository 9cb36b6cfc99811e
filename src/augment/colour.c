#include "augment/colour.h"

#include <string.h>

#include "base/simd.h"

/* Pillow's blend: float arithmetic, cut to a byte. */
static inline uint8_t blend(int32_t degenerate, int32_t value, float factor) {
    float mixed = (float)degenerate + factor * (float)(value - degenerate);
    mixed = mixed > 0.0f ? mixed : 0.0f;
    mixed = mixed < 255.0f ? mixed : 255.0f;
    return (uint8_t)(int32_t)mixed;
}

SIMD_VERSIONS static void blend_with_level(uint8_t *values, int64_t count, int32_t level, float factor) {
    for (int64_t i = 0; i < count; i++)
        values[i] = blend(level, values[i], factor);
}

void colour_brightness(Image *image, float factor) {
    blend_with_level(image->pixels, image->channels * image_area(image), 0, factor);
}

SIMD_VERSIONS static int64_t sum_values(const uint8_t *values, int64_t count) {
    int64_t sum = 0;
    for (int64_t i = 0; i < count; i++)
        sum += values[i];
    return sum;
}

SIMD_VERSIONS static int64_t sum_luma(const uint8_t *restrict red, const uint8_t *restrict green,
                                      const uint8_t *restrict blue, int64_t count) {
    int64_t sum = 0;
    for (int64_t i = 0; i < count; i++)
        sum += colour_luma(red[i], green[i], blue[i]);
    return sum;
}

void colour_contrast(Image *image, float factor) {
    const int64_t area = image_area(image);
    const int64_t sum = image->channels == 1
                            ? sum_values(image->pixels, area)
                            : sum_luma(image_plane(image, 0), image_plane(image, 1), image_plane(image, 2), area);
    const int32_t level = (int32_t)((double)sum / (double)area + 0.5);
    blend_with_level(image->pixels, image->channels * area, level, factor);
}

SIMD_VERSIONS static void blend_with_luma(uint8_t *restrict red, uint8_t *restrict green, uint8_t *restrict blue,
                                          int64_t count, float factor) {
    for (int64_t i = 0; i < count; i++) {
        const int32_t level = colour_luma(red[i], green[i], blue[i]);
        red[i] = blend(level, red[i], factor);
        green[i] = blend(level, green[i], factor);
        blue[i] = blend(level, blue[i], factor);
    }
}

void colour_saturation(Image *image, float factor) {
    if (image->channels == 1) return;
    blend_with_luma(image_plane(image, 0), image_plane(image, 1), image_plane(image, 2), image_area(image), factor);
}

SIMD_VERSIONS static void luma_everywhere(uint8_t *restrict red, uint8_t *restrict green, uint8_t *restrict blue,
                                          int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        const uint8_t level = (uint8_t)colour_luma(red[i], green[i], blue[i]);
        red[i] = level;
        green[i] = level;
        blue[i] = level;
    }
}

void colour_grey(Image *image) {
    if (image->channels == 1) return;
    luma_everywhere(image_plane(image, 0), image_plane(image, 1), image_plane(image, 2), image_area(image));
}

/* ---- hue ----
 *
 * Pillow's HSV is Python's colorsys in 8 bits. Its branches are rewritten as arithmetic, with the same roundings: the
 * test compares every colour and every turn.
 *
 * Forward, for a range of values m = max - min > 0, with t = (max - middle) / m: the hue in sixths is base + sign * t,
 * where base and sign follow from which channel is largest and which smallest. Backward, with n the position within a
 * sixth, all in 255ths: each channel is v - v s w / 255^2, its weight w falling from 255 to 0 and rising again along
 * the circle. That quotient never lies half-way between two integers (2 v s w = 255^2 (2k + 1) would need an even
 * number to be odd), so that integers round as Pillow's doubles do. */

/* The integer part of 255 x for x on [0, 1], without the rounding of a float product: 256 x is exact. */
static inline int32_t bytes_below(float x) {
    const float scaled = 256.0f * x;
    const int32_t whole = (int32_t)scaled;
    return whole - (scaled - (float)whole < x);
}

static inline int32_t larger(int32_t a, int32_t b) { return a > b ? a : b; }
static inline int32_t smaller(int32_t a, int32_t b) { return a < b ? a : b; }

/* The hue, 0 .. 255, of a colour that is not grey; range = high - low, at least 1. */
static inline int32_t hue_of(int32_t red, int32_t green, int32_t blue, int32_t high, int32_t low, int32_t range) {
    /* Masks, 0 or -1. */
    const int32_t red_leads = -(red == high), green_leads = -(green == high) & ~red_leads;
    const int32_t blue_leads = ~(red_leads | green_leads);
    const int32_t blue_lowest = -(blue == low), red_lowest = -(red == low);
    /* The sixths: red leads, blue lowest 1 - t, else -1 + t; green leads, blue lowest 1 + t, else 3 - t; blue leads,
     * red lowest 3 + t, else 5 - t. */
    const int32_t base = (red_leads & (-1 - 2 * blue_lowest)) | (green_leads & (3 + 2 * blue_lowest)) |
                         (blue_leads & (5 + 2 * red_lowest));
    const int32_t upward = (red_leads & ~blue_lowest) | (green_leads & blue_lowest) | (blue_leads & red_lowest);
    const int32_t middle = red + green + blue - high - low;
    const float t = (float)(high - middle) / (float)range;
    const float circle = ((float)base + (float)(-1 - 2 * upward) * t) / 6.0f;
    return bytes_below(circle < 0.0f ? circle + 1.0f : circle);
}

/* The weight of the channel whose highest is around `centre`, as seen from position 0 .. 6 * 255 (in 255ths of a
 * sixth): 0 within a sixth, 255 from two sixths on. */
static inline int32_t weight_at(int32_t position, int32_t centre) {
    const int32_t distance = larger(position - centre, centre - position);
    return smaller(larger(distance - 255, 0), 255);
}

/* highest - strength * weight / 255^2, where strength = highest * saturation. */
static inline uint8_t channel_of(int32_t highest, int32_t strength, int32_t weight) {
    return (uint8_t)(highest - (int32_t)((uint32_t)(strength * weight + 32512) / 65025u));
}

SIMD_VERSIONS static void turn_hues(uint8_t *restrict red, uint8_t *restrict green, uint8_t *restrict blue,
                                    int64_t count, int32_t turn) {
    for (int64_t i = 0; i < count; i++) {
        const int32_t r = red[i], g = green[i], b = blue[i];
        const int32_t high = larger(r, larger(g, b)), low = smaller(r, smaller(g, b)), range = larger(high - low, 1);
        const int32_t hue = hue_of(r, g, b, high, low, range);
        /* A grey colour has no saturation, and then its hue does not matter. */
        const int32_t saturation = bytes_below((float)(high - low) / (float)larger(high, 1));
        const int32_t position = 6 * ((hue + turn) & 255), strength = high * saturation;
        red[i] = channel_of(high, strength, 255 - weight_at(position, 765));
        green[i] = channel_of(high, strength, weight_at(position, 510));
        blue[i] = channel_of(high, strength, weight_at(position, 1020));
    }
}

void colour_hue(Image *image, float turn) {
    if (image->channels == 1) return;
    const int32_t bytes = (int32_t)((double)turn * 255.0) & 255;
    turn_hues(image_plane(image, 0), image_plane(image, 1), image_plane(image, 2), image_area(image), bytes);
}

/* ---- one table for a channel ---- */

static void apply_table(uint8_t *values, int64_t count, const uint8_t table[256]) {
    for (int64_t i = 0; i < count; i++)
        values[i] = table[values[i]];
}

SIMD_VERSIONS static void find_limits(const uint8_t *values, int64_t count, uint8_t *lowest, uint8_t *highest) {
    uint8_t low = 255, high = 0;
    for (int64_t i = 0; i < count; i++) {
        low = values[i] < low ? values[i] : low;
        high = values[i] > high ? values[i] : high;
    }
    *lowest = low;
    *highest = high;
}

void colour_auto_contrast(Image *image) {
    const int64_t area = image_area(image);
    for (int64_t c = 0; c < image->channels; c++) {
        uint8_t *plane = image_plane(image, c), low, high, table[256] = {0};
        find_limits(plane, area, &low, &high);
        if (high <= low) continue;
        const double scale = 255.0 / (high - low), offset = -low * scale;
        for (int value = low; value <= high; value++) {
            const int stretched = (int)(value * scale + offset);
            table[value] = (uint8_t)(stretched < 0 ? 0 : stretched > 255 ? 255 : stretched);
        }
        apply_table(plane, area, table);
    }
}

/* Four histograms side by side, so that equal neighbours do not wait for one another. */
static void count_values(const uint8_t *values, int64_t count, uint32_t histogram[256]) {
    uint32_t parts[4][256] = {0};
    for (int64_t i = 0; i < count; i++)
        parts[i & 3][values[i]]++;
    for (int value = 0; value < 256; value++)
        histogram[value] = parts[0][value] + parts[1][value] + parts[2][value] + parts[3][value];
}

/* table[value] = below[value] / step, cut to a byte. A quotient of integers of 32 bits that is no integer stays below
 * the next one in double. */
SIMD_VERSIONS static void divide_table(uint8_t *restrict table, const uint32_t *restrict below, uint32_t step) {
    for (int value = 0; value < 256; value++) {
        const double level = (double)below[value] / (double)step;
        table[value] = (uint8_t)(int32_t)(level < 255.0 ? level : 255.0);
    }
}

void colour_equalise(Image *image) {
    const int64_t area = image_area(image);
    for (int64_t c = 0; c < image->channels; c++) {
        uint8_t *plane = image_plane(image, c), table[256];
        uint32_t histogram[256], below[256];
        count_values(plane, area, histogram);
        int last = 255;
        while (histogram[last] == 0)
            last--;
        const uint32_t step = ((uint32_t)area - histogram[last]) / 255;
        if (step == 0) continue; /* one value only, or too few pixels: unchanged */
        below[0] = step / 2;
        for (int value = 1; value < 256; value++)
            below[value] = below[value - 1] + histogram[value - 1];
        divide_table(table, below, step);
        apply_table(plane, area, table);
    }
}

SIMD_VERSIONS static void invert_from(uint8_t *values, int64_t count, int32_t threshold) {
    for (int64_t i = 0; i < count; i++)
        values[i] = values[i] < threshold ? values[i] : (uint8_t)(255 - values[i]);
}

void colour_solarise(Image *image, float threshold) {
    /* value < threshold for integer values: value < ceil(threshold). */
    int32_t limit = (int32_t)threshold;
    if ((float)limit < threshold) limit++;
    invert_from(image->pixels, image->channels * image_area(image), limit);
}

SIMD_VERSIONS static void mask_values(uint8_t *values, int64_t count, uint8_t mask) {
    for (int64_t i = 0; i < count; i++)
        values[i] &= mask;
}

void colour_posterise(Image *image, int bits) {
    mask_values(image->pixels, image->channels * image_area(image), (uint8_t)(0xFF00u >> bits));
}
