/* A clustering as an array: one integer a row, as numpy saves labels; the SPICE program's labels_reliable.npy. */
#ifndef SPICA_RUN_ARRAY_CLUSTERING_H
#define SPICA_RUN_ARRAY_CLUSTERING_H

#include "data/dataset.h"

/* The rows that have a cluster, in their order. Zeroed may be closed. */
typedef struct ArrayClustering {
    Dataset rows;         /* without pixels: names and labels of the rows */
    int32_t *clusters;    /* one per row, owned */
    size_t cluster_count; /* the largest number plus 1 */
} ArrayClustering;

/* path: a .npy of uint8, int32 or int64, N or N x 1; rows below 0 (-1, -100) have no cluster and are left out. labels:
 * a file for dataset_join_labels, or NULL. names: a file for dataset_name_rows, or NULL or "": rows are FILE#ROW.
 * Errors: SPICA_ERROR_DATA naming file and row. */
Status array_clustering_open(Context *ctx, ArrayClustering *clustering, const char *path, const char *labels,
                             const char *names);
void array_clustering_close(Context *ctx, ArrayClustering *clustering);

#endif
