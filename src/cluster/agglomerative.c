#include "cluster/agglomerative.h"

#include <math.h>
#include <string.h>

#include "cluster/matrix_blocks.h"

/* The nearest-neighbour chain (Murtagh 1983, doi:10.1093/comjnl/26.4.354; Muellner 2011, arXiv:1109.2378, section 3.2).
 *
 *   chain = any cluster, its nearest neighbour, that one's nearest neighbour ... until two are each other's nearest;
 *   join these two, and go on from what is left of the chain
 *
 * Both linkages are reducible: a join brings no cluster nearer to another, so the joins are those of the greedy search,
 * and only need sorting by distance. Ties: the cluster before in the chain, then the smaller number; equal distances
 * keep the order of the chain: SciPy's conventions. Equal points join first, at distance 0; with as many clusters as
 * points nothing is joined. Distances are held in single precision, so where SciPy's differ by less than about 1e-6 of
 * themselves, the order of two joins may be another.
 *
 * At most 3 count searches and count joins: O(count^2) and, for centroids, x dim. Distances and their memory:
 * proximity.c; here, 16 count bytes. One thread joins, threads only measure: bits do not depend on their number. */

#define JOINS_BETWEEN_CHECKS 64

/* Makes the joins in the chain's order. */
static Status chain_run(Context *ctx, Join *joins, Proximity *proximity, size_t *chain) {
    const size_t count = proximity->count;
    size_t length = 0, number = 0;
    while (number + 1 < count) {
        if (length == 0) chain[length++] = proximity->alive[0];
        const size_t last = chain[length - 1], before = length > 1 ? chain[length - 2] : SIZE_MAX;
        float distance;
        const size_t nearest = proximity_nearest(proximity, last, before, &distance);
        if (nearest != before) {
            chain[length++] = nearest;
            continue;
        }
        const size_t first = last < before ? last : before, second = last < before ? before : last;
        joins[number++] =
            (Join){(int32_t)first, (int32_t)second, proximity->linkage == LINKAGE_WARD ? sqrtf(distance) : distance};
        proximity_join(proximity, first, second);
        length -= 2;
        if (number % JOINS_BETWEEN_CHECKS == 0) TRY(context_check_cancel(ctx));
    }
    return SPICA_OK;
}

/* Merges two sorted runs; equal distances keep their order. */
static void runs_merge(Join *out, const Join *a, size_t a_count, const Join *b, size_t b_count) {
    size_t i = 0, j = 0;
    while (i < a_count || j < b_count) {
        const bool from_a = j == b_count || (i < a_count && a[i].distance <= b[j].distance);
        *out++ = from_a ? a[i++] : b[j++];
    }
}

static void joins_sort(Join *joins, Join *room, size_t count) {
    for (size_t run = 1; run < count; run *= 2) {
        for (size_t first = 0; first < count; first += 2 * run) {
            const size_t left = count - first < run ? count - first : run;
            const size_t right = count - first - left < run ? count - first - left : run;
            runs_merge(room + first, joins + first, left, joins + first + left, right);
        }
        memcpy(joins, room, count * sizeof *joins);
    }
}

static Status input_check(Context *ctx, const AgglomerativeSettings *settings, size_t limit, size_t count, size_t dim) {
    if (count == 0 || dim == 0 || count > INT32_MAX)
        return context_fail(ctx, SPICA_ERROR_OPTION, "agglomerative: cannot join %zu points of %zu numbers", count,
                            dim);
    if (settings->linkage == LINKAGE_AVERAGE && count > limit)
        return context_fail(ctx, SPICA_ERROR_DATA,
                            "agglomerative: average linkage holds the distances of all pairs, which is refused for "
                            "more than %zu points (%zu given); take Ward's linkage or fewer points",
                            limit, count);
    return SPICA_OK;
}

/* A value that is not finite is refused. */
static Status points_check(Context *ctx, const float *points, size_t count, size_t dim) {
    double *mean;
    TRY(NEW_ARRAY(ctx, &mean, dim));
    const Status status = matrix_mean(ctx, "agglomerative", mean, points, count, dim);
    FREE_ARRAY(ctx, &mean);
    return status;
}

Status agglomerative_tree(Context *ctx, Join *joins, const AgglomerativeSettings *settings, const float *points,
                          size_t count, size_t dim) {
    const size_t limit = settings->matrix_limit > 0 ? settings->matrix_limit : AGGLOMERATIVE_MATRIX_LIMIT;
    TRY(input_check(ctx, settings, limit, count, dim));
    TRY(points_check(ctx, points, count, dim));
    Proximity proximity = {0};
    size_t *chain = NULL;
    Join *room = NULL;
    Status status;
    TRY_GOTO(status, close, NEW_ARRAY(ctx, &chain, count));
    TRY_GOTO(status, close, proximity_open(ctx, &proximity, settings->linkage, count <= limit, points, count, dim));
    TRY_GOTO(status, close, chain_run(ctx, joins, &proximity, chain));
    proximity_close(ctx, &proximity);
    TRY_GOTO(status, close, NEW_ARRAY(ctx, &room, count));
    joins_sort(joins, room, count - 1);
close:
    proximity_close(ctx, &proximity);
    FREE_ARRAY(ctx, &chain);
    FREE_ARRAY(ctx, &room);
    return status;
}

/* The cluster that a point belongs to, by paths that are shortened on the way. */
static int32_t root_find(int32_t *parents, int32_t point) {
    while (parents[point] != point) {
        parents[point] = parents[parents[point]];
        point = parents[point];
    }
    return point;
}

Status agglomerative_cut(Context *ctx, int32_t *labels, const Join *joins, size_t count, size_t clusters) {
    if (clusters == 0) return context_fail(ctx, SPICA_ERROR_OPTION, "agglomerative: cannot make 0 clusters");
    if (count < clusters)
        return context_fail(ctx, SPICA_ERROR_DATA, "agglomerative: %zu clusters asked for, but only %zu points",
                            clusters, count);
    int32_t *parents, next = 0;
    TRY(NEW_ARRAY(ctx, &parents, count));
    for (size_t i = 0; i < count; i++)
        parents[i] = (int32_t)i;
    /* A root is its cluster's smallest point. */
    for (size_t i = 0; i < count - clusters; i++) {
        const int32_t a = root_find(parents, joins[i].first), b = root_find(parents, joins[i].second);
        parents[a > b ? a : b] = a > b ? b : a;
    }
    for (size_t i = 0; i < count; i++) {
        const int32_t root = root_find(parents, (int32_t)i);
        labels[i] = root == (int32_t)i ? next++ : labels[root];
    }
    FREE_ARRAY(ctx, &parents);
    return SPICA_OK;
}
