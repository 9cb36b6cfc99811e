#include "cluster/knn.h"

#include <limits.h>
#include <math.h>

#include <cblas.h>
#include <omp.h>

#include "base/simd.h"
#include "cluster/blas_threads.h"
#include "cluster/knn_best.h"

/* Exact k nearest neighbours by tiles: one matrix product gives TILE x TILE similarities, which are compared with the
 * k-th best of their row while they are in the cache; nearly all are below it, and are passed over CHUNK at a time.
 *
 * Where a set is searched for its own neighbours, similarity is symmetric, and each tile off the diagonal serves its
 * rows and its columns: half the products.
 *
 * Cost: queries x count x dim multiplications (half for a set with itself), and about k log(count / k) log k steps of
 * the heap per row for data in random order. Memory: about 1.5 MiB per thread. */

/* Rows of a tile: 2 x 512 rows of up to 512 numbers and their products fit 3 MiB of cache, and the product of such a
 * tile runs at nearly the speed of a large one. */
#define TILE KNN_TILE
/* Values looked at together: few enough that one hit costs little, enough to fill vectors. */
#define CHUNK 64
/* From one row of a tile to the next: not a power of two, so that a column spreads over the sets of the cache. */
#define TILE_STRIDE (TILE + 16)

/* A thread's own memory. */
typedef struct Workspace {
    float tile[TILE * TILE_STRIDE];
    Candidates candidates[CHUNK];
    uint64_t keys[]; /* k + TILE */
} Workspace;

typedef struct Search {
    const float *query; /* [queries x dim] */
    const float *base;  /* [count x dim] */
    size_t queries, count, dim;
    BestLists lists;
    char *workspaces; /* [threads x workspace_bytes] */
    size_t workspace_bytes;
} Search;

/* A tile's place: its rows are first_row ... of one side, its columns first_column ... of the other. */
typedef struct TileRange {
    size_t first_row, rows, first_column, columns;
} TileRange;

static inline size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

/* Offers the tile to the lists of its rows; the columns are the candidates. The comparison is written as "not below",
 * so that a NaN is seen, and an equal value with a smaller index. */
SIMD_VERSIONS static void tile_offer_to_rows(const BestLists *lists, Workspace *workspace, TileRange range) {
    Candidates *candidates = workspace->candidates;
    for (size_t row = 0; row < range.rows; row++) {
        const float worst = best_worst(lists, range.first_row + row);
        const float *values = workspace->tile + row * TILE_STRIDE;
        for (size_t chunk = 0; chunk < range.columns; chunk += CHUNK) {
            int hits = 0;
            for (size_t i = 0; i < CHUNK; i++)
                hits += !(values[chunk + i] < worst);
            if (hits == 0) continue;
            const size_t end = smaller(range.columns, chunk + CHUNK);
            for (size_t i = chunk; i < end; i++)
                if (!(values[i] < worst)) candidates_add(candidates, values[i], (int32_t)(range.first_column + i));
        }
        if (candidates->count > 0) best_offer(lists, range.first_row + row, candidates, workspace->keys);
    }
}

/* Offers CHUNK columns of the tile, from `chunk` on, to the lists of the columns; the rows are the candidates. */
SIMD_VERSIONS static void chunk_offer_to_columns(const BestLists *lists, Workspace *workspace, TileRange range,
                                                 size_t chunk) {
    const size_t width = smaller(range.columns - chunk, CHUNK);
    const size_t first = range.first_column + chunk;
    float worst[CHUNK];
    for (size_t i = 0; i < CHUNK; i++)
        worst[i] = i < width ? best_worst(lists, first + i) : INFINITY;
    for (size_t row = 0; row < range.rows; row++) {
        const float *values = workspace->tile + row * TILE_STRIDE + chunk;
        int hits = 0;
        for (size_t i = 0; i < CHUNK; i++)
            hits += !(values[i] < worst[i]);
        if (hits == 0) continue;
        for (size_t i = 0; i < width; i++)
            if (!(values[i] < worst[i]))
                candidates_add(&workspace->candidates[i], values[i], (int32_t)(range.first_row + row));
    }
    for (size_t i = 0; i < width; i++)
        if (workspace->candidates[i].count > 0)
            best_offer(lists, first + i, &workspace->candidates[i], workspace->keys);
}

static size_t tile_length(size_t total, size_t block) {
    const size_t left = total - block * TILE;
    return left < TILE ? left : TILE;
}

/* The similarities of query block I and base block J into the calling thread's tile: tile = Q_I B_J^T. */
static Workspace *tile_compute(const Search *search, size_t query_block, size_t base_block, TileRange *range) {
    Workspace *workspace = (Workspace *)(search->workspaces + (size_t)omp_get_thread_num() * search->workspace_bytes);
    *range = (TileRange){.first_row = query_block * TILE,
                         .rows = tile_length(search->queries, query_block),
                         .first_column = base_block * TILE,
                         .columns = tile_length(search->count, base_block)};
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)range->rows, (int)range->columns, (int)search->dim, 1.0f,
                search->query + range->first_row * search->dim, (int)search->dim,
                search->base + range->first_column * search->dim, (int)search->dim, 0.0f, workspace->tile, TILE_STRIDE);
    return workspace;
}

