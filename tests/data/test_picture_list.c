#include "data/picture_list.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "data_files.h"

static void folder_add(const TestScratch *scratch, const char *name) {
    assert_int_equal(mkdir(test_path(scratch, name), 0700), 0);
}

static void expect_paths(const PictureList *list, const char *const *paths, size_t count) {
    for (size_t i = 0; i < list->count && i < count; i++)
        assert_string_equal(list->entries[i].path, paths[i]);
    assert_int_equal(list->count, count);
}

static const char *problem_of(const PictureList *list, const char *path) {
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->entries[i].path, path) == 0)
            return list->entries[i].problem != NULL ? list->entries[i].problem : "";
    fail_msg("%s is not in the list", path);
    return NULL;
}

/* Sorted by the bytes of the whole path, whatever the names are made of. */
static void test_names_and_order(void **state) {
    (void)state;
    static const char *const names[] = {"Z.jpg",     "a b.jpg",   "a\"quote\".jpg",    "a,comma.jpg", "a\nline.jpg",
                                        "sub-1.jpg", "sub/1.jpg", "sub/deep/er/2.jpg", "sub0.jpg",    "\xff\xfe.jpg"};
    static const char *const sorted[] = {"Z.jpg",       "a\nline.jpg", "a b.jpg",   "a\"quote\".jpg",
                                         "a,comma.jpg", "sub-1.jpg",   "sub/1.jpg", "sub/deep/er/2.jpg",
                                         "sub0.jpg",    "\xff\xfe.jpg"};
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    PictureList list = {0};
    folder_add(&scratch, "sub");
    folder_add(&scratch, "sub/deep");
    folder_add(&scratch, "sub/deep/er");
    folder_add(&scratch, ".thumbnails");
    for (size_t i = 0; i < 10; i++)
        text_write(&scratch, names[i], "12345");
    text_write(&scratch, ".DS_Store", "x");
    text_write(&scratch, ".thumbnails/1.jpg", "x");
    TEST_OK(ctx, picture_list_folder(ctx, &list, scratch.path));
    expect_paths(&list, sorted, 10);
    for (size_t i = 0; i < list.count; i++) {
        assert_null(list.entries[i].problem);
        assert_int_equal(list.entries[i].size, 5);
        assert_true(list.entries[i].modified > INT64_C(1000000000000000000));
    }
    assert_non_null(strstr(test_state(ctx)->log, "2 names that begin with a dot"));
    picture_list_close(ctx, &list);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

static void socket_add(const TestScratch *scratch, const char *name) {
    struct sockaddr_un place = {.sun_family = AF_UNIX};
    snprintf(place.sun_path, sizeof place.sun_path, "%s", test_path(scratch, name));
    const int made = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(made, (const struct sockaddr *)&place, sizeof place), 0);
    close(made);
}

