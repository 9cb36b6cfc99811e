#include "nn/optimiser.h"

#include <math.h>
#include <string.h>

#include "base/simd.h"
#include "nn/denormals.h"

/* Floats of one fixed block: a thread's unit of work, 64 KB of each array. */
#define OPTIMISER_BLOCK ((size_t)16384)

Status optimiser_open(Context *ctx, Optimiser *optimiser, const OptimiserSettings *settings, const Params *params) {
    *optimiser = (Optimiser){.settings = *settings, .count = params->count};
    OptimiserSettings *own = &optimiser->settings;
    if (own->beta1 == 0.0f && own->beta2 == 0.0f && own->epsilon == 0.0f) {
        own->beta1 = 0.9f;
        own->beta2 = 0.999f;
        own->epsilon = 1e-8f;
    }
    TRY(NEW_ZEROED(ctx, &optimiser->first, params->count));
    if (own->kind == OPTIMISER_ADAM) TRY(NEW_ZEROED(ctx, &optimiser->second, params->count));
    return SPICA_OK;
}

void optimiser_close(Context *ctx, Optimiser *optimiser) {
    FREE_ARRAY(ctx, &optimiser->first);
    FREE_ARRAY(ctx, &optimiser->second);
    *optimiser = (Optimiser){0};
}

Status optimiser_state(Context *ctx, Optimiser *optimiser, const char *prefix, StateParts *parts) {
    TRY(STATE_VALUE(ctx, parts, &optimiser->steps, "%s.steps", prefix));
    TRY(state_parts_add_floats(ctx, parts, optimiser->first, optimiser->count, NULL, "%s.first", prefix));
    if (optimiser->second == NULL) return SPICA_OK;
    return state_parts_add_floats(ctx, parts, optimiser->second, optimiser->count, NULL, "%s.second", prefix);
}

/* torch.optim.SGD: g += decay * w; m = momentum * m + g (m = g at the first step: m begins at 0);
 * w -= rate * (nesterov ? g + momentum * m : m). */
SIMD_VERSIONS
static void sgd_update(float *restrict values, float *restrict velocity, const float *restrict gradients, size_t count,
                       float rate, float momentum, float decay, bool nesterov) {
    if (nesterov) {
        for (size_t i = 0; i < count; i++) {
            const float g = gradients[i] + decay * values[i];
            velocity[i] = momentum * velocity[i] + g;
            values[i] -= rate * (g + momentum * velocity[i]);
        }
        return;
    }
    for (size_t i = 0; i < count; i++) {
        velocity[i] = momentum * velocity[i] + (gradients[i] + decay * values[i]);
        values[i] -= rate * velocity[i];
    }
}

typedef struct AdamFactors {
    float beta1, new1; /* new = 1 - beta */
    float beta2, new2;
    float rate;       /* learning rate / (1 - beta1^t) */
    float correction; /* sqrt(1 - beta2^t) */
    float epsilon, decay;
} AdamFactors;

/* torch.optim.Adam: g += decay * w; m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2;
 * w -= rate / (1 - beta1^t) * m / (sqrt(v) / sqrt(1 - beta2^t) + epsilon). */
SIMD_VERSIONS
static void adam_update(float *restrict values, float *restrict first, float *restrict second,
                        const float *restrict gradients, size_t count, const AdamFactors *f) {
    const AdamFactors a = *f;
    for (size_t i = 0; i < count; i++) {
        const float g = gradients[i] + a.decay * values[i];
        first[i] = a.beta1 * first[i] + a.new1 * g;
        second[i] = a.beta2 * second[i] + a.new2 * g * g;
        values[i] -= a.rate * (first[i] / (sqrtf(second[i]) / a.correction + a.epsilon));
    }
}

/* 1 - x of a float32 setting that stands for a short decimal number, as PyTorch's float64 arithmetic has it: 1 - 0.999
 * is 0.001 there, and 0.00099998713 from the float32. */
static double decimal(float x) { return round((double)x * 1e7) / 1e7; }

static AdamFactors adam_factors(const Optimiser *optimiser, float learning_rate) {
    const OptimiserSettings *s = &optimiser->settings;
    const double beta1 = decimal(s->beta1), beta2 = decimal(s->beta2), t = (double)optimiser->steps;
    return (AdamFactors){
        .beta1 = (float)beta1,
        .new1 = (float)(1.0 - beta1),
        .beta2 = (float)beta2,
        .new2 = (float)(1.0 - beta2),
        .rate = (float)((double)learning_rate / (1.0 - pow(beta1, t))),
        .correction = (float)sqrt(1.0 - pow(beta2, t)),
        .epsilon = s->epsilon,
    };
}

/* FixMatch's programs spare the parameters whose name holds "bn"; the norms of a shortcut (torchvision's
 * "downsample.1") are named otherwise, and are norms all the same. */
