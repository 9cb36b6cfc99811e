/* spica_cluster: data, recipe, plan, stages, results. */
#include <math.h>
#include <string.h>

#include "base/files.h"
#include "base/log.h"
#include "methods/picture_pool.h"
#include "run/build_facts.h"
#include "run/data_tables.h"
#include "run/disk_need.h"
#include "run/options_api.h"
#include "run/recipe_choice.h"
#include "run/run.h"
#include "run/run_results.h"
#include "run/stage_partition.h"
#include "run/stage_plan.h"
#include "run/trials_run.h"

/* Clusters, data and options must go together. */
static Status check_request(Context *ctx, const Run *run, const char *data) {
    const int64_t clusters = options_integer(&run->options, "run.clusters");
    if (clusters < 2)
        return context_fail(ctx, SPICA_ERROR_OPTION, "run.clusters is missing: how many clusters (-k K, at least 2)?");
    TRY(options_check(ctx, &run->options));
    if (run->dataset.count < (size_t)clusters)
        return context_fail(ctx, SPICA_ERROR_DATA, "%s: %zu %s cannot make %lld clusters", data, run->dataset.count,
                            dataset_has_embeddings(&run->dataset) ? "embeddings" : "pictures", (long long)clusters);
    return SPICA_OK;
}

/* Embeddings are for stages that need no pictures, and come with no network. */
static Status check_embeddings(Context *ctx, const Run *run) {
    const char *weights = options_text(&run->options, "features.weights");
    if (!dataset_has_embeddings(&run->dataset)) return SPICA_OK;
    if (method_has_stage(&run->options, STAGE_PICA))
        return dataset_require_pictures(ctx, &run->dataset, "run.method = pica");
    if (method_has_stage(&run->options, STAGE_SCAN))
        return dataset_require_pictures(ctx, &run->dataset, "run.method = scan");
    if (*weights == '\0') return SPICA_OK;
    return context_fail(ctx, SPICA_ERROR_OPTION,
                        "features.weights = %s: the data are embeddings, which need no network", weights);
}

/* A new run must find its features; one that goes on may have lost the file that it began with. */
static Status check_weights(Context *ctx, const Run *run) {
    const char *weights = options_text(&run->options, "features.weights");
    if (run->folder.exists || *weights == '\0') return SPICA_OK;
    if (!path_exists(weights))
        return context_fail(ctx, SPICA_ERROR_OPTION, "features.weights = %s: there is no such file", weights);
    if (path_is_folder(weights))
        return context_fail(ctx, SPICA_ERROR_OPTION, "features.weights = %s: a folder where a weights file is expected",
                            weights);
    return SPICA_OK;
}

/* config.ini tells how many threads made the bits. */
static Status settle_threads(Context *ctx, Run *run) {
    char text[16];
    context_use_threads(ctx, options_integer(&run->options, "run.threads"));
    snprintf(text, sizeof text, "%d", ctx->threads);
    return options_set(ctx, &run->options, "run.threads", text, SOURCE_USER);
}

static bool trains_on_auxiliary(const Run *run) {
    if (method_has_stage(&run->options, STAGE_PICA)) return options_integer(&run->options, "pica.overclusters") > 0;
    return plan_trains_features(run);
}

/* Before anything is measured: wrong pictures are told at once. */
static Status open_auxiliary(Context *ctx, Run *run) {
    const PicturePool pool = {&run->dataset, &run->auxiliary};
    if (options_text(&run->options, "data.auxiliary")[0] == '\0') return SPICA_OK;
    if (!trains_on_auxiliary(run)) {
        log_info(ctx, "the auxiliary pictures are not used: neither stage 1 nor an over-clustering head is trained");
        return SPICA_OK;
    }
    TRY(run_open_auxiliary(ctx, &run->options, &run->auxiliary));
    return pool_check(ctx, &pool);
}

static Status settle_models(Context *ctx, Run *run) {
    Scaling features, joint;
    if (method_has_stage(&run->options, STAGE_PICA)) return SPICA_OK; /* settings_pica has its own */
    TRY(settings_scaling(ctx, &run->options, STAGE_FEATURES, &run->dataset, NULL, &features));
    TRY(settings_scaling(ctx, &run->options, STAGE_JOINT, &run->dataset, &features, &joint));
    TRY(settings_model(ctx, &run->options, STAGE_FEATURES, &run->dataset, &features, &run->features));
    return settings_model(ctx, &run->options, STAGE_JOINT, &run->dataset, &joint, &run->joint);
}

