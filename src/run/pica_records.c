#include "run/pica_records.h"

#include <string.h>

#include "base/csv.h"
#include "base/npy.h"
#include "base/random.h"
#include "run/predict.h"
#include "run/quality.h"

/* Pictures of each kind that a cluster shows. */
#define CASES 10

/* ---- the snapshot's pictures ---- */

static Status draw_rows(Context *ctx, PicaRecords *records, size_t pictures, uint64_t seed) {
    int64_t *order;
    bool *chosen = NULL;
    TRY(NEW_ARRAY(ctx, &order, pictures));
    Random random = random_at(seed, RANDOM_SNAPSHOT, 0, 0, 0);
    random_permutation(&random, order, pictures);
    const Status status = NEW_ZEROED(ctx, &chosen, pictures);
    if (status == SPICA_OK) {
        for (size_t i = 0; i < records->snapshot; i++)
            chosen[order[i]] = true;
        for (size_t row = 0, next = 0; row < pictures; row++)
            if (chosen[row]) records->rows[next++] = (int32_t)row;
    }
    FREE_ARRAY(ctx, &chosen);
    FREE_ARRAY(ctx, &order);
    return status;
}

Status pica_records_open(Context *ctx, PicaRecords *records, size_t snapshot, size_t pictures, size_t clusters,
                         uint64_t seed) {
    *records = (PicaRecords){.snapshot = snapshot < pictures ? snapshot : pictures, .clusters = clusters};
    if (records->snapshot == 0) return SPICA_OK;
    TRY(NEW_ARRAY(ctx, &records->rows, records->snapshot));
    return draw_rows(ctx, records, pictures, seed);
}

void pica_records_close(Context *ctx, PicaRecords *records) {
    FREE_ARRAY(ctx, &records->evaluations);
    FREE_ARRAY(ctx, &records->rows);
    FREE_ARRAY(ctx, &records->snapshots);
    *records = (PicaRecords){0};
}

/* ---- an evaluation ---- */

static Status make_room(Context *ctx, PicaRecords *records, size_t wanted) {
    if (wanted <= records->capacity) return SPICA_OK;
    size_t capacity = records->capacity == 0 ? 16 : records->capacity;
    while (capacity < wanted)
        capacity *= 2;
    const size_t floats = records->snapshot * records->clusters;
    PicaEvaluation *evaluations;
    float *snapshots;
    TRY(NEW_ARRAY(ctx, &evaluations, capacity));
    if (records->count > 0) memcpy(evaluations, records->evaluations, records->count * sizeof *evaluations);
    FREE_ARRAY(ctx, &records->evaluations);
    records->evaluations = evaluations;
    TRY(NEW_ARRAY(ctx, &snapshots, capacity * floats));
    if (records->count * floats > 0) memcpy(snapshots, records->snapshots, records->count * floats * sizeof *snapshots);
    FREE_ARRAY(ctx, &records->snapshots);
    records->snapshots = snapshots;
    records->capacity = capacity;
    return SPICA_OK;
}

static void count_bins(PicaEvaluation *evaluation, const float *probabilities, size_t pictures, size_t clusters) {
    double sum = 0.0;
    for (size_t i = 0; i < pictures; i++) {
        const float *row = probabilities + i * clusters;
        float largest = row[0];
        for (size_t k = 1; k < clusters; k++)
            if (row[k] > largest) largest = row[k];
        const int bin = (int)(largest * (float)PICA_BINS);
        evaluation->bins[bin < PICA_BINS ? bin : PICA_BINS - 1]++;
        sum += (double)largest;
    }
    evaluation->mean_confidence = sum / (double)pictures;
}

Status pica_records_add(Context *ctx, PicaRecords *records, const float *probabilities, size_t pictures, double epoch,
                        int64_t step) {
    const size_t clusters = records->clusters;
    TRY(make_room(ctx, records, records->count + 1));
    float *snapshot = records->snapshots + records->count * records->snapshot * clusters;
    for (size_t i = 0; i < records->snapshot; i++)
        memcpy(snapshot + i * clusters, probabilities + (size_t)records->rows[i] * clusters,
               clusters * sizeof *snapshot);
    PicaEvaluation *evaluation = &records->evaluations[records->count++];
    *evaluation = (PicaEvaluation){.epoch = epoch, .step = step};
    count_bins(evaluation, probabilities, pictures, clusters);
    return SPICA_OK;
}

/* ---- a checkpoint ---- */

