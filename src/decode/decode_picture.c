#include "decode/decode_picture.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <vips/vips.h>

#include "data/bmp.h"
#include "data/picture_kind.h"
#include "decode/decode_jpeg.h"

static PictureOutcome bad(PictureTold *told, const char *format, ...) __attribute__((format(printf, 2, 3)));
static PictureOutcome bad(PictureTold *told, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(told->reason, sizeof told->reason, format, arguments);
    va_end(arguments);
    return PICTURE_BAD;
}

/* libvips' words in one line. They may name its own functions, but no file: it is given bytes. */
static PictureOutcome bad_by_vips(PictureTold *told, PictureKind kind) {
    char words[300];
    size_t used = 0;
    const char *error = vips_error_buffer();
    for (; *error != '\0' && used + 2 < sizeof words; error++) {
        const bool end = *error == '\n' || *error == '\r' || *error == '\t';
        if (end && (used == 0 || error[1] == '\0')) continue;
        if (end) words[used++] = ';';
        words[used++] = (unsigned char)*error < 32 ? ' ' : *error;
    }
    words[used] = '\0';
    vips_error_clear();
    return bad(told, "damaged %s: %s", picture_kind_name(kind), used > 0 ? words : "it cannot be decoded");
}

/* A picture on its way. Every step replaces the image. */
typedef struct Picture {
    const uint8_t *bytes;
    size_t count;
    PictureKind kind;
    VipsImage *image;
    int orientation; /* EXIF's, 1 to 8; 5 to 8 swap the sides */
} Picture;

static void picture_drop(Picture *picture) {
    if (picture->image != NULL) g_object_unref(picture->image);
    picture->image = NULL;
}

/* Takes over the next image; a step that failed leaves none. */
static bool picture_step(Picture *picture, int failed, VipsImage *next) {
    picture_drop(picture);
    picture->image = failed != 0 ? NULL : next;
    return failed == 0;
}

/* Opens the file with its own loader: the header is read, the pixels follow when they are asked for. shrink: JPEG's 1,
 * 2, 4 or 8; scale: WebP's. */
static bool picture_load(Picture *picture, int shrink, double scale) {
    VipsImage *image = NULL;
    void *bytes = (void *)(uintptr_t)picture->bytes;
    const VipsAccess access = VIPS_ACCESS_SEQUENTIAL;
    const VipsFailOn fail_on = VIPS_FAIL_ON_TRUNCATED;
    int failed = -1;
    switch (picture->kind) {
    case PICTURE_JPEG:
        failed = vips_jpegload_buffer(bytes, picture->count, &image, "access", access, "fail_on", fail_on, "shrink",
                                      shrink, NULL);
        break;
    case PICTURE_PNG:
        failed = vips_pngload_buffer(bytes, picture->count, &image, "access", access, "fail_on", fail_on, NULL);
        break;
    case PICTURE_WEBP:
        failed = vips_webpload_buffer(bytes, picture->count, &image, "access", access, "fail_on", fail_on, "scale",
                                      scale, NULL);
        break;
    case PICTURE_GIF:
        failed = vips_gifload_buffer(bytes, picture->count, &image, "access", access, "fail_on", fail_on, NULL);
        break;
    case PICTURE_TIFF:
        failed = vips_tiffload_buffer(bytes, picture->count, &image, "access", access, "fail_on", fail_on, NULL);
        break;
    case PICTURE_HEIF:
        failed = vips_heifload_buffer(bytes, picture->count, &image, "access", access, "fail_on", fail_on, NULL);
        break;
    case PICTURE_BMP:
    case PICTURE_NONE: break;
    }
    return picture_step(picture, failed, image);
}

static bool swaps_sides(const Picture *picture) { return picture->orientation >= 5 && picture->orientation <= 8; }

static void measure(const Picture *picture, PictureTold *told) {
    const int width = vips_image_get_width(picture->image), height = vips_image_get_height(picture->image);
    told->width = swaps_sides(picture) ? height : width;
    told->height = swaps_sides(picture) ? width : height;
}

