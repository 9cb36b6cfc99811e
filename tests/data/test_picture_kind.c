#include "data/picture_kind.h"

#include "data/bmp.h"
#include "data_files.h"

static Bytes file;

static void test_kinds(void **state) {
    (void)state;
    static const struct {
        const char *bytes;
        size_t count;
        PictureKind kind;
    } starts[] = {
        {"\xff\xd8\xff\xe0", 4, PICTURE_JPEG},
        {"\xff\xd8\xff", 3, PICTURE_JPEG},
        {"\xff\xd8", 2, PICTURE_NONE},
        {"\x89PNG\r\n\x1a\n", 8, PICTURE_PNG},
        {"\x89PNG\n\x1a\n ", 8, PICTURE_NONE},
        {"RIFF....WEBPVP8 ", 16, PICTURE_WEBP},
        {"RIFF....WAVEfmt ", 16, PICTURE_NONE},
        {"RIFF....WEB", 11, PICTURE_NONE},
        {"GIF87a", 6, PICTURE_GIF},
        {"GIF89a", 6, PICTURE_GIF},
        {"GIF88a", 6, PICTURE_NONE},
        {"II*\0", 4, PICTURE_TIFF},
        {"MM\0*", 4, PICTURE_TIFF},
        {"II+\0", 4, PICTURE_TIFF},
        {"MM\0+", 4, PICTURE_TIFF},
        {"MM*\0", 4, PICTURE_NONE},
        {"\0\0\0\x18"
         "ftypheic\0\0\0\0",
         16, PICTURE_HEIF},
        {"\0\0\0\x18"
         "ftypavif\0\0\0\0",
         16, PICTURE_HEIF},
        {"\0\0\0\x18"
         "ftypabcd\0\0\0\0mif1heic",
         24, PICTURE_HEIF},
        {"\0\0\0\x10"
         "ftypabcd\0\0\0\0mif1heic",
         24, PICTURE_NONE}, /* the brand is behind the box */
        {"\0\0\0\x18"
         "ftypisom\0\0\0\0mp41avc1",
         24, PICTURE_NONE},
        {"BM....\0\0\0\0....\x28\0\0\0", 18, PICTURE_BMP},
        {"BM....\0\0\0\0....\x0c\0\0\0", 18, PICTURE_BMP},
        {"BMW drives on the left", 22, PICTURE_NONE},
        {"some text that is no picture", 28, PICTURE_NONE},
        {"", 0, PICTURE_NONE},
    };
    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++)
        if (picture_kind((const uint8_t *)starts[i].bytes, starts[i].count) != starts[i].kind)
            fail_msg("row %zu is not %s", i, picture_kind_name(starts[i].kind));
}

