/* What ablations and trials share: a folder of several runs, and figures over them. */
#ifndef SPICA_RUN_SEVERAL_RUNS_H
#define SPICA_RUN_SEVERAL_RUNS_H

#include "base/csv.h"
#include "base/json_text.h"

/* Several runs' mean and sample deviation (n - 1). NaN where too few. */
typedef struct Spread {
    double mean, deviation;
} Spread;

Spread spread_measure(const double *values, size_t count);

/* A cell of a table; empty where the value is NaN. */
Status several_add_cell(Context *ctx, CsvWriter *writer, double value);

/* *metrics: metrics.json of a run that has ended, the caller's until json_decref; *seconds: of its stages, summed over
 * the sessions that finished one. */
Status several_read_metrics(Context *ctx, const char *run, json_t **metrics, double *seconds);

/* *record: a JSON file of the folder, the caller's until json_decref. SPICA_ERROR_RUN: it is damaged. */
Status several_read_record(Context *ctx, const char *folder, const char *name, json_t **record);

/* SPICA_ERROR_RUN unless both budgets of a run, in seconds, are the same but for the record's digits. */
Status several_check_budget(Context *ctx, const char *folder, double held, double asked);

#endif
