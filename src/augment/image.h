/* A uint8 picture in memory, and its geometry: resize, crop, flip, pad, affine maps.
 *
 * Bytes are planar, so that the loops over values run over long rows whatever the number of channels. All geometry
 * gives Pillow's bytes. */
#ifndef SPICA_AUGMENT_IMAGE_H
#define SPICA_AUGMENT_IMAGE_H

#include <stdint.h>

#include "base/memory.h"

/* pixels[channels x height x width], rows without gaps, and IMAGE_SLACK bytes behind the last that may be overwritten.
 */
typedef struct Image {
    uint8_t *pixels;
    int64_t height, width, channels; /* channels is 1 (grey) or 3 (RGB) */
} Image;

/* A vector of the loops may write beyond a picture by less than this many bytes. */
#define IMAGE_SLACK 64

/* A picture or a part of one, borrowed: value (y, x, c) is pixels[y * row + x * column + c * channel]. Either
 * interleaved (channel is 1, column is channels) or planar (column is 1). */
typedef struct ImageView {
    const uint8_t *pixels;
    int64_t row, column, channel; /* steps in bytes */
    int64_t height, width, channels;
} ImageView;

typedef struct Box {
    int64_t top, left, height, width;
} Box;

/* From a place in the output to the place in the input, as Image.transform(AFFINE) has it:
 * x' = m[0] (x + 1/2) + m[1] (y + 1/2) + m[2], y' = m[3] (x + 1/2) + m[4] (y + 1/2) + m[5]. */
typedef struct Affine {
    double m[6];
} Affine;

/* Working memory of one thread, for pictures up to the side that it was opened with. An operation that cannot work in
 * place writes to `spare` and exchanges it with image->pixels; so every Image that is changed through a Scratch takes
 * its pixels from `first`. */
typedef struct Scratch {
    uint8_t *first, *spare;       /* room for one picture each */
    uint8_t *columns, *stretched; /* resize: the input and the half-done output, column by column */
    int32_t *starts, *taps;       /* resize: first input pixel and number of inputs of each output */
    int32_t *weights;             /* resize: of all inputs of the first output, then of the second ... */
    uint8_t *bordered[2];         /* filters: pictures with a border of 2 pixels */
    float *plane;                 /* Sobel: one channel with a border of 1 */
    void *block;                  /* all of the above */
} Scratch;

/* Opens *scratch for pictures of up to height x width x channels, both before and after an operation.
 * Errors: SPICA_ERROR_MEMORY. */
Status scratch_open(Context *ctx, Scratch *scratch, int64_t height, int64_t width, int64_t channels);
void scratch_close(Context *ctx, Scratch *scratch);

static inline int64_t image_area(const Image *image) { return image->height * image->width; }

static inline uint8_t *image_plane(const Image *image, int64_t channel) {
    return image->pixels + channel * image->height * image->width;
}

/* The whole picture as a view, of planar and of interleaved (height x width x channels) bytes. */
ImageView image_view(const Image *image);
ImageView image_view_interleaved(const uint8_t *pixels, int64_t height, int64_t width, int64_t channels);
ImageView image_view_crop(ImageView view, Box box);

/* The view's values into *image, which takes its size. */
void image_load(Image *image, ImageView view);

/* The view resized to image->height x image->width by Pillow's BILINEAR, which widens its triangle where it shrinks and
 * so does not alias: first along rows, then along columns, each rounded to bytes. flip: mirrored left to right. */
void image_resize(Image *image, ImageView view, int flip, Scratch *scratch);

void image_flip(Image *image, Scratch *scratch);

/* The window of height x width whose top left corner is at (top, left) of the picture, which may reach beyond it.
 * reflect: what lies outside mirrors what lies inside, the border row not repeated (numpy.pad's "reflect"), else 0. */
void image_window(Image *image, Box box, int reflect, Scratch *scratch);

/* Each output pixel takes the nearest input pixel; what comes from outside is fill[channels]. In 16.16 fixed point as
 * Pillow, which does so for sides below 32768. */
void image_affine(Image *image, const Affine *affine, const uint8_t *fill, Scratch *scratch);

/* Pixel (x, y) becomes (x + dx, y + dy), the nearest; what comes from outside is fill[channels]. */
void image_translate(Image *image, double dx, double dy, const uint8_t *fill, Scratch *scratch);

/* Counter-clockwise about the centre, as Image.rotate(degrees). */
Affine affine_rotation(double degrees, int64_t height, int64_t width);

/* The rectangle becomes fill[channels], as far as it lies inside. */
void image_fill_box(Image *image, Box box, const uint8_t *fill);

/* output[(height + 2) x (width + 2)]: the mean of the channels' byte * scale[c] + shift[c], with zeros around it. */
void image_normalise_grey(float *output, const Image *image, const float *scale, const float *shift);

/* output[height x width x channels] = byte * scale[c] + shift[c]. */
void image_normalise(float *output, const Image *image, const float *scale, const float *shift);

/* The same from interleaved bytes[pixels x channels], for pictures that nothing is done to. */
void normalise_interleaved(float *output, const uint8_t *bytes, int64_t pixels, int64_t channels, const float *scale,
                           const float *shift);

#endif
