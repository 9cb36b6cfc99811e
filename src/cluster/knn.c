#include "cluster/knn.h"

#include <limits.h>
#include <math.h>
#include <stdbool.h>

#include <cblas.h>
#include <omp.h>

#include "base/simd.h"
#include "cluster/blas_threads.h"

/* Exact k nearest neighbours by tiles: one matrix product gives TILE x TILE similarities, which are compared with the
 * k-th best of their row while they are in the cache; nearly all are below it, and are passed over 64 at a time.
 *
 * The k best are kept as a heap with the worst at its root, in the order (similarity down, index up), which is total:
 * so the result does not depend on the order in which tiles come, and threads may take them as they are free.
 *
 * Where a set is searched for its own neighbours, similarity is symmetric, and each tile off the diagonal serves its
 * rows and its columns: half the products.
 *
 * Cost: queries x count x dim multiplications (half for a set with itself), and about k log(count / k) log k steps of
 * the heap per row for data in random order. Memory: a tile of 1 MiB per thread. */

/* Rows of a tile: 2 x 512 rows of up to 512 numbers and their products fit 3 MiB of cache, and the product of such a
 * tile runs at nearly the speed of a large one. */
#define TILE 512
/* Values looked at together: few enough that one hit costs little, enough to fill vectors. */
#define CHUNK 64

/* The k best of every query so far: heaps of k entries. */
typedef struct Lists {
    int32_t *indices;    /* [queries x k] */
    float *similarities; /* [queries x k] */
    size_t k;
} Lists;

typedef struct Search {
    const float *query; /* [queries x dim] */
    const float *base;  /* [count x dim] */
    size_t queries, count, dim;
    Lists lists;
    float *tiles; /* [threads x TILE x TILE] */
} Search;

static inline bool ranks_before(float similarity, int32_t index, float than, int32_t than_index) {
    return similarity > than || (similarity == than && index < than_index);
}

/* Puts (similarity, index) in the place of the root of a heap of k entries, and lets it sink. */
static void heap_replace_root(float *similarities, int32_t *indices, size_t k, float similarity, int32_t index) {
    size_t hole = 0;
    for (size_t child = 1; child < k; child = 2 * hole + 1) {
        if (child + 1 < k &&
            ranks_before(similarities[child], indices[child], similarities[child + 1], indices[child + 1]))
            child++;
        if (!ranks_before(similarity, index, similarities[child], indices[child])) break;
        similarities[hole] = similarities[child];
        indices[hole] = indices[child];
        hole = child;
    }
    similarities[hole] = similarity;
    indices[hole] = index;
}

/* Offers a value to the list of one row; returns the row's k-th best. A similarity that is no number ranks last. */
static float list_offer(const Lists *lists, size_t row, float similarity, size_t index) {
    float *similarities = lists->similarities + row * lists->k;
    int32_t *indices = lists->indices + row * lists->k;
    if (isnan(similarity)) similarity = -INFINITY;
    if (ranks_before(similarity, (int32_t)index, similarities[0], indices[0]))
        heap_replace_root(similarities, indices, lists->k, similarity, (int32_t)index);
    return similarities[0];
}

/* Heap to sorted list, best first: the root, which is the worst, goes to the end of what is left. */
static void list_sort(const Lists *lists, size_t row) {
    float *similarities = lists->similarities + row * lists->k;
    int32_t *indices = lists->indices + row * lists->k;
    for (size_t left = lists->k; left > 1; left--) {
        const float similarity = similarities[left - 1];
        const int32_t index = indices[left - 1];
        similarities[left - 1] = similarities[0];
        indices[left - 1] = indices[0];
        heap_replace_root(similarities, indices, left - 1, similarity, index);
    }
}

/* Fills all lists with entries that every candidate ranks before. */
static void lists_clear(const Lists *lists, size_t rows, int threads) {
#pragma omp parallel for schedule(static) num_threads(threads)
    for (size_t i = 0; i < rows * lists->k; i++) {
        lists->similarities[i] = -INFINITY;
        lists->indices[i] = INT32_MAX;
    }
}

/* Offers tile[rows x TILE], of which `columns` columns are filled, to the lists of its rows first_row ...; column 0 is
 * candidate first_column. Written as "not below", so that a NaN is seen, and an equal value with a smaller index. */
