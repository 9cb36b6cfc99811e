/* spica_ablate: every variant of an ablation with every seed, and what came out. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/files.h"
#include "base/json_text.h"
#include "base/log.h"
#include "base/number.h"
#include "run/ablation_results.h"
#include "run/gradient_ratio.h"
#include "run/options_api.h"
#include "run/quality.h"
#include "run/recipe_choice.h"
#include "run/run.h"
#include "state/run_folder.h"

#define SEEDS_MOST 1000

/* The command's own. */
typedef struct Ablate {
    AblationResults results;
    Options options; /* the user's, with the recipe */
    const char *data, *folder;
    bool begun_here; /* the folder had no ablation before */
    bool made_here;  /* there was no folder */
} Ablate;

size_t spica_ablation_count(void) {
    size_t count = 0;
    while (ablations[count].name != NULL)
        count++;
    return count;
}

const char *spica_ablation_name(size_t index) { return index < spica_ablation_count() ? ablations[index].name : NULL; }

const char *spica_ablation_summary(size_t index) {
    return index < spica_ablation_count() ? ablations[index].summary : NULL;
}

static Status check_name(Context *ctx, const char *name, const Ablation **ablation) {
    char known[256] = "";
    *ablation = ablation_find(name);
    if (*ablation != NULL) return SPICA_OK;
    for (const Ablation *next = ablations; next->name != NULL; next++) {
        const size_t used = strlen(known);
        snprintf(known + used, sizeof known - used, "%s%s", used > 0 ? ", " : "", next->name);
    }
    return context_fail(ctx, SPICA_ERROR_OPTION, "unknown ablation \"%s\" (known: %s)", name, known);
}

/* What a command that was stopped while it wrote may have left besides. */
static bool is_leftover(const char *name) {
    return strcmp(name, ABLATION_TABLE) == 0 || strcmp(name, ABLATION_TABLE ".partial") == 0 ||
           strcmp(name, ABLATION_RECORD ".partial") == 0;
}

/* *begun: an ablation stands there. A folder of something else is refused. */
static Status folder_examine(Context *ctx, const char *path, bool *begun) {
    FolderList list;
    const char *foreign = NULL;
    *begun = false;
    Status status = folder_list(ctx, &list, path);
    for (size_t i = 0; i < list.count; i++) {
        *begun = *begun || strcmp(list.names[i], ABLATION_RECORD) == 0;
        if (foreign == NULL && !is_leftover(list.names[i])) foreign = list.names[i];
    }
    if (status == SPICA_OK && !*begun && foreign != NULL)
        status = context_fail(ctx, SPICA_ERROR_RUN,
                              "%s is not empty and holds no ablation (%s, but no " ABLATION_RECORD
                              "): another folder is needed",
                              path, foreign);
    folder_list_close(ctx, &list);
    return status;
}

/* Finds the ablation that is gone on with, or begins one. */
static Status folder_begin(Context *ctx, Ablate *ablate) {
    const char *path = ablate->folder;
    bool begun = false;
    if (*path == '\0') return context_fail(ctx, SPICA_ERROR_RUN, "the ablation folder's path is empty");
    ablate->made_here = !path_exists(path);
    if (!ablate->made_here && !path_is_folder(path))
        return context_fail(ctx, SPICA_ERROR_RUN, "%s is a file; an ablation needs a folder of its own", path);
    if (!ablate->made_here) TRY(folder_examine(ctx, path, &begun));
    if (begun) return ablation_check_record(ctx, &ablate->results, path);
    TRY(folder_make(ctx, path));
    ablate->begun_here = true;
    return ablation_write(ctx, &ablate->results, path);
}

/* Where already the first run was refused, nothing is left. */
static void folder_undo(Context *ctx, const Ablate *ablate) {
    static const char *const names[] = {ABLATION_TABLE, ABLATION_RECORD};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char *path;
        if (path_join(ctx, &path, ablate->folder, names[i]) != SPICA_OK) return;
        remove(path);
        FREE_ARRAY(ctx, &path);
    }
    if (ablate->made_here) remove(ablate->folder);
}

/* The user's options as the variant's, with the run's seed and share of the budget. */
static Status set_options(Context *ctx, const Ablate *ablate, const AblationRun *run, spica_options *options) {
    char text[NUMBER_TEXT];
    TRY(options_open(ctx, &options->options));
    TRY(options_copy(ctx, &options->options, &ablate->options));
    TRY(ablation_apply(ctx, ablate->results.ablation, run->variant, &options->options));
    number_print_integer(text, run->seed);
    TRY(options_set(ctx, &options->options, "run.seed", text, SOURCE_USER));
    number_print_duration(text, ablate->results.budget);
    return options_set(ctx, &options->options, "run.budget", text, SOURCE_USER);
}

