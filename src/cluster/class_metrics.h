/* How well each class is found again in the cluster that is matched to it. */
#ifndef SPICA_CLUSTER_CLASS_METRICS_H
#define SPICA_CLUSTER_CLASS_METRICS_H

#include "cluster/metrics.h"

typedef struct ClassMetrics {
    int64_t cluster; /* matched to the class, -1 for none */
    int64_t size;    /* pictures of the class */
    double precision, recall, f1;
} ClassMetrics;

typedef struct MacroMetrics {
    double f1;                /* mean of the classes' */
    double balanced_accuracy; /* mean of the classes' recall */
} MacroMetrics;

/* by_class[classes] and their means, of a confusion matrix[clusters x classes] and the class matched to each cluster
 * (metrics_compute). A class without pictures has NaN and counts in no mean; the means are NaN where all are so. */
void class_metrics_compute(ClassMetrics *by_class, MacroMetrics *macro, const int64_t *confusion, size_t clusters,
                           size_t classes, const int64_t *class_of);

#endif
