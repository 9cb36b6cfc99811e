#include "cluster/lanczos.h"

#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include <arpack/arpack.h>

#include "base/random.h"
#include "cluster/blas_threads.h"
#include "cluster/symmetric.h"

/* The implicitly restarted Lanczos method (Lehoucq, Sorensen and Yang 1998, doi:10.1137/1.9780898719628), ARPACK's
 * dsaupd and dseupd, over a basis of max(2 rank + 1, rank + 32) vectors. Matrices of no higher order than twice the
 * basis are made dense and solved whole (symmetric.c).
 *
 * Each restart costs about rank + 32 products and O(order x basis^2); memory 8 order (basis + 4) bytes. One start
 * vector cannot tell apart the eigenvectors of one eigenvalue: a caller whose matrix has such must split them before.
 *
 * ARPACK's routines keep variables between calls, so only one search is made at a time in the whole process. They run
 * with one thread. Where the start vector lies in an invariant subspace ARPACK goes on from random vectors of a
 * sequence of its own, which only then makes results depend on searches before. */

#define MAX_RESTARTS 10000
#define PRODUCTS_BETWEEN_CHECKS 16

static pthread_mutex_t arpack_lock = PTHREAD_MUTEX_INITIALIZER;

/* One search. Zeroed may be closed. */
typedef struct Lanczos {
    const LanczosMatrix *matrix;
    int order, rank, basis_size, work_size;
    double tolerance;
    double *basis;    /* [basis_size x order] */
    double *residual; /* [order] */
    double *vectors;  /* [3 x order]: in and out of products */
    double *work;     /* [work_size] */
    double *values;   /* [rank], rising */
    int *select;      /* [basis_size] */
    int options[11], places[11];
} Lanczos;

static size_t basis_choose(size_t rank) { return 2 * rank + 1 > rank + 32 ? 2 * rank + 1 : rank + 32; }

static Status lanczos_open(Context *ctx, Lanczos *lanczos, const LanczosMatrix *matrix, size_t rank, double tolerance,
                           uint64_t seed) {
    const size_t order = matrix->order, basis = basis_choose(rank);
    *lanczos = (Lanczos){
        .matrix = matrix, .order = (int)order, .rank = (int)rank, .basis_size = (int)basis, .tolerance = tolerance};
    lanczos->work_size = (int)(basis * (basis + 8));
    lanczos->options[0] = 1; /* exact shifts */
    lanczos->options[2] = MAX_RESTARTS;
    lanczos->options[6] = 1; /* a plain symmetric matrix */
    TRY(NEW_ARRAY(ctx, &lanczos->basis, order * basis));
    TRY(NEW_ARRAY(ctx, &lanczos->residual, order));
    TRY(NEW_ZEROED(ctx, &lanczos->vectors, 3 * order));
    TRY(NEW_ARRAY(ctx, &lanczos->work, (size_t)lanczos->work_size));
    TRY(NEW_ARRAY(ctx, &lanczos->values, rank));
    TRY(NEW_ZEROED(ctx, &lanczos->select, basis));
    Random random = random_at(seed, RANDOM_LANCZOS, 0, 0, 0);
    for (size_t i = 0; i < order; i++)
        lanczos->residual[i] = (double)random_normal(&random);
    return SPICA_OK;
}

static void lanczos_close(Context *ctx, Lanczos *lanczos) {
    FREE_ARRAY(ctx, &lanczos->basis);
    FREE_ARRAY(ctx, &lanczos->residual);
    FREE_ARRAY(ctx, &lanczos->vectors);
    FREE_ARRAY(ctx, &lanczos->work);
    FREE_ARRAY(ctx, &lanczos->values);
    FREE_ARRAY(ctx, &lanczos->select);
}

/* ARPACK asks for a product, until it has found what it seeks. */
static Status lanczos_search(Context *ctx, Lanczos *l) {
    int ask = 0, info = 1; /* 1: the residual is the start vector */
    for (int64_t products = 0;; products++) {
        dsaupd_c(&ask, "I", l->order, "LA", l->rank, l->tolerance, l->residual, l->basis_size, l->basis, l->order,
                 l->options, l->places, l->vectors, l->work, l->work_size, &info);
        if (ask != -1 && ask != 1) break;
        l->matrix->multiply(l->matrix->user, l->vectors + l->places[1] - 1, l->vectors + l->places[0] - 1);
        if (products % PRODUCTS_BETWEEN_CHECKS == 0) TRY(context_check_cancel(ctx));
    }
    if (info != 0)
        return context_fail(ctx, SPICA_ERROR_NUMERIC,
                            "eigenvectors: ARPACK's dsaupd ends with %d, having found %d of %d after %d restarts", info,
                            l->options[4], l->rank, l->options[2]);
    dseupd_c(1, "A", l->select, l->values, l->basis, l->order, 0, "I", l->order, "LA", l->rank, l->tolerance,
             l->residual, l->basis_size, l->basis, l->order, l->options, l->places, l->vectors, l->work, l->work_size,
             &info);
    if (info != 0) return context_fail(ctx, SPICA_ERROR_NUMERIC, "eigenvectors: ARPACK's dseupd ends with %d", info);
    return SPICA_OK;
}

static Status sparse_largest(Context *ctx, double *values, double *vectors, const LanczosMatrix *matrix, size_t rank,
                             double tolerance, uint64_t seed) {
    Lanczos lanczos = {0};
    Status status;
    TRY_GOTO(status, close, lanczos_open(ctx, &lanczos, matrix, rank, tolerance, seed));
    pthread_mutex_lock(&arpack_lock);
    status = lanczos_search(ctx, &lanczos);
    pthread_mutex_unlock(&arpack_lock);
    if (status != SPICA_OK) goto close;
    for (size_t i = 0; i < rank; i++) {
        values[i] = lanczos.values[rank - 1 - i];
        memcpy(vectors + i * matrix->order, lanczos.basis + (rank - 1 - i) * matrix->order,
               matrix->order * sizeof *vectors);
    }
close:
    lanczos_close(ctx, &lanczos);
    return status;
}

/* The matrix, row by row, by its products with unit vectors. */
static Status dense_largest(Context *ctx, double *values, double *vectors, const LanczosMatrix *matrix, size_t rank) {
    const size_t order = matrix->order;
    double *dense, *unit = NULL;
    Status status;
    TRY(memory_allocate(ctx, (void **)&dense, order, order * sizeof *dense));
    TRY_GOTO(status, close, NEW_ZEROED(ctx, &unit, order));
    for (size_t i = 0; i < order; i++) {
        unit[i] = 1;
        matrix->multiply(matrix->user, dense + i * order, unit);
        unit[i] = 0;
    }
    TRY_GOTO(status, close, symmetric_largest(ctx, values, vectors, dense, order, rank));
close:
    FREE_ARRAY(ctx, &dense);
    FREE_ARRAY(ctx, &unit);
    return status;
}

Status lanczos_largest(Context *ctx, double *values, double *vectors, const LanczosMatrix *matrix, size_t rank,
                       double tolerance, uint64_t seed) {
    if (matrix->order > INT_MAX / 4 || basis_choose(rank) > 40000)
        return context_fail(ctx, SPICA_ERROR_OPTION, "eigenvectors: cannot find %zu of a matrix of order %zu", rank,
                            matrix->order);
    const int callers = blas_threads_set(1);
    const Status status = matrix->order <= 2 * basis_choose(rank)
                              ? dense_largest(ctx, values, vectors, matrix, rank)
                              : sparse_largest(ctx, values, vectors, matrix, rank, tolerance, seed);
    blas_threads_restore(callers);
    return status;
}
