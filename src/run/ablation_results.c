#include "run/ablation_results.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "base/csv.h"
#include "base/json_text.h"

Status ablation_results_open(Context *ctx, AblationResults *results) {
    return NEW_ZEROED(ctx, &results->runs, ablation_variant_count(results->ablation) * results->seeds);
}

void ablation_results_close(Context *ctx, AblationResults *results) { FREE_ARRAY(ctx, &results->runs); }

static const char *outcome_text(AblationOutcome outcome) {
    static const char *const texts[] = {"done", "empty clusters", "failed"};
    return texts[outcome];
}

/* The scores that the tables tell. */
static const struct {
    const char *name;
    size_t offset;
} scores[] = {
    {"acc", offsetof(spica_quality, acc)},
    {"nmi", offsetof(spica_quality, nmi)},
    {"ari", offsetof(spica_quality, ari)},
};
#define SCORE_COUNT (sizeof scores / sizeof scores[0])

static double score_of(const AblationRun *run, size_t score) {
    double value;
    memcpy(&value, (const char *)&run->quality + scores[score].offset, sizeof value);
    return value;
}

static size_t count_outcome(const AblationResults *results, const AblationVariant *variant, AblationOutcome outcome) {
    size_t count = 0;
    for (size_t i = 0; i < results->count; i++)
        count += results->runs[i].variant == variant && results->runs[i].outcome == outcome;
    return count;
}

/* values[results->count]: room for the variant's scores. */
static Status add_score(Context *ctx, const AblationResults *results, const AblationVariant *variant, size_t score,
                        double *values, json_t *row) {
    size_t count = 0;
    json_t *object;
    for (size_t i = 0; i < results->count; i++)
        if (results->runs[i].variant == variant && results->runs[i].outcome != ABLATION_FAILED)
            values[count++] = score_of(&results->runs[i], score);
    const Spread spread = spread_measure(values, count);
    TRY(json_new_object(ctx, &object));
    TRY(json_add(ctx, row, scores[score].name, object));
    TRY(json_add_real(ctx, object, "mean", spread.mean));
    return json_add_real(ctx, object, "deviation", spread.deviation);
}

static Status add_row(Context *ctx, const AblationResults *results, const AblationRow *row, double *values,
                      json_t *object) {
    const AblationVariant *variant = ablation_variant(results->ablation, row->variant);
    const size_t done = count_outcome(results, variant, ABLATION_DONE);
    const size_t empty = count_outcome(results, variant, ABLATION_EMPTY);
    TRY(json_add_text(ctx, object, "name", row->name));
    TRY(json_add_text(ctx, object, "variant", row->variant));
    TRY(json_add_integer(ctx, object, "runs", (int64_t)(done + empty)));
    TRY(json_add_integer(ctx, object, "empty_clusters", (int64_t)empty));
    TRY(json_add_integer(ctx, object, "failed", (int64_t)count_outcome(results, variant, ABLATION_FAILED)));
    for (size_t score = 0; score < SCORE_COUNT; score++)
        TRY(add_score(ctx, results, variant, score, values, object));
    return SPICA_OK;
}

static Status add_table(Context *ctx, const AblationResults *results, const AblationTable *table, double *values,
                        json_t *object) {
    json_t *rows, *row;
    TRY(json_add_text(ctx, object, "title", table->title));
    TRY(json_new_array(ctx, &rows));
    TRY(json_add(ctx, object, "rows", rows));
    for (const AblationRow *source = table->rows; source->name != NULL; source++) {
        TRY(json_new_object(ctx, &row));
        TRY(json_append(ctx, rows, row));
        TRY(add_row(ctx, results, source, values, row));
    }
    return SPICA_OK;
}

static Status add_tables(Context *ctx, const AblationResults *results, json_t *object) {
    json_t *tables, *table;
    double *values;
    TRY(json_new_array(ctx, &tables));
    TRY(json_add(ctx, object, "tables", tables));
    TRY(NEW_ARRAY(ctx, &values, results->count));
    Status status = SPICA_OK;
    for (const AblationTable *source = results->ablation->tables; status == SPICA_OK && source->title != NULL;
         source++) {
        status = json_new_object(ctx, &table);
        if (status == SPICA_OK) status = json_append(ctx, tables, table);
        if (status == SPICA_OK) status = add_table(ctx, results, source, values, table);
    }
    FREE_ARRAY(ctx, &values);
    return status;
}

