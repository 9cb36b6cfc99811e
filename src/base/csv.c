#include "base/csv.h"

#include <string.h>

#include "base/number.h"

/* A place in the file. Cells are unquoted where they lie: what is written never passes what is read. */
typedef struct CsvCursor {
    Context *ctx;
    CsvTable *table;
    char *next, *end;
    size_t line;
    size_t cell_count, cell_capacity, row_capacity;
} CsvCursor;

static Status csv_fail(const CsvCursor *cursor, const char *problem) {
    return context_fail(cursor->ctx, SPICA_ERROR_DATA, "%s: line %zu: %s", cursor->table->path, cursor->line, problem);
}

/* Doubles *block[count] to hold at least one element more. */
static Status grow(Context *ctx, void *pointer, size_t count, size_t *capacity, size_t size) {
    if (count < *capacity) return SPICA_OK;
    const size_t larger = *capacity == 0 ? 256 : 2 * *capacity;
    void *block, *old;
    memcpy(&old, pointer, sizeof old);
    TRY(memory_allocate(ctx, &block, larger, size));
    if (count > 0) memcpy(block, old, count * size);
    memory_free(ctx, pointer);
    memcpy(pointer, &block, sizeof block);
    *capacity = larger;
    return SPICA_OK;
}

/* From the opening quote to behind the closing one; the text then starts where the opening quote was. */
static Status quoted_cell_read(CsvCursor *cursor, size_t *length) {
    char *write = cursor->next;
    const char *start = write;
    for (cursor->next++; cursor->next < cursor->end; cursor->next++) {
        if (*cursor->next == '"') {
            if (cursor->next + 1 == cursor->end || cursor->next[1] != '"') break;
            cursor->next++;
        } else if (*cursor->next == '\n') {
            cursor->line++;
        }
        *write++ = *cursor->next;
    }
    if (cursor->next == cursor->end) return csv_fail(cursor, "the file ends within a quoted cell");
    cursor->next++;
    *length = (size_t)(write - start);
    return SPICA_OK;
}

static Status plain_cell_read(CsvCursor *cursor, size_t *length) {
    const char *start = cursor->next;
    while (cursor->next < cursor->end && strchr(",\"\r\n", *cursor->next) == NULL)
        cursor->next++;
    *length = (size_t)(cursor->next - start);
    if (cursor->next < cursor->end && *cursor->next == '"')
        return csv_fail(cursor, "a quote within a cell that does not begin with one");
    return SPICA_OK;
}

/* Steps over LF, CRLF or CR; false when there is none. */
static bool line_end_take(CsvCursor *cursor) {
    if (cursor->next == cursor->end || (*cursor->next != '\r' && *cursor->next != '\n')) return false;
    if (*cursor->next == '\r' && cursor->next[1] == '\n') cursor->next++;
    cursor->next++;
    cursor->line++;
    return true;
}

/* One cell and what follows it; *last: it ended its row. */
static Status cell_read(CsvCursor *cursor, bool *last) {
    char *cell = cursor->next;
    size_t length = 0;
    if (*cell == '"')
        TRY(quoted_cell_read(cursor, &length));
    else
        TRY(plain_cell_read(cursor, &length));
    *last = cursor->next == cursor->end || line_end_take(cursor);
    if (!*last && *cursor->next != ',') return csv_fail(cursor, "text behind a closing quote");
    if (!*last) cursor->next++;
    cell[length] = '\0'; /* over a comma, a line's end, a quote or the file's end, all of them behind us */
    TRY(grow(cursor->ctx, &cursor->table->cells, cursor->cell_count, &cursor->cell_capacity, sizeof(char *)));
    cursor->table->cells[cursor->cell_count++] = cell;
    return SPICA_OK;
}

static Status row_read(CsvCursor *cursor) {
    CsvTable *table = cursor->table;
    const size_t start = cursor->cell_count, line = cursor->line;
    for (bool last = false; !last;)
        TRY(cell_read(cursor, &last));
    const size_t cells = cursor->cell_count - start;
    if (table->columns == 0) table->columns = cells;
    if (cells != table->columns)
        return context_fail(cursor->ctx, SPICA_ERROR_DATA, "%s: line %zu: %zu cells where the header has %zu",
                            table->path, line, cells, table->columns);
    TRY(grow(cursor->ctx, &table->lines, table->rows, &cursor->row_capacity, sizeof *table->lines));
    table->lines[table->rows++] = line;
    return SPICA_OK;
}

