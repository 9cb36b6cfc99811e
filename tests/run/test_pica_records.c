/* What PICA's training records, from probabilities that the tests choose: every number of the files is known. */
#include "run/pica_records.h"

#include "base/csv.h"
#include "support/testing.h"

/* A folder for the files of records. */
typedef struct Place {
    Context *ctx;
    TestScratch scratch;
    RunFolder folder;
} Place;

static void place_open(Place *place) {
    *place = (Place){.ctx = test_context_open(), .scratch = test_scratch()};
    place->folder.path = place->scratch.path;
}

static void place_close(Place *place) {
    test_scratch_remove(place->ctx, &place->scratch);
    test_context_close(&place->ctx);
}

/* ---- confidences ---- */

enum { SURE_CLUSTERS = 3, SURE_MOST = 4 * PICA_BINS };

/* The evaluation of pictures with these largest probabilities, of one cluster after the other. */
static PicaEvaluation evaluation_of(Context *ctx, const float *largest, size_t pictures) {
    static float probabilities[SURE_MOST * SURE_CLUSTERS];
    PicaRecords records;
    assert_true(pictures <= SURE_MOST);
    memset(probabilities, 0, sizeof probabilities);
    for (size_t i = 0; i < pictures; i++)
        probabilities[i * SURE_CLUSTERS + i % SURE_CLUSTERS] = largest[i];
    TEST_OK(ctx, pica_records_open(ctx, &records, 0, pictures, SURE_CLUSTERS, 1));
    TEST_OK(ctx, pica_records_add(ctx, &records, probabilities, pictures, 1.5, 20));
    assert_int_equal(records.count, 1);
    const PicaEvaluation evaluation = records.evaluations[0];
    pica_records_close(ctx, &records);
    return evaluation;
}

/* A bin holds where it begins, its middle and what is just below its end; the last one 1 too. */
static void test_bins(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    float largest[3 * PICA_BINS + 1];
    int64_t expected[PICA_BINS];
    for (int bin = 0; bin < PICA_BINS; bin++) {
        largest[3 * bin] = (float)bin / PICA_BINS;
        largest[3 * bin + 1] = ((float)bin + 0.5f) / PICA_BINS;
        largest[3 * bin + 2] = ((float)bin + 0.9999f) / PICA_BINS;
        expected[bin] = 3;
    }
    largest[3 * PICA_BINS] = 1.0f;
    expected[PICA_BINS - 1]++;
    const PicaEvaluation found = evaluation_of(ctx, largest, 3 * PICA_BINS + 1);
    assert_integers_equal(found.bins, expected, PICA_BINS);
    test_context_close(&ctx);
}

/* Every picture counts once. */
static void test_bins_sum_to_the_pictures(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    enum { PICTURES = 173 };
    float largest[PICTURES];
    int64_t sum = 0;
    for (size_t i = 0; i < PICTURES; i++)
        largest[i] = (float)(i * 37 % PICTURES) / (PICTURES - 1);
    const PicaEvaluation found = evaluation_of(ctx, largest, PICTURES);
    for (int bin = 0; bin < PICA_BINS; bin++)
        sum += found.bins[bin];
    assert_int_equal(sum, PICTURES);
    test_context_close(&ctx);
}

static void test_mean_confidence(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    const float largest[] = {0.375f, 0.5f, 0.75f, 1.0f, 0.625f};
    const PicaEvaluation found = evaluation_of(ctx, largest, 5);
    assert_true(found.mean_confidence == 0.65);
    assert_true(found.epoch == 1.5);
    assert_int_equal(found.step, 20);
    test_context_close(&ctx);
}

/* ---- snapshots ---- */

/* More evaluations than the records have room for at first. */
enum { PICTURES = 30, CLUSTERS = 3, SNAPSHOT = 7, EVALUATIONS = 20 };

/* No probabilities, but numbers that tell where they stand. */
static float value_at(size_t evaluation, size_t picture, size_t cluster) {
    return (float)((evaluation * PICTURES + picture) * CLUSTERS + cluster) / 2048.0f;
}

