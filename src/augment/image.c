#include "augment/image.h"

#include <math.h>
#include <string.h>

#include "base/simd.h"

/* The loops of the resize write whole blocks of this many bytes. */
#define BLOCK 32

/* Pillow's fixed point: weights have 22 bits behind the point. */
#define WEIGHT_BITS 22

/* ---- working memory ---- */

static int64_t round_up(int64_t value, int64_t multiple) { return (value + multiple - 1) / multiple * multiple; }

/* Moves *offset behind a part of `bytes` and returns where the part begins. */
static int64_t reserve(int64_t *offset, int64_t bytes) {
    const int64_t start = *offset;
    *offset += round_up(bytes, MEMORY_ALIGNMENT);
    return start;
}

Status scratch_open(Context *ctx, Scratch *scratch, int64_t height, int64_t width, int64_t channels) {
    const int64_t longest = height > width ? height : width;
    const int64_t picture = height * width * channels + IMAGE_SLACK;
    const int64_t square = longest * longest * channels + IMAGE_SLACK;
    const int64_t bordered = (height + 4) * (width + 4) * channels + IMAGE_SLACK;
    const int64_t numbers = longest * (int64_t)sizeof(int32_t);
    int64_t total = 0;
    const int64_t first = reserve(&total, picture), spare = reserve(&total, picture);
    const int64_t columns = reserve(&total, square), stretched = reserve(&total, square);
    const int64_t starts = reserve(&total, numbers), taps = reserve(&total, numbers);
    /* An output has at most 2 ceil(max(1, inputs / outputs)) + 1 inputs. */
    const int64_t weights = reserve(&total, 5 * numbers);
    const int64_t bordered0 = reserve(&total, bordered), bordered1 = reserve(&total, bordered);
    const int64_t plane = reserve(&total, (height + 2) * (width + 2) * (int64_t)sizeof(float));
    *scratch = (Scratch){0};
    TRY(memory_allocate_zeroed(ctx, &scratch->block, (size_t)total, 1));
    uint8_t *base = scratch->block;
    scratch->first = base + first;
    scratch->spare = base + spare;
    scratch->columns = base + columns;
    scratch->stretched = base + stretched;
    scratch->starts = (int32_t *)(void *)(base + starts);
    scratch->taps = (int32_t *)(void *)(base + taps);
    scratch->weights = (int32_t *)(void *)(base + weights);
    scratch->bordered[0] = base + bordered0;
    scratch->bordered[1] = base + bordered1;
    scratch->plane = (float *)(void *)(base + plane);
    return SPICA_OK;
}

void scratch_close(Context *ctx, Scratch *scratch) {
    memory_free(ctx, &scratch->block);
    *scratch = (Scratch){0};
}

/* What was written to scratch->spare becomes the picture. */
static void exchange(Image *image, Scratch *scratch) {
    uint8_t *written = scratch->spare;
    scratch->spare = image->pixels;
    image->pixels = written;
}

/* ---- views ---- */

ImageView image_view(const Image *image) {
    return (ImageView){.pixels = image->pixels,
                       .row = image->width,
                       .column = 1,
                       .channel = image_area(image),
                       .height = image->height,
                       .width = image->width,
                       .channels = image->channels};
}

ImageView image_view_interleaved(const uint8_t *pixels, int64_t height, int64_t width, int64_t channels) {
    return (ImageView){.pixels = pixels,
                       .row = width * channels,
                       .column = channels,
                       .channel = 1,
                       .height = height,
                       .width = width,
                       .channels = channels};
}

ImageView image_view_crop(ImageView view, Box box) {
    view.pixels += box.top * view.row + box.left * view.column;
    view.height = box.height;
    view.width = box.width;
    return view;
}

SIMD_VERSIONS static void split_channels(uint8_t *restrict red, uint8_t *restrict green, uint8_t *restrict blue,
                                         const uint8_t *restrict interleaved, int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        red[i] = interleaved[3 * i];
        green[i] = interleaved[3 * i + 1];
        blue[i] = interleaved[3 * i + 2];
    }
}

