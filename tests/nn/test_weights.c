/* Weights files: round trips, files of Python, refusals, and damaged headers. */
#include "support/testing.h"

#include "base/random.h"
#include "formula.h"
#include "nn/net.h"
#include "nn/safetensors.h"
#include "nn/weights.h"

/* The network that tests/golden/make_nn.py describes: conv1 3 -> 4, bn1, fc 4 -> 5. */
static Net *tiny_net(Context *ctx, const char *prefix, int outputs) {
    Net *net;
    ValueId value;
    char name[64];
    TEST_OK(ctx, net_open(ctx, &net, 3, 4, 4));
    snprintf(name, sizeof name, "%sconv1", prefix);
    TEST_OK(ctx, net_conv(ctx, net, net_input(net), name, 4, 3, 1, 1, &value));
    snprintf(name, sizeof name, "%sbn1", prefix);
    TEST_OK(ctx, net_batch_norm(ctx, net, value, name, 0.1f, &value));
    TEST_OK(ctx, net_global_avg_pool(ctx, net, value, &value));
    snprintf(name, sizeof name, "%sfc", prefix);
    TEST_OK(ctx, net_linear(ctx, net, value, name, outputs, &value));
    TEST_OK(ctx, net_finish(ctx, net));
    return net;
}

static float *tensor_of(const Params *params, const char *name, size_t *count) {
    bool is_buffer;
    const Param *param = params_find(params, name, &is_buffer);
    assert_non_null(param);
    *count = param->count;
    return (is_buffer ? params->buffers : params->values) + param->offset;
}

/* Every tensor holds the noise of its name below `prefix`, counts 77. */
static void fill_by_name(Params *params, const char *prefix) {
    for (int b = 0; b < 2; b++) {
        const Param *table = b == 0 ? params->table : params->buffer_table;
        float *block = b == 0 ? params->values : params->buffers;
        const size_t count = b == 0 ? params->table_count : params->buffer_table_count;
        for (size_t t = 0; t < count; t++)
            if (table[t].kind == PARAM_BATCH_COUNT)
                block[table[t].offset] = 77.0f;
            else
                formula_fill(block + table[t].offset, table[t].count, table[t].name + strlen(prefix), 0.0, 1.0);
    }
    params_changed(params);
}

static const WeightsMeta golden_meta[2] = {{"name", "tiny"}, {"note", "caf\xc3\xa9"}};

