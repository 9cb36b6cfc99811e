/* Arrays: round trips, files made by NumPy itself, and damaged files. */
#include "support/testing.h"

static void test_round_trip(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const TestScratch scratch = test_scratch();
    const char *path = test_path(&scratch, "a.npy");
    const float values[6] = {0.0f, -1.5f, 3.25e-30f, INFINITY, 1e30f, -0.0f};
    TEST_OK(ctx, npy_write_float(ctx, path, values, 2, 3));
    NpyArray array;
    TEST_OK(ctx, npy_read(ctx, path, &array));
    assert_int_equal(array.type, NPY_FLOAT32);
    assert_int_equal(array.rank, 2);
    assert_int_equal(array.shape[0], 2);
    assert_int_equal(array.shape[1], 3);
    assert_int_equal(array.count, 6);
    assert_memory_equal(array.data, values, sizeof values);
    npy_close(ctx, &array);

    const int32_t labels[3] = {-1, 7, INT32_MAX};
    TEST_OK(ctx, npy_write_int32(ctx, path, labels, 3, 0));
    TEST_OK(ctx, npy_inspect(ctx, path, &array));
    assert_int_equal(array.rank, 1);
    assert_null(array.data);
    TEST_OK(ctx, npy_read(ctx, path, &array));
    assert_memory_equal(array.data, labels, sizeof labels);
    npy_close(ctx, &array);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

static void test_files_of_numpy(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    NpyArray array = golden_array(ctx, "npy/double_rank3.npy", NPY_FLOAT64);
    assert_int_equal(array.rank, 3);
    assert_int_equal(array.shape[2], 4);
    for (size_t i = 0; i < array.count; i++)
        assert_true(((const double *)array.data)[i] == (double)i / 3.0);
    npy_close(ctx, &array);
    array = golden_array(ctx, "npy/scalar.npy", NPY_INT64);
    assert_int_equal(array.rank, 0);
    assert_int_equal(array.count, 1);
    assert_int_equal(*(const int64_t *)array.data, -1234567890123LL);
    npy_close(ctx, &array);
    array = golden_array(ctx, "npy/empty.npy", NPY_FLOAT32);
    assert_int_equal(array.count, 0);
    npy_close(ctx, &array);
    array = golden_array(ctx, "npy/bool_v2.npy", NPY_BOOL);
    assert_memory_equal(array.data, "\1\0\1", 3);
    npy_close(ctx, &array);
    test_context_close(&ctx);
}

/* Our bytes are those of NumPy. */
static void test_same_bytes_as_numpy(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const TestScratch scratch = test_scratch();
    NpyArray array = golden_array(ctx, "npy/double_rank3.npy", NPY_FLOAT64);
    TEST_OK(ctx, npy_write(ctx, test_path(&scratch, "b.npy"), &array));
    npy_close(ctx, &array);
    char *ours, *theirs;
    size_t our_count, their_count;
    TEST_OK(ctx, file_read(ctx, test_path(&scratch, "b.npy"), &ours, &our_count));
    TEST_OK(ctx, file_read(ctx, GOLDEN_DIR "/npy/double_rank3.npy", &theirs, &their_count));
    assert_int_equal(our_count, their_count);
    assert_memory_equal(ours, theirs, our_count);
    FREE_ARRAY(ctx, &ours);
    FREE_ARRAY(ctx, &theirs);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

/* A file of this header text and `bytes` zero bytes of elements. */
static void write_header(Context *ctx, const char *path, const char *header, size_t bytes) {
    char file[512] = "\x93NUMPY\x01";
    file[8] = (char)strlen(header);
    memcpy(file + 10, header, strlen(header));
    TEST_OK(ctx, file_replace(ctx, path, file, 10 + strlen(header) + bytes));
}

static void test_damaged_files(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const TestScratch scratch = test_scratch();
    const char *path = test_path(&scratch, "damaged.npy");
    NpyArray array;
    static const struct {
        const char *header;
        size_t bytes;
        const char *words;
    } cases[] = {
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }", 11, "promises 12 bytes"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }", 13, "the file holds 13"},
        {"{'descr': '>f4', 'fortran_order': False, 'shape': (3,), }", 12, "type >f4"},
        {"{'descr': '<f4', 'fortran_order': True, 'shape': (3,2), }", 24, "Fortran"},
        {"{'descr': '<f4', 'fortran_order': Maybe, 'shape': (3,), }", 12, "True or False expected"},
        {"{'descr': '<f4', 'fortran_order': False}", 12, "shape expected"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (3", 12, "expected in the .npy header at byte 62"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1)}", 4, "at most 8 sizes"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}", 4, "smaller size"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296,4294967296)}", 4, "address space"},
        {"{'descr': '<f4', 'order': False, 'shape': (3,), }", 12, "descr, fortran_order or shape expected"},
        {"nothing", 0, "\"{\" expected in the .npy header at byte 10"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        write_header(ctx, path, cases[i].header, cases[i].bytes);
        TEST_FAILS(ctx, SPICA_ERROR_DATA, cases[i].words, npy_read(ctx, path, &array));
        assert_non_null(strstr(spica_context_reason(ctx), "damaged.npy"));
        npy_close(ctx, &array);
    }
    TEST_OK(ctx, file_replace(ctx, path, "\x93NUMPY\x01\0\xff\0{", 11));
    TEST_FAILS(ctx, SPICA_ERROR_DATA, "file ends at 11", npy_read(ctx, path, &array));
    TEST_OK(ctx, file_replace(ctx, path, "\x93NUMPY\x04\0\x01\0{", 11));
    TEST_FAILS(ctx, SPICA_ERROR_DATA, "format 4.0 at byte 6", npy_read(ctx, path, &array));
    TEST_OK(ctx, file_replace(ctx, path, "hello", 5));
    TEST_FAILS(ctx, SPICA_ERROR_DATA, "magic", npy_read(ctx, path, &array));
    TEST_OK(ctx, file_replace(ctx, path, "\x93NUMPY\x02\0\x10\0\0", 11));
    TEST_FAILS(ctx, SPICA_ERROR_DATA, "file ends at byte 10, within its header", npy_read(ctx, path, &array));
    TEST_OK(ctx, file_replace(ctx, path, "\x93NUMPY\x02\0\x01\0\x10\0", 12)); /* a header of 2^20 + 1 bytes */
    assert_int_equal(truncate(path, 2 << 20), 0);
    TEST_FAILS(ctx, SPICA_ERROR_DATA, "a .npy header of 1048577 bytes at byte 8; at most 1048576 are read",
               npy_read(ctx, path, &array));
    TEST_FAILS(ctx, SPICA_ERROR_IO, "No such file", npy_read(ctx, test_path(&scratch, "none"), &array));
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_files_of_numpy),
        cmocka_unit_test(test_same_bytes_as_numpy),
        cmocka_unit_test(test_damaged_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
