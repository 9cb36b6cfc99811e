#include "augment/augment.h"

#include <omp.h>

#include "augment/filter.h"
#include "augment/policy.h"

/* One call of augment_batch. */
typedef struct Batch {
    const Policy *policy;
    const Dataset *dataset;
    const int64_t *rows;
    ViewKey key;
    int64_t height, width;    /* of the output */
    float scale[3], shift[3]; /* output = byte * scale + shift */
    float *output;
} Batch;

static void batch_normalisation(Batch *batch) {
    for (int c = 0; c < 3; c++) {
        const double deviation = (double)batch->policy->deviation[c];
        batch->scale[c] = (float)(1.0 / (255.0 * deviation));
        batch->shift[c] = (float)(-(double)batch->policy->mean[c] / deviation);
    }
}

static int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }

static Status batch_scratch(Context *ctx, const Batch *batch, Scratch *scratch) {
    const Dataset *dataset = batch->dataset;
    int64_t height, width;
    policy_working_size(batch->policy, dataset->height, dataset->width, &height, &width);
    height = larger(larger(height, batch->height), dataset->height);
    width = larger(larger(width, batch->width), dataset->width);
    return scratch_open(ctx, scratch, height, width, dataset->channels);
}

static void write_view(const Batch *batch, size_t position, const uint8_t *pixels, float *output, Scratch *scratch) {
    const Policy *policy = batch->policy;
    const Dataset *dataset = batch->dataset;
    const ViewKey *key = &batch->key;
    const Random random = random_at(key->seed, key->purpose, key->step, key->first + position, key->view);
    const View view = policy_draw(policy, dataset->height, dataset->width, random);
    Image image = {.pixels = scratch->first};
    policy_apply(policy, &view, image_view_interleaved(pixels, dataset->height, dataset->width, dataset->channels),
                 &image, scratch);
    if (policy->sobel) {
        image_normalise_grey(scratch->plane, &image, batch->scale, batch->shift);
        filter_sobel(output, scratch->plane, image.height, image.width);
    } else {
        image_normalise(output, &image, batch->scale, batch->shift);
    }
    scratch->first = image.pixels; /* an exchange may have made it the other buffer */
}

static void write_picture(const Batch *batch, size_t position, Scratch *scratch) {
    const Dataset *dataset = batch->dataset;
    const int64_t pixels = batch->height * batch->width;
    const uint8_t *picture = dataset_picture(dataset, (size_t)batch->rows[position]);
    float *output = batch->output + (int64_t)position * pixels * policy_channels(batch->policy, dataset->channels);
    const int same_size = batch->height == dataset->height && batch->width == dataset->width;
    const int whole = same_size && batch->policy->enlarge <= 1.0f;
    if (batch->policy->kind == POLICY_NONE && whole && !batch->policy->sobel)
        normalise_interleaved(output, picture, pixels, dataset->channels, batch->scale, batch->shift);
    else
        write_view(batch, position, picture, output, scratch);
}

/* Embeddings have no views: every batch holds the rows themselves, scaled. */
static void write_embeddings(Context *ctx, const Batch *batch, size_t count) {
    const size_t dimension = dataset_dimension(batch->dataset);
    const float mean = batch->policy->mean[0], scale = 1.0f / batch->policy->deviation[0];
#pragma omp parallel for schedule(static) num_threads(ctx->threads)
    for (size_t position = 0; position < count; position++) {
        const float *row = batch->dataset->embeddings + (size_t)batch->rows[position] * dimension;
        float *output = batch->output + position * dimension;
        for (size_t d = 0; d < dimension; d++)
            output[d] = (row[d] - mean) * scale;
    }
}

Status augment_batch(Context *ctx, const Policy *policy, const Dataset *dataset, const int64_t *rows, size_t count,
                     ViewKey key, float *output) {
    Batch batch = {.policy = policy, .dataset = dataset, .rows = rows, .key = key, .output = output};
    const int threads = ctx->threads;
    Scratch *scratches = NULL;
    Status status = SPICA_OK;
    if (dataset_has_embeddings(dataset)) {
        write_embeddings(ctx, &batch, count);
        return SPICA_OK;
    }
    policy_output_size(policy, dataset->height, dataset->width, &batch.height, &batch.width);
    batch_normalisation(&batch);
    TRY(NEW_ZEROED(ctx, &scratches, (size_t)threads));
    for (int thread = 0; thread < threads; thread++)
        TRY_GOTO(status, done, batch_scratch(ctx, &batch, &scratches[thread]));

#pragma omp parallel num_threads(threads)
    {
        Scratch *scratch = &scratches[omp_get_thread_num()];
#pragma omp for schedule(static)
        for (size_t position = 0; position < count; position++)
            write_picture(&batch, position, scratch);
    }
done:
    for (int thread = 0; thread < threads; thread++)
        scratch_close(ctx, &scratches[thread]);
    FREE_ARRAY(ctx, &scratches);
    return status;
}
