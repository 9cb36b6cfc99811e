#include "data/record_file.h"

#include <inttypes.h>

#include "base/files.h"

Status record_file_open(Context *ctx, RecordFile *file, const char *folder, const char *name, size_t bytes) {
    uint64_t size;
    file->name = name;
    file->bytes = bytes;
    TRY(path_join(ctx, &file->path, folder, name));
    if (!path_is_file(file->path)) return context_fail(ctx, SPICA_ERROR_DATA, "%s: %s is missing", folder, name);
    if (file_open(ctx, file->path, &file->stream, &size) != SPICA_OK) return SPICA_ERROR_DATA;
    if (size == 0) return context_fail(ctx, SPICA_ERROR_DATA, "%s: the file is empty", file->path);
    if (size % bytes != 0)
        return context_fail(ctx, SPICA_ERROR_DATA,
                            "%s: %" PRIu64 " bytes are not a whole number of records of %zu bytes; the last record "
                            "begins at byte %" PRIu64,
                            file->path, size, bytes, size / bytes * bytes);
    file->count = (size_t)(size / bytes);
    return SPICA_OK;
}

Status record_file_read(Context *ctx, RecordFile *file, uint8_t *records, size_t count) {
    const size_t read = fread(records, file->bytes, count, file->stream);
    file->next += read;
    if (read == count) return SPICA_OK;
    return context_fail(ctx, SPICA_ERROR_DATA, "%s: cannot be read at byte %" PRIu64, file->path,
                        (uint64_t)file->next * file->bytes);
}

void record_file_close(Context *ctx, RecordFile *file) {
    if (file->stream != NULL) fclose(file->stream);
    file->stream = NULL;
    FREE_ARRAY(ctx, &file->path);
}
