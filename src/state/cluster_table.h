/* clusters.csv: path,cluster,confidence,reliable[,label][,name,known], one row per picture in data order. */
#ifndef SPICA_STATE_CLUSTER_TABLE_H
#define SPICA_STATE_CLUSTER_TABLE_H

#include "base/csv.h"
#include "base/name_table.h"

/* What a table is written from; arrays are the caller's, all but clusters and paths may be NULL. */
typedef struct ClusterRows {
    size_t count;
    const char *const *paths;
    const int32_t *clusters;
    const float *confidences;       /* NULL: empty cells */
    const int32_t *reliable;        /* reliable label or -1; NULL: empty cells */
    const int32_t *labels;          /* class numbers, -1: an empty cell; NULL: no column */
    const char *const *class_names; /* of the labels */
    const int32_t *known;           /* labels that were learnt from, -1 for none; NULL: no columns name and known */
    const char *const *names;       /* with `known`: of the first name_count clusters; the others have none */
    size_t name_count;
} ClusterRows;

/* The whole file, replaced atomically. Errors: SPICA_ERROR_IO. */
Status cluster_table_write(Context *ctx, const char *path, const ClusterRows *rows);

/* The same, row by row to any writer: the header, then one row. */
Status cluster_table_header(Context *ctx, CsvWriter *writer, const ClusterRows *rows);
Status cluster_table_row(Context *ctx, CsvWriter *writer, const ClusterRows *rows, size_t row);

/* Cells of whole numbers from 0, all below this, are the clusters' numbers; else cells are names. */
#define CLUSTER_NUMBERS_MOST 1000000

/* A table that was read; it needs the columns path and cluster only. Zeroed may be closed. */
typedef struct ClusterTable {
    size_t count;
    const char **paths;   /* owned, the texts lie in csv */
    int32_t *clusters;    /* owned; 0 .. cluster_count-1 */
    size_t cluster_count; /* the largest number plus 1, whichever occur; or how many names */
    NameTable names;      /* of the clusters, whatever text they are; empty where they are numbers */
    float *confidences;   /* owned; NaN where the cell is empty or the column missing */
    int8_t *reliable;     /* owned; 1, 0, or -1 where the cell is empty or the column missing */
    const char **labels;  /* owned, the texts lie in csv; NULL when the column is missing */
    int8_t *known;        /* owned; 1: the picture's label was learnt from; NULL when the column is missing */
    CsvTable csv;
} ClusterTable;

/* Errors: SPICA_ERROR_IO; SPICA_ERROR_DATA naming file and line (an empty cell of a cluster). */
Status cluster_table_read(Context *ctx, const char *path, ClusterTable *table);
void cluster_table_close(Context *ctx, ClusterTable *table);

#endif
