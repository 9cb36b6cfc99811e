#include "augment/policy.h"

#include <math.h>

#include "augment/colour.h"
#include "augment/filter.h"
#include "augment/randaugment.h"

/* ---- the papers' values ---- */

/* What all kinds share: MoCo v2's crop and jitter, FixMatch's shift, SPICE's RandAugment of stage 2. */
static const Policy COMMON = {
    .scale_min = 0.2f,
    .scale_max = 1.0f,
    .ratio_min = 3.0f / 4.0f,
    .ratio_max = 4.0f / 3.0f,
    .brightness = 0.4f,
    .contrast = 0.4f,
    .saturation = 0.4f,
    .hue = 0.1f,
    .jitter_probability = 0.8f,
    .grey_probability = 0.2f,
    .blur_probability = 0.5f,
    .blur_sigma_min = 0.1f,
    .blur_sigma_max = 2.0f,
    .flip_probability = 0.5f,
    .pad = 0.125f,
    .pad_reflect = 1,
    .operations = 4,
    .affine_shift = 0.1f,
    .cutout = 0.5f,
    .cutout_fill = {124, 116, 104},
    .mean = {0.5f, 0.5f, 0.5f},
    .deviation = {0.5f, 0.5f, 0.5f},
};

Policy policy_default(PolicyKind kind, int channels) {
    Policy policy = COMMON;
    policy.kind = kind;
    /* Of ImageNet's mean colour (0 after normalisation, as the hole in SPICE's program is), one channel has the luma.
     */
    if (channels == 1) policy.cutout_fill[0] = 117;
    if (kind == POLICY_PICA) {
        policy.hue = 0.4f;
        policy.jitter_probability = 1.0f;
        policy.blur_probability = 0.0f;
        policy.sobel = 1;
    }
    return policy;
}

int policy_channels(const Policy *policy, int channels) { return policy->sobel ? 2 : channels; }

void policy_output_size(const Policy *policy, int64_t height, int64_t width, int64_t *output_height,
                        int64_t *output_width) {
    *output_height = policy->size > 0 ? policy->size : height;
    *output_width = policy->size > 0 ? policy->size : width;
}

static int64_t share_of(float share, int64_t side) { return (int64_t)floor((double)share * (double)side + 0.5); }

void policy_working_size(const Policy *policy, int64_t height, int64_t width, int64_t *working_height,
                         int64_t *working_width) {
    policy_output_size(policy, height, width, working_height, working_width);
    if ((policy->kind != POLICY_WEAK && policy->kind != POLICY_NONE) || policy->enlarge <= 1.0f) return;
    *working_height = share_of(policy->enlarge, *working_height);
    *working_width = share_of(policy->enlarge, *working_width);
}

/* ---- draws ---- */

static int draw_coin(Random *random, float probability) { return random_uniform(random) < probability; }

static int64_t draw_below(Random *random, int64_t bound) { return random_below(random, (uint32_t)bound); }

/* Where no try fits: the largest central part whose ratio is allowed. */
static Box central_crop(const Policy *policy, int64_t height, int64_t width) {
    const double ratio = (double)width / (double)height;
    Box box = {.height = height, .width = width};
    if (ratio < (double)policy->ratio_min) box.height = (int64_t)rint((double)width / (double)policy->ratio_min);
    if (ratio > (double)policy->ratio_max) box.width = (int64_t)rint((double)height * (double)policy->ratio_max);
    box.top = (height - box.height) / 2;
    box.left = (width - box.width) / 2;
    return box;
}

static Box draw_crop(const Policy *policy, int64_t height, int64_t width, Random *random) {
    const float log_min = (float)log((double)policy->ratio_min), log_max = (float)log((double)policy->ratio_max);
    for (int attempt = 0; attempt < 10; attempt++) {
        const double share = (double)random_between(random, policy->scale_min, policy->scale_max);
        const double area = (double)(height * width) * share;
        const double ratio = exp((double)random_between(random, log_min, log_max));
        Box box = {.height = (int64_t)rint(sqrt(area / ratio)), .width = (int64_t)rint(sqrt(area * ratio))};
        if (box.width < 1 || box.width > width || box.height < 1 || box.height > height) continue;
        box.top = draw_below(random, height - box.height + 1);
        box.left = draw_below(random, width - box.width + 1);
        return box;
    }
    return central_crop(policy, height, width);
}

static float draw_factor(Random *random, float strength) {
    return random_between(random, strength < 1.0f ? 1.0f - strength : 0.0f, 1.0f + strength);
}

static void draw_crop_and_colour(const Policy *policy, int64_t height, int64_t width, Random *random, View *view) {
    view->crop = draw_crop(policy, height, width, random);
    view->flip = draw_coin(random, policy->flip_probability);
    view->jitter = draw_coin(random, policy->jitter_probability);
    random_permutation(random, view->order, JITTER_COUNT);
    view->factors[JITTER_BRIGHTNESS] = draw_factor(random, policy->brightness);
    view->factors[JITTER_CONTRAST] = draw_factor(random, policy->contrast);
    view->factors[JITTER_SATURATION] = draw_factor(random, policy->saturation);
    view->factors[JITTER_HUE] = random_between(random, -policy->hue, policy->hue);
    view->grey = draw_coin(random, policy->grey_probability);
    view->blur = draw_coin(random, policy->blur_probability);
    view->sigma = random_between(random, policy->blur_sigma_min, policy->blur_sigma_max);
}

