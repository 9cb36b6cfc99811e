/* Clustering of rows by the classic algorithms: the baselines of SPICE's Table I and PICA's Table 1.
 *
 * Floor plan of the folder:
 *   partition.h        this file: the six algorithms behind one pair of functions, fit and assign
 *   partition_input.h  the rows: pixels, their principal components, or embeddings
 *   partition_file.h   input and model as a file
 *   partition_size.h   how much memory an algorithm takes
 */
#ifndef SPICA_METHODS_PARTITION_H
#define SPICA_METHODS_PARTITION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/memory.h"
#include "cluster/proximity.h"

typedef enum PartitionKind {
    PARTITION_KMEANS,
    PARTITION_SPHERICAL_KMEANS,
    PARTITION_SPECTRAL,
    PARTITION_AGGLOMERATIVE,
    PARTITION_NMF,
    PARTITION_GMM,
    PARTITION_KIND_COUNT
} PartitionKind;

/* "kmeans", "spherical-kmeans", "spectral", "agglomerative", "nmf", "gmm". */
const char *partition_kind_name(PartitionKind kind);

/* *kind of a name; false where there is none. */
bool partition_kind_find(const char *name, PartitionKind *kind);

/* Whether the algorithm leaves a rule for rows that it has not seen. Spectral and agglomerative clustering leave none.
 */
bool partition_assigns(PartitionKind kind);

/* What an algorithm does not know stays unused; 0 in iterations or tolerance: the algorithm's own default. */
typedef struct PartitionSettings {
    PartitionKind kind;
    size_t clusters;
    int starts;        /* of k-means: of its own, of a mixture's start, in the spectral embedding */
    int iterations;    /* at most: of k-means, EM or NMF */
    double tolerance;  /* where they end */
    size_t neighbours; /* of the spectral graph, the point among them */
    Linkage linkage;   /* of agglomerative clustering */
    double floor;      /* least variance of a mixture */
    uint64_t seed;
} PartitionSettings;

/* What assigns other rows, in single precision, as its file has it. Zeroed may be closed. */
typedef struct PartitionModel {
    PartitionKind kind;
    size_t clusters, dim;
    float *centres;   /* [clusters x dim], owned: centres, means of a mixture, parts of NMF; NULL: no such rule */
    float *variances; /* [clusters x dim], owned: of a mixture, else NULL */
    float *weights;   /* [clusters], owned: of a mixture, else NULL */
} PartitionModel;

void partition_model_close(Context *ctx, PartitionModel *model);

#define PARTITION_FIGURES_MOST 4

/* What an algorithm tells of its work. */
typedef struct PartitionReport {
    size_t count;
    struct {
        const char *name; /* "inertia", "iterations" ... */
        double value;
    } figures[PARTITION_FIGURES_MOST];
    double seconds; /* of the algorithm itself */
} PartitionReport;

/* labels[count] of points[count x dim], each 0 .. clusters-1, and the model, to be closed with partition_model_close
 * whatever the status. Where there is a model, the labels are those that it assigns, unless that would leave a cluster
 * of k-means empty (equal rows). Errors: the algorithms': SPICA_ERROR_OPTION, SPICA_ERROR_DATA, SPICA_ERROR_NUMERIC,
 * SPICA_ERROR_MEMORY, SPICA_CANCELLED. */
Status partition_fit(Context *ctx, const PartitionSettings *settings, const float *points, size_t count, size_t dim,
                     int32_t *labels, PartitionModel *model, PartitionReport *report);

/* labels[count] of points[count x model->dim]. confidences[count] (may be NULL): of a mixture the largest posterior
 * probability; of k-means 1 - d1 / d2, the margin between the nearest centre and the next one (spherical: of 1 -
 * cosine); of NMF the largest part's share of the row. probabilities[count x clusters] (NULL: not asked for): of a
 * mixture alone. The model has a rule. A row's answer does not depend on the others, but for a mixture's last bits. */
Status partition_assign(Context *ctx, const PartitionModel *model, const float *points, size_t count, int32_t *labels,
                        float *confidences, float *probabilities);

#endif
