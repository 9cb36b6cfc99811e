/* What a policy draws for one picture, and in what order it applies it.
 *
 * A view's draws are taken first and all of them, whether they will matter or not (a channel without colour, a jitter
 * that its coin leaves out), so that the streams of random words line up between pictures of one policy. */
#ifndef SPICA_AUGMENT_POLICY_H
#define SPICA_AUGMENT_POLICY_H

#include "augment/augment.h"
#include "augment/image.h"

typedef enum JitterStep { JITTER_BRIGHTNESS, JITTER_CONTRAST, JITTER_SATURATION, JITTER_HUE, JITTER_COUNT } JitterStep;

typedef struct View {
    int flip;
    /* moco, pica */
    Box crop; /* of the picture, to be resized to the output */
    int jitter;
    int64_t order[JITTER_COUNT]; /* JitterSteps */
    float factors[JITTER_COUNT]; /* by JitterStep; the hue's is a share of the circle */
    int grey, blur;
    float sigma;
    /* weak, strong */
    Box window;        /* of the picture at its working size, reaching beyond it by up to the padding */
    Box hole;          /* of the output; a side of 0: none */
    Random operations; /* RandAugment's draws, two words for each operation: which, and its magnitude */
} View;

/* Height and width of the policy's output for pictures of height x width. */
void policy_output_size(const Policy *policy, int64_t height, int64_t width, int64_t *output_height,
                        int64_t *output_width);

/* The size that weak and strong work at before their crop: the output's, times `enlarge` for weak and
 * none. */
void policy_working_size(const Policy *policy, int64_t height, int64_t width, int64_t *working_height,
                         int64_t *working_width);

/* One view of a picture of height x width. Words drawn, in this order:
 *   moco, pica:   torchvision's RandomResizedCrop: up to 10 times area and log-ratio, then, if a try fits, top and
 * left; flip; whether to jitter, its order (3 words), the four factors; grey; blur, sigma weak, strong: flip; top and
 * left of the window; side, centre's row and column of the hole; then the operations. */
View policy_draw(const Policy *policy, int64_t height, int64_t width, Random random);

/* Makes the view of `picture` in *image, whose pixels are scratch's `first` and which takes the output's size. */
void policy_apply(const Policy *policy, const View *view, ImageView picture, Image *image, Scratch *scratch);

#endif
