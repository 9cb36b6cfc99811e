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

Status params_state(Context *ctx, Params *params, const char *prefix, StateParts *parts) {
    TRY(state_parts_add_floats(ctx, parts, params->values, params->count, &params->version, "%s.values", prefix));
    if (params->buffer_count == 0) return SPICA_OK;
    return state_parts_add_floats(ctx, parts, params->buffers, params->buffer_count, &params->version, "%s.buffers",
                                  prefix);
}

const Param *params_not_finite(const Params *params) {
    for (size_t i = 0; i < params->table_count; i++) {
        const Param *tensor = &params->table[i];
        if (floats_not_finite(params->values + tensor->offset, tensor->count) < tensor->count) return tensor;
    }
    return NULL;
}
