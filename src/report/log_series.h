/* Curves out of log.jsonl. */
#ifndef SPICA_REPORT_LOG_SERIES_H
#define SPICA_REPORT_LOG_SERIES_H

#include "report/report_data.h"

/* Zeroed may be closed. */
typedef struct LogSeries {
    double *x, *y; /* count each, owned */
    size_t count;
} LogSeries;

/* y_key over x_key, of the lines of this stage that have a number under both. */
Status log_series_open(Context *ctx, LogSeries *series, const ReportData *report, const char *stage, const char *x_key,
                       const char *y_key);
void log_series_close(Context *ctx, LogSeries *series);

#endif