SIMD_VERSIONS static void tile_offer_to_rows(const Lists *lists, const float *tile, size_t first_row, size_t rows,
                                             size_t first_column, size_t columns) {
    for (size_t row = 0; row < rows; row++) {
        float worst = lists->similarities[(first_row + row) * lists->k];
        for (size_t start = 0; start < columns; start += CHUNK) {
            const float *values = tile + row * TILE + start;
            int hits = 0;
            for (size_t i = 0; i < CHUNK; i++)
                hits += !(values[i] < worst);
            if (hits == 0) continue;
            const size_t length = columns - start < CHUNK ? columns - start : CHUNK;
            for (size_t i = 0; i < length; i++)
                if (!(values[i] < worst))
                    worst = list_offer(lists, first_row + row, values[i], first_column + start + i);
        }
    }
}

/* As tile_offer_to_rows, but the lists belong to the columns first_column ..., and row 0 is candidate first_row. */
SIMD_VERSIONS static void tile_offer_to_columns(const Lists *lists, const float *tile, size_t first_row, size_t rows,
                                                size_t first_column, size_t columns) {
    float worst[TILE];
    for (size_t column = 0; column < TILE; column++)
        worst[column] = column < columns ? lists->similarities[(first_column + column) * lists->k] : INFINITY;
    for (size_t row = 0; row < rows; row++) {
        for (size_t start = 0; start < columns; start += CHUNK) {
            const float *values = tile + row * TILE + start;
            float *chunk_worst = worst + start;
            int hits = 0;
            for (size_t i = 0; i < CHUNK; i++)
                hits += !(values[i] < chunk_worst[i]);
            if (hits == 0) continue;
            const size_t length = columns - start < CHUNK ? columns - start : CHUNK;
            for (size_t i = 0; i < length; i++)
                if (!(values[i] < chunk_worst[i]))
                    chunk_worst[i] = list_offer(lists, first_column + start + i, values[i], first_row + row);
        }
    }
}

static size_t tile_length(size_t total, size_t block) {
    const size_t left = total - block * TILE;
    return left < TILE ? left : TILE;
}

/* The similarities of query block I and base block J into the calling thread's tile: tile = Q_I B_J^T. */
static float *tile_compute(const Search *search, size_t query_block, size_t base_block) {
    float *tile = search->tiles + (size_t)omp_get_thread_num() * TILE * TILE;
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)tile_length(search->queries, query_block),
                (int)tile_length(search->count, base_block), (int)search->dim, 1.0f,
                search->query + query_block * TILE * search->dim, (int)search->dim,
                search->base + base_block * TILE * search->dim, (int)search->dim, 0.0f, tile, TILE);
    return tile;
}

static void tile_search_rows(const Search *search, size_t query_block, size_t base_block) {
    const float *tile = tile_compute(search, query_block, base_block);
    tile_offer_to_rows(&search->lists, tile, query_block * TILE, tile_length(search->queries, query_block),
                       base_block * TILE, tile_length(search->count, base_block));
}

static void tile_search_both(const Search *search, size_t row_block, size_t column_block) {
    const float *tile = tile_compute(search, row_block, column_block);
    const size_t rows = tile_length(search->count, row_block), columns = tile_length(search->count, column_block);
    tile_offer_to_rows(&search->lists, tile, row_block * TILE, rows, column_block * TILE, columns);
    tile_offer_to_columns(&search->lists, tile, row_block * TILE, rows, column_block * TILE, columns);
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
    lists_clear(&search->lists, search->queries, threads);
    if (search->query == search->base && search->queries == search->count)
        search_self(search, threads);
    else
        search_pairs(search, threads);
#pragma omp parallel for schedule(static) num_threads(threads)
    for (size_t row = 0; row < search->queries; row++)
        list_sort(&search->lists, row);
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
    /* Zeroed: a chunk may look beyond the columns of the last block. */
    TRY_GOTO(status, close, NEW_ZEROED(ctx, &search.tiles, (size_t)ctx->threads * TILE * TILE));
    if (similarities == NULL) {
        TRY_GOTO(status, close, memory_allocate(ctx, (void **)&own, queries, k * sizeof *own));
        search.lists.similarities = own;
    }
    const int callers = blas_threads_set(ctx);
    search_run(&search, ctx->threads);
    blas_threads_restore(callers);
close:
    FREE_ARRAY(ctx, &search.tiles);
    FREE_ARRAY(ctx, &own);
    return status;
}
