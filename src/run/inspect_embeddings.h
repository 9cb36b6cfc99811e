/* What is told of embeddings that stand in place of pictures. */
#ifndef SPICA_RUN_INSPECT_EMBEDDINGS_H
#define SPICA_RUN_INSPECT_EMBEDDINGS_H

#include "base/json_text.h"
#include "config/options.h"
#include "data/dataset.h"

/* N, D and the lengths of the rows. */
Status inspect_embeddings(Context *ctx, const Dataset *dataset, json_t *object);

/* Which stages of run.method spica_cluster leaves out. */
Status inspect_embedding_stages(Context *ctx, const Options *options, json_t *plan);

#endif
