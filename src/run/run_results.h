/* What a finished run leaves: probabilities.npy, clusters.csv, metrics.json. */
#ifndef SPICA_RUN_RUN_RESULTS_H
#define SPICA_RUN_RUN_RESULTS_H

#include "run/run.h"

/* From model.safetensors and reliable.npy, of a classic algorithm from the files of its stage. quality may be NULL. */
Status run_write_results(Context *ctx, Run *run, spica_quality *quality);

#endif
