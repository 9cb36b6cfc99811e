/* Files: atomic replacement, failures that leave nothing behind, folders. */
#include "support/testing.h"

#include <signal.h>
#include <sys/resource.h>

static void assert_holds(Context *ctx, const char *path, const char *expected) {
    char *text;
    size_t count;
    TEST_OK(ctx, file_read(ctx, path, &text, &count));
    assert_int_equal(count, strlen(expected));
    assert_string_equal(text, expected);
    FREE_ARRAY(ctx, &text);
}

static size_t names_in(Context *ctx, const char *path) {
    FolderList list;
    TEST_OK(ctx, folder_list(ctx, &list, path));
    const size_t count = list.count;
    folder_list_close(ctx, &list);
    return count;
}

static void test_replace(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const TestScratch scratch = test_scratch();
    const char *path = test_path(&scratch, "a.txt");
    TEST_OK(ctx, file_replace(ctx, path, "one", 3));
    TEST_OK(ctx, file_replace(ctx, path, "", 0));
    assert_holds(ctx, path, "");
    TEST_OK(ctx, file_replace(ctx, path, "three", 5));
    TEST_OK(ctx, file_append(ctx, path, " four", 5));
    assert_holds(ctx, path, "three four");
    TEST_OK(ctx, file_truncate(ctx, path, 5));
    assert_holds(ctx, path, "three");
    assert_int_equal(names_in(ctx, scratch.path), 1); /* no partial file is left */
    TEST_OK(ctx, file_remove(ctx, path));
    TEST_OK(ctx, file_remove(ctx, path));
    assert_false(path_exists(path));
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

/* More than one block, zeros and what stood there before. */
static void test_copy(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const TestScratch scratch = test_scratch();
    const char *from = test_path(&scratch, "a.bin"), *to = test_path(&scratch, "b.bin");
    static char bytes[150001], *copied;
    size_t count;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(i * i % 251);
    TEST_OK(ctx, file_replace(ctx, from, bytes, sizeof bytes));
    TEST_OK(ctx, file_replace(ctx, to, "old", 3));
    TEST_OK(ctx, file_copy(ctx, from, to));
    TEST_OK(ctx, file_read(ctx, to, &copied, &count));
    assert_int_equal(count, sizeof bytes);
    assert_memory_equal(copied, bytes, count);
    FREE_ARRAY(ctx, &copied);
    assert_int_equal(names_in(ctx, scratch.path), 2);
    TEST_FAILS(ctx, SPICA_ERROR_IO, "nowhere", file_copy(ctx, test_path(&scratch, "nowhere"), to));
    TEST_FAILS(ctx, SPICA_ERROR_IO, "folder", file_copy(ctx, scratch.path, to));
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

/* Until the commit the old contents stand; without it they stay. */
static void test_writer_without_commit(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const TestScratch scratch = test_scratch();
    const char *path = test_path(&scratch, "a.txt");
    FileWriter writer;
    TEST_OK(ctx, file_replace(ctx, path, "old", 3));
    TEST_OK(ctx, file_writer_open(ctx, &writer, path));
    TEST_OK(ctx, file_writer_print(ctx, &writer, "%d new", 17));
    assert_holds(ctx, path, "old");
    assert_int_equal(names_in(ctx, scratch.path), 2);
    file_writer_close(ctx, &writer);
    assert_holds(ctx, path, "old");
    assert_int_equal(names_in(ctx, scratch.path), 1);
    TEST_OK(ctx, file_writer_open(ctx, &writer, path));
    TEST_OK(ctx, file_writer_print(ctx, &writer, "%d new", 17));
    TEST_OK(ctx, file_writer_commit(ctx, &writer));
    file_writer_close(ctx, &writer);
    assert_holds(ctx, path, "17 new");
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

/* A disk that fills up, here as a limit on the size of files: the old contents stay and no partial file is left. */
static void test_full_disk(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const TestScratch scratch = test_scratch();
    const char *path = test_path(&scratch, "a.txt");
    static char block[100000];
    struct rlimit before, small;
    TEST_OK(ctx, file_replace(ctx, path, "old", 3));
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 10000;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    const Status status = file_replace(ctx, path, block, sizeof block);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    TEST_FAILS(ctx, SPICA_ERROR_IO, "a.txt: File too large", status);
    assert_holds(ctx, path, "old");
    assert_int_equal(names_in(ctx, scratch.path), 1);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

static void test_failures_name_path_and_reason(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const TestScratch scratch = test_scratch();
    char *text;
    size_t count;
    TEST_FAILS(ctx, SPICA_ERROR_IO, "none.txt: No such file or directory",
               file_read(ctx, test_path(&scratch, "none.txt"), &text, &count));
    assert_null(text);
    TEST_FAILS(ctx, SPICA_ERROR_IO, "is a folder", file_read(ctx, scratch.path, &text, &count));
    TEST_FAILS(ctx, SPICA_ERROR_IO, "it is a folder", file_replace(ctx, scratch.path, "x", 1));
    TEST_FAILS(ctx, SPICA_ERROR_IO, "none/a.txt.partial: No such file",
               file_replace(ctx, test_path(&scratch, "none/a.txt"), "x", 1));
    TEST_FAILS(ctx, SPICA_ERROR_IO, "/dev/full: No space left on device", file_replace(ctx, "/dev/full", "x", 1));
    TEST_FAILS(ctx, SPICA_ERROR_IO, "/dev/full: No space left on device", file_append(ctx, "/dev/full", "x", 1));
    assert_int_equal(names_in(ctx, scratch.path), 0);
    FolderList list;
    TEST_FAILS(ctx, SPICA_ERROR_IO, "No such file", folder_list(ctx, &list, test_path(&scratch, "none")));
    folder_list_close(ctx, &list);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

/* A whole file comes out of what has no size: pipes, /proc. */
static void test_read_without_size(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    char *text;
    size_t count;
    TEST_OK(ctx, file_read(ctx, "/proc/self/maps", &text, &count));
    assert_true(count > 100);
    assert_int_equal(strlen(text), count);
    FREE_ARRAY(ctx, &text);
    test_context_close(&ctx);
}

static void test_folders(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const TestScratch scratch = test_scratch();
    TEST_OK(ctx, folder_make(ctx, test_path(&scratch, "a/b//c/")));
    TEST_OK(ctx, folder_make(ctx, test_path(&scratch, "a/b")));
    assert_true(path_is_folder(test_path(&scratch, "a/b/c")));
    TEST_OK(ctx, file_replace(ctx, test_path(&scratch, "a/file"), "x", 1));
    assert_true(path_is_file(test_path(&scratch, "a/file")));
    TEST_FAILS(ctx, SPICA_ERROR_IO, "a/file", folder_make(ctx, test_path(&scratch, "a/file/d")));
    TEST_FAILS(ctx, SPICA_ERROR_IO, "a/file", folder_make(ctx, test_path(&scratch, "a/file")));
    for (int i = 0; i < 200; i++) {
        char name[32];
        snprintf(name, sizeof name, "a/b/c/%03d", (i * 37) % 200);
        TEST_OK(ctx, file_replace(ctx, test_path(&scratch, name), "", 0));
    }
    FolderList list;
    TEST_OK(ctx, folder_list(ctx, &list, test_path(&scratch, "a/b/c")));
    assert_int_equal(list.count, 200);
    for (int i = 0; i < 200; i++)
        assert_int_equal(atoi(list.names[i]), i);
    folder_list_close(ctx, &list);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

static void test_joined_paths(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    static const char *const cases[][3] = {
        {"a", "b", "a/b"}, {"a/", "b", "a/b"}, {"", "b", "b"}, {"a", "/b", "/b"}, {"/", "b", "/b"}};
    for (size_t i = 0; i < 5; i++) {
        char *joined;
        TEST_OK(ctx, path_join(ctx, &joined, cases[i][0], cases[i][1]));
        assert_string_equal(joined, cases[i][2]);
        FREE_ARRAY(ctx, &joined);
    }
    assert_string_equal(path_name("a/b/c.txt"), "c.txt");
    assert_string_equal(path_name("c.txt"), "c.txt");
    test_context_close(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_copy),
        cmocka_unit_test(test_replace),
        cmocka_unit_test(test_writer_without_commit),
        cmocka_unit_test(test_full_disk),
        cmocka_unit_test(test_failures_name_path_and_reason),
        cmocka_unit_test(test_read_without_size),
        cmocka_unit_test(test_folders),
        cmocka_unit_test(test_joined_paths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