static bool param_decays(const Param *param, DecayRule rule) {
    if (rule == DECAY_ALL) return true;
    if (param->kind == PARAM_NORM_SCALE || param->kind == PARAM_NORM_SHIFT) return false;
    return strstr(param->name, "bn") == NULL;
}

/* End of the run of equal decay that begins at float `begin`; *decays: whether it decays. Paddings are zero and have
 * zero gradients, so it does not matter to which run they belong. */
static size_t decay_run_end(const Params *params, DecayRule rule, size_t begin, size_t limit, bool *decays) {
    *decays = true;
    if (rule == DECAY_ALL) return limit;
    size_t t = 0;
    while (t + 1 < params->table_count && params->table[t + 1].offset <= begin)
        t++;
    if (t < params->table_count) *decays = param_decays(&params->table[t], rule);
    for (t++; t < params->table_count && params->table[t].offset < limit; t++)
        if (param_decays(&params->table[t], rule) != *decays) return params->table[t].offset;
    return limit;
}

static void update_range(const Optimiser *optimiser, Params *params, size_t begin, size_t end, float learning_rate,
                         AdamFactors adam) {
    const OptimiserSettings *s = &optimiser->settings;
    while (begin < end) {
        bool decays;
        const size_t stop = decay_run_end(params, s->decay_rule, begin, end, &decays);
        const float decay = decays ? s->weight_decay : 0.0f;
        adam.decay = decay;
        if (s->kind == OPTIMISER_ADAM)
            adam_update(params->values + begin, optimiser->first + begin, optimiser->second + begin,
                        params->gradients + begin, stop - begin, &adam);
        else
            sgd_update(params->values + begin, optimiser->first + begin, params->gradients + begin, stop - begin,
                       learning_rate, s->momentum, decay, s->nesterov);
        begin = stop;
    }
}

void optimiser_step(Context *ctx, Optimiser *optimiser, Params *params, float learning_rate) {
    optimiser->steps++;
    AdamFactors adam = {0};
    if (optimiser->settings.kind == OPTIMISER_ADAM) adam = adam_factors(optimiser, learning_rate);
    const int64_t blocks = (int64_t)((params->count + OPTIMISER_BLOCK - 1) / OPTIMISER_BLOCK);
#pragma omp parallel for schedule(static) num_threads(ctx->threads)
    for (int64_t block = 0; block < blocks; block++) {
        const size_t begin = (size_t)block * OPTIMISER_BLOCK;
        const size_t end = begin + OPTIMISER_BLOCK < params->count ? begin + OPTIMISER_BLOCK : params->count;
        const unsigned mode = denormals_flush();
        update_range(optimiser, params, begin, end, learning_rate, adam);
        denormals_restore(mode);
    }
    params_changed(params);
}

float schedule_rate(ScheduleKind kind, float base, double progress) {
    switch (kind) {
    case SCHEDULE_CONSTANT: return base;
    case SCHEDULE_COSINE: return schedule_cosine(base, progress);
    case SCHEDULE_STEP: return schedule_step(base, progress);
    }
    return base;
}

float schedule_step(float base, double progress) {
    if (progress < 0.6) return base;
    return (float)((double)base * (progress < 0.8 ? 0.1 : 0.01));
}

float schedule_cosine(float base, double progress) {
    return (float)((double)base * 0.5 * (1.0 + cos(3.14159265358979323846 * progress)));
}

float schedule_cosine_7_16(float base, double progress) {
    return (float)((double)base * cos(7.0 / 16.0 * 3.14159265358979323846 * progress));
}

SIMD_VERSIONS
static void average_block(float *restrict average, const float *restrict values, size_t count, float old_share,
                          float new_share) {
    for (size_t i = 0; i < count; i++)
        average[i] = old_share * average[i] + new_share * values[i];
}

void moving_average_update(Context *ctx, Params *average, const Params *values, float mu, bool warmup, uint64_t step,
                           bool copy_buffers) {
    double share = decimal(mu);
    const double young = (1.0 + (double)step) / (10.0 + (double)step);
    if (warmup && young < share) share = young;
    const float old_share = (float)share, new_share = (float)(1.0 - share);
    const int64_t blocks = (int64_t)((values->count + OPTIMISER_BLOCK - 1) / OPTIMISER_BLOCK);
#pragma omp parallel for schedule(static) num_threads(ctx->threads)
    for (int64_t block = 0; block < blocks; block++) {
        const size_t begin = (size_t)block * OPTIMISER_BLOCK;
        const size_t end = begin + OPTIMISER_BLOCK < values->count ? begin + OPTIMISER_BLOCK : values->count;
        average_block(average->values + begin, values->values + begin, end - begin, old_share, new_share);
    }
    if (copy_buffers && values->buffer_count > 0)
        memcpy(average->buffers, values->buffers, values->buffer_count * sizeof *values->buffers);
    params_changed(average);
}