#define EVALUATIONS_PART "records.evaluations"

Status pica_records_state(Context *ctx, PicaRecords *records, StateParts *parts) {
    const size_t floats = records->count * records->snapshot * records->clusters;
    TRY(state_parts_add(ctx, parts, records->evaluations, records->count * sizeof *records->evaluations,
                        EVALUATIONS_PART));
    return state_parts_add_floats(ctx, parts, records->snapshots, floats, NULL, "records.snapshots");
}

Status pica_records_make_room(Context *ctx, PicaRecords *records, const Checkpoint *checkpoint) {
    const size_t count = checkpoint_part_bytes(checkpoint, EVALUATIONS_PART) / sizeof *records->evaluations;
    TRY(make_room(ctx, records, count));
    records->count = count;
    return SPICA_OK;
}

/* ---- the files ---- */

static Status write_header(Context *ctx, CsvWriter *writer) {
    char name[16];
    TRY(csv_add_text(ctx, writer, "epoch"));
    TRY(csv_add_text(ctx, writer, "step"));
    TRY(csv_add_text(ctx, writer, "mean_confidence"));
    for (int bin = 0; bin < PICA_BINS; bin++) {
        snprintf(name, sizeof name, "from_%.2f", (double)bin / PICA_BINS);
        TRY(csv_add_text(ctx, writer, name));
    }
    return csv_end_row(ctx, writer);
}

static Status write_evaluation(Context *ctx, CsvWriter *writer, const PicaEvaluation *evaluation) {
    TRY(csv_add_real(ctx, writer, evaluation->epoch));
    TRY(csv_add_integer(ctx, writer, evaluation->step));
    TRY(csv_add_real(ctx, writer, evaluation->mean_confidence));
    for (int bin = 0; bin < PICA_BINS; bin++)
        TRY(csv_add_integer(ctx, writer, evaluation->bins[bin]));
    return csv_end_row(ctx, writer);
}

static Status write_confidence(Context *ctx, const PicaRecords *records, const RunFolder *folder) {
    char *path = NULL;
    CsvWriter writer = {0};
    TRY(run_folder_path(ctx, folder, PICA_CONFIDENCE, &path));
    Status status = csv_writer_open(ctx, &writer, path);
    if (status == SPICA_OK) status = write_header(ctx, &writer);
    for (size_t i = 0; status == SPICA_OK && i < records->count; i++)
        status = write_evaluation(ctx, &writer, &records->evaluations[i]);
    if (status == SPICA_OK) status = csv_writer_commit(ctx, &writer);
    csv_writer_close(ctx, &writer);
    FREE_ARRAY(ctx, &path);
    return status;
}

static Status write_snapshots(Context *ctx, const PicaRecords *records, const RunFolder *folder) {
    const NpyArray array = {
        .type = NPY_FLOAT32,
        .rank = 3,
        .shape = {records->count, records->snapshot, records->clusters},
        .count = records->count * records->snapshot * records->clusters,
        .data = records->snapshots,
    };
    char *path = NULL;
    TRY(run_folder_path(ctx, folder, PICA_SNAPSHOTS, &path));
    const Status status = npy_write(ctx, path, &array);
    FREE_ARRAY(ctx, &path);
    return status;
}

Status pica_records_write(Context *ctx, const PicaRecords *records, const RunFolder *folder) {
    TRY(write_confidence(ctx, records, folder));
    if (records->snapshot == 0) return SPICA_OK;
    TRY(write_snapshots(ctx, records, folder));
    return run_folder_write_labels(ctx, folder, PICA_SNAPSHOT_ROWS, records->rows, records->snapshot);
}

/* ---- successes and failures ---- */

typedef enum CaseKind { CASE_SUCCESS, CASE_FALSE_NEGATIVE, CASE_FALSE_POSITIVE, CASE_KINDS } CaseKind;

static const char *const case_names[CASE_KINDS] = {"success", "false-negative", "false-positive"};

/* The data set with its predictions. */
typedef struct Predictions {
    const Dataset *dataset;
    int32_t *clusters;  /* N */
    float *confidences; /* N */
} Predictions;

/* What picture `row` is to the cluster of this class, or CASE_KINDS: nothing. */
static CaseKind case_of(const Predictions *p, size_t row, size_t cluster, int64_t class) {
    const bool inside = p->clusters[row] == (int32_t)cluster, belongs = p->dataset->labels[row] == class;
    if (inside) return belongs ? CASE_SUCCESS : p->dataset->labels[row] >= 0 ? CASE_FALSE_POSITIVE : CASE_KINDS;
    return belongs ? CASE_FALSE_NEGATIVE : CASE_KINDS;
}

