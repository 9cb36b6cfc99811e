/* JPEG files decoded smaller, beside libjpeg's own way: the same pixels, and with damaged files the same or none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jpeglib.h>

#include "decode/decode_jpeg.h"
#include "decode/jpeg_scan.h"

typedef enum Form { BASELINE, OPTIMAL, PROGRESSIVE, INCOMPLETE, SCANS, ARITHMETIC, RGB, FINE_CHROMA } Form;

/* What a file is made with. Sampling: the luma's, across and down; the chroma's is 1, but for FINE_CHROMA, where it is
 * the other way round. INCOMPLETE: a progressive file without its last scans. SCANS: one for each component. */
typedef struct Kind {
    int width, height, channels, across, down, quality, restart;
    Form form;
} Kind;

typedef struct File {
    uint8_t *bytes;
    size_t count;
} File;

/* Smooth in parts and noisy in others, so that blocks have from no to 63 coefficients. */
static void make_row(const Kind *kind, int y, uint8_t *row) {
    static uint32_t noise = 1;
    for (int x = 0; x < kind->width; x++)
        for (int c = 0; c < kind->channels; c++) {
            noise = noise * 1664525 + 1013904223;
            const int grain = (x / 24 + y / 40) % 3 * 60;
            const int value = 128 + (x - y) * (c + 1) / 3 % 100 + (grain > 0 ? (int)(noise >> 16) % grain : 0);
            row[x * kind->channels + c] = (uint8_t)value;
        }
}

static void set_form(j_compress_ptr writer, const Kind *kind) {
    static const jpeg_scan_info scans[] = {{1, {0}, 0, 63, 0, 0}, {1, {1}, 0, 63, 0, 0}, {1, {2}, 0, 63, 0, 0}};
    writer->optimize_coding = kind->form == OPTIMAL;
    writer->arith_code = kind->form == ARITHMETIC;
    if (kind->form == PROGRESSIVE || kind->form == INCOMPLETE) jpeg_simple_progression(writer);
    if (kind->form == INCOMPLETE) writer->num_scans -= 3;
    if (kind->form == SCANS) writer->scan_info = scans;
    if (kind->form == SCANS) writer->num_scans = 3;
    if (kind->form == RGB) jpeg_set_colorspace(writer, JCS_RGB);
    if (kind->form != FINE_CHROMA) return;
    writer->comp_info[0].h_samp_factor = writer->comp_info[0].v_samp_factor = 1;
    for (int i = 1; i < 3; i++) {
        writer->comp_info[i].h_samp_factor = kind->across;
        writer->comp_info[i].v_samp_factor = kind->down;
    }
}

static File encode(const Kind *kind) {
    struct jpeg_compress_struct writer;
    struct jpeg_error_mgr errors;
    unsigned char *bytes = NULL;
    unsigned long count = 0;
    writer.err = jpeg_std_error(&errors);
    jpeg_create_compress(&writer);
    jpeg_mem_dest(&writer, &bytes, &count);
    writer.image_width = (JDIMENSION)kind->width;
    writer.image_height = (JDIMENSION)kind->height;
    writer.input_components = kind->channels;
    writer.in_color_space = kind->channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(&writer);
    jpeg_set_quality(&writer, kind->quality, TRUE);
    writer.comp_info[0].h_samp_factor = kind->across;
    writer.comp_info[0].v_samp_factor = kind->down;
    writer.restart_interval = (unsigned)kind->restart;
    set_form(&writer, kind);
    jpeg_start_compress(&writer, TRUE);
    uint8_t *row = malloc((size_t)kind->width * 3);
    for (int y = 0; y < kind->height; y++) {
        make_row(kind, y, row);
        JSAMPROW rows = row;
        jpeg_write_scanlines(&writer, &rows, 1);
    }
    free(row);
    jpeg_finish_compress(&writer);
    jpeg_destroy_compress(&writer);
    return (File){bytes, count};
}

typedef struct Reader {
    struct jpeg_error_mgr errors;
    jmp_buf failed;
    bool warned;
} Reader;

static void on_error(j_common_ptr file) { longjmp(((Reader *)file->err)->failed, 1); }

static void on_message(j_common_ptr file, int level) {
    if (level < 0) ((Reader *)file->err)->warned = true;
}

