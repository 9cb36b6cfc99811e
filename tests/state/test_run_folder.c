/* The run folder: new, resumed, refused, overwritten; its records, stages and tables. */
#include "support/testing.h"

#include "state/cluster_table.h"
#include "state/run_stages.h"

static const RunFact libraries[] = {{"onednn", "2.6.0"}, {"openblas", "0.3.21"}};
static const RunRecord record = {
    .command = "spica cluster data -k 10",
    .data = "data",
    .data_kind = "idx",
    .data_name = "fashion-mnist",
    .fingerprint = 0x0123456789abcdefULL,
    .pictures = 3,
    .threads = 2,
    .instruction_set = "avx2",
    .libraries = libraries,
    .library_count = 2,
};

static Options options_with(Context *ctx, const char *key, const char *value) {
    Options options;
    TEST_OK(ctx, options_open(ctx, &options));
    TEST_OK(ctx, options_set(ctx, &options, "run.clusters", "10", SOURCE_USER));
    if (key != NULL) TEST_OK(ctx, options_set(ctx, &options, key, value, SOURCE_USER));
    return options;
}

/* A folder with a run in it. */
static RunFolder folder_with_run(Context *ctx, const char *path, const Options *options) {
    RunFolder folder;
    TEST_OK(ctx, run_folder_open(ctx, &folder, path, false));
    assert_false(folder.exists);
    TEST_OK(ctx, run_folder_begin(ctx, &folder, options, &record));
    assert_true(folder.exists);
    return folder;
}

