#include "run/run_results.h"

#include <string.h>

#include "base/log.h"
#include "run/cluster_names.h"
#include "run/model_files.h"
#include "run/predict.h"
#include "run/quality.h"
#include "run/stage_partition.h"
#include "run/stage_plan.h"
#include "state/cluster_table.h"

/* The results' arrays, one row per picture. */
typedef struct Results {
    float *probabilities; /* N x K, or NULL */
    float *confidences;   /* N, or NULL */
    int32_t *clusters;    /* N */
    int32_t *reliable;    /* N, or NULL */
    double silhouette;
} Results;

static void results_close(Context *ctx, Results *results) {
    FREE_ARRAY(ctx, &results->probabilities);
    FREE_ARRAY(ctx, &results->confidences);
    FREE_ARRAY(ctx, &results->clusters);
    FREE_ARRAY(ctx, &results->reliable);
}

static Status predict_results(Context *ctx, const Run *run, Model *model, Results *results) {
    const size_t count = run->dataset.count, clusters = (size_t)model->spec.clusters;
    TRY(NEW_ARRAY(ctx, &results->probabilities, count * clusters));
    TRY(NEW_ARRAY(ctx, &results->confidences, count));
    TRY(NEW_ARRAY(ctx, &results->clusters, count));
    TRY(predict_dataset(ctx, model, &run->dataset, "assign", NULL, results->probabilities));
    predict_clusters(results->probabilities, count, clusters, results->clusters, results->confidences);
    return SPICA_OK;
}

static Status read_reliable(Context *ctx, const Run *run, Results *results) {
    bool done;
    TRY(run_stage_find(ctx, &run->folder, STAGE_JOINT, &done, NULL));
    if (!done) return SPICA_OK;
    return run_folder_read_labels(ctx, &run->folder, RUN_RELIABLE, run->dataset.count, &results->reliable);
}

static Status write_table(Context *ctx, const Run *run, const Results *results) {
    const Dataset *dataset = &run->dataset;
    const ClusterRows rows = {
        .count = dataset->count,
        .paths = (const char *const *)dataset->paths,
        .clusters = results->clusters,
        .confidences = results->confidences,
        .reliable = results->reliable,
        .labels = dataset->labels,
        .class_names = (const char *const *)dataset->class_names,
        .known = run->known.labels,
        .names = (const char *const *)run->known.class_names,
        .name_count = run->known.class_count,
    };
    char *path = NULL;
    Status status = run_folder_path(ctx, &run->folder, RUN_CLUSTERS, &path);
    if (status == SPICA_OK) status = cluster_table_write(ctx, path, &rows);
    FREE_ARRAY(ctx, &path);
    return status;
}

static Status add_names(Context *ctx, CsvWriter *writer, const KnownLabels *known) {
    TRY(csv_add_text(ctx, writer, "cluster"));
    TRY(csv_add_text(ctx, writer, "name"));
    TRY(csv_end_row(ctx, writer));
    for (size_t k = 0; k < known->class_count; k++) {
        TRY(csv_add_integer(ctx, writer, (int64_t)k));
        TRY(csv_add_text(ctx, writer, known->class_names[k]));
        TRY(csv_end_row(ctx, writer));
    }
    return csv_writer_commit(ctx, writer);
}

/* Clusters of known classes are called so from now on, unless somebody has named them in the meantime. */
static Status name_clusters(Context *ctx, const Run *run) {
    char *path;
    CsvWriter writer = {0};
    if (run->known.labels == NULL) return SPICA_OK;
    TRY(run_folder_path(ctx, &run->folder, RUN_CLUSTER_NAMES, &path));
    Status status = SPICA_OK;
    if (!path_exists(path)) {
        status = csv_writer_open(ctx, &writer, path);
        if (status == SPICA_OK) status = add_names(ctx, &writer, &run->known);
    }
    csv_writer_close(ctx, &writer);
    FREE_ARRAY(ctx, &path);
    return status;
}

/* Every finished stage's record under "stages". */
static Status add_stages(Context *ctx, const Run *run, json_t *metrics) {
    json_t *object = json_object();
    TRY(json_add(ctx, metrics, "stages", object));
    for (const char *const *stage = method_stages(&run->options); *stage != NULL; stage++) {
        bool done;
        json_t *facts = NULL;
        TRY(run_stage_find(ctx, &run->folder, *stage, &done, &facts));
        if (facts != NULL) TRY(json_add(ctx, object, *stage, facts));
    }
    return SPICA_OK;
}

/* The stage that ends with the final clusters gets their metrics too, where it has none of its own. */
static Status add_last_scores(Context *ctx, const Run *run, json_t *metrics, const Quality *quality) {
    const char *last = "";
    for (const char *const *stage = method_stages(&run->options); *stage != NULL; stage++)
        last = *stage;
    json_t *stage = json_object_get(json_object_get(metrics, "stages"), last);
    if (stage == NULL || quality->confusion == NULL || json_object_get(stage, "acc") != NULL) return SPICA_OK;
    return quality_add_scores(ctx, stage, &quality->metrics);
}

/* How many labels were learnt from (their pictures count in no score), the clusters' names, and the accuracy by them.
 */
static Status add_known(Context *ctx, const Run *run, const Results *results, json_t *metrics) {
    const KnownLabels *known = &run->known;
    if (known->labels == NULL) return SPICA_OK;
    TRY(json_add_integer(ctx, metrics, "known", (int64_t)known->count));
    TRY(json_add_real(ctx, metrics, "acc_named", run_named_accuracy(run, results->clusters)));
    return quality_add_names(ctx, metrics, "cluster_names", (const char *const *)known->class_names,
                             known->class_count);
}

