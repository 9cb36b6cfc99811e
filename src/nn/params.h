/* All weights of a network in one aligned float32 block, in plain order (convolutions OIHW, linear layers out x in),
 * all gradients in another of the same layout, with a table of what is where. Batch norm's running statistics are a
 * block of their own, `buffers`: saved, never decayed or optimised, copied (not averaged) into a moving-average model.
 */
#ifndef SPICA_NN_PARAMS_H
#define SPICA_NN_PARAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/state_parts.h"

typedef enum ParamKind {
    PARAM_CONV_WEIGHT,
    PARAM_LINEAR_WEIGHT,
    PARAM_LINEAR_BIAS,
    PARAM_NORM_SCALE,
    PARAM_NORM_SHIFT,
    PARAM_RUNNING_MEAN,
    PARAM_RUNNING_VARIANCE,
    PARAM_BATCH_COUNT, /* "num_batches_tracked", kept as a float in memory, int64 in files */
} ParamKind;

typedef struct Param {
    char name[96]; /* torchvision's: "layer1.0.conv1.weight" */
    ParamKind kind;
    int rank;
    int64_t shape[4];
    size_t offset, count; /* in floats, into values or buffers; offsets are multiples of 16 */
} Param;

typedef struct Params {
    Param *table; /* weights */
    size_t table_count;
    float *values, *gradients;
    size_t count; /* floats in values and in gradients, paddings included (always zero) */
    Param *buffer_table;
    size_t buffer_table_count;
    float *buffers;
    size_t buffer_count;
    uint64_t version; /* raise it (params_changed) after writing values or buffers: plans then refresh their copies */
} Params;

static inline void params_changed(Params *params) { params->version++; }

/* The entry called `name` in the weights (or, second, the buffers); NULL when there is none. */
const Param *params_find(const Params *params, const char *name, bool *is_buffer);

/* Adds values and buffers to a state, as "PREFIX.values" and "PREFIX.buffers". */
Status params_state(Context *ctx, Params *params, const char *prefix, StateParts *parts);

/* The first weight tensor with a number that is not finite; NULL when all are. */
const Param *params_not_finite(const Params *params);

#endif
