#include "cluster/proximity.h"

#include <math.h>
#include <string.h>

#include "base/simd.h"
#include "cluster/kmeans_points.h"

/* Distances of clusters A and B of n_A and n_B points (Lance and Williams 1967, doi:10.1093/comjnl/9.4.373):
 *
 *   average  d(A, B) = mean over a in A, b in B of |a - b|
 *            d(AB, C) = (n_A d(A, C) + n_B d(B, C)) / (n_A + n_B)
 *   Ward     d(A, B)^2 = 2 n_A n_B / (n_A + n_B) |mean A - mean B|^2        (twice the growth of the sum of squares)
 *            d(AB, C)^2 = ((n_A + n_C) d(A, C)^2 + (n_B + n_C) d(B, C)^2 - n_C d(A, B)^2) / (n_A + n_B + n_C)
 *
 * (Ward 1963, doi:10.1080/01621459.1963.10500845; the factor 2 makes two points as far as they are, as in SciPy.)
 * Ward's stay squared here. A matrix holds 2 count^2 bytes; a join updates a row of it. Centroids hold 4 count x dim
 * bytes, and every search computes its distances anew, O(clusters left x dim). Distances are sums of squared
 * differences, so that equal points are at 0, and are the same in both directions; each is computed by one thread. */

/* Rows of points whose distances are computed together: they stay in a core's cache. */
#define TILE_ROWS ((size_t)64)

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

/* Where the matrix holds row x's distances to x + 1 ... */
static float *matrix_row(const Proximity *proximity, size_t x) {
    return proximity->matrix + x * (2 * proximity->count - x - 1) / 2;
}

static float *matrix_at(const Proximity *proximity, size_t x, size_t y) {
    return x < y ? matrix_row(proximity, x) + (y - x - 1) : matrix_row(proximity, y) + (x - y - 1);
}

/* Distances of the points first .. first+rows-1 to those of a tile that begins at `begin`. */
static void tile_measure(Proximity *proximity, const float *points, size_t first, size_t rows, size_t begin) {
    const size_t dim = proximity->dim, end = smaller(begin + TILE_ROWS, proximity->count);
    for (size_t x = first; x < first + rows; x++) {
        float *row = matrix_row(proximity, x);
        for (size_t y = begin > x ? begin : x + 1; y < end; y++) {
            const float square = vector_distance(points + x * dim, points + y * dim, dim);
            row[y - x - 1] = proximity->linkage == LINKAGE_WARD ? square : sqrtf(square);
        }
    }
}

static Status matrix_fill(Context *ctx, Proximity *proximity, const float *points) {
    const size_t count = proximity->count;
    for (size_t first = 0; first < count; first += TILE_ROWS) {
        const size_t rows = smaller(TILE_ROWS, count - first);
#pragma omp parallel for schedule(static) num_threads(proximity->threads)
        for (size_t begin = first; begin < count; begin += TILE_ROWS)
            tile_measure(proximity, points, first, rows, begin);
        TRY(context_check_cancel(ctx));
    }
    return SPICA_OK;
}

Status proximity_open(Context *ctx, Proximity *proximity, Linkage linkage, bool as_matrix, const float *points,
                      size_t count, size_t dim) {
    *proximity =
        (Proximity){.linkage = linkage, .count = count, .dim = dim, .threads = ctx->threads, .alive_count = count};
    TRY(NEW_ARRAY(ctx, &proximity->sizes, count));
    TRY(NEW_ARRAY(ctx, &proximity->alive, count));
    for (size_t i = 0; i < count; i++) {
        proximity->sizes[i] = 1;
        proximity->alive[i] = (uint32_t)i;
    }
    if (as_matrix) {
        TRY(NEW_ARRAY(ctx, &proximity->matrix, count * (count - 1) / 2));
        return matrix_fill(ctx, proximity, points);
    }
    TRY(NEW_ARRAY(ctx, &proximity->measured, count));
    TRY(NEW_ARRAY(ctx, &proximity->centroids, count * dim));
    memcpy(proximity->centroids, points, count * dim * sizeof *points);
    return SPICA_OK;
}

void proximity_close(Context *ctx, Proximity *proximity) {
    FREE_ARRAY(ctx, &proximity->sizes);
    FREE_ARRAY(ctx, &proximity->alive);
    FREE_ARRAY(ctx, &proximity->matrix);
    FREE_ARRAY(ctx, &proximity->centroids);
    FREE_ARRAY(ctx, &proximity->measured);
}