static void tile_search_rows(const Search *search, size_t query_block, size_t base_block) {
    TileRange range;
    Workspace *workspace = tile_compute(search, query_block, base_block, &range);
    tile_offer_to_rows(&search->lists, workspace, range);
}

static void tile_search_both(const Search *search, size_t row_block, size_t column_block) {
    TileRange range;
    Workspace *workspace = tile_compute(search, row_block, column_block, &range);
    tile_offer_to_rows(&search->lists, workspace, range);
    for (size_t chunk = 0; chunk < range.columns; chunk += CHUNK)
        chunk_offer_to_columns(&search->lists, workspace, range, chunk);
}

/* Two different sets: a thread owns the lists of a block of queries. */
static void search_pairs(const Search *search, int threads) {
    const size_t query_blocks = (search->queries + TILE - 1) / TILE;
    const size_t base_blocks = (search->count + TILE - 1) / TILE;
#pragma omp parallel for schedule(dynamic) num_threads(threads)
    for (size_t query_block = 0; query_block < query_blocks; query_block++)
        for (size_t base_block = 0; base_block < base_blocks; base_block++)
            tile_search_rows(search, query_block, base_block);
}

/* Match `table` of round `round` in a tournament of `teams` (an even number) by the circle method: the last team stays
 * in its place, the others turn around it. In teams - 1 rounds of teams / 2 matches everybody meets everybody once. */
static void tournament_match(size_t teams, size_t round, size_t table, size_t *one, size_t *other) {
    const size_t turning = teams - 1;
    *one = table == 0 ? turning : (round + table) % turning;
    *other = (round + turning - table) % turning;
}

/* A set with itself: in every round a block stands in one pair only, so a thread owns the lists of both blocks. */
static void search_self(const Search *search, int threads) {
    const size_t blocks = (search->count + TILE - 1) / TILE;
    const size_t teams = blocks + blocks % 2;
#pragma omp parallel num_threads(threads)
    {
#pragma omp for schedule(dynamic)
        for (size_t block = 0; block < blocks; block++)
            tile_search_rows(search, block, block);
        for (size_t round = 0; round + 1 < teams; round++) {
#pragma omp for schedule(dynamic)
            for (size_t table = 0; table < teams / 2; table++) {
                size_t one, other;
                tournament_match(teams, round, table, &one, &other);
                if (one < blocks && other < blocks) tile_search_both(search, one, other);
            }
        }
    }
}

static void search_run(const Search *search, int threads) {
    best_clear(&search->lists, search->queries, threads);
    if (search->query == search->base && search->queries == search->count)
        search_self(search, threads);
    else
        search_pairs(search, threads);
    best_sort(&search->lists, search->queries, threads);
}

Status knn_search(Context *ctx, int32_t *neighbours, float *similarities, const float *query, size_t queries,
                  const float *base, size_t count, size_t dim, size_t k) {
    if (k > count)
        return context_fail(ctx, SPICA_ERROR_OPTION, "nearest neighbours: %zu asked for, of %zu vectors", k, count);
    if (count >= INT32_MAX || dim == 0 || dim > INT_MAX)
        return context_fail(ctx, SPICA_ERROR_OPTION, "nearest neighbours: cannot search %zu vectors of %zu numbers",
                            count, dim);
    if (k == 0 || queries == 0) return SPICA_OK;
    Search search = {.query = query,
                     .base = base,
                     .queries = queries,
                     .count = count,
                     .dim = dim,
                     .lists = {.indices = neighbours, .similarities = similarities, .k = k}};
    float *own = NULL;
    Status status;
    /* No more threads than blocks of queries. */
    const size_t blocks = (queries + TILE - 1) / TILE;
    const int threads = (size_t)ctx->threads < blocks ? ctx->threads : (int)blocks;
    search.workspace_bytes = (sizeof(Workspace) + (k + TILE) * sizeof(uint64_t) + MEMORY_ALIGNMENT - 1) /
                             MEMORY_ALIGNMENT * MEMORY_ALIGNMENT;
    /* Zeroed: a chunk may look beyond the columns of the last block, and candidates start empty. */
    TRY_GOTO(status, close,
             memory_allocate_zeroed(ctx, (void **)&search.workspaces, (size_t)threads, search.workspace_bytes));
    if (similarities == NULL) {
        TRY_GOTO(status, close, memory_allocate(ctx, (void **)&own, queries, k * sizeof *own));
        search.lists.similarities = own;
    }
    const int callers = blas_threads_set(threads);
    search_run(&search, threads);
    blas_threads_restore(callers);
close:
    FREE_ARRAY(ctx, &search.workspaces);
    FREE_ARRAY(ctx, &own);
    return status;
}
