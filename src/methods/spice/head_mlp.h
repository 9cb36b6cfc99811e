/* The clustering head as plain matrix products: Linear(D,hidden) ReLU Linear(hidden,K) on rows of features, forward
 * and backward, on the calling thread alone. Many heads are trained at once, one per thread, on features that are
 * matrices already, so that a network's plan would only be in the way. */
#ifndef SPICA_METHODS_SPICE_HEAD_MLP_H
#define SPICA_METHODS_SPICE_HEAD_MLP_H

#include "nn/losses.h"
#include "nn/params.h"

/* Rows of one product. Fixed, so that a row's logits do not depend on how many threads share the rows. */
#define HEAD_BLOCK 256

typedef struct HeadShape {
    size_t dim, hidden, clusters;
} HeadShape;

/* A head's tensors. */
typedef struct HeadWeights {
    const float *w0, *b0; /* hidden x D, hidden */
    const float *w2, *b2; /* K x hidden, K */
} HeadWeights;

/* All heads' parameters as one block, with one table entry per tensor ("0.head.0.weight" ...) for init_params and
 * views of single heads for the optimisers. */
typedef struct HeadBlock {
    HeadShape shape;
    Params all;
    Params *heads; /* count; their values, gradients and tables lie in `all` */
    Param *tables; /* count x 4: the single heads' tables, offsets within the head */
    int count;
} HeadBlock;

Status head_block_open(Context *ctx, HeadBlock *block, HeadShape shape, int count);
void head_block_close(Context *ctx, HeadBlock *block);

/* Views of a head's values (gradients false) or gradients, and of a compact copy in the order w0 b0 w2 b2. */
HeadWeights head_block_weights(const HeadBlock *block, int head);
HeadWeights head_compact_weights(HeadShape shape, const float *weights);
size_t head_compact_count(HeadShape shape);
/* compact[head_compact_count] = the head's weights without the block's paddings. */
void head_block_compact(const HeadBlock *block, int head, float *compact);

/* logits[count x K] of features[count x D]; work: HEAD_BLOCK x hidden floats. */
void head_forward(HeadShape shape, const HeadWeights *weights, const float *features, size_t count, float *logits,
                  float *work);

/* Memory of training steps of up to `rows` rows. Zeroed may be closed. */
typedef struct HeadStepWork {
    float *gathered; /* HEAD_BLOCK x D: rows of the features */
    float *hidden;   /* rows x hidden, after ReLU */
    float *d_hidden; /* HEAD_BLOCK x hidden */
    float *logits;   /* rows x K */
    float *d_logits; /* rows x K */
    float *entropy;  /* rows x K */
} HeadStepWork;

Status head_step_work_open(Context *ctx, HeadStepWork *work, HeadShape shape, size_t rows);
void head_step_work_close(Context *ctx, HeadStepWork *work);

typedef struct HeadLoss {
    CrossEntropyKind kind;
    float temperature;
    float entropy_weight; /* of Table VII's term; 0: none */
} HeadLoss;

/* The mean loss of rows[count] of `features` with labels[count], and the head's gradients (overwritten). */
double head_gradients(HeadBlock *block, int head, const HeadLoss *loss, const float *features, const int32_t *rows,
                      const int32_t *labels, size_t count, HeadStepWork *work);

/* Adds to the rows[count] of d_features[.. x D] the gradient of what head_gradients has just computed on the same rows
 * with the same work, before the head's weights change. */
void head_feature_gradients(const HeadBlock *block, int head, const int32_t *rows, size_t count, HeadStepWork *work,
                            float *d_features);

#endif
