#include "methods/partition/partition_size.h"

#include <math.h>

#include "cluster/agglomerative.h"

/* From the comments of src/cluster: kmeans_lloyd.c, gmm.c, nmf.c, spectral.c with neighbour_lists.c and lanczos.c,
 * agglomerative.c. */

#define FLOAT 4.0
#define DOUBLE 8.0
/* Beyond it k-means keeps no bounds. */
#define BOUNDS_MOST 1e9

static double kmeans_bytes(double count, double dim, double clusters) {
    const double bounds = FLOAT * count * (clusters + 1.0);
    return fmin(bounds, BOUNDS_MOST) + 16.0 * count + count * dim;
}

static double spectral_bytes(const PartitionSettings *settings, double count, double dim) {
    const double neighbours = (double)settings->neighbours, clusters = (double)settings->clusters;
    const double search = 2.0 * FLOAT * count * (dim + 1.0) + 2.0 * FLOAT * count * (neighbours + 9.0);
    const double graph = 16.0 * count * neighbours;
    const double vectors = DOUBLE * count * (fmax(2.0 * clusters + 1.0, clusters + 32.0) + 4.0);
    return graph + fmax(search, vectors + (DOUBLE + FLOAT) * count * clusters);
}

static double agglomerative_bytes(double count, double dim) {
    const double distances = FLOAT * (count <= AGGLOMERATIVE_MATRIX_LIMIT ? 0.5 * count * count : count * (dim + 1.0));
    return distances + 40.0 * count;
}

double partition_bytes(const PartitionSettings *settings, size_t count, size_t dim) {
    const double n = (double)count, d = (double)dim, k = (double)settings->clusters, rows = FLOAT * n * d;
    switch (settings->kind) {
    case PARTITION_KMEANS: return rows + kmeans_bytes(n, d, k);
    case PARTITION_SPHERICAL_KMEANS: return 2.0 * rows + kmeans_bytes(n, d, k);
    case PARTITION_SPECTRAL: return rows + spectral_bytes(settings, n, d);
    case PARTITION_AGGLOMERATIVE: return rows + agglomerative_bytes(n, d);
    case PARTITION_NMF: return rows + DOUBLE * (n + 3.0 * d) * k;
    case PARTITION_GMM: return rows + fmax(kmeans_bytes(n, d, k), FLOAT * n * k) + 4.0 * DOUBLE * d * k;
    case PARTITION_KIND_COUNT: break;
    }
    return 0.0;
}

Status partition_check_size(Context *ctx, const PartitionSettings *settings, size_t count, size_t dim, double other,
                            double available) {
    const double needed = partition_bytes(settings, count, dim) + other;
    if (settings->kind == PARTITION_AGGLOMERATIVE && settings->linkage == LINKAGE_AVERAGE &&
        count > AGGLOMERATIVE_MATRIX_LIMIT)
        return context_fail(ctx, SPICA_ERROR_OPTION,
                            "agglomerative: average linkage holds the distances of all pairs, which is refused for "
                            "more than %d pictures (%zu given): partition.linkage = ward, or data.limit",
                            AGGLOMERATIVE_MATRIX_LIMIT, count);
    if (needed <= available) return SPICA_OK;
    return context_fail(ctx, SPICA_ERROR_MEMORY,
                        "%s of %zu pictures of %zu numbers needs about %.1f GB of memory, and there are %.1f: fewer "
                        "pictures (data.limit), a smaller data.size, or partition.on = embeddings",
                        partition_kind_name(settings->kind), count, dim, needed / 1e9, available / 1e9);
}
