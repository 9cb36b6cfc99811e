/* What works on pictures and matrices without a network, under spica bench. */
#include "bench_parts.h"

#include "augment/augment.h"
#include "base/log.h"
#include "base/random.h"
#include "cluster/kmeans.h"
#include "cluster/knn.h"
#include "cluster/tsne.h"
#include "nn/losses.h"

/* ---- augmentation ---- */

typedef struct AugmentState {
    Policy policy;
    Dataset dataset;
    int64_t rows[256];
    ViewKey key;
    float *output;
} AugmentState;

static Status augment_call(Context *ctx, void *opaque) {
    AugmentState *state = opaque;
    state->key.step++;
    return augment_batch(ctx, &state->policy, &state->dataset, state->rows, 256, state->key, state->output);
}

Status bench_augment(Context *ctx, const Bench *bench, double *value) {
    AugmentState state = {.policy = policy_default(bench->policy, bench->channels), .key = {.purpose = RANDOM_TEST}};
    for (int i = 0; i < 256; i++)
        state.rows[i] = i;
    Status status = synthetic_dataset(ctx, &state.dataset, 256, bench->side, bench->channels);
    if (status == SPICA_OK)
        status = NEW_ARRAY(ctx, &state.output, 256 * (size_t)(bench->side * bench->side * bench->channels));
    const int threads = ctx->threads;
    ctx->threads = 1;
    if (status == SPICA_OK) status = time_calls(ctx, augment_call, &state, value);
    ctx->threads = threads;
    *value *= 256.0;
    FREE_ARRAY(ctx, &state.output);
    dataset_close(ctx, &state.dataset);
    return status;
}

/* ---- nearest neighbours: one search ---- */

Status bench_knn(Context *ctx, const Bench *bench, double *value) {
    const size_t count = bench->batch, dim = (size_t)bench->width, k = 100;
    float *points = NULL;
    int32_t *neighbours = NULL;
    Status status = NEW_ARRAY(ctx, &points, count * dim);
    if (status == SPICA_OK) status = NEW_ARRAY(ctx, &neighbours, count * k);
    if (status == SPICA_OK) {
        Random random = random_at(3, RANDOM_TEST, 0, 0, 0);
        for (size_t i = 0; i < count * dim; i++)
            points[i] = random_normal(&random);
        normalize_rows(points, count, dim, NULL);
        const double start = clock_seconds();
        status = knn_search(ctx, neighbours, NULL, points, count, points, count, dim, k);
        *value = clock_seconds() - start;
    }
    FREE_ARRAY(ctx, &points);
    FREE_ARRAY(ctx, &neighbours);
    return status;
}

/* Rows of length 1 in ten clouds. */
static Status cloud_points(Context *ctx, float **points, size_t count, size_t dim) {
    TRY(NEW_ARRAY(ctx, points, count * dim));
    for (size_t row = 0; row < count; row++) {
        Random noise = random_at(4, RANDOM_TEST, row, 0, 0), centre = random_at(4, RANDOM_TEST, row % 10, 1, 0);
        for (size_t d = 0; d < dim; d++)
            (*points)[row * dim + d] = random_normal(&centre) + random_normal(&noise);
    }
    normalize_rows(*points, count, dim, NULL);
    return SPICA_OK;
}

/* ---- k-means: one start, ten iterations ---- */

Status bench_kmeans(Context *ctx, const Bench *bench, double *value) {
    const KmeansSettings settings = {.clusters = bench->clusters, .starts = 1, .iterations = 10, .tolerance = 1e-12};
    float *points = NULL;
    int32_t *labels = NULL;
    Status status = cloud_points(ctx, &points, bench->batch, (size_t)bench->width);
    if (status == SPICA_OK) status = NEW_ARRAY(ctx, &labels, bench->batch);
    if (status == SPICA_OK) {
        const double start = clock_seconds();
        status = kmeans(ctx, &settings, points, bench->batch, (size_t)bench->width, labels, NULL, NULL);
        *value = clock_seconds() - start;
    }
    FREE_ARRAY(ctx, &points);
    FREE_ARRAY(ctx, &labels);
    return status;
}

/* ---- t-SNE: one map of embeddings in 10 clouds ---- */

Status bench_tsne(Context *ctx, const Bench *bench, double *value) {
    const size_t count = bench->batch, dim = (size_t)bench->width;
    const TsneSettings settings = tsne_default();
    float *points = NULL, *map = NULL;
    Status status = cloud_points(ctx, &points, count, dim);
    if (status == SPICA_OK) status = NEW_ARRAY(ctx, &map, 2 * count);
    if (status == SPICA_OK) {
        const double start = clock_seconds();
        status = tsne_run(ctx, map, &settings, points, count, dim, NULL);
        *value = clock_seconds() - start;
    }
    FREE_ARRAY(ctx, &points);
    FREE_ARRAY(ctx, &map);
    return status;
}
