/* The linear sum assignment problem: which row goes with which column so that the total cost is least. */
#ifndef SPICA_CLUSTER_ASSIGNMENT_H
#define SPICA_CLUSTER_ASSIGNMENT_H

#include <stdint.h>

#include "base/memory.h"

/* Minimum-cost assignment (Hungarian algorithm, shortest augmenting paths, O(n^3)): cost[rows x columns], any shape.
 * column_of[rows]: the column matched to each row, -1 for rows left over. Errors: SPICA_ERROR_NUMERIC where a cost is
 * not finite, SPICA_ERROR_MEMORY. */
Status assignment_solve(Context *ctx, const double *cost, size_t rows, size_t columns, int64_t *column_of);

#endif
