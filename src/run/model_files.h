/* The run's networks and their weights files. */
#ifndef SPICA_RUN_MODEL_FILES_H
#define SPICA_RUN_MODEL_FILES_H

#include "run/run.h"

/* The backbone of stage 1 with a head of SPICE's second stage on it. */
ModelSpec clustering_spec(const Run *run);

/* Opens a model of this spec with the weights of stage 1 in its backbone, where the data are pictures; embeddings come
 * from no backbone. The rest is not initialised. model is zeroed or closed. */
Status run_open_features_model(Context *ctx, const Run *run, const ModelSpec *spec, Model *model);

/* Opens the backbone of stage 1, or where stage 2 moved it that one, with the head of stage 2. model is zeroed or
 * closed. */
Status run_open_clustering_model(Context *ctx, const Run *run, Model *model);

/* A head's flat weights w0 b0 w2 b2 into the model's tensors head.0.weight ... */
Status model_set_head(Context *ctx, const float *weights, Model *model);

/* Opens the model that a file of the run folder describes, without a word in the log. */
Status model_file_read(Context *ctx, const Run *run, const char *name, Model *model);

/* Writes these parts (ModelParts) of a model as a file of the run folder. */
Status model_file_write(Context *ctx, const Run *run, const char *name, const Model *model, unsigned parts);

#endif
