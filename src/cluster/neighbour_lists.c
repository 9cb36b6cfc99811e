#include "cluster/neighbour_lists.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "cluster/kmeans_points.h"
#include "cluster/knn.h"
#include "cluster/matrix_blocks.h"

/* |x - y|^2 = |x|^2 - 2 (x.y - |y|^2 / 2): the nearest y has the largest product of (x, 1) and (y, -|y|^2 / 2), which
 * knn_search finds; where all |y| are equal, as those of normalised embeddings, the plain product does, at half the
 * cost. x and y are relative to the mean, so that little is lost to cancellation, and of SPARE candidates more than
 * asked for the nearest are taken by |x - y|^2 itself.
 *
 * Cost: knn.c's, and O(count x neighbours x dim); memory 8 count (dim + 1) + 8 count (neighbours + SPARE) bytes. */

#define SPARE 8

/* Zeroed may be closed. */
typedef struct Search {
    const float *points;
    size_t count, dim;
    size_t width;        /* candidates of a row */
    double *mean;        /* [dim] */
    float *queries;      /* [count x (dim + 1)] */
    float *base;         /* the same shape */
    int32_t *candidates; /* [count x width] */
    float *distances;    /* [count x width] */
} Search;

static void search_close(Context *ctx, Search *search) {
    FREE_ARRAY(ctx, &search->mean);
    FREE_ARRAY(ctx, &search->queries);
    FREE_ARRAY(ctx, &search->base);
    FREE_ARRAY(ctx, &search->candidates);
    FREE_ARRAY(ctx, &search->distances);
}

/* Whether all points have the same length. */
static bool lengths_equal(const float *points, size_t count, size_t dim) {
    float least = INFINITY, largest = 0;
    for (size_t row = 0; row < count; row++) {
        const float square = vector_square(points + row * dim, dim);
        if (square < least) least = square;
        if (square > largest) largest = square;
    }
    return largest - least <= 1e-6f * largest;
}

/* queries and base. */
static Status search_extend(Context *ctx, Search *search) {
    const size_t dim = search->dim;
    TRY(NEW_ARRAY(ctx, &search->queries, search->count * (dim + 1)));
    TRY(NEW_ARRAY(ctx, &search->base, search->count * (dim + 1)));
#pragma omp parallel for schedule(static) num_threads(ctx->threads)
    for (size_t row = 0; row < search->count; row++) {
        float *query = search->queries + row * (dim + 1), *base = search->base + row * (dim + 1);
        for (size_t d = 0; d < dim; d++)
            query[d] = (float)((double)search->points[row * dim + d] - search->mean[d]);
        memcpy(base, query, dim * sizeof *base);
        query[dim] = 1;
        base[dim] = -0.5f * vector_square(query, dim);
    }
    return SPICA_OK;
}

static Status search_run(Context *ctx, Search *search) {
    const size_t count = search->count, dim = search->dim;
    TRY(NEW_ARRAY(ctx, &search->mean, dim));
    TRY(matrix_mean(ctx, "neighbours", search->mean, search->points, count, dim));
    TRY(NEW_ARRAY(ctx, &search->candidates, count * search->width));
    TRY(NEW_ARRAY(ctx, &search->distances, count * search->width));
    if (lengths_equal(search->points, count, dim))
        return knn_search(ctx, search->candidates, NULL, search->points, count, search->points, count, dim,
                          search->width);
    TRY(search_extend(ctx, search));
    return knn_search(ctx, search->candidates, NULL, search->queries, count, search->base, count, dim + 1,
                      search->width);
}

/* Whether candidate a of a row is nearer than candidate b. */
static bool candidate_nearer(const int32_t *candidates, const float *distances, size_t a, size_t b) {
    return distances[a] < distances[b] || (distances[a] <= distances[b] && candidates[a] < candidates[b]);
}

/* Puts the nearest `neighbours` of a row's candidates, itself left out, into list. */
static void row_select(const Search *search, size_t row, int32_t *list, size_t neighbours) {
    const size_t dim = search->dim, width = search->width;
    int32_t *candidates = search->candidates + row * width;
    float *distances = search->distances + row * width;
    for (size_t i = 0; i < width; i++) {
        const size_t other = (size_t)candidates[i];
        distances[i] =
            other == row ? INFINITY : vector_distance(search->points + row * dim, search->points + other * dim, dim);
    }
    for (size_t taken = 0; taken < neighbours; taken++) {
        size_t nearest = SIZE_MAX, place = taken;
        for (size_t i = 0; i < width; i++)
            if (candidates[i] >= 0 && (size_t)candidates[i] != row &&
                (nearest == SIZE_MAX || candidate_nearer(candidates, distances, i, nearest)))
                nearest = i;
        for (; place > 0 && list[place - 1] > candidates[nearest]; place--)
            list[place] = list[place - 1];
        list[place] = candidates[nearest];
        candidates[nearest] = -1; /* taken */
    }
}

Status neighbour_lists(Context *ctx, int32_t *lists, const float *points, size_t count, size_t dim, size_t neighbours) {
    const size_t width = neighbours + 1 + SPARE < count ? neighbours + 1 + SPARE : count;
    Search search = {.points = points, .count = count, .dim = dim, .width = width};
    Status status;
    TRY_GOTO(status, close, search_run(ctx, &search));
#pragma omp parallel for schedule(static) num_threads(ctx->threads)
    for (size_t row = 0; row < count; row++)
        row_select(&search, row, lists + row * neighbours, neighbours);
close:
    search_close(ctx, &search);
    return status;
}