static float centroids_distance(const Proximity *proximity, size_t x, size_t y) {
    const double x_size = (double)proximity->sizes[x], y_size = (double)proximity->sizes[y];
    const float square = vector_distance(proximity->centroids + x * proximity->dim,
                                         proximity->centroids + y * proximity->dim, proximity->dim);
    return (float)(2 * x_size * y_size / (x_size + y_size) * (double)square);
}

static void centroids_measure(Proximity *proximity, size_t cluster) {
    /* Less than about 20 microseconds of work is not worth waking threads for. */
    const bool worth = proximity->alive_count * proximity->dim > 200000;
#pragma omp parallel for schedule(static) num_threads(proximity->threads) if (worth)
    for (size_t i = 0; i < proximity->alive_count; i++)
        proximity->measured[i] = centroids_distance(proximity, cluster, proximity->alive[i]);
}

/* The better of two candidates for the nearest cluster. */
static void nearest_offer(size_t *nearest, float *least, size_t other, float distance) {
    if (*nearest != SIZE_MAX && !(distance < *least)) return;
    *nearest = other;
    *least = distance;
}

size_t proximity_nearest(Proximity *proximity, size_t cluster, size_t preferred, float *distance) {
    const uint32_t *alive = proximity->alive;
    size_t nearest = SIZE_MAX, i = 0;
    float least = INFINITY;
    if (proximity->matrix == NULL) {
        if (preferred != SIZE_MAX)
            nearest_offer(&nearest, &least, preferred, centroids_distance(proximity, cluster, preferred));
        centroids_measure(proximity, cluster);
        for (; i < proximity->alive_count; i++)
            if (alive[i] != cluster) nearest_offer(&nearest, &least, alive[i], proximity->measured[i]);
    } else {
        if (preferred != SIZE_MAX)
            nearest_offer(&nearest, &least, preferred, *matrix_at(proximity, cluster, preferred));
        for (; alive[i] < cluster; i++)
            nearest_offer(&nearest, &least, alive[i], *matrix_at(proximity, alive[i], cluster));
        const float *row = matrix_row(proximity, cluster);
        for (i++; i < proximity->alive_count; i++)
            nearest_offer(&nearest, &least, alive[i], row[alive[i] - cluster - 1]);
    }
    *distance = least;
    return nearest;
}

static void matrix_join(Proximity *proximity, size_t first, size_t second) {
    const double first_size = (double)proximity->sizes[first], second_size = (double)proximity->sizes[second];
    const double between = (double)*matrix_at(proximity, first, second);
    for (size_t i = 0; i < proximity->alive_count; i++) {
        const size_t other = proximity->alive[i];
        if (other == first || other == second) continue;
        const double size = (double)proximity->sizes[other];
        const double from_first = (double)*matrix_at(proximity, first, other);
        float *from_second = matrix_at(proximity, second, other);
        const double joined =
            proximity->linkage == LINKAGE_AVERAGE
                ? (first_size * from_first + second_size * (double)*from_second) / (first_size + second_size)
                : ((first_size + size) * from_first + (second_size + size) * (double)*from_second - size * between) /
                      (first_size + second_size + size);
        *from_second = joined > 0 ? (float)joined : 0;
    }
}

SIMD_VERSIONS static void centroids_join(float *first, float *second, double first_share, double second_share,
                                         size_t dim) {
    for (size_t d = 0; d < dim; d++)
        second[d] = (float)(first_share * (double)first[d] + second_share * (double)second[d]);
}

void proximity_join(Proximity *proximity, size_t first, size_t second) {
    const int64_t size = proximity->sizes[first] + proximity->sizes[second];
    if (proximity->matrix != NULL)
        matrix_join(proximity, first, second);
    else
        centroids_join(proximity->centroids + first * proximity->dim, proximity->centroids + second * proximity->dim,
                       (double)proximity->sizes[first] / (double)size, (double)proximity->sizes[second] / (double)size,
                       proximity->dim);
    proximity->sizes[first] = 0;
    proximity->sizes[second] = size;
    size_t place = 0;
    while (proximity->alive[place] != first)
        place++;
    proximity->alive_count--;
    memmove(proximity->alive + place, proximity->alive + place + 1,
            (proximity->alive_count - place) * sizeof *proximity->alive);
}
