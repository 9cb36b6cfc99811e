/* Non-negative matrix factorisation. */
#ifndef SPICA_CLUSTER_NMF_H
#define SPICA_CLUSTER_NMF_H

#include <stdbool.h>
#include <stdint.h>

#include "base/memory.h"

typedef struct NmfSettings {
    size_t components; /* 1 .. min(count, dim) */
    int iterations;    /* at most; 0: 200 */
    double tolerance;  /* of the projected gradient, relative to the first; 0: 1e-4 */
    uint64_t seed;     /* of the start, for matrices of more than 4096 columns */
} NmfSettings;

/* points ~ shares parts. Zeroed may be closed. */
typedef struct Nmf {
    size_t count, dim, components;
    double *shares; /* [count x components], none below 0: W */
    double *parts;  /* [dim x components], none below 0: the transpose of H */
    double error;   /* square root of the sum of (points - shares parts)^2 */
    int iterations;
    bool converged;
} Nmf;

/* Factors points[count x dim], from non-negative double singular value decomposition. To be closed with nmf_close,
 * whatever the status. Errors: SPICA_ERROR_OPTION, SPICA_ERROR_DATA where a point has a value below 0 or count or dim
 * is below components, SPICA_ERROR_NUMERIC where a value is not finite, SPICA_ERROR_MEMORY, SPICA_CANCELLED. */
Status nmf_fit(Context *ctx, Nmf *nmf, const NmfSettings *settings, const float *points, size_t count, size_t dim);

/* The iterations alone, from shares and parts that are there. */
Status nmf_refine(Context *ctx, Nmf *nmf, const NmfSettings *settings, const float *points);
void nmf_close(Context *ctx, Nmf *nmf);

/* nmf->shares[count x components] of points[count x dim] for nmf->parts as they are: the least |x - w H|^2 of each row,
 * whatever the shares were; points are finite. Errors: SPICA_ERROR_DATA where a point has a value below 0,
 * SPICA_ERROR_MEMORY, SPICA_CANCELLED. */
Status nmf_transform(Context *ctx, Nmf *nmf, const float *points);

/* labels[count]: the component of each row's largest share, shares measured by the length of their parts; ties: the
 * smaller component, so that a row of zeros is in cluster 0. A cluster may be empty. confidences[count] (may be NULL):
 * that share of the sum of the row's; 0 where all are 0. */
Status nmf_assign(Context *ctx, const Nmf *nmf, int32_t *labels, float *confidences);

#endif
