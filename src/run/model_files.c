#include "run/model_files.h"

#include <string.h>

#include "base/log.h"

ModelSpec clustering_spec(const Run *run) {
    ModelSpec spec = run->features;
    spec.clusters = (int)options_integer(&run->options, "run.clusters");
    spec.head_hidden = (int)options_integer(&run->options, "head.hidden");
    return spec;
}

static Status read_into(Context *ctx, const Run *run, const char *name, Model *model) {
    char *path = NULL;
    /* Half of the model is missing in each of the run's own files: nothing to tell. */
    const spica_settings spoken = log_silence(ctx);
    Status status = run_folder_path(ctx, &run->folder, name, &path);
    if (status == SPICA_OK) status = weights_read(ctx, path, net_params(model->net), NULL, NULL);
    log_speak(ctx, spoken);
    FREE_ARRAY(ctx, &path);
    return status;
}

Status run_open_features_model(Context *ctx, const Run *run, const ModelSpec *spec, Model *model) {
    TRY(model_open(ctx, model, spec));
    return spec->backbone.family == BACKBONE_NONE ? SPICA_OK : read_into(ctx, run, RUN_BACKBONE, model);
}

Status run_open_clustering_model(Context *ctx, const Run *run, Model *model) {
    const ModelSpec spec = clustering_spec(run);
    TRY(run_open_features_model(ctx, run, &spec, model));
    return read_into(ctx, run, RUN_HEAD, model);
}

Status model_set_head(Context *ctx, const float *weights, Model *model) {
    static const char *const names[] = {"head.0.weight", "head.0.bias", "head.2.weight", "head.2.bias"};
    Params *params = net_params(model->net);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        bool is_buffer;
        const Param *tensor = params_find(params, names[i], &is_buffer);
        if (tensor == NULL) return context_fail(ctx, SPICA_ERROR_INTERNAL, "the model has no %s", names[i]);
        memcpy(params->values + tensor->offset, weights, tensor->count * sizeof *weights);
        weights += tensor->count;
    }
    params_changed(params);
    return SPICA_OK;
}

Status model_file_read(Context *ctx, const Run *run, const char *name, Model *model) {
    char *path = NULL;
    const spica_settings spoken = log_silence(ctx);
    Status status = run_folder_path(ctx, &run->folder, name, &path);
    if (status == SPICA_OK) status = model_read(ctx, path, model);
    log_speak(ctx, spoken);
    FREE_ARRAY(ctx, &path);
    return status;
}

Status model_file_write(Context *ctx, const Run *run, const char *name, const Model *model, unsigned parts) {
    char *path = NULL;
    Status status = run_folder_path(ctx, &run->folder, name, &path);
    if (status == SPICA_OK) status = model_write(ctx, path, model, parts, NULL, 0);
    FREE_ARRAY(ctx, &path);
    return status;
}

Status stage_join_models(Context *ctx, Run *run) {
    Model model = {0};
    Status status = run_open_clustering_model(ctx, run, &model);
    if (status == SPICA_OK) status = model_file_write(ctx, run, RUN_MODEL, &model, MODEL_BACKBONE | MODEL_HEAD);
    model_close(ctx, &model);
    return status;
}
