/* The classic algorithms' stage: rows -> labels, and what assigns other rows. */
#include "run/stage_partition.h"

#include <unistd.h>

#include "base/log.h"
#include "methods/partition/partition_size.h"

/* ---- rows ---- */

static size_t row_values(const Dataset *dataset) {
    return (size_t)dataset->height * (size_t)dataset->width * (size_t)dataset->channels;
}

/* What is the same of all rows of the run's data. */
static PartitionInput data_input(const Run *run, PartitionOn on) {
    const Dataset *dataset = &run->dataset;
    return (PartitionInput){
        .on = on,
        .given = dataset_has_embeddings(dataset),
        .scale = run->features.deviation[0],
        .height = dataset->height,
        .width = dataset->width,
        .channels = dataset->channels,
        .values = row_values(dataset),
    };
}

static Status embeddings_open(Context *ctx, RunRows *rows, const Run *run) {
    rows->input = data_input(run, PARTITION_ON_EMBEDDINGS);
    rows->input.values = 0; /* as the file has it */
    TRY(run_folder_read_matrix(ctx, &run->folder, RUN_EMBEDDINGS, run->dataset.count, &rows->input.values,
                               &rows->values));
    rows->dim = rows->input.values;
    return SPICA_OK;
}

/* Rows as they are before any projection. */
static Status plain_rows_open(Context *ctx, RunRows *rows, const Run *run) {
    size_t components = 0;
    if (!method_has_stage(&run->options, STAGE_PARTITION)) return embeddings_open(ctx, rows, run);
    const PartitionOn on = partition_on_resolve(&run->options, &components);
    if (on == PARTITION_ON_EMBEDDINGS) return embeddings_open(ctx, rows, run);
    rows->input = data_input(run, on);
    rows->input.components = components;
    rows->dim = partition_input_dim(&rows->input);
    return partition_pixels(ctx, &run->dataset, &rows->values);
}

static Status fit_projection(Context *ctx, RunRows *rows, const Run *run) {
    TRY(partition_input_fit(ctx, &rows->input, rows->values, run->dataset.count,
                            (uint64_t)options_integer(&run->options, "run.seed")));
    return partition_input_project(ctx, &rows->input, &rows->values, run->dataset.count);
}

/* Found again instead of kept: it depends on nothing but the rows and the seed. */
Status run_rows_open(Context *ctx, RunRows *rows, const Run *run) {
    *rows = (RunRows){0};
    TRY(plain_rows_open(ctx, rows, run));
    return fit_projection(ctx, rows, run);
}

void run_rows_close(Context *ctx, RunRows *rows) {
    partition_input_close(ctx, &rows->input);
    FREE_ARRAY(ctx, &rows->values);
}

/* ---- size ---- */

Status partition_dimension(Context *ctx, const Run *run, size_t *dim) {
    Model model = {0};
    size_t components = 0;
    const PartitionOn on = partition_on_resolve(&run->options, &components);
    *dim = on == PARTITION_ON_COMPONENTS ? components : row_values(&run->dataset);
    if (on != PARTITION_ON_EMBEDDINGS) return SPICA_OK;
    const Status status = model_open(ctx, &model, &run->features);
    *dim = (size_t)model.dimension;
    model_close(ctx, &model);
    return status;
}

static double machine_bytes(void) { return (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE); }

Status partition_check_run(Context *ctx, const Run *run) {
    const PartitionSettings settings = settings_partition(&run->options);
    const double values = (double)run->dataset.count * (double)row_values(&run->dataset);
    size_t components = 0, dim;
    const bool projected = partition_on_resolve(&run->options, &components) == PARTITION_ON_COMPONENTS;
    TRY(partition_dimension(ctx, run, &dim));
    /* The pictures, a byte each, and where components are found, all of their pixels as floats. */
    const double other = values + (projected ? 4.0 * values : 0.0);
    return partition_check_size(ctx, &settings, run->dataset.count, dim, other, machine_bytes());
}

/* ---- answers ---- */

static Status read_partition(Context *ctx, const Run *run, Partition *partition) {
    char *path = NULL;
    Status status = run_folder_path(ctx, &run->folder, RUN_PARTITION, &path);
    if (status == SPICA_OK) status = partition_read(ctx, path, partition);
    FREE_ARRAY(ctx, &path);
    return status;
}

