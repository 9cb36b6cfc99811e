/* Who is near whom among the points of a t-SNE map. */
#ifndef SPICA_CLUSTER_TSNE_AFFINITIES_H
#define SPICA_CLUSTER_TSNE_AFFINITIES_H

#include <stdint.h>

#include "base/memory.h"

/* P, symmetric, by rows: those of row i are at begins[i] .. begins[i + 1] - 1, in rising order of `others`. Zeroed may
 * be closed. */
typedef struct TsneAffinities {
    size_t count;
    size_t *begins;  /* [count + 1] */
    int32_t *others; /* [begins[count]] */
    float *values;   /* [begins[count]]: p_ij; all of them sum to 1 */
} TsneAffinities;

/* Of points[count x dim], by Euclidean distance. count >= 2, 1 <= perplexity < count. To be closed with
 * tsne_affinities_close, whatever the status. Errors: SPICA_ERROR_NUMERIC where a point is not finite,
 * SPICA_ERROR_OPTION, SPICA_ERROR_MEMORY, SPICA_CANCELLED. */
Status tsne_affinities_open(Context *ctx, TsneAffinities *affinities, const float *points, size_t count, size_t dim,
                            double perplexity);
void tsne_affinities_close(Context *ctx, TsneAffinities *affinities);

#endif
