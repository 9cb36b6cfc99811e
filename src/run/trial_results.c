#include "run/trial_results.h"

#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "base/csv.h"
#include "base/json_text.h"
#include "cluster/metrics.h"
#include "run/several_runs.h"
#include "state/run_folder.h"

Status trial_results_open(Context *ctx, TrialResults *results) {
    results->stability = NAN;
    return NEW_ZEROED(ctx, &results->trials, results->asked);
}

void trial_results_close(Context *ctx, TrialResults *results) {
    for (size_t i = 0; results->trials != NULL && i < results->asked; i++)
        FREE_ARRAY(ctx, &results->trials[i].labels);
    FREE_ARRAY(ctx, &results->trials);
}

/* ---- the choice ---- */

/* The adjusted Rand index of two trials. */
static Status measure_pair(Context *ctx, const TrialResults *results, const Trial *a, const Trial *b, double *ari) {
    const size_t clusters = results->clusters;
    int64_t *confusion;
    TRY(NEW_ARRAY(ctx, &confusion, clusters * clusters));
    confusion_count(confusion, a->labels, b->labels, results->pictures, clusters, clusters);
    const Status status = metrics_ari(ctx, ari, confusion, clusters, clusters);
    FREE_ARRAY(ctx, &confusion);
    return status;
}

/* sums[count]: of each trial's agreement with the others; *done: how many have not failed. */
static Status sum_agreements(Context *ctx, const TrialResults *results, double *sums, size_t *done) {
    *done = 0;
    for (size_t i = 0; i < results->count; i++) {
        *done += !results->trials[i].failed;
        for (size_t j = 0; j < i; j++) {
            double ari;
            if (results->trials[i].failed || results->trials[j].failed) continue;
            TRY(measure_pair(ctx, results, &results->trials[i], &results->trials[j], &ari));
            sums[i] += ari;
            sums[j] += ari;
        }
    }
    return SPICA_OK;
}

static void settle_choice(TrialResults *results, const double *sums, size_t done) {
    double total = 0.0;
    results->chosen = results->count;
    for (size_t i = 0; i < results->count; i++) {
        Trial *trial = &results->trials[i];
        trial->agreement = trial->failed || done < 2 ? (double)NAN : sums[i] / (double)(done - 1);
        if (trial->failed) continue;
        total += sums[i];
        if (results->chosen == results->count || sums[i] > sums[results->chosen]) results->chosen = i;
    }
    results->stability = done < 2 ? (double)NAN : total / (double)(done * (done - 1));
}

Status trial_results_choose(Context *ctx, TrialResults *results) {
    double *sums;
    size_t done;
    TRY(NEW_ZEROED(ctx, &sums, results->count));
    const Status status = sum_agreements(ctx, results, sums, &done);
    if (status == SPICA_OK) settle_choice(results, sums, done);
    FREE_ARRAY(ctx, &sums);
    return status;
}

/* ---- the files ---- */

static const struct {
    const char *name;
    size_t offset;
} figures[] = {
    {"acc", offsetof(spica_quality, acc)},
    {"nmi", offsetof(spica_quality, nmi)},
    {"nmi_geometric", offsetof(spica_quality, nmi_geometric)},
    {"ari", offsetof(spica_quality, ari)},
    {"purity", offsetof(spica_quality, purity)},
    {"macro_f1", offsetof(spica_quality, macro_f1)},
    {"balanced_accuracy", offsetof(spica_quality, balanced_accuracy)},
    {"smallest_share", offsetof(spica_quality, smallest_share)},
    {"largest_share", offsetof(spica_quality, largest_share)},
    {"mean_confidence", offsetof(spica_quality, mean_confidence)},
    {"silhouette", offsetof(spica_quality, silhouette)},
    {"calibration_error", offsetof(spica_quality, calibration_error)},
};
#define FIGURE_COUNT (sizeof figures / sizeof figures[0])

static double figure_of(const Trial *trial, size_t figure) {
    double value;
    memcpy(&value, (const char *)&trial->quality + figures[figure].offset, sizeof value);
    return value;
}

/* values[count]: room for one figure of all trials. */
static Status add_spread(Context *ctx, const TrialResults *results, size_t figure, double *values, json_t *metrics) {
    size_t count = 0;
    json_t *object;
    for (size_t i = 0; i < results->count; i++)
        if (!results->trials[i].failed) values[count++] = figure_of(&results->trials[i], figure);
    const Spread spread = spread_measure(values, count);
    TRY(json_new_object(ctx, &object));
    TRY(json_add(ctx, metrics, figures[figure].name, object));
    TRY(json_add_real(ctx, object, "mean", spread.mean));
    return json_add_real(ctx, object, "deviation", spread.deviation);
}

static Status add_spreads(Context *ctx, const TrialResults *results, json_t *object) {
    double *values;
    json_t *metrics = json_object();
    TRY(json_add(ctx, object, "metrics", metrics));
    TRY(NEW_ARRAY(ctx, &values, results->asked));
    Status status = SPICA_OK;
    for (size_t figure = 0; status == SPICA_OK && figure < FIGURE_COUNT; figure++)
        status = add_spread(ctx, results, figure, values, metrics);
    FREE_ARRAY(ctx, &values);
    return status;
}

