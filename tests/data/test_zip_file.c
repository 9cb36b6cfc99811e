#include "data/zip_file.h"
#include "zip_files.h"

static TestZip zip;
static Bytes content;

/* `count` bytes that deflate cannot foresee, but for their second half, which repeats the first. */
static void content_make(size_t count, size_t salt) {
    content.count = 0;
    for (size_t i = 0; i < count; i++) {
        const uint8_t value = some_byte(salt, i % (count / 2 + 1));
        bytes_add(&content, &value, 1);
    }
}

/* Reads a member in pieces of this size and compares it with content. */
static void assert_content(Context *ctx, const ZipFile *file, const char *name, size_t piece) {
    ZipStream stream = {0};
    const ZipMember *member = zip_find(file, name);
    static uint8_t bytes[sizeof content.bytes];
    assert_non_null(member);
    assert_true(member->bytes == content.count);
    TEST_OK(ctx, zip_stream_open(ctx, &stream, file, member));
    for (size_t at = 0; at < content.count; at += piece)
        TEST_OK(ctx,
                zip_stream_read(ctx, &stream, bytes + at, content.count - at < piece ? content.count - at : piece));
    assert_memory_equal(bytes, content.bytes, content.count);
    TEST_FAILS(ctx, SPICA_ERROR_DATA, "ends at byte", zip_stream_read(ctx, &stream, bytes, 1));
    zip_stream_close(ctx, &stream);
}

