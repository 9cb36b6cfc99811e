#include "run/model_path.h"

#include "base/files.h"
#include "state/run_folder.h"

/* A classic algorithm on pixels. */
static bool has_partition(Context *ctx, const char *folder) {
    char *path;
    if (path_join(ctx, &path, folder, RUN_PARTITION_LABELS) != SPICA_OK) return false;
    const bool has = path_exists(path);
    FREE_ARRAY(ctx, &path);
    return has;
}

Status model_path(Context *ctx, const char *path, char **weights) {
    static const char *const names[] = {"model.safetensors", "backbone.safetensors"};
    *weights = NULL;
    if (!path_exists(path)) return context_fail(ctx, SPICA_ERROR_RUN, "%s: no such run folder or weights file", path);
    if (!path_is_folder(path)) return memory_copy_text(ctx, weights, path);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        TRY(path_join(ctx, weights, path, names[i]));
        if (path_exists(*weights)) return SPICA_OK;
        FREE_ARRAY(ctx, weights);
    }
    if (has_partition(ctx, path))
        return context_fail(ctx, SPICA_ERROR_RUN,
                            "%s: its clusters were found without a network, and there is no model", path);
    return context_fail(ctx, SPICA_ERROR_RUN, "%s: a folder without %s: no run, or one whose first stage is not done",
                        path, names[0]);
}
