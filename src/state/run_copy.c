/* A whole run in another folder. */
#include <string.h>

#include "base/files.h"
#include "state/run_folder.h"

static Status copy_one(Context *ctx, const char *from, const char *to, const char *name) {
    char *source = NULL, *target = NULL;
    Status status = path_join(ctx, &source, from, name);
    if (status == SPICA_OK) status = path_join(ctx, &target, to, name);
    if (status == SPICA_OK && path_is_file(source)) status = file_copy(ctx, source, target);
    FREE_ARRAY(ctx, &source);
    FREE_ARRAY(ctx, &target);
    return status;
}

/* The files of one folder, those within it left out, and config.ini and the lock of whoever works in it. */
static Status copy_files(Context *ctx, const char *from, const char *to) {
    FolderList list;
    Status status = folder_list(ctx, &list, from);
    if (status == SPICA_OK) status = folder_make(ctx, to);
    for (size_t i = 0; status == SPICA_OK && i < list.count; i++)
        if (strcmp(list.names[i], RUN_CONFIG) != 0 && strcmp(list.names[i], RUN_LOCK) != 0)
            status = copy_one(ctx, from, to, list.names[i]);
    folder_list_close(ctx, &list);
    return status;
}

static Status remove_config(Context *ctx, const char *folder) {
    char *path;
    TRY(path_join(ctx, &path, folder, RUN_CONFIG));
    const Status status = file_remove(ctx, path);
    FREE_ARRAY(ctx, &path);
    return status;
}

static Status copy_checkpoint(Context *ctx, const char *from, const char *to) {
    char *source = NULL, *target = NULL;
    Status status = path_join(ctx, &source, from, RUN_CHECKPOINT);
    if (status == SPICA_OK) status = path_join(ctx, &target, to, RUN_CHECKPOINT);
    if (status == SPICA_OK && path_is_folder(source)) status = copy_files(ctx, source, target);
    FREE_ARRAY(ctx, &source);
    FREE_ARRAY(ctx, &target);
    return status;
}

Status run_folder_copy(Context *ctx, const char *from, const char *to) {
    TRY(remove_config(ctx, to));
    TRY(copy_files(ctx, from, to));
    TRY(copy_checkpoint(ctx, from, to));
    return copy_one(ctx, from, to, RUN_CONFIG);
}
