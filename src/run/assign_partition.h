/* Other pictures, assigned to the clusters of a classic algorithm. */
#ifndef SPICA_RUN_ASSIGN_PARTITION_H
#define SPICA_RUN_ASSIGN_PARTITION_H

#include <stdbool.h>

#include "run/assigned.h"

/* *partition: the path is the folder of a run whose clusters are a classic algorithm's. */
Status run_is_partition(Context *ctx, const char *path, bool *partition);

/* *probabilities: whether the confidences of this run, or of a table, are probabilities. Those of a classic algorithm
 * are, where it is a mixture. */
Status run_gives_probabilities(Context *ctx, const char *path, bool *probabilities);

/* assigned_open for such a run. SPICA_ERROR_OPTION: its algorithm has no rule for other pictures; SPICA_ERROR_RUN: it
 * is not finished; SPICA_ERROR_DATA: pictures of another size than the pixels that were clustered. */
Status assign_by_partition(Context *ctx, Assigned *assigned, const char *run, const char *data,
                           const spica_options *options);

#endif
