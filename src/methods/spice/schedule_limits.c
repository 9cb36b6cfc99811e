#include "methods/spice/schedule_limits.h"

#include "base/log.h"

void clip_bn_momentum(Context *ctx, const char *stage, ModelSpec *spec, int64_t steps) {
    const float least = steps > 10 ? 10.0f / (float)steps : 1.0f;
    float *momentum = &spec->backbone.bn_momentum;
    if (*momentum >= least) return;
    log_info(ctx, "%s: batch norm momentum raised from %g to %g, for %lld steps", stage, (double)*momentum,
             (double)least, (long long)steps);
    *momentum = least;
}
