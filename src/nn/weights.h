/* Weights files: safetensors (an 8-byte little-endian header length, a JSON header, raw tensors) under torchvision's
 * names, so that files interchange with Python. */
#ifndef SPICA_NN_WEIGHTS_H
#define SPICA_NN_WEIGHTS_H

#include "nn/params.h"

/* Free text beside the tensors, the header's __metadata__. */
typedef struct WeightsMeta {
    char key[48];
    char value[464];
} WeightsMeta;

typedef struct WeightsReport {
    size_t matched, missing, unexpected;
} WeightsReport;

/* Writes all weights and buffers of params whose names begin with `prefix` (NULL: all), without the prefix; replaced
 * atomically. The bytes depend on the contents only. Errors: SPICA_ERROR_IO. */
Status weights_write(Context *ctx, const char *path, const Params *params, const char *prefix, const WeightsMeta *meta,
                     size_t meta_count);

/* Reads what matches by name and shape into params (names get `prefix` before them), logs how many matched, were
 * missing and unexpected, and calls params_changed. SPICA_ERROR_WEIGHTS: none matched, a shape or type differs (naming
 * tensor, both shapes), or the file is damaged (naming offset). SPICA_ERROR_IO. report may be NULL. */
Status weights_read(Context *ctx, const char *path, Params *params, const char *prefix, WeightsReport *report);

/* The metadata: up to capacity entries into meta, *count how many the file has. */
Status weights_read_meta(Context *ctx, const char *path, WeightsMeta *meta, size_t capacity, size_t *count);

/* The value of `key`, or NULL. */
const char *weights_meta_find(const WeightsMeta *meta, size_t count, const char *key);

#endif
