/* The graph of nearest neighbours, connected. */
#ifndef SPICA_CLUSTER_NEIGHBOUR_GRAPH_H
#define SPICA_CLUSTER_NEIGHBOUR_GRAPH_H

#include <stdint.h>

#include "base/memory.h"

/* Weights between points, symmetric, by rows: those of row i are at begins[i] .. begins[i + 1] - 1, in rising order of
 * `others`. Zeroed may be closed. */
typedef struct NeighbourGraph {
    size_t count;
    size_t *begins;  /* [count + 1] */
    int32_t *others; /* [begins[count]] */
    float *weights;  /* [begins[count]]: 1 where both are neighbours of each other, else 1/2 */
    size_t pieces;   /* the graph was in so many pieces before it was connected */
} NeighbourGraph;

/* Every point and its `neighbours` nearest others (1 .. count-1), by Euclidean distance, ties: the smaller row. A graph
 * in pieces is connected by the shortest links between them. To be closed with neighbour_graph_close, whatever the
 * status. Errors: SPICA_ERROR_OPTION, SPICA_ERROR_NUMERIC where a point is not finite, SPICA_ERROR_MEMORY,
 * SPICA_CANCELLED. */
Status neighbour_graph_open(Context *ctx, NeighbourGraph *graph, const float *points, size_t count, size_t dim,
                            size_t neighbours);
void neighbour_graph_close(Context *ctx, NeighbourGraph *graph);

#endif