/* The lengths that the folder's budget set before: a schedule is fixed once it is set. */
static Status adopt_plan(Context *ctx, Run *run, const RunFolder *folder) {
    Options kept = {0};
    Status status = options_open(ctx, &kept);
    if (status == SPICA_OK) status = run_folder_options(ctx, folder, &kept);
    for (size_t i = 0; status == SPICA_OK && plan_keys[i] != NULL; i++)
        if (options_source(&run->options, plan_keys[i]) != SOURCE_USER)
            status =
                options_set(ctx, &run->options, plan_keys[i], kept.texts[option_find(plan_keys[i])], SOURCE_RECIPE);
    options_close(ctx, &kept);
    return status;
}

/* A donor that has nothing to give does not count; of another one the lengths hold, not the clock. */
static Status meet_donor(Context *ctx, Run *run, const char *donor) {
    RunFolder folder = {0};
    bool whole = false;
    if (donor == NULL || !method_has_stage(&run->options, STAGE_FEATURES)) return SPICA_OK;
    if (strcmp(options_text(&run->options, "head.bn"), "train") == 0) return SPICA_OK; /* stage 2 moves its backbone */
    TRY(stage_features_whole(ctx, donor, &whole));
    if (!whole) return SPICA_OK;
    run->donor = donor;
    Status status = run_folder_open_existing(ctx, &folder, donor);
    if (status == SPICA_OK) status = adopt_plan(ctx, run, &folder);
    run->budget = 0.0;
    run_folder_close(ctx, &folder);
    return status;
}

/* The options that stage 1 of another run was trained by hold here too; what the user has set must be the same. */
static Status adopt_features_options(Context *ctx, Run *run, const char *donor, const Options *held) {
    for (size_t i = 0; i < option_count; i++) {
        const char *key = option_table[i].key;
        const bool shared = strncmp(key, "features.", 9) == 0 || strcmp(key, "data.size") == 0;
        if (!shared || strcmp(key, "features.from") == 0 || strcmp(key, "features.weights") == 0) continue;
        const bool users = options_source(&run->options, key) == SOURCE_USER;
        if (users && strcmp(run->options.texts[i], held->texts[i]) != 0)
            return context_fail(ctx, SPICA_ERROR_OPTION, "%s = %s: %s, whose stage 1 is taken over, has %s", key,
                                run->options.texts[i], donor, held->texts[i]);
        if (!users) TRY(options_set(ctx, &run->options, key, held->texts[i], SOURCE_RECIPE));
    }
    return SPICA_OK;
}

/* A backbone that stage 2 has moved is no longer stage 1's. */
static Status check_features_run(Context *ctx, const Run *run, const RunFolder *folder, const Options *held) {
    TRY(run_folder_check_data(ctx, folder, run->dataset.fingerprint));
    if (!method_has_stage(held, STAGE_HEAD) || strcmp(options_text(held, "head.bn"), "train") != 0) return SPICA_OK;
    return context_fail(ctx, SPICA_ERROR_RUN,
                        "features.from = %s: its stage 2 has moved the backbone (head.bn = train)", folder->path);
}

/* features.from: a run that goes on has taken its stage 1 over already, and the other one may be gone. */
static Status meet_features_run(Context *ctx, Run *run, const char *path) {
    const char *from = options_text(&run->options, "features.from");
    RunFolder folder = {0};
    Options held = {0};
    bool taken = false, whole = false;
    if (*from == '\0') return SPICA_OK;
    TRY(stage_features_whole(ctx, path, &taken));
    TRY(stage_features_whole(ctx, from, &whole));
    if (!taken && !whole)
        return context_fail(ctx, SPICA_ERROR_RUN, "features.from = %s: no run whose stage 1 is done", from);
    run->donor = from;
    Status status = run_folder_open_existing(ctx, &folder, taken ? path : from);
    if (status == SPICA_OK) status = options_open(ctx, &held);
    if (status == SPICA_OK) status = run_folder_options(ctx, &folder, &held);
    if (status == SPICA_OK && !taken) status = check_features_run(ctx, run, &folder, &held);
    if (status == SPICA_OK) status = adopt_features_options(ctx, run, from, &held);
    options_close(ctx, &held);
    run_folder_close(ctx, &folder);
    return status;
}

