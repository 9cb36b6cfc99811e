/* A run of a classic algorithm, and the rows that any run's clusters are judged on. */
#ifndef SPICA_RUN_STAGE_PARTITION_H
#define SPICA_RUN_STAGE_PARTITION_H

#include "methods/partition/partition_file.h"
#include "run/run.h"

/* Rows of a run's own pictures. Zeroed may be closed. */
typedef struct RunRows {
    PartitionInput input; /* its projection, where it has one, is that of the run's file */
    float *values;        /* [pictures x dim], owned */
    size_t dim;
} RunRows;

/* The rows that the run clusters: of a classic algorithm what partition.on names, as they are projected in its file;
 * else embeddings.npy. To be closed whatever the status. */
Status run_rows_open(Context *ctx, RunRows *rows, const Run *run);
void run_rows_close(Context *ctx, RunRows *rows);

/* What a classic algorithm gave for the run's own pictures. Arrays of one number per picture. Zeroed may be closed. */
typedef struct PartitionAnswers {
    int32_t *labels;      /* owned */
    float *confidences;   /* owned; NULL where the algorithm has none */
    float *probabilities; /* [pictures x K], owned; of a mixture, else NULL */
} PartitionAnswers;

/* From the files of the stage. To be closed whatever the status. */
Status partition_answers_open(Context *ctx, PartitionAnswers *answers, const Run *run, const RunRows *rows);
void partition_answers_close(Context *ctx, PartitionAnswers *answers);

/* *dim: numbers of a row that will be clustered, before there are rows. For a method that has the stage. */
Status partition_dimension(Context *ctx, const Run *run, size_t *dim);

/* Before anything is trained: SPICA_ERROR_OPTION or SPICA_ERROR_MEMORY where the algorithm cannot take so many
 * pictures on this machine. For a method that has the stage. */
Status partition_check_run(Context *ctx, const Run *run);

#endif