/* Our bytes are those that Python writes, and we read them back. */
static void test_same_bytes_as_python(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const TestScratch scratch = test_scratch();
    const char *path = test_path(&scratch, "w.safetensors");
    Net *net = tiny_net(ctx, "", 5);
    Params *params = net_params(net);
    fill_by_name(params, "");
    TEST_OK(ctx, weights_write(ctx, path, params, NULL, golden_meta, 2));
    char *ours, *golden;
    size_t our_count, golden_count;
    TEST_OK(ctx, file_read(ctx, path, &ours, &our_count));
    TEST_OK(ctx, file_read(ctx, GOLDEN_DIR "/nn/float32.safetensors", &golden, &golden_count));
    assert_int_equal(our_count, golden_count);
    assert_memory_equal(ours, golden, golden_count);
    /* Tensors begin on a cache line. */
    assert_int_equal((8 + (unsigned char)ours[0] + 256 * (unsigned char)ours[1]) % 64, 0);
    FREE_ARRAY(ctx, &ours);
    FREE_ARRAY(ctx, &golden);
    net_close(ctx, &net);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

static void test_read_golden(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    Net *net = tiny_net(ctx, "", 5), *expected = tiny_net(ctx, "", 5);
    Params *params = net_params(net), *wanted = net_params(expected);
    fill_by_name(wanted, "");
    WeightsReport report;
    const uint64_t version = params->version;
    TEST_OK(ctx, weights_read(ctx, GOLDEN_DIR "/nn/float32.safetensors", params, NULL, &report));
    assert_true(params->version != version);
    assert_int_equal(report.matched, 8);
    assert_int_equal(report.missing, 0);
    assert_int_equal(report.unexpected, 0);
    assert_memory_equal(params->values, wanted->values, params->count * sizeof(float));
    assert_memory_equal(params->buffers, wanted->buffers, params->buffer_count * sizeof(float));
    assert_non_null(strstr(test_state(ctx)->log, "8 tensors matched, 0 missing, 0 unexpected"));
    net_close(ctx, &net);
    net_close(ctx, &expected);
    test_context_close(&ctx);
}

/* F64, F16 and BF16 become float32; what the file lacks keeps its value; what the network lacks is counted. */
static void test_read_mixed(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    Net *net = tiny_net(ctx, "", 5);
    Params *params = net_params(net);
    WeightsReport report;
    size_t count;
    TEST_OK(ctx, weights_read(ctx, GOLDEN_DIR "/nn/mixed.safetensors", params, NULL, &report));
    assert_int_equal(report.matched, 5);
    assert_int_equal(report.missing, 3);
    assert_int_equal(report.unexpected, 1);
    float expected[108];
    formula_fill(expected, 108, "conv1.weight", 0.0, 1.0);
    assert_close(tensor_of(params, "conv1.weight", &count), expected, 108, 0, 0);
    formula_fill(expected, 4, "bn1.weight", 0.0, 1.0);
    /* binary16 has 11 bits */
    assert_close(tensor_of(params, "bn1.weight", &count), expected, 4, 1e-7, 0x1p-11);
    const float halves[4] = {INFINITY, -0x1p-24f, -0.0f, 65504.0f};
    assert_memory_equal(tensor_of(params, "bn1.bias", &count), halves, sizeof halves);
    formula_fill(expected, 5, "fc.bias", 0.0, 1.0);
    for (int i = 0; i < 5; i++) {
        uint32_t bits;
        memcpy(&bits, &expected[i], sizeof bits);
        bits &= 0xFFFF0000u;
        memcpy(&expected[i], &bits, sizeof bits);
    }
    assert_memory_equal(tensor_of(params, "fc.bias", &count), expected, 5 * sizeof(float));
    assert_true(*tensor_of(params, "bn1.num_batches_tracked", &count) == 77.0f);
    assert_true(*tensor_of(params, "bn1.running_var", &count) == 1.0f);
    net_close(ctx, &net);
    test_context_close(&ctx);
}

/* Written without a prefix, read below another. */
static void test_prefixes(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const TestScratch scratch = test_scratch();
    const char *path = test_path(&scratch, "w.safetensors");
    Net *from = tiny_net(ctx, "query.", 5), *to = tiny_net(ctx, "key.", 5);
    fill_by_name(net_params(from), "query.");
    TEST_OK(ctx, weights_write(ctx, path, net_params(from), "query.", NULL, 0));
    WeightsReport report;
    TEST_FAILS(ctx, SPICA_ERROR_WEIGHTS, "none of its 8 tensors", weights_read(ctx, path, net_params(to), NULL, NULL));
    TEST_OK(ctx, weights_read(ctx, path, net_params(to), "key.", &report));
    assert_int_equal(report.matched, 8);
    assert_memory_equal(net_params(from)->values, net_params(to)->values, net_params(to)->count * sizeof(float));
    /* A prefix chooses: fc.weight and fc.bias, without it. */
    TEST_OK(ctx, weights_write(ctx, path, net_params(from), "query.fc.", NULL, 0));
    SafetensorsHeader header;
    FILE *stream;
    TEST_OK(ctx, safetensors_open(ctx, &header, path, &stream));
    assert_int_equal(header.count, 2);
    assert_string_equal(header.entries[0].name, "bias");
    assert_string_equal(header.entries[1].name, "weight");
    safetensors_header_close(ctx, &header);
    assert_int_equal(fclose(stream), 0);
    net_close(ctx, &from);
    net_close(ctx, &to);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

static void test_metadata(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    WeightsMeta meta[2];
    size_t count;
    TEST_OK(ctx, weights_read_meta(ctx, GOLDEN_DIR "/nn/float32.safetensors", meta, 2, &count));
    assert_int_equal(count, 2);
    assert_string_equal(weights_meta_find(meta, count, "name"), "tiny");
    assert_string_equal(weights_meta_find(meta, count, "note"), "caf\xc3\xa9");
    assert_null(weights_meta_find(meta, count, "absent"));
    TEST_OK(ctx, weights_read_meta(ctx, GOLDEN_DIR "/nn/float32.safetensors", meta, 1, &count));
    assert_int_equal(count, 2);
    TEST_OK(ctx, weights_read_meta(ctx, GOLDEN_DIR "/nn/mixed.safetensors", meta, 2, &count));
    assert_int_equal(count, 0);
    test_context_close(&ctx);
}

/* A network of another shape: nothing is changed, and both shapes are named. */
static void test_other_network(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    Net *wide = tiny_net(ctx, "", 6), *named = tiny_net(ctx, "other.", 5);
    const char *path = GOLDEN_DIR "/nn/float32.safetensors";
    TEST_FAILS(ctx, SPICA_ERROR_WEIGHTS, "\"fc.bias\" has shape [5], the network's \"fc.bias\" has [6]",
               weights_read(ctx, path, net_params(wide), NULL, NULL));
    size_t count;
    assert_true(tensor_of(net_params(wide), "conv1.weight", &count)[0] == 0.0f);
    TEST_FAILS(ctx, SPICA_ERROR_WEIGHTS,
               "none of its 8 tensors (bn1.num_batches_tracked ...) matches the network's 8 (other.conv1.weight ...)",
               weights_read(ctx, path, net_params(named), NULL, NULL));
    net_close(ctx, &wide);
    net_close(ctx, &named);
    TEST_FAILS(ctx, SPICA_ERROR_IO, "/no/such/file", weights_read_meta(ctx, "/no/such/file", NULL, 0, &count));
    test_context_close(&ctx);
}

/* ---- Damaged files ---- */

typedef struct Damage {
    const char *header;
    uint64_t data_bytes;
    const char *words;
} Damage;

static const Damage damages[] = {
    {"", 0, "damaged at byte"},
    {"[]", 0, "no object"},
    {"{\"a\":", 0, "damaged at byte"},
    {"{\"a\":3}", 0, "described by no object"},
    {"{\"a\":{\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "no \"dtype\""},
    {"{\"a\":{\"dtype\":\"F33\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "unknown type \"F33\""},
    {"{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", 4, "no \"shape\""},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}", 4, "no natural number"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1.0],\"data_offsets\":[0,4]}}", 4, "no natural number"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1,1,1,1,1,1],\"data_offsets\":[0,4]}}", 4, "more than 8"},
    /* 2^32 * 2^32 wraps to 0 in 64 bits */
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,0]}}", 0, "too large"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0]}}", 4, "data_offsets"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,0]}}", 4, "data_offsets"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[-4,0]}}", 4, "data_offsets"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}", 4, "needs 8 bytes"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 3, "ends at offset 4 but only 3"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 5, "tensors take 4"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", 8, "hole"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
     "\"b\":{\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":[2,6]}}",
     6, "overlap"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
     "\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}",
     8, "duplicate"},
    {"{\"__metadata__\":7}", 0, "no object"},
    {"{\"__metadata__\":{\"k\":7}}", 0, "no text"},
};

