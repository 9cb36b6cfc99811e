#include "decode/decode_jpeg.h"

#include <setjmp.h>
#include <stdio.h> /* jpeglib.h needs it */
#include <string.h>

#include <jpeglib.h>

#define MARKER_EXIF (JPEG_APP0 + 1)

/* libjpeg's way of failing is a jump. */
typedef struct PlainJpeg {
    struct jpeg_decompress_struct file;
    struct jpeg_error_mgr errors;
    jmp_buf failed;
    const uint8_t *bytes;
    size_t count;
    int width, height;
    uint8_t *pixels;
} PlainJpeg;

static void on_error(j_common_ptr file) { longjmp(((PlainJpeg *)file->client_data)->failed, 1); }

/* Nothing is printed; what is odd (level -1) is left to the long way. */
static void on_message(j_common_ptr file, int level) {
    if (level < 0) on_error(file);
}

static bool is_plain(const PlainJpeg *jpeg) {
    const struct jpeg_decompress_struct *file = &jpeg->file;
    if (file->image_width != (JDIMENSION)jpeg->width || file->image_height != (JDIMENSION)jpeg->height) return false;
    if (file->marker_list != NULL) return false; /* EXIF, which may tell to turn it */
    return file->jpeg_color_space == JCS_YCbCr || file->jpeg_color_space == JCS_GRAYSCALE ||
           file->jpeg_color_space == JCS_RGB;
}

static bool decode(PlainJpeg *jpeg) {
    struct jpeg_decompress_struct *file = &jpeg->file;
    jpeg_mem_src(file, jpeg->bytes, jpeg->count);
    jpeg_save_markers(file, MARKER_EXIF, 16);
    if (jpeg_read_header(file, TRUE) != JPEG_HEADER_OK || !is_plain(jpeg)) return false;
    file->out_color_space = JCS_RGB;
    jpeg_start_decompress(file);
    while (file->output_scanline < file->output_height) {
        JSAMPROW row = jpeg->pixels + (size_t)file->output_scanline * (size_t)jpeg->width * 3;
        if (jpeg_read_scanlines(file, &row, 1) != 1) return false;
    }
    return jpeg_finish_decompress(file) == TRUE;
}

bool jpeg_decode_plain(const uint8_t *bytes, size_t count, int width, int height, uint8_t *pixels) {
    PlainJpeg jpeg = {.bytes = bytes, .count = count, .width = width, .height = height, .pixels = pixels};
    volatile bool decoded = false;
    jpeg.file.err = jpeg_std_error(&jpeg.errors);
    jpeg.errors.error_exit = on_error;
    jpeg.errors.emit_message = on_message;
    jpeg.file.client_data = &jpeg;
    if (setjmp(jpeg.failed) == 0) {
        jpeg_create_decompress(&jpeg.file);
        decoded = decode(&jpeg);
    }
    jpeg_destroy_decompress(&jpeg.file);
    return decoded;
}
