/* What k-means' starts and its iterations share: the points, block by block, and squared distances by matrix products.
 */
#ifndef SPICA_CLUSTER_KMEANS_POINTS_H
#define SPICA_CLUSTER_KMEANS_POINTS_H

#include <stdint.h>

#include "base/memory.h"

#define POINTS_MAX_BLOCK_ROWS 512

/* Points are taken in blocks of `block_rows` that stay in the cache, with the mean of all points subtracted, so that
 * |x|^2 - 2 x.c + |c|^2 loses little to cancellation wherever the data lie. Sums over all points are made of partial
 * sums over `parts` runs of whole blocks, added in order. Neither depends on the number of threads. All centres inside
 * this room are relative to the mean, too. */
typedef struct Points {
    const float *values; /* [count x dim], the caller's */
    size_t count, dim;
    size_t block_rows, parts;
    int threads;       /* the context's, or as many as there are parts: small sets are not worth waking threads for */
    float *mean;       /* [dim] */
    float *squares;    /* [count]: |x - mean|^2 */
    double variance;   /* mean over the dimensions of the variance of each */
    size_t columns;    /* the most centres that a product is made with */
    size_t room;       /* floats of one thread's workspace */
    float *workspaces; /* [threads x room] */
} Points;

/* clusters: bounds the number of parts, whose sums of all clusters stand side by side; columns: as in Points. The
 * points are read, and must stay. Errors: SPICA_ERROR_NUMERIC where a value is not finite, SPICA_ERROR_MEMORY. */
Status points_open(Context *ctx, Points *points, const float *values, size_t count, size_t dim, size_t clusters,
                   size_t columns);
void points_close(Context *ctx, Points *points);

/* First row of part `part`; of part `parts`: count. */
size_t points_part_begin(const Points *points, size_t part);

/* A block of points in the calling thread's workspace. */
typedef struct PointsBlock {
    size_t first, rows;
    const float *rows_centred; /* [rows x dim] */
    const float *products;     /* [rows x columns asked for]: x.c */
} PointsBlock;

/* Rows `first` up to, but not including, the next block's or `end`, and their products with centres[columns x dim].
 * Inside a parallel region. */
PointsBlock points_block(const Points *points, size_t first, size_t end, const float *centres, size_t columns);

/* Row `row` relative to the mean, at place `place` (below POINTS_MAX_BLOCK_ROWS) of the calling thread's workspace,
 * where points_block puts its rows. */
const float *points_row(const Points *points, size_t row, size_t place);

/* sum_d x_d^2 and sum_d (x_d - y_d)^2. */
float vector_square(const float *x, size_t dim);
float vector_distance(const float *x, const float *y, size_t dim);

#endif
