/* A clustering that is read: of a run folder, or a CSV file of this program or another. */
#ifndef SPICA_RUN_CLUSTERING_FILE_H
#define SPICA_RUN_CLUSTERING_FILE_H

#include "state/cluster_table.h"

/* More cells make no sensible matrix; a table that has them takes its pictures' names for clusters or classes. */
#define CONFUSION_CELLS_MOST 100000000

/* path: a run folder, whose clusters.csv is read, or a CSV file with the columns path,cluster. A table of no pictures
 * is refused. To be closed by cluster_table_close in any case. */
Status clustering_read(Context *ctx, const char *path, ClusterTable *table);

/* SPICA_ERROR_DATA where clusters x classes are more than CONFUSION_CELLS_MOST; path for the message. */
Status clustering_check_cells(Context *ctx, const char *path, size_t clusters, size_t classes);

#endif
