/* Giving every point to its nearest centre: the part of k-means' iterations that takes the time. */
#ifndef SPICA_CLUSTER_KMEANS_ASSIGN_H
#define SPICA_CLUSTER_KMEANS_ASSIGN_H

#include <stdbool.h>

#include "cluster/kmeans.h"
#include "cluster/kmeans_bounds.h"
#include "cluster/kmeans_points.h"

/* One run of the iterations. Zeroed may be closed. */
typedef struct Lloyd {
    const Points *points;
    size_t clusters;
    bool unit;              /* centres are kept at length 1 */
    bool bounded;           /* bounds are kept */
    bool known;             /* they have been set */
    float *centres;         /* [clusters x dim], relative to the mean; the caller's */
    int32_t *labels;        /* [count]; the caller's */
    float *centre_squares;  /* [clusters] */
    double *part_sums;      /* [parts x clusters x dim]: sums of the points of each part by label */
    int64_t *part_sizes;    /* [parts x clusters] */
    int64_t *part_changes;  /* [parts]: labels that changed */
    int64_t *part_measured; /* [parts]: distances computed so far */
    double *sums;           /* [clusters x dim]: of all parts */
    int64_t *sizes;         /* [clusters] */
    Bounds bounds;
} Lloyd;

/* centres[clusters x dim] and labels[count] are used from now on; labels become -1. */
Status lloyd_open(Context *ctx, Lloyd *lloyd, const KmeansSettings *settings, const Points *points, float *centres,
                  int32_t *labels);
void lloyd_close(Context *ctx, Lloyd *lloyd);

/* Labels all points by the centres, and sums the points of every cluster. Returns the number of labels that changed. */
int64_t lloyd_assign(Lloyd *lloyd);

/* Gives row `row` to an empty cluster. */
void lloyd_move_row(Lloyd *lloyd, size_t row, int32_t label);

#endif