static void add_evaluation(Context *ctx, PicaRecords *records) {
    float probabilities[PICTURES * CLUSTERS];
    const size_t evaluation = records->count;
    for (size_t i = 0; i < PICTURES; i++)
        for (size_t k = 0; k < CLUSTERS; k++)
            probabilities[i * CLUSTERS + k] = value_at(evaluation, i, k);
    TEST_OK(ctx,
            pica_records_add(ctx, records, probabilities, PICTURES, (double)evaluation / 4.0, 3 * (int64_t)evaluation));
}

static void test_snapshot_rows(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    PicaRecords records, same, other, all;
    TEST_OK(ctx, pica_records_open(ctx, &records, SNAPSHOT, PICTURES, CLUSTERS, 3));
    TEST_OK(ctx, pica_records_open(ctx, &same, SNAPSHOT, PICTURES, CLUSTERS, 3));
    TEST_OK(ctx, pica_records_open(ctx, &other, SNAPSHOT, PICTURES, CLUSTERS, 4));
    TEST_OK(ctx, pica_records_open(ctx, &all, PICTURES + 1, PICTURES, CLUSTERS, 3));
    assert_int_equal(records.snapshot, SNAPSHOT);
    for (size_t i = 0; i < SNAPSHOT; i++) {
        assert_in_range(records.rows[i], 0, PICTURES - 1);
        if (i > 0) assert_true(records.rows[i - 1] < records.rows[i]);
    }
    assert_memory_equal(same.rows, records.rows, SNAPSHOT * sizeof *records.rows);
    assert_memory_not_equal(other.rows, records.rows, SNAPSHOT * sizeof *records.rows);
    assert_int_equal(all.snapshot, PICTURES);
    for (int32_t i = 0; i < PICTURES; i++)
        assert_int_equal(all.rows[i], i);
    pica_records_close(ctx, &records);
    pica_records_close(ctx, &same);
    pica_records_close(ctx, &other);
    pica_records_close(ctx, &all);
    test_context_close(&ctx);
}

/* pica-snapshot-rows.npy holds the rows, pica-snapshots.npy what these pictures had at every evaluation. */
static void check_snapshots(Place *place, const PicaRecords *records) {
    NpyArray rows, values;
    TEST_OK(place->ctx, npy_read(place->ctx, test_path(&place->scratch, PICA_SNAPSHOT_ROWS), &rows));
    TEST_OK(place->ctx, npy_read(place->ctx, test_path(&place->scratch, PICA_SNAPSHOTS), &values));
    const int32_t *row = rows.data;
    const float *value = values.data;
    const size_t shape[] = {records->count, SNAPSHOT, CLUSTERS};
    assert_int_equal(rows.type, NPY_INT32);
    assert_int_equal(rows.rank, 1);
    assert_int_equal(rows.count, SNAPSHOT);
    assert_integers_equal(row, records->rows, SNAPSHOT);
    assert_int_equal(values.type, NPY_FLOAT32);
    assert_int_equal(values.rank, 3);
    assert_integers_equal(values.shape, shape, 3);
    for (size_t s = 0; s < records->count; s++)
        for (size_t i = 0; i < SNAPSHOT; i++)
            for (size_t k = 0; k < CLUSTERS; k++)
                if (*value++ != value_at(s, (size_t)row[i], k))
                    fail_msg("evaluation %zu, picture %d, cluster %zu", s, (int)row[i], k);
    npy_close(place->ctx, &rows);
    npy_close(place->ctx, &values);
}

/* pica-confidence.csv has a row for every evaluation. */
static void check_confidence(Place *place, const PicaRecords *records) {
    CsvTable table;
    TEST_OK(place->ctx, csv_read(place->ctx, test_path(&place->scratch, PICA_CONFIDENCE), &table));
    assert_int_equal(table.columns, 3 + PICA_BINS);
    assert_int_equal(table.rows, records->count);
    assert_int_equal(csv_find(&table, "epoch"), 0);
    assert_int_equal(csv_find(&table, "step"), 1);
    assert_int_equal(csv_find(&table, "mean_confidence"), 2);
    assert_int_equal(csv_find(&table, "from_0.00"), 3);
    assert_int_equal(csv_find(&table, "from_0.98"), 2 + PICA_BINS);
    for (size_t s = 0; s < table.rows; s++) {
        const PicaEvaluation *evaluation = &records->evaluations[s];
        assert_true(strtod(csv_cell(&table, s, 0), NULL) == (double)s / 4.0);
        assert_int_equal(strtol(csv_cell(&table, s, 1), NULL, 10), 3 * s);
        assert_true(fabs(strtod(csv_cell(&table, s, 2), NULL) - evaluation->mean_confidence) < 1e-8);
        for (size_t bin = 0; bin < PICA_BINS; bin++)
            assert_int_equal(strtol(csv_cell(&table, s, 3 + bin), NULL, 10), evaluation->bins[bin]);
    }
    csv_close(place->ctx, &table);
}

