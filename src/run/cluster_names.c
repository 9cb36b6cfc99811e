#include "run/cluster_names.h"

#include <stdio.h>
#include <string.h>

#include "base/csv.h"
#include "base/files.h"
#include "base/name_table.h"
#include "base/number.h"

static Status text_keep(Context *ctx, ClusterNames *names, const char *text, const char **kept) {
    char *copy;
    const size_t bytes = strlen(text) + 1;
    TRY(arena_allocate(ctx, &names->arena, (void **)&copy, bytes, 1));
    memcpy(copy, text, bytes);
    *kept = copy;
    return SPICA_OK;
}

/* One row of the file; an empty name is none. */
static Status row_read(Context *ctx, ClusterNames *names, const CsvTable *table, size_t row, size_t cluster_column,
                       size_t name_column) {
    const char *number = csv_cell(table, row, cluster_column), *name = csv_cell(table, row, name_column);
    int64_t cluster;
    if (!number_parse_integer(number, &cluster) || cluster < 0 || (uint64_t)cluster >= names->clusters)
        return context_fail(ctx, SPICA_ERROR_DATA, "%s: line %zu: the run has the clusters 0 to %zu, not '%.40s'",
                            table->path, csv_line(table, row), names->clusters - 1, number);
    if (names->names[cluster] != NULL)
        return context_fail(ctx, SPICA_ERROR_DATA, "%s: line %zu: cluster %s has a name already", table->path,
                            csv_line(table, row), number);
    return name[0] != '\0' ? text_keep(ctx, names, name, &names->names[cluster]) : SPICA_OK;
}

static Status file_take(Context *ctx, ClusterNames *names, const char *path) {
    CsvTable table = {0};
    size_t cluster_column = 0, name_column = 0;
    Status status = csv_read(ctx, path, &table);
    if (status == SPICA_OK) status = csv_require(ctx, &table, "cluster", &cluster_column);
    if (status == SPICA_OK) status = csv_require(ctx, &table, "name", &name_column);
    for (size_t row = 0; status == SPICA_OK && row < table.rows; row++)
        status = row_read(ctx, names, &table, row, cluster_column, name_column);
    csv_close(ctx, &table);
    return status;
}

/* "cluster-07", as many digits as the largest number has. */
static Status names_complete(Context *ctx, ClusterNames *names) {
    char text[64];
    const int digits = snprintf(text, sizeof text, "%zu", names->clusters - 1);
    for (size_t cluster = 0; cluster < names->clusters; cluster++) {
        if (names->names[cluster] != NULL) continue;
        snprintf(text, sizeof text, "cluster-%0*zu", digits, cluster);
        TRY(text_keep(ctx, names, text, &names->names[cluster]));
    }
    return SPICA_OK;
}

static Status groups_find(Context *ctx, ClusterNames *names) {
    NameTable table = {0};
    size_t *groups = NULL; /* of each name; group_count and more: none yet */
    TRY(arena_allocate(ctx, &names->arena, (void **)&names->groups, names->clusters, sizeof *names->groups));
    TRY(arena_allocate(ctx, &names->arena, (void **)&names->firsts, names->clusters, sizeof *names->firsts));
    Status status = name_table_open(ctx, &table, names->names, names->clusters);
    if (status == SPICA_OK) status = NEW_ARRAY(ctx, &groups, table.count);
    for (size_t i = 0; status == SPICA_OK && i < table.count; i++)
        groups[i] = SIZE_MAX;
    for (size_t cluster = 0; status == SPICA_OK && cluster < names->clusters; cluster++) {
        size_t *group = &groups[name_table_find(&table, names->names[cluster])];
        if (*group == SIZE_MAX) {
            names->firsts[names->group_count] = cluster;
            *group = names->group_count++;
        }
        names->groups[cluster] = *group;
    }
    FREE_ARRAY(ctx, &groups);
    name_table_close(ctx, &table);
    return status;
}

Status cluster_names_open(Context *ctx, ClusterNames *names, const RunFolder *folder, size_t clusters) {
    char *path = NULL;
    *names = (ClusterNames){.clusters = clusters};
    TRY(arena_allocate(ctx, &names->arena, (void **)&names->names, clusters, sizeof *names->names));
    Status status = run_folder_path(ctx, folder, RUN_CLUSTER_NAMES, &path);
    if (status == SPICA_OK && path_exists(path)) status = file_take(ctx, names, path);
    FREE_ARRAY(ctx, &path);
    if (status == SPICA_OK) status = names_complete(ctx, names);
    if (status == SPICA_OK) status = groups_find(ctx, names);
    return status;
}

void cluster_names_close(Context *ctx, ClusterNames *names) {
    arena_close(ctx, &names->arena);
    *names = (ClusterNames){0};
}
