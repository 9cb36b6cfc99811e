/* Pictures assigned by a run's model or by the centres of a classic algorithm. */
#ifndef SPICA_RUN_ASSIGNED_H
#define SPICA_RUN_ASSIGNED_H

#include "data/dataset.h"
#include "nn/model.h"

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

/* Opens other pictures for a run: files as the run read its own, unless the caller wants it otherwise (options.data.*;
 * NULL: no wish), made grey or RGB as `spec` has it. */
Status assigned_open_data(Context *ctx, const char *run, const char *data, const spica_options *options,
                          const ModelSpec *spec, Dataset *dataset);

#endif
