#include "config/option_value.h"

#include <stdio.h>
#include <string.h>

#include "base/number.h"

int64_t option_value_integer(const char *text) {
    int64_t value = 0;
    return number_parse_integer(text, &value) ? value : 0;
}

double option_value_real(const char *text) {
    double value = 0.0;
    return number_parse_real(text, &value) ? value : 0.0;
}

double option_value_duration(const char *text) {
    double seconds = 0.0;
    return number_parse_duration(text, &seconds) ? seconds : 0.0;
}

int option_value_numbers(const char *text, double values[3]) {
    char part[NUMBER_TEXT];
    int count = 0;
    for (const char *next = text; count < 3; next++) {
        const size_t length = strcspn(next, ",");
        if (length >= sizeof part) return 0;
        memcpy(part, next, length);
        part[length] = '\0';
        if (!number_parse_real(part, &values[count++])) return 0;
        next += length;
        if (*next != '\0') continue;
        if (count == 1) values[1] = values[2] = values[0];
        return count == 2 ? 0 : count;
    }
    return 0;
}

/* Whether `text` is one of "a|b|c". */
static bool choice_known(const char *choices, const char *text) {
    const size_t length = strlen(text);
    for (const char *next = choices; *next != '\0';) {
        const size_t span = strcspn(next, "|");
        if (span == length && memcmp(next, text, length) == 0) return true;
        next += span + (next[span] == '|');
    }
    return false;
}

static bool is_within(const OptionRow *row, double value) { return value >= row->low && value <= row->high; }

static bool canonical_integer(const OptionRow *row, const char *text, char *canonical) {
    int64_t value;
    if (!number_parse_integer(text, &value) || !is_within(row, (double)value)) return false;
    number_print_integer(canonical, value);
    return true;
}

static bool canonical_real(const OptionRow *row, const char *text, char *canonical) {
    double value;
    if (!number_parse_real(text, &value) || !is_within(row, value)) return false;
    number_print_real(canonical, value == 0.0 ? 0.0 : value); /* no "-0" */
    return true;
}

static bool canonical_duration(const OptionRow *row, const char *text, char *canonical) {
    double seconds;
    if (!number_parse_duration(text, &seconds) || !is_within(row, seconds)) return false;
    number_print_duration(canonical, seconds);
    return true;
}

static bool canonical_boolean(const char *text, char *canonical) {
    if (choice_known("true|yes|on|1", text))
        strcpy(canonical, "true");
    else if (choice_known("false|no|off|0", text))
        strcpy(canonical, "false");
    else
        return false;
    return true;
}

static bool canonical_numbers(const OptionRow *row, const char *text, char *canonical) {
    double values[3];
    const int count = option_value_numbers(text, values);
    if (count == 0) return false;
    for (int i = 0; i < count; i++) {
        if (!is_within(row, values[i])) return false;
        if (i > 0) *canonical++ = ',';
        number_print_real(canonical, values[i]);
        canonical += strlen(canonical);
    }
    return true;
}

static void print_bounds(const OptionRow *row, const char *what, char *rule, size_t capacity) {
    char low[NUMBER_TEXT], high[NUMBER_TEXT];
    number_print_real(low, row->low);
    number_print_real(high, row->high);
    snprintf(rule, capacity, "%s from %s to %s", what, low, high);
}

char *option_value_rule(const OptionRow *row, char *rule, size_t capacity) {
    switch (row->type) {
    case OPTION_INTEGER: print_bounds(row, "an integer", rule, capacity); break;
    case OPTION_REAL: print_bounds(row, "a number", rule, capacity); break;
    case OPTION_NUMBERS: print_bounds(row, "one number, or three with commas between,", rule, capacity); break;
    case OPTION_BOOLEAN: snprintf(rule, capacity, "true or false"); break;
    case OPTION_TEXT: snprintf(rule, capacity, "a text of at most %d bytes", OPTION_TEXT_MAX); break;
    case OPTION_DURATION: snprintf(rule, capacity, "a number and s, m or h (90s, 30m, 1.5h), or 0"); break;
    case OPTION_CHOICE: {
        size_t used = (size_t)snprintf(rule, capacity, "one of ");
        for (const char *next = row->choices; *next != '\0' && used + 3 < capacity; next++)
            used += (size_t)snprintf(rule + used, capacity - used, *next == '|' ? ", " : "%c", *next);
        break;
    }
    }
    return rule;
}

static Status value_fail(Context *ctx, const OptionRow *row, const char *text) {
    char rule[256];
    return context_fail(ctx, SPICA_ERROR_OPTION, "%s = %.100s: %s is expected", row->key, text,
                        option_value_rule(row, rule, sizeof rule));
}

static Status text_check(Context *ctx, const OptionRow *row, const char *text) {
    char *escaped;
    TRY(option_text_escape(ctx, &escaped, text));
    const size_t length = strlen(escaped);
    FREE_ARRAY(ctx, &escaped);
    return length <= OPTION_TEXT_MAX ? SPICA_OK : value_fail(ctx, row, text);
}

Status option_value_parse(Context *ctx, const OptionRow *row, const char *text, char **canonical) {
    char buffer[3 * NUMBER_TEXT];
    const char *accepted = buffer;
    bool valid = true;
    *canonical = NULL;
    switch (row->type) {
    case OPTION_INTEGER: valid = canonical_integer(row, text, buffer); break;
    case OPTION_REAL: valid = canonical_real(row, text, buffer); break;
    case OPTION_DURATION: valid = canonical_duration(row, text, buffer); break;
    case OPTION_BOOLEAN: valid = canonical_boolean(text, buffer); break;
    case OPTION_NUMBERS: valid = canonical_numbers(row, text, buffer); break;
    case OPTION_CHOICE:
        valid = choice_known(row->choices, text);
        accepted = text;
        break;
    case OPTION_TEXT:
        TRY(text_check(ctx, row, text));
        accepted = text;
        break;
    }
    if (!valid) return value_fail(ctx, row, text);
    return memory_copy_text(ctx, canonical, accepted);
}

Status option_text_escape(Context *ctx, char **escaped, const char *text) {
    const size_t length = strlen(text);
    TRY(NEW_ARRAY(ctx, escaped, 3 * length + 1));
    char *out = *escaped;
    for (size_t i = 0; i < length; i++) {
        const unsigned char byte = (unsigned char)text[i];
        const bool is_edge = i == 0 || i + 1 == length;
        if (byte < 0x20 || byte == 0x7f || strchr("%;\"", byte) != NULL || (byte == ' ' && is_edge)) {
            const char *digits = "0123456789ABCDEF";
            *out++ = '%';
            *out++ = digits[byte >> 4];
            *out++ = digits[byte & 15];
        } else {
            *out++ = (char)byte;
        }
    }
    *out = '\0';
    return SPICA_OK;
}

static int hexadecimal(char digit) {
    if (digit >= '0' && digit <= '9') return digit - '0';
    if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
    if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
    return -1;
}

bool option_text_unescape(char *text) {
    char *out = text;
    for (const char *next = text; *next != '\0'; next++) {
        if (*next != '%') {
            *out++ = *next;
            continue;
        }
        const int high = hexadecimal(next[1]), low = high < 0 ? -1 : hexadecimal(next[2]);
        if (low < 0 || high + low == 0) return false;
        *out++ = (char)(high << 4 | low);
        next += 2;
    }
    *out = '\0';
    return true;
}
