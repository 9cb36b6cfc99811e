/* Applies every operation and every policy of src/augment to the pictures given as binary PNM files, and writes the
 * results to stdout for make_augmentations.py: for each row of its picture a line "ROW COUNT LABEL", then COUNT PNMs.
 *
 *     augmentation_tiles PICTURE.pnm... > tiles */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "augment/augment.h"
#include "augment/colour.h"
#include "augment/filter.h"
#include "augment/policy.h"
#include "augment/randaugment.h"

#define MOST_PICTURES 8
#define MOST_BYTES (128 * 128 * 3)
#define VIEWS 2 /* tiles of a picture in a row */

typedef struct Tiles {
    Context *ctx;
    Dataset pictures[MOST_PICTURES]; /* one picture each */
    int count;
    Scratch scratch;
} Tiles;

static void stop(const char *what) {
    fprintf(stderr, "augmentation_tiles: %s\n", what);
    exit(1);
}

static void read_picture(Dataset *picture, const char *path) {
    char kind;
    FILE *file = fopen(path, "rb");
    if (file == NULL) stop(path);
    if (fscanf(file, "P%c %d %d 255", &kind, &picture->width, &picture->height) != 3) stop("no PNM");
    picture->channels = kind == '6' ? 3 : 1;
    const size_t bytes = (size_t)(picture->height * picture->width * picture->channels);
    picture->count = 1;
    picture->pixels = malloc(MOST_BYTES);
    if (picture->pixels == NULL || bytes > MOST_BYTES || fgetc(file) == EOF ||
        fread(picture->pixels, 1, bytes, file) != bytes)
        stop("no whole PNM");
    fclose(file);
}

static void write_tile(const uint8_t *interleaved, int64_t height, int64_t width, int64_t channels) {
    printf("P%c %d %d 255\n", channels == 3 ? '6' : '5', (int)width, (int)height);
    fwrite(interleaved, 1, (size_t)(height * width * channels), stdout);
}

static void write_image(const Image *image) {
    uint8_t bytes[MOST_BYTES];
    const int64_t area = image_area(image);
    for (int64_t i = 0; i < area; i++)
        for (int64_t c = 0; c < image->channels; c++)
            bytes[i * image->channels + c] = image->pixels[c * area + i];
    write_tile(bytes, image->height, image->width, image->channels);
}

static void write_row(const Tiles *tiles, const char *label) { printf("ROW %d %s\n", tiles->count * VIEWS, label); }

static ImageView picture_view(const Dataset *picture) {
    return image_view_interleaved(picture->pixels, picture->height, picture->width, picture->channels);
}

/* ---- operations: each picture at two parameters ---- */

typedef void (*Apply)(Image *image, float parameter, Scratch *scratch);

static void apply_crop(Image *image, float parameter, Scratch *scratch) {
    uint8_t copy[MOST_BYTES];
    const Image whole = {copy, image->height, image->width, image->channels};
    const int64_t side = (int64_t)(parameter * (float)image->height), place = image->width - side;
    memcpy(copy, image->pixels, (size_t)(image->channels * image_area(image)));
    const Box box = {.top = place / 3, .left = place / 2, .height = side, .width = side};
    image_resize(image, image_view_crop(image_view(&whole), box), 0, scratch);
}

static void apply_flip(Image *image, float parameter, Scratch *scratch) {
    if (parameter > 0.0f) image_flip(image, scratch);
}

static void apply_window(Image *image, float parameter, int reflect, Scratch *scratch) {
    const int64_t shift = (int64_t)(parameter * (float)image->height);
    image_window(image, (Box){shift, -shift, image->height, image->width}, reflect, scratch);
}

static void apply_reflect(Image *image, float parameter, Scratch *scratch) {
    apply_window(image, parameter, 1, scratch);
}

static void apply_zeros(Image *image, float parameter, Scratch *scratch) { apply_window(image, parameter, 0, scratch); }

static void apply_grey(Image *image, float parameter, Scratch *scratch) {
    (void)scratch;
    if (parameter > 0.0f) colour_grey(image);
}

