#include "methods/picture_pool.h"

size_t pool_count(const PicturePool *pool) {
    return pool->dataset->count + (pool->auxiliary != NULL ? pool->auxiliary->count : 0);
}

Status pool_check(Context *ctx, const PicturePool *pool) {
    const Dataset *own = pool->dataset, *more = pool->auxiliary;
    if (more == NULL || (more->height == own->height && more->width == own->width && more->channels == own->channels))
        return SPICA_OK;
    return context_fail(ctx, SPICA_ERROR_DATA,
                        "the auxiliary pictures are %d x %d x %d, but the data's are %d x %d x %d: they must be alike",
                        more->height, more->width, more->channels, own->height, own->width, own->channels);
}

void pool_split(const PicturePool *pool, PoolBatch *batch) {
    const int64_t own = (int64_t)pool->dataset->count;
    batch->auxiliary = 0;
    for (size_t i = 0; i < batch->count; i++) {
        const int64_t row = batch->rows[i];
        if (row < own) continue;
        batch->rows[i] = batch->rows[batch->auxiliary];
        batch->rows[batch->auxiliary++] = row - own;
    }
}

Status pool_views(Context *ctx, const Policy *policy, const PicturePool *pool, const PoolBatch *batch, ViewKey key,
                  size_t floats, float *output) {
    const size_t first = batch->auxiliary;
    if (first > 0) TRY(augment_batch(ctx, policy, pool->auxiliary, batch->rows, first, key, output));
    key.first += first;
    return augment_batch(ctx, policy, pool->dataset, batch->rows + first, batch->count - first, key,
                         output + first * floats);
}
