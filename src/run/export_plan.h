/* What an export is made of: the clusters, their names, the order of their pictures, and where the pictures are. */
#ifndef SPICA_RUN_EXPORT_PLAN_H
#define SPICA_RUN_EXPORT_PLAN_H

#include "data/dataset.h"
#include "run/cluster_names.h"
#include "state/cluster_table.h"

/* Zeroed may be closed. */
typedef struct ExportPlan {
    const char *run;    /* the caller's */
    ClusterTable table; /* clusters.csv */
    ClusterNames names;
    size_t *ranks;   /* [pictures]: 1 for the surest picture of its group; ties by the order of the data */
    size_t *order;   /* [pictures]: the pictures by group, and in it by rank */
    size_t *sizes;   /* [groups]: pictures */
    bool files;      /* every picture is a file of its own, which its path names from `folder` on */
    char *folder;    /* owned; the folder that DATA is or lies in */
    Dataset dataset; /* where they are not files: the run's pictures */
} ExportPlan;

/* Reads the run's clusters and names. Errors: SPICA_ERROR_RUN where it has none yet, and those of cluster_names_open.
 * To be closed with export_plan_close, whatever the status. */
Status export_plan_open(Context *ctx, ExportPlan *plan, const char *run);
void export_plan_close(Context *ctx, ExportPlan *plan);

/* Finds the pictures in `data` (NULL: where the run found them) and opens those that are no files of their own, under
 * the run's options, and what the caller set of options (may be NULL) under data. Errors: SPICA_ERROR_DATA naming a
 * file that is gone, or where there are no pictures; SPICA_ERROR_RUN where they are not the run's. */
Status export_plan_find_pictures(Context *ctx, ExportPlan *plan, const char *data, const spica_options *options);

/* The group of a picture, and a group's name. */
static inline size_t export_group(const ExportPlan *plan, size_t picture) {
    return plan->names.groups[plan->table.clusters[picture]];
}
static inline const char *export_group_name(const ExportPlan *plan, size_t group) {
    return plan->names.names[plan->names.firsts[group]];
}

/* *path: of the file of a picture, owned by the caller. */
Status export_source_path(Context *ctx, const ExportPlan *plan, size_t picture, char **path);

#endif