/* Empty clusters and the seconds of the stages, of a run that has ended: they stand in its metrics.json, which a run
 * that was gone on with has too. */
static Status read_metrics(Context *ctx, const char *folder, AblationRun *run) {
    json_t *metrics = NULL;
    TRY(several_read_metrics(ctx, folder, &metrics, &run->seconds));
    if (run->quality.clusters < json_array_size(json_object_get(metrics, "sizes"))) run->outcome = ABLATION_EMPTY;
    json_decref(metrics);
    return SPICA_OK;
}

static void note_failure(Context *ctx, AblationRun *run) {
    run->outcome = ABLATION_FAILED;
    run->quality = quality_unknown();
    run->seconds = NAN;
    snprintf(run->reason, sizeof run->reason, "%.255s", ctx->reason);
    log_warning(ctx, "%s, seed %" PRId64 ": %s; the other runs go on", run->variant->name, run->seed, ctx->reason);
}

/* *path: where the variant's run with this seed is. */
static Status run_path(Context *ctx, const Ablate *ablate, const char *variant, int64_t seed, char **path) {
    char name[32], *parent;
    snprintf(name, sizeof name, "seed-%" PRId64, seed);
    TRY(path_join(ctx, &parent, ablate->folder, variant));
    const Status status = path_join(ctx, path, parent, name);
    FREE_ARRAY(ctx, &parent);
    return status;
}

static Status cluster(Context *ctx, const Ablate *ablate, AblationRun *run, const char *folder) {
    const char *features_of = run->variant->features_of;
    spica_options options = {0};
    char *donor = NULL;
    Status status = set_options(ctx, ablate, run, &options);
    if (status == SPICA_OK && features_of != NULL) status = run_path(ctx, ablate, features_of, run->seed, &donor);
    if (status == SPICA_OK) status = run_cluster(ctx, &options, ablate->data, folder, false, donor, &run->quality);
    FREE_ARRAY(ctx, &donor);
    options_close(ctx, &options.options);
    return status;
}

static Status run_in(Context *ctx, Ablate *ablate, AblationRun *run, const char *folder) {
    const Status status = cluster(ctx, ablate, run, folder);
    if (status == SPICA_OK) return read_metrics(ctx, folder, run);
    if (status == SPICA_ERROR_NUMERIC) {
        note_failure(ctx, run);
        return SPICA_OK;
    }
    if (ablate->begun_here && ablate->results.count == 0 && !path_exists(folder)) folder_undo(ctx, ablate);
    return status;
}

static Status run_one(Context *ctx, Ablate *ablate, const AblationVariant *variant, int64_t seed) {
    AblationResults *results = &ablate->results;
    AblationRun *run = &results->runs[results->count];
    *run = (AblationRun){.variant = variant, .seed = seed};
    char *folder = NULL;
    log_info(ctx, "run %zu of %zu: %s, seed %" PRId64, results->count + 1,
             results->seeds * ablation_variant_count(results->ablation), variant->name, seed);
    Status status = run_path(ctx, ablate, variant->name, seed, &folder);
    if (status == SPICA_OK) status = run_in(ctx, ablate, run, folder);
    FREE_ARRAY(ctx, &folder);
    TRY(status);
    results->count++;
    return ablation_write(ctx, results, ablate->folder);
}

/* All variants with one seed, then all with the next: an ablation that is stopped has comparable runs. */
static Status run_all(Context *ctx, Ablate *ablate) {
    const AblationResults *results = &ablate->results;
    for (size_t s = 0; s < results->seeds; s++)
        for (const AblationVariant *variant = results->ablation->variants; variant->name != NULL; variant++) {
            TRY(context_check_cancel(ctx));
            TRY(run_one(ctx, ablate, variant, results->seed + (int64_t)s));
        }
    return SPICA_OK;
}

/* Every variant is tried on the options before anything is run. */
static Status check_options(Context *ctx, const Ablate *ablate) {
    const AblationResults *results = &ablate->results;
    Status status = SPICA_OK;
    for (const AblationVariant *variant = results->ablation->variants; status == SPICA_OK && variant->name != NULL;
         variant++) {
        const AblationRun last = {.variant = variant, .seed = results->seed + (int64_t)results->seeds - 1};
        spica_options options = {0};
        status = set_options(ctx, ablate, &last, &options);
        options_close(ctx, &options.options);
    }
    return status;
}

