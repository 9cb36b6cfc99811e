/* Pictures assigned by a run's model. */
#ifndef SPICA_RUN_ASSIGNED_H
#define SPICA_RUN_ASSIGNED_H

#include "data/dataset.h"

/* Zeroed may be closed. */
typedef struct Assigned {
    Dataset dataset;
    int32_t *clusters;    /* one per picture, owned */
    float *confidences;   /* one per picture, owned */
    size_t cluster_count; /* K */
} Assigned;

/* run: a run folder or a weights file with a clustering head; options: data.* and run.threads count, or NULL. */
Status assigned_open(Context *ctx, Assigned *assigned, const char *run, const char *data, const spica_options *options);
void assigned_close(Context *ctx, Assigned *assigned);

#endif