static void test_kind_of_files(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    assert_int_equal(picture_kind_of_file(GOLDEN_DIR "/pictures/rgb.png"), PICTURE_PNG);
    assert_int_equal(picture_kind_of_file(GOLDEN_DIR "/pictures/picture.heic"), PICTURE_HEIF);
    assert_int_equal(picture_kind_of_file(GOLDEN_DIR "/pictures/picture.avif"), PICTURE_HEIF);
    assert_int_equal(picture_kind_of_file(GOLDEN_DIR "/pictures/film.gif"), PICTURE_GIF);
    assert_int_equal(picture_kind_of_file(GOLDEN_DIR "/pictures/rgb.tif"), PICTURE_TIFF);
    assert_int_equal(picture_kind_of_file(GOLDEN_DIR "/pictures/rgb.bmp"), PICTURE_BMP);
    assert_int_equal(picture_kind_of_file(test_path(&scratch, "nothing")), PICTURE_NONE);
    assert_int_equal(picture_kind_of_file(scratch.path), PICTURE_NONE);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

static void add_little(size_t bytes, uint32_t value) {
    for (size_t i = 0; i < bytes; i++) {
        const uint8_t byte = (uint8_t)(value >> (8 * i));
        bytes_add(&file, &byte, 1);
    }
}

/* The headers of a bitmap with a palette of `colours` entries: entry i is (blue 3 i, green 2 i, red i). */
static void bmp_begin(int32_t width, int32_t height, unsigned bits, uint32_t compression, uint32_t colours,
                      uint32_t masks) {
    file.count = 0;
    bytes_add(&file, "BM", 2);
    add_little(4, 0);
    add_little(4, 0);
    add_little(4, 54 + 4 * masks + 4 * colours);
    add_little(4, 40);
    add_little(4, (uint32_t)width);
    add_little(4, (uint32_t)height);
    add_little(2, 1);
    add_little(2, bits);
    add_little(4, compression);
    add_little(4, 0);
    add_little(4, 0);
    add_little(4, 0);
    add_little(4, colours);
    add_little(4, 0);
    if (masks > 0) {
        add_little(4, 0xf800);
        add_little(4, 0x07e0);
        add_little(4, 0x001f);
    }
    for (uint32_t i = 0; i < colours; i++)
        add_little(4, 3 * i | 2 * i << 8 | i << 16);
}

/* Reads the file, cut to every shorter length as well: those must be refused or read, never read beyond their end. */
static void bmp_expect(const uint8_t *expected, size_t bytes) {
    BmpHeader header;
    const char *problem = NULL;
    uint8_t pixels[256];
    assert_true(bmp_read_header(file.bytes, file.count, &header, &problem));
    assert_int_equal(3 * header.width * header.height, bytes);
    assert_true(bmp_read_pixels(file.bytes, file.count, &header, pixels, &problem));
    for (size_t i = 0; i < bytes; i++)
        if (pixels[i] != expected[i]) fail_msg("byte %zu is %d, expected %d", i, pixels[i], expected[i]);
    for (size_t count = 0; count < file.count; count++) {
        uint8_t *copy = malloc(count + 1);
        memcpy(copy, file.bytes, count);
        problem = NULL;
        if (!bmp_read_header(copy, count, &header, &problem) ||
            !bmp_read_pixels(copy, count, &header, pixels, &problem))
            assert_non_null(problem);
        else if (header.run_length == 0)
            fail_msg("%zu of %zu bytes were enough", count, file.count);
        free(copy);
    }
}

static void expect_indices(const uint8_t *indices, size_t count) {
    uint8_t expected[256];
    for (size_t i = 0; i < count; i++)
        for (size_t channel = 0; channel < 3; channel++)
            expected[3 * i + channel] = (uint8_t)((channel + 1) * indices[i]);
    bmp_expect(expected, 3 * count);
}

/* Bottom row first; rows of 4 bytes. */
static void test_bmp_palettes(void **state) {
    (void)state;
    bmp_begin(3, 2, 8, 0, 7, 0);
    bytes_add(&file, "\4\5\6\0\1\2\3\0", 8);
    expect_indices((const uint8_t[]){1, 2, 3, 4, 5, 6}, 6);
    bmp_begin(3, -2, 8, 0, 7, 0);
    bytes_add(&file, "\4\5\6\0\1\2\3\0", 8);
    expect_indices((const uint8_t[]){4, 5, 6, 1, 2, 3}, 6);
    bmp_begin(3, 2, 4, 0, 16, 0);
    bytes_add(&file, "\x45\x60\0\0\x1f\x30\0\0", 8);
    expect_indices((const uint8_t[]){1, 15, 3, 4, 5, 6}, 6);
    bmp_begin(9, 1, 1, 0, 2, 0);
    bytes_add(&file, "\xa5\x80\0\0", 4);
    expect_indices((const uint8_t[]){1, 0, 1, 0, 0, 1, 0, 1, 1}, 9);
    /* A colour that the palette does not have is black. */
    bmp_begin(3, 1, 8, 0, 2, 0);
    bytes_add(&file, "\1\7\1\0", 4);
    expect_indices((const uint8_t[]){1, 0, 1}, 3);
}

static void test_bmp_colours(void **state) {
    (void)state;
    bmp_begin(2, 2, 24, 0, 0, 0);
    bytes_add(&file, "\1\2\3\4\5\6\0\0\7\10\11\12\13\14\0\0", 16);
    bmp_expect((const uint8_t[]){9, 8, 7, 12, 11, 10, 3, 2, 1, 6, 5, 4}, 12);
    bmp_begin(2, 1, 32, 0, 0, 0);
    bytes_add(&file, "\1\2\3\xff\4\5\6\0", 8);
    bmp_expect((const uint8_t[]){3, 2, 1, 6, 5, 4}, 6);
    bmp_begin(2, 1, 16, 0, 0, 0); /* 5 bits each */
    add_little(2, 0x7c00);
    add_little(2, 0x03ff);
    bmp_expect((const uint8_t[]){255, 0, 0, 0, 255, 255}, 6);
    bmp_begin(2, 1, 16, 3, 0, 3); /* 5, 6 and 5 */
    add_little(2, 0x07e0);
    add_little(2, 0xf810);
    bmp_expect((const uint8_t[]){0, 255, 0, 255, 0, 132}, 6);
}

static void test_bmp_runs(void **state) {
    (void)state;
    bmp_begin(4, 3, 8, 1, 8, 0);
    /* Bottom row: 4 of 5. Then three literal ones and a pad. Then a step of 2 right, 1 up; beyond the row is dropped.
     */
    bytes_add(&file, "\4\5\0\0\0\3\1\2\3\0\0\0\0\2\2\0\5\6\0\1", 20);
    expect_indices((const uint8_t[]){0, 0, 6, 6, 1, 2, 3, 0, 5, 5, 5, 5}, 12);
    bmp_begin(4, 2, 4, 2, 16, 0);
    bytes_add(&file, "\4\x12\0\0\0\3\x34\x50\1\x60\0\1", 12);
    expect_indices((const uint8_t[]){3, 4, 5, 6, 1, 2, 1, 2}, 8);
}

static void bmp_refused(const char *words) {
    BmpHeader header;
    const char *problem = "";
    assert_false(bmp_read_header(file.bytes, file.count, &header, &problem));
    if (strstr(problem, words) == NULL) fail_msg("\"%s\" does not hold \"%s\"", problem, words);
}

static void test_bmp_that_is_wrong(void **state) {
    (void)state;
    bmp_begin(0, 2, 8, 0, 2, 0);
    bmp_refused("no pixels");
    bmp_begin(3, 2, 7, 0, 2, 0);
    bmp_refused("number of bits");
    bmp_begin(3, 2, 8, 4, 2, 0);
    bmp_refused("compression");
    bmp_begin(3, -2, 8, 1, 2, 0);
    bmp_refused("from the top");
    bmp_begin(3, 2, 4, 1, 2, 0);
    bmp_refused("another depth");
    bmp_begin(2147483647, 2147483647, 32, 0, 0, 0);
    bmp_refused("rows are missing");
    bmp_begin(-5, 2, 8, 0, 2, 0);
    bmp_refused("no pixels");
    bmp_begin(3, 2, 8, 0, 2, 0);
    memcpy(file.bytes + 10, "\xff\xff\xff\xff", 4);
    bmp_refused("behind the end");
    memcpy(file.bytes + 14, "\xff\xff\0\0", 4);
    bmp_refused("truncated header");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),        cmocka_unit_test(test_kind_of_files),
        cmocka_unit_test(test_bmp_palettes), cmocka_unit_test(test_bmp_colours),
        cmocka_unit_test(test_bmp_runs),     cmocka_unit_test(test_bmp_that_is_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
