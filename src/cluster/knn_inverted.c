#include "cluster/knn_inverted.h"

#include <math.h>
#include <string.h>

#include <cblas.h>
#include <omp.h>

#include "base/random.h"
#include "cluster/blas_threads.h"
#include "cluster/knn.h"
#include "cluster/knn_reservoir.h"
#include "cluster/spherical_kmeans.h"

/* Queries are taken in shards: runs of the vectors in the order of their cells, which stand in an order in which
 * neighbours are alike, so that the queries of a shard look at much the same cells. For every cell those that look at
 * it are gathered, and its members; tiles of their products are offered to the queries' reservoirs while they are in
 * the cache. A thread owns the reservoirs of its shard, and a list does not depend on the order in which candidates
 * come.
 *
 * Nearest cells come first: they have most of a query's neighbours, and after them nearly all candidates are below the
 * bound of its reservoir.
 *
 * The larger a shard, the more of its queries share what is gathered of a cell; its reservoirs take 34 MB at k = 100.
 */
#define SHARD ((size_t)16384)
/* Of a tile: a product of so many rows and columns runs at nearly the speed of a large one, and half the second-level
 * cache holds it. */
#define TILE_ROWS ((size_t)512)
#define TILE_COLUMNS ((size_t)256)

#define PROBED_SHARE ((size_t)48) /* of so many cells one is looked at */

#define SAMPLE_PER_CELL ((size_t)24) /* vectors that the centres are learnt from */
#define START_PER_CELL ((size_t)4)   /* of these, those of which k-means++ chooses */
#define CENTRE_ITERATIONS 4
#define GROUP_ITERATIONS 4 /* for the order of the centres */

/* A shard looks at the cells of the first rank of its queries, then of the second, and so on: fewer visits of a cell
 * where ranks are taken together. The last end stands for all. */
static const size_t rank_ends[] = {1, 2, 5, SIZE_MAX};

/* All vectors in the order of their cells. */
typedef struct Cells {
    size_t count;
    int32_t *members; /* [vectors], ascending within a cell */
    size_t *first;    /* [count + 1] */
} Cells;

/* A thread's own memory. */
typedef struct Worker {
    float *tile;      /* [TILE_ROWS x TILE_COLUMNS] */
    float *queries;   /* [TILE_ROWS x dim] */
    float *members;   /* [TILE_COLUMNS x dim] */
    size_t *first;    /* [cells + 1] */
    uint32_t *places; /* [SHARD x probes]: of queries in the shard, by the cells that they look at */
    Reservoirs reservoirs;
} Worker;

typedef struct Inverted {
    const float *points; /* [count x dim] */
    size_t count, dim, k;
    size_t probes;
    int32_t *probed; /* [count x probes]: cells, the nearest first */
    Cells cells;
    Worker *workers; /* [threads] */
    int threads;
    int32_t *neighbours; /* [count x k] */
} Inverted;

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

/* --- cells -------------------------------------------------------------------------------------------------------- */

/* rows[sample x dim]: of every so many vectors one, at random, in random order: whatever the order of the vectors is,
 * the first rows are a sample too. */
static Status draw_sample(Context *ctx, const Inverted *inverted, float *rows, size_t sample) {
    Random random = random_at(0, RANDOM_KMEANS, 0, 0, 0);
    const double stride = (double)inverted->count / (double)sample;
    int64_t *order;
    TRY(NEW_ARRAY(ctx, &order, sample));
    random_permutation(&random, order, sample);
    for (size_t i = 0; i < sample; i++) {
        const size_t row =
            smaller((size_t)(((double)i + (double)random_uniform(&random)) * stride), inverted->count - 1);
        memcpy(rows + (size_t)order[i] * inverted->dim, inverted->points + row * inverted->dim,
               inverted->dim * sizeof *rows);
    }
    FREE_ARRAY(ctx, &order);
    return SPICA_OK;
}

/* Centres [cells x dim]. k-means++ spreads them evenly over the clouds that there may be, which iterations do not, but
 * looks at its points once for every centre: it gets a part of the sample. */
