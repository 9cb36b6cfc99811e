/* spica_evaluate: clusters against labels. */
#include <string.h>

#include "base/files.h"
#include "data/dataset_labels.h"
#include "run/assigned.h"
#include "run/options_api.h"
#include "run/quality.h"
#include "state/cluster_table.h"
#include "state/run_folder.h"

/* A limit that no sensible clustering meets; a larger number would be a column mistaken for clusters. */
#define CLUSTERS_MOST 1000000

/* The number of clusters of a table of at least one picture: the largest plus 1. */
static Status count_clusters(Context *ctx, const char *path, const ClusterTable *table, size_t *clusters) {
    int32_t largest = -1;
    for (size_t i = 0; i < table->count; i++)
        if (table->clusters[i] > largest) largest = table->clusters[i];
    if (largest >= CLUSTERS_MOST)
        return context_fail(ctx, SPICA_ERROR_DATA, "%s: cluster %d: numbers below %d are expected", path, (int)largest,
                            CLUSTERS_MOST);
    *clusters = (size_t)largest + 1;
    return SPICA_OK;
}

static Status publish(Context *ctx, const int32_t *predicted, size_t clusters, const Dataset *dataset,
                      spica_quality *published, char **json) {
    Quality quality;
    json_t *object = NULL;
    Status status =
        quality_measure(ctx, &quality, predicted, dataset->count, clusters, dataset->labels, dataset->class_count);
    if (status == SPICA_OK) quality_publish(&quality, published);
    if (status == SPICA_OK && json != NULL) status = quality_json(ctx, &quality, dataset->class_names, &object);
    if (status == SPICA_OK && json != NULL) status = json_text_write(ctx, object, true, json);
    json_decref(object);
    quality_close(ctx, &quality);
    return status;
}

/* A table's labels: "none"; NULL or "auto": its own column's, if it has one; else of the file `labels`. */
static Status evaluate_table(Context *ctx, const char *path, const char *labels, spica_quality *quality, char **json) {
    ClusterTable table = {0};
    Dataset dataset = {0};
    size_t clusters = 0;
    Status status = cluster_table_read(ctx, path, &table);
    dataset.count = table.count;
    dataset.paths = (char **)table.paths;
    if (status == SPICA_OK && table.count == 0)
        status = context_fail(ctx, SPICA_ERROR_DATA, "%s: has no pictures", path);
    if (status == SPICA_OK) status = count_clusters(ctx, path, &table, &clusters);
    if (labels == NULL || strcmp(labels, "auto") == 0) labels = table.labels != NULL ? path : "none";
    if (status == SPICA_OK && strcmp(labels, "none") != 0) status = dataset_join_labels(ctx, &dataset, labels);
    if (status == SPICA_OK) status = publish(ctx, table.clusters, clusters, &dataset, quality, json);
    dataset_close(ctx, &dataset);
    cluster_table_close(ctx, &table);
    return status;
}

static Status evaluate_folder(Context *ctx, const char *run, const char *labels, spica_quality *quality, char **json) {
    RunFolder folder = {0};
    char *path = NULL;
    Status status = run_folder_open_existing(ctx, &folder, run);
    if (status == SPICA_OK) status = run_folder_path(ctx, &folder, RUN_CLUSTERS, &path);
    if (status == SPICA_OK && !path_exists(path))
        status = context_fail(ctx, SPICA_ERROR_RUN, "%s: no %s yet: the run is not finished", run, RUN_CLUSTERS);
    if (status == SPICA_OK) status = evaluate_table(ctx, path, labels, quality, json);
    FREE_ARRAY(ctx, &path);
    run_folder_close(ctx, &folder);
    return status;
}

static Status evaluate_data(Context *ctx, const char *run, const char *data, const spica_options *options,
                            spica_quality *quality, char **json) {
    Assigned assigned = {0};
    Status status = assigned_open(ctx, &assigned, run, data, options);
    if (status == SPICA_OK)
        status = publish(ctx, assigned.clusters, assigned.cluster_count, &assigned.dataset, quality, json);
    assigned_close(ctx, &assigned);
    return status;
}

spica_status spica_evaluate(spica_context *context, const char *path, const char *data, const char *labels,
                            const spica_options *options, spica_quality *quality, char **json) {
    if (json != NULL) *json = NULL;
    if (!path_exists(path)) return context_fail(context, SPICA_ERROR_DATA, "%s: no such run folder or CSV file", path);
    if (data != NULL) return evaluate_data(context, path, data, options, quality, json);
    if (path_is_folder(path)) return evaluate_folder(context, path, labels, quality, json);
    const Status status = evaluate_table(context, path, labels, quality, json);
    return status == SPICA_ERROR_IO ? SPICA_ERROR_DATA : status; /* the reason stands: the table cannot be read */
}
