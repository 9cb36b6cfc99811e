#include "report/html_text.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include "base/json_text.h"
#include "base/number.h"

/* Where there is no number. */
#define HTML_NOTHING "&#8211;"

/* ---- text ---- */

/* Adds a character that may stand in no SVG, and any control character, as %XX, another one as it is; returns its
 * bytes. */
static size_t add_character(TextBuffer *page, const char *text) {
    const unsigned char byte = (unsigned char)text[0], second = (unsigned char)text[1];
    if (byte < 0x20 || byte == 0x7f) {
        text_print(page, "%%%02X", byte);
        return 1;
    }
    if (byte == 0xc2 && second < 0xa0) { /* U+0080 to U+009F are controls too */
        text_print(page, "%%C2%%%02X", second);
        return 2;
    }
    if (byte == 0xef && second == 0xbf && (unsigned char)text[2] >= 0xbe) { /* XML has no U+FFFE and no U+FFFF */
        text_print(page, "%%EF%%BF%%%02X", (unsigned char)text[2]);
        return 3;
    }
    const size_t length = byte < 0x80 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
    text_add_bytes(page, text, length);
    return length;
}

/* The reference for a character that markup is made of, or NULL. */
static const char *reference(char character) {
    switch (character) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '"': return "&quot;";
    case '\'': return "&#39;";
    default: return NULL;
    }
}

static void add_characters(TextBuffer *page, const char *text, bool references) {
    char *valid = NULL;
    if (page->status == SPICA_OK) page->status = text_escape(page->ctx, &valid, text);
    if (page->status != SPICA_OK) return;
    for (const char *next = valid; *next != '\0';) {
        const char *instead = references ? reference(*next) : NULL;
        if (instead != NULL) text_add(page, instead);
        next += instead != NULL ? 1 : add_character(page, next);
    }
    FREE_ARRAY(page->ctx, &valid);
}

void html_text(TextBuffer *page, const char *text) { add_characters(page, text, true); }

void html_plain(TextBuffer *page, const char *text) { add_characters(page, text, false); }

void html_json(TextBuffer *page, json_t *value) {
    char *text = NULL;
    if (page->status == SPICA_OK && value == NULL)
        page->status = context_fail(page->ctx, SPICA_ERROR_MEMORY, "out of memory for JSON");
    if (page->status == SPICA_OK) page->status = json_text_write(page->ctx, value, false, &text);
    json_decref(value);
    if (page->status != SPICA_OK) return;
    for (const char *next = text; *next != '\0'; next++) {
        if (*next == '<' || *next == '>' || *next == '&')
            text_print(page, "\\u%04x", (unsigned)*next);
        else
            text_add_bytes(page, next, 1);
    }
    FREE_ARRAY(page->ctx, &text);
}

/* ---- numbers ---- */

void html_count(TextBuffer *page, int64_t count) {
    char digits[NUMBER_TEXT];
    snprintf(digits, sizeof digits, "%" PRId64, count);
    const size_t length = strlen(digits);
    for (size_t i = 0; i < length; i++) {
        if (i > 0 && digits[i - 1] != '-' && (length - i) % 3 == 0) text_add(page, ",");
        text_add_bytes(page, digits + i, 1);
    }
}

void html_number(TextBuffer *page, double value, int digits) {
    char text[NUMBER_TEXT];
    if (!isfinite(value)) {
        text_add(page, HTML_NOTHING);
        return;
    }
    number_print_digits(text, value, digits);
    text_add(page, text);
}

void html_percent(TextBuffer *page, double share) {
    if (!isfinite(share)) {
        text_add(page, HTML_NOTHING);
        return;
    }
    const long tenths = lround(share * 1000.0);
    text_print(page, "%ld.%ld&#160;%%", tenths / 10, labs(tenths % 10));
}

void html_duration(TextBuffer *page, double seconds) {
    if (!isfinite(seconds)) {
        text_add(page, HTML_NOTHING);
        return;
    }
    const long whole = lround(seconds), minutes = whole / 60, hours = minutes / 60;
    if (hours > 0)
        text_print(page, "%ld&#160;h %ld&#160;min", hours, minutes % 60);
    else if (minutes > 0)
        text_print(page, "%ld&#160;min %ld&#160;s", minutes, whole % 60);
    else if (seconds < 10.0) {
        html_number(page, floor(seconds * 10.0 + 0.5) / 10.0, 3);
        text_add(page, "&#160;s");
    } else
        text_print(page, "%ld&#160;s", whole);
}

/* ---- bytes ---- */

void html_base64(TextBuffer *page, const uint8_t *bytes, size_t count) {
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char block[1024];
    size_t used = 0;
    for (size_t i = 0; i < count; i += 3) {
        const size_t left = count - i;
        const uint32_t word = (uint32_t)bytes[i] << 16 | (left > 1 ? (uint32_t)bytes[i + 1] << 8 : 0u) |
                              (left > 2 ? (uint32_t)bytes[i + 2] : 0u);
        block[used++] = letters[word >> 18];
        block[used++] = letters[word >> 12 & 63];
        block[used++] = left > 1 ? letters[word >> 6 & 63] : '=';
        block[used++] = left > 2 ? letters[word & 63] : '=';
        if (used == sizeof block) {
            text_add_bytes(page, block, used);
            used = 0;
        }
    }
    text_add_bytes(page, block, used);
}

void html_deflated(TextBuffer *page, const uint8_t *bytes, size_t count) {
    uint8_t *packed = NULL;
    uLongf size = compressBound((uLong)count);
    if (page->status == SPICA_OK) page->status = NEW_ARRAY(page->ctx, &packed, size);
    if (page->status != SPICA_OK) return;
    if (compress2(packed, &size, bytes, (uLong)count, Z_BEST_COMPRESSION) == Z_OK)
        html_base64(page, packed, size);
    else
        page->status = context_fail(page->ctx, SPICA_ERROR_MEMORY, "out of memory for the report's tables");
    FREE_ARRAY(page->ctx, &packed);
}