static PictureOutcome check_size(const PictureWish *wish, uint64_t width, uint64_t height, PictureTold *told) {
    /* Both are below 2^32, and only the quotient is compared. */
    if (width != 0 && height > wish->most_pixels / width)
        return bad(told, "%llu x %llu pixels are more than data.max_pixels = %llu", (unsigned long long)width,
                   (unsigned long long)height, (unsigned long long)wish->most_pixels);
    if (wish->fit == DECODE_EXACT && (told->width != wish->width || told->height != wish->height))
        return PICTURE_OTHER_SIZE;
    return PICTURE_DECODED;
}

static PictureOutcome bmp_open(const PictureWish *wish, Picture *picture, bool pixels_wanted, PictureTold *told) {
    BmpHeader header;
    const char *problem = "";
    if (!bmp_read_header(picture->bytes, picture->count, &header, &problem))
        return bad(told, "damaged BMP: %s", problem);
    told->width = (int)header.width;
    told->height = (int)header.height;
    const PictureOutcome outcome = check_size(wish, header.width, header.height, told);
    if (outcome != PICTURE_DECODED || !pixels_wanted) return outcome;
    const size_t bytes = (size_t)header.width * header.height * 3;
    uint8_t *pixels = g_try_malloc(bytes);
    if (pixels == NULL) return bad(told, "not enough memory to decode it");
    const bool read = bmp_read_pixels(picture->bytes, picture->count, &header, pixels, &problem);
    VipsImage *image =
        read ? vips_image_new_from_memory_copy(pixels, bytes, told->width, told->height, 3, VIPS_FORMAT_UCHAR) : NULL;
    g_free(pixels);
    if (!read) return bad(told, "damaged BMP: %s", problem);
    if (!picture_step(picture, image == NULL ? -1 : 0, image)) return bad(told, "not enough memory to decode it");
    picture->image->Type = VIPS_INTERPRETATION_sRGB;
    return PICTURE_DECODED;
}

/* What is left of a picture that is made smaller while it is decoded is at least so many times the wanted size, so that
 * the last resizing decides what it looks like. */
#define SHRINK_MARGIN 1.5

/* How many times smaller the picture may be decoded. */
static double shrink_room(const PictureWish *wish, const PictureTold *told) {
    const double across = (double)told->width / wish->width, down = (double)told->height / wish->height;
    if (wish->fit == DECODE_EXACT) return 1.0;
    const double factor = wish->fit == DECODE_CROP ? fmin(across, down) : fmax(across, down);
    return factor / SHRINK_MARGIN;
}

/* Decodes a JPEG at once, 1 / shrink of its size. False: it must go the long way, and is as before. */
static bool picture_take_jpeg(Picture *picture, int shrink) {
    JpegPixels decoded;
    if (!jpeg_decode_smaller(picture->bytes, picture->count, shrink, &decoded)) return false;
    const size_t bytes = (size_t)decoded.width * (size_t)decoded.height * (size_t)decoded.channels;
    VipsImage *image = vips_image_new_from_memory_copy(decoded.pixels, bytes, decoded.width, decoded.height,
                                                       decoded.channels, VIPS_FORMAT_UCHAR);
    free(decoded.pixels);
    if (image == NULL) return false;
    image->Type = decoded.channels == 1 ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB;
    vips_image_set_int(image, VIPS_META_ORIENTATION, picture->orientation);
    return picture_step(picture, 0, image);
}

/* Opens a JPEG or WebP file once more, smaller where it is large. */
static bool picture_shrink(const PictureWish *wish, const PictureTold *told, Picture *picture) {
    const double room = shrink_room(wish, told);
    if (picture->kind == PICTURE_JPEG) {
        const int shrink = room >= 8.0 ? 8 : room >= 4.0 ? 4 : room >= 2.0 ? 2 : 1;
        return picture_take_jpeg(picture, shrink) || shrink == 1 || picture_load(picture, shrink, 1.0);
    }
    if (picture->kind == PICTURE_WEBP && room > 1.0) return picture_load(picture, 1, 1.0 / room);
    return true;
}