/* What may help a clustering that collapsed. */
static const char *collapse_advice(const Run *run) {
    const Options *options = &run->options;
    if (method_has_stage(options, STAGE_PARTITION)) return "another run.method, partition.on or number of clusters";
    if (method_has_stage(options, STAGE_PICA))
        return "a larger pica.entropy_weight or pica.batch, or a smaller pica.learning_rate";
    if (method_has_stage(options, STAGE_KNOWN)) return "more known labels of what is missing";
    const bool scan = method_has_stage(options, STAGE_SCAN);
    if (plan_trains_features(run))
        return scan ? "a larger scan.entropy_weight, or a larger features.epochs or --budget,"
                    : "a head.entropy_weight above 0, or a larger features.epochs or --budget,";
    return scan ? "a larger scan.entropy_weight" : "a head.entropy_weight above 0 or a larger head.count";
}

/* From this share of the pictures on, one cluster counts as all. */
#define ALMOST_ALL 0.9

/* Clusters without a picture, or one with almost all of them, are told, with what may help. */
static void warn_of_collapse(Context *ctx, const Run *run, const Quality *quality) {
    const size_t empty = quality->clusters - quality->metrics.clusters;
    if (empty > 0)
        log_warning(ctx, "%zu of %zu clusters have no picture: %s may help", empty, quality->clusters,
                    collapse_advice(run));
    else if (quality->largest_share >= ALMOST_ALL)
        log_warning(ctx, "one cluster has %.0f %% of the pictures: %s may help", 100.0 * quality->largest_share,
                    collapse_advice(run));
}

static Status measure_results(Context *ctx, const Run *run, const Results *results, Quality *quality) {
    const Dataset *dataset = &run->dataset;
    TRY(quality_measure(ctx, quality, results->clusters, dataset->count,
                        (size_t)options_integer(&run->options, "run.clusters"), run_scored_labels(run),
                        dataset->class_count));
    quality->silhouette = results->silhouette;
    if (results->confidences != NULL)
        quality_add_confidences(quality, results->confidences, results->probabilities != NULL, results->clusters,
                                dataset->count, run_scored_labels(run));
    return SPICA_OK;
}

static Status write_metrics(Context *ctx, const Run *run, const Results *results, spica_quality *published) {
    Quality quality = {0};
    json_t *metrics = NULL;
    Status status = measure_results(ctx, run, results, &quality);
    if (status == SPICA_OK) warn_of_collapse(ctx, run, &quality);
    if (status == SPICA_OK) status = quality_json(ctx, &quality, run->dataset.class_names, &metrics);
    if (status == SPICA_OK) status = add_known(ctx, run, results, metrics);
    if (status == SPICA_OK) status = add_stages(ctx, run, metrics);
    if (status == SPICA_OK) status = add_last_scores(ctx, run, metrics, &quality);
    if (status == SPICA_OK) status = run_folder_write_json(ctx, &run->folder, RUN_METRICS, metrics);
    if (status == SPICA_OK) quality_publish(&quality, published);
    json_decref(metrics);
    quality_close(ctx, &quality);
    return status;
}

/* The answers of a classic algorithm become the results. */
static Status recall_results(Context *ctx, const Run *run, const RunRows *rows, Results *results) {
    PartitionAnswers answers;
    const Status status = partition_answers_open(ctx, &answers, run, rows);
    results->clusters = answers.labels;
    results->confidences = answers.confidences;
    results->probabilities = answers.probabilities;
    return status;
}

/* With the rows that the method clustered, or its embeddings. */
static Status judge_results(Context *ctx, const Run *run, Results *results) {
    RunRows rows;
    Status status = run_rows_open(ctx, &rows, run);
    if (status == SPICA_OK && results->clusters == NULL) status = recall_results(ctx, run, &rows, results);
    if (status == SPICA_OK)
        status = silhouette_sample(ctx, &results->silhouette, rows.values, results->clusters, run->dataset.count,
                                   rows.dim, (size_t)options_integer(&run->options, "run.clusters"));
    run_rows_close(ctx, &rows);
    return status;
}

static Status write_results(Context *ctx, Run *run, Results *results, spica_quality *quality) {
    TRY(judge_results(ctx, run, results));
    TRY(read_reliable(ctx, run, results));
    if (results->probabilities != NULL)
        TRY(run_folder_write_matrix(ctx, &run->folder, RUN_PROBABILITIES, results->probabilities, run->dataset.count,
                                    (size_t)options_integer(&run->options, "run.clusters")));
    TRY(write_table(ctx, run, results));
    TRY(name_clusters(ctx, run));
    return write_metrics(ctx, run, results, quality);
}

/* What model.safetensors says of all pictures. */
static Status ask_model(Context *ctx, const Run *run, Results *results) {
    Model model = {0};
    Status status = model_file_read(ctx, run, RUN_MODEL, &model);
    if (status == SPICA_OK) status = predict_results(ctx, run, &model, results);
    model_close(ctx, &model);
    return status;
}

Status run_write_results(Context *ctx, Run *run, spica_quality *quality) {
    Results results = {0};
    Status status = SPICA_OK;
    if (!method_has_stage(&run->options, STAGE_PARTITION)) status = ask_model(ctx, run, &results);
    if (status == SPICA_OK) status = write_results(ctx, run, &results, quality);
    results_close(ctx, &results);
    return status;
}
