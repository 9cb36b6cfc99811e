#include "base/json_text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/files.h"
#include "base/utf8.h"

static Status json_no_memory(Context *ctx) { return context_fail(ctx, SPICA_ERROR_MEMORY, "out of memory for JSON"); }

Status json_add(Context *ctx, json_t *object, const char *key, json_t *value) {
    return json_object_set_new(object, key, value) == 0 ? SPICA_OK : json_no_memory(ctx);
}

static json_t *json_number(double value) { return isfinite(value) ? json_real(value) : json_null(); }

Status json_add_real(Context *ctx, json_t *object, const char *key, double value) {
    return json_add(ctx, object, key, json_number(value));
}

Status json_add_integer(Context *ctx, json_t *object, const char *key, int64_t value) {
    return json_add(ctx, object, key, json_integer(value));
}

Status json_add_boolean(Context *ctx, json_t *object, const char *key, bool value) {
    return json_add(ctx, object, key, json_boolean(value));
}

Status json_add_text(Context *ctx, json_t *object, const char *key, const char *text) {
    if (text == NULL) return json_add(ctx, object, key, json_null());
    char *escaped;
    TRY(text_escape(ctx, &escaped, text));
    const Status status = json_add(ctx, object, key, json_string(escaped));
    FREE_ARRAY(ctx, &escaped);
    return status;
}

Status json_append(Context *ctx, json_t *array, json_t *value) {
    return json_array_append_new(array, value) == 0 ? SPICA_OK : json_no_memory(ctx);
}

Status json_append_real(Context *ctx, json_t *array, double value) {
    return json_append(ctx, array, json_number(value));
}

Status json_append_integer(Context *ctx, json_t *array, int64_t value) {
    return json_append(ctx, array, json_integer(value));
}

Status json_new_object(Context *ctx, json_t **object) {
    *object = json_object();
    return *object != NULL ? SPICA_OK : json_no_memory(ctx);
}

Status json_new_array(Context *ctx, json_t **array) {
    *array = json_array();
    return *array != NULL ? SPICA_OK : json_no_memory(ctx);
}

Status text_escape(Context *ctx, char **escaped, const char *text) {
    TRY(NEW_ARRAY(ctx, escaped, 3 * strlen(text) + 1));
    char *out = *escaped;
    for (const char *next = text; *next != '\0';) {
        const size_t length = utf8_length(next);
        if (length == 0) {
            const char *digits = "0123456789ABCDEF";
            const unsigned char byte = (unsigned char)*next++;
            *out++ = '%';
            *out++ = digits[byte >> 4];
            *out++ = digits[byte & 15];
            continue;
        }
        memcpy(out, next, length);
        out += length;
        next += length;
    }
    *out = '\0';
    return SPICA_OK;
}

Status json_text_write(Context *ctx, const json_t *value, bool indented, char **text) {
    const size_t form = (indented ? JSON_INDENT(2) : JSON_COMPACT) | JSON_REAL_PRECISION(9) | JSON_ENCODE_ANY;
    *text = NULL;
    char *dumped = json_dumps(value, form);
    if (dumped == NULL) return json_no_memory(ctx);
    const Status status = memory_copy_text(ctx, text, dumped);
    free(dumped); /* jansson's allocator is the C library's */
    return status;
}

/* The text with a newline in place of its end. */
static size_t close_line(char *text) {
    const size_t length = strlen(text);
    text[length] = '\n';
    return length + 1;
}

Status json_file_write(Context *ctx, const char *path, const json_t *value) {
    char *text;
    TRY(json_text_write(ctx, value, true, &text));
    const Status status = file_replace(ctx, path, text, close_line(text));
    FREE_ARRAY(ctx, &text);
    return status;
}

Status json_line_append(Context *ctx, const char *path, const json_t *value) {
    char *text;
    TRY(json_text_write(ctx, value, false, &text));
    const Status status = file_append(ctx, path, text, close_line(text));
    FREE_ARRAY(ctx, &text);
    return status;
}

Status json_file_read(Context *ctx, const char *path, json_t **value) {
    *value = NULL;
    char *text;
    size_t count;
    TRY(file_read(ctx, path, &text, &count));
    json_error_t error;
    *value = json_loadb(text, count, JSON_REJECT_DUPLICATES, &error);
    FREE_ARRAY(ctx, &text);
    if (*value != NULL) return SPICA_OK;
    return context_fail(ctx, SPICA_ERROR_DATA, "%s: line %d, byte %d: %s", path, error.line, error.position,
                        error.text);
}