static void apply_hue(Image *image, float parameter, Scratch *scratch) {
    (void)scratch;
    colour_hue(image, parameter);
}

static void apply_hole(Image *image, float parameter, Scratch *scratch) {
    const uint8_t fill[3] = {124, 116, 104};
    const int64_t side = (int64_t)(parameter * (float)image->height);
    (void)scratch;
    image_fill_box(image, (Box){image->height - side, 3, side, side}, fill);
}

static void write_operation(Tiles *tiles, const char *label, Apply apply, float low, float high) {
    write_row(tiles, label);
    for (int i = 0; i < tiles->count; i++) {
        for (int v = 0; v < VIEWS; v++) {
            Image image = {.pixels = tiles->scratch.first};
            image_load(&image, picture_view(&tiles->pictures[i]));
            apply(&image, v == 0 ? low : high, &tiles->scratch);
            write_image(&image);
            tiles->scratch.first = image.pixels;
        }
    }
}

static void write_randaugment(Tiles *tiles, const char *name, Operation operation) {
    const uint8_t black[3] = {0, 0, 0};
    float ends[2];
    char label[128];
    operation_range(operation, 0.3f, &ends[0], &ends[1]);
    if (operation == OPERATION_SOLARISE) ends[0] = 64.0f, ends[1] = 160.0f;
    if (operation == OPERATION_POSTERISE) ends[1] = 7.0f;
    snprintf(label, sizeof label, "%s %g, %g", name, (double)ends[0], (double)ends[1]);
    write_row(tiles, ends[0] < ends[1] ? label : name);
    for (int i = 0; i < tiles->count; i++) {
        for (int v = 0; v < VIEWS; v++) {
            Image image = {.pixels = tiles->scratch.first};
            image_load(&image, picture_view(&tiles->pictures[i]));
            operation_apply(operation, ends[v], &image, black, &tiles->scratch);
            write_image(&image);
            tiles->scratch.first = image.pixels;
        }
    }
}

/* ---- policies: each picture in two views, by augment_batch itself ---- */

static uint8_t to_byte(float value) {
    const float scaled = value * 255.0f + 0.5f;
    return (uint8_t)(scaled < 0.0f ? 0.0f : scaled > 255.0f ? 255.0f : scaled);
}

/* Mean 0 and deviation 1 leave values on 0 .. 1. Sobel's first channel, -4 .. 4, is shown around grey. */
static void write_policy(Tiles *tiles, const char *label, const Policy *chosen) {
    write_row(tiles, label);
    for (int i = 0; i < tiles->count; i++) {
        const Dataset *picture = &tiles->pictures[i];
        Policy policy = *chosen;
        for (int c = 0; c < 3; c++)
            policy.mean[c] = 0.0f, policy.deviation[c] = 1.0f;
        const int channels = policy_channels(&policy, picture->channels), area = picture->height * picture->width;
        for (uint32_t v = 0; v < VIEWS; v++) {
            static float values[MOST_BYTES];
            uint8_t bytes[MOST_BYTES];
            const int64_t row = 0;
            const ViewKey key = {.seed = 5 + (uint64_t)i, .view = v};
            if (augment_batch(tiles->ctx, &policy, picture, &row, 1, key, values) != SPICA_OK) stop("no view");
            for (int j = 0; j < area * channels; j++)
                bytes[policy.sobel ? j / 2 : j] =
                    policy.sobel ? to_byte(0.5f + 0.35f * values[j / 2 * 2]) : to_byte(values[j]);
            write_tile(bytes, picture->height, picture->width, policy.sobel ? 1 : channels);
        }
    }
}

