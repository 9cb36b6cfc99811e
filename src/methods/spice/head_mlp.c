#include "methods/spice/head_mlp.h"

#include <cblas.h>
#include <stdio.h>
#include <string.h>

#include "base/simd.h"

#define HEAD_TENSORS 4
#define OFFSET_STEP 16 /* of Param.offset */

static size_t padded(size_t count) { return (count + OFFSET_STEP - 1) / OFFSET_STEP * OFFSET_STEP; }

static void describe_tensor(Param *param, int head, const char *name, ParamKind kind, size_t rows, size_t columns,
                            size_t *offset) {
    *param = (Param){.kind = kind,
                     .rank = columns > 0 ? 2 : 1,
                     .shape = {(int64_t)rows, (int64_t)columns},
                     .offset = *offset,
                     .count = columns > 0 ? rows * columns : rows};
    snprintf(param->name, sizeof param->name, "%d.head.%s", head, name);
    *offset += padded(param->count);
}

/* table[4]: offsets from *offset on, which moves behind the head. */
static void describe_head(Param *table, HeadShape shape, int head, size_t *offset) {
    describe_tensor(&table[0], head, "0.weight", PARAM_LINEAR_WEIGHT, shape.hidden, shape.dim, offset);
    describe_tensor(&table[1], head, "0.bias", PARAM_LINEAR_BIAS, shape.hidden, 0, offset);
    describe_tensor(&table[2], head, "2.weight", PARAM_LINEAR_WEIGHT, shape.clusters, shape.hidden, offset);
    describe_tensor(&table[3], head, "2.bias", PARAM_LINEAR_BIAS, shape.clusters, 0, offset);
}

static Status head_block_allocate(Context *ctx, HeadBlock *block, size_t floats) {
    const size_t count = (size_t)block->count;
    block->all.count = floats * count;
    block->all.table_count = HEAD_TENSORS * count;
    TRY(NEW_ARRAY(ctx, &block->all.table, block->all.table_count));
    TRY(NEW_ZEROED(ctx, &block->all.values, block->all.count));
    TRY(NEW_ZEROED(ctx, &block->all.gradients, block->all.count));
    TRY(NEW_ZEROED(ctx, &block->heads, count));
    return NEW_ARRAY(ctx, &block->tables, block->all.table_count);
}

Status head_block_open(Context *ctx, HeadBlock *block, HeadShape shape, int count) {
    *block = (HeadBlock){.shape = shape, .count = count};
    const size_t floats = padded(shape.hidden * shape.dim) + padded(shape.hidden) +
                          padded(shape.clusters * shape.hidden) + padded(shape.clusters);
    TRY(head_block_allocate(ctx, block, floats));
    size_t offset = 0;
    for (size_t h = 0; h < (size_t)count; h++) {
        Param *table = block->tables + HEAD_TENSORS * h;
        const size_t first = offset;
        size_t own_offset = 0;
        describe_head(block->all.table + HEAD_TENSORS * h, shape, (int)h, &offset);
        describe_head(table, shape, (int)h, &own_offset);
        block->heads[h] = (Params){.table = table,
                                   .table_count = HEAD_TENSORS,
                                   .values = block->all.values + first,
                                   .gradients = block->all.gradients + first,
                                   .count = floats};
    }
    return SPICA_OK;
}

void head_block_close(Context *ctx, HeadBlock *block) {
    FREE_ARRAY(ctx, &block->all.table);
    FREE_ARRAY(ctx, &block->all.values);
    FREE_ARRAY(ctx, &block->all.gradients);
    FREE_ARRAY(ctx, &block->heads);
    FREE_ARRAY(ctx, &block->tables);
}

HeadWeights head_block_weights(const HeadBlock *block, int head) {
    const Params *params = &block->heads[head];
    return (HeadWeights){.w0 = params->values + params->table[0].offset,
                         .b0 = params->values + params->table[1].offset,
                         .w2 = params->values + params->table[2].offset,
                         .b2 = params->values + params->table[3].offset};
}

size_t head_compact_count(HeadShape shape) {
    return shape.hidden * shape.dim + shape.hidden + shape.clusters * shape.hidden + shape.clusters;
}

HeadWeights head_compact_weights(HeadShape shape, const float *weights) {
    HeadWeights view = {.w0 = weights};
    view.b0 = view.w0 + shape.hidden * shape.dim;
    view.w2 = view.b0 + shape.hidden;
    view.b2 = view.w2 + shape.clusters * shape.hidden;
    return view;
}

