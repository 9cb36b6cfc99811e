/* How well a clustering agrees with labels, or with another clustering. */
#ifndef SPICA_CLUSTER_METRICS_H
#define SPICA_CLUSTER_METRICS_H

#include <stdint.h>

#include "base/memory.h"
#include "cluster/assignment.h"

typedef struct Metrics {
    double acc;           /* best one-to-one matching of clusters to classes; NaN without labels */
    double nmi;           /* normalised by the arithmetic mean (scikit-learn's default) */
    double nmi_geometric; /* by the geometric mean (the authors' programs) */
    double ari;
    double purity; /* dominating class of each cluster (PICA's text calls this ACC) */
    size_t clusters, classes, pictures;
} Metrics;

/* confusion[clusters x classes] counts of pictures, from pairs whose numbers are 0 .. ; a pair with a negative number
 * is left out, and so is one with a number beyond the matrix. */
void confusion_count(int64_t *confusion, const int32_t *predicted, const int32_t *labels, size_t count, size_t clusters,
                     size_t classes);

/* All metrics of a confusion matrix. Degenerate cases follow scikit-learn; without classes all are NaN, without
 * pictures acc and purity are. class_of[clusters] (may be NULL): the class matched to each cluster, -1 for none. */
Status metrics_compute(Context *ctx, Metrics *metrics, const int64_t *confusion, size_t clusters, size_t classes,
                       int64_t *class_of);

/* *ari alone, which needs no matching: O(clusters x classes). Errors: SPICA_ERROR_MEMORY. */
Status metrics_ari(Context *ctx, double *ari, const int64_t *confusion, size_t clusters, size_t classes);

#endif
