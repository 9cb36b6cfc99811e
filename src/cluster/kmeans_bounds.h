/* What k-means knows of distances without computing them. */
#ifndef SPICA_CLUSTER_KMEANS_BOUNDS_H
#define SPICA_CLUSTER_KMEANS_BOUNDS_H

#include <stdint.h>

#include "base/memory.h"

/* For every point, at least how far it is from each centre, and at most how far from its own (Elkan 2003). Zeroed may
 * be closed. */
typedef struct Bounds {
    size_t clusters;
    float *lower; /* [count x clusters] */
    float *upper; /* [count] */
    float *moves; /* [clusters]: how far each centre has moved since the bounds were last shifted */
} Bounds;

Status bounds_open(Context *ctx, Bounds *bounds, size_t count, size_t clusters);
void bounds_close(Context *ctx, Bounds *bounds);

/* Centre `cluster` has moved, by the square root of `square`. */
void bounds_move(Bounds *bounds, size_t cluster, double square);

/* A row's bounds from its products[clusters] with all centres; label: its nearest. */
void bounds_set(Bounds *bounds, size_t row, const float *products, const float *centre_squares, float row_square,
                int32_t label);

/* A row was put into another cluster than its nearest. */
void bounds_forget(Bounds *bounds, size_t row);

/* Lets a row's bounds follow the moves of the centres; returns how many other centres may be nearer than its own. */
size_t bounds_shift(Bounds *bounds, size_t row, int32_t label);

/* Measures the distance of row x[dim] to its own centre; returns how many others may be nearer still. */
size_t bounds_tighten(Bounds *bounds, size_t row, int32_t label, const float *x, const float *centres, size_t dim);

/* The nearest centre, after bounds_tighten: measures those that may be nearer. Ties: the smaller number. *measured
 * grows by the number of distances. */
int32_t bounds_search(Bounds *bounds, size_t row, int32_t label, const float *x, const float *centres, size_t dim,
                      int64_t *measured);

#endif
