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

/* What a pass over pictures asks of the network, and who takes it, batch by batch. */
typedef struct InferTaker {
    ValueId values[4]; /* plan_output's order */
    int value_count;
    /* Outputs of the pictures first .. first + count - 1 of the list stand in the plan's first `count` rows. */
    Status (*take)(Context *ctx, void *user, const Plan *plan, size_t first, size_t count);
    void *user;
} InferTaker;

/* As infer_rows, for any values of the model's network. */
Status infer_values(Context *ctx, Model *model, const Dataset *dataset, const int64_t *rows, size_t count,
                    const Policy *policy, ViewKey key, size_t batch, const char *stage, const InferTaker *taker);

#endif
