#include "methods/copy_weights.h"

#include <string.h>

static Status copy_tensors(Context *ctx, const char *stage, const Param *table, size_t table_count, float *values,
                           const Params *from, const char *except) {
    for (size_t i = 0; i < table_count; i++) {
        if (except != NULL && strncmp(table[i].name, except, strlen(except)) == 0) continue;
        bool is_buffer = false;
        const Param *source = params_find(from, table[i].name, &is_buffer);
        if (source == NULL || source->count != table[i].count)
            return context_fail(ctx, SPICA_ERROR_WEIGHTS, "%s: the weights to start from have no fitting tensor %s",
                                stage, table[i].name);
        const float *block = is_buffer ? from->buffers : from->values;
        memcpy(values + table[i].offset, block + source->offset, source->count * sizeof *values);
    }
    return SPICA_OK;
}

Status copy_weights(Context *ctx, const char *stage, Params *to, const Params *from, const char *except) {
    TRY(copy_tensors(ctx, stage, to->table, to->table_count, to->values, from, except));
    TRY(copy_tensors(ctx, stage, to->buffer_table, to->buffer_table_count, to->buffers, from, except));
    params_changed(to);
    return SPICA_OK;
}
