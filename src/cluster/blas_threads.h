/* Matrix products from inside our own parallel regions. */
#ifndef SPICA_CLUSTER_BLAS_THREADS_H
#define SPICA_CLUSTER_BLAS_THREADS_H

#include <omp.h>

/* OpenBLAS takes one thread inside a parallel region of several threads, which is how this room calls it: every block
 * of a product has a fixed shape and one thread, so its bits do not depend on the number of threads. A region of one
 * thread does not count as parallel, though, and then OpenBLAS asks omp_get_max_threads, so that must be set to the
 * region's number. Returns the caller's number, for blas_threads_restore. */
static inline int blas_threads_set(int threads) {
    const int callers = omp_get_max_threads();
    omp_set_num_threads(threads);
    return callers;
}

static inline void blas_threads_restore(int callers) { omp_set_num_threads(callers); }

#endif
