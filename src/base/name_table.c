#include "base/name_table.h"

#include <stdlib.h>
#include <string.h>

bool name_is_whole_number(const char *name) { return *name != '\0' && name[strspn(name, "0123456789")] == '\0'; }

int name_compare(const char *a, const char *b) {
    const bool a_number = name_is_whole_number(a), b_number = name_is_whole_number(b);
    if (a_number != b_number) return a_number ? -1 : 1;
    if (a_number && strlen(a) != strlen(b)) return strlen(a) < strlen(b) ? -1 : 1;
    return strcmp(a, b);
}

static int compare_places(const void *a, const void *b) {
    return name_compare(*(const char *const *)a, *(const char *const *)b);
}

Status name_table_open(Context *ctx, NameTable *table, const char *const *texts, size_t count) {
    *table = (NameTable){0};
    TRY(NEW_ARRAY(ctx, &table->names, count));
    size_t filled = 0;
    for (size_t i = 0; i < count; i++)
        if (*texts[i] != '\0') table->names[filled++] = texts[i];
    qsort(table->names, filled, sizeof *table->names, compare_places);
    for (size_t i = 0; i < filled; i++)
        if (i == 0 || strcmp(table->names[i], table->names[table->count - 1]) != 0)
            table->names[table->count++] = table->names[i];
    return SPICA_OK;
}

void name_table_close(Context *ctx, NameTable *table) {
    FREE_ARRAY(ctx, &table->names);
    *table = (NameTable){0};
}

long name_table_find(const NameTable *table, const char *name) {
    const char **place = bsearch(&name, table->names, table->count, sizeof *table->names, compare_places);
    return place != NULL ? (long)(place - table->names) : -1;
}