/* An old run must have been made from the same data by the same options. */
static Status check_resumed(Context *ctx, Run *run) {
    static const char *const free_keys[] = {"run.budget", "run.threads", "run.recipe", "run.checkpoint_every", NULL};
    if (run->budget > 0.0) TRY(adopt_plan(ctx, run, &run->folder));
    run->budget = 0.0;
    TRY(run_folder_check_options(ctx, &run->folder, &run->options, free_keys));
    TRY(run_folder_check_data(ctx, &run->folder, run->dataset.fingerprint));
    if (run->auxiliary.count > 0) TRY(run_folder_check_auxiliary(ctx, &run->folder, run->auxiliary.fingerprint));
    log_info(ctx, "going on with the run in %s", run->folder.path);
    return SPICA_OK;
}

/* A folder that cannot be made, or that another process works in, is told before anything is measured. */
static Status claim_folder(Context *ctx, Run *run, const char *path, bool overwrite) {
    TRY(run_folder_open(ctx, &run->folder, path, overwrite));
    TRY(check_weights(ctx, run));
    TRY(folder_make(ctx, path));
    TRY(run_lock_take(ctx, &run->lock, path));
    /* Once more: another process may have begun or ended a run there in between. */
    run_folder_close(ctx, &run->folder);
    return run_folder_open(ctx, &run->folder, path, overwrite);
}

static Status begin_folder(Context *ctx, Run *run, const char *data) {
    BuildFacts facts;
    build_facts(&facts);
    const RunRecord record = {
        .command = ctx->settings.command,
        .data = data,
        .data_kind = run->dataset.kind,
        .data_name = run->dataset.name,
        .fingerprint = run->dataset.fingerprint,
        .auxiliary_fingerprint = run->auxiliary.fingerprint,
        .pictures = run->dataset.count,
        .threads = ctx->threads,
        .instruction_set = facts.instruction_set,
        .libraries = facts.libraries,
        .library_count = BUILD_LIBRARIES,
    };
    /* The lengths are fixed: what is kept needs no clock. */
    TRY(options_set(ctx, &run->options, "run.budget", "0", SOURCE_USER));
    return run_folder_begin(ctx, &run->folder, &run->options, &record);
}

typedef Status (*RunPart)(Context *ctx, Run *run);

/* What memory does not suffice for is tried once more under --memory-limit, by training plans that keep less; where
 * that does not help, the user hears what may. */
static Status run_within_memory(Context *ctx, Run *run, RunPart part) {
    Status status = part(ctx, run);
    if (status == SPICA_ERROR_MEMORY && ctx->memory_limit != 0 && !ctx->recompute) {
        log_info(ctx, "convolutions are computed again in the backward direction, to keep to the memory limit");
        ctx->recompute = true;
        status = part(ctx, run);
    }
    if (status != SPICA_ERROR_MEMORY) return status;
    const bool rows = method_has_stage(&run->options, STAGE_PARTITION) || dataset_has_embeddings(&run->dataset);
    return context_fail(ctx, status, "%s; the run needs less with %s", spica_context_reason(ctx),
                        rows ? "fewer pictures (data.limit)" : "a smaller batch, width or data.size");
}

static Status run_stage(Context *ctx, Run *run, const char *name) {
    static const struct {
        const char *name;
        RunPart compute;
    } stages[] = {
        {STAGE_FEATURES, stage_features},     {STAGE_HEAD, stage_head},
        {STAGE_JOINT, stage_joint},           {STAGE_PICA, stage_pica},
        {STAGE_KNOWN, stage_known},           {STAGE_SCAN, stage_scan},
        {STAGE_SELF_LABEL, stage_self_label}, {STAGE_PARTITION, stage_partition},
    };
    for (size_t i = 0; i < sizeof stages / sizeof stages[0]; i++)
        if (strcmp(name, stages[i].name) == 0) return run_within_memory(ctx, run, stages[i].compute);
    return context_fail(ctx, SPICA_ERROR_INTERNAL, "there is no stage %s", name);
}

