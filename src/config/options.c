#include "config/options.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/nearest.h"
#include "base/number.h"
#include "config/option_value.h"

long option_find(const char *key) {
    for (size_t i = 0; i < option_count; i++)
        if (strcmp(option_table[i].key, key) == 0) return (long)i;
    return -1;
}

const char *option_type_name(OptionType type) {
    static const char *const names[] = {"integer", "real", "boolean", "text", "choice", "duration", "numbers"};
    return names[type];
}

Status options_open(Context *ctx, Options *options) {
    *options = (Options){0};
    TRY(NEW_ZEROED(ctx, &options->texts, option_count));
    TRY(NEW_ZEROED(ctx, &options->sources, option_count)); /* SOURCE_DEFAULT */
    for (size_t i = 0; i < option_count; i++)
        TRY(memory_copy_text(ctx, &options->texts[i], option_table[i].initial));
    return SPICA_OK;
}

void options_close(Context *ctx, Options *options) {
    for (size_t i = 0; options->texts != NULL && i < option_count; i++)
        FREE_ARRAY(ctx, &options->texts[i]);
    FREE_ARRAY(ctx, &options->texts);
    FREE_ARRAY(ctx, &options->sources);
}

static Status text_replace(Context *ctx, char **place, const char *text) {
    char *copy;
    TRY(memory_copy_text(ctx, &copy, text));
    FREE_ARRAY(ctx, place);
    *place = copy;
    return SPICA_OK;
}

Status options_copy(Context *ctx, Options *to, const Options *from) {
    for (size_t i = 0; i < option_count; i++) {
        TRY(text_replace(ctx, &to->texts[i], from->texts[i]));
        to->sources[i] = from->sources[i];
    }
    return SPICA_OK;
}

static Status key_unknown(Context *ctx, const char *key) {
    const char **keys;
    TRY(NEW_ARRAY(ctx, &keys, option_count));
    for (size_t i = 0; i < option_count; i++)
        keys[i] = option_table[i].key;
    const char *nearest = nearest_word(key, keys, option_count);
    FREE_ARRAY(ctx, &keys);
    if (nearest == NULL) return context_fail(ctx, SPICA_ERROR_OPTION, "unknown option \"%.100s\"", key);
    return context_fail(ctx, SPICA_ERROR_OPTION, "unknown option \"%s\" (did you mean \"%s\"?)", key, nearest);
}

Status options_set(Context *ctx, Options *options, const char *key, const char *text, OptionSource source) {
    const long index = option_find(key);
    if (index < 0) return key_unknown(ctx, key);
    char *canonical;
    TRY(option_value_parse(ctx, &option_table[index], text, &canonical));
    if (source >= options->sources[index]) {
        options->sources[index] = source;
        FREE_ARRAY(ctx, &options->texts[index]);
        options->texts[index] = canonical;
        return SPICA_OK;
    }
    FREE_ARRAY(ctx, &canonical);
    return SPICA_OK;
}

/* The text of a key of this type. A wrong key is a mistake in the program: a test build (with sanitizers) stops. */
static const char *text_of(const Options *options, const char *key, bool typed) {
    const long index = option_find(key);
#ifdef __SANITIZE_ADDRESS__
    assert(index >= 0 && typed);
#endif
    return index >= 0 && typed ? options->texts[index] : "";
}

static bool has_type(const char *key, OptionType type) {
    const long index = option_find(key);
    return index >= 0 && option_table[index].type == type;
}

int64_t options_integer(const Options *options, const char *key) {
    return option_value_integer(text_of(options, key, has_type(key, OPTION_INTEGER)));
}

double options_real(const Options *options, const char *key) {
    if (has_type(key, OPTION_DURATION)) return option_value_duration(text_of(options, key, true));
    return option_value_real(text_of(options, key, has_type(key, OPTION_REAL) || has_type(key, OPTION_INTEGER)));
}

bool options_boolean(const Options *options, const char *key) {
    return strcmp(text_of(options, key, has_type(key, OPTION_BOOLEAN)), "true") == 0;
}

const char *options_text(const Options *options, const char *key) {
    return text_of(options, key, has_type(key, OPTION_TEXT) || has_type(key, OPTION_CHOICE));
}

void options_numbers(const Options *options, const char *key, double values[3]) {
    values[0] = values[1] = values[2] = 0.0;
    option_value_numbers(text_of(options, key, has_type(key, OPTION_NUMBERS)), values);
}

OptionSource options_source(const Options *options, const char *key) {
    const long index = option_find(key);
    return index >= 0 ? options->sources[index] : SOURCE_DEFAULT;
}

static bool is_ignored(const char *key, const char *const *ignored) {
    for (; ignored != NULL && *ignored != NULL; ignored++)
        if (strcmp(*ignored, key) == 0) return true;
    return false;
}

long options_differ(const Options *a, const Options *b, const char *const *ignored) {
    for (size_t i = 0; i < option_count; i++)
        if (strcmp(a->texts[i], b->texts[i]) != 0 && !is_ignored(option_table[i].key, ignored)) return (long)i;
    return -1;
}