void image_load(Image *image, ImageView view) {
    image->height = view.height;
    image->width = view.width;
    image->channels = view.channels;
    for (int64_t y = 0; y < view.height; y++) {
        const uint8_t *row = view.pixels + y * view.row;
        const int64_t at = y * view.width;
        if (view.column == 3) {
            split_channels(image_plane(image, 0) + at, image_plane(image, 1) + at, image_plane(image, 2) + at, row,
                           view.width);
            continue;
        }
        for (int64_t c = 0; c < view.channels; c++)
            memcpy(image_plane(image, c) + at, row + c * view.channel, (size_t)view.width);
    }
}

/* ---- resize ---- */

typedef uint8_t Bytes8 __attribute__((vector_size(8)));
typedef uint8_t Bytes16 __attribute__((vector_size(16)));
typedef uint16_t Pairs8 __attribute__((vector_size(16)));
typedef uint32_t Quads4 __attribute__((vector_size(16)));

static inline Pairs8 zip_rows(const uint8_t *row0, const uint8_t *row1) {
    Bytes8 a, b;
    memcpy(&a, row0, 8);
    memcpy(&b, row1, 8);
    return (Pairs8)__builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15);
}
static inline Quads4 zip_low(Pairs8 a, Pairs8 b) {
    return (Quads4)__builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
}
static inline Quads4 zip_high(Pairs8 a, Pairs8 b) {
    return (Quads4)__builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
}
static inline void store_lines(uint8_t *out, int64_t step, Quads4 a, Quads4 b) {
    const Bytes16 low = (Bytes16)__builtin_shufflevector(a, b, 0, 4, 1, 5);
    const Bytes16 high = (Bytes16)__builtin_shufflevector(a, b, 2, 6, 3, 7);
    memcpy(out, &low, 8);
    memcpy(out + step, (const uint8_t *)&low + 8, 8);
    memcpy(out + 2 * step, &high, 8);
    memcpy(out + 3 * step, (const uint8_t *)&high + 8, 8);
}

/* out[x * out_step + y] = in[y * in_step + x] for 8 x 8 bytes, by zipping rows three times. */
static inline void transpose_8x8(uint8_t *out, int64_t out_step, const uint8_t *in, int64_t in_step) {
    const Pairs8 rows01 = zip_rows(in, in + in_step), rows23 = zip_rows(in + 2 * in_step, in + 3 * in_step);
    const Pairs8 rows45 = zip_rows(in + 4 * in_step, in + 5 * in_step);
    const Pairs8 rows67 = zip_rows(in + 6 * in_step, in + 7 * in_step);
    store_lines(out, out_step, zip_low(rows01, rows23), zip_low(rows45, rows67));
    store_lines(out + 4 * out_step, out_step, zip_high(rows01, rows23), zip_high(rows45, rows67));
}

/* out[x * out_step + y] = in[y * in_step + x] for y < rows, x < columns. Where 8 does not divide, the last blocks
 * overlap those before them, so nothing outside is touched. */
static void transpose(uint8_t *out, int64_t out_step, const uint8_t *in, int64_t in_step, int64_t rows,
                      int64_t columns) {
    if (rows < 8 || columns < 8) {
        for (int64_t y = 0; y < rows; y++)
            for (int64_t x = 0; x < columns; x++)
                out[x * out_step + y] = in[y * in_step + x];
        return;
    }
    for (int64_t block_y = 0; block_y < rows; block_y += 8) {
        const int64_t y = block_y + 8 <= rows ? block_y : rows - 8;
        for (int64_t block_x = 0; block_x < columns; block_x += 8) {
            const int64_t x = block_x + 8 <= columns ? block_x : columns - 8;
            transpose_8x8(out + x * out_step + y, out_step, in + y * in_step + x, in_step);
        }
    }
}

/* Fills scratch's starts, taps and weights for a line of `inputs` pixels resized to `outputs`: Pillow's
 * precompute_coeffs with a triangle whose half-width is the scale where it shrinks, else 1. */
