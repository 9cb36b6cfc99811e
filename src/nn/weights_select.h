/* Writing a part of a network's tensors, for model.c. */
#ifndef SPICA_NN_WEIGHTS_SELECT_H
#define SPICA_NN_WEIGHTS_SELECT_H

#include "nn/weights.h"

/* The name under which the tensor goes into the file (valid while it is written), or NULL to leave it out. */
typedef const char *(*WeightsSelect)(const void *user, const char *name);

/* As weights_write, of the tensors that `select` names. */
Status weights_write_selected(Context *ctx, const char *path, const Params *params, WeightsSelect select,
                              const void *user, const WeightsMeta *meta, size_t meta_count);

#endif
