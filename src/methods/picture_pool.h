/* Pictures that a trainer draws: those of a data set and, where there are any, auxiliary ones beside them, which are
 * not clustered. Numbers of the pool below the data set's count are its own. */
#ifndef SPICA_METHODS_PICTURE_POOL_H
#define SPICA_METHODS_PICTURE_POOL_H

#include "augment/augment.h"

typedef struct PicturePool {
    const Dataset *dataset;
    const Dataset *auxiliary; /* NULL: none */
} PicturePool;

size_t pool_count(const PicturePool *pool);

/* SPICA_ERROR_DATA when the auxiliary pictures are of another size or number of channels. */
Status pool_check(Context *ctx, const PicturePool *pool);

/* A step's pictures. */
typedef struct PoolBatch {
    int64_t *rows; /* count: numbers of the pool; after pool_split rows of the two data sets */
    size_t count;
    size_t auxiliary; /* after pool_split: how many are auxiliary; they stand first */
} PoolBatch;

/* Turns the batch's numbers into rows of the two data sets, the auxiliary ones first. */
void pool_split(const PicturePool *pool, PoolBatch *batch);

/* output[count x floats]: one view of every picture of a batch that was split; floats: of one view. As augment_batch.
 */
Status pool_views(Context *ctx, const Policy *policy, const PicturePool *pool, const PoolBatch *batch, ViewKey key,
                  size_t floats, float *output);

#endif
