#include "cluster/kmeans_points.h"

#include <math.h>

#include <cblas.h>
#include <omp.h>

#include "base/simd.h"

/* Floats of a block of points: 256 KiB, a share of a core's second-level cache. */
#define BLOCK_FLOATS 65536
/* The most parts: as many threads can work at once. */
#define MAX_PARTS 64
/* Partial sums accumulate in this many lanes, which fill vectors; the lanes are added in order. */
#define LANES 16

static float lanes_sum(const float lanes[LANES]) {
    float sum = 0;
    for (size_t lane = 0; lane < LANES; lane++)
        sum += lanes[lane];
    return sum;
}

SIMD_VERSIONS float vector_square(const float *x, size_t dim) {
    float lanes[LANES] = {0};
    size_t d = 0;
    for (; d + LANES <= dim; d += LANES)
        for (size_t lane = 0; lane < LANES; lane++)
            lanes[lane] += x[d + lane] * x[d + lane];
    for (size_t lane = 0; d < dim; d++, lane++)
        lanes[lane] += x[d] * x[d];
    return lanes_sum(lanes);
}

SIMD_VERSIONS float vector_distance(const float *x, const float *y, size_t dim) {
    float lanes[LANES] = {0};
    size_t d = 0;
    for (; d + LANES <= dim; d += LANES) {
        for (size_t lane = 0; lane < LANES; lane++) {
            const float difference = x[d + lane] - y[d + lane];
            lanes[lane] += difference * difference;
        }
    }
    for (size_t lane = 0; d < dim; d++, lane++)
        lanes[lane] += (x[d] - y[d]) * (x[d] - y[d]);
    return lanes_sum(lanes);
}

static size_t clamp(size_t value, size_t low, size_t high) { return value < low ? low : value > high ? high : value; }

static size_t points_blocks(const Points *points) {
    return (points->count + points->block_rows - 1) / points->block_rows;
}

size_t points_part_begin(const Points *points, size_t part) {
    const size_t row = points_blocks(points) * part / points->parts * points->block_rows;
    return row < points->count ? row : points->count;
}

/* Adds sums[2][dim]: the sum and the sum of squares of each dimension over one part. */
SIMD_VERSIONS static void part_add_moments(const Points *points, size_t part, double *sums) {
    const size_t dim = points->dim, end = points_part_begin(points, part + 1);
    double *squares = sums + dim;
    for (size_t row = points_part_begin(points, part); row < end; row++) {
        const float *x = points->values + row * dim;
        for (size_t d = 0; d < dim; d++) {
            sums[d] += (double)x[d];
            squares[d] += (double)x[d] * (double)x[d];
        }
    }
}

/* mean and variance. A value that is not finite makes its dimension's sum so. */
static Status points_measure(Context *ctx, Points *points) {
    const size_t dim = points->dim;
    double *sums; /* [parts x 2 x dim] */
    TRY(memory_allocate_zeroed(ctx, (void **)&sums, points->parts, 2 * dim * sizeof *sums));
#pragma omp parallel for schedule(static) num_threads(points->threads)
    for (size_t part = 0; part < points->parts; part++)
        part_add_moments(points, part, sums + part * 2 * dim);
    size_t wrong = dim;
    points->variance = 0;
    for (size_t d = 0; d < dim; d++) {
        double sum = 0, square = 0;
        for (size_t part = 0; part < points->parts; part++) {
            sum += sums[part * 2 * dim + d];
            square += sums[(part * 2 + 1) * dim + d];
        }
        const double mean = sum / (double)points->count;
        const double variance = square / (double)points->count - mean * mean;
        points->mean[d] = (float)mean;
        if (variance > 0) points->variance += variance / (double)dim;
        if (wrong == dim && !isfinite(variance)) wrong = d;
    }
    FREE_ARRAY(ctx, &sums);
    return wrong == dim
               ? SPICA_OK
               : context_fail(ctx, SPICA_ERROR_NUMERIC, "k-means: column %zu holds a value that is not finite", wrong);
}

SIMD_VERSIONS static void rows_centre(float *centred, const float *values, const float *mean, size_t rows, size_t dim) {
    for (size_t row = 0; row < rows; row++)
        for (size_t d = 0; d < dim; d++)
            centred[row * dim + d] = values[row * dim + d] - mean[d];
}

PointsBlock points_block(const Points *points, size_t first, size_t end, const float *centres, size_t columns) {
    float *centred = points->workspaces + (size_t)omp_get_thread_num() * points->room;
    float *products = centred + points->block_rows * points->dim;
    const size_t rows = end - first < points->block_rows ? end - first : points->block_rows;
    rows_centre(centred, points->values + first * points->dim, points->mean, rows, points->dim);
    if (columns > 0)
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)rows, (int)columns, (int)points->dim, 1.0f, centred,
                    (int)points->dim, centres, (int)points->dim, 0.0f, products, (int)columns);
    return (PointsBlock){.first = first, .rows = rows, .rows_centred = centred, .products = products};
}

const float *points_row(const Points *points, size_t row, size_t place) {
    float *centred = points->workspaces + (size_t)omp_get_thread_num() * points->room + place * points->dim;
    rows_centre(centred, points->values + row * points->dim, points->mean, 1, points->dim);
    return centred;
}

static void points_square(Points *points) {
#pragma omp parallel for schedule(static) num_threads(points->threads)
    for (size_t part = 0; part < points->parts; part++) {
        const size_t end = points_part_begin(points, part + 1);
        for (size_t first = points_part_begin(points, part); first < end; first += points->block_rows) {
            const PointsBlock block = points_block(points, first, end, NULL, 0);
            for (size_t row = 0; row < block.rows; row++)
                points->squares[first + row] = vector_square(block.rows_centred + row * points->dim, points->dim);
        }
    }
}

Status points_open(Context *ctx, Points *points, const float *values, size_t count, size_t dim, size_t clusters,
                   size_t columns) {
    *points = (Points){.values = values, .count = count, .dim = dim, .columns = columns};
    points->block_rows = clamp(BLOCK_FLOATS / dim, 16, POINTS_MAX_BLOCK_ROWS);
    /* A part is worth a thread, and the parts' sums, parts x clusters x dim doubles, stay below a quarter of the
     * points' own memory. */
    const size_t useful = clamp(count * dim / BLOCK_FLOATS, 1, MAX_PARTS);
    points->parts = clamp(count / (8 * clusters), 1, useful);
    points->threads = (int)clamp((size_t)ctx->threads, 1, points->parts);
    points->room = points->block_rows * (dim + columns);
    TRY(NEW_ARRAY(ctx, &points->mean, dim));
    TRY(NEW_ARRAY(ctx, &points->squares, count));
    TRY(memory_allocate(ctx, (void **)&points->workspaces, (size_t)points->threads, points->room * sizeof(float)));
    TRY(points_measure(ctx, points));
    points_square(points);
    return SPICA_OK;
}

void points_close(Context *ctx, Points *points) {
    FREE_ARRAY(ctx, &points->mean);
    FREE_ARRAY(ctx, &points->squares);
    FREE_ARRAY(ctx, &points->workspaces);
}
