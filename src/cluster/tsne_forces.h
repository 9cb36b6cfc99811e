/* What moves the points of a t-SNE map: neighbours draw each other near, and all points drive each other apart. */
#ifndef SPICA_CLUSTER_TSNE_FORCES_H
#define SPICA_CLUSTER_TSNE_FORCES_H

#include "cluster/tsne_affinities.h"
#include "cluster/tsne_tree.h"

/* What acts on a group: points, and cells that are far enough away to stand for theirs. */
typedef struct TsneBodies {
    float *xs, *ys, *masses; /* [count of points] each */
    size_t count;
} TsneBodies;

/* Zeroed may be closed. */
typedef struct TsneForces {
    const TsneAffinities *affinities; /* the caller's */
    float theta_square;
    int threads;
    TsneTree tree;
    TsneBodies *bodies; /* [threads] */
    double *sums;       /* [count]: one of each point */
    float *repulsion;   /* [count x 2] */
    double normaliser;  /* Z at the map of the latest gradient */
} TsneForces;

/* theta: as in TsneSettings. To be closed with tsne_forces_close, whatever the status. Errors: SPICA_ERROR_MEMORY. */
Status tsne_forces_open(Context *ctx, TsneForces *forces, const TsneAffinities *affinities, double theta);
void tsne_forces_close(Context *ctx, TsneForces *forces);

/* gradient[count x 2] of the divergence at map[count x 2], with P taken `exaggeration` times. */
void tsne_forces_gradient(TsneForces *forces, const float *map, double exaggeration, float *gradient);

/* The divergence at the map of the latest gradient, with P as it is. */
double tsne_forces_divergence(TsneForces *forces, const float *map);

#endif
