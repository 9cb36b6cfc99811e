/* How good a clustering is, as numbers and as JSON. Labels are read here and nowhere else in a run. */
#ifndef SPICA_RUN_QUALITY_H
#define SPICA_RUN_QUALITY_H

#include <jansson.h>

#include "cluster/metrics.h"

typedef struct Quality {
    Metrics metrics; /* NaN without labels */
    size_t clusters, classes;
    int64_t *sizes;     /* clusters counts of pictures, owned */
    int64_t *confusion; /* clusters x classes, owned; NULL without labels */
    int64_t *class_of;  /* clusters, owned; NULL without labels */
} Quality;

/* predicted[count] on 0 .. clusters-1; labels[count], -1 for pictures without one, or NULL. */
Status quality_measure(Context *ctx, Quality *quality, const int32_t *predicted, size_t count, size_t clusters,
                       const int32_t *labels, size_t classes);
void quality_close(Context *ctx, Quality *quality);

/* Adds acc, nmi, nmi_geometric, ari, purity; null where undefined. */
Status quality_add_scores(Context *ctx, json_t *object, const Metrics *metrics);

/* *object: the scores, clusters, pictures, sizes and, with labels, confusion, class_names and class_of; the caller's
 * until json_decref. class_names may be NULL. */
Status quality_json(Context *ctx, const Quality *quality, char *const *class_names, json_t **object);

/* For the public functions. quality may be NULL. */
void quality_publish(const Quality *quality, spica_quality *published);

#endif