/* Stored and deflated, plain and zip64, with a comment and without. */
static void test_members(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    for (unsigned variant = 0; variant < 8; variant++) {
        const unsigned packing = variant & (PACK_DEFLATED | PACK_ZIP64);
        zip_begin(&zip);
        content_make(40000, 1);
        zip_add(&zip, "first", &content, packing);
        content_make(10, 2);
        zip_add(&zip, "a/second", &content, packing ^ PACK_DEFLATED);
        content.count = 0;
        zip_add(&zip, "empty", &content, packing);
        zip_finish(&zip, (variant & 4) != 0, variant & 1 ? "a comment PK\5\6 of some length ......" : "", &scratch,
                   "z");
        ZipFile file;
        TEST_OK(ctx, zip_open(ctx, &file, test_path(&scratch, "z")));
        assert_true(file.member_count == 3);
        assert_string_equal(file.members[1].name, "a/second");
        assert_null(zip_find(&file, "secon"));
        content_make(40000, 1);
        assert_content(ctx, &file, "first", 40000);
        assert_content(ctx, &file, "first", 777);
        content_make(10, 2);
        assert_content(ctx, &file, "a/second", 1);
        content.count = 0;
        assert_content(ctx, &file, "empty", 1);
        zip_close(ctx, &file);
    }
    zip_begin(&zip);
    zip_finish(&zip, false, "", &scratch, "z");
    ZipFile file;
    TEST_OK(ctx, zip_open(ctx, &file, test_path(&scratch, "z")));
    assert_true(file.member_count == 0 && zip_find(&file, "") == NULL);
    zip_close(ctx, &file);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

/* Two members at a time, as pictures and labels are read. */
static void test_streams_side_by_side(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    ZipStream streams[2] = {0};
    uint8_t bytes[2][500];
    zip_begin(&zip);
    content_make(30000, 1);
    zip_add(&zip, "stored", &content, PACK_STORED);
    zip_add(&zip, "deflated", &content, PACK_DEFLATED);
    zip_finish(&zip, false, "", &scratch, "z");
    ZipFile file;
    TEST_OK(ctx, zip_open(ctx, &file, test_path(&scratch, "z")));
    for (size_t i = 0; i < 2; i++)
        TEST_OK(ctx, zip_stream_open(ctx, &streams[i], &file, &file.members[i]));
    for (size_t at = 0; at < content.count; at += 500)
        for (size_t i = 0; i < 2; i++) {
            TEST_OK(ctx, zip_stream_read(ctx, &streams[i], bytes[i], 500));
            assert_memory_equal(bytes[i], content.bytes + at, 500);
        }
    for (size_t i = 0; i < 2; i++)
        zip_stream_close(ctx, &streams[i]);
    zip_close(ctx, &file);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

/* An archive of one member "m" of 1000 bytes, in which a number was changed. */
typedef struct Change {
    enum { IN_MEMBER, IN_DIRECTORY, IN_END, IN_END64 } where;
    size_t offset; /* within that record */
    uint64_t value;
    int bytes;
    const char *words;
} Change;

static void write_changed(const TestScratch *scratch, const Change *change, unsigned packing, bool zip64) {
    zip_begin(&zip);
    content_make(1000, 5);
    zip_add(&zip, "m", &content, packing);
    zip_finish(&zip, zip64, "", scratch, "z");
    const size_t records[] = {0, zip.directory_at, zip.end_at, zip.end_at - 20 - 56};
    bytes_set_little(&zip.file, records[change->where] + change->offset, change->value, change->bytes);
    bytes_write(scratch, "z", &zip.file);
}

static Status read_whole(Context *ctx, const char *path) {
    static uint8_t bytes[1000];
    ZipFile file = {0};
    ZipStream stream = {0};
    Status status = zip_open(ctx, &file, path);
    if (status == SPICA_OK) status = zip_stream_open(ctx, &stream, &file, &file.members[0]);
    if (status == SPICA_OK) status = zip_stream_read(ctx, &stream, bytes, 1000);
    zip_stream_close(ctx, &stream);
    zip_close(ctx, &file);
    return status;
}

static void assert_changes_refused(const Change *changes, size_t count, unsigned packing, bool zip64) {
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    for (size_t i = 0; i < count; i++) {
        write_changed(&scratch, &changes[i], packing, zip64);
        TEST_FAILS(ctx, SPICA_ERROR_DATA, changes[i].words, read_whole(ctx, test_path(&scratch, "z")));
    }
    const Change none = {IN_END, 0, 0x06054b50, 4, ""};
    write_changed(&scratch, &none, packing, zip64);
    TEST_OK(ctx, read_whole(ctx, test_path(&scratch, "z")));
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* A stored member: 31 bytes of header and name, 1000 bytes, the directory at byte 1031, the end at byte 1078. */
static void test_changed_numbers(void **state) {
    (void)state;
    static const Change changes[] = {
        {IN_MEMBER, 0, 0x04034b51, 4, "z/m: damaged header at byte 0"},
        {IN_MEMBER, 26, 2, 2, "z/m: damaged header at byte 0"},
        {IN_MEMBER, 28, 1, 2, "z/m: damaged header at byte 0"}, /* an extra field that pushes the bytes too far */
        {IN_MEMBER, 28, 65535, 2, "z/m: damaged header at byte 0"},
        {IN_MEMBER, 30, 'n', 1, "z/m: damaged header at byte 0"}, /* another name */
        {IN_MEMBER, 31, 0, 1, "z/m: its bytes have the checksum 0x"},
        {IN_DIRECTORY, 0, 0x02014b51, 4, "z: damaged entry of its directory at byte 1031"},
        {IN_DIRECTORY, 8, 1, 2, "z/m: is encrypted"},
        {IN_DIRECTORY, 10, 12, 2, "z/m: compressed by method 12; stored and deflated members are read"},
        {IN_DIRECTORY, 16, 7, 4, ", expected 0x00000007"},
        {IN_DIRECTORY, 20, 999, 4, "z/m: stored, but 999 bytes are to become 1000"},
        {IN_DIRECTORY, 20, 1002, 4, "z: 1002 bytes of m at byte 0 reach beyond the directory at byte 1031"},
        {IN_DIRECTORY, 20, 0xfffffffe, 4, "z: 4294967294 bytes of m at byte 0 reach beyond the directory"},
        {IN_DIRECTORY, 20, 0xffffffff, 4, "z: the entry of m at byte 1031 lacks the zip64 numbers it needs"},
        {IN_DIRECTORY, 24, 0xffffffff, 4, "z: the entry of m at byte 1031 lacks the zip64 numbers it needs"},
        {IN_DIRECTORY, 28, 2, 2, "z: damaged entry of its directory at byte 1031"},
        {IN_DIRECTORY, 30, 1, 2, "z: damaged entry of its directory at byte 1031"},
        {IN_DIRECTORY, 32, 65535, 2, "z: damaged entry of its directory at byte 1031"},
        {IN_DIRECTORY, 42, 2, 4, "z: 1000 bytes of m at byte 2 reach beyond the directory at byte 1031"},
        {IN_DIRECTORY, 42, 0xfffffffe, 4, "z: 1000 bytes of m at byte 4294967294 reach beyond"},
        {IN_END, 0, 0, 4,
         "z: no zip archive, or a truncated one: the record that ends it is missing; the file ends at"},
        {IN_END, 4, 1, 2, "z: one part of a zip archive that was cut"},
        {IN_END, 8, 2, 2, "z: one part of a zip archive that was cut"},
        {IN_END, 8, 2 | 2 << 16, 4, "z: its directory of 47 bytes cannot hold the 2 entries it should"},
        {IN_END, 8, UINT32_MAX, 4, "z: no zip64 locator before byte 1078"},
        {IN_END, 12, 48, 4, "z: its directory of 48 bytes at byte 1031 does not end before the record at byte 1078"},
        {IN_END, 12, 45, 4, "z: its directory of 45 bytes cannot hold the 1 entries it should"},
        {IN_END, 12, 46, 4, "z: damaged entry of its directory at byte 1031"},
        {IN_END, 16, 1030, 4, "z: damaged entry of its directory at byte 1030"},
        {IN_END, 16, 0xfffffffe, 4, "z: its directory of 47 bytes at byte 4294967294 does not end before"},
        {IN_END, 20, 1, 2, "z: no zip archive, or a truncated one"},
    };
    assert_changes_refused(changes, COUNT(changes), PACK_STORED, false);
}

/* The directory's entry has its zip64 extra field at byte 53: id, size, bytes, compressed bytes, header. */
static void test_changed_zip64(void **state) {
    (void)state;
    static const Change changes[] = {
        {IN_DIRECTORY, 53, 2, 2, "lacks the zip64 numbers it needs"},
        {IN_DIRECTORY, 55, 16, 2, "lacks the zip64 numbers it needs"},
        {IN_DIRECTORY, 55, 25, 2, "lacks the zip64 numbers it needs"},
        {IN_DIRECTORY, 57, UINT64_MAX, 8, "z/m: stored, but 1000 bytes are to become 18446744073709551615"},
        {IN_DIRECTORY, 65, UINT64_MAX, 8, "z: 18446744073709551615 bytes of m at byte 0 reach beyond the directory"},
        {IN_DIRECTORY, 73, UINT64_MAX, 8, "z: 1000 bytes of m at byte 18446744073709551615 reach beyond"},
        {IN_END64, 0, 0, 4, "where one is promised"},
        {IN_END64, 16, 1, 4, "z: one part of a zip archive that was cut"},
        {IN_END64, 32, UINT64_MAX, 8, "z: one part of a zip archive that was cut"},
        {IN_END64, 40, UINT64_MAX, 8, "z: its directory of 18446744073709551615 bytes at byte 1051 does not end"},
        {IN_END64, 48, UINT64_MAX, 8, " at byte 18446744073709551615 does not end before the record"},
        {IN_END64, 56, 0, 4, "z: no zip64 locator before byte"},
        {IN_END64, 64, UINT64_MAX, 8, "z: no zip64 record at byte 18446744073709551615, where one is promised"},
        {IN_END64, 64, 0, 8, "z: no zip64 record at byte 0, where one is promised"},
    };
    assert_changes_refused(changes, COUNT(changes), PACK_ZIP64, true);
}

/* What only deflated data can be: sizes that do not fit, bytes behind their end, damage. */
static void test_changed_deflated_data(void **state) {
    (void)state;
    static const Change changes[] = {
        {IN_DIRECTORY, 24, 1001, 4, "z/m: its bytes have the checksum"}, /* replaced below */
        {IN_DIRECTORY, 24, 4000000, 4, " compressed bytes cannot hold 4000000"},
        {IN_MEMBER, 31, 0x07, 1, "z/m: damaged deflated data after byte 0 ("}, /* a block of no known type */
    };
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    ZipFile file = {0};
    ZipStream stream = {0};
    static uint8_t bytes[1001];
    assert_changes_refused(changes + 1, 2, PACK_DEFLATED, false);
    write_changed(&scratch, &changes[0], PACK_DEFLATED, false);
    TEST_OK(ctx, zip_open(ctx, &file, test_path(&scratch, "z")));
    TEST_OK(ctx, zip_stream_open(ctx, &stream, &file, &file.members[0]));
    TEST_FAILS(ctx, SPICA_ERROR_DATA, "z/m: ends at byte 1000, but 1001 bytes are promised",
               zip_stream_read(ctx, &stream, bytes, 1001));
    zip_stream_close(ctx, &stream);
    file.members[0].bytes = 999;
    TEST_OK(ctx, zip_stream_open(ctx, &stream, &file, &file.members[0]));
    TEST_FAILS(ctx, SPICA_ERROR_DATA, "z/m: more than the 999 bytes that are promised",
               zip_stream_read(ctx, &stream, bytes, 999));
    zip_stream_close(ctx, &stream);
    file.members[0].bytes = 1000;
    file.members[0].compressed -= 3;
    TEST_OK(ctx, zip_stream_open(ctx, &stream, &file, &file.members[0]));
    TEST_FAILS(ctx, SPICA_ERROR_DATA, "z/m: truncated deflated data, nothing after byte ",
               zip_stream_read(ctx, &stream, bytes, 1000));
    zip_stream_close(ctx, &stream);
    zip_close(ctx, &file);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

/* Bytes between the end of the deflated data and the promised end of the member. */
static void test_bytes_behind_deflated_data(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    zip_begin(&zip);
    content_make(1000, 5);
    zip_add(&zip, "m", &content, PACK_DEFLATED);
    const uint64_t packed = zip.file.count - 31;
    bytes_add(&zip.file, "more", 4);
    bytes_set_little(&zip.directory, 20, packed + 4, 4);
    zip_finish(&zip, false, "", &scratch, "z");
    TEST_FAILS(ctx, SPICA_ERROR_DATA, "z/m: 4 bytes follow the end of its deflated data",
               read_whole(ctx, test_path(&scratch, "z")));
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

/* Archives that would fill the memory: members that share their bytes, and one that grows too much. */
static void test_bombs(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    zip_begin(&zip);
    content_make(1000, 5);
    zip_add(&zip, "m", &content, PACK_STORED);
    const Bytes entry = zip.directory;
    for (int i = 0; i < 3; i++)
        bytes_add(&zip.directory, entry.bytes, entry.count);
    zip.count = 4;
    zip_finish(&zip, false, "", &scratch, "z");
    TEST_FAILS(ctx, SPICA_ERROR_DATA, "z: its members overlap, or they would not fit in 1031 bytes",
               read_whole(ctx, test_path(&scratch, "z")));

    zip_begin(&zip);
    zip_add(&zip, "m", &content, PACK_DEFLATED);
    zip_finish(&zip, false, "", &scratch, "z");
    static const struct {
        uint64_t compressed, bytes;
        const char *words;
    } growths[] = {
        {600000, 300000500, "z/m: would grow from 600000 bytes to 300000500; beyond 256 MiB more than 500 times is"},
        {600000, UINT64_C(1) << 40, "z/m: 600000 compressed bytes cannot hold 1099511627776"},
        {600000, 300000499, "z/m: damaged header"}, /* allowed; but there are no such bytes */
        {260111, 268435456, "z/m: damaged header"},
    };
    ZipFile file;
    TEST_OK(ctx, zip_open(ctx, &file, test_path(&scratch, "z")));
    for (size_t i = 0; i < COUNT(growths); i++) {
        ZipStream stream = {0};
        file.members[0].compressed = growths[i].compressed;
        file.members[0].bytes = growths[i].bytes;
        TEST_FAILS(ctx, SPICA_ERROR_DATA, growths[i].words, zip_stream_open(ctx, &stream, &file, &file.members[0]));
        zip_stream_close(ctx, &stream);
    }
    zip_close(ctx, &file);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

static void test_files_that_are_none(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    static const char *const texts[] = {"", "PK\5\6", "no archive at all, but long enough for one ..............."};
    for (size_t i = 0; i < 3; i++) {
        text_write(&scratch, "z", texts[i]);
        TEST_FAILS(ctx, SPICA_ERROR_DATA, "z: no zip archive, or a truncated one",
                   read_whole(ctx, test_path(&scratch, "z")));
    }
    TEST_FAILS(ctx, SPICA_ERROR_DATA, "No such file", read_whole(ctx, test_path(&scratch, "nothing")));
    /* Every truncation is noticed. */
    zip_begin(&zip);
    content_make(100, 5);
    zip_add(&zip, "m", &content, PACK_STORED);
    zip_finish(&zip, false, "", &scratch, "z");
    for (size_t count = 0; count < zip.end_at + 22; count++) {
        zip.file.count = count;
        bytes_write(&scratch, "z", &zip.file);
        TEST_FAILS(ctx, SPICA_ERROR_DATA, "z: no zip archive, or a truncated one",
                   read_whole(ctx, test_path(&scratch, "z")));
    }
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

/* A directory too large to be read, in a file with a hole. */
static void test_large_directory(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = test_scratch();
    zip_begin(&zip);
    zip_finish(&zip, false, "", &scratch, "z");
    bytes_set_little(&zip.file, 12, (16 << 20) + 1, 4);
    FILE *stream = fopen(test_path(&scratch, "z"), "wb");
    assert_non_null(stream);
    assert_int_equal(fseek(stream, (16 << 20) + 1, SEEK_SET), 0);
    assert_true(fwrite(zip.file.bytes, 1, zip.file.count, stream) == zip.file.count);
    assert_int_equal(fclose(stream), 0);
    TEST_FAILS(ctx, SPICA_ERROR_DATA, "z: a directory of 16777217 bytes; at most 16777216 are read",
               read_whole(ctx, test_path(&scratch, "z")));
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_members),
        cmocka_unit_test(test_streams_side_by_side),
        cmocka_unit_test(test_changed_numbers),
        cmocka_unit_test(test_changed_zip64),
        cmocka_unit_test(test_changed_deflated_data),
        cmocka_unit_test(test_bytes_behind_deflated_data),
        cmocka_unit_test(test_bombs),
        cmocka_unit_test(test_files_that_are_none),
        cmocka_unit_test(test_large_directory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
