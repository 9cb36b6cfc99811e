/* Parsers of files against thousands of damaged files: whatever the bytes, a parser ends with SPICA_OK or with a status
 * and a reason of one line, frees what it allocated (the context's allocator counts), and touches no other memory (the
 * sanitizers' build). The damage depends on its number alone, so that a failure can be repeated. */
#include "base/csv.h"
#include "base/random.h"
#include "data/synset_table.h"
#include "data/tar_list.h"
#include "support/record_files.h"
#include "tar_files.h"
#include "zip_files.h"

#define MUTATIONS 2500

static Bytes original, damaged;

/* Bytes that break parsers more often than random ones do. */
static const uint8_t special_bytes[] = {0, 1, 8, 0x7f, 0x80, 0xff, '"', ',', '\n', '\r', '{', '(', ')', '\'', '0', '9'};

static uint8_t random_byte(Random *random) {
    const uint32_t word = random_word(random);
    return word & 1 ? special_bytes[word >> 8 & 15] : (uint8_t)(word >> 8);
}

/* Half of the places are among the first 128 bytes, where the headers are. */
static size_t random_place(Random *random, size_t count) {
    const size_t bound = random_below(random, 2) == 0 && count > 128 ? 128 : count;
    return random_below(random, (uint32_t)bound);
}

/* One to four of: another byte, one bit, an end cut off, bytes repeated at the end, a run overwritten. */
static void bytes_damage(Bytes *file, uint64_t number) {
    Random random = random_at(0, RANDOM_TEST, number, 2, 0);
    file->count = 0;
    bytes_add(file, original.bytes, original.count);
    const uint32_t changes = 1 + random_below(&random, 4);
    for (uint32_t change = 0; change < changes && file->count > 0; change++) {
        const size_t place = random_place(&random, file->count);
        switch (random_below(&random, 6)) {
        case 0:
        case 1: file->bytes[place] = random_byte(&random); break;
        case 2: file->bytes[place] ^= (uint8_t)(1u << random_below(&random, 8)); break;
        case 3: file->count = place; break;
        case 4: bytes_add(file, file->bytes + place, file->count - place < 50 ? file->count - place : 50); break;
        default:
            for (size_t i = place; i < file->count && i < place + 4; i++)
                file->bytes[i] = random_byte(&random);
        }
    }
}

/* A failure has a reason in one line. */
static void assert_reason(Context *ctx, Status status, uint64_t number) {
    if (status == SPICA_OK) return;
    const char *reason = spica_context_reason(ctx);
    if ((status != SPICA_ERROR_DATA && status != SPICA_ERROR_IO) || *reason == '\0' || strchr(reason, '\n') != NULL)
        fail_msg("mutation %llu: %s: %s", (unsigned long long)number, spica_status_text(status), reason);
}

typedef Status (*Parse)(Context *ctx, const TestScratch *scratch);

/* Writes damaged versions of `original` to `name`, and parses each. Neither all may pass nor all fail. */
static void parse_damaged(const TestScratch *scratch, const char *name, Parse parse) {
    size_t passed = 0;
    bytes_write(scratch, name, &original);
    Context *ctx = test_context_open();
    ctx->threads = 1;
    TEST_OK(ctx, parse(ctx, scratch));
    for (uint64_t number = 0; number < MUTATIONS; number++) {
        const size_t live = test_state(ctx)->live;
        bytes_damage(&damaged, number);
        /* A new file, because some file systems write a truncated one to disk at once. */
        assert_int_equal(unlink(test_path(scratch, name)), 0);
        bytes_write(scratch, name, &damaged);
        const Status status = parse(ctx, scratch);
        assert_reason(ctx, status, number);
        if (test_state(ctx)->live != live) fail_msg("mutation %llu: memory is lost", (unsigned long long)number);
        passed += status == SPICA_OK;
    }
    assert_true(passed > 0 && passed < MUTATIONS);
    test_scratch_remove(ctx, scratch);
    test_context_close(&ctx);
}

