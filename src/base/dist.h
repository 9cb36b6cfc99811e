/* The seam behind which a run may become several processes. Today: one process, for which every call is the identity.
 * "Collective" means: every rank must make the call, in the same order. */
#ifndef SPICA_BASE_DIST_H
#define SPICA_BASE_DIST_H

#include <stddef.h>

#include "base/status.h"

int dist_rank(void);
int dist_size(void);

/* Collective. values[count] becomes the sum over all ranks, added in rank order. */
Status dist_all_reduce_sum(Context *ctx, float *values, size_t count);

/* Collective. bytes[count] of rank `root` reach all ranks. */
Status dist_broadcast(Context *ctx, void *bytes, size_t count, int root);

/* Collective. output[dist_size() * count]: every rank's input[count], in rank order. */
Status dist_all_gather(Context *ctx, const void *input, size_t count, void *output);

#endif
