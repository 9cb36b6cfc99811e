#include "cluster/knn_inverted.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cblas.h>
#include <omp.h>

#include "cluster/blas_threads.h"
#include "cluster/knn.h"
#include "cluster/knn_best.h"
#include "cluster/spherical_kmeans.h"

/* Queries are taken in blocks of one cell, which look at much the same cells; of those that look at a cell, and of its
 * members, tiles are gathered, multiplied and offered as in knn.c. A thread owns the lists of its queries, and a list
 * does not depend on the order in which candidates come. */
#define BLOCK ((size_t)KNN_TILE)

#define SAMPLE_PER_CELL ((size_t)32) /* vectors that the centres are learnt from */
#define CENTRE_ITERATIONS 6

/* All vectors in the order of their cells. */
typedef struct Cells {
    size_t count;
    int32_t *members; /* [vectors], ascending within a cell */
    size_t *first;    /* [count + 1] */
} Cells;

typedef struct Inverted {
    const float *points; /* [count x dim] */
    size_t count, dim, k;
    size_t probes;
    int32_t *probed; /* [count x probes]: cells, the nearest first */
    Cells cells;
    BestLists lists;
    char *workspaces;
    size_t workspace_bytes;
} Inverted;

/* A thread's own memory; behind it: queries and members [BLOCK x dim], keys[k + BLOCK], and for the pairs of a block's
 * queries and cells order[BLOCK x probes]. */
typedef struct Workspace {
    float tile[BLOCK * BLOCK];
    Candidates candidates;
    int32_t rows[BLOCK]; /* the vectors that the tile's rows are */
} Workspace;

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

/* --- cells -------------------------------------------------------------------------------------------------------- */

