/* PNG files that are written here are read back by libvips, which spica-decode uses. */
#include <sys/stat.h>

#include "base/random.h"
#include "data/png_writer.h"
#include "data_files.h"

static Dataset write_and_read(Context *ctx, const TestScratch *scratch, const uint8_t *pixels, size_t height,
                              size_t width, size_t channels) {
    const DataSettings settings = {.grey = channels == 1};
    Dataset dataset;
    uint8_t *bytes;
    size_t count;
    TEST_OK(ctx, png_encode(ctx, pixels, height, width, channels, &bytes, &count));
    TEST_OK(ctx, file_replace(ctx, test_path(scratch, "data/picture"), bytes, count));
    FREE_ARRAY(ctx, &bytes);
    TEST_OK(ctx, dataset_open(ctx, &dataset, test_path(scratch, "data"), &settings));
    assert_true(dataset.count == 1 && dataset.height == (int)height && dataset.width == (int)width);
    return dataset;
}

static void test_pictures_read_back(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const TestScratch scratch = test_scratch();
    static const size_t sizes[][3] = {{1, 1, 1}, {1, 1, 3}, {13, 29, 1}, {29, 13, 3}, {90, 96, 3}, {17, 5, 4}};
    static uint8_t pixels[90 * 96 * 3];
    setenv("SPICA_DECODE", DECODE_PROGRAM, 1);
    setenv("XDG_CACHE_HOME", test_path(&scratch, "cache"), 1);
    assert_int_equal(mkdir(test_path(&scratch, "data"), 0700), 0);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        const size_t area = sizes[i][0] * sizes[i][1], channels = sizes[i][2];
        Random random = random_at(5, RANDOM_TEST, i, 0, 0);
        for (size_t j = 0; j < area * channels; j++)
            pixels[j] = channels == 4 && j % 4 == 3 ? (j / 4 % 2 == 0 ? 255 : 0) : (uint8_t)random_below(&random, 256);
        Dataset dataset = write_and_read(ctx, &scratch, pixels, sizes[i][0], sizes[i][1], channels);
        for (size_t j = 0; j < area * channels; j++)
            if (channels != 4)
                assert_int_equal(dataset.pixels[j], pixels[j]);
            else if (j % 4 != 3) /* what is transparent is read as white */
                assert_int_equal(dataset.pixels[j / 4 * 3 + j % 4], j / 4 % 2 == 0 ? pixels[j] : 255);
        dataset_close(ctx, &dataset);
    }
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

static void test_refusals(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const uint8_t pixels[4] = {0};
    uint8_t *bytes;
    size_t count;
    TEST_FAILS(ctx, SPICA_ERROR_OPTION, "1 x 2 x 2", png_encode(ctx, pixels, 1, 2, 2, &bytes, &count));
    TEST_FAILS(ctx, SPICA_ERROR_OPTION, "0 x 2 x 1", png_encode(ctx, pixels, 0, 2, 1, &bytes, &count));
    TEST_FAILS(ctx, SPICA_ERROR_OPTION, "no PNG", png_encode(ctx, pixels, SIZE_MAX, 2, 1, &bytes, &count));
    for (int64_t fail = 0; fail < 2; fail++) {
        test_state(ctx)->fail_at = test_state(ctx)->allocations + fail;
        assert_int_equal(png_encode(ctx, pixels, 2, 2, 1, &bytes, &count), SPICA_ERROR_MEMORY);
        assert_null(bytes);
    }
    test_context_close(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pictures_read_back),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