static Status publish(Context *ctx, const AblationResults *results, char **json) {
    json_t *object = NULL;
    if (json == NULL) return SPICA_OK;
    Status status = ablation_json(ctx, results, &object);
    if (status == SPICA_OK) status = json_text_write(ctx, object, true, json);
    json_decref(object);
    return status;
}

/* A variant may copy what a recipe sets, and the budget asks it too. */
static Status choose_recipe(Context *ctx, Ablate *ablate) {
    static const AblationVariant shared = {0};
    Dataset dataset = {0};
    TRY(ablation_apply(ctx, ablate->results.ablation, &shared, &ablate->options));
    Status status = recipe_choose_and_open(ctx, &ablate->options, ablate->data, &dataset, NULL);
    if (status == SPICA_OK) status = dataset_require_pictures(ctx, &dataset, "an ablation");
    dataset_close(ctx, &dataset);
    return status;
}

/* A variant that the user's options make equal to the full method would stand in the tables under a wrong name. */
static Status check_variant(Context *ctx, const Ablate *ablate, const AblationVariant *variant) {
    Options changed = {0};
    Status status = options_open(ctx, &changed);
    if (status == SPICA_OK) status = options_copy(ctx, &changed, &ablate->options);
    if (status == SPICA_OK) status = ablation_apply(ctx, ablate->results.ablation, variant, &changed);
    if (status == SPICA_OK && options_differ(&changed, &ablate->options, NULL) < 0)
        status = context_fail(ctx, SPICA_ERROR_OPTION, "the variant %s (%s) is what the options ask for already",
                              variant->name, variant->settings[0]);
    options_close(ctx, &changed);
    return status;
}

static Status check_variants(Context *ctx, const Ablate *ablate) {
    for (const AblationVariant *variant = ablate->results.ablation->variants; variant->name != NULL; variant++)
        if (variant->settings[0] != NULL) TRY(check_variant(ctx, ablate, variant));
    return SPICA_OK;
}

/* What a run that takes over another one's stage 1 costs, as a share of one that trains it: stage 2, about as long for
 * passes over the data, and stage 3 where the method has one. */
static double share_of_later_stages(const Options *options) {
    const double joint = method_has_stage(options, STAGE_JOINT) ? options_real(options, "run.split_joint") : 0.0;
    const double share = 2.0 * options_real(options, "run.split_head") + joint;
    return share < 1.0 && !method_features_given(options) ? share : 1.0;
}

/* Of a run that trains all stages that the ablation is of. */
static double run_budget(const Ablate *ablate) {
    const AblationResults *results = &ablate->results;
    const double runs = ablation_run_weight(results->ablation, share_of_later_stages(&ablate->options));
    return options_real(&ablate->options, "run.budget") / ((double)results->seeds * runs);
}

static Status ablate_all(Context *ctx, Ablate *ablate, char **json) {
    AblationResults *results = &ablate->results;
    results->seed = options_integer(&ablate->options, "run.seed");
    TRY(check_options(ctx, ablate));
    TRY(choose_recipe(ctx, ablate));
    TRY(check_variants(ctx, ablate));
    results->budget = run_budget(ablate);
    TRY(ablation_results_open(ctx, results));
    TRY(folder_begin(ctx, ablate));
    TRY(run_all(ctx, ablate));
    if (results->ablation->gradient_ratios) TRY(gradient_ratio_write(ctx, ablate->folder));
    return publish(ctx, results, json);
}

spica_status spica_ablate(spica_context *context, const spica_options *options, const char *name, const char *data,
                          const char *folder, size_t seeds, char **json) {
    Ablate ablate = {.data = data, .folder = folder, .results = {.seeds = seeds}};
    if (json != NULL) *json = NULL;
    TRY(check_name(context, name, &ablate.results.ablation));
    if (seeds < 1 || seeds > SEEDS_MOST)
        return context_fail(context, SPICA_ERROR_OPTION, "%zu seeds: 1 to %d are expected", seeds, SEEDS_MOST);
    if (options_integer(&options->options, "run.trials") > 1)
        return context_fail(context, SPICA_ERROR_OPTION, "run.trials = %" PRId64 ": an ablation takes --seeds instead",
                            options_integer(&options->options, "run.trials"));
    Status status = options_open(context, &ablate.options);
    if (status == SPICA_OK) status = options_copy(context, &ablate.options, &options->options);
    if (status == SPICA_OK) status = ablate_all(context, &ablate, json);
    ablation_results_close(context, &ablate.results);
    options_close(context, &ablate.options);
    return status;
}
