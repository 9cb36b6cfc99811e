/* The public model: a weights file behind functions on arrays of pixels. */
#include <string.h>

#include "run/model_path.h"
#include "run/predict.h"

struct spica_model {
    Model model;
};

spica_status spica_model_open(spica_context *context, spica_model **model, const char *path) {
    spica_model *opened;
    char *weights = NULL;
    *model = NULL;
    TRY(NEW_ZEROED(context, &opened, 1));
    Status status = model_path(context, path, &weights);
    if (status == SPICA_OK) status = model_read(context, weights, &opened->model);
    FREE_ARRAY(context, &weights);
    *model = opened;
    if (status != SPICA_OK) spica_model_close(context, model);
    return status;
}

void spica_model_close(spica_context *context, spica_model **model) {
    if (*model == NULL) return;
    model_close(context, &(*model)->model);
    FREE_ARRAY(context, model);
}

int32_t spica_model_clusters(const spica_model *model) { return model->model.spec.clusters; }

int32_t spica_model_dimension(const spica_model *model) { return model->model.dimension; }

/* A data set that owns a copy of the caller's pixels, so that it may be converted. */
static Status wrap_pixels(Context *ctx, Dataset *dataset, const uint8_t *pixels, size_t count, int height, int width,
                          int channels) {
    *dataset = (Dataset){.count = count, .height = height, .width = width, .channels = channels};
    if (height < 1 || width < 1 || (channels != 1 && channels != 3))
        return context_fail(ctx, SPICA_ERROR_DATA, "pictures of %d x %d x %d: channels are 1 or 3", height, width,
                            channels);
    const size_t bytes = (size_t)height * (size_t)width * (size_t)channels;
    TRY(memory_allocate(ctx, (void **)&dataset->pixels, count, bytes));
    memcpy(dataset->pixels, pixels, count * bytes);
    return SPICA_OK;
}

spica_status spica_model_assign(spica_context *context, spica_model *model, const uint8_t *pixels, size_t count,
                                int height, int width, int channels, int32_t *clusters, float *confidences,
                                float *probabilities, float *embeddings) {
    Model *net = &model->model;
    if (net->spec.clusters == 0 && (clusters != NULL || confidences != NULL || probabilities != NULL))
        return context_fail(context, SPICA_ERROR_WEIGHTS, "the weights file has no clustering head");
    if (count == 0) return SPICA_OK;
    Dataset dataset;
    float *owned = NULL;
    Status status = wrap_pixels(context, &dataset, pixels, count, height, width, channels);
    if (status == SPICA_OK) status = predict_match_channels(context, &dataset, &net->spec);
    if (status == SPICA_OK && probabilities == NULL && net->spec.clusters > 0) {
        status = NEW_ARRAY(context, &owned, count * (size_t)net->spec.clusters);
        probabilities = owned;
    }
    if (status == SPICA_OK) status = predict_dataset(context, net, &dataset, NULL, embeddings, probabilities);
    if (status == SPICA_OK && clusters != NULL)
        predict_clusters(probabilities, count, (size_t)net->spec.clusters, clusters, confidences);
    FREE_ARRAY(context, &owned);
    dataset_close(context, &dataset);
    return status;
}
