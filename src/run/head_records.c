#include "run/head_records.h"

#include <math.h>
#include <string.h>

#include "base/csv.h"
#include "base/number.h"
#include "run/predict.h"
#include "run/quality.h"

void head_records_close(Context *ctx, HeadRecords *records) { FREE_ARRAY(ctx, &records->records); }

static Status make_room(Context *ctx, HeadRecords *records, size_t more) {
    if (records->count + more <= records->capacity) return SPICA_OK;
    const size_t capacity = 2 * (records->count + more);
    HeadRecord *larger;
    TRY(NEW_ARRAY(ctx, &larger, capacity));
    if (records->count > 0) memcpy(larger, records->records, records->count * sizeof *larger);
    FREE_ARRAY(ctx, &records->records);
    records->records = larger;
    records->capacity = capacity;
    return SPICA_OK;
}

static Status measure_head(Context *ctx, const Run *run, const float *logits, int32_t *predicted, HeadRecord *record) {
    const size_t count = run->dataset.count, clusters = (size_t)options_integer(&run->options, "run.clusters");
    Quality quality;
    predict_clusters(logits, count, clusters, predicted, NULL);
    const Status status =
        quality_measure(ctx, &quality, predicted, count, clusters, run->dataset.labels, run->dataset.class_count);
    record->acc = quality.metrics.acc;
    record->nmi = quality.metrics.nmi;
    record->ari = quality.metrics.ari;
    quality_close(ctx, &quality);
    return status;
}

static double cell_number(const CsvTable *table, size_t row, const char *name) {
    const long column = csv_find(table, name);
    double value;
    return column >= 0 && number_parse_real(csv_cell(table, row, (size_t)column), &value) ? value : (double)NAN;
}

/* The rows of epochs before `epoch`, of a file that this program wrote. */
static Status read_earlier(Context *ctx, HeadRecords *records, const char *path, int64_t epoch) {
    CsvTable table = {0};
    if (!path_exists(path)) return SPICA_OK;
    Status status = csv_read(ctx, path, &table);
    if (status == SPICA_OK) status = make_room(ctx, records, table.rows);
    for (size_t row = 0; status == SPICA_OK && row < table.rows; row++) {
        const HeadRecord record = {.score = {.epoch = llround(cell_number(&table, row, "epoch")),
                                             .head = (int)llround(cell_number(&table, row, "head")),
                                             .loss = cell_number(&table, row, "loss"),
                                             .training_loss = cell_number(&table, row, "training_loss")},
                                   .acc = cell_number(&table, row, "acc"),
                                   .nmi = cell_number(&table, row, "nmi"),
                                   .ari = cell_number(&table, row, "ari")};
        if (record.score.epoch < epoch) records->records[records->count++] = record;
    }
    csv_close(ctx, &table);
    return status;
}

/* The record of least loss among records[first .. end-1], the first of equals. */
static size_t least_loss(const HeadRecords *records, size_t first, size_t end) {
    size_t least = first;
    for (size_t i = first; i < end; i++)
        if (records->records[i].score.loss < records->records[least].score.loss) least = i;
    return least;
}

static Status write_row(Context *ctx, CsvWriter *writer, const HeadRecord *record, bool epoch_best, bool selected) {
    const double figures[] = {record->score.loss, record->score.training_loss, record->acc, record->nmi, record->ari};
    TRY(csv_add_integer(ctx, writer, record->score.epoch));
    TRY(csv_add_integer(ctx, writer, record->score.head));
    for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++)
        TRY(isfinite(figures[i]) ? csv_add_real(ctx, writer, figures[i]) : csv_add_text(ctx, writer, ""));
    TRY(csv_add_integer(ctx, writer, epoch_best));
    TRY(csv_add_integer(ctx, writer, selected));
    return csv_end_row(ctx, writer);
}

static Status write_rows(Context *ctx, CsvWriter *writer, const HeadRecords *records, size_t heads) {
    static const char *const header[] = {"epoch", "head", "loss",       "training_loss", "acc",
                                         "nmi",   "ari",  "epoch_best", "selected"};
    for (size_t i = 0; i < sizeof header / sizeof header[0]; i++)
        TRY(csv_add_text(ctx, writer, header[i]));
    TRY(csv_end_row(ctx, writer));
    const size_t selected = least_loss(records, 0, records->count);
    for (size_t first = 0; first < records->count; first += heads) {
        const size_t end = first + heads < records->count ? first + heads : records->count;
        const size_t best = least_loss(records, first, end);
        for (size_t i = first; i < end; i++)
            TRY(write_row(ctx, writer, &records->records[i], i == best, i == selected));
    }
    return csv_writer_commit(ctx, writer);
}

static Status write_file(Context *ctx, const HeadRecords *records, const char *path, size_t heads) {
    CsvWriter writer = {0};
    Status status = csv_writer_open(ctx, &writer, path);
    if (status == SPICA_OK) status = write_rows(ctx, &writer, records, heads);
    csv_writer_close(ctx, &writer);
    return status;
}

static Status add_epoch(Context *ctx, HeadRecords *records, const Run *run, const float *const *logits,
                        const HeadScore *scores, size_t heads) {
    int32_t *predicted;
    TRY(make_room(ctx, records, heads));
    TRY(NEW_ARRAY(ctx, &predicted, run->dataset.count));
    Status status = SPICA_OK;
    for (size_t h = 0; status == SPICA_OK && h < heads; h++) {
        HeadRecord *record = &records->records[records->count++];
        *record = (HeadRecord){.score = scores[h]};
        status = measure_head(ctx, run, logits[h], predicted, record);
    }
    FREE_ARRAY(ctx, &predicted);
    return status;
}

Status head_records_add(Context *ctx, HeadRecords *records, const Run *run, const float *const *logits,
                        const HeadScore *scores, size_t heads) {
    char *path;
    TRY(run_folder_path(ctx, &run->folder, HEAD_RECORDS, &path));
    Status status = SPICA_OK;
    if (records->count == 0 && scores[0].epoch > 0) status = read_earlier(ctx, records, path, scores[0].epoch);
    if (status == SPICA_OK) status = add_epoch(ctx, records, run, logits, scores, heads);
    if (status == SPICA_OK) status = write_file(ctx, records, path, heads);
    FREE_ARRAY(ctx, &path);
    return status;
}
