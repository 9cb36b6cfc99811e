#include "base/file_name.h"

#include <stdbool.h>
#include <string.h>

#include "base/utf8.h"

/* An ending is the last dot and what follows, if it is short enough. */
#define ENDING_MOST ((size_t)16)

/* Line and paragraph separators count as control characters. */
static bool character_is_control(uint32_t character) {
    return character < 0x20 || (character >= 0x7f && character < 0xa0) || character == 0x2028 || character == 0x2029;
}

/* Unicode's embeddings, overrides, isolates and marks. */
static bool character_turns(uint32_t character) {
    return (character >= 0x202a && character <= 0x202e) || (character >= 0x2066 && character <= 0x2069) ||
           character == 0x200e || character == 0x200f || character == 0x061c;
}

/* Those that a path, or a file system of other machines, takes for something else. */
static bool character_is_reserved(uint32_t character) {
    return character < 0x80 && strchr("/\\<>:\"|?*", (int)character) != NULL;
}

/* Copies the text with its bad characters replaced, which makes none of them longer. */
static void text_clean(char *out, const char *text) {
    while (*text != '\0') {
        const size_t length = utf8_length(text);
        const uint32_t character = length > 0 ? utf8_character(text, length) : 0;
        if (length == 0 || character_is_control(character) || character_turns(character) ||
            character_is_reserved(character)) {
            *out++ = '_';
        } else {
            memcpy(out, text, length);
            out += length;
        }
        text += length > 0 ? length : 1;
    }
    *out = '\0';
}

/* The largest number of bytes up to `most` that ends between two characters of the clean text. */
static size_t whole_characters(const char *text, size_t most) {
    size_t end = most;
    while (end > 0 && ((unsigned char)text[end] & 0xc0) == 0x80)
        end--;
    return end;
}

static void text_shorten(char *text, size_t most) {
    const size_t length = strlen(text);
    if (length <= most) return;
    const char *dot = strrchr(text, '.');
    size_t ending = dot != NULL ? length - (size_t)(dot - text) : 0;
    if (ending > ENDING_MOST || ending >= most) ending = 0;
    const size_t kept = whole_characters(text, most - ending);
    memmove(text + kept, text + length - ending, ending + 1);
}

Status file_name_make(Context *ctx, char **name, const char *text, size_t most) {
    /* One more for a text that is empty. */
    TRY(NEW_ARRAY(ctx, name, strlen(text) + 2));
    text_clean(*name, text);
    text_shorten(*name, most);
    if ((*name)[0] == '.' || (*name)[0] == '-') (*name)[0] = '_';
    size_t length = strlen(*name);
    while (length > 0 && ((*name)[length - 1] == '.' || (*name)[length - 1] == ' '))
        (*name)[--length] = '\0';
    if (length == 0) memcpy(*name, "_", 2);
    return SPICA_OK;
}
