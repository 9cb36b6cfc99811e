/* What a report is made from: a run folder's files and, where they can be read again, its pictures. */
#ifndef SPICA_REPORT_REPORT_DATA_H
#define SPICA_REPORT_REPORT_DATA_H

#include "data/dataset.h"
#include "state/cluster_table.h"
#include "state/run_folder.h"

/* Zeroed may be closed. */
typedef struct ReportData {
    RunFolder folder;
    Options options;      /* the run's own */
    size_t count;         /* N, at least 1 */
    size_t clusters;      /* K */
    ClusterTable table;   /* clusters.csv: N rows, clusters below K */
    json_t *metrics;      /* metrics.json */
    json_t *record;       /* run.json */
    json_t *log;          /* an array: the lines of log.jsonl */
    NameTable classes;    /* the labels that occur; empty where there are none */
    int32_t *labels;      /* N numbers in classes, -1 for none; owned; NULL where there are no classes */
    float *probabilities; /* N x K, owned; NULL where the method has none */
    float *embeddings;    /* N x dimension, owned; NULL where the run has none */
    size_t dimension;
    Dataset dataset;   /* count 0 where the pictures cannot be shown */
    char *no_pictures; /* why, in one line, owned; NULL where they can */
    size_t bad_files;  /* files of DATA that could not be used */
} ReportData;

/* Reads a finished run. data: where its pictures are, or NULL: where run.json says. Pictures that are gone, or are
 * others than the run's, are no error. To be closed in any case. Errors: SPICA_ERROR_RUN where the folder is no
 * finished run, and those of its files. */
Status report_data_open(Context *ctx, ReportData *report, const char *run, const char *data);
void report_data_close(Context *ctx, ReportData *report);

/* Whether there are pictures to show. */
static inline bool report_has_pictures(const ReportData *report) { return report->dataset.pixels != NULL; }

/* The first session's or the data's text in run.json, or "". */
const char *report_record_text(const ReportData *report, const char *object, const char *key);

/* A number of metrics.json, NaN where there is none; stage NULL: of the whole run. */
double report_metric(const ReportData *report, const char *stage, const char *key);

#endif
