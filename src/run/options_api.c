/* The public functions on options, recipes and texts: thin clients of config. */
#include <string.h>

#include "base/memory.h"
#include "base/nearest.h"
#include "run/options_api.h"

const char *spica_nearest_word(const char *word, const char *const *words, size_t count) {
    return nearest_word(word, words, count);
}

void spica_text_free(spica_context *context, char **text) { FREE_ARRAY(context, text); }

spica_status spica_options_open(spica_context *context, spica_options **options) {
    TRY(NEW_ZEROED(context, options, 1));
    const Status status = options_open(context, &(*options)->options);
    if (status != SPICA_OK) spica_options_close(context, options);
    return status;
}

void spica_options_close(spica_context *context, spica_options **options) {
    if (*options == NULL) return;
    options_close(context, &(*options)->options);
    FREE_ARRAY(context, options);
}

spica_status spica_options_set(spica_context *context, spica_options *options, const char *key, const char *text) {
    return options_set(context, &options->options, key, text, SOURCE_USER);
}

spica_status spica_options_recipe(spica_context *context, spica_options *options, const char *name_or_path) {
    return recipe_load(context, &options->options, name_or_path);
}

const char *spica_options_get(const spica_options *options, const char *key) {
    const long row = option_find(key);
    return row < 0 ? NULL : options->options.texts[row];
}

int options_use_threads(Context *ctx, const spica_options *options) {
    return context_use_threads(ctx, options != NULL ? options_integer(&options->options, "run.threads") : 0);
}

size_t spica_option_count(void) { return option_count; }

static const char *text_or_empty(const char *text) { return text != NULL ? text : ""; }

spica_status spica_option_describe(size_t index, spica_option_info *info) {
    if (index >= option_count) return SPICA_ERROR_OPTION;
    const OptionRow *row = &option_table[index];
    *info = (spica_option_info){
        .key = row->key,
        .flag = text_or_empty(row->flag),
        .type = option_type_name(row->type),
        .choices = text_or_empty(row->choices),
        .low = row->low,
        .high = row->high,
        .initial = text_or_empty(row->initial),
        .unit = text_or_empty(row->unit),
        .help = text_or_empty(row->help),
        .source = text_or_empty(row->source),
    };
    return SPICA_OK;
}

spica_status spica_options_manual(spica_context *context, char **text) { return options_markdown(context, text); }

size_t spica_recipe_count(void) { return recipe_count(); }

const char *spica_recipe_name(size_t index) { return recipe_name(index); }

const char *spica_recipe_text(const char *name) {
    for (size_t i = 0; i < recipe_count(); i++)
        if (strcmp(recipe_name(i), name) == 0) return recipe_text(i);
    return NULL;
}
