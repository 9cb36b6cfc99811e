/* spica_inspect: what a path is. */
#include <string.h>

#include "base/files.h"
#include "base/json_text.h"
#include "nn/weights.h"
#include "run/options_api.h"
#include "run/run.h"

#define META_MOST 64

static Status inspect_weights(Context *ctx, const char *path, json_t *object) {
    WeightsMeta *meta;
    size_t count = 0;
    json_t *members = json_object();
    TRY(json_add_text(ctx, object, "is", "weights file"));
    TRY(json_add(ctx, object, "metadata", members));
    TRY(NEW_ZEROED(ctx, &meta, META_MOST));
    Status status = weights_read_meta(ctx, path, meta, META_MOST, &count);
    for (size_t i = 0; status == SPICA_OK && i < count && i < META_MOST; i++)
        status = json_add_text(ctx, members, meta[i].key, meta[i].value);
    FREE_ARRAY(ctx, &meta);
    return status;
}

/* The file's JSON under `key`, when there is such a file. */
static Status add_file(Context *ctx, const RunFolder *folder, const char *name, const char *key, json_t *object) {
    char *path = NULL;
    json_t *value = NULL;
    TRY(run_folder_path(ctx, folder, name, &path));
    const bool exists = path_exists(path);
    FREE_ARRAY(ctx, &path);
    if (!exists) return SPICA_OK;
    TRY(run_folder_read_json(ctx, folder, name, &value));
    return json_add(ctx, object, key, value);
}

static Status add_stages_done(Context *ctx, const RunFolder *folder, const Options *options, json_t *object) {
    json_t *array = json_array();
    TRY(json_add(ctx, object, "stages_done", array));
    for (const char *const *stage = method_stages(options); *stage != NULL; stage++) {
        bool done;
        TRY(run_stage_find(ctx, folder, *stage, &done, NULL));
        if (done) TRY(json_append(ctx, array, json_string(*stage)));
    }
    return SPICA_OK;
}

static Status inspect_run(Context *ctx, const RunFolder *folder, json_t *object) {
    Options options = {0};
    TRY(json_add_text(ctx, object, "is", "run folder"));
    Status status = options_open(ctx, &options);
    if (status == SPICA_OK) status = run_folder_options(ctx, folder, &options);
    if (status == SPICA_OK) status = json_add_text(ctx, object, "method", options_text(&options, "run.method"));
    if (status == SPICA_OK) status = json_add_integer(ctx, object, "k", options_integer(&options, "run.clusters"));
    if (status == SPICA_OK) status = json_add_text(ctx, object, "recipe", options_text(&options, "run.recipe"));
    if (status == SPICA_OK) status = add_stages_done(ctx, folder, &options, object);
    options_close(ctx, &options);
    TRY(status);
    TRY(add_file(ctx, folder, RUN_RECORD, "record", object));
    return add_file(ctx, folder, RUN_METRICS, "metrics", object);
}

static Status fill_data(Context *ctx, const Dataset *dataset, json_t *object) {
    float mean[3] = {0}, deviation[3] = {0};
    dataset_statistics(dataset, mean, deviation);
    json_t *means = json_array(), *deviations = json_array(), *classes = json_array();
    TRY(json_add_text(ctx, object, "is", "data set"));
    TRY(json_add_text(ctx, object, "kind", dataset->kind));
    TRY(json_add_text(ctx, object, "name", dataset->name));
    TRY(json_add_integer(ctx, object, "pictures", (int64_t)dataset->count));
    if (strcmp(dataset->kind, "pictures") == 0) {
        TRY(json_add_integer(ctx, object, "bad_files", (int64_t)dataset->bad_count));
        TRY(json_add_integer(ctx, object, "duplicates", (int64_t)dataset->duplicates));
    }
    TRY(json_add_integer(ctx, object, "height", dataset->height));
    TRY(json_add_integer(ctx, object, "width", dataset->width));
    TRY(json_add_integer(ctx, object, "channels", dataset->channels));
    TRY(json_add(ctx, object, "mean", means));
    TRY(json_add(ctx, object, "deviation", deviations));
    TRY(json_add(ctx, object, "classes", classes));
    for (int c = 0; c < dataset->channels; c++) {
        TRY(json_append_real(ctx, means, (double)mean[c]));
        TRY(json_append_real(ctx, deviations, (double)deviation[c]));
    }
    for (size_t c = 0; c < dataset->class_count; c++) {
        char *name = NULL;
        TRY(text_escape(ctx, &name, dataset->class_names[c]));
        const Status status = json_append(ctx, classes, json_string(name));
        FREE_ARRAY(ctx, &name);
        TRY(status);
    }
    return SPICA_OK;
}

static Status inspect_data(Context *ctx, const char *path, json_t *object) {
    const DataSettings settings = {.labels = "auto"};
    Dataset dataset = {0};
    Status status = dataset_open(ctx, &dataset, path, &settings);
    if (status == SPICA_OK) status = fill_data(ctx, &dataset, object);
    dataset_close(ctx, &dataset);
    return status;
}

static bool is_weights(const char *path) {
    static const char suffix[] = ".safetensors";
    const size_t length = strlen(path), end = sizeof suffix - 1;
    return length > end && strcmp(path + length - end, suffix) == 0;
}

static Status inspect(Context *ctx, const char *path, json_t *object) {
    if (is_weights(path)) return inspect_weights(ctx, path, object);
    RunFolder folder = {0};
    const bool is_run = path_is_folder(path) && run_folder_open_existing(ctx, &folder, path) == SPICA_OK;
    const Status status = is_run ? inspect_run(ctx, &folder, object) : inspect_data(ctx, path, object);
    run_folder_close(ctx, &folder);
    return status;
}

spica_status spica_inspect(spica_context *context, const char *path, char **json) {
    json_t *object = NULL;
    *json = NULL;
    TRY(json_new_object(context, &object));
    Status status = inspect(context, path, object);
    if (status == SPICA_OK) status = json_text_write(context, object, true, json);
    json_decref(object);
    return status;
}
