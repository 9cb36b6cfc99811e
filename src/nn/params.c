#include "nn/params.h"

#include <string.h>

static const Param *table_find(const Param *table, size_t count, const char *name) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(table[i].name, name) == 0) return &table[i];
    return NULL;
}

const Param *params_find(const Params *params, const char *name, bool *is_buffer) {
    const Param *found = table_find(params->table, params->table_count, name);
    if (is_buffer != NULL) *is_buffer = false;
    if (found != NULL) return found;
    found = table_find(params->buffer_table, params->buffer_table_count, name);
    if (is_buffer != NULL) *is_buffer = found != NULL;
    return found;
}
