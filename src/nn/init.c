#include "nn/init.h"

#include <math.h>

/* Inputs and outputs per weight, as torch.nn.init counts them: a convolution's kernel area multiplies both. */
static void param_fans(const Param *param, double *fan_in, double *fan_out) {
    double area = 1.0;
    for (int d = 2; d < param->rank; d++)
        area *= (double)param->shape[d];
    *fan_out = (double)param->shape[0] * area;
    *fan_in = (double)param->shape[1] * area;
}

static void fill_normal(float *values, size_t count, double deviation, Random *random) {
    for (size_t i = 0; i < count; i++)
        values[i] = (float)(deviation * (double)random_normal(random));
}

static void fill_uniform(float *values, size_t count, double bound, Random *random) {
    for (size_t i = 0; i < count; i++)
        values[i] = random_between(random, (float)-bound, (float)bound);
}

static void fill_constant(float *values, size_t count, float value) {
    for (size_t i = 0; i < count; i++)
        values[i] = value;
}

/* Normal deviation of a weight tensor; Glorot and Bengio 2010, He et al. 2015, both with ReLU's gain sqrt(2) where they
 * have one. */
static double weight_deviation(const Param *param, InitRule rule) {
    double fan_in, fan_out;
    param_fans(param, &fan_in, &fan_out);
    switch (rule) {
    case INIT_DEFAULT: return sqrt(2.0 / fan_out);
    case INIT_GAUSSIAN: return 0.01;
    case INIT_XAVIER: return sqrt(2.0 / (fan_in + fan_out));
    case INIT_KAIMING: return sqrt(2.0 / fan_in);
    }
    return 0.0;
}

/* A bias has no fan-in of its own: PyTorch takes that of the weight, which stands before it in the table. */
static double bias_bound(const Params *params, size_t index) {
    if (index == 0 || params->table[index - 1].kind != PARAM_LINEAR_WEIGHT) return 0.0;
    double fan_in, fan_out;
    param_fans(&params->table[index - 1], &fan_in, &fan_out);
    return 1.0 / sqrt(fan_in);
}

static void init_tensor(Params *params, size_t index, InitRule rule, Random *random) {
    const Param *param = &params->table[index];
    float *values = params->values + param->offset;
    double fan_in, fan_out;
    switch (param->kind) {
    case PARAM_CONV_WEIGHT: fill_normal(values, param->count, weight_deviation(param, rule), random); return;
    case PARAM_LINEAR_WEIGHT:
        param_fans(param, &fan_in, &fan_out);
        /* kaiming_uniform with a = sqrt(5): gain sqrt(1/3), bound gain * sqrt(3 / fan_in). */
        if (rule == INIT_DEFAULT)
            fill_uniform(values, param->count, 1.0 / sqrt(fan_in), random);
        else
            fill_normal(values, param->count, weight_deviation(param, rule), random);
        return;
    case PARAM_LINEAR_BIAS:
        if (rule == INIT_DEFAULT)
            fill_uniform(values, param->count, bias_bound(params, index), random);
        else
            fill_constant(values, param->count, 0.0f);
        return;
    case PARAM_NORM_SCALE: fill_constant(values, param->count, 1.0f); return;
    case PARAM_NORM_SHIFT: fill_constant(values, param->count, 0.0f); return;
    case PARAM_RUNNING_MEAN:
    case PARAM_RUNNING_VARIANCE:
    case PARAM_BATCH_COUNT: return; /* buffers are not among the weights */
    }
}

static void init_buffers(Params *params) {
    for (size_t b = 0; b < params->buffer_table_count; b++) {
        const Param *param = &params->buffer_table[b];
        const float value = param->kind == PARAM_RUNNING_VARIANCE ? 1.0f : 0.0f;
        fill_constant(params->buffers + param->offset, param->count, value);
    }
}

void init_params(Params *params, InitRule rule, uint64_t seed, RandomPurpose purpose) {
    for (size_t t = 0; t < params->table_count; t++) {
        Random random = random_at(seed, purpose, 0, t, 0);
        init_tensor(params, t, rule, &random);
    }
    init_buffers(params);
    params_changed(params);
}
