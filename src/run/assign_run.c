/* spica_assign, spica_embed: a trained model on other pictures. */
#include <stdio.h>

#include "base/files.h"
#include "base/npy.h"
#include "run/assign_partition.h"
#include "run/assigned.h"
#include "run/model_path.h"
#include "run/options_api.h"
#include "run/predict.h"
#include "run/run.h"

/* Pictures that are files are read as the run read its own, unless the caller wants it otherwise. */
static Status adopt_picture_options(Context *ctx, const char *model_name, const ModelSpec *spec, Options *options) {
    static const char *const keys[] = {"data.fit", "data.colour"};
    char size[16];
    RunFolder folder = {0};
    Options held = {0};
    snprintf(size, sizeof size, "%d", spec->height == spec->width ? spec->height : 0);
    if (options_source(options, "data.size") == SOURCE_DEFAULT)
        TRY(options_set(ctx, options, "data.size", size, SOURCE_AUTO));
    if (!path_is_folder(model_name)) return SPICA_OK; /* a weights file says nothing of them */
    Status status = run_folder_open_existing(ctx, &folder, model_name);
    if (status == SPICA_ERROR_RUN) { /* a folder of weights alone neither */
        run_folder_close(ctx, &folder);
        return SPICA_OK;
    }
    if (status == SPICA_OK) status = options_open(ctx, &held);
    if (status == SPICA_OK) status = run_folder_options(ctx, &folder, &held);
    for (size_t i = 0; status == SPICA_OK && i < sizeof keys / sizeof keys[0]; i++)
        if (options_source(options, keys[i]) == SOURCE_DEFAULT)
            status = options_set(ctx, options, keys[i], options_text(&held, keys[i]), SOURCE_AUTO);
    options_close(ctx, &held);
    run_folder_close(ctx, &folder);
    return status;
}

Status assigned_open_data(Context *ctx, const char *run, const char *data, const spica_options *options,
                          const ModelSpec *spec, Dataset *dataset) {
    Options used = {0};
    Status status = options_open(ctx, &used);
    if (status == SPICA_OK && options != NULL) status = options_copy(ctx, &used, &options->options);
    if (status == SPICA_OK) status = adopt_picture_options(ctx, run, spec, &used);
    if (status == SPICA_OK) status = run_open_dataset(ctx, &used, data, dataset);
    if (status == SPICA_OK) status = predict_match_channels(ctx, dataset, spec);
    options_close(ctx, &used);
    return status;
}

static Status open_both(Context *ctx, const char *model_name, const char *data, const spica_options *options,
                        Model *model, Dataset *dataset) {
    char *weights = NULL;
    Status status = model_path(ctx, model_name, &weights);
    if (status == SPICA_OK) status = model_read(ctx, weights, model);
    if (status == SPICA_OK) status = assigned_open_data(ctx, model_name, data, options, &model->spec, dataset);
    FREE_ARRAY(ctx, &weights);
    return status;
}

static Status assign(Context *ctx, const char *run, Model *model, Assigned *assigned) {
    const size_t count = assigned->dataset.count, clusters = (size_t)model->spec.clusters;
    float *probabilities = NULL;
    if (clusters == 0)
        return context_fail(ctx, SPICA_ERROR_RUN, "%s: no clustering head yet: the run is not finished", run);
    assigned->cluster_count = clusters;
    TRY(NEW_ARRAY(ctx, &assigned->clusters, count));
    TRY(NEW_ARRAY(ctx, &assigned->confidences, count));
    TRY(NEW_ARRAY(ctx, &probabilities, count * clusters));
    const Status status = predict_dataset(ctx, model, &assigned->dataset, "assign", NULL, probabilities);
    if (status == SPICA_OK) predict_clusters(probabilities, count, clusters, assigned->clusters, assigned->confidences);
    FREE_ARRAY(ctx, &probabilities);
    return status;
}

static Status assign_by_model(Context *ctx, Assigned *assigned, const char *run, const char *data,
                              const spica_options *options) {
    Model model = {0};
    Status status = open_both(ctx, run, data, options, &model, &assigned->dataset);
    if (status == SPICA_OK) status = assign(ctx, run, &model, assigned);
    model_close(ctx, &model);
    return status;
}

Status assigned_open(Context *ctx, Assigned *assigned, const char *run, const char *data,
                     const spica_options *options) {
    bool partition;
    const int threads = options_use_threads(ctx, options);
    Status status = run_is_partition(ctx, run, &partition);
    if (status == SPICA_OK)
        status = partition ? assign_by_partition(ctx, assigned, run, data, options)
                           : assign_by_model(ctx, assigned, run, data, options);
    ctx->threads = threads;
    return status;
}

void assigned_close(Context *ctx, Assigned *assigned) {
    FREE_ARRAY(ctx, &assigned->clusters);
    FREE_ARRAY(ctx, &assigned->confidences);
    dataset_close(ctx, &assigned->dataset);
}

spica_status spica_assign(spica_context *context, const char *run, const char *data, const spica_options *options,
                          int (*row)(void *user, const spica_row *row), void *user) {
    Assigned assigned = {0};
    Status status = assigned_open(context, &assigned, run, data, options);
    const Dataset *dataset = &assigned.dataset;
    for (size_t i = 0; status == SPICA_OK && i < dataset->count; i++) {
        const spica_row next = {
            .path = dataset->paths[i],
            .cluster = assigned.clusters[i],
            .confidence = assigned.confidences[i],
            .reliable = -1,
            .label = dataset->labels != NULL && dataset->labels[i] >= 0 ? dataset->class_names[dataset->labels[i]]
                     : dataset->labels != NULL                          ? ""
                                                                        : NULL,
        };
        if (row(user, &next) != 0) status = context_fail(context, SPICA_CANCELLED, "stopped by the caller");
    }
    assigned_close(context, &assigned);
    return status;
}

spica_status spica_embed(spica_context *context, const char *model_name, const char *data, const spica_options *options,
                         const char *output, size_t *count, size_t *dimension) {
    Model model = {0};
    Dataset dataset = {0};
    float *embeddings = NULL;
    const int threads = options_use_threads(context, options);
    Status status = open_both(context, model_name, data, options, &model, &dataset);
    if (status == SPICA_OK) status = NEW_ARRAY(context, &embeddings, dataset.count * (size_t)model.dimension);
    if (status == SPICA_OK) status = predict_dataset(context, &model, &dataset, "embed", embeddings, NULL);
    if (status == SPICA_OK)
        status = npy_write_float(context, output, embeddings, dataset.count, (size_t)model.dimension);
    if (status == SPICA_OK && count != NULL) *count = dataset.count;
    if (status == SPICA_OK && dimension != NULL) *dimension = (size_t)model.dimension;
    FREE_ARRAY(context, &embeddings);
    dataset_close(context, &dataset);
    model_close(context, &model);
    context->threads = threads;
    return status;
}
