/* spica_evaluate: clusters against labels. */
#include <math.h>
#include <string.h>

#include "base/json_text.h"
#include "base/log.h"
#include "data/array_dataset.h"
#include "data/dataset_labels.h"
#include "run/array_clustering.h"
#include "run/assign_partition.h"
#include "run/assigned.h"
#include "run/clustering_file.h"
#include "run/confusion_table.h"
#include "run/options_api.h"
#include "run/quality.h"
#include "state/run_folder.h"

/* What is compared, and what for. */
typedef struct Evaluation {
    const char *path;         /* of the clustering, for messages */
    const int32_t *clusters;  /* one per picture */
    const float *confidences; /* one per picture, NaN where it has none; or NULL */
    bool probabilities;       /* that is what they are */
    double silhouette;        /* NaN: not known */
    size_t cluster_count;
    const char *const *names; /* of the clusters; NULL: numbers */
    const Dataset *dataset;   /* with labels or none */
    const char *confusion;    /* the matrix' file, or NULL */
} Evaluation;

static Status write_confusion(Context *ctx, const Evaluation *evaluation, const Quality *quality) {
    const Dataset *dataset = evaluation->dataset;
    if (evaluation->confusion == NULL) return SPICA_OK;
    if (quality->confusion == NULL)
        return context_fail(ctx, SPICA_ERROR_DATA, "%s: there are no labels, so there is no confusion matrix",
                            evaluation->path);
    return confusion_table_write(ctx, evaluation->confusion, quality->confusion,
                                 (ConfusionSide){quality->clusters, evaluation->names},
                                 (ConfusionSide){quality->classes, (const char *const *)dataset->class_names});
}

static Status add_json(Context *ctx, const Evaluation *evaluation, const Quality *quality, char **json) {
    json_t *object = NULL;
    Status status = quality_json(ctx, quality, evaluation->dataset->class_names, &object);
    if (status == SPICA_OK && evaluation->names != NULL)
        status = quality_add_names(ctx, object, "cluster_names", evaluation->names, evaluation->cluster_count);
    if (status == SPICA_OK) status = json_text_write(ctx, object, true, json);
    json_decref(object);
    return status;
}

static Status publish(Context *ctx, const Evaluation *evaluation, spica_quality *published, char **json) {
    const Dataset *dataset = evaluation->dataset;
    Quality quality = {0};
    TRY(clustering_check_cells(ctx, evaluation->path, evaluation->cluster_count, dataset->class_count));
    Status status = quality_measure(ctx, &quality, evaluation->clusters, dataset->count, evaluation->cluster_count,
                                    dataset->labels, dataset->class_count);
    quality.silhouette = evaluation->silhouette;
    if (status == SPICA_OK && evaluation->confidences != NULL)
        quality_add_confidences(&quality, evaluation->confidences, evaluation->probabilities, evaluation->clusters,
                                dataset->count, dataset->labels);
    if (status == SPICA_OK) quality_publish(&quality, published);
    if (status == SPICA_OK) status = write_confusion(ctx, evaluation, &quality);
    if (status == SPICA_OK && json != NULL) status = add_json(ctx, evaluation, &quality, json);
    quality_close(ctx, &quality);
    return status;
}

/* Pictures whose labels were learnt from tell nothing of how good the clusters are. */
static void leave_known(Context *ctx, const ClusterTable *table, Dataset *dataset) {
    size_t left = 0;
    for (size_t row = 0; table->known != NULL && dataset->labels != NULL && row < table->count; row++) {
        if (table->known[row] != 1) continue;
        left += dataset->labels[row] >= 0;
        dataset->labels[row] = -1;
    }
    if (left > 0) log_info(ctx, "eval: %zu pictures whose labels were known are left out", left);
}

/* What a run's metrics.json tells of its clusters; NaN of a table. */
static Status read_silhouette(Context *ctx, const char *path, double *silhouette) {
    RunFolder folder;
    json_t *metrics = NULL;
    *silhouette = NAN;
    if (!path_is_folder(path)) return SPICA_OK;
    Status status = run_folder_open_existing(ctx, &folder, path);
    if (status == SPICA_OK) status = run_folder_read_json(ctx, &folder, RUN_METRICS, &metrics);
    const json_t *value = json_object_get(metrics, "silhouette");
    if (json_is_number(value)) *silhouette = json_number_value(value);
    json_decref(metrics);
    run_folder_close(ctx, &folder);
    return status;
}