static void test_damaged_headers(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    for (size_t d = 0; d < sizeof damages / sizeof *damages; d++) {
        SafetensorsHeader header = {0};
        TEST_FAILS(ctx, SPICA_ERROR_WEIGHTS, damages[d].words,
                   safetensors_parse(ctx, &header, "f.safetensors", damages[d].header, strlen(damages[d].header),
                                     damages[d].data_bytes));
        assert_memory_equal(spica_context_reason(ctx), "f.safetensors: ", 15);
        safetensors_header_close(ctx, &header);
    }
    /* Empty tensors between others are none of these. */
    const char *fine = "{\"z\":{\"dtype\":\"F32\",\"shape\":[0,3],\"data_offsets\":[4,4]},"
                       "\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]},"
                       "\"b\":{\"dtype\":\"I8\",\"shape\":[2],\"data_offsets\":[4,6]}}   ";
    SafetensorsHeader header = {0};
    TEST_OK(ctx, safetensors_parse(ctx, &header, "f", fine, strlen(fine), 6));
    assert_int_equal(header.count, 3);
    assert_string_equal(header.entries[0].name, "a");
    assert_int_equal(header.entries[0].count, 1);
    safetensors_header_close(ctx, &header);
    test_context_close(&ctx);
}

static void write_bytes(Context *ctx, const char *path, const char *bytes, size_t count) {
    FILE *stream = fopen(path, "wb");
    assert_non_null(stream);
    assert_int_equal(fwrite(bytes, 1, count, stream), count);
    assert_int_equal(fclose(stream), 0);
    (void)ctx;
}