/* libjpeg's own way, whatever it warns of; false where it fails. Rows of `width` pixels of the pixels that were asked
 * for. *sound: it warns of nothing, or the file is progressive, where some of it is passed over. */
static bool decode_by_libjpeg(const File *file, int shrink, const JpegPixels *size, uint8_t *pixels, bool *sound) {
    struct jpeg_decompress_struct reader;
    Reader errors = {.warned = false};
    uint8_t *volatile row = NULL;
    volatile bool decoded = false;
    reader.err = jpeg_std_error(&errors.errors);
    errors.errors.error_exit = on_error;
    errors.errors.emit_message = on_message;
    if (setjmp(errors.failed) == 0) {
        jpeg_create_decompress(&reader);
        jpeg_mem_src(&reader, file->bytes, file->count);
        jpeg_read_header(&reader, TRUE);
        reader.scale_denom = (unsigned)shrink;
        reader.out_color_space = size->channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
        jpeg_start_decompress(&reader);
        const size_t kept = (size_t)size->width * (size_t)size->channels;
        row = malloc((size_t)reader.output_width * (size_t)size->channels);
        for (int y = 0; y < (int)reader.output_height; y++) {
            JSAMPROW rows = row;
            jpeg_read_scanlines(&reader, &rows, 1);
            if (y < size->height) memcpy(pixels + (size_t)y * kept, row, kept);
        }
        jpeg_finish_decompress(&reader);
        *sound = !errors.warned || reader.progressive_mode;
        decoded = true;
    }
    jpeg_destroy_decompress(&reader);
    free(row);
    return decoded;
}

/* True where ours decodes; then libjpeg must have the same pixels. */
static bool check(const File *file, int shrink) {
    JpegPixels ours;
    if (!jpeg_decode_smaller(file->bytes, file->count, shrink, &ours)) return false;
    const size_t bytes = (size_t)ours.width * (size_t)ours.height * (size_t)ours.channels;
    uint8_t *theirs = malloc(bytes);
    bool sound = false;
    assert_true(decode_by_libjpeg(file, shrink, &ours, theirs, &sound));
    assert_true(sound);
    assert_memory_equal(ours.pixels, theirs, bytes);
    free(theirs);
    free(ours.pixels);
    return true;
}

static const Kind kinds[] = {
    {.width = 333, .height = 217, .channels = 3, .across = 2, .down = 2, .quality = 90},
    {.width = 320, .height = 208, .channels = 3, .across = 2, .down = 2, .quality = 90, .form = OPTIMAL},
    {.width = 333, .height = 217, .channels = 3, .across = 1, .down = 1, .quality = 75},
    {.width = 333, .height = 217, .channels = 3, .across = 2, .down = 1, .quality = 50},
    {.width = 333, .height = 217, .channels = 3, .across = 1, .down = 2, .quality = 95, .restart = 1},
    {.width = 333, .height = 217, .channels = 3, .across = 4, .down = 1, .quality = 90},
    {.width = 333, .height = 217, .channels = 3, .across = 2, .down = 2, .quality = 100, .restart = 13},
    {.width = 333, .height = 217, .channels = 3, .across = 2, .down = 2, .quality = 100, .form = OPTIMAL},
    {.width = 333, .height = 217, .channels = 3, .across = 2, .down = 2, .quality = 5, .form = OPTIMAL},
    {.width = 333, .height = 217, .channels = 1, .across = 1, .down = 1, .quality = 90},
    {.width = 333, .height = 217, .channels = 1, .across = 1, .down = 1, .quality = 97, .restart = 7},
    {.width = 9, .height = 17, .channels = 3, .across = 2, .down = 2, .quality = 90},
    {.width = 333, .height = 217, .channels = 3, .across = 2, .down = 2, .quality = 90, .form = PROGRESSIVE},
    {.width = 333, .height = 217, .channels = 3, .across = 1, .down = 1, .quality = 90, .form = PROGRESSIVE},
    {.width = 333,
     .height = 217,
     .channels = 3,
     .across = 2,
     .down = 2,
     .restart = 5,
     .quality = 90,
     .form = PROGRESSIVE},
    {.width = 333, .height = 217, .channels = 1, .across = 1, .down = 1, .quality = 90, .form = PROGRESSIVE},
    {.width = 333, .height = 217, .channels = 3, .across = 2, .down = 2, .quality = 90, .form = SCANS},
    {.width = 333, .height = 217, .channels = 3, .across = 2, .down = 2, .quality = 90, .form = ARITHMETIC},
    {.width = 333, .height = 217, .channels = 3, .across = 1, .down = 1, .quality = 90, .form = RGB},
    {.width = 333, .height = 217, .channels = 3, .across = 2, .down = 2, .quality = 90, .form = FINE_CHROMA},
};
static const Kind incomplete = {
    .width = 333, .height = 217, .channels = 3, .across = 2, .down = 2, .quality = 90, .form = INCOMPLETE};
