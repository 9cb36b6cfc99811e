#include <ini.h>
#include <stdio.h>
#include <string.h>

#include "base/files.h"
#include "base/nearest.h"
#include "config/option_value.h"
#include "config/options.h"
#include "config/recipe_texts.h"

size_t recipe_count(void) { return recipe_text_count; }

const char *recipe_name(size_t index) { return index < recipe_text_count ? recipe_texts[index].name : NULL; }

const char *recipe_text(size_t index) { return index < recipe_text_count ? recipe_texts[index].text : NULL; }

static long recipe_find(const char *name) {
    for (size_t i = 0; i < recipe_text_count; i++)
        if (strcmp(recipe_texts[i].name, name) == 0) return (long)i;
    return -1;
}

bool recipe_exists(const char *name) { return recipe_find(name) >= 0; }

/* Where the reader stands. inih goes on after an error, so the first one is kept. */
typedef struct RecipeReader {
    Context *ctx;
    Options *options;
    const char *name; /* of the recipe or its file */
    const char *next; /* text not yet read */
    int line;
    Status status;
    bool *seen; /* option_count: keys set so far */
} RecipeReader;

static void reader_fail(RecipeReader *reader, const char *problem) {
    reader->status =
        context_fail(reader->ctx, SPICA_ERROR_OPTION, "%s: line %d: %s", reader->name, reader->line, problem);
}

/* As fgets, less blanks at the start, which would make the line the continuation of a value. A line that does not fit
 * would be read as two. */
static char *read_line(char *line, int capacity, void *user) {
    RecipeReader *reader = user;
    reader->next += strspn(reader->next, " \t");
    if (*reader->next == '\0' || reader->status != SPICA_OK) return NULL;
    const size_t length = strcspn(reader->next, "\n") + 1;
    const size_t taken = reader->next[length - 1] == '\n' ? length : length - 1;
    reader->line++;
    if (taken + 1 >= (size_t)capacity) {
        reader_fail(reader, "the line is too long (at most 197 bytes are read)");
        return NULL;
    }
    memcpy(line, reader->next, taken);
    line[taken] = '\0';
    reader->next += taken;
    return line;
}

/* The key's text, unescaped where it is free text. */
static void set_option(RecipeReader *reader, const char *key, const char *value) {
    const long index = option_find(key);
    char text[512];
    snprintf(text, sizeof text, "%s", value);
    if (index >= 0 && reader->seen[index]) {
        reader_fail(reader, "the option of this line is set twice");
        return;
    }
    if (index >= 0) reader->seen[index] = true;
    if (index >= 0 && option_table[index].type == OPTION_TEXT && !option_text_unescape(text)) {
        reader_fail(reader, "a % must be followed by two hexadecimal digits");
        return;
    }
    reader->status = options_set(reader->ctx, reader->options, key, text, SOURCE_RECIPE);
    if (reader->status != SPICA_OK)
        reader->status = context_fail(reader->ctx, reader->status, "%s: line %d: %s", reader->name, reader->line,
                                      reader->ctx->reason);
}

static int take_pair(void *user, const char *section, const char *name, const char *value) {
    RecipeReader *reader = user;
    char key[256];
    if (reader->status != SPICA_OK) return 1;
    snprintf(key, sizeof key, "%s%s%s", section, *section != '\0' ? "." : "", name);
    set_option(reader, key, value);
    return 1;
}

static Status recipe_read(Context *ctx, Options *options, const char *name, const char *text) {
    RecipeReader reader = {.ctx = ctx, .options = options, .name = name, .next = text};
    TRY(NEW_ZEROED(ctx, &reader.seen, option_count));
    const int error_line = ini_parse_stream(read_line, &reader, take_pair, &reader);
    FREE_ARRAY(ctx, &reader.seen);
    if (error_line > 0 && (reader.status == SPICA_OK || error_line < reader.line)) {
        reader.line = error_line;
        reader_fail(&reader, "neither [section] nor key = value");
    }
    if (reader.status == SPICA_OK && error_line < 0) return context_fail(ctx, SPICA_ERROR_MEMORY, "out of memory");
    return reader.status;
}

static Status file_load(Context *ctx, Options *options, const char *path) {
    char *text;
    size_t count;
    Status status = file_read(ctx, path, &text, &count);
    if (status == SPICA_ERROR_IO) return SPICA_ERROR_OPTION; /* a recipe that cannot be read is a wrong recipe */
    TRY(status);
    if (strlen(text) != count)
        status = context_fail(ctx, SPICA_ERROR_OPTION, "%s: byte %zu is 0: this is no recipe", path, strlen(text));
    else
        status = recipe_read(ctx, options, path, text);
    FREE_ARRAY(ctx, &text);
    return status;
}

static Status recipe_unknown(Context *ctx, const char *name) {
    const char **names;
    TRY(NEW_ARRAY(ctx, &names, recipe_text_count));
    for (size_t i = 0; i < recipe_text_count; i++)
        names[i] = recipe_texts[i].name;
    const char *nearest = nearest_word(name, names, recipe_text_count);
    FREE_ARRAY(ctx, &names);
    if (nearest != NULL)
        return context_fail(ctx, SPICA_ERROR_OPTION, "\"%s\" is no recipe and no file (did you mean \"%s\"?)", name,
                            nearest);
    return context_fail(ctx, SPICA_ERROR_OPTION, "\"%s\" is no recipe and no file (spica recipe lists the recipes)",
                        name);
}

Status recipe_load(Context *ctx, Options *options, const char *name_or_path) {
    const long index = recipe_find(name_or_path);
    if (index < 0 && !path_exists(name_or_path)) return recipe_unknown(ctx, name_or_path);
    if (index < 0) return file_load(ctx, options, name_or_path);
    TRY(recipe_read(ctx, options, name_or_path, recipe_texts[index].text));
    return options_set(ctx, options, "run.recipe", name_or_path, SOURCE_RECIPE);
}
