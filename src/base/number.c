#include "base/number.h"

#include <errno.h>
#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* strtod and printf take the decimal sign from the locale. POSIX lets one thread alone have another locale, and for
 * "C" the C library hands out a constant, so this is cheap and cannot disturb the caller's threads. */
typedef struct PlainLocale {
    locale_t plain, before;
} PlainLocale;

static PlainLocale locale_enter(void) {
    PlainLocale scope = {.plain = newlocale(LC_ALL_MASK, "C", (locale_t)0)};
    if (scope.plain != (locale_t)0) scope.before = uselocale(scope.plain);
    return scope;
}

static void locale_leave(const PlainLocale *scope) {
    if (scope->plain == (locale_t)0) return;
    uselocale(scope->before);
    freelocale(scope->plain);
}

static bool is_digit(char character) { return character >= '0' && character <= '9'; }

bool number_parse_integer(const char *text, int64_t *value) {
    const char *digits = text + (*text == '-' || *text == '+');
    if (!is_digit(*digits)) return false;
    char *end;
    errno = 0;
    const intmax_t parsed = strtoimax(text, &end, 10);
    if (errno != 0 || *end != '\0') return false;
    *value = (int64_t)parsed;
    return true;
}

/* Length of the decimal number at the start of the text, 0 when there is none: what strtod accepts less "inf", "nan"
 * and hexadecimal numbers. */
static size_t real_length(const char *text) {
    const char *next = text + (*text == '-' || *text == '+');
    size_t digits = 0;
    for (; is_digit(*next); next++)
        digits++;
    if (*next == '.')
        for (next++; is_digit(*next); next++)
            digits++;
    if (digits == 0) return 0;
    if (*next != 'e' && *next != 'E') return (size_t)(next - text);
    const char *exponent = next + 1 + (next[1] == '-' || next[1] == '+');
    if (!is_digit(*exponent)) return 0;
    while (is_digit(*exponent))
        exponent++;
    return (size_t)(exponent - text);
}

/* Reads the number at the start of the text. */
static bool real_parse(const char *text, double *value, const char **end) {
    const size_t length = real_length(text);
    if (length == 0) return false;
    const PlainLocale scope = locale_enter();
    *value = strtod(text, NULL);
    locale_leave(&scope);
    *end = text + length;
    return isfinite(*value);
}

bool number_parse_real(const char *text, double *value) {
    const char *end;
    double parsed;
    if (!real_parse(text, &parsed, &end) || *end != '\0') return false;
    *value = parsed;
    return true;
}

bool number_parse_duration(const char *text, double *seconds) {
    const char *end;
    double number, unit;
    if (!real_parse(text, &number, &end) || number < 0.0) return false;
    if (strcmp(end, "s") == 0)
        unit = 1.0;
    else if (strcmp(end, "m") == 0)
        unit = 60.0;
    else if (strcmp(end, "h") == 0)
        unit = 3600.0;
    else if (*end == '\0' && number == 0.0)
        unit = 0.0;
    else
        return false;
    *seconds = number * unit;
    return isfinite(*seconds);
}

void number_print_integer(char text[NUMBER_TEXT], int64_t value) { snprintf(text, NUMBER_TEXT, "%" PRId64, value); }

static void print_finite(char text[NUMBER_TEXT], double value) {
    int digits = 0;
    do
        snprintf(text, NUMBER_TEXT, "%.*e", digits, value);
    while (strtod(text, NULL) != value && ++digits < 17);
    int64_t exponent = 0;
    number_parse_integer(strchr(text, 'e') + 1, &exponent);
    if (exponent < -5 || exponent > 15)
        snprintf(text, NUMBER_TEXT, "%.*g", digits + 1, value);
    else
        snprintf(text, NUMBER_TEXT, "%.*f", digits > exponent ? digits - (int)exponent : 0, value);
}

void number_print_real(char text[NUMBER_TEXT], double value) {
    if (!isfinite(value)) {
        snprintf(text, NUMBER_TEXT, "%s", isnan(value) ? "nan" : value > 0.0 ? "inf" : "-inf");
        return;
    }
    const PlainLocale scope = locale_enter();
    print_finite(text, value);
    locale_leave(&scope);
}

void number_print_digits(char text[NUMBER_TEXT], double value, int digits) {
    const PlainLocale scope = locale_enter();
    snprintf(text, NUMBER_TEXT, "%.*g", digits < 17 ? digits : 17, value);
    locale_leave(&scope);
}

void number_print_duration(char text[NUMBER_TEXT], double seconds) {
    if (seconds == 0.0) {
        snprintf(text, NUMBER_TEXT, "0");
        return;
    }
    const bool hours = fmod(seconds, 3600.0) == 0.0, minutes = fmod(seconds, 60.0) == 0.0;
    number_print_real(text, hours ? seconds / 3600.0 : minutes ? seconds / 60.0 : seconds);
    strcat(text, hours ? "h" : minutes ? "m" : "s");
}