#define KINDS (sizeof kinds / sizeof kinds[0])

static void test_same_pixels(void **state) {
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        File file = encode(&kinds[i]);
        for (int shrink = 1; shrink <= 8; shrink *= 2)
            if (kinds[i].width >= shrink) assert_true(check(&file, shrink));
        free(file.bytes);
    }
}

static void test_truncated(void **state) {
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        const File file = encode(&kinds[i]);
        for (size_t count = 0; count < file.count; count += 1 + file.count / 50) {
            /* Of its own size, so that a read beyond it is seen. */
            File cut = {malloc(count > 0 ? count : 1), count};
            memcpy(cut.bytes, file.bytes, count);
            assert_false(check(&cut, 8));
            free(cut.bytes);
        }
        free(file.bytes);
    }
}

/* Cut and closed, as by a tool that mends: what is refused is refused, what is decoded has libjpeg's pixels, which
 * smooths what a progressive file lacks. */
static void test_cut_and_closed(void **state) {
    (void)state;
    for (size_t i = 0; i <= KINDS; i++) {
        const File file = encode(i < KINDS ? &kinds[i] : &incomplete);
        check(&file, 8);
        for (size_t count = 0; count < file.count; count += 1 + file.count / 40) {
            File cut = {malloc(count + 2), count + 2};
            memcpy(cut.bytes, file.bytes, count);
            memcpy(cut.bytes + count, "\xff\xd9", 2);
            check(&cut, 8);
            free(cut.bytes);
        }
        free(file.bytes);
    }
}

/* What is ours shows: it takes a whole scan at once, and reads a progressive file as one with several pictures. */
static void test_which_decoder(void **state) {
    (void)state;
    static const struct {
        int kind, shrink;
        bool whole_scan, buffered;
    } cases[] = {{0, 8, true, false},  {0, 4, false, false},  {9, 8, true, false},
                 {12, 8, false, true}, {12, 4, false, false}, {17, 8, false, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        File file = encode(&kinds[cases[i].kind]);
        struct jpeg_decompress_struct reader;
        struct jpeg_error_mgr errors;
        reader.err = jpeg_std_error(&errors);
        jpeg_create_decompress(&reader);
        jpeg_mem_src(&reader, file.bytes, file.count);
        jpeg_read_header(&reader, TRUE);
        reader.scale_denom = (unsigned)cases[i].shrink;
        assert_true(jpeg_scan_start(&reader));
        assert_int_equal(reader.src->bytes_in_buffer == 2, cases[i].whole_scan); /* the end's marker is left */
        assert_int_equal(reader.buffered_image, cases[i].buffered);
        jpeg_destroy_decompress(&reader);
        free(file.bytes);
    }
}

/* Some of the damage cannot be noticed: the pixels are libjpeg's then, too. */
static void test_damaged(void **state) {
    (void)state;
    uint32_t random = 7;
    size_t decoded = 0;
    for (size_t i = 0; i < KINDS; i++) {
        File file = encode(&kinds[i]);
        for (int round = 0; round < 60; round++) {
            random = random * 1664525 + 1013904223;
            uint8_t *byte = file.bytes + (random >> 8) % file.count;
            const uint8_t before = *byte;
            *byte ^= (uint8_t)(1 << (random & 7));
            decoded += check(&file, 8);
            *byte = before;
        }
        free(file.bytes);
    }
    assert_true(decoded > 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_pixels),   cmocka_unit_test(test_truncated), cmocka_unit_test(test_cut_and_closed),
        cmocka_unit_test(test_which_decoder), cmocka_unit_test(test_damaged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