/* Puts the row among the surest CASES of its kind, ties in data order. */
static void keep_case(const Predictions *p, size_t kept[CASES], size_t *count, size_t row) {
    size_t place = *count;
    while (place > 0 && p->confidences[kept[place - 1]] < p->confidences[row])
        place--;
    if (place == CASES) return;
    const size_t last = *count < CASES ? (*count)++ : CASES - 1;
    memmove(kept + place + 1, kept + place, (last - place) * sizeof *kept);
    kept[place] = row;
}

static Status write_case(Context *ctx, CsvWriter *writer, const Predictions *p, size_t cluster, int64_t class,
                         CaseKind kind, size_t row) {
    const Dataset *dataset = p->dataset;
    TRY(csv_add_integer(ctx, writer, (int64_t)cluster));
    TRY(csv_add_text(ctx, writer, dataset->class_names[class]));
    TRY(csv_add_text(ctx, writer, case_names[kind]));
    TRY(csv_add_text(ctx, writer, dataset->paths[row]));
    TRY(csv_add_text(ctx, writer, dataset->class_names[dataset->labels[row]]));
    TRY(csv_add_integer(ctx, writer, p->clusters[row]));
    TRY(csv_add_real(ctx, writer, (double)p->confidences[row]));
    return csv_end_row(ctx, writer);
}

static Status write_cluster(Context *ctx, CsvWriter *writer, const Predictions *p, size_t cluster, int64_t class) {
    size_t kept[CASE_KINDS][CASES], counts[CASE_KINDS] = {0};
    if (class < 0) return SPICA_OK;
    for (size_t row = 0; row < p->dataset->count; row++) {
        const CaseKind kind = case_of(p, row, cluster, class);
        if (kind != CASE_KINDS) keep_case(p, kept[kind], &counts[kind], row);
    }
    for (int kind = 0; kind < CASE_KINDS; kind++)
        for (size_t i = 0; i < counts[kind]; i++)
            TRY(write_case(ctx, writer, p, cluster, class, (CaseKind)kind, kept[kind][i]));
    return SPICA_OK;
}

static Status write_cases(Context *ctx, CsvWriter *writer, const Predictions *p, size_t clusters) {
    static const char *const columns[] = {"cluster", "class", "case", "path", "label", "in_cluster", "confidence"};
    Quality quality;
    Status status = quality_measure(ctx, &quality, p->clusters, p->dataset->count, clusters, p->dataset->labels,
                                    p->dataset->class_count);
    for (size_t i = 0; status == SPICA_OK && i < sizeof columns / sizeof columns[0]; i++)
        status = csv_add_text(ctx, writer, columns[i]);
    if (status == SPICA_OK) status = csv_end_row(ctx, writer);
    for (size_t k = 0; status == SPICA_OK && k < clusters; k++)
        status = write_cluster(ctx, writer, p, k, quality.class_of[k]);
    quality_close(ctx, &quality);
    return status;
}

Status pica_cases_write(Context *ctx, const RunFolder *folder, const Dataset *dataset, const float *probabilities,
                        size_t clusters) {
    Predictions p = {.dataset = dataset};
    CsvWriter writer = {0};
    char *path = NULL;
    if (dataset->labels == NULL || dataset->class_count == 0) return SPICA_OK;
    Status status = run_folder_path(ctx, folder, PICA_CASES, &path);
    if (status == SPICA_OK) status = NEW_ARRAY(ctx, &p.clusters, dataset->count);
    if (status == SPICA_OK) status = NEW_ARRAY(ctx, &p.confidences, dataset->count);
    if (status == SPICA_OK) predict_clusters(probabilities, dataset->count, clusters, p.clusters, p.confidences);
    if (status == SPICA_OK) status = csv_writer_open(ctx, &writer, path);
    if (status == SPICA_OK) status = write_cases(ctx, &writer, &p, clusters);
    if (status == SPICA_OK) status = csv_writer_commit(ctx, &writer);
    csv_writer_close(ctx, &writer);
    FREE_ARRAY(ctx, &p.clusters);
    FREE_ARRAY(ctx, &p.confidences);
    FREE_ARRAY(ctx, &path);
    return status;
}
