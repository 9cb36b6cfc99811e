/* Helpers over jansson: objects built member by member, numbers of 9 digits, texts of any bytes, files.
 *
 * jansson allocates for itself (its allocator is process-wide, so a library must leave it alone); its failures come
 * back as SPICA_ERROR_MEMORY. A number that is not finite becomes null. */
#ifndef SPICA_BASE_JSON_TEXT_H
#define SPICA_BASE_JSON_TEXT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/memory.h"

/* Every function here that takes a `value` takes over its reference, also when it fails; NULL is SPICA_ERROR_MEMORY. */
Status json_add(Context *ctx, json_t *object, const char *key, json_t *value);
Status json_add_real(Context *ctx, json_t *object, const char *key, double value);
Status json_add_integer(Context *ctx, json_t *object, const char *key, int64_t value);
Status json_add_boolean(Context *ctx, json_t *object, const char *key, bool value);
Status json_add_text(Context *ctx, json_t *object, const char *key, const char *text); /* text NULL: null */
Status json_append(Context *ctx, json_t *array, json_t *value);
Status json_append_real(Context *ctx, json_t *array, double value);
Status json_append_integer(Context *ctx, json_t *array, int64_t value);

/* A new empty object or array; SPICA_ERROR_MEMORY. The caller's, until json_decref. */
Status json_new_object(Context *ctx, json_t **object);
Status json_new_array(Context *ctx, json_t **array);

/* *escaped: the text with every byte that is no part of valid UTF-8 as %XX; owned by the caller. */
Status text_escape(Context *ctx, char **escaped, const char *text);

/* *text: the value, over several lines or in one, without a newline at the end; owned by the caller. */
Status json_text_write(Context *ctx, const json_t *value, bool indented, char **text);

/* The file becomes the value, indented, with a newline; replaced atomically. */
Status json_file_write(Context *ctx, const char *path, const json_t *value);

/* Adds the value as one line to a log. */
Status json_line_append(Context *ctx, const char *path, const json_t *value);

/* *value: the file's, the caller's until json_decref. Errors: SPICA_ERROR_IO; SPICA_ERROR_DATA naming line and byte. */
Status json_file_read(Context *ctx, const char *path, json_t **value);

#endif