static void resample_prepare(Scratch *scratch, int64_t inputs, int64_t outputs) {
    const double scale = (double)inputs / (double)outputs;
    const double support = scale > 1.0 ? scale : 1.0, slope = 1.0 / support;
    int32_t *weights = scratch->weights;
    for (int64_t i = 0; i < outputs; i++) {
        const double centre = ((double)i + 0.5) * scale;
        int64_t start = (int64_t)(centre - support + 0.5), end = (int64_t)(centre + support + 0.5);
        start = start > 0 ? start : 0;
        end = end < inputs ? end : inputs;
        double sum = 0.0;
        for (int64_t x = start; x < end; x++) {
            const double distance = fabs(((double)x - centre + 0.5) * slope);
            sum += distance < 1.0 ? 1.0 - distance : 0.0;
        }
        int32_t taps = 0;
        for (int64_t x = start; x < end; x++) {
            const double distance = fabs(((double)x - centre + 0.5) * slope);
            const double weight = distance < 1.0 ? 1.0 - distance : 0.0;
            weights[taps++] = (int32_t)(0.5 + weight / sum * (1 << WEIGHT_BITS));
        }
        while (taps > 1 && weights[taps - 1] == 0)
            taps--;
        scratch->starts[i] = (int32_t)start;
        scratch->taps[i] = taps;
        weights += taps;
    }
}

static inline uint8_t weighted_byte(int32_t sum) { return (uint8_t)((sum + (1 << (WEIGHT_BITS - 1))) >> WEIGHT_BITS); }

/* out[i] = sum over t < taps of weights[t] * in[t * step + i], for whole blocks. The weights add up to 1, so no sum
 * leaves the bytes. */
SIMD_VERSIONS static void weigh_lines(uint8_t *restrict out, const uint8_t *restrict in, int64_t step,
                                      const int32_t *restrict weights, int32_t taps, int64_t blocks) {
    for (int64_t block = 0; block < blocks; block++, in += BLOCK, out += BLOCK) {
        if (taps == 2) {
            for (int i = 0; i < BLOCK; i++)
                out[i] = weighted_byte(weights[0] * in[i] + weights[1] * in[step + i]);
            continue;
        }
        int32_t sums[BLOCK] = {0};
        for (int32_t t = 0; t < taps; t++)
            for (int i = 0; i < BLOCK; i++)
                sums[i] += weights[t] * in[t * step + i];
        for (int i = 0; i < BLOCK; i++)
            out[i] = weighted_byte(sums[i]);
    }
}

/* lines[outputs x length] from lines[inputs x length], each output line a weighted mean of input lines; backwards: the
 * last output line first. Writes up to BLOCK - 1 bytes behind a line, which the next line overwrites. */
static void resample_lines(uint8_t *out, const uint8_t *in, int64_t length, int64_t outputs, int backwards,
                           const Scratch *scratch) {
    const int64_t blocks = (length + BLOCK - 1) / BLOCK;
    const int32_t *weights = scratch->weights;
    if (backwards) {
        for (int64_t i = 0; i < outputs; i++)
            weights += scratch->taps[i];
    }
    for (int64_t i = 0; i < outputs; i++) {
        const int64_t line = backwards ? outputs - 1 - i : i;
        const int32_t taps = scratch->taps[line];
        if (backwards) weights -= taps;
        const uint8_t *from = in + scratch->starts[line] * length;
        if (taps == 1)
            memcpy(out + i * length, from, (size_t)length);
        else
            weigh_lines(out + i * length, from, length, weights, taps, blocks);
        if (!backwards) weights += taps;
    }
}

/* columns[width x channels x height] of a view. */
static void view_columns(uint8_t *columns, ImageView view) {
    const int64_t length = view.channels * view.height;
    if (view.channel == 1) {
        transpose(columns, view.height, view.pixels, view.row, view.height, view.width * view.channels);
        return;
    }
    for (int64_t c = 0; c < view.channels; c++)
        transpose(columns + c * view.height, length, view.pixels + c * view.channel, view.row, view.height, view.width);
}

void image_resize(Image *image, ImageView view, int flip, Scratch *scratch) {
    const int64_t length = view.channels * view.height;
    image->channels = view.channels;
    view_columns(scratch->columns, view);
    resample_prepare(scratch, view.width, image->width);
    resample_lines(scratch->stretched, scratch->columns, length, image->width, flip, scratch);
    uint8_t *rows = scratch->columns;
    transpose(rows, image->width, scratch->stretched, length, image->width, length);
    resample_prepare(scratch, view.height, image->height);
    for (int64_t c = 0; c < view.channels; c++)
        resample_lines(image_plane(image, c), rows + c * view.height * image->width, image->width, image->height, 0,
                       scratch);
}

/* ---- moving pixels ---- */

SIMD_VERSIONS static void reverse_row(uint8_t *restrict out, const uint8_t *restrict in, int64_t width) {
    for (int64_t x = 0; x < width; x++)
        out[x] = in[width - 1 - x];
}

