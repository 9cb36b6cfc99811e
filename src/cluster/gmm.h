/* A mixture of normal distributions with diagonal covariances. */
#ifndef SPICA_CLUSTER_GMM_H
#define SPICA_CLUSTER_GMM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/memory.h"

typedef struct GmmSettings {
    size_t clusters;
    int starts;       /* of the k-means before it; 0: 1 */
    int iterations;   /* at most; 0: 100 */
    double tolerance; /* least gain of the mean log-likelihood; 0: 1e-3 */
    double floor;     /* added to every variance; 0: 1e-6 */
    uint64_t seed;
} GmmSettings;

/* Zeroed may be closed. */
typedef struct Gmm {
    size_t clusters, dim;
    double *weights;       /* [clusters], sum 1 */
    double *means;         /* [clusters x dim] */
    double *variances;     /* [clusters x dim] */
    double log_likelihood; /* mean over the points, before the last change of the mixture */
    int iterations;
    bool converged;
} Gmm;

/* Fits a mixture, from the labels that k-means finds. labels[count] (may be NULL): the likeliest cluster of each point,
 * ties: the smaller one; a cluster may be empty. To be closed with gmm_close, whatever the status. Errors:
 * SPICA_ERROR_OPTION, SPICA_ERROR_DATA where count < clusters, SPICA_ERROR_NUMERIC where a point is not finite,
 * SPICA_ERROR_MEMORY, SPICA_CANCELLED. */
Status gmm_fit(Context *ctx, Gmm *gmm, const GmmSettings *settings, const float *points, size_t count, size_t dim,
               int32_t *labels);

/* The same from labels[count] that are given, each 0 .. clusters-1, which become those of the mixture. */
Status gmm_refine(Context *ctx, Gmm *gmm, const GmmSettings *settings, const float *points, size_t count, size_t dim,
                  int32_t *labels);
void gmm_close(Context *ctx, Gmm *gmm);

/* labels[count], and probabilities[count x clusters] (may be NULL), of points[count x gmm->dim]. */
Status gmm_assign(Context *ctx, const Gmm *gmm, int32_t *labels, float *probabilities, const float *points,
                  size_t count);

#endif
