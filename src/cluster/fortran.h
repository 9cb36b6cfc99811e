/* LAPACK by its Fortran symbols, out of OpenBLAS. Matrices are column-major; each text argument's length follows at the
 * end, as Fortran compilers pass it. */
#ifndef SPICA_CLUSTER_FORTRAN_H
#define SPICA_CLUSTER_FORTRAN_H

#include <stddef.h>

/* Eigenvalues and eigenvectors of a symmetric matrix, by relatively robust representations. */
void dsyevr_(const char *jobz, const char *range, const char *uplo, const int *n, double *a, const int *lda,
             const double *vl, const double *vu, const int *il, const int *iu, const double *abstol, int *m, double *w,
             double *z, const int *ldz, int *isuppz, double *work, const int *lwork, int *iwork, const int *liwork,
             int *info, size_t jobz_length, size_t range_length, size_t uplo_length);

/* QR factors, and Q of them. */
void dgeqrf_(const int *m, const int *n, double *a, const int *lda, double *tau, double *work, const int *lwork,
             int *info);
void dorgqr_(const int *m, const int *n, const int *k, double *a, const int *lda, const double *tau, double *work,
             const int *lwork, int *info);

#endif
