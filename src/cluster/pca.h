/* Principal components. */
#ifndef SPICA_CLUSTER_PCA_H
#define SPICA_CLUSTER_PCA_H

#include <stdint.h>

#include "base/memory.h"

typedef struct PcaSettings {
    size_t components; /* 1 .. min(count, dim) */
    uint64_t seed;     /* for matrices of more than exact_dim columns */
    size_t exact_dim;  /* 0: 4096 */
} PcaSettings;

/* Zeroed may be closed. */
typedef struct Pca {
    size_t dim, components;
    double *mean;          /* [dim] */
    double *directions;    /* [components x dim], orthonormal */
    double *variances;     /* [components], in falling order */
    double total_variance; /* of all dim directions */
} Pca;

/* To be closed with pca_close, whatever the status. Errors: SPICA_ERROR_OPTION, SPICA_ERROR_DATA where count or dim is
 * below components, SPICA_ERROR_NUMERIC where a point is not finite, SPICA_ERROR_MEMORY, SPICA_CANCELLED. */
Status pca_fit(Context *ctx, Pca *pca, const PcaSettings *settings, const float *points, size_t count, size_t dim);
void pca_close(Context *ctx, Pca *pca);

/* projected[count x components] = directions (x - mean) of points[count x dim]. */
Status pca_project(Context *ctx, const Pca *pca, float *projected, const float *points, size_t count);

#endif
