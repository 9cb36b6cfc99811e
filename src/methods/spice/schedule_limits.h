/* What short schedules ask of constants that were chosen for long ones. */
#ifndef SPICA_METHODS_SPICE_SCHEDULE_LIMITS_H
#define SPICA_METHODS_SPICE_SCHEDULE_LIMITS_H

#include <stdint.h>

#include "nn/model.h"

/* Raises the batch norm momentum to min(1, 10 / steps) where it is lower, so that of the initial running statistics at
 * most exp(-10) is left at the schedule's end; logs it for `stage`. */
void clip_bn_momentum(Context *ctx, const char *stage, ModelSpec *spec, int64_t steps);

#endif
