/* Points of the plane as a quadtree whose cells stand for the points in them. */
#ifndef SPICA_CLUSTER_TSNE_TREE_H
#define SPICA_CLUSTER_TSNE_TREE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/memory.h"

/* A leaf has at most so many points, unless they lie closer together than the tree divides. */
#define TSNE_LEAF_POINTS 8
/* Points of a group, likewise. */
#define TSNE_GROUP_POINTS 16

/* The points of a cell stand side by side. */
typedef struct TsneCell {
    float x, y;        /* the points' mean */
    float mass;        /* how many they are */
    float side_square; /* of the square that they lie in */
    int32_t first;     /* place of the first one */
    int32_t next;      /* the cell after those within this one */
    bool leaf;         /* without cells within it */
} TsneCell;

/* The largest cells of at most TSNE_GROUP_POINTS points: what acts on them is listed for all of them together. */
typedef struct TsneGroup {
    size_t first, count;                    /* places */
    float least_x, most_x, least_y, most_y; /* the rectangle that they fill */
} TsneGroup;

/* Zeroed may be closed. */
typedef struct TsneTree {
    size_t count;
    uint64_t *keys, *spare; /* [count]: place in the plane along a Z-curve, above the point's number */
    int32_t *points;        /* [count]: the point at each place of the tree's order */
    float *xs, *ys;         /* [count]: where it lies */
    TsneCell *cells; /* a cell stands before those within it, which follow in the points' order; room for 2 count */
    size_t cell_count;
    TsneGroup *groups; /* in the points' order; room for count */
    size_t group_count;
} TsneTree;

/* Memory for maps of `count` points, 1 to INT32_MAX / 2. */
Status tsne_tree_open(Context *ctx, TsneTree *tree, size_t count);
void tsne_tree_close(Context *ctx, TsneTree *tree);

/* Makes the tree of map[count x 2], finite numbers. */
void tsne_tree_build(TsneTree *tree, const float *map, int threads);

#endif
