/* What a person calls the clusters: clusters-names.csv in the run folder, with the columns cluster and name. */
#ifndef SPICA_RUN_CLUSTER_NAMES_H
#define SPICA_RUN_CLUSTER_NAMES_H

#include "state/run_folder.h"

#define RUN_CLUSTER_NAMES "clusters-names.csv"

/* Clusters of one name are one group. Zeroed may be closed. */
typedef struct ClusterNames {
    size_t clusters;
    const char **names; /* [clusters]: "cluster-07" where there is no other */
    size_t *groups;     /* [clusters]: the group of each, in the order of their first clusters */
    size_t group_count;
    size_t *firsts; /* [group_count]: the first cluster of each group */
    Arena arena;    /* of all of these */
} ClusterNames;

/* To be closed with cluster_names_close, whatever the status. A run without the file has names all the same. Errors:
 * SPICA_ERROR_DATA naming file and line, where a row's cluster is no number below `clusters` or stands there twice;
 * SPICA_ERROR_IO, SPICA_ERROR_MEMORY. */
Status cluster_names_open(Context *ctx, ClusterNames *names, const RunFolder *folder, size_t clusters);
void cluster_names_close(Context *ctx, ClusterNames *names);

#endif
