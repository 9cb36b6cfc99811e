/* Operations that look at a pixel's neighbours. */
#ifndef SPICA_AUGMENT_FILTER_H
#define SPICA_AUGMENT_FILTER_H

#include "augment/image.h"

/* Pillow's GaussianBlur(sigma): along rows, then along columns, three passes of a box whose fractional width gives the
 * Gaussian's variance (Gwosdek et al., "Theoretical foundations of Gaussian convolution by extended box filtering",
 * SSVM 2011), each rounded to bytes; beyond the border the border's value. */
void filter_gaussian_blur(Image *image, float sigma, Scratch *scratch);

/* ImageEnhance.Sharpness: smooth + factor * (picture - smooth), where smooth has weights 5/13 in the centre and 1/13
 * around it, and leaves the border, and pictures with a side below 3, as they are. */
void filter_sharpness(Image *image, float factor, Scratch *scratch);

/* PICA's input: output[height x width x 2], the cross-correlation of a grey picture with [1 0 -1; 2 0 -2; 1 0 -1] and
 * [1 2 1; 0 0 0; -1 -2 -1]. bordered[(height + 2) x (width + 2)]: the picture with zeros around it. */
void filter_sobel(float *output, const float *bordered, int64_t height, int64_t width);

#endif
