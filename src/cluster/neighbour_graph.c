#include "cluster/neighbour_graph.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "cluster/kmeans_points.h"
#include "cluster/neighbour_lists.h"

/* W = (A + A^T) / 2, where A_ij is 1 if j is among the nearest neighbours of i: scikit-learn's graph for spectral
 * clustering, whose number of neighbours counts the point itself, without its weights of points to themselves.
 *
 * A graph in pieces has as many eigenvectors of the largest eigenvalue as pieces, which no iteration from one vector
 * tells apart, and with more pieces than clusters nothing says which belong together. So pieces are connected as in a
 * minimum spanning tree (Boruvka): every piece but the largest gets a link, of the weight of a one-sided neighbour,
 * along the shortest way out of it (ties: the smaller rows), until there is one piece. Clusters that are pieces stay
 * apart by one thin link each.
 *
 * Cost: neighbour_lists.c's; to connect, O(points outside the largest piece x count x dim) at most for each halving of
 * the number of pieces. Memory 16 count neighbours bytes. */

/* Rows between looks at the cancel callback while pieces are connected. */
#define ROWS_BETWEEN_CHECKS 512

/* Links while the graph is made. Zeroed may be closed. */
typedef struct Links {
    const float *points;
    size_t count, dim, neighbours;
    int32_t *lists; /* [count x neighbours] */
    int32_t *extra; /* [2 x extra_count]: links between pieces, both ends */
    size_t extra_count;
    int32_t *pieces;  /* [count]: the smallest row of each row's piece */
    size_t *sizes;    /* [count]: rows of the piece that begins with this row */
    int32_t *nearest; /* [count]: of rows outside the largest piece, the nearest row of another piece */
    float *distances; /* [count] */
} Links;

static void links_close(Context *ctx, Links *links) {
    FREE_ARRAY(ctx, &links->lists);
    FREE_ARRAY(ctx, &links->extra);
    FREE_ARRAY(ctx, &links->pieces);
    FREE_ARRAY(ctx, &links->sizes);
    FREE_ARRAY(ctx, &links->nearest);
    FREE_ARRAY(ctx, &links->distances);
}

static int32_t piece_find(int32_t *pieces, int32_t row) {
    while (pieces[row] != row) {
        pieces[row] = pieces[pieces[row]];
        row = pieces[row];
    }
    return row;
}

/* Returns whether the two were apart. */
static bool piece_unite(int32_t *pieces, int32_t a, int32_t b) {
    const int32_t first = piece_find(pieces, a), second = piece_find(pieces, b);
    pieces[first > second ? first : second] = first > second ? second : first;
    return first != second;
}

/* Makes every row's entry of `pieces` its root, and counts sizes; returns the number of pieces. */
static size_t pieces_flatten(Links *links) {
    size_t number = 0;
    memset(links->sizes, 0, links->count * sizeof *links->sizes);
    for (size_t row = 0; row < links->count; row++) {
        links->pieces[row] = piece_find(links->pieces, (int32_t)row);
        number += links->pieces[row] == (int32_t)row;
        links->sizes[links->pieces[row]]++;
    }
    return number;
}

/* nearest and distances of one row. */
static void row_leave(Links *links, size_t row) {
    const size_t dim = links->dim;
    int32_t nearest = -1;
    float least = INFINITY;
    for (size_t other = 0; other < links->count; other++) {
        if (links->pieces[other] == links->pieces[row]) continue;
        const float distance = vector_distance(links->points + row * dim, links->points + other * dim, dim);
        if (nearest >= 0 && !(distance < least)) continue;
        nearest = (int32_t)other;
        least = distance;
    }
    links->nearest[row] = nearest;
    links->distances[row] = least;
}

static Status rows_leave(Context *ctx, Links *links, int32_t largest) {
    for (size_t first = 0; first < links->count; first += ROWS_BETWEEN_CHECKS) {
        const size_t end = first + ROWS_BETWEEN_CHECKS < links->count ? first + ROWS_BETWEEN_CHECKS : links->count;
#pragma omp parallel for schedule(static, 1) num_threads(ctx->threads)
        for (size_t row = first; row < end; row++)
            if (links->pieces[row] != largest) row_leave(links, row);
        TRY(context_check_cancel(ctx));
    }
    return SPICA_OK;
}

/* One round: a link out of every piece but the largest. */
static Status links_add(Context *ctx, Links *links) {
    int32_t largest = 0;
    for (size_t row = 0; row < links->count; row++)
        if (links->sizes[row] > links->sizes[largest]) largest = (int32_t)row;
    TRY(rows_leave(ctx, links, largest));
    /* A piece's shortest way out is kept at its first row, in `nearest` as the row that it leaves from. */
    size_t *ways;
    TRY(NEW_ARRAY(ctx, &ways, links->count));
    for (size_t row = 0; row < links->count; row++) {
        const size_t piece = (size_t)links->pieces[row];
        if (piece == row || links->distances[row] < links->distances[ways[piece]]) ways[piece] = row;
    }
    for (size_t piece = 0; piece < links->count; piece++) {
        if (links->sizes[piece] == 0 || (int32_t)piece == largest) continue;
        const int32_t from = (int32_t)ways[piece], to = links->nearest[from];
        if (!piece_unite(links->pieces, from, to)) continue;
        links->extra[2 * links->extra_count] = from;
        links->extra[2 * links->extra_count + 1] = to;
        links->extra_count++;
    }
    FREE_ARRAY(ctx, &ways);
    return SPICA_OK;
}

