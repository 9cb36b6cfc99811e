/* A few known labels spread to the pictures around them: what stands in the place of SPICE's second stage where a
 * person has labelled some pictures. */
#ifndef SPICA_METHODS_SPICE_SPREAD_LABELS_H
#define SPICA_METHODS_SPICE_SPREAD_LABELS_H

#include "methods/spice/reliable.h"

typedef struct SpreadSettings {
    size_t classes;            /* those that have known pictures: clusters 0 .. classes-1 */
    size_t clusters;           /* K, as many or more */
    size_t neighbours;         /* of every picture in the graph along which labels spread */
    ReliableSettings reliable; /* which of the spread labels are believed */
    uint64_t seed;
} SpreadSettings;

/* Zeroed may be closed. */
typedef struct SpreadLabels {
    int32_t *seeds;    /* N: the known labels and the seeds of clusters without a class, else -1; owned */
    int32_t *labels;   /* N: the cluster that most of reaches each picture; owned */
    int32_t *reliable; /* N: the labels that are believed, all seeds among them, else -1; owned */
    ReliableReport report;
} SpreadLabels;

/* embeddings[N x D], L2-normalised; known[N]: class 0 .. classes-1 or -1, at least one picture of each class.
 *
 * Clusters beyond the classes are found by k-means whose first centres are the means of the known pictures of each
 * class and, for the others, pictures far from all centres (Basu, Banerjee, Mooney: Semi-supervised Clustering by
 * Seeding, ICML 2002); the pictures nearest to such a centre are the cluster's seeds, as many as a class has known
 * pictures on average. Then all seeds spread (label_propagation.h), and what is locally consistent (Eq. 6-7) is
 * believed. Errors: SPICA_ERROR_DATA where no picture is left for a cluster; those of its parts. */
Status spread_labels(Context *ctx, const SpreadSettings *settings, const float *embeddings, size_t count, size_t dim,
                     const int32_t *known, SpreadLabels *spread);
void spread_labels_close(Context *ctx, SpreadLabels *spread);

#endif
