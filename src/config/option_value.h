/* One option's value: from any accepted text to the canonical one, or the rule that it breaks. */
#ifndef SPICA_CONFIG_OPTION_VALUE_H
#define SPICA_CONFIG_OPTION_VALUE_H

#include "config/options.h"

/* Longest text, percent-escaped: what inih reads is one line of less than 200 bytes. */
#define OPTION_TEXT_MAX 150

/* *canonical: owned by the caller. Errors: SPICA_ERROR_OPTION naming key, text and rule; SPICA_ERROR_MEMORY. */
Status option_value_parse(Context *ctx, const OptionRow *row, const char *text, char **canonical);

/* rule[capacity]: what values the option takes, in words: "an integer from 1 to 64". Returns rule. */
char *option_value_rule(const OptionRow *row, char *rule, size_t capacity);

/* Free text in a recipe: control characters, ';', '%', '"', and blanks at either end become %XX. *escaped owned by the
 * caller. */
Status option_text_escape(Context *ctx, char **escaped, const char *text);

/* In place; false when a '%' is not followed by two hexadecimal digits or would give a 0 byte. */
bool option_text_unescape(char *text);

/* Values of canonical text. */
int64_t option_value_integer(const char *text);
double option_value_real(const char *text);
double option_value_duration(const char *text);
/* 1 or 3 reals; one stands for all three. Returns how many were given, 0 when the text is none. */
int option_value_numbers(const char *text, double values[3]);

#endif