static PictureOutcome picture_open(const PictureWish *wish, Picture *picture, bool pixels_wanted, PictureTold *told) {
    if (picture->kind == PICTURE_NONE) return bad(told, "no picture of a kind that is read");
    if (picture->kind == PICTURE_BMP) return bmp_open(wish, picture, pixels_wanted, told);
    if (!picture_load(picture, 1, 1.0)) return bad_by_vips(told, picture->kind);
    picture->orientation = vips_image_get_orientation(picture->image);
    measure(picture, told);
    const PictureOutcome outcome = check_size(wish, (uint64_t)told->width, (uint64_t)told->height, told);
    if (outcome != PICTURE_DECODED || !pixels_wanted) return outcome;
    return picture_shrink(wish, told, picture) ? PICTURE_DECODED : bad_by_vips(told, picture->kind);
}

/* Transparent pixels over white. */
static bool picture_flatten(Picture *picture) {
    VipsImage *next = NULL;
    if (!vips_image_hasalpha(picture->image)) return true;
    const bool wide = vips_image_get_format(picture->image) == VIPS_FORMAT_USHORT;
    const double white = wide ? 65535.0 : 255.0;
    VipsArrayDouble *background = vips_array_double_newv(1, white);
    const int failed = vips_flatten(picture->image, &next, "background", background, "max_alpha", white, NULL);
    vips_area_unref(VIPS_AREA(background));
    return picture_step(picture, failed, next);
}

/* The middle square of the short side's length, before anything else is done with the rest. */
static bool picture_crop(const PictureWish *wish, const Picture *picture, int sides[2], int corner[2]) {
    const int width = swaps_sides(picture) ? wish->height : wish->width;
    const int height = swaps_sides(picture) ? wish->width : wish->height;
    const double scale = fmin((double)sides[0] / width, (double)sides[1] / height);
    const int kept[2] = {(int)fmax(1.0, round(width * scale)), (int)fmax(1.0, round(height * scale))};
    bool smaller = false;
    for (int i = 0; i < 2; i++) {
        corner[i] = kept[i] < sides[i] ? (sides[i] - kept[i]) / 2 : 0;
        smaller = smaller || kept[i] < sides[i];
        if (kept[i] < sides[i]) sides[i] = kept[i];
    }
    return smaller;
}

static bool picture_resize_to(Picture *picture, int width, int height) {
    const int from_width = vips_image_get_width(picture->image), from_height = vips_image_get_height(picture->image);
    VipsImage *next = NULL;
    if (from_width == width && from_height == height) return true;
    const int failed =
        vips_resize(picture->image, &next, (double)width / from_width, "vscale", (double)height / from_height, NULL);
    return picture_step(picture, failed, next);
}

/* To the wanted size, or with a letterbox to what of it the picture covers. Sides are the file's, not yet turned. */
static bool picture_resize(const PictureWish *wish, Picture *picture) {
    int sides[2] = {vips_image_get_width(picture->image), vips_image_get_height(picture->image)}, corner[2];
    const int width = swaps_sides(picture) ? wish->height : wish->width;
    const int height = swaps_sides(picture) ? wish->width : wish->height;
    if (wish->fit == DECODE_LETTERBOX) {
        const double scale = fmin((double)width / sides[0], (double)height / sides[1]);
        return picture_resize_to(picture, (int)fmax(1.0, round(sides[0] * scale)),
                                 (int)fmax(1.0, round(sides[1] * scale)));
    }
    if (picture_crop(wish, picture, sides, corner)) {
        VipsImage *next = NULL;
        const int failed = vips_extract_area(picture->image, &next, corner[0], corner[1], sides[0], sides[1], NULL);
        if (!picture_step(picture, failed, next)) return false;
    }
    return picture_resize_to(picture, width, height);
}

/* Turned as EXIF says. A picture is read from its top: it can be turned only once all of it is there. */
static bool picture_turn(Picture *picture) {
    VipsImage *next = NULL;
    if (picture->orientation <= 1 || picture->orientation > 8) return true;
    if (!picture_step(picture, 0, vips_image_copy_memory(picture->image)) || picture->image == NULL) return false;
    const int failed = vips_autorot(picture->image, &next, NULL);
    return picture_step(picture, failed, next);
}

