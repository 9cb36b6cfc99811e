/* CSV as RFC 4180 has it: a header row, commas, quotes doubled within quotes. Lines may end with LF or CRLF when read
 * and end with CRLF when written. Cells are bytes; their encoding is not looked at. */
#ifndef SPICA_BASE_CSV_H
#define SPICA_BASE_CSV_H

#include <stdint.h>

#include "base/files.h"

/* A whole file in memory. Zeroed may be closed. */
typedef struct CsvTable {
    size_t columns, rows; /* rows without the header */
    char **cells;         /* (rows + 1) x columns texts, the header first; owned, the texts lie in bytes */
    size_t *lines;        /* rows + 1 line numbers, from 1, owned */
    char *bytes;          /* the file, cut into the cells; owned */
    char *path;           /* owned, for messages */
} CsvTable;

/* Errors: SPICA_ERROR_IO; SPICA_ERROR_DATA naming file and line (no header, a row of another length, stray quotes). */
Status csv_read(Context *ctx, const char *path, CsvTable *table);
void csv_close(Context *ctx, CsvTable *table);

/* The column of this name, or -1. */
long csv_find(const CsvTable *table, const char *name);

/* As csv_find, but a missing column is SPICA_ERROR_DATA, naming the columns that there are. */
Status csv_require(Context *ctx, const CsvTable *table, const char *name, size_t *column);

/* The cell of data row 0 .. rows-1. */
static inline const char *csv_cell(const CsvTable *table, size_t row, size_t column) {
    return table->cells[(row + 1) * table->columns + column];
}

/* Line of the file where data row `row` begins. */
static inline size_t csv_line(const CsvTable *table, size_t row) { return table->lines[row + 1]; }

/* Cells are added one after the other; a cell is quoted where it must be. */
typedef struct CsvWriter {
    FileWriter file;
    bool in_row;
} CsvWriter;

/* Errors of all: SPICA_ERROR_IO naming the file. csv_writer_close in any case; the file appears with the commit. */
Status csv_writer_open(Context *ctx, CsvWriter *writer, const char *path);
/* Writes to a stream that stays the caller's; `name` for messages. */
Status csv_writer_open_stream(Context *ctx, CsvWriter *writer, FILE *stream, const char *name);
Status csv_add_text(Context *ctx, CsvWriter *writer, const char *text);
Status csv_add_integer(Context *ctx, CsvWriter *writer, int64_t value);
Status csv_add_real(Context *ctx, CsvWriter *writer, double value); /* 9 digits */
Status csv_end_row(Context *ctx, CsvWriter *writer);
Status csv_writer_commit(Context *ctx, CsvWriter *writer);
void csv_writer_close(Context *ctx, CsvWriter *writer);

#endif
