#include "run/reliable_record.h"

#include "base/csv.h"
#include "cluster/metrics.h"

static Status measure(Context *ctx, const Run *run, const int32_t *labels, Metrics *metrics) {
    const size_t clusters = (size_t)options_integer(&run->options, "run.clusters"), classes = run->dataset.class_count;
    int64_t *confusion;
    TRY(NEW_ARRAY(ctx, &confusion, clusters * classes));
    confusion_count(confusion, labels, run_scored_labels(run), run->dataset.count, clusters, classes);
    const Status status = metrics_compute(ctx, metrics, confusion, clusters, classes, NULL);
    FREE_ARRAY(ctx, &confusion);
    return status;
}

static Status write_row(Context *ctx, CsvWriter *writer, const char *name, const Metrics *metrics) {
    TRY(csv_add_text(ctx, writer, name));
    TRY(csv_add_integer(ctx, writer, (int64_t)metrics->pictures));
    TRY(csv_add_real(ctx, writer, metrics->acc));
    TRY(csv_add_real(ctx, writer, metrics->nmi));
    TRY(csv_add_real(ctx, writer, metrics->ari));
    return csv_end_row(ctx, writer);
}

static Status write_rows(Context *ctx, CsvWriter *writer, const Metrics *all, const Metrics *reliable) {
    static const char *const header[] = {"labels", "pictures", "acc", "nmi", "ari"};
    for (size_t i = 0; i < sizeof header / sizeof header[0]; i++)
        TRY(csv_add_text(ctx, writer, header[i]));
    TRY(csv_end_row(ctx, writer));
    TRY(write_row(ctx, writer, "all", all));
    TRY(write_row(ctx, writer, "reliable", reliable));
    return csv_writer_commit(ctx, writer);
}

Status reliable_record_write(Context *ctx, const Run *run, const int32_t *predicted, const int32_t *reliable,
                             json_t *facts) {
    Metrics all, sure;
    CsvWriter writer = {0};
    char *path;
    if (run->dataset.labels == NULL) return SPICA_OK;
    TRY(measure(ctx, run, predicted, &all));
    TRY(measure(ctx, run, reliable, &sure));
    TRY(json_add_real(ctx, facts, "all_acc", all.acc));
    TRY(json_add_real(ctx, facts, "reliable_acc", sure.acc));
    TRY(run_folder_path(ctx, &run->folder, RELIABLE_RECORD, &path));
    Status status = csv_writer_open(ctx, &writer, path);
    if (status == SPICA_OK) status = write_rows(ctx, &writer, &all, &sure);
    csv_writer_close(ctx, &writer);
    FREE_ARRAY(ctx, &path);
    return status;
}
