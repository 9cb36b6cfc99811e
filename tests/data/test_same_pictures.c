/* The same pictures in every form: CIFAR-10's records, an array, a folder of PNG files, a tar of them. Whatever
 * clusters them sees the same bytes in the same order. */
#include <sys/stat.h>

#include "data/png_writer.h"
#include "data_files.h"
#include "support/record_files.h"
#include "tar_files.h"

#define COUNT ((size_t)5)
#define SIDE ((size_t)32)
#define PICTURE (SIDE * SIDE * 3)
#define SALT 40

static Bytes file;

/* Channels interleaved, of the planes that the record has. */
static void picture_make(size_t row, uint8_t pixels[PICTURE]) {
    for (size_t i = 0; i < PICTURE; i++)
        pixels[i] = some_byte(SALT + row, i % 3 * SIDE * SIDE + i / 3);
}

static void array_write(const TestScratch *scratch) {
    uint8_t pixels[PICTURE];
    npy_header(&file, "|u1", "False", "(5, 32, 32, 3)");
    for (size_t row = 0; row < COUNT; row++) {
        picture_make(row, pixels);
        bytes_add(&file, pixels, sizeof pixels);
    }
    bytes_write(scratch, "pictures.npy", &file);
}

/* PNG files 0.png, 1.png ... in a folder, and in a tar in another order. */
static void pngs_write(Context *ctx, const TestScratch *scratch) {
    assert_int_equal(mkdir(test_path(scratch, "folder"), 0700), 0);
    file.count = 0;
    for (size_t i = COUNT; i-- > 0;) {
        uint8_t pixels[PICTURE], *bytes;
        size_t count;
        char name[32];
        picture_make(i, pixels);
        TEST_OK(ctx, png_encode(ctx, pixels, SIDE, SIDE, 3, &bytes, &count));
        snprintf(name, sizeof name, "folder/%zu.png", i);
        TEST_OK(ctx, file_replace(ctx, test_path(scratch, name), bytes, count));
        tar_header(&file, TAR_POSIX, '0', path_name(name), count);
        tar_content(&file, bytes, count);
        FREE_ARRAY(ctx, &bytes);
    }
    tar_finish(&file);
    bytes_write(scratch, "pictures.tar", &file);
}

static void test_same_pictures(void **state) {
    (void)state;
    static const struct {
        const char *name, *kind;
    } forms[] = {{"cifar", "cifar10"}, {"pictures.npy", "npy"}, {"folder", "pictures"}, {"pictures.tar", "pictures"}};
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    Dataset sets[4];
    setenv("SPICA_DECODE", DECODE_PROGRAM, 1);
    setenv("SPICA_CACHE_LIMIT", "0", 1);
    assert_int_equal(mkdir(test_path(&scratch, "cifar"), 0700), 0);
    records_write(&scratch, "cifar/test_batch.bin", &cifar10_record, COUNT, SALT);
    array_write(&scratch);
    pngs_write(ctx, &scratch);
    for (size_t i = 0; i < 4; i++) {
        const DataSettings settings = {.split = i == 0 ? SPLIT_TEST : SPLIT_WHOLE};
        sets[i] = dataset_of_kind(ctx, test_path(&scratch, forms[i].name), forms[i].kind, settings);
        assert_int_equal(sets[i].count, COUNT);
        assert_true(sets[i].height == 32 && sets[i].width == 32 && sets[i].channels == 3);
        assert_memory_equal(sets[i].pixels, sets[0].pixels, COUNT * PICTURE);
        assert_true(sets[i].fingerprint == sets[0].fingerprint);
    }
    for (size_t i = 0; i < 4; i++)
        dataset_close(ctx, &sets[i]);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_same_pictures)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
