#include "data/row_names.h"

#include <string.h>

#include "base/files.h"

/* What follows the last line break is a line unless it is empty. */
static size_t lines_count(const char *text, size_t bytes) {
    size_t lines = bytes > 0 && text[bytes - 1] != '\n';
    for (size_t i = 0; i < bytes; i++)
        lines += text[i] == '\n';
    return lines;
}

/* names[rows] = the lines of the text, which is cut into them. */
static Status lines_take(Context *ctx, const char *file, char *text, size_t bytes, char **names, size_t rows) {
    char *line = text, *const end = text + bytes;
    for (size_t row = 0; row < rows; row++) {
        char *stop = memchr(line, '\n', (size_t)(end - line));
        if (stop == NULL) stop = end;
        *(stop > line && stop[-1] == '\r' ? stop - 1 : stop) = '\0';
        if (*line == '\0') return context_fail(ctx, SPICA_ERROR_DATA, "%s: line %zu is empty", file, row + 1);
        names[row] = line;
        line = stop + 1;
    }
    return SPICA_OK;
}

static Status names_take(Context *ctx, Dataset *dataset, const char *file, const char *text, size_t bytes) {
    const size_t mark = bytes >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    const size_t lines = lines_count(text + mark, bytes - mark);
    char *copy;
    if (lines != dataset->count)
        return context_fail(ctx, SPICA_ERROR_DATA, "%s: %zu paths, but the data set has %zu rows", file, lines,
                            dataset->count);
    if (memchr(text, '\0', bytes) != NULL)
        return context_fail(ctx, SPICA_ERROR_DATA, "%s: holds a byte 0: this is no list of paths", file);
    TRY(arena_allocate(ctx, &dataset->arena, (void **)&copy, bytes - mark + 1, 1));
    memcpy(copy, text + mark, bytes - mark + 1); /* with the 0 behind its end */
    return lines_take(ctx, file, copy, bytes - mark, dataset->paths, lines);
}

Status dataset_name_rows(Context *ctx, Dataset *dataset, const char *file) {
    char *text = NULL;
    size_t bytes;
    Status status = file_read(ctx, file, &text, &bytes);
    if (status == SPICA_ERROR_IO) status = SPICA_ERROR_DATA; /* the reason stands */
    if (status == SPICA_OK) status = names_take(ctx, dataset, file, text, bytes);
    FREE_ARRAY(ctx, &text);
    return status;
}
