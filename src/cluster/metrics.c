#include "cluster/metrics.h"

#include <float.h>
#include <math.h>

/* Products of two pair counts: pictures^2 each, beyond 64 bits from 65,536 pictures on. */
__extension__ typedef __int128 WideCount;

void confusion_count(int64_t *confusion, const int32_t *predicted, const int32_t *labels, size_t count, size_t clusters,
                     size_t classes) {
    for (size_t i = 0; i < clusters * classes; i++)
        confusion[i] = 0;
    for (size_t i = 0; i < count; i++) {
        if (predicted[i] < 0 || labels[i] < 0) continue;
        if ((size_t)predicted[i] >= clusters || (size_t)labels[i] >= classes) continue;
        confusion[(size_t)predicted[i] * classes + (size_t)labels[i]]++;
    }
}

/* A confusion matrix with its row and column sums. */
typedef struct Table {
    const int64_t *confusion; /* [clusters x classes] */
    size_t clusters, classes;
    int64_t *cluster_sizes; /* [clusters] */
    int64_t *class_sizes;   /* [classes] */
    int64_t pictures;
} Table;

static Status table_open(Context *ctx, Table *table, const int64_t *confusion, size_t clusters, size_t classes) {
    *table = (Table){.confusion = confusion, .clusters = clusters, .classes = classes};
    TRY(NEW_ZEROED(ctx, &table->cluster_sizes, clusters));
    TRY(NEW_ZEROED(ctx, &table->class_sizes, classes));
    for (size_t cluster = 0; cluster < clusters; cluster++) {
        for (size_t label = 0; label < classes; label++) {
            const int64_t both = confusion[cluster * classes + label];
            table->cluster_sizes[cluster] += both;
            table->class_sizes[label] += both;
            table->pictures += both;
        }
    }
    return SPICA_OK;
}

static void table_close(Context *ctx, Table *table) {
    FREE_ARRAY(ctx, &table->cluster_sizes);
    FREE_ARRAY(ctx, &table->class_sizes);
}

static size_t sizes_used(const int64_t *sizes, size_t count) {
    size_t used = 0;
    for (size_t i = 0; i < count; i++)
        used += sizes[i] > 0;
    return used;
}

/* Clustering accuracy, "unsupervised accuracy".
 *
 *   ACC = max over one-to-one maps m of clusters to classes of sum_k n[k][m(k)] / n
 *
 * Yang, Xu, Nie, Yan, Zhuang 2010, doi:10.1109/TIP.2010.2049235, Eq. 21. With more clusters than classes the clusters
 * left over count as wrong. No pictures: NaN. Cost: O(s^2 l) for sides s <= l (assignment.c). */
static Status table_accuracy(Context *ctx, const Table *table, double *accuracy, int64_t *class_of) {
    const size_t cells = table->clusters * table->classes;
    double *cost = NULL;
    Status status;
    TRY_GOTO(status, close, NEW_ARRAY(ctx, &cost, cells));
    for (size_t i = 0; i < cells; i++)
        cost[i] = -(double)table->confusion[i];
    TRY_GOTO(status, close, assignment_solve(ctx, cost, table->clusters, table->classes, class_of));
    int64_t right = 0;
    for (size_t cluster = 0; cluster < table->clusters; cluster++)
        if (class_of[cluster] >= 0) right += table->confusion[cluster * table->classes + (size_t)class_of[cluster]];
    *accuracy = table->pictures > 0 ? (double)right / (double)table->pictures : (double)NAN;
close:
    FREE_ARRAY(ctx, &cost);
    return status;
}

/* Purity: every cluster counts for the class that most of its pictures have.
 *
 *   purity = sum_k max_c n[k][c] / n
 *
 * Manning, Raghavan, Schuetze 2008, Introduction to Information Retrieval, section 16.3, doi:10.1017/CBO9780511809071.
 * No pictures: NaN. Cost: O(clusters x classes). */
static double table_purity(const Table *table) {
    int64_t dominating = 0;
    for (size_t cluster = 0; cluster < table->clusters; cluster++) {
        int64_t most = 0;
        for (size_t label = 0; label < table->classes; label++) {
            const int64_t both = table->confusion[cluster * table->classes + label];
            if (both > most) most = both;
        }
        dominating += most;
    }
    return table->pictures > 0 ? (double)dominating / (double)table->pictures : (double)NAN;
}

/* H = -sum_i s_i/n log(s_i/n), in nats. */
static double entropy(const int64_t *sizes, size_t count, int64_t total) {
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        if (sizes[i] > 0) sum -= (double)sizes[i] / (double)total * (log((double)sizes[i]) - log((double)total));
    return sum;
}

/* I = sum_kc n_kc/n log(n n_kc / (n_k n_c)), in nats; a term smaller than rounding counts as 0, and so does a sum
 * below 0. */