static void write_policies(Tiles *tiles) {
    Policy policy = policy_default(POLICY_NONE, 3);
    policy.sobel = 1;
    write_policy(tiles, "Sobel (first filter)", &policy);
    policy = policy_default(POLICY_WEAK, 3);
    write_policy(tiles, "policy weak", &policy);
    policy = policy_default(POLICY_STRONG, 3);
    write_policy(tiles, "policy strong, stage 2", &policy);
    policy.operations = 3;
    policy.affine_shift = 0.3f;
    policy.crop_last = 1;
    write_policy(tiles, "policy strong, stage 3", &policy);
    policy = policy_default(POLICY_MOCO, 3);
    write_policy(tiles, "policy moco", &policy);
    policy = policy_default(POLICY_PICA, 3);
    policy.sobel = 0;
    write_policy(tiles, "policy pica before Sobel", &policy);
    policy.sobel = 1;
    write_policy(tiles, "policy pica (first filter)", &policy);
}

static void write_jitter_brightness(Image *image, float v, Scratch *s) { (void)s, colour_brightness(image, v); }
static void write_jitter_contrast(Image *image, float v, Scratch *s) { (void)s, colour_contrast(image, v); }
static void write_jitter_saturation(Image *image, float v, Scratch *s) { (void)s, colour_saturation(image, v); }

int main(int argc, char **argv) {
    static Tiles tiles;
    const spica_settings settings = {0};
    if (argc < 2 || argc > MOST_PICTURES + 1) stop("usage: augmentation_tiles PICTURE.pnm...");
    if (spica_context_open(&tiles.ctx, &settings) != SPICA_OK ||
        scratch_open(tiles.ctx, &tiles.scratch, 128, 128, 3) != SPICA_OK)
        stop("out of memory");
    for (tiles.count = 0; tiles.count < argc - 1; tiles.count++)
        read_picture(&tiles.pictures[tiles.count], argv[tiles.count + 1]);
    write_randaugment(&tiles, "Identity, policy none", OPERATION_IDENTITY);
    write_operation(&tiles, "crop of 0.8, 0.5 resized", apply_crop, 0.8f, 0.5f);
    write_operation(&tiles, "flip: no, yes", apply_flip, 0.0f, 1.0f);
    write_operation(&tiles, "reflect-pad, crop +-0.125", apply_reflect, -0.125f, 0.125f);
    write_operation(&tiles, "zero-pad, crop +-0.125", apply_zeros, -0.125f, 0.125f);
    write_operation(&tiles, "jitter brightness 0.6, 1.4", write_jitter_brightness, 0.6f, 1.4f);
    write_operation(&tiles, "jitter contrast 0.6, 1.4", write_jitter_contrast, 0.6f, 1.4f);
    write_operation(&tiles, "jitter saturation 0.6, 1.4", write_jitter_saturation, 0.6f, 1.4f);
    write_operation(&tiles, "jitter hue -0.1, 0.1", apply_hue, -0.1f, 0.1f);
    write_operation(&tiles, "greyscale: no, yes", apply_grey, 0.0f, 1.0f);
    write_operation(&tiles, "Gaussian blur 0.5, 2", filter_gaussian_blur, 0.5f, 2.0f);
    write_operation(&tiles, "Cutout 0.25, 0.5", apply_hole, 0.25f, 0.5f);
    write_randaugment(&tiles, "AutoContrast", OPERATION_AUTO_CONTRAST);
    write_randaugment(&tiles, "Equalize", OPERATION_EQUALISE);
    write_randaugment(&tiles, "Rotate", OPERATION_ROTATE);
    write_randaugment(&tiles, "Solarize", OPERATION_SOLARISE);
    write_randaugment(&tiles, "Color", OPERATION_COLOUR);
    write_randaugment(&tiles, "Contrast", OPERATION_CONTRAST);
    write_randaugment(&tiles, "Brightness", OPERATION_BRIGHTNESS);
    write_randaugment(&tiles, "Sharpness", OPERATION_SHARPNESS);
    write_randaugment(&tiles, "ShearX", OPERATION_SHEAR_X);
    write_randaugment(&tiles, "ShearY", OPERATION_SHEAR_Y);
    write_randaugment(&tiles, "TranslateX", OPERATION_TRANSLATE_X);
    write_randaugment(&tiles, "TranslateY", OPERATION_TRANSLATE_Y);
    write_randaugment(&tiles, "Posterize", OPERATION_POSTERISE);
    write_policies(&tiles);
    return 0;
}
