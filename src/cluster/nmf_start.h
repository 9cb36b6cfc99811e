/* Where non-negative matrix factorisation starts. */
#ifndef SPICA_CLUSTER_NMF_START_H
#define SPICA_CLUSTER_NMF_START_H

#include "cluster/nmf.h"

/* Fills nmf->shares and nmf->parts, whose sizes are set. */
Status nmf_start(Context *ctx, Nmf *nmf, const float *points, uint64_t seed);

#endif
