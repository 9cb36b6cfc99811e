/* Names as numbers: the different texts of a list, in one order whichever of them come first. */
#ifndef SPICA_BASE_NAME_TABLE_H
#define SPICA_BASE_NAME_TABLE_H

#include <stdbool.h>

#include "base/memory.h"

/* Zeroed may be closed. */
typedef struct NameTable {
    const char **names; /* count different texts in order; the array is owned, the texts are the caller's */
    size_t count;
} NameTable;

/* Digits alone. */
bool name_is_whole_number(const char *name);

/* The order: whole numbers first, by value (fewer digits, then digits), then all else by bytes. */
int name_compare(const char *a, const char *b);

/* The different texts of texts[count]; empty ones are left out. */
Status name_table_open(Context *ctx, NameTable *table, const char *const *texts, size_t count);
void name_table_close(Context *ctx, NameTable *table);

/* The number of a name, or -1. */
long name_table_find(const NameTable *table, const char *name);

#endif
