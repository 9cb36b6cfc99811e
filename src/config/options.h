/* The option table: one row per option gives key, type, bounds, default, unit, help and paper equation; parser, recipe
 * reader, validation, --help, config.ini and docs/options.md all come from it. Nothing about an option is written
 * twice. */
#ifndef SPICA_CONFIG_OPTIONS_H
#define SPICA_CONFIG_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/memory.h"

typedef enum OptionType {
    OPTION_INTEGER,
    OPTION_REAL,
    OPTION_BOOLEAN,
    OPTION_TEXT,
    OPTION_CHOICE,
    OPTION_DURATION,
    OPTION_NUMBERS, /* one real for all channels, or three with commas between: "0.5" or "0.49,0.48,0.45" */
} OptionType;

/* Who set a value, weakest first. */
typedef enum OptionSource { SOURCE_DEFAULT, SOURCE_AUTO, SOURCE_RECIPE, SOURCE_USER } OptionSource;

typedef struct OptionRow {
    const char *key;  /* "features.epochs" */
    const char *flag; /* named option of the command line, "--threads", or NULL */
    OptionType type;
    double low, high;    /* numbers: bounds, both included; a default below `low` means: must be given */
    const char *choices; /* choice: "a|b|c" */
    const char *initial; /* default, as text */
    const char *unit;    /* "epochs", "pixels", "" */
    const char *help;    /* one sentence */
    const char *source;  /* paper equation or section, or "" */
} OptionRow;

extern const OptionRow option_table[];
extern const size_t option_count;

typedef struct Options {
    char **texts;          /* option_count values as canonical text, owned */
    OptionSource *sources; /* option_count */
} Options;

Status options_open(Context *ctx, Options *options);
void options_close(Context *ctx, Options *options);
Status options_copy(Context *ctx, Options *to, const Options *from); /* `to` is open */

/* Validates and stores. A weaker source never replaces a stronger one. Errors: SPICA_ERROR_OPTION naming key, value
 * and rule; an unknown key with the nearest known one. */
Status options_set(Context *ctx, Options *options, const char *key, const char *text, OptionSource source);

/* What no single row can say: minimum and maximum in order, a start from weights with the backbone that has them ...
 * Errors: SPICA_ERROR_OPTION naming the options, their values and the rule. */
Status options_check(Context *ctx, const Options *options);

/* Values. The key must exist with that type; else the library's tests fail (returns 0, "" and asserts in tests). */
int64_t options_integer(const Options *options, const char *key);
double options_real(const Options *options, const char *key); /* OPTION_DURATION: seconds, 0 for none */
bool options_boolean(const Options *options, const char *key);
const char *options_text(const Options *options, const char *key); /* text or choice */
void options_numbers(const Options *options, const char *key, double values[3]);
OptionSource options_source(const Options *options, const char *key);

/* The row's place in the table, or -1. */
long option_find(const char *key);

/* "integer", "real" ... */
const char *option_type_name(OptionType type);

/* Recipes: a built-in name ("spice-cifar10") or a file in the same syntax as config.ini: sections, "key = value" lines,
 * free text percent-escaped. A built-in name becomes run.recipe. Errors: SPICA_ERROR_OPTION naming file and line,
 * or the file that cannot be read. */
Status recipe_load(Context *ctx, Options *options, const char *name_or_path);
size_t recipe_count(void);
const char *recipe_name(size_t index); /* in alphabetical order; NULL when index is too large */
const char *recipe_text(size_t index);
bool recipe_exists(const char *name);

/* config.ini's text: every option as resolved, by section, in table order; reading it back gives the same options. What
 * must be given and was not is left out. *text owned by the caller. */
Status options_write(Context *ctx, const Options *options, char **text);

/* The first option whose texts differ, skipping keys in `ignored` (NULL-ended); -1 when none does. */
long options_differ(const Options *a, const Options *b, const char *const *ignored);

/* docs/options.md's text, made from the table; *text owned by the caller. */
Status options_markdown(Context *ctx, char **text);

#endif
