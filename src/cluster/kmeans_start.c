#include "cluster/kmeans_start.h"

#include <math.h>
#include <string.h>

#include "base/random.h"
#include "cluster/blas_threads.h"

/* Starting centres by greedy k-means++.
 *
 * The first centre is a point drawn uniformly; every further one a point drawn with probability proportional to D(x)^2,
 * the squared distance to the nearest centre so far. Of 2 + floor(ln K) such candidates, the one that leaves the least
 * sum of D^2 is taken.
 *
 * Arthur and Vassilvitskii 2007, "k-means++: the advantages of careful seeding", SODA, section 2.2; the greedy variant
 * is the one of their section 7, with scikit-learn's number of candidates. Where all points coincide with centres
 * already, the draw is uniform. Cost: O(count x dim x clusters x candidates). */

/* Everything while centres are chosen. Zeroed may be closed. */
typedef struct Start {
    const Points *points;
    size_t candidates;
    float *closest;           /* [count]: D(x)^2 */
    float *distances;         /* [candidates x count]: D(x)^2 with each candidate added */
    float *centres;           /* [candidates x dim] */
    float *centre_squares;    /* [candidates] */
    double *part_sums;        /* [candidates x parts]: sums of `distances` over each part */
    double *closest_part_sum; /* [parts]: sums of `closest` */
} Start;

size_t kmeans_start_candidates(size_t clusters) { return 2 + (size_t)log((double)clusters); }

static Status start_open(Context *ctx, Start *start, const Points *points, size_t candidates) {
    *start = (Start){.points = points, .candidates = candidates};
    TRY(NEW_ARRAY(ctx, &start->closest, points->count));
    TRY(memory_allocate(ctx, (void **)&start->distances, candidates, points->count * sizeof(float)));
    TRY(NEW_ARRAY(ctx, &start->centres, candidates * points->dim));
    TRY(NEW_ARRAY(ctx, &start->centre_squares, candidates));
    TRY(NEW_ARRAY(ctx, &start->part_sums, candidates * points->parts));
    TRY(NEW_ZEROED(ctx, &start->closest_part_sum, points->parts));
    for (size_t row = 0; row < points->count; row++)
        start->closest[row] = INFINITY;
    return SPICA_OK;
}

static void start_close(Context *ctx, Start *start) {
    FREE_ARRAY(ctx, &start->closest);
    FREE_ARRAY(ctx, &start->distances);
    FREE_ARRAY(ctx, &start->centres);
    FREE_ARRAY(ctx, &start->centre_squares);
    FREE_ARRAY(ctx, &start->part_sums);
    FREE_ARRAY(ctx, &start->closest_part_sum);
}

static double random_double(Random *random) {
    const uint64_t high = random_word(random) >> 5, low = random_word(random) >> 6;
    return (double)(high << 26 | low) * 0x1p-53;
}

/* A point with probability proportional to `closest`: the first whose running sum exceeds a uniform share of the
 * total. */
static size_t start_draw(const Start *start, Random *random, double total) {
    const Points *points = start->points;
    const double target = random_double(random) * total;
    /* Infinite before the first centre; 0 where all points coincide with centres. */
    if (isinf(total) || total <= 0) return random_below(random, (uint32_t)points->count);
    double sum = 0;
    size_t part = 0, last = 0;
    while (part + 1 < points->parts && sum + start->closest_part_sum[part] <= target)
        sum += start->closest_part_sum[part++];
    for (size_t row = points_part_begin(points, part); row < points->count; row++) {
        if (start->closest[row] > 0) last = row;
        sum += (double)start->closest[row];
        if (sum > target && start->closest[row] > 0) return row;
    }
    /* Rounding: the running sum stayed below a target near the total. */
    return last;
}

/* |x|^2 - 2 x.c + |c|^2. What is below rounding is 0, so that a copy of a centre is never drawn. */
static inline float distance_from_product(float x_square, float product, float c_square) {
    const float squares = x_square + c_square;
    const float distance = squares - 2 * product;
    return distance > 4e-6f * squares ? distance : 0.0f;
}

/* Fills distances and part_sums of one part with `candidates` candidates. */
static void part_try(Start *start, size_t part, size_t candidates) {
    const Points *points = start->points;
    const size_t end = points_part_begin(points, part + 1);
    for (size_t candidate = 0; candidate < candidates; candidate++)
        start->part_sums[candidate * points->parts + part] = 0;
    for (size_t first = points_part_begin(points, part); first < end; first += points->block_rows) {
        const PointsBlock block = points_block(points, first, end, start->centres, candidates);
        for (size_t candidate = 0; candidate < candidates; candidate++) {
            float *distances = start->distances + candidate * points->count + first;
            double sum = 0;
            for (size_t row = 0; row < block.rows; row++) {
                const float distance =
                    distance_from_product(points->squares[first + row], block.products[row * candidates + candidate],
                                          start->centre_squares[candidate]);
                const float closest = start->closest[first + row];
                distances[row] = distance < closest ? distance : closest;
                sum += (double)distances[row];
            }
            start->part_sums[candidate * points->parts + part] += sum;
        }
    }
}

static double parts_total(const double *sums, size_t parts) {
    double total = 0;
    for (size_t part = 0; part < parts; part++)
        total += sums[part];
    return total;
}

/* Takes the best of `candidates` candidates: copies it to centre[dim], and updates closest. Returns the new total. */
static double start_take_best(Start *start, size_t candidates, float *centre) {
    const Points *points = start->points;
#pragma omp parallel for schedule(static) num_threads(points->threads)
    for (size_t part = 0; part < points->parts; part++)
        part_try(start, part, candidates);
    size_t best = 0;
    double least = INFINITY;
    for (size_t candidate = 0; candidate < candidates; candidate++) {
        const double total = parts_total(start->part_sums + candidate * points->parts, points->parts);
        if (total < least) {
            least = total;
            best = candidate;
        }
    }
    memcpy(start->closest, start->distances + best * points->count, points->count * sizeof(float));
    memcpy(start->closest_part_sum, start->part_sums + best * points->parts, points->parts * sizeof(double));
    memcpy(centre, start->centres + best * points->dim, points->dim * sizeof(float));
    return least;
}

Status kmeans_start(Context *ctx, const Points *points, size_t clusters, uint64_t seed, uint64_t number,
                    float *centres) {
    Start start = {0};
    Random random = random_at(seed, RANDOM_KMEANS, number, 0, 0);
    double total = INFINITY;
    const int callers = blas_threads_set(points->threads);
    Status status;
    TRY_GOTO(status, close, start_open(ctx, &start, points, kmeans_start_candidates(clusters)));
    for (size_t cluster = 0; cluster < clusters; cluster++) {
        const size_t candidates = cluster == 0 ? 1 : start.candidates;
        for (size_t candidate = 0; candidate < candidates; candidate++) {
            const size_t row = start_draw(&start, &random, total);
            float *centre = start.centres + candidate * points->dim;
            for (size_t d = 0; d < points->dim; d++)
                centre[d] = points->values[row * points->dim + d] - points->mean[d];
            start.centre_squares[candidate] = points->squares[row];
        }
        total = start_take_best(&start, candidates, centres + cluster * points->dim);
        TRY_GOTO(status, close, context_check_cancel(ctx));
    }
close:
    blas_threads_restore(callers);
    start_close(ctx, &start);
    return status;
}
