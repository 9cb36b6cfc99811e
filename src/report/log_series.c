#include "report/log_series.h"

#include <string.h>

static bool read_point(const json_t *line, const char *stage, const char *x_key, const char *y_key, double *x,
                       double *y) {
    const char *of = json_string_value(json_object_get(line, "stage"));
    const json_t *across = json_object_get(line, x_key), *up = json_object_get(line, y_key);
    if (of == NULL || strcmp(of, stage) != 0 || !json_is_number(across) || !json_is_number(up)) return false;
    *x = json_number_value(across);
    *y = json_number_value(up);
    return true;
}

Status log_series_open(Context *ctx, LogSeries *series, const ReportData *report, const char *stage, const char *x_key,
                       const char *y_key) {
    const size_t lines = json_array_size(report->log);
    *series = (LogSeries){0};
    TRY(NEW_ARRAY(ctx, &series->x, lines));
    TRY(NEW_ARRAY(ctx, &series->y, lines));
    for (size_t i = 0; i < lines; i++)
        if (read_point(json_array_get(report->log, i), stage, x_key, y_key, &series->x[series->count],
                       &series->y[series->count]))
            series->count++;
    return SPICA_OK;
}

void log_series_close(Context *ctx, LogSeries *series) {
    FREE_ARRAY(ctx, &series->x);
    FREE_ARRAY(ctx, &series->y);
    *series = (LogSeries){0};
}
