#include "data/tar_list.h"

#include <sys/stat.h>

#include "data_files.h"
#include "tar_files.h"

static Bytes file;

static const char *text_or(const char *text, const char *none) { return text != NULL ? text : none; }

static void list_open(Context *ctx, PictureList *list, const TestScratch *scratch) {
    *list = (PictureList){0};
    bytes_write(scratch, "a.tar", &file);
    TEST_OK(ctx, picture_list_tar(ctx, list, test_path(scratch, "a.tar")));
    assert_string_equal(list->archive, "a.tar");
}

static void list_refused(Context *ctx, const TestScratch *scratch, const char *words) {
    PictureList list = {0};
    bytes_write(scratch, "a.tar", &file);
    TEST_FAILS(ctx, SPICA_ERROR_DATA, words, picture_list_tar(ctx, &list, test_path(scratch, "a.tar")));
    picture_list_close(ctx, &list);
}

static const PictureEntry *entry_of(const PictureList *list, const char *path) {
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->entries[i].path, path) == 0) return &list->entries[i];
    fail_msg("%s is not in the list", path);
    return NULL;
}

/* The entry's bytes in the tar are the text. */
static void expect_content(const PictureList *list, const char *path, const char *content) {
    const PictureEntry *entry = entry_of(list, path);
    assert_string_equal(text_or(entry->problem, ""), "");
    assert_int_equal(entry->size, strlen(content));
    assert_memory_equal(file.bytes + entry->offset, content, strlen(content));
}

static void expect_problem(const PictureList *list, const char *path, const char *problem) {
    assert_string_equal(text_or(entry_of(list, path)->problem, ""), problem);
}

/* ---- Archives of Python's tarfile ---- */

static void expect_picture(const PictureList *list, const char *path, const char *golden) {
    static Bytes picture;
    bytes_read_picture(golden, &picture);
    const PictureEntry *entry = entry_of(list, path);
    assert_string_equal(text_or(entry->problem, ""), "");
    assert_int_equal(entry->size, picture.count);
    assert_memory_equal(file.bytes + entry->offset, picture.bytes, picture.count);
}

static void expect_archive(const PictureList *list, bool long_names) {
    char name[300];
    assert_int_equal(list->count, long_names ? 10 : 8);
    for (size_t i = 1; i < list->count; i++)
        assert_true(strcmp(list->entries[i - 1].path, list->entries[i].path) < 0);
    expect_picture(list, "cats/1.png", "rgb.png");
    expect_picture(list, "dogs/2.png", "grey.png");
    expect_picture(list, "dogs/a,\"b\"\nc \xff.png", "alpha.png");
    snprintf(name, sizeof name, "cats/%090d/%080d.png", 0, 0);
    memset(name + 5, 'a', 90);
    memset(name + 96, 'b', 80);
    expect_picture(list, name, "rgb.png");
    expect_problem(list, "cats/empty.png", "the file is empty");
    expect_problem(list, "cats/fifo", "a FIFO, not a file");
    expect_problem(list, "cats/link.png", "a symbolic link, which is not followed within a tar");
    expect_picture(list, "cats/same.png", "rgb.png");
    if (!long_names) return;
    snprintf(name, sizeof name, "dogs/%0120d/%0120d.png", 0, 0);
    memset(name + 5, 'd', 120);
    memset(name + 126, 'e', 120);
    expect_picture(list, name, "grey.png");
    expect_problem(list, "dogs/link.png", "a symbolic link, which is not followed within a tar");
}

static void test_archives(void **state) {
    (void)state;
    static const char *const names[] = {"ustar", "gnu", "pax"};
    for (size_t i = 0; i < 3; i++) {
        Context *ctx = test_context_open();
        PictureList list = {0};
        char path[1024];
        snprintf(path, sizeof path, GOLDEN_DIR "/tar/%s.tar", names[i]);
        bytes_read_file(path, &file);
        TEST_OK(ctx, picture_list_tar(ctx, &list, path));
        expect_archive(&list, i > 0);
        assert_non_null(strstr(test_state(ctx)->log, "1 names that begin with a dot are passed over"));
        assert_non_null(strstr(test_state(ctx)->log, "1 members have a later one of the same name"));
        assert_int_equal(test_state(ctx)->warnings, 0);
        picture_list_close(ctx, &list);
        test_context_close(&ctx);
    }
}

/* ---- Headers ---- */

