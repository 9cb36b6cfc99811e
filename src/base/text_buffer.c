#include "base/text_buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Room for `count` more bytes and the closing 0. */
static void make_room(TextBuffer *buffer, size_t count) {
    char *larger;
    if (buffer->status != SPICA_OK || (buffer->text != NULL && buffer->length + count < buffer->capacity)) return;
    const size_t capacity = 2 * (buffer->capacity + count) + 4096;
    buffer->status = NEW_ARRAY(buffer->ctx, &larger, capacity);
    if (buffer->status != SPICA_OK) return;
    if (buffer->text != NULL) memcpy(larger, buffer->text, buffer->length);
    larger[buffer->length] = '\0';
    FREE_ARRAY(buffer->ctx, &buffer->text);
    buffer->text = larger;
    buffer->capacity = capacity;
}

void text_add_bytes(TextBuffer *buffer, const char *bytes, size_t count) {
    make_room(buffer, count);
    if (buffer->status != SPICA_OK) return;
    memcpy(buffer->text + buffer->length, bytes, count);
    buffer->length += count;
    buffer->text[buffer->length] = '\0';
}

void text_add(TextBuffer *buffer, const char *text) { text_add_bytes(buffer, text, strlen(text)); }

void text_print(TextBuffer *buffer, const char *format, ...) {
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    const int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    make_room(buffer, length > 0 ? (size_t)length : 0);
    if (buffer->status == SPICA_OK && length > 0) {
        vsnprintf(buffer->text + buffer->length, (size_t)length + 1, format, again);
        buffer->length += (size_t)length;
    }
    va_end(again);
}

Status text_take(TextBuffer *buffer, char **text) {
    const Status status = buffer->status;
    make_room(buffer, 0); /* a text that nothing was added to is "" */
    if (buffer->status != SPICA_OK) FREE_ARRAY(buffer->ctx, &buffer->text);
    *text = buffer->text;
    const Status ended = status != SPICA_OK ? status : buffer->status;
    *buffer = (TextBuffer){.ctx = buffer->ctx};
    return ended;
}

void text_close(TextBuffer *buffer) {
    FREE_ARRAY(buffer->ctx, &buffer->text);
    *buffer = (TextBuffer){.ctx = buffer->ctx};
}
