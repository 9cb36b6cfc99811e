/* t-SNE: a map of points in the plane, on which near points stay near.
 *
 * The parts: tsne_affinities.h (who is near whom), tsne_tree.h (the map as a quadtree), tsne_forces.h (the gradient).
 */
#ifndef SPICA_CLUSTER_TSNE_H
#define SPICA_CLUSTER_TSNE_H

#include <stdint.h>

#include "base/memory.h"

typedef struct TsneSettings {
    double perplexity;    /* about how many neighbours of a point count, at least 1; fewer points than three times as
                             many lower it */
    size_t components;    /* the points' principal components that distances are measured in, at least 1; no more than
                             there are */
    int iterations;       /* steps of gradient descent */
    int exaggerated;      /* of them, how many at the beginning draw neighbours together more than they should */
    double exaggeration;  /* that many times more */
    double theta;         /* far points stand for one where their square is below theta times its distance; 0: never */
    double learning_rate; /* 0: count / (4 exaggeration), at least 50, or of fewer than 600 points count / 12 */
    uint64_t seed;
} TsneSettings;

/* The usual values: perplexity 30, 50 components, 1,000 iterations, 250 of them exaggerated 12 times, theta 0.5. */
TsneSettings tsne_default(void);

/* map[count x 2]: a place in the plane for each of points[count x dim], centred on (0, 0). divergence (may be NULL):
 * the Kullback-Leibler divergence that was reached. The same bytes whatever the number of threads. Progress is reported
 * as the stage "map", by iterations, with the divergence as its loss. Errors: SPICA_ERROR_OPTION where a setting is out
 * of bounds, SPICA_ERROR_NUMERIC where a point is not finite, SPICA_ERROR_MEMORY, SPICA_CANCELLED. */
Status tsne_run(Context *ctx, float *map, const TsneSettings *settings, const float *points, size_t count, size_t dim,
                double *divergence);

#endif