static void test_kinds_of_headers(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    PictureList list;
    file.count = 0;
    tar_add(&file, TAR_OLD, '\0', "old", "1");
    tar_add(&file, TAR_OLD, '\0', "folder by its slash/", "");
    tar_add(&file, TAR_POSIX, '7', "contiguous", "22");
    tar_add(&file, TAR_POSIX, '3', "tty", "");
    tar_add(&file, TAR_POSIX, '4', "disk", "");
    tar_add(&file, TAR_GNU, 'V', "label of the archive", "");
    tar_add(&file, TAR_GNU, 'S', "sparse", "333");
    tar_add(&file, TAR_GNU, 'M', "rest of another volume", "333");
    tar_add(&file, TAR_POSIX, 'g', "global", "18 path=elsewhere\n");
    tar_add(&file, TAR_POSIX, 'x', "pax", "27 GNU.sparse.major=1 of 2\n");
    tar_add(&file, TAR_POSIX, '0', "holes", "4");
    /* A folder may promise bytes that it does not have. */
    tar_header(&file, TAR_POSIX, '5', "folder", 5000);
    tar_add(&file, TAR_POSIX, '0', "last", "55555");
    tar_finish(&file);
    list_open(ctx, &list, &scratch);
    assert_int_equal(list.count, 8);
    expect_content(&list, "old", "1");
    expect_content(&list, "contiguous", "22");
    expect_problem(&list, "tty", "a device, not a file");
    expect_problem(&list, "disk", "a device, not a file");
    expect_problem(&list, "sparse", "a sparse file, which is not read within a tar");
    expect_problem(&list, "holes", "a sparse file, which is not read within a tar");
    expect_problem(&list, "rest of another volume", "a member of a kind that is not read");
    expect_content(&list, "last", "55555");
    assert_int_equal(test_state(ctx)->warnings, 0);
    picture_list_close(ctx, &list);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

static void tar_link(const char *name, const char *target) {
    const size_t at = tar_header(&file, TAR_POSIX, '1', name, 0);
    memcpy(file.bytes + at + 157, target, strlen(target));
    tar_seal(&file, at);
}

/* A hard link has the bytes of the last member of its target's name before it; it may link to a link, be replaced, or
 * have a target that is told in front of it, by GNU's and by pax' headers. */
static void test_hard_links(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    PictureList list;
    file.count = 0;
    tar_add(&file, TAR_POSIX, '0', "a/one", "1");
    tar_link("b/first", "./a//one");
    tar_add(&file, TAR_POSIX, '0', "a/one", "22");
    tar_link("b/second", "a/one");
    tar_link("c/third", "b/second");
    tar_link("c/replaced", "a/one");
    tar_add(&file, TAR_POSIX, '0', "c/replaced", "666666");
    tar_link("early", "late");
    tar_add(&file, TAR_POSIX, '0', "late", "55555");
    tar_link("itself", "itself");
    tar_add(&file, TAR_POSIX, '0', "empty", "");
    tar_link("to empty", "empty");
    tar_add(&file, TAR_GNU, 'K', "././@LongLink", "late");
    tar_link("gnu", "cut off");
    tar_add(&file, TAR_POSIX, 'x', "pax", "17 linkpath=late\n");
    tar_link("pax", "cut off");
    tar_link("after", "a/one");
    tar_add(&file, TAR_POSIX, '0', ".store/one", "4444");
    tar_link("shown", ".store/one");
    tar_finish(&file);
    list_open(ctx, &list, &scratch);
    expect_content(&list, "a/one", "22");
    expect_content(&list, "b/first", "1");
    expect_content(&list, "b/second", "22");
    expect_content(&list, "c/third", "22");
    expect_content(&list, "c/replaced", "666666");
    expect_problem(&list, "early", "a link to what is not in the tar before it");
    expect_problem(&list, "itself", "a link to what is not in the tar before it");
    expect_problem(&list, "to empty", "the file is empty");
    expect_content(&list, "gnu", "55555");
    expect_content(&list, "pax", "55555");
    expect_content(&list, "after", "22");
    expect_content(&list, "shown", "4444");
    assert_int_equal(list.count, 14);
    picture_list_close(ctx, &list);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

/* Sizes in octal, in base 256 and as pax has them; names of every length; each holds for its own member alone. */
static void test_sizes_and_names(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    PictureList list;
    char name[101];
    file.count = 0;
    size_t at = tar_header(&file, TAR_GNU, '0', "base 256", 0);
    memcpy(file.bytes + at + 124, "\x80\0\0\0\0\0\0\0\0\0\0\3", 12);
    tar_seal(&file, at);
    tar_content(&file, "abc", 3);
    at = tar_header(&file, TAR_GNU, '0', "spaces", 0);
    memcpy(file.bytes + at + 124, "         4  ", 12);
    tar_seal(&file, at);
    tar_content(&file, "abcd", 4);
    tar_add(&file, TAR_POSIX, 'x', "pax", "10 size=5\n17 comment=x\ny z\n14 path=a=b c\n");
    tar_header(&file, TAR_POSIX, '0', "short", 0);
    tar_content(&file, "abcde", 5);
    tar_add(&file, TAR_GNU, 'L', "././@LongLink", "a/much/longer/name");
    tar_add(&file, TAR_GNU, 'K', "././@LongLink", "not looked at");
    tar_add(&file, TAR_GNU, '0', "a/much", "f");
    memset(name, 'n', 100);
    name[100] = '\0';
    tar_add(&file, TAR_OLD, '0', name, "a hundred"); /* without a 0 behind it */
    at = tar_add(&file, TAR_POSIX, '0', name, "prefixed");
    memcpy(file.bytes + at + 345, "up/down", 7);
    tar_seal(&file, at);
    tar_finish(&file);
    list_open(ctx, &list, &scratch);
    assert_int_equal(list.count, 6);
    expect_content(&list, "base 256", "abc");
    expect_content(&list, "spaces", "abcd");
    expect_content(&list, "a=b c", "abcde");
    expect_content(&list, "a/much/longer/name", "f");
    expect_content(&list, name, "a hundred");
    char prefixed[120];
    snprintf(prefixed, sizeof prefixed, "up/down/%s", name);
    expect_content(&list, prefixed, "prefixed");
    picture_list_close(ctx, &list);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

/* Some old programs summed bytes as signed; a tar without its end is taken with a warning. */
static void test_old_sums_and_no_end(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    PictureList list;
    char sum[8];
    int total = 0;
    file.count = 0;
    const size_t at = tar_add(&file, TAR_OLD, '0', "\xe4 name", "1");
    memset(file.bytes + at + 148, ' ', 8);
    for (size_t i = 0; i < 512; i++)
        total += (int8_t)file.bytes[at + i];
    snprintf(sum, sizeof sum, "%06o", (unsigned)total);
    memcpy(file.bytes + at + 148, sum, 7);
    list_open(ctx, &list, &scratch);
    expect_content(&list, "\xe4 name", "1");
    assert_int_equal(test_state(ctx)->warnings, 1);
    picture_list_close(ctx, &list);
    file.count -= 511; /* the last block may be cut off behind the bytes that are needed */
    list_open(ctx, &list, &scratch);
    assert_int_equal(list.count, 1);
    picture_list_close(ctx, &list);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

static void test_names_that_are_strange(void **state) {
    (void)state;
    static const char *const names[] = {"/etc/passwd", "../up", "a/../../b", "..", "a/..", ""};
    static const char *const problems[] = {"its name begins at the root",      "its name leads out of its folder",
                                           "its name leads out of its folder", "its name leads out of its folder",
                                           "its name leads out of its folder", "a member without a name"};
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    PictureList list;
    file.count = 0;
    for (size_t i = 0; i < 6; i++)
        tar_add(&file, TAR_POSIX, '0', names[i], "x");
    tar_add(&file, TAR_POSIX, '0', "././b//c/./d", "clean");
    tar_add(&file, TAR_POSIX, '0', "b/.hidden/d", "x");
    tar_add(&file, TAR_POSIX, '0', "...", "x");
    tar_add(&file, TAR_POSIX, '0', "a..b", "dots within");
    tar_finish(&file);
    list_open(ctx, &list, &scratch);
    assert_int_equal(list.count, 8);
    for (size_t i = 0; i < 6; i++)
        expect_problem(&list, names[i], problems[i]);
    expect_content(&list, "b/c/d", "clean");
    expect_content(&list, "a..b", "dots within");
    assert_non_null(strstr(test_state(ctx)->log, "2 names that begin with a dot"));
    picture_list_close(ctx, &list);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

/* ---- Damage ---- */

/* A good member, then the bad one at byte 1024. */
static void wrong_begin(void) {
    file.count = 0;
    tar_add(&file, TAR_POSIX, '0', "good", "1");
}

static void test_wrong_headers(void **state) {
    (void)state;
    static const char *const sizes[] = {"00000000008", "0000000000x",
                                        "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe", "\x80\1\0\0\0\0\0\0\0\0\0"};
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    wrong_begin();
    size_t at = tar_add(&file, TAR_POSIX, '0', "bad", "1");
    file.bytes[at + 3] = 'x';
    tar_finish(&file);
    list_refused(ctx, &scratch, "a.tar: damaged tar: a wrong checksum, in the header at byte 1024");
    for (size_t i = 0; i < 4; i++) {
        wrong_begin();
        at = tar_header(&file, TAR_GNU, '0', "bad", 0);
        memcpy(file.bytes + at + 124, sizes[i], 12);
        tar_seal(&file, at);
        list_refused(ctx, &scratch, "a.tar: damaged tar: a size that is no number, in the header at byte 1024");
    }
    wrong_begin();
    at = tar_header(&file, TAR_GNU, '0', "bad", 0);
    memcpy(file.bytes + at + 124, "\x80\0\0\0\x7f\0\0\0\0\0\0", 12);
    tar_seal(&file, at);
    list_refused(ctx, &scratch, "promises 9151314442816847872 bytes, the file ends at byte 1536");
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

static void test_tars_that_were_cut(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    wrong_begin();
    tar_add(&file, TAR_POSIX, '0', "cut", "12345");
    file.count = 1024 + 512 + 4;
    list_refused(ctx, &scratch,
                 "a.tar: truncated tar: the header at byte 1024 promises 5 bytes, the file ends at byte 1540");
    file.count = 1024 + 300;
    list_refused(ctx, &scratch, "a.tar: truncated tar: it ends at byte 1324, within a header");
    file.count = 0;
    tar_header(&file, TAR_POSIX, 'x', "pax", 400);
    list_refused(ctx, &scratch, "promises 400 bytes, the file ends at byte 512");
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

static void test_wrong_pax_records(void **state) {
    (void)state;
    static const char *const records[] = {"x",
                                          "12 path=abc",
                                          "99 path=abc\n",
                                          "5 a=\n5 a=b",
                                          "7 path\n",
                                          "12path=abcd\n",
                                          "0 a=b\n",
                                          "99999999999999999999 a=b\n",
                                          "11 size=-1\n",
                                          "11 size=1x\n",
                                          "8 size=\n",
                                          "28 size=9999999999999999999\n"};
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    for (size_t i = 0; i < sizeof records / sizeof records[0]; i++) {
        wrong_begin();
        tar_add(&file, TAR_POSIX, 'x', "pax", records[i]);
        tar_add(&file, TAR_POSIX, '0', "name", "1");
        list_refused(ctx, &scratch, "a.tar: damaged tar: a pax record that is none, in the header at byte 1024");
    }
    wrong_begin();
    const size_t at = tar_header(&file, TAR_GNU, 'L', "long", 0);
    memcpy(file.bytes + at + 124, "00010000000", 12); /* 2 MiB */
    tar_seal(&file, at);
    bytes_write(&scratch, "a.tar", &file);
    PictureList list = {0};
    assert_int_equal(truncate(test_path(&scratch, "a.tar"), 3 << 20), 0);
    TEST_FAILS(ctx, SPICA_ERROR_DATA, "damaged tar: a name of more than a megabyte, in the header at byte 1024",
               picture_list_tar(ctx, &list, test_path(&scratch, "a.tar")));
    picture_list_close(ctx, &list);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

/* ---- DATA ---- */

static void expect_refused(Context *ctx, const char *path, const char *words) {
    assert_true(file_is_tar(path));
    ASSERT_REFUSED(ctx, path, words);
}

static void test_what_is_a_tar(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    setenv("SPICA_DECODE", DECODE_PROGRAM, 1);
    setenv("XDG_CACHE_HOME", test_path(&scratch, "cache"), 1);
    file.count = 0;
    tar_add(&file, TAR_OLD, '0', "GIF89a", "no picture"); /* its first bytes are those of a GIF */
    tar_finish(&file);
    bytes_write(&scratch, "any name", &file);
    assert_true(file_is_tar(test_path(&scratch, "any name")));
    ASSERT_REFUSED(ctx, test_path(&scratch, "any name"),
                   "none of 1 files can be read as a picture; GIF89a: no picture");
    bytes_write_gzip(&scratch, "packed", &file);
    expect_refused(ctx, test_path(&scratch, "packed"), "packed: a tar compressed by gzip is not read: unpack it");
    text_write(&scratch, "a.tar.xz",
               "\xfd"
               "7zXZ");
    assert_false(file_is_tar(test_path(&scratch, "a.tar.xz")));
    FILE *stream = fopen(test_path(&scratch, "a.tar.xz"), "ab");
    assert_int_equal(fputc(0, stream), 0);
    assert_int_equal(fclose(stream), 0);
    expect_refused(ctx, test_path(&scratch, "a.tar.xz"), "a tar compressed by xz is not read: unpack it (tar -xf)");
    text_write(&scratch, "a.tbz2", "BZh9");
    expect_refused(ctx, test_path(&scratch, "a.tbz2"), "(bunzip2 -k)");
    text_write(&scratch, "a.txt", "a text");
    assert_false(file_is_tar(test_path(&scratch, "a.txt")));
    text_write(&scratch, "broken.tar", "no tar");
    expect_refused(ctx, test_path(&scratch, "broken.tar"), "broken.tar: truncated tar: it ends at byte 6");
    file.count = 0;
    tar_finish(&file);
    bytes_write(&scratch, "empty.tar", &file);
    expect_refused(ctx, test_path(&scratch, "empty.tar"), "empty.tar: holds no pictures");
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

/* A picture in the folder `data`, and in the tar that is being made. */
static void picture_add(const TestScratch *scratch, const char *name, const char *golden) {
    static Bytes picture;
    char path[64];
    bytes_read_picture(golden, &picture);
    snprintf(path, sizeof path, "data/%s", name);
    bytes_write(scratch, path, &picture);
    tar_header(&file, TAR_POSIX, '0', name, picture.count);
    tar_content(&file, picture.bytes, picture.count);
}

static void expect_same(const Dataset *a, const Dataset *b) {
    assert_int_equal(a->count, b->count);
    assert_true(a->width == b->width && a->height == b->height && a->channels == b->channels);
    assert_true(a->fingerprint == b->fingerprint);
    assert_int_equal(a->class_count, b->class_count);
    assert_integers_equal(a->labels, b->labels, a->count);
    for (size_t row = 0; row < a->count; row++)
        assert_string_equal(a->paths[row], b->paths[row]);
    for (size_t class = 0; class < a->class_count; class ++)
        assert_string_equal(a->class_names[class], b->class_names[class]);
    assert_int_equal(a->bad_count, b->bad_count);
    for (size_t i = 0; i < a->bad_count; i++)
        assert_string_equal(a->bad[i].path, b->bad[i].path);
}

/* What a tar gives is what its folder gives: pictures, order, labels, what is bad. */
static void test_tar_and_folder(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    setenv("SPICA_DECODE", DECODE_PROGRAM, 1);
    setenv("XDG_CACHE_HOME", test_path(&scratch, "cache"), 1);
    file.count = 0;
    static const char *const folders[] = {"data", "data/dogs", "data/cats"};
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(mkdir(test_path(&scratch, folders[i]), 0700), 0);
    picture_add(&scratch, "dogs/b", "rgb.png");
    picture_add(&scratch, "cats/2", "rgb.bmp");
    picture_add(&scratch, "dogs/a", "photo.jpg");
    text_write(&scratch, "data/cats/text", "no picture");
    tar_add(&file, TAR_POSIX, '0', "./cats/text", "no picture");
    tar_finish(&file);
    bytes_write(&scratch, "a.tar", &file);
    Dataset folder = dataset_of_kind(ctx, test_path(&scratch, "data"), "pictures", (DataSettings){0});
    for (int round = 0; round < 2; round++) {
        test_state(ctx)->log[0] = '\0';
        Dataset tar = dataset_of_kind(ctx, test_path(&scratch, "a.tar"), "pictures", (DataSettings){0});
        assert_true((strstr(test_state(ctx)->log, "from the cache") != NULL) == (round == 1));
        expect_same(&tar, &folder);
        dataset_close(ctx, &tar);
    }
    dataset_close(ctx, &folder);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

static void test_failed_allocations(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    setenv("SPICA_DECODE", DECODE_STUB, 1);
    setenv("SPICA_CACHE_LIMIT", "0", 1);
    file.count = 0;
    tar_add(&file, TAR_POSIX, 'x', "pax", "17 path=dogs/one\n");
    tar_add(&file, TAR_POSIX, '0', "short", "1");
    tar_add(&file, TAR_GNU, 'L', "././@LongLink", "cats/two");
    tar_add(&file, TAR_GNU, '0', "cats/t", "2");
    tar_finish(&file);
    bytes_write(&scratch, "a.tar", &file);
    assert_failed_allocations_are_passed_on(ctx, test_path(&scratch, "a.tar"), 0);
    unsetenv("SPICA_CACHE_LIMIT");
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_archives),
        cmocka_unit_test(test_kinds_of_headers),
        cmocka_unit_test(test_hard_links),
        cmocka_unit_test(test_sizes_and_names),
        cmocka_unit_test(test_old_sums_and_no_end),
        cmocka_unit_test(test_names_that_are_strange),
        cmocka_unit_test(test_wrong_headers),
        cmocka_unit_test(test_tars_that_were_cut),
        cmocka_unit_test(test_wrong_pax_records),
        cmocka_unit_test(test_what_is_a_tar),
        cmocka_unit_test(test_tar_and_folder),
        cmocka_unit_test(test_failed_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