static Status add_run(Context *ctx, const AblationRun *run, json_t *object) {
    TRY(json_add_text(ctx, object, "variant", run->variant->name));
    TRY(json_add_integer(ctx, object, "seed", run->seed));
    for (size_t score = 0; score < SCORE_COUNT; score++)
        TRY(json_add_real(ctx, object, scores[score].name, score_of(run, score)));
    TRY(json_add_real(ctx, object, "purity", run->quality.purity));
    const bool failed = run->outcome == ABLATION_FAILED;
    TRY(json_add(ctx, object, "clusters", failed ? json_null() : json_integer((json_int_t)run->quality.clusters)));
    TRY(json_add_text(ctx, object, "status", outcome_text(run->outcome)));
    return failed ? json_add_text(ctx, object, "reason", run->reason) : SPICA_OK;
}

static Status fill_json(Context *ctx, const AblationResults *results, json_t *object) {
    json_t *runs, *run;
    TRY(json_add_text(ctx, object, "ablation", results->ablation->name));
    TRY(json_add_integer(ctx, object, "seed", results->seed));
    TRY(json_add_integer(ctx, object, "seeds", (int64_t)results->seeds));
    TRY(json_add_real(ctx, object, "budget", results->budget));
    TRY(add_tables(ctx, results, object));
    TRY(json_new_array(ctx, &runs));
    TRY(json_add(ctx, object, "runs", runs));
    for (size_t i = 0; i < results->count; i++) {
        TRY(json_new_object(ctx, &run));
        TRY(json_append(ctx, runs, run));
        TRY(add_run(ctx, &results->runs[i], run));
    }
    return SPICA_OK;
}

Status ablation_json(Context *ctx, const AblationResults *results, json_t **object) {
    TRY(json_new_object(ctx, object));
    const Status status = fill_json(ctx, results, *object);
    if (status == SPICA_OK) return SPICA_OK;
    json_decref(*object);
    *object = NULL;
    return status;
}

static Status write_csv_row(Context *ctx, CsvWriter *writer, const AblationRun *run) {
    TRY(csv_add_text(ctx, writer, run->variant->name));
    TRY(csv_add_integer(ctx, writer, run->seed));
    for (size_t score = 0; score < SCORE_COUNT; score++)
        TRY(several_add_cell(ctx, writer, score_of(run, score)));
    TRY(several_add_cell(ctx, writer, run->quality.purity));
    TRY(several_add_cell(ctx, writer, run->outcome == ABLATION_FAILED ? (double)NAN : (double)run->quality.clusters));
    TRY(several_add_cell(ctx, writer, run->seconds));
    TRY(csv_add_text(ctx, writer, outcome_text(run->outcome)));
    return csv_end_row(ctx, writer);
}

static Status write_csv(Context *ctx, const AblationResults *results, CsvWriter *writer) {
    static const char *const header[] = {"variant", "seed",     "acc",     "nmi",   "ari",
                                         "purity",  "clusters", "seconds", "status"};
    for (size_t i = 0; i < sizeof header / sizeof header[0]; i++)
        TRY(csv_add_text(ctx, writer, header[i]));
    TRY(csv_end_row(ctx, writer));
    for (size_t i = 0; i < results->count; i++)
        TRY(write_csv_row(ctx, writer, &results->runs[i]));
    return csv_writer_commit(ctx, writer);
}

Status ablation_write(Context *ctx, const AblationResults *results, const char *folder) {
    char *path = NULL;
    json_t *object = NULL;
    CsvWriter writer = {0};
    Status status;
    TRY_GOTO(status, end, path_join(ctx, &path, folder, ABLATION_TABLE));
    TRY_GOTO(status, end, csv_writer_open(ctx, &writer, path));
    TRY_GOTO(status, end, write_csv(ctx, results, &writer));
    FREE_ARRAY(ctx, &path);
    TRY_GOTO(status, end, path_join(ctx, &path, folder, ABLATION_RECORD));
    TRY_GOTO(status, end, ablation_json(ctx, results, &object));
    status = json_file_write(ctx, path, object);
end:
    csv_writer_close(ctx, &writer);
    json_decref(object);
    FREE_ARRAY(ctx, &path);
    return status;
}

static Status compare_record(Context *ctx, const AblationResults *results, const char *folder, const json_t *record) {
    const char *name = json_string_value(json_object_get(record, "ablation"));
    if (name == NULL || strcmp(name, results->ablation->name) != 0)
        return context_fail(ctx, SPICA_ERROR_RUN, "%s holds the ablation %.64s, not %s", folder,
                            name != NULL ? name : "of another program", results->ablation->name);
    return several_check_budget(ctx, folder, json_number_value(json_object_get(record, "budget")), results->budget);
}

Status ablation_check_record(Context *ctx, const AblationResults *results, const char *folder) {
    json_t *record = NULL;
    TRY(several_read_record(ctx, folder, ABLATION_RECORD, &record));
    const Status status = compare_record(ctx, results, folder, record);
    json_decref(record);
    return status;
}
