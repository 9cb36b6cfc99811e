#include "run/model_path.h"

#include "base/files.h"

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
    return context_fail(ctx, SPICA_ERROR_RUN, "%s: a folder without %s: no run, or one whose first stage is not done",
                        path, names[0]);
}
