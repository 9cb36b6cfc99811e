/* A text that grows. A failure is kept, and later calls do nothing, so that a writer looks at the status once. */
#ifndef SPICA_BASE_TEXT_BUFFER_H
#define SPICA_BASE_TEXT_BUFFER_H

#include "base/memory.h"

/* TextBuffer buffer = {.ctx = ctx}; text_add ...; then text_take, or text_close. */
typedef struct TextBuffer {
    Context *ctx;
    char *text; /* owned; NULL before anything is added */
    size_t length, capacity;
    Status status; /* the first failure */
} TextBuffer;

void text_add(TextBuffer *buffer, const char *text);
void text_add_bytes(TextBuffer *buffer, const char *bytes, size_t count);
/* As printf, of any length. */
void text_print(TextBuffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* *text: the whole text, owned by the caller; NULL after a failure, which is returned. The buffer is empty then. */
Status text_take(TextBuffer *buffer, char **text);

void text_close(TextBuffer *buffer);

#endif
