/* Dataset rows -> float batches: random views of pictures under a policy.
 *
 * Floor plan of the room:
 *   image.h      a uint8 picture in memory; resize, crop, flip, affine: the geometry
 *   colour.h     brightness, contrast, saturation, hue, grey, equalise, solarise ...: the values
 *   filter.h     Gaussian blur, sharpness, Sobel
 *   randaugment.h the 14 operations of SPICE's strong branch
 *   policy.h     what a policy draws for one picture, and in what order it applies it
 *   augment.h    this file: a batch of views, in parallel
 * All operations work on bytes as Pillow and torchvision do, and are tested against them. */
#ifndef SPICA_AUGMENT_AUGMENT_H
#define SPICA_AUGMENT_AUGMENT_H

#include "base/random.h"
#include "data/dataset.h"

typedef enum PolicyKind { POLICY_NONE, POLICY_WEAK, POLICY_STRONG, POLICY_MOCO, POLICY_PICA } PolicyKind;

/* What a view may draw. Every field is an option; policy_default gives the papers' values. */
typedef struct Policy {
    PolicyKind kind;
    int size; /* side of the square output in pixels; 0: the pictures' own height and width */
    /* moco, pica: RandomResizedCrop */
    float scale_min, scale_max; /* share of the area */
    float ratio_min, ratio_max; /* width / height, log-uniform */
    /* moco, pica: colour jitter, each factor on [1 - s, 1 + s], hue on [-s, s] of the circle */
    float brightness, contrast, saturation, hue;
    float jitter_probability;
    float grey_probability;
    float blur_probability, blur_sigma_min, blur_sigma_max; /* sigma in pixels of the output */
    float flip_probability;                                 /* all policies but none */
    /* weak, strong: shift by padding and cropping back */
    float pad;       /* share of the side, 0.125 in FixMatch; rounded to pixels */
    int pad_reflect; /* 1: reflect-pad (FixMatch), 0: zeros (SPICE's program) */
    float enlarge;   /* weak, none: side before the crop / side of the output, for PICA's original view (40/32 on CIFAR,
                        112/96 on STL-10); 0 or 1: the same. weak crops at random, none the centre */
    /* strong: RandAugment and Cutout */
    int operations;            /* how many of the 14 operations, drawn with replacement */
    float affine_shift;        /* ShearX/Y in +-, TranslateX/Y in +- of the side */
    float cutout;              /* largest side of the hole as a share of the picture's side */
    int cutout_fixed;          /* 1: always the largest side; 0: side uniform on 1 .. largest */
    uint8_t cutout_fill[3];    /* colour of the hole */
    uint8_t uncovered_fill[3]; /* colour of what a shear, shift or rotation uncovers; black in both programs */
    int crop_last;             /* 1: flip and crop after the operations (stage 3), 0: before (stage 2) */
    /* all policies: what the network reads */
    int sobel;                   /* 1: grey, then the two Sobel filters: 2 output channels */
    float mean[3], deviation[3]; /* output = (value / 255 - mean) / deviation */
} Policy;

/* The papers' values for `kind` on pictures of `channels`; mean 0.5, deviation 0.5 to be set by the caller. */
Policy policy_default(PolicyKind kind, int channels);

/* Channels of the policy's output for pictures of `channels`. */
int policy_channels(const Policy *policy, int channels);

/* Where the draws of a batch stand (base/random.h). Picture i of the batch draws from
 * random_at(seed, purpose, step, first + i, view). */
typedef struct ViewKey {
    uint64_t seed;
    RandomPurpose purpose;
    uint64_t step;
    uint32_t view;
    uint64_t first; /* position of the batch's first picture: 0, or where a long list of pictures goes on */
} ViewKey;

/* output[count x height x width x channels] (NHWC, float32, normalised): one view of each of the pictures rows[count].
 * In parallel over ctx->threads; the result does not depend on the thread count. A policy that draws nothing (none)
 * ignores the key. Embeddings have no views: whatever the policy, output[count x D] is (value - mean[0]) /
 * deviation[0]. Errors: SPICA_ERROR_MEMORY. */
Status augment_batch(Context *ctx, const Policy *policy, const Dataset *dataset, const int64_t *rows, size_t count,
                     ViewKey key, float *output);

#endif
