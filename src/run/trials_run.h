/* A run of several trials, of which the one that agrees best with the others is shown. */
#ifndef SPICA_RUN_TRIALS_RUN_H
#define SPICA_RUN_TRIALS_RUN_H

#include <stdbool.h>

#include "base/memory.h"

/* spica_cluster with run.trials above 1: every trial is a run in `path`/trials/seed-SEED, the chosen one's files are
 * copied to `path`. *quality (may be NULL): of the chosen one. */
Status trials_run(Context *ctx, const spica_options *options, const char *data, const char *path, bool overwrite,
                  spica_quality *quality);

#endif
