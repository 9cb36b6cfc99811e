#include "augment/randaugment.h"

#include "augment/colour.h"
#include "augment/filter.h"

typedef struct Range {
    float low, high;
} Range;

/* Ranges of the authors' programs; the affine ones are shares of affine_shift. */
static const Range RANGES[OPERATION_COUNT] = {
    [OPERATION_ROTATE] = {-30.0f, 30.0f},    [OPERATION_SOLARISE] = {0.0f, 256.0f},
    [OPERATION_COLOUR] = {0.05f, 0.95f},     [OPERATION_CONTRAST] = {0.05f, 0.95f},
    [OPERATION_BRIGHTNESS] = {0.05f, 0.95f}, [OPERATION_SHARPNESS] = {0.05f, 0.95f},
    [OPERATION_SHEAR_X] = {-1.0f, 1.0f},     [OPERATION_SHEAR_Y] = {-1.0f, 1.0f},
    [OPERATION_TRANSLATE_X] = {-1.0f, 1.0f}, [OPERATION_TRANSLATE_Y] = {-1.0f, 1.0f},
    [OPERATION_POSTERISE] = {4.0f, 8.0f},
};

static int is_affine_share(Operation operation) {
    return operation >= OPERATION_SHEAR_X && operation <= OPERATION_TRANSLATE_Y;
}

void operation_range(Operation operation, float affine_shift, float *low, float *high) {
    const float unit = is_affine_share(operation) ? affine_shift : 1.0f;
    *low = RANGES[operation].low * unit;
    *high = RANGES[operation].high * unit;
}

static void move_pixels(Operation operation, double magnitude, Image *image, const uint8_t *fill, Scratch *scratch) {
    Affine affine = {{1.0, 0.0, 0.0, 0.0, 1.0, 0.0}};
    if (operation == OPERATION_ROTATE) affine = affine_rotation(magnitude, image->height, image->width);
    if (operation == OPERATION_SHEAR_X) affine.m[1] = magnitude;
    if (operation == OPERATION_SHEAR_Y) affine.m[3] = magnitude;
    image_affine(image, &affine, fill, scratch);
}

void operation_apply(Operation operation, float magnitude, Image *image, const uint8_t *fill, Scratch *scratch) {
    switch (operation) {
    case OPERATION_AUTO_CONTRAST: colour_auto_contrast(image); break;
    case OPERATION_EQUALISE: colour_equalise(image); break;
    case OPERATION_SOLARISE: colour_solarise(image, magnitude); break;
    case OPERATION_COLOUR: colour_saturation(image, magnitude); break;
    case OPERATION_CONTRAST: colour_contrast(image, magnitude); break;
    case OPERATION_BRIGHTNESS: colour_brightness(image, magnitude); break;
    case OPERATION_SHARPNESS: filter_sharpness(image, magnitude, scratch); break;
    case OPERATION_ROTATE:
    case OPERATION_SHEAR_X:
    case OPERATION_SHEAR_Y: move_pixels(operation, (double)magnitude, image, fill, scratch); break;
    case OPERATION_TRANSLATE_X:
        image_translate(image, (double)magnitude * (double)image->width, 0.0, fill, scratch);
        break;
    case OPERATION_TRANSLATE_Y:
        image_translate(image, 0.0, (double)magnitude * (double)image->height, fill, scratch);
        break;
    case OPERATION_POSTERISE: colour_posterise(image, (int)magnitude); break;
    case OPERATION_IDENTITY:
    case OPERATION_COUNT: break;
    }
}