/* A clustering's labels: "none"; NULL or "auto": its own column's, if it has one; else of the file `labels`. */
static Status evaluate_clustering(Context *ctx, const char *path, const char *labels, const char *confusion,
                                  spica_quality *quality, char **json) {
    ClusterTable table = {0};
    Dataset dataset = {0};
    Status status = clustering_read(ctx, path, &table);
    dataset.count = table.count;
    dataset.paths = (char **)table.paths;
    if (labels == NULL || strcmp(labels, "auto") == 0) labels = table.labels != NULL ? table.csv.path : "none";
    bool probabilities = false;
    double silhouette = NAN;
    if (status == SPICA_OK && strcmp(labels, "none") != 0) status = dataset_join_labels(ctx, &dataset, labels);
    if (status == SPICA_OK) leave_known(ctx, &table, &dataset);
    if (status == SPICA_OK) status = run_gives_probabilities(ctx, path, &probabilities);
    if (status == SPICA_OK) status = read_silhouette(ctx, path, &silhouette);
    const Evaluation evaluation = {.path = path,
                                   .clusters = table.clusters,
                                   .confidences = table.confidences,
                                   .probabilities = probabilities,
                                   .silhouette = silhouette,
                                   .cluster_count = table.cluster_count,
                                   .names = table.names.names,
                                   .dataset = &dataset,
                                   .confusion = confusion};
    if (status == SPICA_OK) status = publish(ctx, &evaluation, quality, json);
    dataset_close(ctx, &dataset);
    cluster_table_close(ctx, &table);
    return status;
}

/* An array has no labels of its own. */
static Status evaluate_array(Context *ctx, const char *path, const char *labels, const spica_options *options,
                             const char *confusion, spica_quality *quality, char **json) {
    ArrayClustering clustering = {0};
    const bool labelled = labels != NULL && strcmp(labels, "auto") != 0 && strcmp(labels, "none") != 0;
    const char *names = options != NULL ? options_text(&options->options, "data.paths") : NULL;
    Status status = array_clustering_open(ctx, &clustering, path, labelled ? labels : NULL, names);
    const Evaluation evaluation = {.path = path,
                                   .clusters = clustering.clusters,
                                   .silhouette = NAN,
                                   .cluster_count = clustering.cluster_count,
                                   .dataset = &clustering.rows,
                                   .confusion = confusion};
    if (status == SPICA_OK) status = publish(ctx, &evaluation, quality, json);
    array_clustering_close(ctx, &clustering);
    return status;
}

static Status evaluate_data(Context *ctx, const char *run, const char *data, const spica_options *options,
                            const char *confusion, spica_quality *quality, char **json) {
    Assigned assigned = {0};
    bool probabilities = false;
    Status status = run_gives_probabilities(ctx, run, &probabilities);
    if (status == SPICA_OK) status = assigned_open(ctx, &assigned, run, data, options);
    const Evaluation evaluation = {.path = data,
                                   .clusters = assigned.clusters,
                                   .confidences = assigned.confidences,
                                   .probabilities = probabilities,
                                   .silhouette = NAN,
                                   .cluster_count = assigned.cluster_count,
                                   .dataset = &assigned.dataset,
                                   .confusion = confusion};
    if (status == SPICA_OK) status = publish(ctx, &evaluation, quality, json);
    assigned_close(ctx, &assigned);
    return status;
}

spica_status spica_evaluate(spica_context *context, const char *path, const char *data, const char *labels,
                            const spica_options *options, const char *confusion, spica_quality *quality, char **json) {
    if (json != NULL) *json = NULL;
    if (data == NULL && file_is_array(path))
        return evaluate_array(context, path, labels, options, confusion, quality, json);
    if (data == NULL) return evaluate_clustering(context, path, labels, confusion, quality, json);
    if (!path_exists(path)) return context_fail(context, SPICA_ERROR_DATA, "%s: no such run folder", path);
    if (!path_is_folder(path) && spica_is_clustering(context, path))
        return context_fail(context, SPICA_ERROR_DATA,
                            "%s is a table, which assigns no other pictures, and %s is no run folder or table "
                            "(path,cluster) to compare it with",
                            path, data);
    return evaluate_data(context, path, data, options, confusion, quality, json);
}
