/* What the runs of an ablation gave: ablation.csv with a row per run, ablation.json with the tables. */
#ifndef SPICA_RUN_ABLATION_RESULTS_H
#define SPICA_RUN_ABLATION_RESULTS_H

#include <jansson.h>

#include "run/ablations.h"
#include "run/several_runs.h"

#define ABLATION_TABLE "ablation.csv"
#define ABLATION_RECORD "ablation.json"

typedef enum AblationOutcome {
    ABLATION_DONE,
    ABLATION_EMPTY,  /* done, but some clusters have no picture */
    ABLATION_FAILED, /* the computation left the finite numbers */
} AblationOutcome;

/* One finished run. */
typedef struct AblationRun {
    const AblationVariant *variant;
    int64_t seed;
    spica_quality quality; /* of a failed run: NaN and 0 */
    double seconds;        /* of its stages, summed over the sessions that finished one; NaN when it failed */
    AblationOutcome outcome;
    char reason[256]; /* of a failed run, else "" */
} AblationRun;

/* Zeroed may be closed. */
typedef struct AblationResults {
    const Ablation *ablation;
    int64_t seed;      /* the first one */
    size_t seeds;      /* runs of every variant */
    double budget;     /* seconds of every run, 0: its recipe's length */
    AblationRun *runs; /* owned, room for all */
    size_t count;      /* finished so far */
} AblationResults;

Status ablation_results_open(Context *ctx, AblationResults *results);
void ablation_results_close(Context *ctx, AblationResults *results);

/* *object: ablation.json's; the caller's until json_decref. */
Status ablation_json(Context *ctx, const AblationResults *results, json_t **object);

/* Both files of the folder, replaced atomically. */
Status ablation_write(Context *ctx, const AblationResults *results, const char *folder);

/* SPICA_ERROR_RUN unless the folder's ablation.json is of the same ablation and the same budget of a run. */
Status ablation_check_record(Context *ctx, const AblationResults *results, const char *folder);

#endif
