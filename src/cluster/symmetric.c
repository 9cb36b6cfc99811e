#include "cluster/symmetric.h"

#include <string.h>

#include "cluster/fortran.h"

/* LAPACK's dsyevr: relatively robust representations (Dhillon and Parlett 2004, doi:10.1016/j.laa.2003.12.028), after a
 * reduction to tridiagonal form. O(order^3); memory 8 order (rank + 39) bytes besides the matrix. */
Status symmetric_largest(Context *ctx, double *values, double *vectors, double *matrix, size_t order, size_t rank) {
    const int n = (int)order, last = n, first = n - (int)rank + 1, lwork = 26 * n, liwork = 10 * n;
    const double none = 0;
    double *all = NULL, *found = NULL, *work = NULL;
    int *integers = NULL, *support = NULL, number = 0, info = 0;
    Status status;
    TRY_GOTO(status, close, NEW_ARRAY(ctx, &all, order));
    TRY_GOTO(status, close, NEW_ARRAY(ctx, &found, order * rank));
    TRY_GOTO(status, close, NEW_ARRAY(ctx, &work, (size_t)lwork));
    TRY_GOTO(status, close, NEW_ARRAY(ctx, &integers, (size_t)liwork));
    TRY_GOTO(status, close, NEW_ARRAY(ctx, &support, 2 * order));
    /* The lower triangle of rows is the upper one of columns. */
    dsyevr_("V", "I", "U", &n, matrix, &n, &none, &none, &first, &last, &none, &number, all, found, &n, support, work,
            &lwork, integers, &liwork, &info, 1, 1, 1);
    if (info != 0 || number != (int)rank) {
        status = context_fail(ctx, SPICA_ERROR_NUMERIC, "eigenvectors: LAPACK's dsyevr ends with %d", info);
        goto close;
    }
    for (size_t i = 0; i < rank; i++) {
        values[i] = all[rank - 1 - i];
        memcpy(vectors + i * order, found + (rank - 1 - i) * order, order * sizeof *found);
    }
close:
    FREE_ARRAY(ctx, &all);
    FREE_ARRAY(ctx, &found);
    FREE_ARRAY(ctx, &work);
    FREE_ARRAY(ctx, &integers);
    FREE_ARRAY(ctx, &support);
    return status;
}