/* What was read can be used: every byte, every text. */
static void dataset_use(const Dataset *dataset) {
    float mean[3], deviation[3];
    dataset_statistics(dataset, mean, deviation);
    for (size_t row = 0; row < dataset->count; row++) {
        assert_true(strlen(dataset->paths[row]) > 0);
        if (dataset->labels == NULL) continue;
        const int32_t label = dataset->labels[row];
        assert_true(label >= -1 && (label < 0 || (size_t)label < dataset->class_count));
        if (label >= 0) assert_non_null(dataset->class_names[label]);
    }
}

static Status parse_folder(Context *ctx, const TestScratch *scratch) {
    const DataSettings settings = {0};
    Dataset dataset;
    const Status status = dataset_open(ctx, &dataset, scratch->path, &settings);
    if (status == SPICA_OK) dataset_use(&dataset);
    dataset_close(ctx, &dataset);
    return status;
}

static Status parse_test_split(Context *ctx, const TestScratch *scratch) {
    const DataSettings settings = {.split = SPLIT_TEST};
    Dataset dataset;
    const Status status = dataset_open(ctx, &dataset, scratch->path, &settings);
    if (status == SPICA_OK) dataset_use(&dataset);
    dataset_close(ctx, &dataset);
    return status;
}

static void write_idx_folder(const TestScratch *scratch) {
    idx_pictures(&original, 5, 6, 7, 0);
    bytes_write(scratch, "train-images-idx3-ubyte", &original);
    bytes_write(scratch, "t10k-images-idx3-ubyte", &original);
    idx_labels(&original, 5, 4, 0);
    bytes_write(scratch, "train-labels-idx1-ubyte", &original);
    bytes_write(scratch, "t10k-labels-idx1-ubyte", &original);
}

static void test_idx_pictures(void **state) {
    (void)state;
    TestScratch scratch = test_scratch();
    write_idx_folder(&scratch);
    idx_pictures(&original, 5, 6, 7, 0);
    parse_damaged(&scratch, "t10k-images-idx3-ubyte", parse_folder);
}

static void test_idx_labels(void **state) {
    (void)state;
    TestScratch scratch = test_scratch();
    write_idx_folder(&scratch);
    idx_labels(&original, 5, 4, 0);
    parse_damaged(&scratch, "t10k-labels-idx1-ubyte", parse_test_split);
}

static void test_idx_gzipped(void **state) {
    (void)state;
    TestScratch scratch = test_scratch();
    idx_pictures(&original, 20, 6, 7, 0);
    bytes_write_gzip(&scratch, "t10k-images-idx3-ubyte.gz", &original);
    bytes_read(&scratch, "t10k-images-idx3-ubyte.gz", &original);
    parse_damaged(&scratch, "t10k-images-idx3-ubyte.gz", parse_test_split);
}

static void test_cifar_records(void **state) {
    (void)state;
    TestScratch scratch = test_scratch();
    text_write(&scratch, "batches.meta.txt", "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n");
    records_make(&original, &cifar10_record, 2, 0);
    parse_damaged(&scratch, "test_batch.bin", parse_test_split);
}

static void test_cifar_names(void **state) {
    (void)state;
    TestScratch scratch = test_scratch();
    records_make(&original, &cifar10_record, 1, 0);
    bytes_write(&scratch, "test_batch.bin", &original);
    original.count = 0;
    bytes_add(&original, "a\nb\nc\nd\r\ne\nf\ng\nh\ni\nj\n", 21);
    parse_damaged(&scratch, "batches.meta.txt", parse_test_split);
}

static void test_cifar100_records(void **state) {
    (void)state;
    TestScratch scratch = test_scratch();
    records_make(&original, &cifar100_record, 2, 0);
    parse_damaged(&scratch, "test.bin", parse_test_split);
}

static void test_cifar100_names(void **state) {
    (void)state;
    TestScratch scratch = test_scratch();
    records_make(&original, &cifar100_record, 1, 0);
    bytes_write(&scratch, "test.bin", &original);
    original.count = 0;
    for (int i = 0; i < 20; i++)
        bytes_add(&original, "fish\n", 5);
    parse_damaged(&scratch, "coarse_label_names.txt", parse_test_split);
}