static const char *outcome_text(const Trial *trial) { return trial->failed ? "failed" : "done"; }

static Status add_trial(Context *ctx, const Trial *trial, json_t *object) {
    TRY(json_add_integer(ctx, object, "seed", trial->seed));
    TRY(json_add_real(ctx, object, "agreement", trial->agreement));
    for (size_t figure = 0; figure < FIGURE_COUNT; figure++)
        TRY(json_add_real(ctx, object, figures[figure].name, figure_of(trial, figure)));
    TRY(json_add_integer(ctx, object, "clusters", (int64_t)trial->quality.clusters));
    return json_add_text(ctx, object, "status", outcome_text(trial));
}

static Status fill_json(Context *ctx, const TrialResults *results, json_t *object) {
    json_t *runs = json_array();
    TRY(json_add_integer(ctx, object, "seed", results->seed));
    TRY(json_add_integer(ctx, object, "trials", (int64_t)results->asked));
    TRY(json_add_real(ctx, object, "budget", results->budget));
    const bool chosen = results->chosen < results->count;
    TRY(json_add(ctx, object, "chosen", chosen ? json_integer(results->trials[results->chosen].seed) : json_null()));
    TRY(json_add_real(ctx, object, "stability", results->stability));
    TRY(add_spreads(ctx, results, object));
    TRY(json_add(ctx, object, "runs", runs));
    for (size_t i = 0; i < results->count; i++) {
        json_t *one = json_object();
        TRY(json_append(ctx, runs, one));
        TRY(add_trial(ctx, &results->trials[i], one));
    }
    return SPICA_OK;
}

Status trial_results_json(Context *ctx, const TrialResults *results, json_t **object) {
    TRY(json_new_object(ctx, object));
    const Status status = fill_json(ctx, results, *object);
    if (status == SPICA_OK) return SPICA_OK;
    json_decref(*object);
    *object = NULL;
    return status;
}

static Status write_row(Context *ctx, CsvWriter *writer, const TrialResults *results, size_t place) {
    const Trial *trial = &results->trials[place];
    TRY(csv_add_integer(ctx, writer, trial->seed));
    TRY(csv_add_integer(ctx, writer, place == results->chosen));
    TRY(several_add_cell(ctx, writer, trial->agreement));
    for (size_t figure = 0; figure < FIGURE_COUNT; figure++)
        TRY(several_add_cell(ctx, writer, figure_of(trial, figure)));
    TRY(several_add_cell(ctx, writer, trial->failed ? (double)NAN : (double)trial->quality.clusters));
    TRY(several_add_cell(ctx, writer, trial->seconds));
    TRY(csv_add_text(ctx, writer, outcome_text(trial)));
    return csv_end_row(ctx, writer);
}

static Status write_table(Context *ctx, const TrialResults *results, CsvWriter *writer) {
    static const char *const first[] = {"seed", "chosen", "agreement"}, *const last[] = {"clusters", "seconds",
                                                                                         "status"};
    for (size_t i = 0; i < 3; i++)
        TRY(csv_add_text(ctx, writer, first[i]));
    for (size_t figure = 0; figure < FIGURE_COUNT; figure++)
        TRY(csv_add_text(ctx, writer, figures[figure].name));
    for (size_t i = 0; i < 3; i++)
        TRY(csv_add_text(ctx, writer, last[i]));
    TRY(csv_end_row(ctx, writer));
    for (size_t i = 0; i < results->count; i++)
        TRY(write_row(ctx, writer, results, i));
    return csv_writer_commit(ctx, writer);
}

Status trial_results_write(Context *ctx, const TrialResults *results, const char *folder) {
    char *path = NULL;
    json_t *object = NULL;
    CsvWriter writer = {0};
    Status status;
    TRY_GOTO(status, end, path_join(ctx, &path, folder, RUN_TRIALS_TABLE));
    TRY_GOTO(status, end, csv_writer_open(ctx, &writer, path));
    TRY_GOTO(status, end, write_table(ctx, results, &writer));
    FREE_ARRAY(ctx, &path);
    TRY_GOTO(status, end, path_join(ctx, &path, folder, RUN_TRIALS_RECORD));
    TRY_GOTO(status, end, trial_results_json(ctx, results, &object));
    status = json_file_write(ctx, path, object);
end:
    csv_writer_close(ctx, &writer);
    json_decref(object);
    FREE_ARRAY(ctx, &path);
    return status;
}

static Status compare_record(Context *ctx, const TrialResults *results, const char *folder, const json_t *record) {
    const json_int_t seed = json_integer_value(json_object_get(record, "seed"));
    if (seed != results->seed)
        return context_fail(ctx, SPICA_ERROR_RUN, "%s holds trials from seed %" PRId64 " on, not from %" PRId64, folder,
                            (int64_t)seed, results->seed);
    return several_check_budget(ctx, folder, json_number_value(json_object_get(record, "budget")), results->budget);
}

Status trial_results_check(Context *ctx, const TrialResults *results, const char *folder) {
    json_t *record = NULL;
    TRY(several_read_record(ctx, folder, RUN_TRIALS_RECORD, &record));
    const Status status = compare_record(ctx, results, folder, record);
    json_decref(record);
    return status;
}