void image_flip(Image *image, Scratch *scratch) {
    for (int64_t y = 0; y < image->channels * image->height; y++)
        reverse_row(scratch->spare + y * image->width, image->pixels + y * image->width, image->width);
    exchange(image, scratch);
}

/* Where position `at` of an endless mirrored line lies in the line of `length`. */
static int64_t mirrored(int64_t at, int64_t length) {
    const int64_t period = 2 * (length - 1);
    if (length == 1) return 0;
    at %= period;
    if (at < 0) at += period;
    return at < length ? at : period - at;
}

/* One row of a window: out[width] is row[left .. left + width - 1] of a row of `length`. */
static void window_row(uint8_t *out, int64_t width, const uint8_t *row, int64_t length, int64_t left, int reflect) {
    const int64_t start = left < 0 ? (-left < width ? -left : width) : 0;
    const int64_t rest = length - left > 0 ? length - left : 0, end = rest < width ? rest : width;
    for (int64_t x = 0; x < start; x++)
        out[x] = reflect ? row[mirrored(left + x, length)] : 0;
    if (end > start) memcpy(out + start, row + left + start, (size_t)(end - start));
    for (int64_t x = end > start ? end : start; x < width; x++)
        out[x] = reflect ? row[mirrored(left + x, length)] : 0;
}

void image_window(Image *image, Box box, int reflect, Scratch *scratch) {
    for (int64_t c = 0; c < image->channels; c++) {
        for (int64_t y = 0; y < box.height; y++) {
            uint8_t *out = scratch->spare + (c * box.height + y) * box.width;
            int64_t from = box.top + y;
            if (reflect) from = mirrored(from, image->height);
            if (from < 0 || from >= image->height)
                memset(out, 0, (size_t)box.width);
            else
                window_row(out, box.width, image_plane(image, c) + from * image->width, image->width, box.left,
                           reflect);
        }
    }
    image->height = box.height;
    image->width = box.width;
    exchange(image, scratch);
}

/* scratch->spare, as large as the picture, in one colour. */
static void fill_spare(const Image *image, const uint8_t *fill, Scratch *scratch) {
    for (int64_t c = 0; c < image->channels; c++)
        memset(scratch->spare + c * image_area(image), fill[c], (size_t)image_area(image));
}

void image_affine(Image *image, const Affine *affine, const uint8_t *fill, Scratch *scratch) {
    const double *m = affine->m, one = 65536.0;
    const int64_t step_x = (int64_t)floor(m[0] * one + 0.5), step_y = (int64_t)floor(m[3] * one + 0.5);
    const int64_t down_x = (int64_t)floor(m[1] * one + 0.5), down_y = (int64_t)floor(m[4] * one + 0.5);
    int64_t line_x = (int64_t)floor((m[2] + m[0] * 0.5 + m[1] * 0.5) * one + 0.5);
    int64_t line_y = (int64_t)floor((m[5] + m[3] * 0.5 + m[4] * 0.5) * one + 0.5);
    const int64_t area = image_area(image);
    fill_spare(image, fill, scratch);
    for (int64_t y = 0; y < image->height; y++, line_x += down_x, line_y += down_y) {
        uint8_t *out = scratch->spare + y * image->width;
        int64_t at_x = line_x, at_y = line_y;
        for (int64_t x = 0; x < image->width; x++, at_x += step_x, at_y += step_y) {
            const int64_t from_x = at_x >> 16, from_y = at_y >> 16;
            if (from_x < 0 || from_x >= image->width || from_y < 0 || from_y >= image->height) continue;
            for (int64_t c = 0; c < image->channels; c++)
                out[c * area + x] = image->pixels[c * area + from_y * image->width + from_x];
        }
    }
    exchange(image, scratch);
}

void image_translate(Image *image, double dx, double dy, const uint8_t *fill, Scratch *scratch) {
    const int64_t height = image->height, width = image->width;
    const int64_t shift_x = (int64_t)floor(dx + 0.5), shift_y = (int64_t)floor(dy + 0.5);
    const int64_t start = shift_x < 0 ? -shift_x : 0, end = shift_x > 0 ? width - shift_x : width;
    fill_spare(image, fill, scratch);
    for (int64_t c = 0; c < image->channels; c++) {
        for (int64_t y = 0; y < height; y++) {
            const int64_t from = y + shift_y;
            if (from < 0 || from >= height || start >= end) continue;
            memcpy(scratch->spare + (c * height + y) * width + start,
                   image->pixels + (c * height + from) * width + start + shift_x, (size_t)(end - start));
        }
    }
    exchange(image, scratch);
}

