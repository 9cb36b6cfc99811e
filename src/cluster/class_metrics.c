#include "cluster/class_metrics.h"

#include <math.h>

static int64_t column_sum(const int64_t *confusion, size_t clusters, size_t classes, size_t label) {
    int64_t sum = 0;
    for (size_t cluster = 0; cluster < clusters; cluster++)
        sum += confusion[cluster * classes + label];
    return sum;
}

static int64_t row_sum(const int64_t *confusion, size_t classes, size_t cluster) {
    int64_t sum = 0;
    for (size_t label = 0; label < classes; label++)
        sum += confusion[cluster * classes + label];
    return sum;
}

static int64_t matched_cluster(const int64_t *class_of, size_t clusters, size_t label) {
    for (size_t cluster = 0; cluster < clusters; cluster++)
        if (class_of[cluster] == (int64_t)label) return (int64_t)cluster;
    return -1;
}

/* Precision, recall and F1 of the one class, the matched cluster's pictures taken as the prediction.
 *
 *   P = n[m][c] / n[m]    R = n[m][c] / n[c]    F1 = 2 P R / (P + R) = 2 n[m][c] / (n[m] + n[c])
 *
 * van Rijsbergen 1979, Information Retrieval, chapter 7. As scikit-learn with zero_division=0: what divides by 0, since
 * the class has no cluster or one without pictures, is 0. */
static ClassMetrics measure_class(const int64_t *confusion, size_t clusters, size_t classes, const int64_t *class_of,
                                  size_t label) {
    ClassMetrics one = {.cluster = matched_cluster(class_of, clusters, label),
                        .size = column_sum(confusion, clusters, classes, label)};
    if (one.size == 0) {
        one.precision = one.recall = one.f1 = (double)NAN;
        return one;
    }
    if (one.cluster < 0) return one;
    const int64_t both = confusion[(size_t)one.cluster * classes + label];
    const int64_t found = row_sum(confusion, classes, (size_t)one.cluster);
    if (found > 0) one.precision = (double)both / (double)found;
    one.recall = (double)both / (double)one.size;
    one.f1 = 2.0 * (double)both / (double)(found + one.size);
    return one;
}

/* Cost: O(clusters x classes). */
void class_metrics_compute(ClassMetrics *by_class, MacroMetrics *macro, const int64_t *confusion, size_t clusters,
                           size_t classes, const int64_t *class_of) {
    double f1 = 0, recall = 0, present = 0;
    for (size_t label = 0; label < classes; label++) {
        by_class[label] = measure_class(confusion, clusters, classes, class_of, label);
        if (by_class[label].size == 0) continue;
        f1 += by_class[label].f1;
        recall += by_class[label].recall;
        present++;
    }
    *macro = (MacroMetrics){.f1 = (double)NAN, .balanced_accuracy = (double)NAN};
    if (present > 0) *macro = (MacroMetrics){.f1 = f1 / present, .balanced_accuracy = recall / present};
}
