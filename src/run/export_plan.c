#include "run/export_plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/files.h"
#include "run/clustering_file.h"
#include "run/options_api.h"
#include "run/run.h"

/* ---- Clusters, names, order ---- */

/* K, or what clusters.csv says where that is more. */
static Status count_clusters(Context *ctx, const RunFolder *folder, const ClusterTable *table, size_t *clusters) {
    Options options = {0};
    Status status = options_open(ctx, &options);
    if (status == SPICA_OK) status = run_folder_options(ctx, folder, &options);
    if (status == SPICA_OK) {
        const int64_t asked = options_integer(&options, "run.clusters");
        *clusters = asked > 0 && (uint64_t)asked > table->cluster_count ? (size_t)asked : table->cluster_count;
    }
    options_close(ctx, &options);
    return status;
}

typedef struct Member {
    size_t group, picture;
    float confidence; /* -1: unknown */
} Member;

static int compare_members(const void *a, const void *b) {
    const Member *x = a, *y = b;
    if (x->group != y->group) return x->group < y->group ? -1 : 1;
    if (x->confidence < y->confidence || x->confidence > y->confidence) return x->confidence > y->confidence ? -1 : 1;
    return x->picture < y->picture ? -1 : 1;
}

static Status rank_pictures(Context *ctx, ExportPlan *plan) {
    const size_t count = plan->table.count;
    Member *members;
    TRY(NEW_ARRAY(ctx, &plan->ranks, count));
    TRY(NEW_ARRAY(ctx, &plan->order, count));
    TRY(NEW_ZEROED(ctx, &plan->sizes, plan->names.group_count));
    TRY(NEW_ARRAY(ctx, &members, count));
    for (size_t i = 0; i < count; i++) {
        const float confidence = plan->table.confidences[i];
        members[i] = (Member){export_group(plan, i), i, confidence >= 0 ? confidence : -1};
    }
    qsort(members, count, sizeof *members, compare_members);
    for (size_t i = 0; i < count; i++) {
        plan->order[i] = members[i].picture;
        plan->ranks[members[i].picture] = ++plan->sizes[members[i].group];
    }
    FREE_ARRAY(ctx, &members);
    return SPICA_OK;
}

Status export_plan_open(Context *ctx, ExportPlan *plan, const char *run) {
    RunFolder folder = {0};
    size_t clusters = 0;
    *plan = (ExportPlan){.run = run};
    Status status = run_folder_open_existing(ctx, &folder, run);
    if (status == SPICA_OK) status = clustering_read(ctx, run, &plan->table);
    if (status == SPICA_OK) status = count_clusters(ctx, &folder, &plan->table, &clusters);
    if (status == SPICA_OK) status = cluster_names_open(ctx, &plan->names, &folder, clusters);
    if (status == SPICA_OK) status = rank_pictures(ctx, plan);
    run_folder_close(ctx, &folder);
    return status;
}

void export_plan_close(Context *ctx, ExportPlan *plan) {
    cluster_table_close(ctx, &plan->table);
    cluster_names_close(ctx, &plan->names);
    FREE_ARRAY(ctx, &plan->ranks);
    FREE_ARRAY(ctx, &plan->order);
    FREE_ARRAY(ctx, &plan->sizes);
    FREE_ARRAY(ctx, &plan->folder);
    dataset_close(ctx, &plan->dataset);
}

/* ---- Pictures ---- */

/* The folder that paths begin at: DATA, or that of the file. */
static Status folder_of(Context *ctx, const char *data, char **folder) {
    TRY(memory_copy_text(ctx, folder, data));
    if (path_is_folder(data)) return SPICA_OK;
    char *slash = strrchr(*folder, '/');
    if (slash == NULL)
        (*folder)[0] = '\0';
    else
        slash[slash == *folder] = '\0';
    return SPICA_OK;
}

Status export_source_path(Context *ctx, const ExportPlan *plan, size_t picture, char **path) {
    return path_join(ctx, path, plan->folder, plan->table.paths[picture]);
}

/* Whether the pictures are files: all of them, or none. */
static Status find_files(Context *ctx, ExportPlan *plan) {
    size_t found = 0, missing = SIZE_MAX; /* the first one that is */
    for (size_t i = 0; i < plan->table.count; i++) {
        char *path;
        TRY(export_source_path(ctx, plan, i, &path));
        if (path_is_file(path))
            found++;
        else if (missing == SIZE_MAX)
            missing = i;
        FREE_ARRAY(ctx, &path);
    }
    plan->files = found == plan->table.count;
    if (plan->files || found == 0) return SPICA_OK;
    return context_fail(ctx, SPICA_ERROR_DATA, "%zu of %zu pictures are not where they were, %s for one",
                        plan->table.count - found, plan->table.count, plan->table.paths[missing]);
}

/* What the caller set under data. */
static Status adopt_user_options(Context *ctx, Options *options, const spica_options *user) {
    spica_option_info info;
    for (size_t i = 0; user != NULL && spica_option_describe(i, &info) == SPICA_OK; i++)
        if (strncmp(info.key, "data.", 5) == 0 && options_source(&user->options, info.key) == SOURCE_USER)
            TRY(options_set(ctx, options, info.key, options_text(&user->options, info.key), SOURCE_USER));
    return SPICA_OK;
}

static Status check_dataset(Context *ctx, const ExportPlan *plan, const RunFolder *folder) {
    const Dataset *dataset = &plan->dataset;
    TRY(run_folder_check_data(ctx, folder, dataset->fingerprint));
    if (dataset->pixels == NULL)
        return context_fail(ctx, SPICA_ERROR_DATA, "%s: its data has no pictures that could be written", plan->run);
    for (size_t i = 0; i < dataset->count; i++)
        if (i >= plan->table.count || strcmp(dataset->paths[i], plan->table.paths[i]) != 0)
            return context_fail(ctx, SPICA_ERROR_RUN, "%s: " RUN_CLUSTERS " does not have the rows of its data",
                                plan->run);
    return SPICA_OK;
}

static Status open_dataset(Context *ctx, ExportPlan *plan, const RunFolder *folder, const char *data,
                           const spica_options *user) {
    Options options = {0};
    Status status = options_open(ctx, &options);
    if (status == SPICA_OK) status = run_folder_options(ctx, folder, &options);
    if (status == SPICA_OK) status = adopt_user_options(ctx, &options, user);
    if (status == SPICA_OK) status = run_open_dataset(ctx, &options, data, &plan->dataset);
    if (status == SPICA_OK) status = check_dataset(ctx, plan, folder);
    options_close(ctx, &options);
    return status;
}

Status export_plan_find_pictures(Context *ctx, ExportPlan *plan, const char *data, const spica_options *options) {
    RunFolder folder = {0};
    json_t *record = NULL;
    Status status = run_folder_open_existing(ctx, &folder, plan->run);
    if (status == SPICA_OK) status = run_folder_read_json(ctx, &folder, RUN_RECORD, &record);
    if (data == NULL) data = json_string_value(json_object_get(json_object_get(record, "data"), "path"));
    if (status == SPICA_OK && data == NULL)
        status = context_fail(ctx, SPICA_ERROR_RUN, "%s/" RUN_RECORD " does not tell the data", plan->run);
    if (status == SPICA_OK) status = folder_of(ctx, data, &plan->folder);
    if (status == SPICA_OK) status = find_files(ctx, plan);
    if (status == SPICA_OK && !plan->files) status = open_dataset(ctx, plan, &folder, data, options);
    json_decref(record);
    run_folder_close(ctx, &folder);
    return status;
}
