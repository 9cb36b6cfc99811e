#include "cluster/tsne_affinities.h"

#include <math.h>

#include "cluster/kmeans_points.h"
#include "cluster/neighbour_lists.h"

/* Eq. 1 and the symmetric P of van der Maaten and Hinton 2008 (JMLR 9:2579), over the 3 perplexity + 1 nearest
 * neighbours N_i alone (van der Maaten 2014, JMLR 15:3221; the number is scikit-learn's):
 *
 *   p_j|i = exp(-beta_i |x_i - x_j|^2) / sum over k in N_i of exp(-beta_i |x_i - x_k|^2)
 *   p_ij  = (p_j|i + p_i|j) / (2 count)
 *
 * where beta_i makes the entropy of p_.|i the logarithm of the perplexity. A point whose neighbours are all at one
 * distance has equal p_j|i, and one with a perplexity that no beta reaches has what comes nearest.
 *
 * Cost: neighbour_lists.c's and O(count x perplexity); memory O(count x perplexity). */

#define BISECTIONS_MOST 100
#define ENTROPY_TOLERANCE 1e-6
/* Rows between looks at the cancel callback. */
#define ROWS_BETWEEN_CHECKS 4096

/* p_j|i before it is made symmetric. Zeroed may be closed. */
typedef struct Conditional {
    size_t count, neighbours;
    int32_t *lists; /* [count x neighbours], rising in a row */
    float *values;  /* [count x neighbours]: squared distances, then p_j|i */
    /* The same numbers by columns: those of column i at begins[i] ..., in rising order of rows. */
    size_t *begins;    /* [count + 1] */
    int32_t *rows;     /* [count x neighbours] */
    float *transposed; /* [count x neighbours] */
} Conditional;

static void conditional_close(Context *ctx, Conditional *conditional) {
    FREE_ARRAY(ctx, &conditional->lists);
    FREE_ARRAY(ctx, &conditional->values);
    FREE_ARRAY(ctx, &conditional->begins);
    FREE_ARRAY(ctx, &conditional->rows);
    FREE_ARRAY(ctx, &conditional->transposed);
}

/* Sum of the weights exp(-beta (square - least)), and the entropy of their shares:
 * H = ln sum_j w_j + beta sum_j w_j (square_j - least) / sum_j w_j. */
static double row_entropy(const float *squares, size_t count, double least, double beta, double *sum) {
    double weights = 0, moment = 0;
    for (size_t i = 0; i < count; i++) {
        const double above = (double)squares[i] - least, weight = exp(-beta * above);
        weights += weight;
        moment += weight * above;
    }
    *sum = weights;
    return log(weights) + beta * moment / weights;
}

/* Squared distances to p_j|i. The entropy falls as beta rises: beta is doubled until it is bounded above, then the
 * bounds are halved. */
static void row_calibrate(float *values, size_t count, double entropy) {
    double least = INFINITY, mean = 0;
    for (size_t i = 0; i < count; i++) {
        if ((double)values[i] < least) least = (double)values[i];
        mean += (double)values[i] / (double)count;
    }
    double beta = mean > least ? 1 / (mean - least) : 0, low = 0, high = INFINITY, sum;
    for (int i = 0; i < BISECTIONS_MOST; i++) {
        const double above = row_entropy(values, count, least, beta, &sum) - entropy;
        if (fabs(above) <= ENTROPY_TOLERANCE) break;
        if (above > 0)
            low = beta;
        else
            high = beta;
        beta = isinf(high) ? 2 * beta : (low + high) / 2;
    }
    row_entropy(values, count, least, beta, &sum);
    for (size_t i = 0; i < count; i++)
        values[i] = (float)(exp(-beta * ((double)values[i] - least)) / sum);
}

