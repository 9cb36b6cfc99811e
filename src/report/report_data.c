#include "report/report_data.h"

#include <math.h>
#include <string.h>

#include "base/log.h"
#include "run/clustering_file.h"
#include "run/run.h"

/* ---- the run's files ---- */

static Status file_exists(Context *ctx, const ReportData *report, const char *name, bool *exists) {
    char *path;
    TRY(run_folder_path(ctx, &report->folder, name, &path));
    *exists = path_exists(path);
    FREE_ARRAY(ctx, &path);
    return SPICA_OK;
}

static Status read_options(Context *ctx, ReportData *report) {
    TRY(options_open(ctx, &report->options));
    TRY(run_folder_options(ctx, &report->folder, &report->options));
    report->clusters = (size_t)options_integer(&report->options, "run.clusters");
    return SPICA_OK;
}

static Status read_table(Context *ctx, ReportData *report) {
    bool finished;
    TRY(file_exists(ctx, report, RUN_METRICS, &finished));
    if (!finished)
        return context_fail(ctx, SPICA_ERROR_RUN, "%s: the run is not finished: it has no %s", report->folder.path,
                            RUN_METRICS);
    TRY(clustering_read(ctx, report->folder.path, &report->table));
    report->count = report->table.count;
    if (report->table.names.count == 0 && report->table.cluster_count <= report->clusters) return SPICA_OK;
    return context_fail(ctx, SPICA_ERROR_RUN, "%s/%s: clusters beyond the run's %zu", report->folder.path, RUN_CLUSTERS,
                        report->clusters);
}

/* Lines that a crash cut short are passed over. */
static Status read_log(Context *ctx, ReportData *report) {
    char *path = NULL, *bytes = NULL;
    size_t count = 0;
    bool exists;
    TRY(json_new_array(ctx, &report->log));
    TRY(file_exists(ctx, report, RUN_LOG, &exists));
    if (!exists) return SPICA_OK;
    TRY(run_folder_path(ctx, &report->folder, RUN_LOG, &path));
    Status status = file_read(ctx, path, &bytes, &count);
    for (char *line = bytes, *end; status == SPICA_OK && line < bytes + count; line = end + 1) {
        end = memchr(line, '\n', (size_t)(bytes + count - line));
        if (end == NULL) break;
        json_t *value = json_loadb(line, (size_t)(end - line), 0, NULL);
        if (value != NULL) status = json_append(ctx, report->log, value);
    }
    FREE_ARRAY(ctx, &bytes);
    FREE_ARRAY(ctx, &path);
    return status;
}

static Status read_labels(Context *ctx, ReportData *report) {
    if (report->table.labels == NULL) return SPICA_OK;
    TRY(name_table_open(ctx, &report->classes, report->table.labels, report->count));
    if (report->classes.count == 0) return SPICA_OK;
    TRY(NEW_ARRAY(ctx, &report->labels, report->count));
    for (size_t row = 0; row < report->count; row++)
        report->labels[row] = (int32_t)name_table_find(&report->classes, report->table.labels[row]);
    return SPICA_OK;
}

static Status count_bad_files(Context *ctx, ReportData *report) {
    CsvTable table = {0};
    char *path = NULL;
    bool exists;
    TRY(file_exists(ctx, report, RUN_BAD_FILES, &exists));
    if (!exists) return SPICA_OK;
    TRY(run_folder_path(ctx, &report->folder, RUN_BAD_FILES, &path));
    const Status status = csv_read(ctx, path, &table);
    if (status == SPICA_OK) report->bad_files = table.rows;
    csv_close(ctx, &table);
    FREE_ARRAY(ctx, &path);
    return status;
}