/* Centres [cells x dim] out of every so many vectors. */
static Status learn_centres(Context *ctx, const Inverted *inverted, float *centres) {
    const size_t dim = inverted->dim, cells = inverted->cells.count;
    const size_t sample = smaller(inverted->count, SAMPLE_PER_CELL * cells);
    const KmeansSettings settings = {.clusters = cells, .starts = 1, .iterations = CENTRE_ITERATIONS, .plain = true};
    float *rows = NULL;
    int32_t *labels = NULL;
    Status status;
    TRY_GOTO(status, end, NEW_ARRAY(ctx, &rows, sample * dim));
    TRY_GOTO(status, end, NEW_ARRAY(ctx, &labels, sample));
    for (size_t i = 0; i < sample; i++)
        memcpy(rows + i * dim, inverted->points + i * inverted->count / sample * dim, dim * sizeof *rows);
    status = spherical_kmeans(ctx, &settings, rows, sample, dim, labels, centres, NULL);
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

static Status make_cells(Context *ctx, Inverted *inverted) {
    float *centres = NULL;
    Status status;
    TRY_GOTO(status, end, NEW_ARRAY(ctx, &centres, inverted->cells.count * inverted->dim));
    TRY_GOTO(status, end, learn_centres(ctx, inverted, centres));
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

/* Where the parts of a workspace stand. */
typedef struct Parts {
    Workspace *fixed;
    float *queries, *members;
    uint64_t *keys;
    uint64_t *order; /* pairs of a cell and a place in the block: cell << 32 | place */
} Parts;

static size_t workspace_bytes(const Inverted *inverted) {
    const size_t bytes = sizeof(Workspace) + 2 * BLOCK * inverted->dim * sizeof(float) +
                         (inverted->k + BLOCK + BLOCK * inverted->probes) * sizeof(uint64_t);
    return (bytes + MEMORY_ALIGNMENT - 1) / MEMORY_ALIGNMENT * MEMORY_ALIGNMENT;
}

static Parts workspace_parts(const Inverted *inverted) {
    char *bytes = inverted->workspaces + (size_t)omp_get_thread_num() * inverted->workspace_bytes;
    Parts parts = {.fixed = (Workspace *)bytes};
    parts.keys = (uint64_t *)(bytes + sizeof(Workspace));
    parts.order = parts.keys + inverted->k + BLOCK;
    parts.queries = (float *)(parts.order + BLOCK * inverted->probes);
    parts.members = parts.queries + BLOCK * inverted->dim;
    return parts;
}

static int compare_pairs(const void *a, const void *b) {
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void gather(const Inverted *inverted, const int32_t *rows, size_t count, float *out) {
    for (size_t i = 0; i < count; i++)
        memcpy(out + i * inverted->dim, inverted->points + (size_t)rows[i] * inverted->dim,
               inverted->dim * sizeof *out);
}

/* Offers the tile's columns, which are these vectors, to the lists of its rows. Written as "not below", so that a NaN
 * is seen, and an equal value with a smaller index. */
static void offer_tile(const Inverted *inverted, const Parts *parts, size_t rows, const int32_t *columns,
                       size_t count) {
    Candidates *candidates = &parts->fixed->candidates;
    for (size_t row = 0; row < rows; row++) {
        const size_t query = (size_t)parts->fixed->rows[row];
        const float worst = best_worst(&inverted->lists, query), *values = parts->fixed->tile + row * count;
        for (size_t i = 0; i < count; i++)
            if (!(values[i] < worst)) candidates_add(candidates, values[i], columns[i]);
        if (candidates->count > 0) best_offer(&inverted->lists, query, candidates, parts->keys);
    }
}

/* The queries of fixed->rows with all members of a cell. */
static void search_cell(const Inverted *inverted, const Parts *parts, size_t rows, size_t cell) {
    const Cells *cells = &inverted->cells;
    const int dim = (int)inverted->dim;
    gather(inverted, parts->fixed->rows, rows, parts->queries);
    for (size_t first = cells->first[cell]; first < cells->first[cell + 1]; first += BLOCK) {
        const int32_t *members = cells->members + first;
        const size_t count = smaller(BLOCK, cells->first[cell + 1] - first);
        gather(inverted, members, count, parts->members);
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)rows, (int)count, dim, 1.0f, parts->queries, dim,
                    parts->members, dim, 0.0f, parts->fixed->tile, (int)count);
        offer_tile(inverted, parts, rows, members, count);
    }
}

/* A block of queries with the cells that they look at, cell by cell. */
static void search_block(const Inverted *inverted, const int32_t *block, size_t count) {
    const Parts parts = workspace_parts(inverted);
    const size_t pairs = count * inverted->probes;
    for (size_t i = 0; i < count; i++)
        for (size_t p = 0; p < inverted->probes; p++)
            parts.order[i * inverted->probes + p] =
                (uint64_t)inverted->probed[(size_t)block[i] * inverted->probes + p] << 32 | i;
    qsort(parts.order, pairs, sizeof *parts.order, compare_pairs);
    for (size_t first = 0, rows = 0; first < pairs; first += rows) {
        const uint64_t cell = parts.order[first] >> 32;
        for (rows = 0; first + rows < pairs && parts.order[first + rows] >> 32 == cell; rows++)
            parts.fixed->rows[rows] = block[(uint32_t)parts.order[first + rows]];
        search_cell(inverted, &parts, rows, (size_t)cell);
    }
}

static void search_all(const Inverted *inverted, int threads) {
    const size_t cells = inverted->cells.count;
    best_clear(&inverted->lists, inverted->count, threads);
    /* Blocks are shared out, not cells: equal vectors all lie in one. */
#pragma omp parallel num_threads(threads)
    for (size_t cell = 0; cell < cells; cell++) {
        const size_t end = inverted->cells.first[cell + 1];
#pragma omp for schedule(dynamic) nowait
        for (size_t first = inverted->cells.first[cell]; first < end; first += BLOCK)
            search_block(inverted, inverted->cells.members + first, smaller(BLOCK, end - first));
    }
    best_sort(&inverted->lists, inverted->count, threads);
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
    const size_t probes = settings->probes != 0 ? settings->probes : (cells + 31) / 32;
    inverted->cells.count = cells;
    inverted->probes = smaller(probes, cells);
}

static void inverted_close(Context *ctx, Inverted *inverted) {
    FREE_ARRAY(ctx, &inverted->workspaces);
    FREE_ARRAY(ctx, &inverted->lists.similarities);
    FREE_ARRAY(ctx, &inverted->probed);
    FREE_ARRAY(ctx, &inverted->cells.members);
    FREE_ARRAY(ctx, &inverted->cells.first);
}

Status knn_inverted(Context *ctx, const InvertedSettings *settings, int32_t *neighbours, const float *points,
                    size_t count, size_t dim, size_t k) {
    if (k > count)
        return context_fail(ctx, SPICA_ERROR_OPTION, "nearest neighbours: %zu asked for, of %zu vectors", k, count);
    if (k == 0) return SPICA_OK;
    Inverted inverted = {
        .points = points, .count = count, .dim = dim, .k = k, .lists = {.indices = neighbours, .k = k}};
    Status status;
    choose_sizes(settings, &inverted);
    inverted.workspace_bytes = workspace_bytes(&inverted);
    TRY_GOTO(status, end, make_cells(ctx, &inverted));
    TRY_GOTO(status, end, NEW_ARRAY(ctx, &inverted.lists.similarities, count * k));
    TRY_GOTO(
        status, end,
        memory_allocate_zeroed(ctx, (void **)&inverted.workspaces, (size_t)ctx->threads, inverted.workspace_bytes));
    const int callers = blas_threads_set(ctx->threads);
    search_all(&inverted, ctx->threads);
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
