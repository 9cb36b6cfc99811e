/* How good a clustering is, as numbers and as JSON. Labels are read here and nowhere else in a run. */
#ifndef SPICA_RUN_QUALITY_H
#define SPICA_RUN_QUALITY_H

#include <jansson.h>
#include <stdbool.h>

#include "cluster/class_metrics.h"

typedef struct Quality {
    Metrics metrics;    /* NaN without labels */
    MacroMetrics macro; /* NaN without labels */
    /* What needs no labels, but for the last; NaN where undefined: */
    double smallest_share, largest_share; /* of the pictures, by cluster */
    double mean_confidence;
    double silhouette;        /* set by the caller (silhouette_sample) */
    double calibration_error; /* of confidences that are probabilities, against labels */
    size_t clusters, classes;
    int64_t *sizes;         /* clusters counts of pictures, owned */
    int64_t *confusion;     /* clusters x classes, owned; NULL without labels */
    int64_t *class_of;      /* clusters, owned; NULL without labels */
    ClassMetrics *by_class; /* classes, owned; NULL without labels */
} Quality;

/* predicted[count] on 0 .. clusters-1; labels[count], -1 for pictures without one, or NULL. */
Status quality_measure(Context *ctx, Quality *quality, const int32_t *predicted, size_t count, size_t clusters,
                       const int32_t *labels, size_t classes);
void quality_close(Context *ctx, Quality *quality);

/* Sets mean_confidence and, where the confidences are probabilities and there are labels, calibration_error.
 * confidences[count] of the pictures that were measured; one that is NaN leaves both undefined, one beyond 0 .. 1 the
 * second. */
void quality_add_confidences(Quality *quality, const float *confidences, bool probabilities, const int32_t *predicted,
                             size_t count, const int32_t *labels);

/* *mean: the silhouette of the clusters labels[count] on points[count x dim], by a random sample of SILHOUETTE_SAMPLE
 * points which depends on count alone. */
#define SILHOUETTE_SAMPLE 3000
Status silhouette_sample(Context *ctx, double *mean, const float *points, const int32_t *labels, size_t count,
                         size_t dim, size_t clusters);

/* Adds acc, nmi, nmi_geometric, ari, purity; null where undefined. */
Status quality_add_scores(Context *ctx, json_t *object, const Metrics *metrics);

/* Members of the JSON: an array of numbers, the matrix `confusion` of rows x columns, an array of names (bytes that are
 * no UTF-8 escaped). */
Status quality_add_integers(Context *ctx, json_t *object, const char *key, const int64_t *values, size_t count);
Status quality_add_confusion(Context *ctx, json_t *object, const int64_t *confusion, size_t rows, size_t columns);
Status quality_add_names(Context *ctx, json_t *object, const char *key, const char *const *names, size_t count);

/* *object: the scores, clusters, pictures, sizes, what needs no labels and, with labels, confusion, class_of, the macro
 * and per-class figures and class_names; the caller's until json_decref. class_names may be NULL. */
Status quality_json(Context *ctx, const Quality *quality, char *const *class_names, json_t **object);

/* For the public functions. quality may be NULL. */
void quality_publish(const Quality *quality, spica_quality *published);

/* Nothing is known: NaN, and no clusters or pictures. */
spica_quality quality_unknown(void);

#endif
