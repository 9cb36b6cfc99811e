#include "run/recipe_choice.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"

/* One class of picture sizes. `views`: pictures that stage 1 can see in about 40 minutes on two cores with the network
 * of the row. */
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

static Status choose_auto(Context *ctx, Options *options, const Dataset *dataset) {
    const int side = dataset->height > dataset->width ? dataset->height : dataset->width;
    const AutoRow *row = auto_rows;
    while (side > row->side_most)
        row++;
    double epochs = row->views / (double)dataset->count;
    if (epochs < EPOCHS_LEAST) epochs = EPOCHS_LEAST;
    if (epochs > EPOCHS_MOST) epochs = EPOCHS_MOST;
    char text[32];
    snprintf(text, sizeof text, "%.1f", epochs);
    TRY(recipe_load(ctx, options, "auto"));
    TRY(options_set(ctx, options, "data.size", row->size, SOURCE_RECIPE));
    TRY(options_set(ctx, options, "features.stem", row->stem, SOURCE_RECIPE));
    TRY(options_set(ctx, options, "features.width", row->width, SOURCE_RECIPE));
    return options_set(ctx, options, "features.epochs", text, SOURCE_RECIPE);
}

Status recipe_choose(Context *ctx, Options *options, const Dataset *dataset) {
    char name[64];
    if (has_recipe(options)) return SPICA_OK;
    snprintf(name, sizeof name, "%s", dataset->name);
    if (!recipe_exists(name)) snprintf(name, sizeof name, "spice-%s", dataset->name);
    if (recipe_exists(name)) {
        log_info(ctx, "recipe: %s, the recognised data set's", name);
        return recipe_load(ctx, options, name);
    }
    log_info(ctx, "recipe: auto, for %zu pictures of %d x %d", dataset->count, dataset->height, dataset->width);
    return choose_auto(ctx, options, dataset);
}
