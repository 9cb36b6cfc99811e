#include "run/recipe_choice.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/number.h"
#include "config/method_stages.h"
#include "run/run.h"

/* One class of picture sizes. `views`: pictures that stage 1 of SPICE can see in about 40 minutes on two cores with the
 * network of the row. */
typedef struct AutoRow {
    int side_most; /* the larger side of the pictures */
    const char *size, *stem, *width;
    double views;
} AutoRow;

static const AutoRow auto_rows[] = {
    {48, "0", "small", "16", 2500000.0}, /* measured at 28x28; the other rows are guesses by the work of a picture */
    {80, "0", "small", "16", 600000.0},
    {112, "0", "imagenet", "24", 600000.0},
    {1 << 30, "96", "imagenet", "24", 600000.0},
};

/* Too few epochs teach nothing, too many repeat themselves. */
#define EPOCHS_LEAST 4.0
#define EPOCHS_MOST 800.0

static bool has_recipe(const Options *options) {
    for (size_t i = 0; i < option_count; i++)
        if (options->sources[i] == SOURCE_RECIPE) return true;
    return false;
}

/* An epoch of PICA is a pass of each of two heads, with forward and backward passes of both views: about three times
 * the work of MoCo's. */
#define PICA_WORK 3.0

/* Recipes are about training. */
static bool trains(const Options *options) {
    return method_has_stage(options, STAGE_FEATURES) || method_has_stage(options, STAGE_PICA);
}

static bool is_pica(const Options *options) { return method_has_stage(options, STAGE_PICA); }

static Status set_key(Context *ctx, Options *options, const char *stage, const char *name, const char *text) {
    char key[64];
    snprintf(key, sizeof key, "%s.%s", stage, name);
    return options_set(ctx, options, key, text, SOURCE_RECIPE);
}

/* Views of grey pictures cannot differ in colour: brightness and contrast must do its part, or stage 1 learns how
 * bright a picture is. PICA's network sees edges. */
static Status settle_grey(Context *ctx, Options *options) {
    TRY(set_key(ctx, options, "features.augment", "jitter_probability", "1"));
    TRY(set_key(ctx, options, "features.augment", "brightness", "0.8"));
    return set_key(ctx, options, "features.augment", "contrast", "0.8");
}

static Status choose_auto(Context *ctx, Options *options, const Dataset *dataset) {
    const int side = dataset->height > dataset->width ? dataset->height : dataset->width;
    const bool pica = is_pica(options);
    const char *stage = pica ? STAGE_PICA : STAGE_FEATURES;
    const AutoRow *row = auto_rows;
    while (side > row->side_most)
        row++;
    double epochs = row->views / (double)dataset->count / (pica ? PICA_WORK : 1.0);
    if (epochs < EPOCHS_LEAST) epochs = EPOCHS_LEAST;
    if (epochs > EPOCHS_MOST) epochs = EPOCHS_MOST;
    char text[32];
    snprintf(text, sizeof text, "%.1f", epochs);
    TRY(recipe_load(ctx, options, pica ? "pica-auto" : "auto"));
    if (dataset->channels == 1 && !pica) TRY(settle_grey(ctx, options));
    TRY(options_set(ctx, options, "data.size", row->size, SOURCE_RECIPE));
    TRY(set_key(ctx, options, stage, "stem", row->stem));
    TRY(set_key(ctx, options, stage, "width", row->width));
    return set_key(ctx, options, stage, "epochs", text);
}

/* The recipe for a known data set: its own name is the one for two cores, spice-NAME and pica-NAME are the papers'. */
static bool find_recipe(const Options *options, const char *data_name, char name[64]) {
    snprintf(name, 64, is_pica(options) ? "pica-%s" : "%s", data_name);
    if (data_name[0] != '\0' && recipe_exists(name)) return true;
    snprintf(name, 64, "spice-%s", data_name);
    return data_name[0] != '\0' && !is_pica(options) && recipe_exists(name);
}

