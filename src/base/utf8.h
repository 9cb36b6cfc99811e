/* UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, at most U+10FFFF. */
#ifndef SPICA_BASE_UTF8_H
#define SPICA_BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* Bytes of the sequence at the start of the text, 0 where there is none; the text's end is a sequence of one. */
size_t utf8_length(const char *text);

/* The character of a sequence of `length` bytes, which utf8_length found. */
uint32_t utf8_character(const char *text, size_t length);

#endif