static void test_stl_pictures(void **state) {
    (void)state;
    TestScratch scratch = test_scratch();
    records_make(&original, &stl10_label_record, 1, 0);
    bytes_write(&scratch, "test_y.bin", &original);
    records_make(&original, &stl10_picture_record, 1, 0);
    parse_damaged(&scratch, "test_X.bin", parse_test_split);
}

static void test_stl_labels(void **state) {
    (void)state;
    TestScratch scratch = test_scratch();
    records_make(&original, &stl10_picture_record, 3, 0);
    bytes_write(&scratch, "test_X.bin", &original);
    records_make(&original, &stl10_label_record, 3, 0);
    parse_damaged(&scratch, "test_y.bin", parse_test_split);
}

static void test_npy_pictures(void **state) {
    (void)state;
    TestScratch scratch = test_scratch();
    npy_bytes(&original, "(2, 3, 4, 5)", 120, 0); /* planes */
    parse_damaged(&scratch, "data.npy", parse_folder);
}

static void test_npy_embeddings(void **state) {
    (void)state;
    TestScratch scratch = test_scratch();
    npy_header(&original, "<f2", "False", "(4, 5)");
    for (size_t i = 0; i < 20; i++) {
        const uint16_t number = (uint16_t)(0x3c00 + i);
        bytes_add(&original, &number, 2);
    }
    parse_damaged(&scratch, "data.npy", parse_folder);
}

static void test_npy_labels(void **state) {
    (void)state;
    TestScratch scratch = test_scratch();
    const int64_t values[] = {5, 0, -1};
    npy_bytes(&original, "(3, 4, 5)", 60, 0);
    bytes_write(&scratch, "data.npy", &original);
    npy_numbers(&original, "<i8", "(3,)", values, 3);
    parse_damaged(&scratch, "label.npy", parse_folder);
}

static Status parse_npz(Context *ctx, const TestScratch *scratch) {
    const DataSettings settings = {0};
    Dataset dataset;
    const Status status = dataset_open(ctx, &dataset, test_path(scratch, "a.npz"), &settings);
    if (status == SPICA_OK) dataset_use(&dataset);
    dataset_close(ctx, &dataset);
    return status;
}

/* Stored and plain, then deflated and zip64. */
static void test_npz(void **state) {
    (void)state;
    static TestZip zip;
    static Bytes array;
    const int64_t values[] = {5, 0, -1};
    for (unsigned packing = 0; packing < 4; packing += 3) {
        TestScratch scratch = test_scratch();
        zip_begin(&zip);
        npy_bytes(&array, "(3, 4, 5)", 60, 0);
        zip_add(&zip, "x.npy", &array, packing);
        npy_numbers(&array, "<i4", "(3,)", values, 3);
        zip_add(&zip, "y.npy", &array, packing);
        zip_finish(&zip, packing != 0, "", &scratch, "a.npz");
        original = zip.file;
        parse_damaged(&scratch, "a.npz", parse_npz);
    }
}

static Status parse_tar(Context *ctx, const TestScratch *scratch) {
    PictureList list = {0};
    const Status status = picture_list_tar(ctx, &list, test_path(scratch, "a.tar"));
    for (size_t i = 0; status == SPICA_OK && i < list.count; i++) {
        const PictureEntry *entry = &list.entries[i];
        assert_true(entry->offset <= damaged.count && entry->size <= damaged.count - entry->offset);
    }
    picture_list_close(ctx, &list);
    return status;
}

static void test_tar(void **state) {
    (void)state;
    TestScratch scratch = test_scratch();
    original.count = 0;
    tar_add(&original, TAR_POSIX, 'x', "pax", "17 path=dogs/one\n10 size=3\n");
    tar_add(&original, TAR_POSIX, '0', "short", "one");
    tar_add(&original, TAR_GNU, 'L', "././@LongLink", "cats/two");
    tar_add(&original, TAR_GNU, '0', "cats/t", "two");
    tar_finish(&original);
    damaged = original; /* which the first reading is of */
    parse_damaged(&scratch, "a.tar", parse_tar);
}

