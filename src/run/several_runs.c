#include "run/several_runs.h"

#include <math.h>

#include "state/run_folder.h"

Spread spread_measure(const double *values, size_t count) {
    Spread spread = {.mean = NAN, .deviation = NAN};
    if (count == 0) return spread;
    double sum = 0.0, squares = 0.0;
    for (size_t i = 0; i < count; i++)
        sum += values[i];
    spread.mean = sum / (double)count;
    for (size_t i = 0; i < count; i++)
        squares += (values[i] - spread.mean) * (values[i] - spread.mean);
    if (count > 1) spread.deviation = sqrt(squares / (double)(count - 1));
    return spread;
}

Status several_add_cell(Context *ctx, CsvWriter *writer, double value) {
    return isnan(value) ? csv_add_text(ctx, writer, "") : csv_add_real(ctx, writer, value);
}

Status several_read_metrics(Context *ctx, const char *run, json_t **metrics, double *seconds) {
    char *path;
    const char *name;
    json_t *stage;
    TRY(path_join(ctx, &path, run, RUN_METRICS));
    const Status status = json_file_read(ctx, path, metrics);
    FREE_ARRAY(ctx, &path);
    TRY(status);
    *seconds = 0.0;
    json_object_foreach(json_object_get(*metrics, "stages"), name, stage) *seconds +=
        json_number_value(json_object_get(stage, "seconds"));
    return SPICA_OK;
}

Status several_read_record(Context *ctx, const char *folder, const char *name, json_t **record) {
    char *path;
    TRY(path_join(ctx, &path, folder, name));
    const Status status = json_file_read(ctx, path, record);
    FREE_ARRAY(ctx, &path);
    return status == SPICA_ERROR_DATA ? SPICA_ERROR_RUN : status; /* the reason stands: the file is damaged */
}

Status several_check_budget(Context *ctx, const char *folder, double held, double asked) {
    /* The record has 9 digits. */
    if (fabs(held - asked) <= 1e-6 * asked) return SPICA_OK;
    return context_fail(ctx, SPICA_ERROR_RUN,
                        "%s holds runs with a budget of %.6g seconds each (0: none), not %.6g as now (a budget is "
                        "divided among all runs): equal budgets need the same one, or another folder",
                        folder, held, asked);
}