static bool picture_colour(const PictureWish *wish, Picture *picture) {
    const VipsInterpretation space = wish->channels == 1 ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB;
    VipsImage *next = NULL;
    if (vips_image_get_interpretation(picture->image) != space) {
        const int failed = vips_colourspace(picture->image, &next, space, NULL);
        if (!picture_step(picture, failed, next)) return false;
    }
    if (vips_image_get_format(picture->image) != VIPS_FORMAT_UCHAR) {
        const int failed = vips_cast_uchar(picture->image, &next, NULL);
        if (!picture_step(picture, failed, next)) return false;
    }
    return true;
}

static bool picture_letterbox(const PictureWish *wish, Picture *picture) {
    const int width = vips_image_get_width(picture->image), height = vips_image_get_height(picture->image);
    VipsImage *next = NULL;
    if (width == wish->width && height == wish->height) return true;
    const int failed = vips_embed(picture->image, &next, (wish->width - width) / 2, (wish->height - height) / 2,
                                  wish->width, wish->height, NULL); /* black */
    return picture_step(picture, failed, next);
}

/* Only 8 and 16 bits have a white that is known. */
static PictureOutcome check_samples(const Picture *picture, PictureTold *told) {
    const VipsBandFormat format = vips_image_get_format(picture->image);
    if (format != VIPS_FORMAT_UCHAR && format != VIPS_FORMAT_USHORT)
        return bad(told, "%s of samples that are neither 8 nor 16 bits", picture_kind_name(picture->kind));
    return PICTURE_DECODED;
}

static PictureOutcome picture_copy(const PictureWish *wish, Picture *picture, uint8_t *pixels, PictureTold *told) {
    const size_t wanted = (size_t)wish->width * (size_t)wish->height * (size_t)wish->channels;
    size_t bytes = 0;
    void *memory = vips_image_write_to_memory(picture->image, &bytes);
    if (memory == NULL) return bad_by_vips(told, picture->kind);
    if (bytes == wanted) memcpy(pixels, memory, wanted);
    g_free(memory);
    return bytes == wanted ? PICTURE_DECODED
                           : bad(told, "%s of a kind that cannot be made RGB", picture_kind_name(picture->kind));
}

static PictureOutcome picture_make(const PictureWish *wish, Picture *picture, uint8_t *pixels, PictureTold *told) {
    const PictureOutcome outcome = check_samples(picture, told);
    if (outcome != PICTURE_DECODED) return outcome;
    if (!picture_flatten(picture) || !picture_resize(wish, picture) || !picture_turn(picture) ||
        !picture_colour(wish, picture) || !picture_letterbox(wish, picture))
        return bad_by_vips(told, picture->kind);
    return picture_copy(wish, picture, pixels, told);
}

/* A JPEG file that has the wanted size already, and nothing that needs more than decoding. */
static bool decode_shortly(const PictureWish *wish, const uint8_t *bytes, size_t count, uint8_t *pixels,
                           PictureTold *told) {
    if (pixels == NULL || wish->channels != 3 || (uint64_t)wish->width * (uint64_t)wish->height > wish->most_pixels)
        return false;
    *told = (PictureTold){.width = wish->width, .height = wish->height, .kind = PICTURE_JPEG};
    return jpeg_decode_plain(bytes, count, wish->width, wish->height, pixels);
}

PictureOutcome picture_decode(const PictureWish *wish, const uint8_t *bytes, size_t count, uint8_t *pixels,
                              PictureTold *told) {
    const PictureKind kind = picture_kind(bytes, count);
    if (kind == PICTURE_JPEG && decode_shortly(wish, bytes, count, pixels, told)) return PICTURE_DECODED;
    Picture picture = {.bytes = bytes, .count = count, .kind = kind, .orientation = 1};
    *told = (PictureTold){.kind = kind};
    PictureOutcome outcome = picture_open(wish, &picture, pixels != NULL, told);
    if (outcome == PICTURE_DECODED && pixels != NULL) outcome = picture_make(wish, &picture, pixels, told);
    picture_drop(&picture);
    vips_error_clear();
    return outcome;
}