static Status parse_synsets(Context *ctx, const TestScratch *scratch) {
    SynsetTable table = {0};
    Status status = synset_table_read(ctx, &table, test_path(scratch, "list"));
    if (status == SPICA_OK) status = synset_table_read_names(ctx, &table, test_path(scratch, "list"));
    for (size_t i = 0; status == SPICA_OK && i < table.count; i++) {
        assert_true(text_is_synset(table.ids[i]) && strlen(table.names[i]) > 0);
        assert_int_equal(synset_table_find(&table, table.ids[i]), i);
    }
    synset_table_close(ctx, &table);
    return status;
}

static void test_synsets(void **state) {
    (void)state;
    TestScratch scratch = test_scratch();
    static const char text[] = "n02085936 Maltese dog\r\nn02056570\n\nn07747607\torange\nn02128757 orange\n";
    original.count = 0;
    bytes_add(&original, text, sizeof text - 1);
    parse_damaged(&scratch, "list", parse_synsets);
}

static Status parse_npy(Context *ctx, const TestScratch *scratch) {
    NpyArray array;
    const Status status = npy_read(ctx, test_path(scratch, "array.npy"), &array);
    if (status == SPICA_OK) {
        uint32_t sum = 0;
        for (size_t i = 0; i < array.count * npy_item_bytes(array.type); i++)
            sum += ((uint8_t *)array.data)[i];
        assert_true(sum < UINT32_MAX);
    }
    npy_close(ctx, &array);
    return status;
}

static void test_npy(void **state) {
    (void)state;
    TestScratch scratch = test_scratch();
    Context *ctx = test_context_open();
    const float values[12] = {1, 2, 3};
    TEST_OK(ctx, npy_write_float(ctx, test_path(&scratch, "array.npy"), values, 3, 4));
    test_context_close(&ctx);
    bytes_read(&scratch, "array.npy", &original);
    parse_damaged(&scratch, "array.npy", parse_npy);
}

static Status parse_csv(Context *ctx, const TestScratch *scratch) {
    CsvTable table;
    const Status status = csv_read(ctx, test_path(scratch, "table.csv"), &table);
    size_t bytes = 0;
    for (size_t row = 0; status == SPICA_OK && row < table.rows; row++)
        for (size_t column = 0; column < table.columns; column++)
            bytes += strlen(csv_cell(&table, row, column));
    assert_true(bytes < sizeof damaged.bytes);
    csv_close(ctx, &table);
    return status;
}

static void test_csv(void **state) {
    (void)state;
    TestScratch scratch = test_scratch();
    static const char text[] = "path,cluster,confidence\r\na#0,1,0.5\r\n\"b, c\",2,1e-3\n\"x \"\"y\"\"\r\nz\",,\n";
    original.count = 0;
    bytes_add(&original, text, sizeof text - 1);
    parse_damaged(&scratch, "table.csv", parse_csv);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_idx_pictures),
        cmocka_unit_test(test_idx_labels),
        cmocka_unit_test(test_idx_gzipped),
        cmocka_unit_test(test_cifar_records),
        cmocka_unit_test(test_cifar_names),
        cmocka_unit_test(test_cifar100_records),
        cmocka_unit_test(test_cifar100_names),
        cmocka_unit_test(test_stl_pictures),
        cmocka_unit_test(test_stl_labels),
        cmocka_unit_test(test_npy_pictures),
        cmocka_unit_test(test_npy_embeddings),
        cmocka_unit_test(test_npy_labels),
        cmocka_unit_test(test_npz),
        cmocka_unit_test(test_tar),
        cmocka_unit_test(test_synsets),
        cmocka_unit_test(test_npy),
        cmocka_unit_test(test_csv),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
