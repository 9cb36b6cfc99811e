#include "methods/schedule_limits.h"

#include <math.h>

#include "base/log.h"

void clip_bn_momentum(Context *ctx, const char *stage, ModelSpec *spec, int64_t steps) {
    const float least = steps > 10 ? 10.0f / (float)steps : 1.0f;
    float *momentum = &spec->backbone.bn_momentum;
    if (*momentum >= least) return;
    log_info(ctx, "%s: batch norm momentum raised from %g to %g, for %lld steps", stage, (double)*momentum,
             (double)least, (long long)steps);
    *momentum = least;
}

int even_groups(int groups, size_t batch) {
    if (groups < 1) return 1;
    while (groups > 1 && (batch % (size_t)groups != 0 || batch / (size_t)groups < 2))
        groups--;
    return groups;
}

int64_t steps_of_epochs(double epochs, size_t batch, size_t count) {
    const int64_t steps = llround(epochs * (double)count / (double)batch);
    return steps < 1 ? 1 : steps;
}

Status check_view_shape(Context *ctx, const char *stage, const ModelSpec *spec, const Policy *policy,
                        const Dataset *dataset) {
    const int height = policy->size > 0 ? policy->size : dataset->height;
    const int width = policy->size > 0 ? policy->size : dataset->width;
    const int channels = policy_channels(policy, dataset->channels);
    if (height == spec->height && width == spec->width && channels == spec->channels) return SPICA_OK;
    return context_fail(ctx, SPICA_ERROR_DATA,
                        "%s: the model reads pictures of %d x %d x %d, but views are %d x %d x %d", stage, spec->height,
                        spec->width, spec->channels, height, width, channels);
}
