/* Numbers and durations as text, whatever the locale of the process. */
#ifndef SPICA_BASE_NUMBER_H
#define SPICA_BASE_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

/* Room for every printed number and its end. */
#define NUMBER_TEXT 40

/* The whole text must be one number (no spaces, no hexadecimal, no "inf" or "nan"); false otherwise, and where the
 * value does not fit. */
bool number_parse_integer(const char *text, int64_t *value);
bool number_parse_real(const char *text, double *value);

/* "90s", "30m", "2h", "1.5h" or "0": *seconds >= 0. */
bool number_parse_duration(const char *text, double *seconds);

void number_print_integer(char text[NUMBER_TEXT], int64_t value);

/* The fewest digits that read back as the same value; without exponent from 1e-5 to below 1e16. "nan", "inf", "-inf".
 */
void number_print_real(char text[NUMBER_TEXT], double value);

/* At most `digits` significant digits, as printf's %g. */
void number_print_digits(char text[NUMBER_TEXT], double value, int digits);

/* The largest unit that needs no fraction: "2h", "90m", "75s"; "0" for none. */
void number_print_duration(char text[NUMBER_TEXT], double seconds);

#endif