static Status answer_rows(Context *ctx, PartitionAnswers *answers, const PartitionModel *model, const RunRows *rows,
                          size_t count) {
    int32_t *again; /* the stage has settled them */
    TRY(NEW_ARRAY(ctx, &answers->confidences, count));
    if (model->kind == PARTITION_GMM) TRY(NEW_ARRAY(ctx, &answers->probabilities, count * model->clusters));
    TRY(NEW_ARRAY(ctx, &again, count));
    const Status status =
        partition_assign(ctx, model, rows->values, count, again, answers->confidences, answers->probabilities);
    FREE_ARRAY(ctx, &again);
    return status;
}

Status partition_answers_open(Context *ctx, PartitionAnswers *answers, const Run *run, const RunRows *rows) {
    const size_t count = run->dataset.count;
    Partition partition = {0};
    *answers = (PartitionAnswers){0};
    TRY(run_folder_read_labels(ctx, &run->folder, RUN_PARTITION_LABELS, count, &answers->labels));
    if (!partition_assigns(settings_partition(&run->options).kind)) return SPICA_OK;
    Status status = read_partition(ctx, run, &partition);
    if (status == SPICA_OK) status = answer_rows(ctx, answers, &partition.model, rows, count);
    partition_close(ctx, &partition);
    return status;
}

void partition_answers_close(Context *ctx, PartitionAnswers *answers) {
    FREE_ARRAY(ctx, &answers->labels);
    FREE_ARRAY(ctx, &answers->confidences);
    FREE_ARRAY(ctx, &answers->probabilities);
}

/* ---- the stage ---- */

static Status write_files(Context *ctx, const Run *run, const RunRows *rows, const PartitionModel *model,
                          const int32_t *labels) {
    const Partition partition = {.input = rows->input, .model = *model};
    char *path = NULL;
    TRY(run_folder_write_labels(ctx, &run->folder, RUN_PARTITION_LABELS, labels, run->dataset.count));
    if (!partition_assigns(model->kind)) return SPICA_OK;
    Status status = run_folder_path(ctx, &run->folder, RUN_PARTITION, &path);
    if (status == SPICA_OK) status = partition_write(ctx, path, &partition);
    FREE_ARRAY(ctx, &path);
    return status;
}

static Status add_facts(Context *ctx, const RunRows *rows, const PartitionReport *report, json_t *facts) {
    TRY(json_add_integer(ctx, facts, "dimension", (int64_t)rows->dim));
    for (size_t i = 0; i < report->count; i++)
        TRY(json_add_real(ctx, facts, report->figures[i].name, report->figures[i].value));
    return json_add_real(ctx, facts, "clustering_seconds", report->seconds);
}

static Status cluster_rows(Context *ctx, const Run *run, RunRows *rows, json_t *facts) {
    const PartitionSettings settings = settings_partition(&run->options);
    PartitionModel model = {0};
    PartitionReport report;
    int32_t *labels;
    TRY(NEW_ARRAY(ctx, &labels, run->dataset.count));
    log_info(ctx, "partition: %s of %zu rows of %zu numbers", partition_kind_name(settings.kind), run->dataset.count,
             rows->dim);
    Status status = partition_fit(ctx, &settings, rows->values, run->dataset.count, rows->dim, labels, &model, &report);
    if (status == SPICA_OK) status = write_files(ctx, run, rows, &model, labels);
    if (status == SPICA_OK) status = add_facts(ctx, rows, &report, facts);
    partition_model_close(ctx, &model);
    FREE_ARRAY(ctx, &labels);
    return status;
}

static Status compute_partition(Context *ctx, Run *run, json_t *facts) {
    static const char *const with_model[] = {RUN_PARTITION_LABELS, RUN_PARTITION, NULL};
    static const char *const labels_alone[] = {RUN_PARTITION_LABELS, NULL};
    const bool assigns = partition_assigns(settings_partition(&run->options).kind);
    const double started = clock_seconds();
    RunRows rows = {0};
    TRY(run_stage_start(ctx, &run->folder, STAGE_PARTITION));
    Status status = run_rows_open(ctx, &rows, run);
    if (status == SPICA_OK) status = cluster_rows(ctx, run, &rows, facts);
    run_rows_close(ctx, &rows);
    TRY(status);
    TRY(json_add_real(ctx, facts, "seconds", clock_seconds() - started));
    return run_stage_record(ctx, &run->folder, STAGE_PARTITION, assigns ? with_model : labels_alone, facts);
}

Status stage_partition(Context *ctx, Run *run) {
    bool done;
    json_t *facts = NULL;
    TRY(run_stage_find(ctx, &run->folder, STAGE_PARTITION, &done, NULL));
    if (done) return SPICA_OK;
    TRY(json_new_object(ctx, &facts));
    const Status status = compute_partition(ctx, run, facts);
    json_decref(facts);
    return status;
}
