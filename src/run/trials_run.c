#include "run/trials_run.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "base/files.h"
#include "base/log.h"
#include "base/number.h"
#include "run/clustering_file.h"
#include "run/options_api.h"
#include "run/quality.h"
#include "run/run.h"
#include "run/several_runs.h"
#include "run/trial_results.h"

/* The command's own. */
typedef struct Trials {
    TrialResults results;
    const Options *options; /* the user's */
    const char *data, *path;
    bool begun_here; /* the folder had no trials before */
    bool made_here;  /* there was no folder */
} Trials;

/* ---- the folder ---- */

static Status has_trials(Context *ctx, const char *path, bool *begun) {
    char *record;
    TRY(path_join(ctx, &record, path, RUN_TRIALS_RECORD));
    *begun = path_exists(record);
    FREE_ARRAY(ctx, &record);
    return SPICA_OK;
}

/* A folder without trials: empty, or with `overwrite` a run's, which is removed. */
static Status examine_folder(Context *ctx, const Trials *trials, bool overwrite) {
    RunFolder folder;
    Status status = run_folder_open(ctx, &folder, trials->path, overwrite);
    const bool exists = folder.exists, removed = folder.overwrite;
    run_folder_close(ctx, &folder);
    TRY(status);
    if (exists)
        return context_fail(ctx, SPICA_ERROR_RUN,
                            "%s holds a run without trials: another folder is needed, or --overwrite", trials->path);
    return removed ? run_folder_clear(ctx, trials->path) : SPICA_OK;
}

/* Finds the trials that are gone on with, or begins them. */
static Status begin_folder(Context *ctx, Trials *trials, bool overwrite) {
    bool begun = false;
    trials->made_here = !path_exists(trials->path);
    if (path_is_folder(trials->path)) TRY(has_trials(ctx, trials->path, &begun));
    if (begun && !overwrite) return trial_results_check(ctx, &trials->results, trials->path);
    TRY(begun ? run_folder_clear(ctx, trials->path) : examine_folder(ctx, trials, overwrite));
    TRY(folder_make(ctx, trials->path));
    trials->begun_here = true;
    return trial_results_write(ctx, &trials->results, trials->path);
}

/* Where already the first trial was refused, nothing is left. */
static void undo_folder(Context *ctx, const Trials *trials) {
    if (run_folder_clear(ctx, trials->path) == SPICA_OK && trials->made_here) remove(trials->path);
}

/* *path: where the trial with this seed is. */
static Status trial_path(Context *ctx, const Trials *trials, int64_t seed, char **path) {
    char name[48];
    snprintf(name, sizeof name, RUN_TRIALS "/seed-%" PRId64, seed);
    return path_join(ctx, path, trials->path, name);
}

/* ---- one trial ---- */

/* The user's options with the trial's seed and share of the budget. */
static Status set_options(Context *ctx, const Trials *trials, int64_t seed, spica_options *options) {
    char text[NUMBER_TEXT];
    TRY(options_open(ctx, &options->options));
    TRY(options_copy(ctx, &options->options, trials->options));
    TRY(options_set(ctx, &options->options, "run.trials", "1", SOURCE_USER));
    number_print_integer(text, seed);
    TRY(options_set(ctx, &options->options, "run.seed", text, SOURCE_USER));
    number_print_duration(text, trials->results.budget);
    return options_set(ctx, &options->options, "run.budget", text, SOURCE_USER);
}

static Status read_trial(Context *ctx, Trials *trials, const char *folder, Trial *trial) {
    ClusterTable table;
    json_t *metrics = NULL;
    TRY(several_read_metrics(ctx, folder, &metrics, &trial->seconds));
    json_decref(metrics);
    const Status status = clustering_read(ctx, folder, &table);
    trial->labels = table.clusters;
    trials->results.pictures = table.count;
    table.clusters = NULL;
    cluster_table_close(ctx, &table);
    return status;
}

static void note_failure(Context *ctx, Trial *trial) {
    trial->failed = true;
    trial->quality = quality_unknown();
    trial->seconds = NAN;
    log_warning(ctx, "seed %" PRId64 ": %s; the other trials go on", trial->seed, ctx->reason);
}

static Status run_in(Context *ctx, Trials *trials, Trial *trial, const char *folder) {
    spica_options options = {0};
    Status status = set_options(ctx, trials, trial->seed, &options);
    if (status == SPICA_OK) status = run_cluster(ctx, &options, trials->data, folder, false, NULL, &trial->quality);
    options_close(ctx, &options.options);
    if (status == SPICA_OK) return read_trial(ctx, trials, folder, trial);
    if (status == SPICA_ERROR_NUMERIC) {
        note_failure(ctx, trial);
        return SPICA_OK;
    }
    if (trials->begun_here && trials->results.count == 0 && !path_exists(folder)) undo_folder(ctx, trials);
    return status;
}

static Status run_one(Context *ctx, Trials *trials) {
    TrialResults *results = &trials->results;
    Trial *trial = &results->trials[results->count];
    char *folder = NULL;
    trial->seed = results->seed + (int64_t)results->count;
    log_info(ctx, "trial %zu of %zu: seed %" PRId64, results->count + 1, results->asked, trial->seed);
    TRY(trial_path(ctx, trials, trial->seed, &folder));
    const Status status = run_in(ctx, trials, trial, folder);
    FREE_ARRAY(ctx, &folder);
    TRY(status);
    results->count++;
    TRY(trial_results_choose(ctx, results));
    return trial_results_write(ctx, results, trials->path);
}

/* ---- all ---- */

/* The chosen trial's files stand for the run. */
static Status show_chosen(Context *ctx, const Trials *trials, spica_quality *quality) {
    const TrialResults *results = &trials->results;
    char *folder;
    if (results->chosen == results->count)
        return context_fail(ctx, SPICA_ERROR_NUMERIC, "%s: every trial left the finite numbers", trials->path);
    const Trial *trial = &results->trials[results->chosen];
    if (quality != NULL) *quality = trial->quality;
    log_info(ctx, "seed %" PRId64 " agrees best with the others (ARI %.4f; all pairs %.4f)", trial->seed,
             trial->agreement, results->stability);
    TRY(trial_path(ctx, trials, trial->seed, &folder));
    const Status status = run_folder_copy(ctx, folder, trials->path);
    FREE_ARRAY(ctx, &folder);
    return status;
}

static Status run_all(Context *ctx, Trials *trials, bool overwrite, spica_quality *quality) {
    TrialResults *results = &trials->results;
    TRY(trial_results_open(ctx, results));
    TRY(begin_folder(ctx, trials, overwrite));
    while (results->count < results->asked) {
        TRY(context_check_cancel(ctx));
        TRY(run_one(ctx, trials));
    }
    return show_chosen(ctx, trials, quality);
}

Status trials_run(Context *ctx, const spica_options *options, const char *data, const char *path, bool overwrite,
                  spica_quality *quality) {
    const Options *asked = &options->options;
    const size_t count = (size_t)options_integer(asked, "run.trials");
    Trials trials = {
        .options = asked,
        .data = data,
        .path = path,
        .results = {.seed = options_integer(asked, "run.seed"),
                    .asked = count,
                    .budget = options_real(asked, "run.budget") / (double)count,
                    .clusters = (size_t)options_integer(asked, "run.clusters")},
    };
    if (*path == '\0') return context_fail(ctx, SPICA_ERROR_RUN, "the run folder's path is empty");
    const Status status = run_all(ctx, &trials, overwrite, quality);
    trial_results_close(ctx, &trials.results);
    return status;
}
