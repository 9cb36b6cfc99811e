#include "methods/partition/partition_input.h"

#include <string.h>

#include "cluster/pca.h"

void partition_input_close(Context *ctx, PartitionInput *input) {
    FREE_ARRAY(ctx, &input->mean);
    FREE_ARRAY(ctx, &input->directions);
}

size_t partition_input_dim(const PartitionInput *input) {
    return input->components > 0 ? input->components : input->values;
}

Status partition_pixels(Context *ctx, const Dataset *dataset, float **rows) {
    const size_t pixels = (size_t)dataset->height * (size_t)dataset->width * (size_t)dataset->channels;
    float *values;
    *rows = NULL;
    TRY(memory_allocate(ctx, (void **)&values, dataset->count, pixels * sizeof *values));
    *rows = values;
    if (dataset_has_embeddings(dataset)) {
        memcpy(values, dataset->embeddings, dataset->count * pixels * sizeof *values);
        return SPICA_OK;
    }
#pragma omp parallel for schedule(static) num_threads(ctx->threads)
    for (size_t row = 0; row < dataset->count; row++) {
        const uint8_t *picture = dataset_picture(dataset, row);
        for (size_t i = 0; i < pixels; i++)
            values[row * pixels + i] = (float)picture[i] / 255.0f;
    }
    return SPICA_OK;
}

static Status keep_projection(Context *ctx, PartitionInput *input, const Pca *pca) {
    const size_t size = input->components * input->values;
    TRY(NEW_ARRAY(ctx, &input->mean, input->values));
    TRY(NEW_ARRAY(ctx, &input->directions, size));
    for (size_t i = 0; i < input->values; i++)
        input->mean[i] = (float)pca->mean[i];
    for (size_t i = 0; i < size; i++)
        input->directions[i] = (float)pca->directions[i];
    return SPICA_OK;
}

Status partition_input_fit(Context *ctx, PartitionInput *input, const float *rows, size_t count, uint64_t seed) {
    const PcaSettings settings = {.components = input->components, .seed = seed};
    Pca pca;
    if (input->components == 0) return SPICA_OK;
    Status status = pca_fit(ctx, &pca, &settings, rows, count, input->values);
    if (status == SPICA_OK) status = keep_projection(ctx, input, &pca);
    pca_close(ctx, &pca);
    return status;
}

/* The projection in double precision, as pca_project wants it. */
static Status open_projection(Context *ctx, const PartitionInput *input, Pca *pca) {
    const size_t size = input->components * input->values;
    *pca = (Pca){.dim = input->values, .components = input->components};
    TRY(NEW_ARRAY(ctx, &pca->mean, input->values));
    TRY(NEW_ARRAY(ctx, &pca->directions, size));
    for (size_t i = 0; i < input->values; i++)
        pca->mean[i] = (double)input->mean[i];
    for (size_t i = 0; i < size; i++)
        pca->directions[i] = (double)input->directions[i];
    return SPICA_OK;
}

Status partition_input_project(Context *ctx, const PartitionInput *input, float **rows, size_t count) {
    Pca pca;
    float *projected = NULL;
    Status status;
    if (input->components == 0) return SPICA_OK;
    TRY_GOTO(status, close, open_projection(ctx, input, &pca));
    TRY_GOTO(status, close, NEW_ARRAY(ctx, &projected, count * input->components));
    TRY_GOTO(status, close, pca_project(ctx, &pca, projected, *rows, count));
    FREE_ARRAY(ctx, rows);
    *rows = projected;
    projected = NULL;
close:
    FREE_ARRAY(ctx, &projected);
    pca_close(ctx, &pca);
    return status;
}
