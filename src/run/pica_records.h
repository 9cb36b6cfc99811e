/* What PICA's training records for the paper's analyses: the confidences of all pictures (Fig. 3) and the predictions
 * of some (Fig. 4) at every evaluation, and at the end each cluster's successes and failures (Fig. 5). Formats:
 * docs/formats.md. */
#ifndef SPICA_RUN_PICA_RECORDS_H
#define SPICA_RUN_PICA_RECORDS_H

#include "data/dataset.h"
#include "state/checkpoint.h"
#include "state/run_folder.h"

#define PICA_CONFIDENCE "pica-confidence.csv"
#define PICA_SNAPSHOTS "pica-snapshots.npy"
#define PICA_SNAPSHOT_ROWS "pica-snapshot-rows.npy"
#define PICA_CASES "pica-cases.csv"

enum { PICA_BINS = 50 };

/* One evaluation: its place in the training, and how many pictures' largest probability falls into each of PICA_BINS
 * equal parts of 0 .. 1. */
typedef struct PicaEvaluation {
    double epoch;
    int64_t step;
    double mean_confidence;
    int64_t bins[PICA_BINS];
} PicaEvaluation;

/* Zeroed may be closed. */
typedef struct PicaRecords {
    PicaEvaluation *evaluations; /* count of them, owned */
    size_t count, capacity;
    int32_t *rows; /* snapshot pictures, ascending, owned */
    size_t snapshot;
    size_t clusters;
    float *snapshots; /* count x snapshot x clusters, owned */
} PicaRecords;

/* Draws `snapshot` of the data set's pictures (all, where there are fewer). */
Status pica_records_open(Context *ctx, PicaRecords *records, size_t snapshot, size_t pictures, size_t clusters,
                         uint64_t seed);
void pica_records_close(Context *ctx, PicaRecords *records);

/* Adds an evaluation of probabilities[pictures x clusters]. */
Status pica_records_add(Context *ctx, PicaRecords *records, const float *probabilities, size_t pictures, double epoch,
                        int64_t step);

/* Adds the evaluations so far to a state; and makes the records as many as a checkpoint holds, to be loaded from it. */
Status pica_records_state(Context *ctx, PicaRecords *records, StateParts *parts);
Status pica_records_make_room(Context *ctx, PicaRecords *records, const Checkpoint *checkpoint);

/* The files of Fig. 3 and 4 as they are so far, each replaced atomically. */
Status pica_records_write(Context *ctx, const PicaRecords *records, const RunFolder *folder);

/* The file of Fig. 5, for a data set with labels: of every cluster the surest pictures of its class (success), of its
 * class in another cluster (false-negative) and of another class (false-positive). A cluster's class is the one that
 * the best matching gives it. */
Status pica_cases_write(Context *ctx, const RunFolder *folder, const Dataset *dataset, const float *probabilities,
                        size_t clusters);

#endif
