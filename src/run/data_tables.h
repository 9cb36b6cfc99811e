/* What a run tells of its data besides the clusters: files that could not be used, and pictures that are the same. */
#ifndef SPICA_RUN_DATA_TABLES_H
#define SPICA_RUN_DATA_TABLES_H

#include "run/run.h"

/* bad-files.csv and duplicates.csv in the run folder, each only where it has rows. Logs how many duplicates there are,
 * with a warning where they are many. */
Status data_tables_write(Context *ctx, const Run *run);

#endif
