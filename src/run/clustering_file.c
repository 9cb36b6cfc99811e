#include "run/clustering_file.h"

#include <stdio.h>
#include <string.h>

#include "data/array_dataset.h"
#include "state/run_folder.h"

static Status read_run(Context *ctx, const char *run, ClusterTable *table) {
    RunFolder folder = {0};
    char *path = NULL;
    Status status = run_folder_open_existing(ctx, &folder, run);
    if (status == SPICA_OK) status = run_folder_path(ctx, &folder, RUN_CLUSTERS, &path);
    if (status == SPICA_OK && !path_exists(path))
        status = context_fail(ctx, SPICA_ERROR_RUN, "%s: no %s yet: the run is not finished", run, RUN_CLUSTERS);
    if (status == SPICA_OK) status = cluster_table_read(ctx, path, table);
    FREE_ARRAY(ctx, &path);
    run_folder_close(ctx, &folder);
    return status;
}

static Status read_file(Context *ctx, const char *path, ClusterTable *table) {
    const Status status = cluster_table_read(ctx, path, table);
    return status == SPICA_ERROR_IO ? SPICA_ERROR_DATA : status; /* the reason stands: the table cannot be read */
}

Status clustering_read(Context *ctx, const char *path, ClusterTable *table) {
    *table = (ClusterTable){0};
    if (!path_exists(path)) return context_fail(ctx, SPICA_ERROR_DATA, "%s: no such run folder or CSV file", path);
    if (file_is_array(path))
        return context_fail(
            ctx, SPICA_ERROR_DATA,
            "%s: the rows of an array have no paths to join it with: it is compared with --labels alone", path);
    TRY(path_is_folder(path) ? read_run(ctx, path, table) : read_file(ctx, path, table));
    if (table->count > 0) return SPICA_OK;
    return context_fail(ctx, SPICA_ERROR_DATA, "%s: has no pictures", path);
}

Status clustering_check_cells(Context *ctx, const char *path, size_t clusters, size_t classes) {
    if (clusters == 0 || classes <= CONFUSION_CELLS_MOST / clusters) return SPICA_OK;
    return context_fail(ctx, SPICA_ERROR_DATA,
                        "%s: %zu clusters against %zu groups are no clustering: another column is taken for them?",
                        path, clusters, classes);
}

/* Whether the line, which is cut into its cells, has one of this name; quotes around a cell do not count. */
static bool header_names(const char *line, const char *name) {
    const size_t length = strlen(name);
    for (const char *cell = line; cell != NULL; cell = strchr(cell, ',')) {
        if (*cell == ',') cell++;
        const char *end = strchr(cell, ',');
        size_t width = end != NULL ? (size_t)(end - cell) : strlen(cell);
        const bool quoted = width >= 2 && cell[0] == '"' && cell[width - 1] == '"';
        if (width - (quoted ? 2 : 0) == length && memcmp(cell + quoted, name, length) == 0) return true;
    }
    return false;
}

static bool is_table(const char *path) {
    char start[4096];
    FILE *stream = fopen(path, "rb");
    if (stream == NULL) return false;
    const size_t count = fread(start, 1, sizeof start - 1, stream);
    fclose(stream);
    start[count] = '\0';
    start[strcspn(start, "\r\n")] = '\0';
    const char *line = strncmp(start, "\xef\xbb\xbf", 3) == 0 ? start + 3 : start; /* byte order mark */
    return header_names(line, "path") && header_names(line, "cluster");
}

static bool folder_has(Context *ctx, const char *folder, const char *name) {
    char *path;
    if (path_join(ctx, &path, folder, name) != SPICA_OK) return false;
    const bool has = path_exists(path);
    FREE_ARRAY(ctx, &path);
    return has;
}

int spica_is_clustering(spica_context *context, const char *path) {
    if (path_is_folder(path)) return folder_has(context, path, RUN_CONFIG) && folder_has(context, path, RUN_RECORD);
    return path_is_file(path) && is_table(path);
}