void head_block_compact(const HeadBlock *block, int head, float *compact) {
    const Params *params = &block->heads[head];
    for (int t = 0; t < HEAD_TENSORS; t++) {
        const Param *param = &params->table[t];
        memcpy(compact, params->values + param->offset, param->count * sizeof *compact);
        compact += param->count;
    }
}

SIMD_VERSIONS
static void add_bias_relu(float *rows, const float *bias, size_t count, size_t columns) {
    for (size_t i = 0; i < count; i++) {
        float *row = rows + i * columns;
        for (size_t j = 0; j < columns; j++) {
            const float value = row[j] + bias[j];
            row[j] = value > 0.0f || value != value ? value : 0.0f; /* NaN stays, to be noticed in the loss */
        }
    }
}

static void fill_bias(float *rows, const float *bias, size_t count, size_t columns) {
    for (size_t i = 0; i < count; i++)
        memcpy(rows + i * columns, bias, columns * sizeof *bias);
}

/* hidden[count x hidden] = relu(features W0^T + b0); logits[count x K] = hidden W2^T + b2 */
static void forward_block(HeadShape shape, const HeadWeights *weights, const float *features, size_t count,
                          float *hidden, float *logits) {
    const int rows = (int)count, dim = (int)shape.dim, width = (int)shape.hidden, clusters = (int)shape.clusters;
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, rows, width, dim, 1.0f, features, dim, weights->w0, dim, 0.0f,
                hidden, width);
    add_bias_relu(hidden, weights->b0, count, shape.hidden);
    fill_bias(logits, weights->b2, count, shape.clusters);
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, rows, clusters, width, 1.0f, hidden, width, weights->w2, width,
                1.0f, logits, clusters);
}

void head_forward(HeadShape shape, const HeadWeights *weights, const float *features, size_t count, float *logits,
                  float *work) {
    for (size_t first = 0; first < count; first += HEAD_BLOCK) {
        const size_t rows = count - first < HEAD_BLOCK ? count - first : HEAD_BLOCK;
        forward_block(shape, weights, features + first * shape.dim, rows, work, logits + first * shape.clusters);
    }
}

Status head_step_work_open(Context *ctx, HeadStepWork *work, HeadShape shape, size_t rows) {
    *work = (HeadStepWork){0};
    TRY(NEW_ARRAY(ctx, &work->gathered, HEAD_BLOCK * shape.dim));
    TRY(NEW_ARRAY(ctx, &work->hidden, rows * shape.hidden));
    TRY(NEW_ARRAY(ctx, &work->d_hidden, HEAD_BLOCK * shape.hidden));
    TRY(NEW_ARRAY(ctx, &work->logits, rows * shape.clusters));
    TRY(NEW_ARRAY(ctx, &work->d_logits, rows * shape.clusters));
    return NEW_ARRAY(ctx, &work->entropy, rows * shape.clusters);
}

void head_step_work_close(Context *ctx, HeadStepWork *work) {
    FREE_ARRAY(ctx, &work->gathered);
    FREE_ARRAY(ctx, &work->hidden);
    FREE_ARRAY(ctx, &work->d_hidden);
    FREE_ARRAY(ctx, &work->logits);
    FREE_ARRAY(ctx, &work->d_logits);
    FREE_ARRAY(ctx, &work->entropy);
}

static void gather_rows(float *gathered, const float *features, size_t dim, const int32_t *rows, size_t count) {
    for (size_t i = 0; i < count; i++)
        memcpy(gathered + i * dim, features + (size_t)rows[i] * dim, dim * sizeof *gathered);
}

/* sums[columns] += the rows, in their order. */
SIMD_VERSIONS
static void add_column_sums(float *sums, const float *rows, size_t count, size_t columns) {
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < columns; j++)
            sums[j] += rows[i * columns + j];
}

/* d relu: nothing passes where the output was 0. */
SIMD_VERSIONS
static void mask_relu(float *d_hidden, const float *hidden, size_t count) {
    for (size_t i = 0; i < count; i++)
        d_hidden[i] = hidden[i] > 0.0f ? d_hidden[i] : 0.0f;
}