static Status learn_centres(Context *ctx, const Inverted *inverted, float *centres) {
    const size_t dim = inverted->dim, cells = inverted->cells.count;
    const size_t sample = smaller(inverted->count, SAMPLE_PER_CELL * cells);
    const size_t start = smaller(sample, START_PER_CELL * cells);
    KmeansSettings settings = {.clusters = cells, .starts = 1, .iterations = 1, .plain = true};
    float *rows = NULL;
    int32_t *labels = NULL;
    Status status;
    TRY_GOTO(status, end, NEW_ARRAY(ctx, &rows, sample * dim));
    TRY_GOTO(status, end, NEW_ARRAY(ctx, &labels, sample));
    TRY_GOTO(status, end, draw_sample(ctx, inverted, rows, sample));
    TRY_GOTO(status, end, spherical_kmeans(ctx, &settings, rows, start, dim, labels, centres, NULL));
    settings.iterations = CENTRE_ITERATIONS;
    status = spherical_kmeans_refine(ctx, &settings, rows, sample, dim, labels, centres, NULL);
end:
    FREE_ARRAY(ctx, &rows);
    FREE_ARRAY(ctx, &labels);
    return status;
}

/* Sorts the vectors by the nearest of their cells. */
static Status fill_cells(Context *ctx, Inverted *inverted) {
    Cells *cells = &inverted->cells;
    size_t *next = NULL;
    TRY(NEW_ARRAY(ctx, &cells->members, inverted->count));
    TRY(NEW_ZEROED(ctx, &cells->first, cells->count + 1));
    TRY(NEW_ARRAY(ctx, &next, cells->count));
    for (size_t i = 0; i < inverted->count; i++)
        cells->first[inverted->probed[i * inverted->probes] + 1]++;
    for (size_t c = 0; c < cells->count; c++) {
        next[c] = cells->first[c];
        cells->first[c + 1] += cells->first[c];
    }
    for (size_t i = 0; i < inverted->count; i++)
        cells->members[next[inverted->probed[i * inverted->probes]]++] = (int32_t)i;
    FREE_ARRAY(ctx, &next);
    return SPICA_OK;
}

/* Puts centres that are alike beside each other: by groups of them. */
static Status order_centres(Context *ctx, float *centres, size_t cells, size_t dim) {
    const size_t groups = (size_t)sqrt((double)cells);
    const KmeansSettings settings = {.clusters = groups, .starts = 1, .iterations = GROUP_ITERATIONS, .plain = true};
    float *unordered = NULL;
    int32_t *labels = NULL;
    Status status;
    TRY_GOTO(status, end, NEW_ARRAY(ctx, &unordered, cells * dim));
    TRY_GOTO(status, end, NEW_ARRAY(ctx, &labels, cells));
    TRY_GOTO(status, end, spherical_kmeans(ctx, &settings, centres, cells, dim, labels, NULL, NULL));
    memcpy(unordered, centres, cells * dim * sizeof *centres);
    for (size_t group = 0, next = 0; group < groups; group++)
        for (size_t i = 0; i < cells; i++)
            if (labels[i] == (int32_t)group) memcpy(centres + next++ * dim, unordered + i * dim, dim * sizeof *centres);
end:
    FREE_ARRAY(ctx, &unordered);
    FREE_ARRAY(ctx, &labels);
    return status;
}

static Status make_cells(Context *ctx, Inverted *inverted) {
    float *centres = NULL;
    Status status;
    TRY_GOTO(status, end, NEW_ARRAY(ctx, &centres, inverted->cells.count * inverted->dim));
    TRY_GOTO(status, end, learn_centres(ctx, inverted, centres));
    TRY_GOTO(status, end, order_centres(ctx, centres, inverted->cells.count, inverted->dim));
    TRY_GOTO(status, end, NEW_ARRAY(ctx, &inverted->probed, inverted->count * inverted->probes));
    TRY_GOTO(status, end,
             knn_search(ctx, inverted->probed, NULL, inverted->points, inverted->count, centres, inverted->cells.count,
                        inverted->dim, inverted->probes));
    status = fill_cells(ctx, inverted);
end:
    FREE_ARRAY(ctx, &centres);
    return status;
}

/* --- search ------------------------------------------------------------------------------------------------------- */

static void gather(const Inverted *inverted, const int32_t *rows, size_t count, float *out) {
    for (size_t i = 0; i < count; i++)
        memcpy(out + i * inverted->dim, inverted->points + (size_t)rows[i] * inverted->dim,
               inverted->dim * sizeof *out);
}

