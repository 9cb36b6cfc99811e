#include "cluster/knn.h"

#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include <cblas.h>
#include <omp.h>

#include "base/simd.h"
#include "cluster/blas_threads.h"

/* Exact k nearest neighbours by tiles: one matrix product gives TILE x TILE similarities, which are compared with the
 * k-th best of their row while they are in the cache; nearly all are below it, and are passed over CHUNK at a time.
 *
 * The k best are kept as a heap with the worst at its root, in the order (similarity down, index up), which is total:
 * so the result does not depend on the order in which tiles come, and threads may take them as they are free. A tile
 * that brings a row many candidates, as the first ones do, is merged by selection instead.
 *
 * Where a set is searched for its own neighbours, similarity is symmetric, and each tile off the diagonal serves its
 * rows and its columns: half the products.
 *
 * Cost: queries x count x dim multiplications (half for a set with itself), and about k log(count / k) log k steps of
 * the heap per row for data in random order. Memory: about 1.5 MiB per thread. */

/* Rows of a tile: 2 x 512 rows of up to 512 numbers and their products fit 3 MiB of cache, and the product of such a
 * tile runs at nearly the speed of a large one. */
#define TILE 512
/* Values looked at together: few enough that one hit costs little, enough to fill vectors. */
#define CHUNK 64
/* From one row of a tile to the next: not a power of two, so that a column spreads over the sets of the cache. */
#define TILE_STRIDE (TILE + 16)
/* Candidates of one row and tile from which selection is faster than the heap. */
#define MERGE_FROM 32
/* Index of an entry of a list that no candidate has taken yet. */
#define NO_CANDIDATE INT32_MAX

/* The k best of every query so far: heaps of k entries. */
typedef struct Lists {
    int32_t *indices;    /* [queries x k] */
    float *similarities; /* [queries x k] */
    size_t k;
} Lists;

/* What one tile brings to one row. */
typedef struct Candidates {
    size_t count;
    int32_t indices[TILE];
    float similarities[TILE];
} Candidates;

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
    Lists lists;
    char *workspaces; /* [threads x workspace_bytes] */
    size_t workspace_bytes;
} Search;

static inline bool ranks_before(float similarity, int32_t index, float than, int32_t than_index) {
    return similarity > than || (similarity == than && index < than_index);
}

