/* A model over a whole data set: features, logits. */
#ifndef SPICA_METHODS_INFERENCE_H
#define SPICA_METHODS_INFERENCE_H

#include "augment/augment.h"
#include "nn/model.h"
#include "nn/plan.h"

/* features[count x D] (not normalised) and logits[count x K], either may be NULL, of the pictures rows[count] (NULL:
 * the first `count`) under `policy`: evaluation mode (running statistics), batches of `batch`, the last one filled up.
 * The i-th picture draws from position key.first + i, whatever the batch. Progress is reported under `stage` unless it
 * is NULL. */
Status infer_rows(Context *ctx, Model *model, const Dataset *dataset, const int64_t *rows, size_t count,
                  const Policy *policy, ViewKey key, size_t batch, const char *stage, float *features, float *logits);

#endif
