/* What a stage checks or changes in its settings before it begins: constants chosen for long schedules, sizes. */
#ifndef SPICA_METHODS_SCHEDULE_LIMITS_H
#define SPICA_METHODS_SCHEDULE_LIMITS_H

#include <stdint.h>

#include "augment/augment.h"
#include "nn/model.h"

/* Raises the batch norm momentum to min(1, 10 / steps) where it is lower, so that of the initial running statistics at
 * most exp(-10) is left at the schedule's end; logs it for `stage`. */
void clip_bn_momentum(Context *ctx, const char *stage, ModelSpec *spec, int64_t steps);

/* The most batch norm groups, of those asked for, that divide the batch and have two pictures each; at least 1. */
int even_groups(int groups, size_t batch);

/* Steps of so many passes over `count` pictures, `batch` of them each: to the nearest, at least 1. */
int64_t steps_of_epochs(double epochs, size_t batch, size_t count);

/* SPICA_ERROR_DATA naming the sizes when the policy does not make of the data set's pictures what the model reads. */
Status check_view_shape(Context *ctx, const char *stage, const ModelSpec *spec, const Policy *policy,
                        const Dataset *dataset);

#endif
