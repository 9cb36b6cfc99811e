/* A recipe. What is read is written as config.ini and read back: the options are the same. */
#include <string.h>

#include "config/options.h"
#include "fuzzing.h"

static void read_back(Context *ctx, const Options *options) {
    Options again = {0};
    char *text = NULL;
    if (options_open(ctx, &again) != SPICA_OK) abort();
    if (options_write(ctx, options, &text) != SPICA_OK) abort();
    const char *path = fuzz_file("config.ini", (const uint8_t *)text, strlen(text));
    if (recipe_load(ctx, &again, path) != SPICA_OK) abort();
    if (options_differ(options, &again, NULL) >= 0) abort();
    FREE_ARRAY(ctx, &text);
    options_close(ctx, &again);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    Context *ctx = fuzz_context();
    Options options = {0};
    if (options_open(ctx, &options) != SPICA_OK) abort();
    const Status status = recipe_load(ctx, &options, fuzz_file("recipe.ini", bytes, count));
    if (status != SPICA_OK && *spica_context_reason(ctx) == '\0') abort();
    if (status == SPICA_OK) read_back(ctx, &options);
    options_close(ctx, &options);
    return 0;
}