static void test_what_is_no_file(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    PictureList list = {0};
    text_write(&scratch, "good", "x");
    text_write(&scratch, "empty", "");
    assert_int_equal(mkfifo(test_path(&scratch, "fifo"), 0600), 0);
    socket_add(&scratch, "socket");
    assert_int_equal(symlink("nowhere", test_path(&scratch, "broken")), 0);
    assert_int_equal(symlink("self", test_path(&scratch, "self")), 0);
    assert_int_equal(symlink("good", test_path(&scratch, "link")), 0);
    TEST_OK(ctx, picture_list_folder(ctx, &list, scratch.path));
    assert_string_equal(problem_of(&list, "good"), "");
    assert_string_equal(problem_of(&list, "link"), "");
    assert_string_equal(problem_of(&list, "empty"), "the file is empty");
    assert_string_equal(problem_of(&list, "fifo"), "a FIFO, not a file");
    assert_string_equal(problem_of(&list, "socket"), "a socket, not a file");
    assert_string_equal(problem_of(&list, "broken"), "No such file or directory");
    assert_string_equal(problem_of(&list, "self"), "Too many levels of symbolic links");
    picture_list_close(ctx, &list);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

/* The superuser may read everything: what is tested is what nobody in particular may read. False where there is nobody.
 */
static bool become_nobody(const TestScratch *scratch) {
    if (geteuid() != 0) return true;
    assert_int_equal(chmod(scratch->path, 0755), 0);
    if (seteuid(65534) != 0) return false;
    if (access(scratch->path, F_OK) == 0 && path_is_folder(scratch->path)) return true;
    assert_int_equal(seteuid(0), 0); /* a folder above it is closed */
    return false;
}

/* A folder that cannot be read is one bad row, and what it holds is nobody's loss but its own. */
static void test_closed_folders(void **state) {
    (void)state;
    static const char *const folders[] = {"closed", "listed", "open"};
    static const mode_t modes[] = {0, 0444, 0755};
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    PictureList list = {0};
    const uid_t user = geteuid();
    for (size_t i = 0; i < 3; i++) {
        char name[32];
        folder_add(&scratch, folders[i]);
        snprintf(name, sizeof name, "%s/1", folders[i]);
        text_write(&scratch, name, "x");
        assert_int_equal(chmod(test_path(&scratch, folders[i]), modes[i]), 0);
    }
    if (become_nobody(&scratch)) {
        const Status status = picture_list_folder(ctx, &list, scratch.path);
        assert_int_equal(seteuid(user), 0);
        TEST_OK(ctx, status);
        assert_int_equal(list.count, 3);
        assert_string_equal(problem_of(&list, "closed"), "Permission denied");
        assert_string_equal(problem_of(&list, "listed/1"), "Permission denied"); /* seen, but not to be examined */
        assert_string_equal(problem_of(&list, "open/1"), "");
    }
    picture_list_close(ctx, &list);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(chmod(test_path(&scratch, folders[i]), 0700), 0);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

/* Links to folders within are not read again, the links of loops end, and one to the outside is followed. */
static void test_links_to_folders(void **state) {
    (void)state;
    static const char *const sorted[] = {"a/1", "a/b/2", "b-outside/deep/4", "b-outside/3"};
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    PictureList list = {0};
    folder_add(&scratch, "data");
    folder_add(&scratch, "data/a");
    folder_add(&scratch, "data/a/b");
    folder_add(&scratch, "other");
    folder_add(&scratch, "other/deep");
    text_write(&scratch, "data/a/1", "x");
    text_write(&scratch, "data/a/b/2", "x");
    text_write(&scratch, "other/3", "x");
    text_write(&scratch, "other/deep/4", "x");
    assert_int_equal(symlink("..", test_path(&scratch, "data/a/b/up")), 0);
    assert_int_equal(symlink(".", test_path(&scratch, "data/0here")), 0);
    assert_int_equal(symlink("../other", test_path(&scratch, "data/b-outside")), 0);
    assert_int_equal(symlink("../other", test_path(&scratch, "data/c-outside")), 0);
    TEST_OK(ctx, picture_list_folder(ctx, &list, test_path(&scratch, "data")));
    const char *const expected[] = {sorted[0], sorted[1], sorted[3], sorted[2]};
    expect_paths(&list, expected, 4);
    assert_non_null(strstr(test_state(ctx)->log, "3 links lead to folders that are read already"));
    picture_list_close(ctx, &list);
    static const char *const links[] = {"data/a/b/up", "data/0here", "data/b-outside", "data/c-outside"};
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(unlink(test_path(&scratch, links[i])), 0);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

/* A picture is found behind a link too, and a loop without one is left again. */
static void test_peek_behind_links(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    char data[sizeof scratch.path + 8];
    snprintf(data, sizeof data, "%s", test_path(&scratch, "data"));
    folder_add(&scratch, "data");
    folder_add(&scratch, "data/deep");
    folder_add(&scratch, "other");
    text_write(&scratch, "data/deep/text", "x");
    text_write(&scratch, "data/.hidden", "\xff\xd8\xff");
    text_write(&scratch, "other/photo", "\xff\xd8\xff");
    assert_int_equal(symlink("..", test_path(&scratch, "data/deep/up")), 0);
    assert_false(folder_has_picture(data));
    assert_int_equal(symlink("../../other", test_path(&scratch, "data/deep/out")), 0);
    assert_true(folder_has_picture(data));
    assert_int_equal(unlink(test_path(&scratch, "data/deep/out")), 0);
    assert_int_equal(unlink(test_path(&scratch, "data/deep/up")), 0);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

static void test_lines(void **state) {
    (void)state;
    static const char *const paths[] = {"1.jpg", "sub/2.jpg", "missing.jpg", " 3.jpg", "1.jpg"};
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    PictureList list = {0};
    folder_add(&scratch, "sub");
    text_write(&scratch, "1.jpg", "x");
    text_write(&scratch, "sub/2.jpg", "xx");
    text_write(&scratch, " 3.jpg", "x");
    text_write(&scratch, "list",
               "\xef\xbb\xbf"
               "1.jpg\r\n\nsub/2.jpg\nmissing.jpg\n 3.jpg\n1.jpg");
    assert_true(file_lists_pictures(test_path(&scratch, "list")));
    TEST_OK(ctx, picture_list_lines(ctx, &list, test_path(&scratch, "list")));
    expect_paths(&list, paths, 5);
    assert_int_equal(list.entries[1].size, 2);
    assert_string_equal(list.entries[2].problem, "No such file or directory");
    picture_list_close(ctx, &list);
    text_write(&scratch, "words", "not a path\nnor this\n");
    assert_false(file_lists_pictures(test_path(&scratch, "words")));
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

static void test_tables(void **state) {
    (void)state;
    static const char *const paths[] = {"1.jpg", "a,\"b\"\nc.jpg", "gone.jpg"};
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    PictureList list = {0};
    text_write(&scratch, "1.jpg", "x");
    text_write(&scratch, "a,\"b\"\nc.jpg", "x");
    text_write(&scratch, "table", "label,path\ncat,1.jpg\n\"big, dog\",\"a,\"\"b\"\"\nc.jpg\"\n,gone.jpg\n");
    assert_true(file_has_path_column(test_path(&scratch, "table")));
    TEST_OK(ctx, picture_list_table(ctx, &list, test_path(&scratch, "table")));
    expect_paths(&list, paths, 3);
    assert_true(list.has_labels);
    assert_string_equal(list.entries[0].label, "cat");
    assert_string_equal(list.entries[1].label, "big, dog");
    assert_null(list.entries[1].problem);
    assert_null(list.entries[2].label);
    assert_string_equal(list.entries[2].problem, "No such file or directory");
    picture_list_close(ctx, &list);
    text_write(&scratch, "other", "picture,label\n1.jpg,cat\n");
    assert_false(file_has_path_column(test_path(&scratch, "other")));
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

/* Folders within folders, each of 250 letters, until the path of a file in the deepest is as long as paths can be:
 * 4,095 bytes from the folder that is read, which is more from anywhere else. */
static void test_deep_folders(void **state) {
    (void)state;
    enum { deep = 16, letters = 250 };
    static char path[4096];
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    PictureList list = {0};
    int folders[deep + 1];
    char name[letters + 1];
    memset(name, 'd', letters);
    name[letters] = '\0';
    folders[0] = open(scratch.path, O_RDONLY | O_DIRECTORY);
    for (int i = 0; i < deep; i++) {
        assert_int_equal(mkdirat(folders[i], name, 0700), 0);
        folders[i + 1] = openat(folders[i], name, O_RDONLY | O_DIRECTORY);
        assert_true(folders[i + 1] >= 0);
        memset(path + i * (letters + 1), 'd', letters);
        path[i * (letters + 1) + letters] = '/';
    }
    const size_t begun = (size_t)deep * (letters + 1);
    memset(path + begun, 'f', sizeof path - 1 - begun);
    const int file = openat(folders[deep], path + begun, O_WRONLY | O_CREAT, 0600);
    assert_int_equal(write(file, "x", 1), 1);
    close(file);
    TEST_OK(ctx, picture_list_folder(ctx, &list, scratch.path));
    assert_int_equal(list.count, 1);
    assert_int_equal(strlen(list.entries[0].path), 4095);
    assert_string_equal(list.entries[0].path, path);
    assert_null(list.entries[0].problem);
    picture_list_close(ctx, &list);
    assert_int_equal(unlinkat(folders[deep], path + begun, 0), 0);
    for (int i = deep; i > 0; i--) {
        close(folders[i]);
        assert_int_equal(unlinkat(folders[i - 1], name, AT_REMOVEDIR), 0);
    }
    close(folders[0]);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

/* A path that no system call takes is told as such. */
static void test_long_path(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    PictureList list = {0};
    static char text[5002];
    memset(text, 'a', 5000);
    text[5000] = '\n';
    text_write(&scratch, "list", text);
    TEST_OK(ctx, picture_list_lines(ctx, &list, test_path(&scratch, "list")));
    assert_int_equal(list.count, 1);
    assert_string_equal(list.entries[0].problem, "the path is too long to be opened");
    picture_list_close(ctx, &list);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

static void test_pictures_in_a_folder(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    folder_add(&scratch, "a");
    folder_add(&scratch, "a/b");
    folder_add(&scratch, ".hidden");
    text_write(&scratch, "a/picture.jpg", "no picture at all, whatever its name says");
    text_write(&scratch, ".hidden/picture", "\xff\xd8\xff\xe0");
    assert_int_equal(mkfifo(test_path(&scratch, "a/fifo"), 0600), 0);
    assert_int_equal(symlink("..", test_path(&scratch, "a/b/up")), 0);
    assert_false(folder_has_picture(scratch.path));
    text_write(&scratch, "a/b/notes.txt", "\xff\xd8\xff\xe0");
    assert_true(folder_has_picture(scratch.path));
    assert_int_equal(unlink(test_path(&scratch, "a/b/up")), 0);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_and_order),
        cmocka_unit_test(test_what_is_no_file),
        cmocka_unit_test(test_closed_folders),
        cmocka_unit_test(test_links_to_folders),
        cmocka_unit_test(test_peek_behind_links),
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_tables),
        cmocka_unit_test(test_deep_folders),
        cmocka_unit_test(test_long_path),
        cmocka_unit_test(test_pictures_in_a_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