/* Adds the gradients of one block of rows to kept = 1 or 0 times those that stand there. Backward of forward_block:
 *   dW2 += d_logits^T hidden, db2 += sum d_logits, d_hidden = d_logits W2 masked, dW0 += d_hidden^T x, db0 += sum. */
static void backward_block(HeadBlock *block, int head, const float *gathered, const float *hidden,
                           const float *d_logits, size_t count, float *d_hidden, float kept) {
    const HeadShape shape = block->shape;
    const HeadWeights weights = head_block_weights(block, head);
    Params *params = &block->heads[head];
    float *gradients[HEAD_TENSORS];
    for (int t = 0; t < HEAD_TENSORS; t++)
        gradients[t] = params->gradients + params->table[t].offset;
    const int rows = (int)count, dim = (int)shape.dim, width = (int)shape.hidden, clusters = (int)shape.clusters;
    cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, clusters, width, rows, 1.0f, d_logits, clusters, hidden, width,
                kept, gradients[2], width);
    if (kept == 0.0f) {
        memset(gradients[1], 0, shape.hidden * sizeof(float));
        memset(gradients[3], 0, shape.clusters * sizeof(float));
    }
    add_column_sums(gradients[3], d_logits, count, shape.clusters);
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, rows, width, clusters, 1.0f, d_logits, clusters, weights.w2,
                width, 0.0f, d_hidden, width);
    mask_relu(d_hidden, hidden, count * shape.hidden);
    cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, width, dim, rows, 1.0f, d_hidden, width, gathered, dim, kept,
                gradients[0], dim);
    add_column_sums(gradients[1], d_hidden, count, shape.hidden);
}

double head_gradients(HeadBlock *block, int head, const HeadLoss *loss, const float *features, const int32_t *rows,
                      const int32_t *labels, size_t count, HeadStepWork *work) {
    const HeadShape shape = block->shape;
    const HeadWeights weights = head_block_weights(block, head);
    for (size_t first = 0; first < count; first += HEAD_BLOCK) {
        const size_t some = count - first < HEAD_BLOCK ? count - first : HEAD_BLOCK;
        gather_rows(work->gathered, features, shape.dim, rows + first, some);
        forward_block(shape, &weights, work->gathered, some, work->hidden + first * shape.hidden,
                      work->logits + first * shape.clusters);
    }
    double value = cross_entropy(work->d_logits, work->logits, labels, NULL, count, shape.clusters, loss->kind,
                                 loss->temperature, (double)count);
    if (loss->entropy_weight != 0.0f)
        value += (double)loss->entropy_weight *
                 mean_entropy(work->d_logits, work->logits, count, shape.clusters, loss->entropy_weight, work->entropy);
    for (size_t first = 0; first < count; first += HEAD_BLOCK) {
        const size_t some = count - first < HEAD_BLOCK ? count - first : HEAD_BLOCK;
        if (count > HEAD_BLOCK) gather_rows(work->gathered, features, shape.dim, rows + first, some);
        backward_block(block, head, work->gathered, work->hidden + first * shape.hidden,
                       work->d_logits + first * shape.clusters, some, work->d_hidden, first > 0 ? 1.0f : 0.0f);
    }
    return value;
}

/* d_x = ((d_logits W2) where hidden > 0) W0, block by block; `gathered` holds it. */
void head_feature_gradients(const HeadBlock *block, int head, const int32_t *rows, size_t count, HeadStepWork *work,
                            float *d_features) {
    const HeadShape shape = block->shape;
    const HeadWeights weights = head_block_weights(block, head);
    const int dim = (int)shape.dim, width = (int)shape.hidden, clusters = (int)shape.clusters;
    for (size_t first = 0; first < count; first += HEAD_BLOCK) {
        const size_t some = count - first < HEAD_BLOCK ? count - first : HEAD_BLOCK;
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)some, width, clusters, 1.0f,
                    work->d_logits + first * shape.clusters, clusters, weights.w2, width, 0.0f, work->d_hidden, width);
        mask_relu(work->d_hidden, work->hidden + first * shape.hidden, some * shape.hidden);
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)some, dim, width, 1.0f, work->d_hidden, width,
                    weights.w0, dim, 0.0f, work->gathered, dim);
        for (size_t i = 0; i < some; i++) {
            float *row = d_features + (size_t)rows[first + i] * shape.dim;
            for (size_t d = 0; d < shape.dim; d++)
                row[d] += work->gathered[i * shape.dim + d];
        }
    }
}