static Status make_run(Context *ctx, Run *run, spica_quality *quality) {
    const Options *options = &run->options;
    TRY(data_tables_write(ctx, run));
    for (const char *const *stage = method_stages(options); *stage != NULL; stage++)
        TRY(run_stage(ctx, run, *stage));
    if (method_has_stage(options, STAGE_HEAD) && !method_has_stage(options, STAGE_JOINT))
        TRY(stage_join_models(ctx, run));
    if (method_has_stage(options, STAGE_SCAN) && !method_has_stage(options, STAGE_SELF_LABEL))
        TRY(stage_keep_scan(ctx, run));
    return run_write_results(ctx, run, quality);
}

static const char *outcome_of(Status status) {
    if (status == SPICA_OK) return "done";
    return status == SPICA_CANCELLED ? "cancelled" : "failed";
}

/* The folder hears how it ended; the first reason is the one that is told. */
static Status end_folder(Context *ctx, const Run *run, Status status) {
    char reason[sizeof ctx->reason];
    memcpy(reason, ctx->reason, sizeof reason);
    const Status ended = run_folder_end(ctx, &run->folder, outcome_of(status));
    if (status == SPICA_OK) return ended;
    if (status == SPICA_CANCELLED)
        return context_fail(ctx, status, "cancelled: the same command goes on with the run in %s", run->folder.path);
    memcpy(ctx->reason, reason, sizeof reason);
    return status;
}

/* A report usually follows (spica_report), which is part of the same command: a thirtieth is left for it, or what the
 * whole of it takes for 70,000 pictures on two cores. */
static double budget_without_report(double budget) { return budget - fmin(budget / 30.0, 20.0); }

static Status begin_plan(Context *ctx, Run *run) {
    TRY(disk_need_check(ctx, run));
    return run_within_memory(ctx, run, plan_begin);
}

static Status cluster(Context *ctx, Run *run, const char *data, const char *path, bool overwrite, const char *donor,
                      spica_quality *quality) {
    TRY(recipe_choose_and_open(ctx, &run->options, data, &run->dataset, NULL));
    TRY(run_settle_known(ctx, run));
    TRY(check_request(ctx, run, data));
    TRY(check_embeddings(ctx, run));
    run->budget = budget_without_report(options_real(&run->options, "run.budget"));
    TRY(meet_donor(ctx, run, donor));
    TRY(meet_features_run(ctx, run, path));
    TRY(settle_threads(ctx, run));
    TRY(settle_models(ctx, run));
    if (method_has_stage(&run->options, STAGE_PARTITION)) TRY(partition_check_run(ctx, run));
    TRY(open_auxiliary(ctx, run));
    TRY(claim_folder(ctx, run, path, overwrite));
    TRY(run->folder.exists && !overwrite ? check_resumed(ctx, run) : begin_plan(ctx, run));
    TRY(begin_folder(ctx, run, data));
    return end_folder(ctx, run, make_run(ctx, run, quality));
}

Status run_cluster(Context *ctx, const spica_options *options, const char *data, const char *path, bool overwrite,
                   const char *donor, spica_quality *quality) {
    Run run = {.started = clock_seconds()};
    const int threads = ctx->threads;
    const bool recompute = ctx->recompute;
    Status status = options_open(ctx, &run.options);
    if (status == SPICA_OK) status = options_copy(ctx, &run.options, &options->options);
    if (status == SPICA_OK) status = cluster(ctx, &run, data, path, overwrite, donor, quality);
    run_lock_release(ctx, &run.lock);
    run_folder_close(ctx, &run.folder);
    known_labels_close(ctx, &run.known);
    FREE_ARRAY(ctx, &run.scored);
    dataset_close(ctx, &run.auxiliary);
    dataset_close(ctx, &run.dataset);
    options_close(ctx, &run.options);
    ctx->threads = threads;
    ctx->recompute = recompute;
    return status;
}

spica_status spica_cluster(spica_context *context, const spica_options *options, const char *data, const char *run_path,
                           int overwrite, spica_quality *quality) {
    if (options_integer(&options->options, "run.trials") > 1)
        return trials_run(context, options, data, run_path, overwrite != 0, quality);
    return run_cluster(context, options, data, run_path, overwrite != 0, NULL, quality);
}