/* Pillow rounds sine and cosine to 15 digits. */
static double round_15(double value) { return rint(value * 1e15) / 1e15; }

Affine affine_rotation(double degrees, int64_t height, int64_t width) {
    const double pi = 3.14159265358979323846;
    double turn = fmod(degrees, 360.0);
    if (turn < 0.0) turn += 360.0;
    const double angle = -turn * (pi / 180.0), cosine = round_15(cos(angle)), sine = round_15(sin(angle));
    const double centre_x = (double)width / 2.0, centre_y = (double)height / 2.0;
    return (Affine){{cosine, sine, cosine * -centre_x + sine * -centre_y + centre_x, -sine, cosine,
                     -sine * -centre_x + cosine * -centre_y + centre_y}};
}

void image_fill_box(Image *image, Box box, const uint8_t *fill) {
    const int64_t top = box.top > 0 ? box.top : 0, left = box.left > 0 ? box.left : 0;
    const int64_t bottom = box.top + box.height < image->height ? box.top + box.height : image->height;
    const int64_t right = box.left + box.width < image->width ? box.left + box.width : image->width;
    for (int64_t c = 0; c < image->channels; c++)
        for (int64_t y = top; y < bottom && left < right; y++)
            memset(image_plane(image, c) + y * image->width + left, fill[c], (size_t)(right - left));
}

/* ---- to floats ---- */

SIMD_VERSIONS static void normalise_one(float *restrict output, const uint8_t *restrict grey, int64_t pixels,
                                        float scale, float shift) {
    for (int64_t i = 0; i < pixels; i++)
        output[i] = (float)grey[i] * scale + shift;
}

SIMD_VERSIONS static void normalise_three(float *restrict output, const uint8_t *restrict red,
                                          const uint8_t *restrict green, const uint8_t *restrict blue, int64_t pixels,
                                          const float *restrict scale, const float *restrict shift) {
    for (int64_t i = 0; i < pixels; i++) {
        output[3 * i] = (float)red[i] * scale[0] + shift[0];
        output[3 * i + 1] = (float)green[i] * scale[1] + shift[1];
        output[3 * i + 2] = (float)blue[i] * scale[2] + shift[2];
    }
}

void image_normalise(float *output, const Image *image, const float *scale, const float *shift) {
    if (image->channels == 1)
        normalise_one(output, image->pixels, image_area(image), scale[0], shift[0]);
    else
        normalise_three(output, image_plane(image, 0), image_plane(image, 1), image_plane(image, 2), image_area(image),
                        scale, shift);
}

SIMD_VERSIONS static void add_normalised(float *restrict output, const uint8_t *restrict row, int64_t width,
                                         float scale, float shift) {
    for (int64_t x = 0; x < width; x++)
        output[x] += (float)row[x] * scale + shift;
}

void image_normalise_grey(float *output, const Image *image, const float *scale, const float *shift) {
    const int64_t row = image->width + 2;
    const float share = 1.0f / (float)image->channels;
    memset(output, 0, (size_t)((image->height + 2) * row) * sizeof(float));
    for (int64_t c = 0; c < image->channels; c++)
        for (int64_t y = 0; y < image->height; y++)
            add_normalised(output + (y + 1) * row + 1, image_plane(image, c) + y * image->width, image->width,
                           scale[c] * share, shift[c] * share);
}

SIMD_VERSIONS static void normalise_pixels(float *restrict output, const uint8_t *restrict bytes, int64_t pixels,
                                           const float *restrict scale, const float *restrict shift) {
    for (int64_t i = 0; i < pixels; i++)
        for (int c = 0; c < 3; c++)
            output[3 * i + c] = (float)bytes[3 * i + c] * scale[c] + shift[c];
}

void normalise_interleaved(float *output, const uint8_t *bytes, int64_t pixels, int64_t channels, const float *scale,
                           const float *shift) {
    if (channels == 1)
        normalise_one(output, bytes, pixels, scale[0], shift[0]);
    else
        normalise_pixels(output, bytes, pixels, scale, shift);
}
