/* spica_inspect: what a path is. */
#include <string.h>

#include "base/files.h"
#include "base/json_text.h"
#include "nn/weights.h"
#include "run/inspect_data.h"
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

static bool is_weights(const char *path) {
    static const char suffix[] = ".safetensors";
    const size_t length = strlen(path), end = sizeof suffix - 1;
    return length > end && strcmp(path + length - end, suffix) == 0;
}

static Status inspect(Context *ctx, const char *path, const Options *options, json_t *object) {
    if (is_weights(path)) return inspect_weights(ctx, path, object);
    RunFolder folder = {0};
    const bool is_run = path_is_folder(path) && run_folder_open_existing(ctx, &folder, path) == SPICA_OK;
    const Status status = is_run ? inspect_run(ctx, &folder, object) : inspect_data(ctx, path, options, object);
    run_folder_close(ctx, &folder);
    return status;
}

spica_status spica_inspect(spica_context *context, const char *path, const spica_options *options, char **json) {
    json_t *object = NULL;
    const int threads = options_use_threads(context, options);
    *json = NULL;
    Status status = json_new_object(context, &object);
    if (status == SPICA_OK) status = inspect(context, path, options != NULL ? &options->options : NULL, object);
    if (status == SPICA_OK) status = json_text_write(context, object, true, json);
    json_decref(object);
    context->threads = threads;
    return status;
}