/* A window of `side` pixels of a line of `working` pixels padded on both sides: where it begins. */
static int64_t draw_start(Random *random, int64_t working, int64_t side, float pad) {
    const int64_t padding = share_of(pad, side);
    return draw_below(random, working + 2 * padding - side + 1) - padding;
}

static Box draw_hole(const Policy *policy, int64_t height, int64_t width, Random *random) {
    const int64_t largest = share_of(policy->cutout, height < width ? height : width);
    const int64_t drawn = draw_below(random, largest > 0 ? largest : 1) + 1;
    const int64_t side = largest < 1 ? 0 : policy->cutout_fixed ? largest : drawn;
    const int64_t row = draw_below(random, height), column = draw_below(random, width);
    return (Box){.top = row - side / 2, .left = column - side / 2, .height = side, .width = side};
}

static void draw_shift_and_operations(const Policy *policy, int64_t height, int64_t width, Random *random, View *view) {
    int64_t output_height, output_width, working_height, working_width;
    policy_output_size(policy, height, width, &output_height, &output_width);
    policy_working_size(policy, height, width, &working_height, &working_width);
    view->flip = draw_coin(random, policy->flip_probability);
    view->window.height = output_height;
    view->window.width = output_width;
    view->window.top = draw_start(random, working_height, output_height, policy->pad);
    view->window.left = draw_start(random, working_width, output_width, policy->pad);
    view->hole = draw_hole(policy, output_height, output_width, random);
    view->operations = *random;
}

View policy_draw(const Policy *policy, int64_t height, int64_t width, Random random) {
    View view = {0};
    if (policy->kind == POLICY_MOCO || policy->kind == POLICY_PICA)
        draw_crop_and_colour(policy, height, width, &random, &view);
    else if (policy->kind != POLICY_NONE)
        draw_shift_and_operations(policy, height, width, &random, &view);
    return view;
}

/* ---- application ---- */

static void apply_jitter(const View *view, Image *image) {
    for (int i = 0; i < JITTER_COUNT; i++) {
        const JitterStep step = (JitterStep)view->order[i];
        const float factor = view->factors[step];
        switch (step) {
        case JITTER_BRIGHTNESS: colour_brightness(image, factor); break;
        case JITTER_CONTRAST: colour_contrast(image, factor); break;
        case JITTER_SATURATION: colour_saturation(image, factor); break;
        case JITTER_HUE: colour_hue(image, factor); break;
        case JITTER_COUNT: break;
        }
    }
}

/* The flip, which torchvision's pipelines do last, goes with the crop for free: the steps between treat left and right
 * alike, to the bit. */
static void apply_crop_and_colour(const View *view, ImageView picture, Image *image, Scratch *scratch) {
    image_resize(image, image_view_crop(picture, view->crop), view->flip, scratch);
    if (view->jitter) apply_jitter(view, image);
    if (view->grey) colour_grey(image);
    if (view->blur) filter_gaussian_blur(image, view->sigma, scratch);
}

static void apply_size(ImageView picture, int64_t height, int64_t width, Image *image, Scratch *scratch) {
    if (picture.height == height && picture.width == width) {
        image_load(image, picture);
        return;
    }
    image->height = height;
    image->width = width;
    image_resize(image, picture, 0, scratch);
}

/* torchvision's CenterCrop: halves go to the even side. */
static void crop_centre(const Policy *policy, ImageView picture, Image *image, Scratch *scratch) {
    int64_t height, width;
    policy_output_size(policy, picture.height, picture.width, &height, &width);
    if (image->height == height && image->width == width) return;
    const Box box = {.top = (int64_t)rint((double)(image->height - height) / 2.0),
                     .left = (int64_t)rint((double)(image->width - width) / 2.0),
                     .height = height,
                     .width = width};
    image_window(image, box, 0, scratch);
}

static void apply_shift(const Policy *policy, const View *view, Image *image, Scratch *scratch) {
    const Box *window = &view->window;
    if (view->flip) image_flip(image, scratch);
    if (window->top != 0 || window->left != 0 || window->height != image->height || window->width != image->width)
        image_window(image, *window, policy->pad_reflect, scratch);
}

static void apply_operations(const Policy *policy, const View *view, Image *image, Scratch *scratch) {
    Random random = view->operations;
    for (int i = 0; i < policy->operations; i++) {
        const Operation operation = (Operation)draw_below(&random, OPERATION_COUNT);
        float low, high;
        operation_range(operation, policy->affine_shift, &low, &high);
        operation_apply(operation, random_between(&random, low, high), image, policy->uncovered_fill, scratch);
    }
    image_fill_box(image, view->hole, policy->cutout_fill);
}

void policy_apply(const Policy *policy, const View *view, ImageView picture, Image *image, Scratch *scratch) {
    int64_t height, width;
    if (policy->kind == POLICY_MOCO || policy->kind == POLICY_PICA) {
        policy_output_size(policy, picture.height, picture.width, &image->height, &image->width);
        apply_crop_and_colour(view, picture, image, scratch);
        return;
    }
    policy_working_size(policy, picture.height, picture.width, &height, &width);
    apply_size(picture, height, width, image, scratch);
    if (policy->kind == POLICY_NONE) {
        crop_centre(policy, picture, image, scratch);
        return;
    }
    if (policy->kind == POLICY_WEAK || !policy->crop_last) apply_shift(policy, view, image, scratch);
    if (policy->kind != POLICY_STRONG) return;
    apply_operations(policy, view, image, scratch);
    if (policy->crop_last) apply_shift(policy, view, image, scratch);
}