static Status conditional_fill(Context *ctx, Conditional *conditional, const float *points, size_t dim,
                               double perplexity) {
    const size_t count = conditional->count, neighbours = conditional->neighbours;
    TRY(NEW_ARRAY(ctx, &conditional->lists, count * neighbours));
    TRY(NEW_ARRAY(ctx, &conditional->values, count * neighbours));
    TRY(neighbour_lists(ctx, conditional->lists, points, count, dim, neighbours));
    for (size_t first = 0; first < count; first += ROWS_BETWEEN_CHECKS) {
        const size_t end = first + ROWS_BETWEEN_CHECKS < count ? first + ROWS_BETWEEN_CHECKS : count;
#pragma omp parallel for schedule(static) num_threads(ctx->threads)
        for (size_t row = first; row < end; row++) {
            float *values = conditional->values + row * neighbours;
            for (size_t i = 0; i < neighbours; i++) {
                const size_t other = (size_t)conditional->lists[row * neighbours + i];
                values[i] = vector_distance(points + row * dim, points + other * dim, dim);
            }
            row_calibrate(values, neighbours, log(perplexity));
        }
        TRY(context_check_cancel(ctx));
    }
    return SPICA_OK;
}

/* Rows are gone through in their order, so every column comes out in the order of its rows. */
static Status conditional_transpose(Context *ctx, Conditional *conditional) {
    const size_t count = conditional->count, neighbours = conditional->neighbours, total = count * neighbours;
    size_t *ends;
    TRY(NEW_ZEROED(ctx, &conditional->begins, count + 1));
    TRY(NEW_ARRAY(ctx, &conditional->rows, total));
    TRY(NEW_ARRAY(ctx, &conditional->transposed, total));
    TRY(NEW_ARRAY(ctx, &ends, count));
    for (size_t i = 0; i < total; i++)
        conditional->begins[conditional->lists[i] + 1]++;
    for (size_t column = 0; column < count; column++) {
        ends[column] = conditional->begins[column];
        conditional->begins[column + 1] += conditional->begins[column];
    }
    for (size_t i = 0; i < total; i++) {
        const size_t place = ends[conditional->lists[i]]++;
        conditional->rows[place] = (int32_t)(i / neighbours);
        conditional->transposed[place] = conditional->values[i];
    }
    FREE_ARRAY(ctx, &ends);
    return SPICA_OK;
}

/* One row of P from p_.|row and p_row|. , which are merged by the other point; returns where the next one begins. */
static size_t row_merge(TsneAffinities *affinities, const Conditional *conditional, size_t row, size_t place) {
    const float share = 0.5F / (float)affinities->count;
    size_t own = row * conditional->neighbours, other = conditional->begins[row];
    const size_t own_end = own + conditional->neighbours, other_end = conditional->begins[row + 1];
    for (; own < own_end || other < other_end; place++) {
        const int32_t to = own < own_end ? conditional->lists[own] : INT32_MAX;
        const int32_t from = other < other_end ? conditional->rows[other] : INT32_MAX;
        affinities->others[place] = to < from ? to : from;
        affinities->values[place] = (to <= from ? share * conditional->values[own] : 0) +
                                    (from <= to ? share * conditional->transposed[other] : 0);
        own += to <= from;
        other += from <= to;
    }
    return place;
}

static Status affinities_merge(Context *ctx, TsneAffinities *affinities, const Conditional *conditional) {
    const size_t most = 2 * conditional->count * conditional->neighbours;
    TRY(NEW_ARRAY(ctx, &affinities->begins, conditional->count + 1));
    TRY(NEW_ARRAY(ctx, &affinities->others, most));
    TRY(NEW_ARRAY(ctx, &affinities->values, most));
    affinities->begins[0] = 0;
    for (size_t row = 0; row < conditional->count; row++)
        affinities->begins[row + 1] = row_merge(affinities, conditional, row, affinities->begins[row]);
    return SPICA_OK;
}

Status tsne_affinities_open(Context *ctx, TsneAffinities *affinities, const float *points, size_t count, size_t dim,
                            double perplexity) {
    const size_t wanted = (size_t)(3 * perplexity + 1);
    Conditional conditional = {.count = count, .neighbours = wanted < count ? wanted : count - 1};
    Status status;
    *affinities = (TsneAffinities){.count = count};
    TRY_GOTO(status, close, conditional_fill(ctx, &conditional, points, dim, perplexity));
    TRY_GOTO(status, close, conditional_transpose(ctx, &conditional));
    TRY_GOTO(status, close, affinities_merge(ctx, affinities, &conditional));
close:
    conditional_close(ctx, &conditional);
    return status;
}

void tsne_affinities_close(Context *ctx, TsneAffinities *affinities) {
    FREE_ARRAY(ctx, &affinities->begins);
    FREE_ARRAY(ctx, &affinities->others);
    FREE_ARRAY(ctx, &affinities->values);
}