static Status table_parse(Context *ctx, CsvTable *table, size_t count) {
    CsvCursor cursor = {.ctx = ctx, .table = table, .next = table->bytes, .end = table->bytes + count, .line = 1};
    const char *zero = memchr(table->bytes, '\0', count);
    if (zero != NULL)
        return context_fail(ctx, SPICA_ERROR_DATA, "%s: byte %zu is 0: this is no CSV text", table->path,
                            (size_t)(zero - table->bytes));
    if (count >= 3 && memcmp(table->bytes, "\xef\xbb\xbf", 3) == 0) cursor.next += 3; /* byte order mark */
    while (cursor.next < cursor.end)
        if (!line_end_take(&cursor)) TRY(row_read(&cursor)); /* an empty line is no row */
    if (table->rows == 0) return context_fail(ctx, SPICA_ERROR_DATA, "%s: no header row", table->path);
    table->rows--; /* the header */
    return SPICA_OK;
}

Status csv_read(Context *ctx, const char *path, CsvTable *table) {
    *table = (CsvTable){0};
    size_t count;
    TRY(memory_copy_text(ctx, &table->path, path));
    TRY(file_read(ctx, path, &table->bytes, &count));
    return table_parse(ctx, table, count);
}

void csv_close(Context *ctx, CsvTable *table) {
    FREE_ARRAY(ctx, &table->cells);
    FREE_ARRAY(ctx, &table->lines);
    FREE_ARRAY(ctx, &table->bytes);
    FREE_ARRAY(ctx, &table->path);
    *table = (CsvTable){0};
}

long csv_find(const CsvTable *table, const char *name) {
    for (size_t column = 0; column < table->columns; column++)
        if (strcmp(table->cells[column], name) == 0) return (long)column;
    return -1;
}

Status csv_require(Context *ctx, const CsvTable *table, const char *name, size_t *column) {
    const long found = csv_find(table, name);
    if (found < 0) {
        char header[256] = "";
        size_t used = 0;
        for (size_t i = 0; i < table->columns && used < sizeof header; i++)
            used += (size_t)snprintf(header + used, sizeof header - used, "%s%s", i == 0 ? "" : ",", table->cells[i]);
        return context_fail(ctx, SPICA_ERROR_DATA, "%s: line %zu: no column \"%s\" in the header %s", table->path,
                            table->lines[0], name, header);
    }
    *column = (size_t)found;
    return SPICA_OK;
}

Status csv_writer_open(Context *ctx, CsvWriter *writer, const char *path) {
    *writer = (CsvWriter){0};
    return file_writer_open(ctx, &writer->file, path);
}

Status csv_writer_open_stream(Context *ctx, CsvWriter *writer, FILE *stream, const char *name) {
    *writer = (CsvWriter){0};
    return file_writer_borrow(ctx, &writer->file, stream, name);
}

static Status cell_start(Context *ctx, CsvWriter *writer) {
    const bool in_row = writer->in_row;
    writer->in_row = true;
    return in_row ? file_writer_add(ctx, &writer->file, ",", 1) : SPICA_OK;
}

Status csv_add_text(Context *ctx, CsvWriter *writer, const char *text) {
    const bool alone = !writer->in_row && *text == '\0'; /* a row of one empty cell would look like an empty line */
    TRY(cell_start(ctx, writer));
    if (strpbrk(text, ",\"\r\n") == NULL && !alone) return file_writer_add(ctx, &writer->file, text, strlen(text));
    TRY(file_writer_add(ctx, &writer->file, "\"", 1));
    for (const char *quote; (quote = strchr(text, '"')) != NULL; text = quote + 1) {
        TRY(file_writer_add(ctx, &writer->file, text, (size_t)(quote - text) + 1));
        TRY(file_writer_add(ctx, &writer->file, "\"", 1));
    }
    TRY(file_writer_add(ctx, &writer->file, text, strlen(text)));
    return file_writer_add(ctx, &writer->file, "\"", 1);
}

Status csv_add_integer(Context *ctx, CsvWriter *writer, int64_t value) {
    char text[NUMBER_TEXT];
    number_print_integer(text, value);
    return csv_add_text(ctx, writer, text);
}

Status csv_add_real(Context *ctx, CsvWriter *writer, double value) {
    char text[NUMBER_TEXT];
    number_print_digits(text, value, 9);
    return csv_add_text(ctx, writer, text);
}

Status csv_end_row(Context *ctx, CsvWriter *writer) {
    writer->in_row = false;
    return file_writer_add(ctx, &writer->file, "\r\n", 2);
}

Status csv_writer_commit(Context *ctx, CsvWriter *writer) { return file_writer_commit(ctx, &writer->file); }

void csv_writer_close(Context *ctx, CsvWriter *writer) {
    file_writer_close(ctx, &writer->file);
    writer->in_row = false;
}