/* Sorts the queries shard[count] by the cells that they look at, from rank `from` to rank `to`: places and first. */
static void sort_pairs(const Inverted *inverted, const Worker *worker, const int32_t *shard, size_t count, size_t from,
                       size_t to) {
    const size_t cells = inverted->cells.count, probes = inverted->probes;
    size_t *first = worker->first;
    memset(first, 0, (cells + 1) * sizeof *first);
    for (size_t i = 0; i < count; i++)
        for (size_t p = from; p < to; p++)
            first[inverted->probed[(size_t)shard[i] * probes + p]]++;
    for (size_t cell = 0; cell < cells; cell++)
        first[cell + 1] += first[cell];
    /* Now first[c] is the end of cell c; filled from its end, each becomes its start. */
    for (size_t i = count; i-- > 0;)
        for (size_t p = from; p < to; p++)
            worker->places[--first[inverted->probed[(size_t)shard[i] * probes + p]]] = (uint32_t)i;
}

/* Queries shard[places[rows]] with a tile's columns, which are gathered. */
static void search_tile(const Inverted *inverted, const Worker *worker, const int32_t *shard, const uint32_t *places,
                        size_t rows, const int32_t *columns, size_t count) {
    const size_t dim = inverted->dim;
    for (size_t i = 0; i < rows; i++)
        memcpy(worker->queries + i * dim, inverted->points + (size_t)shard[places[i]] * dim,
               dim * sizeof *worker->queries);
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)rows, (int)count, (int)dim, 1.0f, worker->queries,
                (int)dim, worker->members, (int)dim, 0.0f, worker->tile, (int)TILE_COLUMNS);
    reservoirs_offer(&worker->reservoirs, places, rows, worker->tile, TILE_COLUMNS, columns, count);
}

/* All members of a cell, in tiles of equal width, with all queries of the shard that look at it. */
static void search_cell(const Inverted *inverted, const Worker *worker, const int32_t *shard, size_t cell) {
    const size_t *first = inverted->cells.first + cell;
    const size_t members = first[1] - first[0], tiles = (members + TILE_COLUMNS - 1) / TILE_COLUMNS;
    const size_t end = worker->first[cell + 1];
    for (size_t tile = 0; tile < tiles; tile++) {
        const size_t begin = members * tile / tiles, count = members * (tile + 1) / tiles - begin;
        const int32_t *columns = inverted->cells.members + first[0] + begin;
        gather(inverted, columns, count, worker->members);
        for (size_t row = worker->first[cell]; row < end; row += TILE_ROWS)
            search_tile(inverted, worker, shard, worker->places + row, smaller(TILE_ROWS, end - row), columns, count);
    }
}

/* The lists of queries shard[count]. */
static void search_shard(const Inverted *inverted, const Worker *worker, const int32_t *shard, size_t count) {
    reservoirs_clear(&worker->reservoirs, count);
    for (size_t group = 0, from = 0; from < inverted->probes; group++) {
        const size_t to = smaller(rank_ends[group], inverted->probes);
        sort_pairs(inverted, worker, shard, count, from, to);
        for (size_t cell = 0; cell < inverted->cells.count; cell++)
            if (worker->first[cell] < worker->first[cell + 1]) search_cell(inverted, worker, shard, cell);
        from = to;
    }
    for (size_t i = 0; i < count; i++)
        reservoir_take(&worker->reservoirs, i, inverted->neighbours + (size_t)shard[i] * inverted->k);
}

static void search_all(const Inverted *inverted) {
#pragma omp parallel for schedule(dynamic) num_threads(inverted->threads)
    for (size_t first = 0; first < inverted->count; first += SHARD)
        search_shard(inverted, &inverted->workers[omp_get_thread_num()], inverted->cells.members + first,
                     smaller(SHARD, inverted->count - first));
}

static Status worker_open(Context *ctx, const Inverted *inverted, Worker *worker) {
    const size_t shard = smaller(SHARD, inverted->count);
    /* Zeroed: a chunk may look beyond a tile's columns. */
    TRY(NEW_ZEROED(ctx, &worker->tile, TILE_ROWS * TILE_COLUMNS));
    TRY(NEW_ARRAY(ctx, &worker->queries, TILE_ROWS * inverted->dim));
    TRY(NEW_ARRAY(ctx, &worker->members, TILE_COLUMNS * inverted->dim));
    TRY(NEW_ARRAY(ctx, &worker->first, inverted->cells.count + 1));
    TRY(NEW_ARRAY(ctx, &worker->places, shard * inverted->probes));
    return reservoirs_open(ctx, &worker->reservoirs, shard, inverted->k);
}

