#include "decode/decode_jpeg.h"

#include <setjmp.h>
#include <stdio.h> /* jpeglib.h needs it */
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

#include "decode/jpeg_scan.h"

#define MARKER_EXIF (JPEG_APP0 + 1)
#define DECODED_MOST ((size_t)1 << 26)

/* libjpeg's way of failing is a jump. */
typedef struct PlainJpeg {
    struct jpeg_decompress_struct file;
    struct jpeg_error_mgr errors;
    jmp_buf failed;
    const uint8_t *bytes;
    size_t count;
    unsigned shrink;
    JpegPixels decoded;
} PlainJpeg;

static void on_error(j_common_ptr file) { longjmp(((PlainJpeg *)file->client_data)->failed, 1); }

/* Nothing is printed; what is odd (level -1) is left to the long way. */
static void on_message(j_common_ptr file, int level) {
    if (level < 0) on_error(file);
}

static bool header_read(PlainJpeg *jpeg) {
    struct jpeg_decompress_struct *file = &jpeg->file;
    jpeg_mem_src(file, jpeg->bytes, jpeg->count);
    jpeg_save_markers(file, MARKER_EXIF, 16);
    if (jpeg_read_header(file, TRUE) != JPEG_HEADER_OK) return false;
    return file->jpeg_color_space == JCS_YCbCr || file->jpeg_color_space == JCS_GRAYSCALE ||
           file->jpeg_color_space == JCS_RGB;
}

/* The rows lie `decoded.width` pixels apart: what a row has more is written over by the next one. */
static bool rows_read(PlainJpeg *jpeg) {
    struct jpeg_decompress_struct *file = &jpeg->file;
    const size_t stride = (size_t)jpeg->decoded.width * (size_t)jpeg->decoded.channels;
    while (file->output_scanline < file->output_height) {
        JSAMPROW row = jpeg->decoded.pixels + file->output_scanline * stride;
        if (jpeg_read_scanlines(file, &row, 1) != 1) return false;
    }
    return jpeg_scan_end(file) == TRUE;
}

static bool decode_plain(PlainJpeg *jpeg) {
    struct jpeg_decompress_struct *file = &jpeg->file;
    if (!header_read(jpeg)) return false;
    if (file->image_width != (JDIMENSION)jpeg->decoded.width || file->image_height != (JDIMENSION)jpeg->decoded.height)
        return false;
    if (file->marker_list != NULL) return false; /* EXIF, which may tell to turn it */
    file->out_color_space = JCS_RGB;
    return jpeg_scan_start(file) && rows_read(jpeg);
}

/* libjpeg rounds the sides up. */
static bool decode_smaller(PlainJpeg *jpeg) {
    struct jpeg_decompress_struct *file = &jpeg->file;
    if (!header_read(jpeg)) return false;
    const bool grey = file->jpeg_color_space == JCS_GRAYSCALE;
    file->out_color_space = grey ? JCS_GRAYSCALE : JCS_RGB;
    file->scale_num = 1;
    file->scale_denom = jpeg->shrink;
    jpeg_calc_output_dimensions(file);
    jpeg->decoded.channels = grey ? 1 : 3;
    jpeg->decoded.width = (int)(file->image_width / jpeg->shrink);
    jpeg->decoded.height = (int)(file->image_height / jpeg->shrink);
    const size_t bytes = (size_t)file->output_width * file->output_height * (size_t)jpeg->decoded.channels;
    if (jpeg->decoded.width == 0 || jpeg->decoded.height == 0 || bytes > DECODED_MOST) return false;
    jpeg->decoded.pixels = malloc(bytes);
    return jpeg->decoded.pixels != NULL && jpeg_scan_start(file) && rows_read(jpeg);
}

static bool run(PlainJpeg *jpeg, bool (*decode)(PlainJpeg *jpeg)) {
    volatile bool decoded = false;
    jpeg->file.err = jpeg_std_error(&jpeg->errors);
    jpeg->errors.error_exit = on_error;
    jpeg->errors.emit_message = on_message;
    jpeg->file.client_data = jpeg;
    if (setjmp(jpeg->failed) == 0) {
        jpeg_create_decompress(&jpeg->file);
        decoded = decode(jpeg);
    }
    jpeg_destroy_decompress(&jpeg->file);
    return decoded;
}

bool jpeg_decode_plain(const uint8_t *bytes, size_t count, int width, int height, uint8_t *pixels) {
    PlainJpeg jpeg = {
        .bytes = bytes, .count = count, .decoded = {.width = width, .height = height, .channels = 3, .pixels = pixels}};
    return run(&jpeg, decode_plain);
}

bool jpeg_decode_smaller(const uint8_t *bytes, size_t count, int shrink, JpegPixels *decoded) {
    PlainJpeg jpeg = {.bytes = bytes, .count = count, .shrink = (unsigned)shrink};
    const bool done = run(&jpeg, decode_smaller);
    if (!done) free(jpeg.decoded.pixels);
    *decoded = done ? jpeg.decoded : (JpegPixels){0};
    return done;
}