static Status choose(Context *ctx, Options *options, const Dataset *dataset, RecipeReason *reason) {
    char name[64];
    if (dataset_has_embeddings(dataset)) {
        snprintf(reason->text, sizeof reason->text, "for %zu embeddings of %zu numbers", dataset->count,
                 dataset_dimension(dataset));
        TRY(recipe_load(ctx, options, "embeddings"));
    } else if (find_recipe(options, dataset->name, name)) {
        snprintf(reason->text, sizeof reason->text, "the recognised data set's");
        TRY(recipe_load(ctx, options, name));
    } else {
        snprintf(reason->text, sizeof reason->text, "for %zu pictures of %d x %d", dataset->count, dataset->height,
                 dataset->width);
        TRY(choose_auto(ctx, options, dataset));
    }
    return SPICA_OK;
}

/* The paper over-clusters ten to twenty classes by 70 and two hundred by 700. A number of the user's own is left to the
 * rules. */
#define OVERCLUSTERS_OF_MANY 700

static Status settle_overclusters(Context *ctx, Options *options) {
    char text[NUMBER_TEXT];
    const int64_t clusters = options_integer(options, "run.clusters");
    const int64_t overclusters = options_integer(options, "pica.overclusters");
    if (!is_pica(options) || overclusters == 0 || overclusters >= clusters) return SPICA_OK;
    if (options_source(options, "pica.overclusters") == SOURCE_USER) return SPICA_OK;
    number_print_integer(text, clusters > OVERCLUSTERS_OF_MANY ? clusters : OVERCLUSTERS_OF_MANY);
    log_info(ctx, "pica: an over-clustering head of %s clusters, for %lld of the other one", text, (long long)clusters);
    return options_set(ctx, options, "pica.overclusters", text, SOURCE_RECIPE);
}

/* Whether an option of the data changes what is read of it. A size is asked of pictures that are files alone (views of
 * others are resized), and it may be the one that they have. */
static bool changes_reading(const char *key, const Options *options, const Dataset *dataset) {
    if (strncmp(key, "data.", 5) != 0 || strcmp(key, "data.auxiliary") == 0) return false;
    if (strcmp(key, "data.size") != 0) return true;
    const int64_t size = options_integer(options, key);
    return dataset->survey.width_most > 0 && (size != dataset->height || size != dataset->width);
}

/* The first option by which the data would be read otherwise than it was under the options `before`, or NULL. */
static const char *read_otherwise(const Options *before, const Options *options, const Dataset *dataset) {
    for (size_t i = 0; i < option_count; i++)
        if (strcmp(before->texts[i], options->texts[i]) != 0 && changes_reading(option_table[i].key, options, dataset))
            return option_table[i].key;
    return NULL;
}

static Status choose_and_open(Context *ctx, Options *options, const Options *before, const char *path, Dataset *dataset,
                              RecipeReason *reason) {
    const bool given = has_recipe(options) || !trains(options);
    RecipeReason why = {0};
    snprintf(why.text, sizeof why.text, trains(options) ? "as it was given" : "nothing is trained");
    TRY(run_open_dataset(ctx, options, path, dataset));
    if (!given) TRY(choose(ctx, options, dataset, &why));
    TRY(settle_overclusters(ctx, options));
    if (reason != NULL)
        *reason = why;
    else if (!given)
        log_info(ctx, "recipe: %s, %s", options_text(options, "run.recipe"), why.text);
    const char *key = read_otherwise(before, options, dataset);
    if (key == NULL) return SPICA_OK;
    log_info(ctx, "%s = %s by the recipe: the pictures are read anew", key, options->texts[option_find(key)]);
    dataset_close(ctx, dataset);
    return run_open_dataset(ctx, options, path, dataset);
}

Status recipe_choose_and_open(Context *ctx, Options *options, const char *path, Dataset *dataset,
                              RecipeReason *reason) {
    Options before = {0};
    Status status = options_open(ctx, &before);
    if (status == SPICA_OK) status = options_copy(ctx, &before, options);
    if (status == SPICA_OK) status = choose_and_open(ctx, options, &before, path, dataset, reason);
    options_close(ctx, &before);
    return status;
}
