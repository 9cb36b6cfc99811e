/* What the trials of a run gave: trials.csv with a row per trial, trials.json with means and the choice. */
#ifndef SPICA_RUN_TRIAL_RESULTS_H
#define SPICA_RUN_TRIAL_RESULTS_H

#include <jansson.h>
#include <stdbool.h>

#include "base/memory.h"

/* One finished trial. */
typedef struct Trial {
    int64_t seed;
    bool failed;           /* the computation left the finite numbers */
    spica_quality quality; /* of a failed one: nothing is known */
    double seconds;        /* of its stages; NaN when it failed */
    double agreement;      /* mean adjusted Rand index with the others; NaN: none, or failed */
    int32_t *labels;       /* [pictures], owned; NULL when it failed */
} Trial;

/* Zeroed may be closed. */
typedef struct TrialResults {
    int64_t seed;  /* the first one */
    size_t asked;  /* trials in all */
    double budget; /* seconds of every trial, 0: its recipe's length */
    size_t pictures, clusters;
    Trial *trials;    /* owned, room for all */
    size_t count;     /* finished so far */
    size_t chosen;    /* its place; count: none */
    double stability; /* mean agreement of all pairs; NaN with fewer than two */
} TrialResults;

Status trial_results_open(Context *ctx, TrialResults *results);
void trial_results_close(Context *ctx, TrialResults *results);

/* Sets every agreement, the stability, and the chosen trial: the one that agrees best with the others, ties: the
 * smaller seed. No label of the data has a part in it. */
Status trial_results_choose(Context *ctx, TrialResults *results);

/* *object: trials.json's; the caller's until json_decref. */
Status trial_results_json(Context *ctx, const TrialResults *results, json_t **object);

/* Both files of the folder, replaced atomically. */
Status trial_results_write(Context *ctx, const TrialResults *results, const char *folder);

/* SPICA_ERROR_RUN unless the folder's trials.json begins with the same seed and has the same budget of a trial. */
Status trial_results_check(Context *ctx, const TrialResults *results, const char *folder);

#endif