static Status read_matrices(Context *ctx, ReportData *report) {
    size_t clusters = report->clusters;
    bool exists;
    TRY(file_exists(ctx, report, RUN_PROBABILITIES, &exists));
    if (exists)
        TRY(run_folder_read_matrix(ctx, &report->folder, RUN_PROBABILITIES, report->count, &clusters,
                                   &report->probabilities));
    TRY(file_exists(ctx, report, RUN_EMBEDDINGS, &exists));
    if (!exists) return SPICA_OK;
    return run_folder_read_matrix(ctx, &report->folder, RUN_EMBEDDINGS, report->count, &report->dimension,
                                  &report->embeddings);
}

static Status read_run(Context *ctx, ReportData *report) {
    TRY(read_options(ctx, report));
    TRY(read_table(ctx, report));
    TRY(run_folder_read_json(ctx, &report->folder, RUN_METRICS, &report->metrics));
    TRY(run_folder_read_json(ctx, &report->folder, RUN_RECORD, &report->record));
    TRY(read_log(ctx, report));
    TRY(read_labels(ctx, report));
    TRY(count_bad_files(ctx, report));
    return read_matrices(ctx, report);
}

/* ---- its pictures ---- */

static Status check_pictures(Context *ctx, const ReportData *report) {
    TRY(dataset_require_pictures(ctx, &report->dataset, "a contact sheet"));
    TRY(run_folder_check_data(ctx, &report->folder, report->dataset.fingerprint));
    if (report->dataset.count != report->count)
        return context_fail(ctx, SPICA_ERROR_RUN, "%s/%s: %zu pictures, but the data has %zu", report->folder.path,
                            RUN_CLUSTERS, report->count, report->dataset.count);
    return SPICA_OK;
}

/* A report without pictures is better than none, whatever it is that keeps them away; but not when there is no memory,
 * or when it was asked to stop. */
static Status forgive(Context *ctx, ReportData *report, Status status) {
    if (status == SPICA_ERROR_MEMORY || status == SPICA_CANCELLED) return status;
    dataset_close(ctx, &report->dataset);
    log_warning(ctx, "report: without pictures: %s", ctx->reason);
    return memory_copy_text(ctx, &report->no_pictures, ctx->reason);
}

static Status open_pictures(Context *ctx, ReportData *report, const char *data) {
    if (data == NULL) data = report_record_text(report, "data", "path");
    Status status = run_open_dataset(ctx, &report->options, data, &report->dataset);
    if (status == SPICA_OK) status = check_pictures(ctx, report);
    return status == SPICA_OK ? SPICA_OK : forgive(ctx, report, status);
}

/* ---- the whole ---- */

Status report_data_open(Context *ctx, ReportData *report, const char *run, const char *data) {
    *report = (ReportData){0};
    TRY(run_folder_open_existing(ctx, &report->folder, run));
    TRY(read_run(ctx, report));
    return open_pictures(ctx, report, data);
}

void report_data_close(Context *ctx, ReportData *report) {
    dataset_close(ctx, &report->dataset);
    FREE_ARRAY(ctx, &report->no_pictures);
    FREE_ARRAY(ctx, &report->embeddings);
    FREE_ARRAY(ctx, &report->probabilities);
    FREE_ARRAY(ctx, &report->labels);
    name_table_close(ctx, &report->classes);
    json_decref(report->log);
    json_decref(report->record);
    json_decref(report->metrics);
    cluster_table_close(ctx, &report->table);
    options_close(ctx, &report->options);
    run_folder_close(ctx, &report->folder);
    *report = (ReportData){0};
}

const char *report_record_text(const ReportData *report, const char *object, const char *key) {
    const json_t *value = json_object_get(report->record, object);
    if (json_is_array(value)) value = json_array_get(value, 0);
    const char *text = json_string_value(json_object_get(value, key));
    return text != NULL ? text : "";
}

double report_metric(const ReportData *report, const char *stage, const char *key) {
    const json_t *object = report->metrics;
    if (stage != NULL) object = json_object_get(json_object_get(object, "stages"), stage);
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : (double)NAN;
}
