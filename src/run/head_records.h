/* How every clustering head did after every epoch, and which one the loss chose (SPICE's Fig. 6): heads.csv. Labels are
 * read for this record alone; the choice never sees it. */
#ifndef SPICA_RUN_HEAD_RECORDS_H
#define SPICA_RUN_HEAD_RECORDS_H

#include "cluster/metrics.h"
#include "methods/spice/head.h"
#include "run/run.h"

#define HEAD_RECORDS "heads.csv"

typedef struct HeadRecord {
    HeadScore score;
    double acc, nmi, ari; /* NaN without labels */
} HeadRecord;

/* Zeroed may be closed. */
typedef struct HeadRecords {
    HeadRecord *records; /* count of them, by epoch and head; owned */
    size_t count, capacity;
} HeadRecords;

void head_records_close(Context *ctx, HeadRecords *records);

/* Adds an epoch of `heads` heads with their logits [heads][N x K] and scores, and replaces the file. Where the stage
 * was gone on with, what the file tells of earlier epochs is kept. */
Status head_records_add(Context *ctx, HeadRecords *records, const Run *run, const float *const *logits,
                        const HeadScore *scores, size_t heads);

#endif