/* The neighbours, and what connects them; *pieces: how many there were. */
static Status links_make(Context *ctx, Links *links, size_t *pieces) {
    const size_t count = links->count;
    TRY(NEW_ARRAY(ctx, &links->lists, count * links->neighbours));
    TRY(neighbour_lists(ctx, links->lists, links->points, count, links->dim, links->neighbours));
    TRY(NEW_ARRAY(ctx, &links->pieces, count));
    TRY(NEW_ARRAY(ctx, &links->sizes, count));
    for (size_t row = 0; row < count; row++)
        links->pieces[row] = (int32_t)row;
    for (size_t i = 0; i < count * links->neighbours; i++)
        piece_unite(links->pieces, (int32_t)(i / links->neighbours), links->lists[i]);
    *pieces = pieces_flatten(links);
    if (*pieces == 1) return SPICA_OK;
    TRY(NEW_ARRAY(ctx, &links->extra, 2 * *pieces));
    TRY(NEW_ARRAY(ctx, &links->nearest, count));
    TRY(NEW_ZEROED(ctx, &links->distances, count));
    for (size_t left = *pieces; left > 1; left = pieces_flatten(links))
        TRY(links_add(ctx, links));
    return SPICA_OK;
}

/* Calls for every link from a to b; links between pieces come last. */
static void link_at(const Links *links, size_t i, int32_t *from, int32_t *to) {
    const size_t own = links->count * links->neighbours;
    *from = i < own ? (int32_t)(i / links->neighbours) : links->extra[2 * (i - own)];
    *to = i < own ? links->lists[i] : links->extra[2 * (i - own) + 1];
}

/* Rows of both directions, each link once in either, in no order; begins is where each row begins. */
static Status graph_scatter(Context *ctx, NeighbourGraph *graph, const Links *links) {
    const size_t number = links->count * links->neighbours + links->extra_count;
    size_t *ends;
    int32_t from, to;
    TRY(NEW_ZEROED(ctx, &graph->begins, links->count + 1));
    TRY(NEW_ARRAY(ctx, &graph->others, 2 * number));
    TRY(NEW_ARRAY(ctx, &graph->weights, 2 * number));
    TRY(NEW_ARRAY(ctx, &ends, links->count));
    for (size_t i = 0; i < number; i++) {
        link_at(links, i, &from, &to);
        graph->begins[from + 1]++;
        graph->begins[to + 1]++;
    }
    for (size_t row = 0; row < links->count; row++) {
        graph->begins[row + 1] += graph->begins[row];
        ends[row] = graph->begins[row];
    }
    for (size_t i = 0; i < number; i++) {
        link_at(links, i, &from, &to);
        graph->others[ends[from]++] = to;
        graph->others[ends[to]++] = from;
    }
    FREE_ARRAY(ctx, &ends);
    return SPICA_OK;
}

static void others_sort(int32_t *others, size_t count) {
    for (size_t gap = count / 2; gap > 0; gap /= 2)
        for (size_t i = gap; i < count; i++) {
            const int32_t other = others[i];
            size_t place = i;
            for (; place >= gap && others[place - gap] > other; place -= gap)
                others[place] = others[place - gap];
            others[place] = other;
        }
}

/* Sorts every row, and makes the two entries of neighbours of each other one. */
static void graph_gather(NeighbourGraph *graph) {
    size_t begin = 0, place = 0;
    for (size_t row = 0; row < graph->count; row++) {
        const size_t end = graph->begins[row + 1], first = place;
        others_sort(graph->others + begin, end - begin);
        for (size_t i = begin; i < end; i++) {
            if (place > first && graph->others[place - 1] == graph->others[i]) {
                graph->weights[place - 1] = 1;
                continue;
            }
            graph->others[place] = graph->others[i];
            graph->weights[place++] = 0.5f;
        }
        graph->begins[row + 1] = place;
        begin = end;
    }
}

Status neighbour_graph_open(Context *ctx, NeighbourGraph *graph, const float *points, size_t count, size_t dim,
                            size_t neighbours) {
    *graph = (NeighbourGraph){.count = count};
    if (neighbours == 0 || neighbours >= count || count > INT32_MAX)
        return context_fail(ctx, SPICA_ERROR_OPTION, "neighbours: cannot find %zu others of each of %zu points",
                            neighbours, count);
    Links links = {.points = points, .count = count, .dim = dim, .neighbours = neighbours};
    Status status;
    TRY_GOTO(status, close, links_make(ctx, &links, &graph->pieces));
    TRY_GOTO(status, close, graph_scatter(ctx, graph, &links));
    graph_gather(graph);
close:
    links_close(ctx, &links);
    return status;
}

void neighbour_graph_close(Context *ctx, NeighbourGraph *graph) {
    FREE_ARRAY(ctx, &graph->begins);
    FREE_ARRAY(ctx, &graph->others);
    FREE_ARRAY(ctx, &graph->weights);
}