/* Puts (similarity, index) in place of entry `hole` of a heap of k entries, and lets it sink. */
static void heap_sink(float *similarities, int32_t *indices, size_t k, size_t hole, float similarity, int32_t index) {
    for (size_t child = 2 * hole + 1; child < k; child = 2 * hole + 1) {
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

/* Heap to sorted list, best first: the root, which is the worst, goes to the end of what is left. */
static void list_sort(const Lists *lists, size_t row) {
    float *similarities = lists->similarities + row * lists->k;
    int32_t *indices = lists->indices + row * lists->k;
    for (size_t left = lists->k; left > 1; left--) {
        const float similarity = similarities[left - 1];
        const int32_t index = indices[left - 1];
        similarities[left - 1] = similarities[0];
        indices[left - 1] = indices[0];
        heap_sink(similarities, indices, left - 1, 0, similarity, index);
    }
}

/* A number that is larger the earlier the candidate ranks: the similarity's bits, made to count upwards, above the
 * complement of the index. */
static uint64_t candidate_key(float similarity, int32_t index) {
    uint32_t bits;
    memcpy(&bits, &similarity, sizeof bits);
    bits ^= bits >> 31 ? UINT32_MAX : UINT32_C(1) << 31;
    return (uint64_t)bits << 32 | (UINT32_MAX - (uint32_t)index);
}

static void candidate_of_key(uint64_t key, float *similarity, int32_t *index) {
    uint32_t bits = (uint32_t)(key >> 32);
    bits ^= bits >> 31 ? UINT32_C(1) << 31 : UINT32_MAX;
    memcpy(similarity, &bits, sizeof bits);
    *index = (int32_t)(UINT32_MAX - (uint32_t)key);
}

static uint64_t median_of_three(uint64_t a, uint64_t b, uint64_t c) {
    const uint64_t low = a < b ? a : b, high = a < b ? b : a;
    return c < low ? low : c > high ? high : c;
}

/* Brings the k largest of `count` different keys to the front, in any order (Hoare's quickselect,
 * doi:10.1145/366622.366647). */
static void keys_select(uint64_t *keys, size_t count, size_t k) {
    size_t first = 0, end = count;
    while (end - first > 1) {
        const uint64_t pivot = median_of_three(keys[first], keys[first + (end - first) / 2], keys[end - 1]);
        size_t larger = first;
        for (size_t i = first; i < end; i++) {
            const uint64_t key = keys[i];
            keys[i] = keys[larger];
            keys[larger] = key;
            larger += key > pivot;
        }
        /* keys[first .. larger) are above the pivot, which is among the rest. */
        if (larger == k) return;
        if (larger > k) {
            end = larger;
            continue;
        }
        size_t at = larger;
        while (keys[at] != pivot)
            at++;
        keys[at] = keys[larger];
        keys[larger] = pivot;
        first = larger + 1;
        if (first >= k) return;
    }
}

/* Replaces the list of one row by the k best of it and of the candidates. */
static void list_merge(const Lists *lists, size_t row, const Candidates *candidates, uint64_t *keys) {
    float *similarities = lists->similarities + row * lists->k;
    int32_t *indices = lists->indices + row * lists->k;
    size_t count = 0;
    for (size_t i = 0; i < lists->k; i++)
        if (indices[i] != NO_CANDIDATE) keys[count++] = candidate_key(similarities[i], indices[i]);
    for (size_t i = 0; i < candidates->count; i++)
        keys[count++] = candidate_key(candidates->similarities[i], candidates->indices[i]);
    if (count > lists->k) keys_select(keys, count, lists->k);
    for (size_t i = 0; i < lists->k && i < count; i++)
        candidate_of_key(keys[i], &similarities[i], &indices[i]);
    for (size_t i = count; i < lists->k; i++) {
        similarities[i] = -INFINITY;
        indices[i] = NO_CANDIDATE;
    }
    for (size_t i = lists->k / 2; i-- > 0;)
        heap_sink(similarities, indices, lists->k, i, similarities[i], indices[i]);
}

/* Offers the candidates to the list of one row, and empties them. */
static void list_offer(const Lists *lists, size_t row, Candidates *candidates, uint64_t *keys) {
    float *similarities = lists->similarities + row * lists->k;
    int32_t *indices = lists->indices + row * lists->k;
    if (candidates->count >= MERGE_FROM) {
        list_merge(lists, row, candidates, keys);
    } else {
        for (size_t i = 0; i < candidates->count; i++) {
            const float similarity = candidates->similarities[i];
            const int32_t index = candidates->indices[i];
            if (ranks_before(similarity, index, similarities[0], indices[0]))
                heap_sink(similarities, indices, lists->k, 0, similarity, index);
        }
    }
    candidates->count = 0;
}

/* A similarity that is no number ranks last; adding 0 leaves one zero only. */
static inline void candidates_add(Candidates *candidates, float similarity, size_t index) {
    candidates->similarities[candidates->count] = isnan(similarity) ? -INFINITY : similarity + 0.0f;
    candidates->indices[candidates->count] = (int32_t)index;
    candidates->count++;
}

/* Fills all lists with entries that every candidate ranks before. */
static void lists_clear(const Lists *lists, size_t rows, int threads) {
#pragma omp parallel for schedule(static) num_threads(threads)
    for (size_t i = 0; i < rows * lists->k; i++) {
        lists->similarities[i] = -INFINITY;
        lists->indices[i] = NO_CANDIDATE;
    }
}

/* A tile's place: its rows are first_row ... of one side, its columns first_column ... of the other. */
typedef struct TileRange {
    size_t first_row, rows, first_column, columns;
} TileRange;

static inline size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

/* Offers the tile to the lists of its rows; the columns are the candidates. The comparison is written as "not below",
 * so that a NaN is seen, and an equal value with a smaller index. */
SIMD_VERSIONS static void tile_offer_to_rows(const Lists *lists, Workspace *workspace, TileRange range) {
    Candidates *candidates = workspace->candidates;
    for (size_t row = 0; row < range.rows; row++) {
        const float worst = lists->similarities[(range.first_row + row) * lists->k];
        const float *values = workspace->tile + row * TILE_STRIDE;
        for (size_t chunk = 0; chunk < range.columns; chunk += CHUNK) {
            int hits = 0;
            for (size_t i = 0; i < CHUNK; i++)
                hits += !(values[chunk + i] < worst);
            if (hits == 0) continue;
            const size_t end = smaller(range.columns, chunk + CHUNK);
            for (size_t i = chunk; i < end; i++)
                if (!(values[i] < worst)) candidates_add(candidates, values[i], range.first_column + i);
        }
        if (candidates->count > 0) list_offer(lists, range.first_row + row, candidates, workspace->keys);
    }
}

/* Offers CHUNK columns of the tile, from `chunk` on, to the lists of the columns; the rows are the candidates. */
SIMD_VERSIONS static void chunk_offer_to_columns(const Lists *lists, Workspace *workspace, TileRange range,
                                                 size_t chunk) {
    const size_t width = smaller(range.columns - chunk, CHUNK);
    const size_t first = range.first_column + chunk;
    float worst[CHUNK];
    for (size_t i = 0; i < CHUNK; i++)
        worst[i] = i < width ? lists->similarities[(first + i) * lists->k] : INFINITY;
    for (size_t row = 0; row < range.rows; row++) {
        const float *values = workspace->tile + row * TILE_STRIDE + chunk;
        int hits = 0;
        for (size_t i = 0; i < CHUNK; i++)
            hits += !(values[i] < worst[i]);
        if (hits == 0) continue;
        for (size_t i = 0; i < width; i++)
            if (!(values[i] < worst[i])) candidates_add(&workspace->candidates[i], values[i], range.first_row + row);
    }
    for (size_t i = 0; i < width; i++)
        if (workspace->candidates[i].count > 0)
            list_offer(lists, first + i, &workspace->candidates[i], workspace->keys);
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