static void worker_close(Context *ctx, Worker *worker) {
    FREE_ARRAY(ctx, &worker->tile);
    FREE_ARRAY(ctx, &worker->queries);
    FREE_ARRAY(ctx, &worker->members);
    FREE_ARRAY(ctx, &worker->first);
    FREE_ARRAY(ctx, &worker->places);
    reservoirs_close(ctx, &worker->reservoirs);
}

/* No more threads than shards. */
static Status workers_open(Context *ctx, Inverted *inverted) {
    inverted->threads = (int)smaller((size_t)ctx->threads, (inverted->count + SHARD - 1) / SHARD);
    TRY(NEW_ZEROED(ctx, &inverted->workers, (size_t)inverted->threads));
    for (int i = 0; i < inverted->threads; i++)
        TRY(worker_open(ctx, inverted, &inverted->workers[i]));
    return SPICA_OK;
}

/* Rows whose cells held fewer than k vectors are searched in full. */
static Status fill_short(Context *ctx, const Inverted *inverted, int32_t *neighbours) {
    const size_t k = inverted->k, dim = inverted->dim;
    float *queries = NULL;
    int32_t *rows = NULL, *found = NULL;
    size_t count = 0;
    Status status;
    TRY_GOTO(status, end, NEW_ARRAY(ctx, &rows, inverted->count));
    for (size_t i = 0; i < inverted->count; i++)
        if (neighbours[i * k + k - 1] == INT32_MAX) rows[count++] = (int32_t)i;
    if (count == 0) goto end;
    TRY_GOTO(status, end, NEW_ARRAY(ctx, &queries, count * dim));
    TRY_GOTO(status, end, NEW_ARRAY(ctx, &found, count * k));
    gather(inverted, rows, count, queries);
    TRY_GOTO(status, end, knn_search(ctx, found, NULL, queries, count, inverted->points, inverted->count, dim, k));
    for (size_t i = 0; i < count; i++)
        memcpy(neighbours + (size_t)rows[i] * k, found + i * k, k * sizeof *found);
end:
    FREE_ARRAY(ctx, &queries);
    FREE_ARRAY(ctx, &rows);
    FREE_ARRAY(ctx, &found);
    return status;
}

static void choose_sizes(const InvertedSettings *settings, Inverted *inverted) {
    size_t cells = settings->cells != 0 ? settings->cells : (size_t)(2.0 * sqrt((double)inverted->count));
    cells = smaller(cells < 1 ? 1 : cells, inverted->count);
    const size_t probes = settings->probes != 0 ? settings->probes : (cells + PROBED_SHARE - 1) / PROBED_SHARE;
    inverted->cells.count = cells;
    inverted->probes = smaller(probes, cells);
}

static void inverted_close(Context *ctx, Inverted *inverted) {
    for (int i = 0; inverted->workers != NULL && i < inverted->threads; i++)
        worker_close(ctx, &inverted->workers[i]);
    FREE_ARRAY(ctx, &inverted->workers);
    FREE_ARRAY(ctx, &inverted->probed);
    FREE_ARRAY(ctx, &inverted->cells.members);
    FREE_ARRAY(ctx, &inverted->cells.first);
}

Status knn_inverted(Context *ctx, const InvertedSettings *settings, int32_t *neighbours, const float *points,
                    size_t count, size_t dim, size_t k) {
    if (k > count)
        return context_fail(ctx, SPICA_ERROR_OPTION, "nearest neighbours: %zu asked for, of %zu vectors", k, count);
    if (k == 0) return SPICA_OK;
    Inverted inverted = {.points = points, .count = count, .dim = dim, .k = k, .neighbours = neighbours};
    Status status;
    choose_sizes(settings, &inverted);
    TRY_GOTO(status, end, make_cells(ctx, &inverted));
    TRY_GOTO(status, end, workers_open(ctx, &inverted));
    const int callers = blas_threads_set(inverted.threads);
    search_all(&inverted);
    blas_threads_restore(callers);
    status = fill_short(ctx, &inverted, neighbours);
end:
    inverted_close(ctx, &inverted);
    return status;
}

Status knn_neighbours(Context *ctx, int32_t *neighbours, const float *points, size_t count, size_t dim, size_t k) {
    const InvertedSettings settings = {0};
    if (count <= KNN_EXACT_MOST || k > count / KNN_SHARE_MOST)
        return knn_search(ctx, neighbours, NULL, points, count, points, count, dim, k);
    return knn_inverted(ctx, &settings, neighbours, points, count, dim, k);
}
