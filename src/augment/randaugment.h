/* The 14 operations of SPICE's strong branch (RandAugment, Cubuk et al. 2020), each with one magnitude, as FixMatch's
 * and SCAN's programs apply them to Pillow pictures: shears about the top left corner, shifts to the nearest pixel. */
#ifndef SPICA_AUGMENT_RANDAUGMENT_H
#define SPICA_AUGMENT_RANDAUGMENT_H

#include "augment/image.h"

/* The numbers are drawn: append, never renumber. */
typedef enum Operation {
    OPERATION_IDENTITY,
    OPERATION_AUTO_CONTRAST,
    OPERATION_EQUALISE,
    OPERATION_ROTATE,
    OPERATION_SOLARISE,
    OPERATION_COLOUR,
    OPERATION_CONTRAST,
    OPERATION_BRIGHTNESS,
    OPERATION_SHARPNESS,
    OPERATION_SHEAR_X,
    OPERATION_SHEAR_Y,
    OPERATION_TRANSLATE_X,
    OPERATION_TRANSLATE_Y,
    OPERATION_POSTERISE,
    OPERATION_COUNT
} Operation;

/* The magnitudes that an operation is drawn from, uniformly: degrees counter-clockwise for ROTATE, the first inverted
 * value for SOLARISE, factors for COLOUR to SHARPNESS, the tangent for SHEAR, a share of the side for TRANSLATE, bits
 * for POSTERISE (the magnitude's integer part, so 4 .. 7). The four affine ones range over +-affine_shift. */
void operation_range(Operation operation, float affine_shift, float *low, float *high);

/* Applies the operation. fill[channels]: the colour of what ROTATE, SHEAR and TRANSLATE uncover. */
void operation_apply(Operation operation, float magnitude, Image *image, const uint8_t *fill, Scratch *scratch);

#endif