static void test_files(void **state) {
    (void)state;
    Place place;
    PicaRecords records;
    place_open(&place);
    TEST_OK(place.ctx, pica_records_open(place.ctx, &records, SNAPSHOT, PICTURES, CLUSTERS, 3));
    while (records.count < EVALUATIONS) {
        add_evaluation(place.ctx, &records);
        if (records.count != 1 && records.count != EVALUATIONS) continue;
        TEST_OK(place.ctx, pica_records_write(place.ctx, &records, &place.folder));
        check_snapshots(&place, &records);
        check_confidence(&place, &records);
    }
    pica_records_close(place.ctx, &records);
    place_close(&place);
}

static void test_no_snapshot(void **state) {
    (void)state;
    Place place;
    PicaRecords records;
    place_open(&place);
    TEST_OK(place.ctx, pica_records_open(place.ctx, &records, 0, PICTURES, CLUSTERS, 3));
    add_evaluation(place.ctx, &records);
    TEST_OK(place.ctx, pica_records_write(place.ctx, &records, &place.folder));
    check_confidence(&place, &records);
    assert_false(path_exists(test_path(&place.scratch, PICA_SNAPSHOTS)));
    assert_false(path_exists(test_path(&place.scratch, PICA_SNAPSHOT_ROWS)));
    pica_records_close(place.ctx, &records);
    place_close(&place);
}

/* ---- successes and failures ---- */

enum { CAT, DOG, NONE = -1 };

enum { CASE_PICTURES_MOST = 70, CASE_CLUSTERS = 3 };

/* A picture, where it was put and how surely, and its class. */
typedef struct Picture {
    int32_t cluster;
    float confidence;
    int32_t label;
} Picture;

/* Writes the cases of pictures 0.png, 1.png ... */
static void write_cases(Place *place, const Picture *pictures, size_t count, bool labelled) {
    static char cat[] = "cat", dog[] = "dog", names[CASE_PICTURES_MOST][32];
    static float probabilities[CASE_PICTURES_MOST * CASE_CLUSTERS];
    char *classes[] = {cat, dog}, *paths[CASE_PICTURES_MOST];
    int32_t labels[CASE_PICTURES_MOST];
    assert_true(count <= CASE_PICTURES_MOST);
    for (size_t i = 0; i < count; i++) {
        for (int32_t k = 0; k < CASE_CLUSTERS; k++)
            probabilities[i * CASE_CLUSTERS + (size_t)k] = k == pictures[i].cluster
                                                               ? pictures[i].confidence
                                                               : (1.0f - pictures[i].confidence) / (CASE_CLUSTERS - 1);
        labels[i] = pictures[i].label;
        snprintf(names[i], sizeof names[i], "%zu.png", i);
        paths[i] = names[i];
    }
    Dataset dataset = {.count = count, .paths = paths};
    if (labelled) {
        dataset.labels = labels;
        dataset.class_names = classes;
        dataset.class_count = 2;
    }
    TEST_OK(place->ctx, pica_cases_write(place->ctx, &place->folder, &dataset, probabilities, CASE_CLUSTERS));
}

/* Cluster 0 is of dogs, cluster 2 of cats and cluster 1 of nothing, since there are two classes. Picture 6 has no
 * label. */
static const Picture some_pictures[] = {{2, 0.75f, CAT},   {2, 0.875f, CAT},  {2, 0.75f, CAT},    {0, 0.625f, CAT},
                                        {0, 0.75f, DOG},   {0, 0.9375f, DOG}, {0, 0.6875f, NONE}, {1, 0.5f, DOG},
                                        {2, 0.5625f, DOG}, {0, 0.625f, CAT}};

