#include "run/assign_partition.h"

#include "base/files.h"
#include "methods/partition/partition_file.h"
#include "run/predict.h"
#include "run/run.h"

/* What the options of the run at `path` say; untouched where there is no run. */
static Status ask_run(Context *ctx, const char *path, bool *partition, bool *mixture) {
    RunFolder folder = {0};
    Options options = {0};
    if (!path_is_folder(path)) return SPICA_OK;
    Status status = run_folder_open(ctx, &folder, path, false);
    const bool run = status == SPICA_OK && folder.exists;
    if (status == SPICA_ERROR_RUN) status = SPICA_OK; /* a folder of something else: whoever opens it tells */
    if (run) status = options_open(ctx, &options);
    if (run && status == SPICA_OK) status = run_folder_options(ctx, &folder, &options);
    if (run && status == SPICA_OK) {
        *partition = method_has_stage(&options, STAGE_PARTITION);
        *mixture = *partition && settings_partition(&options).kind == PARTITION_GMM;
    }
    options_close(ctx, &options);
    run_folder_close(ctx, &folder);
    return status;
}

Status run_is_partition(Context *ctx, const char *path, bool *partition) {
    bool mixture;
    *partition = false;
    return ask_run(ctx, path, partition, &mixture);
}

Status run_gives_probabilities(Context *ctx, const char *path, bool *probabilities) {
    bool partition = false, mixture = false;
    const Status status = ask_run(ctx, path, &partition, &mixture);
    *probabilities = !partition || mixture;
    return status;
}

/* The run's file. */
static Status read_file(Context *ctx, const RunFolder *folder, const PartitionSettings *settings,
                        Partition *partition) {
    char *path = NULL;
    if (!partition_assigns(settings->kind))
        return context_fail(ctx, SPICA_ERROR_OPTION,
                            "%s: %s clustering leaves no rule for other pictures: those of kmeans, spherical-kmeans, "
                            "nmf, gmm and of trained networks can be assigned",
                            folder->path, partition_kind_name(settings->kind));
    TRY(run_folder_path(ctx, folder, RUN_PARTITION, &path));
    const Status status =
        path_exists(path)
            ? partition_read(ctx, path, partition)
            : context_fail(ctx, SPICA_ERROR_RUN, "%s: no %s yet: the run is not finished", folder->path, RUN_PARTITION);
    FREE_ARRAY(ctx, &path);
    return status;
}

static Status open_partition(Context *ctx, const char *run, Partition *partition) {
    RunFolder folder = {0};
    Options options = {0};
    Status status = run_folder_open_existing(ctx, &folder, run);
    if (status == SPICA_OK) status = options_open(ctx, &options);
    if (status == SPICA_OK) status = run_folder_options(ctx, &folder, &options);
    if (status == SPICA_OK) {
        const PartitionSettings settings = settings_partition(&options);
        status = read_file(ctx, &folder, &settings, partition);
    }
    options_close(ctx, &options);
    run_folder_close(ctx, &folder);
    return status;
}

/* ---- rows ---- */

/* Other data as the run's own were. */
static ModelSpec data_spec(const PartitionInput *input) {
    ModelSpec spec = {.channels = input->channels, .height = input->height, .width = input->width};
    for (int c = 0; c < 3; c++)
        spec.deviation[c] = input->scale;
    if (input->given) spec.backbone.family = BACKBONE_NONE; /* else any: the pictures count alone */
    return spec;
}

static Status check_size(Context *ctx, const PartitionInput *input, const Dataset *dataset) {
    if (dataset->height == input->height && dataset->width == input->width) return SPICA_OK;
    return context_fail(ctx, SPICA_ERROR_DATA, "the pictures are %d x %d, but the run clustered pixels of %d x %d",
                        dataset->height, dataset->width, input->height, input->width);
}

static Status pixel_rows(Context *ctx, const PartitionInput *input, const char *run, const char *data,
                         const spica_options *options, Dataset *dataset, float **rows) {
    const ModelSpec spec = data_spec(input);
    TRY(assigned_open_data(ctx, run, data, options, &spec, dataset));
    TRY(check_size(ctx, input, dataset));
    return partition_pixels(ctx, dataset, rows);
}

/* The run's backbone; of embeddings there is none. */
static Status open_backbone(Context *ctx, const PartitionInput *input, const char *run, Model *model) {
    const ModelSpec spec = data_spec(input);
    char *path = NULL;
    if (input->given) return model_open(ctx, model, &spec);
    Status status = path_join(ctx, &path, run, RUN_BACKBONE);
    if (status == SPICA_OK) status = model_read(ctx, path, model);
    FREE_ARRAY(ctx, &path);
    return status;
}

static Status embedding_rows(Context *ctx, const PartitionInput *input, const char *run, const char *data,
                             const spica_options *options, Dataset *dataset, float **rows) {
    Model model = {0};
    Status status = open_backbone(ctx, input, run, &model);
    if (status == SPICA_OK) status = assigned_open_data(ctx, run, data, options, &model.spec, dataset);
    if (status == SPICA_OK) status = NEW_ARRAY(ctx, rows, dataset->count * (size_t)model.dimension);
    if (status == SPICA_OK) status = predict_dataset(ctx, &model, dataset, "embed", *rows, NULL);
    model_close(ctx, &model);
    return status;
}

static Status assign_rows(Context *ctx, Assigned *assigned, const Partition *partition, float **rows) {
    const size_t count = assigned->dataset.count;
    assigned->cluster_count = partition->model.clusters;
    TRY(partition_input_project(ctx, &partition->input, rows, count));
    TRY(NEW_ARRAY(ctx, &assigned->clusters, count));
    TRY(NEW_ARRAY(ctx, &assigned->confidences, count));
    return partition_assign(ctx, &partition->model, *rows, count, assigned->clusters, assigned->confidences, NULL);
}

Status assign_by_partition(Context *ctx, Assigned *assigned, const char *run, const char *data,
                           const spica_options *options) {
    Partition partition = {0};
    float *rows = NULL;
    Status status = open_partition(ctx, run, &partition);
    if (status == SPICA_OK)
        status = partition.input.on == PARTITION_ON_EMBEDDINGS
                     ? embedding_rows(ctx, &partition.input, run, data, options, &assigned->dataset, &rows)
                     : pixel_rows(ctx, &partition.input, run, data, options, &assigned->dataset, &rows);
    if (status == SPICA_OK) status = assign_rows(ctx, assigned, &partition, &rows);
    FREE_ARRAY(ctx, &rows);
    partition_close(ctx, &partition);
    return status;
}
