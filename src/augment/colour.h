/* Operations on a picture's values, in place. All give Pillow's bytes: ImageEnhance for brightness, contrast and
 * saturation, torchvision's adjust_hue on PIL images for hue, ImageOps for the others. */
#ifndef SPICA_AUGMENT_COLOUR_H
#define SPICA_AUGMENT_COLOUR_H

#include "augment/image.h"

/* Each blends degenerate + factor * (picture - degenerate), rounded towards 0 and cut to a byte: factor 0 gives the
 * degenerate picture, 1 the picture itself, more exaggerates. */

/* Degenerate: black. */
void colour_brightness(Image *image, float factor);

/* Degenerate: everywhere the mean of the grey picture. */
void colour_contrast(Image *image, float factor);

/* Degenerate: the grey picture. Does nothing to one channel. */
void colour_saturation(Image *image, float factor);

/* Turns the hue by this share of the circle, -0.5 .. 0.5, in HSV of 8 bits each. Does nothing to one channel. */
void colour_hue(Image *image, float turn);

/* ITU-R 601-2 luma in 16.16 fixed point, as Pillow converts RGB to L. */
static inline uint8_t colour_luma(uint8_t red, uint8_t green, uint8_t blue) {
    return (uint8_t)((19595 * red + 38470 * green + 7471 * blue + 0x8000) >> 16);
}

/* All channels become L = (19595 R + 38470 G + 7471 B + 2^15) / 2^16. Does nothing to one channel. */
void colour_grey(Image *image);

/* Every channel is stretched linearly to 0 .. 255. */
void colour_auto_contrast(Image *image);

/* Every channel's histogram is made flat. */
void colour_equalise(Image *image);

/* Values from the threshold (0 .. 256) on are inverted. */
void colour_solarise(Image *image, float threshold);

/* Only the highest `bits` (1 .. 8) of every value stay. */
void colour_posterise(Image *image, int bits);

#endif
