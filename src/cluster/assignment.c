#include "cluster/assignment.h"

#include <math.h>
#include <stdbool.h>

/* Hungarian algorithm by shortest augmenting paths.
 *
 *   minimise sum_i cost[i][column_of[i]] over one-to-one maps
 *
 * Kuhn 1955, doi:10.1002/nav.3800020109; the O(n^3) form with potentials, in which every new row is matched along a
 * shortest path of reduced costs c_ij - u_i - v_j >= 0, is Jonker and Volgenant 1987, doi:10.1007/BF02278710.
 * Rectangular costs: all of the shorter side is matched, the rest of the longer side is left over; an empty side
 * matches nothing. Where several assignments cost the same, which one is found depends on the costs alone.
 * Cost: O(s^2 l) time for sides s <= l, O(s + l) memory. */

#define UNMATCHED SIZE_MAX

/* The problem with its shorter side as rows: rows <= columns. Column `columns` is the root of the search: it stands
 * for "no column" and always holds the row that is being matched. */
typedef struct Matching {
    const double *cost; /* of (row, column): cost[row * row_stride + column * column_stride] */
    size_t rows, columns, row_stride, column_stride;
    double *row_potential;    /* u[rows] */
    double *column_potential; /* v[columns + 1] */
    double *distance;         /* [columns]: shortest reduced cost found so far from the tree to the column */
    size_t *row_of;           /* [columns + 1]: the row matched to the column, or UNMATCHED */
    size_t *parent;           /* [columns]: the column from whose row the shortest way comes */
    bool *in_tree;            /* [columns + 1] */
} Matching;

static Status matching_open(Context *ctx, Matching *matching) {
    const size_t columns = matching->columns + 1;
    TRY(NEW_ZEROED(ctx, &matching->row_potential, matching->rows));
    TRY(NEW_ZEROED(ctx, &matching->column_potential, columns));
    TRY(NEW_ARRAY(ctx, &matching->distance, columns));
    TRY(NEW_ARRAY(ctx, &matching->row_of, columns));
    TRY(NEW_ARRAY(ctx, &matching->parent, columns));
    TRY(NEW_ARRAY(ctx, &matching->in_tree, columns));
    for (size_t column = 0; column < columns; column++)
        matching->row_of[column] = UNMATCHED;
    return SPICA_OK;
}

static void matching_close(Context *ctx, Matching *matching) {
    FREE_ARRAY(ctx, &matching->row_potential);
    FREE_ARRAY(ctx, &matching->column_potential);
    FREE_ARRAY(ctx, &matching->distance);
    FREE_ARRAY(ctx, &matching->row_of);
    FREE_ARRAY(ctx, &matching->parent);
    FREE_ARRAY(ctx, &matching->in_tree);
}

/* Looks from the row of tree column `from` to all columns outside the tree; returns the nearest of them, and its
 * distance. */
static size_t matching_nearest(Matching *matching, size_t from, double *step) {
    const size_t row = matching->row_of[from];
    const double *cost = matching->cost + row * matching->row_stride;
    size_t nearest = 0;
    *step = INFINITY;
    for (size_t column = 0; column < matching->columns; column++) {
        if (matching->in_tree[column]) continue;
        const double reduced =
            cost[column * matching->column_stride] - matching->row_potential[row] - matching->column_potential[column];
        if (reduced < matching->distance[column]) {
            matching->distance[column] = reduced;
            matching->parent[column] = from;
        }
        if (matching->distance[column] < *step) {
            *step = matching->distance[column];
            nearest = column;
        }
    }
    return nearest;
}

/* Moves the potentials so that the edge to the nearest column gets reduced cost 0. */
static void matching_move(Matching *matching, double step) {
    for (size_t column = 0; column <= matching->columns; column++) {
        if (matching->in_tree[column]) {
            matching->row_potential[matching->row_of[column]] += step;
            matching->column_potential[column] -= step;
        } else {
            matching->distance[column] -= step;
        }
    }
}

/* Matches one more row: grows a tree of shortest paths until it meets a free column, then shifts the matches along
 * the path. */
static void matching_add(Matching *matching, size_t row) {
    const size_t root = matching->columns;
    for (size_t column = 0; column <= root; column++) {
        matching->distance[column] = INFINITY;
        matching->in_tree[column] = false;
    }
    matching->row_of[root] = row;
    size_t column = root;
    do {
        double step;
        matching->in_tree[column] = true;
        column = matching_nearest(matching, column, &step);
        matching_move(matching, step);
    } while (matching->row_of[column] != UNMATCHED);
    while (column != root) {
        const size_t parent = matching->parent[column];
        matching->row_of[column] = matching->row_of[parent];
        column = parent;
    }
}

static Status costs_check(Context *ctx, const double *cost, size_t rows, size_t columns) {
    for (size_t i = 0; i < rows * columns; i++)
        if (!isfinite(cost[i]))
            return context_fail(ctx, SPICA_ERROR_NUMERIC, "assignment: the cost of row %zu, column %zu is not finite",
                                i / columns, i % columns);
    return SPICA_OK;
}

Status assignment_solve(Context *ctx, const double *cost, size_t rows, size_t columns, int64_t *column_of) {
    const bool wide = rows <= columns;
    Matching matching = {.cost = cost,
                         .rows = wide ? rows : columns,
                         .columns = wide ? columns : rows,
                         .row_stride = wide ? columns : 1,
                         .column_stride = wide ? 1 : columns};
    Status status;
    TRY_GOTO(status, close, costs_check(ctx, cost, rows, columns));
    TRY_GOTO(status, close, matching_open(ctx, &matching));
    for (size_t row = 0; row < matching.rows; row++)
        matching_add(&matching, row);
    for (size_t row = 0; row < rows; row++)
        column_of[row] = -1;
    for (size_t column = 0; column < matching.columns; column++) {
        const size_t row = matching.row_of[column];
        if (row == UNMATCHED) continue;
        if (wide)
            column_of[row] = (int64_t)column;
        else
            column_of[column] = (int64_t)row;
    }
close:
    matching_close(ctx, &matching);
    return status;
}
