/* The golden pictures, and one picture's way through an operation. */
#ifndef SPICA_TESTS_AUGMENT_PICTURES_H
#define SPICA_TESTS_AUGMENT_PICTURES_H

#include "augment/image.h"
#include "support/testing.h"

#define PICTURE_COUNT 9
#define PICTURE_SIDE 64 /* no golden picture and no result is larger */

typedef struct Gallery {
    Context *ctx;
    NpyArray pictures[PICTURE_COUNT]; /* height x width x channels */
    Scratch scratch;
    Image image; /* the picture being worked on */
} Gallery;

static inline ImageView gallery_view(const Gallery *gallery, size_t number) {
    const NpyArray *array = &gallery->pictures[number];
    return image_view_interleaved(array->data, (int64_t)array->shape[0], (int64_t)array->shape[1],
                                  (int64_t)array->shape[2]);
}

static inline void gallery_load(Gallery *gallery, size_t number) {
    image_load(&gallery->image, gallery_view(gallery, number));
}

static inline void gallery_open(Gallery *gallery) {
    gallery->ctx = test_context_open();
    for (int i = 0; i < PICTURE_COUNT; i++) {
        char name[64];
        snprintf(name, sizeof name, "augment/picture_%d.npy", i);
        gallery->pictures[i] = golden_array(gallery->ctx, name, NPY_UINT8);
    }
    TEST_OK(gallery->ctx, scratch_open(gallery->ctx, &gallery->scratch, PICTURE_SIDE, PICTURE_SIDE, 3));
    gallery->image = (Image){.pixels = gallery->scratch.first};
}

static inline void gallery_close(Gallery *gallery) {
    for (int i = 0; i < PICTURE_COUNT; i++)
        npy_close(gallery->ctx, &gallery->pictures[i]);
    scratch_close(gallery->ctx, &gallery->scratch);
    test_context_close(&gallery->ctx);
}

/* The picture's bytes must be expected[height x width x channels], but for differences of up to `tolerance`. */
static inline void assert_picture(const Image *image, const uint8_t *expected, int tolerance, const char *what) {
    const int64_t area = image_area(image);
    for (int64_t i = 0; i < area; i++) {
        for (int64_t c = 0; c < image->channels; c++) {
            const int actual = image->pixels[c * area + i], wanted = expected[i * image->channels + c];
            if (abs(actual - wanted) > tolerance)
                fail_msg("%s: channel %d at row %d, column %d is %d, expected %d (%d x %d)", what, (int)c,
                         (int)(i / image->width), (int)(i % image->width), actual, wanted, (int)image->height,
                         (int)image->width);
        }
    }
}

#endif