static void test_cases(void **state) {
    (void)state;
    static const char expected[] = "cluster,class,case,path,label,in_cluster,confidence\r\n"
                                   "0,dog,success,5.png,dog,0,0.9375\r\n"
                                   "0,dog,success,4.png,dog,0,0.75\r\n"
                                   "0,dog,false-negative,8.png,dog,2,0.5625\r\n"
                                   "0,dog,false-negative,7.png,dog,1,0.5\r\n"
                                   "0,dog,false-positive,3.png,cat,0,0.625\r\n"
                                   "0,dog,false-positive,9.png,cat,0,0.625\r\n"
                                   "2,cat,success,1.png,cat,2,0.875\r\n"
                                   "2,cat,success,0.png,cat,2,0.75\r\n"
                                   "2,cat,success,2.png,cat,2,0.75\r\n"
                                   "2,cat,false-negative,3.png,cat,0,0.625\r\n"
                                   "2,cat,false-negative,9.png,cat,0,0.625\r\n"
                                   "2,cat,false-positive,8.png,dog,2,0.5625\r\n";
    Place place;
    char *text;
    size_t bytes;
    place_open(&place);
    write_cases(&place, some_pictures, sizeof some_pictures / sizeof some_pictures[0], true);
    TEST_OK(place.ctx, file_read(place.ctx, test_path(&place.scratch, PICA_CASES), &text, &bytes));
    assert_string_equal(text, expected);
    FREE_ARRAY(place.ctx, &text);
    place_close(&place);
}

static void test_no_labels_no_cases(void **state) {
    (void)state;
    Place place;
    place_open(&place);
    write_cases(&place, some_pictures, sizeof some_pictures / sizeof some_pictures[0], false);
    assert_false(path_exists(test_path(&place.scratch, PICA_CASES)));
    place_close(&place);
}

/* Rounds of five pictures: a success, a false negative and a false positive of cluster 0, and two successes of cluster
 * 1, which make it that of the dogs. A round's confidence is one of five, so that the tenth place is among equals. */
enum { ROUNDS = 14, ROUND = 5, SHOWN = 10 };

static const size_t surest_rounds[SHOWN] = {4, 9, 3, 8, 13, 2, 7, 12, 1, 6};

static void test_surest_ten(void **state) {
    (void)state;
    static const Picture round[ROUND] = {{0, 0, CAT}, {1, 0, CAT}, {0, 0, DOG}, {1, 0, DOG}, {1, 0, DOG}};
    static const char *const kinds[] = {"success", "false-negative", "false-positive"};
    Place place;
    CsvTable table;
    Picture pictures[ROUNDS * ROUND];
    place_open(&place);
    for (size_t i = 0; i < ROUNDS * ROUND; i++) {
        pictures[i] = round[i % ROUND];
        pictures[i].confidence = 0.5f + 0.0625f * (float)(i / ROUND % 5);
    }
    write_cases(&place, pictures, ROUNDS * ROUND, true);
    TEST_OK(place.ctx, csv_read(place.ctx, test_path(&place.scratch, PICA_CASES), &table));
    assert_int_equal(table.rows, 2 * 3 * SHOWN);
    for (size_t kind = 0; kind < 3; kind++)
        for (size_t i = 0; i < SHOWN; i++) {
            const size_t row = kind * SHOWN + i;
            assert_string_equal(csv_cell(&table, row, 0), "0");
            assert_string_equal(csv_cell(&table, row, 2), kinds[kind]);
            assert_int_equal(strtoul(csv_cell(&table, row, 3), NULL, 10), surest_rounds[i] * ROUND + kind);
        }
    csv_close(place.ctx, &table);
    place_close(&place);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bins),
        cmocka_unit_test(test_bins_sum_to_the_pictures),
        cmocka_unit_test(test_mean_confidence),
        cmocka_unit_test(test_snapshot_rows),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_no_snapshot),
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_no_labels_no_cases),
        cmocka_unit_test(test_surest_ten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