static double mutual_information(const Table *table) {
    const double total = (double)table->pictures;
    double sum = 0;
    for (size_t cluster = 0; cluster < table->clusters; cluster++) {
        for (size_t label = 0; label < table->classes; label++) {
            const int64_t both = table->confusion[cluster * table->classes + label];
            if (both == 0) continue;
            const double independent =
                log((double)table->cluster_sizes[cluster]) + log((double)table->class_sizes[label]) - log(total);
            const double term = (double)both / total * (log((double)both) - independent);
            if (fabs(term) >= DBL_EPSILON) sum += term;
        }
    }
    return sum > 0 ? sum : 0;
}

/* Normalised mutual information, by the arithmetic and by the geometric mean of the entropies.
 *
 *   NMI = I(clusters, classes) / mean(H(clusters), H(classes))
 *
 * Strehl and Ghosh 2002, doi:10.1162/153244303321897735, Eq. 2 (geometric); Vinh, Epps, Bailey 2010,
 * https://jmlr.org/papers/v11/vinh10a.html, Table 2 (both). As scikit-learn: 1 where both sides are a single group or
 * there are no pictures, else 0 where the information is 0, which it is exactly where one side is a single group. Cost:
 * O(clusters x classes). */
static void table_nmi(const Table *table, Metrics *metrics) {
    const size_t clusters = sizes_used(table->cluster_sizes, table->clusters);
    const size_t classes = sizes_used(table->class_sizes, table->classes);
    metrics->nmi = metrics->nmi_geometric = 1;
    if (clusters <= 1 && classes <= 1) return;
    metrics->nmi = metrics->nmi_geometric = 0;
    if (clusters <= 1 || classes <= 1) return; /* rounding would leave a little, and the geometric mean is 0 */
    const double information = mutual_information(table);
    if (information == 0) return;
    const double of_clusters = entropy(table->cluster_sizes, table->clusters, table->pictures);
    const double of_classes = entropy(table->class_sizes, table->classes, table->pictures);
    metrics->nmi = information / (0.5 * (of_clusters + of_classes));
    metrics->nmi_geometric = information / sqrt(of_clusters * of_classes);
}

static int64_t sum_of_squares(const int64_t *counts, size_t count) {
    int64_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += counts[i] * counts[i];
    return sum;
}

/* Adjusted Rand index, from the ordered pairs of pictures that share a cluster, a class, both or neither.
 *
 *   ARI = 2 (tp tn - fn fp) / ((tp + fn)(fn + tn) + (tp + fp)(fp + tn))
 *
 * Hubert and Arabie 1985, doi:10.1007/BF01908075, in the form of Steinley 2004, doi:10.1037/1082-989X.9.3.386. As
 * scikit-learn: 1 where the two partitions agree on every pair, which a set of no pictures does. Counts are exact up to
 * 3e9 pictures, their products up to 1e38. Cost: O(clusters x classes). */
static double table_ari(const Table *table) {
    const int64_t both = sum_of_squares(table->confusion, table->clusters * table->classes);
    const int64_t same_cluster = sum_of_squares(table->cluster_sizes, table->clusters);
    const int64_t same_class = sum_of_squares(table->class_sizes, table->classes);
    const WideCount tp = both - table->pictures;
    const WideCount fp = same_cluster - both;
    const WideCount fn = same_class - both;
    const WideCount tn = (WideCount)table->pictures * table->pictures - table->pictures - tp - fp - fn;
    if (fp == 0 && fn == 0) return 1;
    return 2.0 * (double)(tp * tn - fn * fp) / (double)((tp + fn) * (fn + tn) + (tp + fp) * (fp + tn));
}

static Status table_metrics(Context *ctx, const Table *table, Metrics *metrics, int64_t *class_of) {
    TRY(table_accuracy(ctx, table, &metrics->acc, class_of));
    table_nmi(table, metrics);
    metrics->ari = table_ari(table);
    metrics->purity = table_purity(table);
    return SPICA_OK;
}

Status metrics_compute(Context *ctx, Metrics *metrics, const int64_t *confusion, size_t clusters, size_t classes,
                       int64_t *class_of) {
    const double none = (double)NAN;
    *metrics = (Metrics){.acc = none,
                         .nmi = none,
                         .nmi_geometric = none,
                         .ari = none,
                         .purity = none,
                         .clusters = clusters,
                         .classes = classes};
    Table table = {0};
    int64_t *matched = NULL;
    Status status;
    TRY_GOTO(status, close, table_open(ctx, &table, confusion, clusters, classes));
    TRY_GOTO(status, close, NEW_ARRAY(ctx, &matched, clusters));
    for (size_t cluster = 0; cluster < clusters; cluster++)
        matched[cluster] = -1;
    metrics->pictures = (size_t)table.pictures;
    if (classes > 0) TRY_GOTO(status, close, table_metrics(ctx, &table, metrics, matched));
    for (size_t cluster = 0; class_of != NULL && cluster < clusters; cluster++)
        class_of[cluster] = matched[cluster];
close:
    table_close(ctx, &table);
    FREE_ARRAY(ctx, &matched);
    return status;
}

Status metrics_ari(Context *ctx, double *ari, const int64_t *confusion, size_t clusters, size_t classes) {
    Table table = {0};
    const Status status = table_open(ctx, &table, confusion, clusters, classes);
    if (status == SPICA_OK) *ari = table_ari(&table);
    table_close(ctx, &table);
    return status;
}
