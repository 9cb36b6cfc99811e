/* Multinomial logistic regression, for asking what features know (SPICE's Table VI).
 *
 * Minimises  1/N sum_i -log softmax(W x_i + b)[y_i] + decay/2 |W|^2  by L-BFGS with ten pairs (Liu and Nocedal 1989,
 * doi:10.1007/BF01589116) from zero. Cost per iteration: two products of N x D x K; memory: N x K floats, and about
 * twenty-five vectors of K (D + 1) doubles. */
#ifndef SPICA_CLUSTER_LINEAR_CLASSIFIER_H
#define SPICA_CLUSTER_LINEAR_CLASSIFIER_H

#include <stdint.h>

#include "base/memory.h"

typedef struct LinearSettings {
    size_t classes;   /* K */
    double decay;     /* scikit-learn's 1 / (C N) */
    int iterations;   /* at most; 0: 200 */
    double tolerance; /* largest |gradient| at the end; 0: 1e-5 */
} LinearSettings;

typedef struct LinearFit {
    double loss;    /* of the objective at the end */
    int iterations; /* that it took */
} LinearFit;

/* weights[K x (D + 1)]: row k is W_k, b_k. labels[rows] on 0 .. K-1. The result does not depend on the number of
 * threads. fit may be NULL. Errors: SPICA_ERROR_OPTION, SPICA_ERROR_NUMERIC where a feature is not finite,
 * SPICA_CANCELLED. */
Status linear_fit(Context *ctx, const LinearSettings *settings, const float *features, const int32_t *labels,
                  size_t rows, size_t dim, float *weights, LinearFit *fit);

/* predicted[rows]: the class of the largest logit, ties by the smaller class. */
Status linear_predict(Context *ctx, const float *weights, const float *features, size_t rows, size_t dim,
                      size_t classes, int32_t *predicted);

#endif