static void test_new_and_resumed(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const TestScratch scratch = test_scratch();
    const char *path = test_path(&scratch, "deep/run");
    Options options = options_with(ctx, "features.epochs", "2.5");
    RunFolder folder = folder_with_run(ctx, path, &options);
    TEST_OK(ctx, run_folder_end(ctx, &folder, "done"));
    run_folder_close(ctx, &folder);

    TEST_OK(ctx, run_folder_open(ctx, &folder, path, false));
    assert_true(folder.exists);
    Options held;
    TEST_OK(ctx, options_open(ctx, &held));
    TEST_OK(ctx, run_folder_options(ctx, &folder, &held));
    assert_int_equal(options_differ(&options, &held, NULL), -1);
    TEST_OK(ctx, run_folder_check_options(ctx, &folder, &options, NULL));
    TEST_OK(ctx, run_folder_check_data(ctx, &folder, record.fingerprint));
    TEST_OK(ctx, run_folder_begin(ctx, &folder, &options, &record));
    assert_int_equal(test_state(ctx)->warnings, 0);
    json_t *root;
    TEST_OK(ctx, run_folder_read_json(ctx, &folder, RUN_RECORD, &root));
    const json_t *sessions = json_object_get(root, "sessions");
    assert_int_equal(json_array_size(sessions), 2);
    assert_string_equal(json_string_value(json_object_get(json_array_get(sessions, 0), "outcome")), "done");
    assert_true(json_is_null(json_object_get(json_array_get(sessions, 1), "outcome")));
    assert_string_equal(json_string_value(json_object_get(json_object_get(root, "data"), "fingerprint")),
                        "0123456789abcdef");
    json_decref(root);
    options_close(ctx, &held);
    options_close(ctx, &options);
    run_folder_close(ctx, &folder);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

static void test_other_options_and_data_are_refused(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const TestScratch scratch = test_scratch();
    Options options = options_with(ctx, NULL, NULL), other = options_with(ctx, "head.count", "3");
    RunFolder folder = folder_with_run(ctx, test_path(&scratch, "run"), &options);
    TEST_OK(ctx, options_set(ctx, &other, "run.seed", "7", SOURCE_USER));
    TEST_FAILS(ctx, SPICA_ERROR_RUN, "run.seed (0 in the folder, 7 asked for), head.count (10 in the folder, 3 asked",
               run_folder_check_options(ctx, &folder, &other, NULL));
    const char *const seed[] = {"run.seed", NULL}, *const both[] = {"head.count", "run.seed", NULL};
    TEST_FAILS(ctx, SPICA_ERROR_RUN, "other options: head.count", run_folder_check_options(ctx, &folder, &other, seed));
    TEST_OK(ctx, run_folder_check_options(ctx, &folder, &other, both));
    TEST_FAILS(ctx, SPICA_ERROR_RUN, "other pictures (from data", run_folder_check_data(ctx, &folder, 5));

    RunRecord elsewhere = record;
    elsewhere.threads = 4;
    TEST_OK(ctx, run_folder_begin(ctx, &folder, &options, &elsewhere));
    assert_int_equal(test_state(ctx)->warnings, 1);
    assert_non_null(strstr(test_state(ctx)->log, "another threads"));
    options_close(ctx, &other);
    options_close(ctx, &options);
    run_folder_close(ctx, &folder);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

static void test_foreign_folders_are_refused(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const TestScratch scratch = test_scratch();
    RunFolder folder;
    TEST_OK(ctx, file_replace(ctx, test_path(&scratch, "thesis.tex"), "x", 1));
    for (int overwrite = 0; overwrite < 2; overwrite++) {
        TEST_FAILS(ctx, SPICA_ERROR_RUN, "thesis.tex", run_folder_open(ctx, &folder, scratch.path, overwrite));
        run_folder_close(ctx, &folder);
        TEST_FAILS(ctx, SPICA_ERROR_RUN, "is a file",
                   run_folder_open(ctx, &folder, test_path(&scratch, "thesis.tex"), overwrite));
        run_folder_close(ctx, &folder);
    }
    /* Somebody else's config.ini does not make a run. */
    TEST_OK(ctx, folder_make(ctx, test_path(&scratch, "other")));
    TEST_OK(ctx, file_replace(ctx, test_path(&scratch, "other/config.ini"), "x", 1));
    TEST_FAILS(ctx, SPICA_ERROR_RUN, "no run.json", run_folder_open(ctx, &folder, test_path(&scratch, "other"), true));
    run_folder_close(ctx, &folder);
    TEST_FAILS(ctx, SPICA_ERROR_RUN, "is no run folder",
               run_folder_open_existing(ctx, &folder, test_path(&scratch, "none")));
    run_folder_close(ctx, &folder);
    TEST_FAILS(ctx, SPICA_ERROR_RUN, "is no run folder", run_folder_open_existing(ctx, &folder, scratch.path));
    run_folder_close(ctx, &folder);
    /* A folder cannot be made below a file. */
    TEST_OK(ctx, run_folder_open(ctx, &folder, test_path(&scratch, "thesis.tex/run"), false));
    Options options = options_with(ctx, NULL, NULL);
    TEST_FAILS(ctx, SPICA_ERROR_IO, "thesis.tex", run_folder_begin(ctx, &folder, &options, &record));
    options_close(ctx, &options);
    run_folder_close(ctx, &folder);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

static void test_overwrite_removes_only_the_run(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const TestScratch scratch = test_scratch();
    const char *path = test_path(&scratch, "run");
    Options options = options_with(ctx, NULL, NULL), other = options_with(ctx, "head.count", "3");
    RunFolder folder = folder_with_run(ctx, path, &options);
    TEST_OK(ctx, file_replace(ctx, test_path(&scratch, "run/my-notes.txt"), "x", 1));
    TEST_OK(ctx, file_replace(ctx, test_path(&scratch, "run/clusters.csv"), "x", 1));
    TEST_OK(ctx, run_stage_record(ctx, &folder, "features", (const char *const[]){RUN_CLUSTERS, NULL}, NULL));
    run_folder_close(ctx, &folder);
    TEST_OK(ctx, run_folder_open(ctx, &folder, path, true));
    assert_false(folder.exists);
    assert_true(path_exists(test_path(&scratch, "run/clusters.csv")));
    TEST_OK(ctx, run_folder_begin(ctx, &folder, &other, &record));
    assert_false(path_exists(test_path(&scratch, "run/clusters.csv")));
    assert_true(path_exists(test_path(&scratch, "run/my-notes.txt")));
    bool done;
    TEST_OK(ctx, run_stage_find(ctx, &folder, "features", &done, NULL));
    assert_false(done);
    TEST_OK(ctx, run_folder_check_options(ctx, &folder, &other, NULL));
    options_close(ctx, &other);
    options_close(ctx, &options);
    run_folder_close(ctx, &folder);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

static void log_step(Context *ctx, const RunFolder *folder, int step) {
    json_t *line;
    TEST_OK(ctx, json_new_object(ctx, &line));
    TEST_OK(ctx, json_add_integer(ctx, line, "step", step));
    TEST_OK(ctx, json_add_real(ctx, line, "loss", NAN));
    TEST_OK(ctx, run_folder_log(ctx, folder, line));
    json_decref(line);
}

static void test_stages(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const TestScratch scratch = test_scratch();
    Options options = options_with(ctx, NULL, NULL);
    RunFolder folder = folder_with_run(ctx, test_path(&scratch, "run"), &options);
    const float matrix[4] = {1.0f, 2.0f, 3.0f, 4.0f};
    const int32_t labels[2] = {1, -1};
    bool done;
    json_t *facts;
    TEST_OK(ctx, run_stage_start(ctx, &folder, "features"));
    log_step(ctx, &folder, 1);
    TEST_OK(ctx, run_folder_write_matrix(ctx, &folder, RUN_EMBEDDINGS, matrix, 2, 2));
    TEST_OK(ctx, json_new_object(ctx, &facts));
    TEST_OK(ctx, json_add_real(ctx, facts, "seconds", 1.5));
    TEST_OK(ctx, run_stage_record(ctx, &folder, "features", (const char *const[]){RUN_EMBEDDINGS, NULL}, facts));
    json_decref(facts);
    TEST_OK(ctx, run_stage_start(ctx, &folder, "head"));
    log_step(ctx, &folder, 2);
    TEST_OK(ctx, run_folder_write_labels(ctx, &folder, RUN_RELIABLE, labels, 2));
    TEST_OK(ctx, run_stage_record(ctx, &folder, "head", (const char *const[]){RUN_RELIABLE, NULL}, NULL));

    TEST_OK(ctx, run_stage_find(ctx, &folder, "features", &done, &facts));
    assert_true(done);
    assert_true(json_real_value(json_object_get(facts, "seconds")) == 1.5);
    json_decref(facts);
    TEST_OK(ctx, run_stage_find(ctx, &folder, "joint", &done, &facts));
    assert_false(done);
    assert_null(facts);

    /* A stage that begins again logs again from where the one before it ended. */
    log_step(ctx, &folder, 3);
    TEST_OK(ctx, run_stage_start(ctx, &folder, "joint"));
    TEST_OK(ctx, run_stage_start(ctx, &folder, "head"));
    TEST_OK(ctx, run_stage_find(ctx, &folder, "head", &done, NULL));
    assert_false(done);
    char *log;
    size_t count;
    TEST_OK(ctx, file_read(ctx, test_path(&scratch, "run/log.jsonl"), &log, &count));
    assert_string_equal(log, "{\"step\":1,\"loss\":null}\n");
    FREE_ARRAY(ctx, &log);

    /* One changed byte undoes a stage. */
    TEST_OK(ctx, run_folder_write_matrix(ctx, &folder, RUN_EMBEDDINGS, (const float[]){1, 2, 3, 5}, 2, 2));
    TEST_OK(ctx, run_stage_find(ctx, &folder, "features", &done, NULL));
    assert_false(done);
    assert_non_null(strstr(test_state(ctx)->log, "embeddings.npy is missing or damaged"));
    TEST_OK(ctx, run_stage_start(ctx, &folder, "features"));
    TEST_FAILS(ctx, SPICA_ERROR_IO, "head.safetensors",
               run_stage_record(ctx, &folder, "head", (const char *const[]){RUN_HEAD, NULL}, NULL));
    options_close(ctx, &options);
    run_folder_close(ctx, &folder);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

static void test_arrays_are_checked(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const TestScratch scratch = test_scratch();
    Options options = options_with(ctx, NULL, NULL);
    RunFolder folder = folder_with_run(ctx, test_path(&scratch, "run"), &options);
    const float matrix[6] = {1.0f, 2.0f, 3.0f, 4.0f, 5.0f, 6.0f};
    float *values;
    int32_t *labels;
    size_t columns = 0;
    TEST_OK(ctx, run_folder_write_matrix(ctx, &folder, RUN_EMBEDDINGS, matrix, 2, 3));
    TEST_OK(ctx, run_folder_read_matrix(ctx, &folder, RUN_EMBEDDINGS, 2, &columns, &values));
    assert_int_equal(columns, 3);
    assert_memory_equal(values, matrix, sizeof matrix);
    FREE_ARRAY(ctx, &values);
    TEST_FAILS(ctx, SPICA_ERROR_RUN, "embeddings.npy: 2 rows, expected 3",
               run_folder_read_matrix(ctx, &folder, RUN_EMBEDDINGS, 3, &columns, &values));
    columns = 4;
    TEST_FAILS(ctx, SPICA_ERROR_RUN, "3 columns, expected 4",
               run_folder_read_matrix(ctx, &folder, RUN_EMBEDDINGS, 2, &columns, &values));
    TEST_FAILS(ctx, SPICA_ERROR_RUN, "float32 of rank 2, expected int32 of rank 1",
               run_folder_read_labels(ctx, &folder, RUN_EMBEDDINGS, 2, &labels));
    options_close(ctx, &options);
    run_folder_close(ctx, &folder);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

static void test_cluster_table(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const TestScratch scratch = test_scratch();
    const char *path = test_path(&scratch, "clusters.csv");
    const char *const paths[] = {"a,b.png", "train#1", "c\"d.png", "e.png"}, *const names[] = {"cat", "dog"};
    const ClusterRows rows = {
        .count = 4,
        .paths = paths,
        .clusters = (const int32_t[]){2, 0, 1, 1},
        .confidences = (const float[]){0.5f, 1.0f, 0.1f, 0.25f},
        .reliable = (const int32_t[]){2, -1, 1, -1},
        .labels = (const int32_t[]){1, 0, 1, -1},
        .class_names = names,
    };
    TEST_OK(ctx, cluster_table_write(ctx, path, &rows));
    char *text;
    size_t count;
    TEST_OK(ctx, file_read(ctx, path, &text, &count));
    assert_string_equal(text, "path,cluster,confidence,reliable,label\r\n\"a,b.png\",2,0.5,1,dog\r\n"
                              "train#1,0,1,0,cat\r\n\"c\"\"d.png\",1,0.100000001,1,dog\r\ne.png,1,0.25,0,\r\n");
    FREE_ARRAY(ctx, &text);
    ClusterTable table;
    TEST_OK(ctx, cluster_table_read(ctx, path, &table));
    assert_int_equal(table.count, 4);
    assert_integers_equal(table.clusters, rows.clusters, 4);
    assert_memory_equal(table.confidences, rows.confidences, 4 * sizeof(float));
    assert_memory_equal(table.reliable, ((const int8_t[]){1, 0, 1, 0}), 4);
    for (size_t i = 0; i < 4; i++)
        assert_string_equal(table.paths[i], paths[i]);
    assert_string_equal(table.labels[1], "cat");
    cluster_table_close(ctx, &table);

    /* The least that another program may hand in. */
    TEST_OK(ctx, file_replace(ctx, path, "cluster,path\n7,x\n", 17));
    TEST_OK(ctx, cluster_table_read(ctx, path, &table));
    assert_int_equal(table.clusters[0], 7);
    assert_int_equal(table.cluster_count, 8);
    assert_int_equal(table.names.count, 0);
    assert_true(isnan(table.confidences[0]));
    assert_int_equal(table.reliable[0], -1);
    assert_null(table.labels);
    cluster_table_close(ctx, &table);

    /* Where one is no number, or a large one, all are names. */
    static const char named[] = "path,cluster\na,cat\nb,9\nc,-1\nd,4000000000\ne,cat\n";
    TEST_OK(ctx, file_replace(ctx, path, named, strlen(named)));
    TEST_OK(ctx, cluster_table_read(ctx, path, &table));
    assert_int_equal(table.cluster_count, 4);
    assert_integers_equal(table.clusters, ((const int32_t[]){3, 0, 2, 1, 3}), 5);
    assert_string_equal(table.names.names[1], "4000000000");
    cluster_table_close(ctx, &table);
    static const struct {
        const char *text, *words;
    } cases[] = {
        {"path,label\nx,1\n", "no column \"cluster\""},
        {"path,cluster\nx,1\ny,\n", "line 3: cluster \"\": a name"},
        {"path,cluster,confidence\nx,1,high\n", "line 2: confidence \"high\""},
        {"path,cluster,reliable\nx,1,yes\n", "line 2: reliable \"yes\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        TEST_OK(ctx, file_replace(ctx, path, cases[i].text, strlen(cases[i].text)));
        TEST_FAILS(ctx, SPICA_ERROR_DATA, cases[i].words, cluster_table_read(ctx, path, &table));
        cluster_table_close(ctx, &table);
    }
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

static bool is_done(Context *ctx, const RunFolder *folder, const char *stage) {
    bool done;
    TEST_OK(ctx, run_stage_find(ctx, folder, stage, &done, NULL));
    return done;
}

/* Batch norm that trains with the heads moves the backbone of the stage before. */
static void test_stage_rewrites_file(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const TestScratch scratch = test_scratch();
    Options options = options_with(ctx, NULL, NULL);
    RunFolder folder = folder_with_run(ctx, test_path(&scratch, "run"), &options);
    const float first[2] = {1.0f, 2.0f}, second[2] = {3.0f, 4.0f};
    const int32_t labels[2] = {1, -1}, others[2] = {0, 1};
    TEST_OK(ctx, run_folder_write_matrix(ctx, &folder, RUN_EMBEDDINGS, first, 2, 1));
    TEST_OK(ctx, run_stage_record(ctx, &folder, "features", (const char *const[]){RUN_EMBEDDINGS, NULL}, NULL));
    TEST_OK(ctx, run_folder_write_matrix(ctx, &folder, RUN_EMBEDDINGS, second, 2, 1));
    TEST_OK(ctx, run_folder_write_labels(ctx, &folder, RUN_RELIABLE, labels, 2));
    assert_false(is_done(ctx, &folder, "features"));
    TEST_OK(ctx,
            run_stage_record(ctx, &folder, "head", (const char *const[]){RUN_EMBEDDINGS, RUN_RELIABLE, NULL}, NULL));
    assert_true(is_done(ctx, &folder, "features"));
    assert_true(is_done(ctx, &folder, "head"));
    /* Where the later stage must be repeated, so must the one that it began with. */
    TEST_OK(ctx, run_folder_write_labels(ctx, &folder, RUN_RELIABLE, others, 2));
    assert_false(is_done(ctx, &folder, "head"));
    assert_false(is_done(ctx, &folder, "features"));
    options_close(ctx, &options);
    run_folder_close(ctx, &folder);
    test_scratch_remove(ctx, &scratch);
    test_context_close(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_new_and_resumed),
        cmocka_unit_test(test_other_options_and_data_are_refused),
        cmocka_unit_test(test_foreign_folders_are_refused),
        cmocka_unit_test(test_overwrite_removes_only_the_run),
        cmocka_unit_test(test_stages),
        cmocka_unit_test(test_stage_rewrites_file),
        cmocka_unit_test(test_arrays_are_checked),
        cmocka_unit_test(test_cluster_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
