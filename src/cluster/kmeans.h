/* k-means: k-means++ starts (Arthur and Vassilvitskii 2007), Lloyd's iterations with Elkan's bounds.
 *
 * Floor plan of the room:
 *   kmeans.h            this file: the best of several starts; spherical_kmeans.h: of directions
 *   kmeans_lloyd.h, kmeans_assign.h, kmeans_bounds.h, kmeans_start.h, kmeans_points.h   its parts
 *   gmm.h               mixtures of diagonal normal distributions
 *   agglomerative.h     Ward and average linkage; proximity.h: distances while clusters are joined
 *   spectral.h          on neighbour_graph.h, which neighbour_lists.h fills
 *   nmf.h, nmf_start.h  non-negative matrix factorisation
 *   pca.h               principal components; leading_vectors.h: right singular vectors
 *   symmetric.h, lanczos.h   eigenvectors by LAPACK (fortran.h) and by ARPACK
 *   matrix_blocks.h     tall matrices block by block, products that no number of threads changes; blas_threads.h
 *   knn.h               nearest neighbours by cosine; knn_inverted.h: of very large sets; knn_best.h: their
 *                       heaps, knn_reservoir.h: what large sets have in their place; knn_keys.h: the order of both
 *   linear_classifier.h multinomial logistic regression
 *   metrics.h, class_metrics.h, assignment.h   how well a clustering agrees with labels
 */
#ifndef SPICA_CLUSTER_KMEANS_H
#define SPICA_CLUSTER_KMEANS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/memory.h"

typedef struct KmeansSettings {
    size_t clusters;
    int starts;       /* n_init; 0: 10 */
    int iterations;   /* at most; 0: 300 */
    double tolerance; /* relative, as scikit-learn's tol; 0: 1e-4 */
    uint64_t seed;
    bool unit_centres; /* centres are divided by their length: spherical_kmeans.h */
    bool plain;        /* computes every distance anew in every iteration, without bounds: to compare with */
} KmeansSettings;

/* labels[count], centres[clusters x dim] (may be NULL), *inertia (may be NULL): the best of the starts by inertia. An
 * empty cluster takes the point farthest from its centre, so none is empty at the end. Errors: SPICA_ERROR_OPTION,
 * SPICA_ERROR_DATA where count < clusters, SPICA_ERROR_NUMERIC where a point is not finite, SPICA_CANCELLED. */
Status kmeans(Context *ctx, const KmeansSettings *settings, const float *points, size_t count, size_t dim,
              int32_t *labels, float *centres, double *inertia);

/* Lloyd's iterations alone, from given centres[clusters x dim], which they move. */
Status kmeans_refine(Context *ctx, const KmeansSettings *settings, const float *points, size_t count, size_t dim,
                     int32_t *labels, float *centres, double *inertia);

#endif
