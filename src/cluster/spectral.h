/* Spectral clustering on the graph of nearest neighbours. */
#ifndef SPICA_CLUSTER_SPECTRAL_H
#define SPICA_CLUSTER_SPECTRAL_H

#include <stdint.h>

#include "base/memory.h"

typedef struct SpectralSettings {
    size_t clusters;
    size_t neighbours; /* of each point, itself among them; at most count; 0: 10 */
    int starts;        /* of k-means; 0: 10 */
    double tolerance;  /* of the eigenvalues, relative; 0: 1e-9 */
    uint64_t seed;
} SpectralSettings;

/* labels[count]; embedding[count x clusters] (may be NULL): what k-means clusters, rows of length 1; *pieces (may be
 * NULL): in how many pieces the graph was before it was connected. No cluster is empty. Errors: SPICA_ERROR_OPTION,
 * SPICA_ERROR_DATA where count < clusters, SPICA_ERROR_NUMERIC where a point is not finite or no eigenvectors are
 * found, SPICA_ERROR_MEMORY, SPICA_CANCELLED. */
Status spectral(Context *ctx, const SpectralSettings *settings, const float *points, size_t count, size_t dim,
                int32_t *labels, float *embedding, size_t *pieces);

#endif
