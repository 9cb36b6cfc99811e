/* Nearest neighbours by cosine in very large sets, nearly all of them: inverted lists (Sivic and Zisserman 2003, as
 * used by Jegou, Douze and Schmid, doi:10.1109/TPAMI.2010.57). k-means divides the space; a vector is compared with
 * those of the cells whose centres are nearest to it, and with no others. */
#ifndef SPICA_CLUSTER_KNN_INVERTED_H
#define SPICA_CLUSTER_KNN_INVERTED_H

#include <stdint.h>

#include "base/memory.h"

typedef struct InvertedSettings {
    size_t cells;  /* 0: 2 sqrt(count) */
    size_t probes; /* cells that a vector is compared with; 0: one of 48 */
} InvertedSettings;

/* neighbours[count x k]: of each of the L2-normalised rows points[count x dim], as knn_search's of a set with itself,
 * but for neighbours in cells that were not looked at. With probes == cells: the same up to rounding. Every row has k
 * neighbours. Memory beyond the output: count x probes numbers, a sample of 24 vectors per cell (twice), and in every
 * thread the reservoirs of a shard, 264 kB x k + 17 MB at most, and blocks. The lists do not depend on the number of
 * threads. Errors: those of knn_search and kmeans. */
Status knn_inverted(Context *ctx, const InvertedSettings *settings, int32_t *neighbours, const float *points,
                    size_t count, size_t dim, size_t k);

/* knn_neighbours searches sets up to this size exactly, and those of which more than one in so many is asked for: the
 * cells that are looked at hold one of 48, so ten times as many as are asked for at least; with fewer, more neighbours
 * are missed, and more rows are left to be searched in full. */
#define KNN_EXACT_MOST 200000
#define KNN_SHARE_MOST 512

/* neighbours[count x k] of the rows of points within the set: knn_search, or knn_inverted where the set is large. */
Status knn_neighbours(Context *ctx, int32_t *neighbours, const float *points, size_t count, size_t dim, size_t k);

#endif
