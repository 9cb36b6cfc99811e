/* spica_cache_describe, spica_cache_clear: what is kept of decoded pictures. */
#include "base/files.h"
#include "base/json_text.h"
#include "data/image_cache.h"

static Status add_cache_file(Context *ctx, const ImageCacheFile *file, json_t *files) {
    json_t *object;
    char *name = NULL;
    TRY(json_new_object(ctx, &object));
    Status status = json_append(ctx, files, object);
    if (status == SPICA_OK) status = text_escape(ctx, &name, path_name(file->path));
    if (status == SPICA_OK) status = json_add_text(ctx, object, "file", name);
    if (status == SPICA_OK) status = json_add_integer(ctx, object, "bytes", (int64_t)file->bytes);
    if (status == SPICA_OK) status = json_add_integer(ctx, object, "used", file->used / 1000000000);
    if (status == SPICA_OK) status = json_add_boolean(ctx, object, "whole", file->whole);
    if (status == SPICA_OK) status = json_add_integer(ctx, object, "pictures", (int64_t)file->facts.count);
    if (status == SPICA_OK) status = json_add_integer(ctx, object, "height", file->facts.height);
    if (status == SPICA_OK) status = json_add_integer(ctx, object, "width", file->facts.width);
    if (status == SPICA_OK) status = json_add_integer(ctx, object, "channels", file->facts.channels);
    FREE_ARRAY(ctx, &name);
    return status;
}

static Status describe(Context *ctx, const ImageCacheTable *table, json_t *object) {
    char *folder = NULL, *escaped = NULL;
    json_t *files;
    uint64_t bytes = 0;
    for (size_t i = 0; i < table->count; i++)
        bytes += table->files[i].bytes;
    Status status = image_cache_folder(ctx, &folder);
    if (status == SPICA_OK && folder != NULL) status = text_escape(ctx, &escaped, folder);
    if (status == SPICA_OK) status = json_add_text(ctx, object, "folder", escaped);
    if (status == SPICA_OK) status = json_add_integer(ctx, object, "bytes", (int64_t)bytes);
    FREE_ARRAY(ctx, &escaped);
    FREE_ARRAY(ctx, &folder);
    TRY(status);
    TRY(json_new_array(ctx, &files));
    TRY(json_add(ctx, object, "files", files));
    for (size_t i = 0; i < table->count; i++)
        TRY(add_cache_file(ctx, &table->files[i], files));
    return SPICA_OK;
}

spica_status spica_cache_describe(spica_context *context, char **json) {
    ImageCacheTable table = {0};
    json_t *object = NULL;
    *json = NULL;
    Status status = image_cache_list(context, &table);
    if (status == SPICA_OK) status = json_new_object(context, &object);
    if (status == SPICA_OK) status = describe(context, &table, object);
    if (status == SPICA_OK) status = json_text_write(context, object, true, json);
    json_decref(object);
    image_cache_table_close(context, &table);
    return status;
}

spica_status spica_cache_clear(spica_context *context, size_t *files, uint64_t *bytes) {
    ImageCacheTable table = {0};
    size_t removed = 0;
    uint64_t freed = 0;
    Status status = image_cache_list(context, &table);
    for (size_t i = 0; status == SPICA_OK && i < table.count; i++) {
        status = file_remove(context, table.files[i].path);
        if (status != SPICA_OK) break;
        removed++;
        freed += table.files[i].bytes;
    }
    if (files != NULL) *files = removed;
    if (bytes != NULL) *bytes = freed;
    image_cache_table_close(context, &table);
    return status;
}