/* A file cut anywhere is refused. */
static void test_truncated(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const TestScratch scratch = test_scratch();
    const char *path = test_path(&scratch, "cut.safetensors");
    Net *net = tiny_net(ctx, "", 5);
    char *bytes;
    size_t count;
    TEST_OK(ctx, file_read(ctx, GOLDEN_DIR "/nn/float32.safetensors", &bytes, &count));
    for (size_t cut = 0; cut < count; cut += cut < 16 ? 1 : 61) {
        write_bytes(ctx, path, bytes, cut);
        TEST_FAILS(ctx, SPICA_ERROR_WEIGHTS, path, weights_read(ctx, path, net_params(net), NULL, NULL));
    }
    memset(bytes, 0xFF, 8);
    write_bytes(ctx, path, bytes, count);
    TEST_FAILS(ctx, SPICA_ERROR_WEIGHTS, "18446744073709551615 bytes",
               weights_read(ctx, path, net_params(net), NULL, NULL));
    FREE_ARRAY(ctx, &bytes);
    net_close(ctx, &net);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

/* Bytes changed, doubled, dropped or replaced by other parts of a good file: whatever the reader says, it neither
 * crashes nor leaks, and what it accepts has entries that fill the data. */
static void mutate(Random *random, char *bytes, size_t *count, size_t capacity) {
    static const char alphabet[] = "{}[]\",:0123456789-.eE\\u\0 F";
    const uint32_t rounds = 1 + random_below(random, 4);
    for (uint32_t r = 0; r<rounds && * count> 2; r++) {
        const size_t at = random_below(random, (uint32_t)*count);
        switch (random_below(random, 4)) {
        case 0: bytes[at] = (char)random_word(random); break;
        case 1: bytes[at] = alphabet[random_below(random, sizeof alphabet)]; break;
        case 2:
            memmove(bytes + at, bytes + at + 1, *count - at - 1);
            (*count)--;
            break;
        default: {
            const size_t from = random_below(random, (uint32_t)*count);
            size_t length = 1 + random_below(random, 40);
            if (length > *count - from) length = *count - from;
            if (length > capacity - *count) length = capacity - *count;
            char piece[40];
            memcpy(piece, bytes + from, length);
            memmove(bytes + at + length, bytes + at, *count - at);
            memcpy(bytes + at, piece, length);
            *count += length;
        }
        }
    }
}

static void test_fuzz_header(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    char *file;
    size_t file_count, accepted = 0;
    TEST_OK(ctx, file_read(ctx, GOLDEN_DIR "/nn/mixed.safetensors", &file, &file_count));
    const size_t length = (unsigned char)file[0] + 256u * (unsigned char)file[1];
    const uint64_t data_bytes = file_count - 8 - length;
    enum { CAPACITY = 4096 };
    for (uint64_t round = 0; round < 20000; round++) {
        Random random = random_at(1, RANDOM_TEST, round, 0, 0);
        char *bytes = malloc(CAPACITY); /* its own block, so that the sanitizers see its end */
        assert_non_null(bytes);
        size_t count = length;
        memcpy(bytes, file + 8, length);
        mutate(&random, bytes, &count, CAPACITY);
        bytes = realloc(bytes, count);
        assert_non_null(bytes);
        SafetensorsHeader header = {0};
        const Status status = safetensors_parse(ctx, &header, "fuzz", bytes, count, data_bytes);
        if (status == SPICA_OK) {
            accepted++;
            uint64_t filled = 0;
            for (size_t e = 0; e < header.count; e++) {
                assert_true(header.entries[e].begin == filled);
                filled = header.entries[e].end;
            }
            assert_true(filled == data_bytes);
        } else {
            assert_int_equal(status, SPICA_ERROR_WEIGHTS);
        }
        safetensors_header_close(ctx, &header);
        free(bytes);
    }
    /* Spaces and names may change without harm, most else may not. */
    assert_true(accepted > 100 && accepted < 12000);
    FREE_ARRAY(ctx, &file);
    test_context_close(&ctx);
}

/* Memory that runs out anywhere is reported and nothing leaks; the file is whole,
 * the old one or, where the folder could not be synced, the new one. */
static void test_out_of_memory(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const TestScratch scratch = test_scratch();
    const char *path = test_path(&scratch, "w.safetensors");
    Net *net = tiny_net(ctx, "", 5);
    fill_by_name(net_params(net), "");
    TEST_OK(ctx, weights_write(ctx, path, net_params(net), NULL, golden_meta, 2));
    TestState *memory = test_state(ctx);
    int failures = 0;
    for (int64_t n = 0;; n++) {
        memory->fail_at = memory->allocations + n;
        const Status written = weights_write(ctx, path, net_params(net), NULL, golden_meta, 1);
        memory->fail_at = -1;
        if (written == SPICA_OK) break;
        assert_int_equal(written, SPICA_ERROR_MEMORY);
        failures++;
        WeightsMeta meta[4];
        size_t count;
        TEST_OK(ctx, weights_read_meta(ctx, path, meta, 4, &count));
        assert_true(count == 2 || count == 1);
    }
    for (int64_t n = 0;; n++) {
        memory->fail_at = memory->allocations + n;
        const Status read = weights_read(ctx, path, net_params(net), NULL, NULL);
        memory->fail_at = -1;
        if (read == SPICA_OK) break;
        assert_int_equal(read, SPICA_ERROR_MEMORY);
        failures++;
    }
    assert_true(failures >= 4);
    net_close(ctx, &net);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_bytes_as_python),
        cmocka_unit_test(test_read_golden),
        cmocka_unit_test(test_read_mixed),
        cmocka_unit_test(test_prefixes),
        cmocka_unit_test(test_metadata),
        cmocka_unit_test(test_other_network),
        cmocka_unit_test(test_damaged_headers),
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_fuzz_header),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
