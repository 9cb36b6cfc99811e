#include "run/predict.h"

#include "augment/colour.h"
#include "methods/inference.h"
#include "nn/losses.h"

/* Pictures per inference batch: large enough for the kernels, small enough for the cache. */
#define PREDICT_BATCH 128

Status predict_policy(Context *ctx, const ModelSpec *spec, const Dataset *dataset, Policy *policy) {
    *policy = policy_default(POLICY_NONE, dataset->channels);
    policy->sobel = spec->sobel;
    policy->enlarge = spec->enlarge;
    for (int c = 0; c < 3; c++) {
        policy->mean[c] = spec->mean[c];
        policy->deviation[c] = spec->deviation[c];
    }
    if (dataset->height == spec->height && dataset->width == spec->width) return SPICA_OK;
    if (spec->height != spec->width)
        return context_fail(ctx, SPICA_ERROR_DATA, "the pictures are %d x %d, but the model wants %d x %d",
                            dataset->height, dataset->width, spec->height, spec->width);
    policy->size = spec->height;
    return SPICA_OK;
}

/* Pictures are for models of pictures, embeddings for those of as many numbers. */
static Status check_kind(Context *ctx, const Dataset *dataset, const ModelSpec *spec) {
    const bool embeddings = spec->backbone.family == BACKBONE_NONE;
    if (embeddings != dataset_has_embeddings(dataset))
        return context_fail(ctx, SPICA_ERROR_DATA, "the model reads %s, but the data are %s",
                            embeddings ? "embeddings" : "pictures", embeddings ? "pictures" : "embeddings");
    if (!embeddings || dataset->channels == spec->channels) return SPICA_OK;
    return context_fail(ctx, SPICA_ERROR_DATA, "the embeddings have %d numbers, but the model reads %d",
                        dataset->channels, spec->channels);
}

Status predict_match_channels(Context *ctx, Dataset *dataset, const ModelSpec *spec) {
    const int channels = spec->channels;
    TRY(check_kind(ctx, dataset, spec));
    /* Sobel filters read grey and RGB pictures alike. */
    if (spec->sobel || dataset->channels == channels) return SPICA_OK;
    const size_t pixels = dataset->count * (size_t)dataset->height * (size_t)dataset->width;
    uint8_t *matched;
    TRY(NEW_ARRAY(ctx, &matched, pixels * (size_t)channels));
    const uint8_t *source = dataset->pixels;
    if (channels == 3) {
        for (size_t i = 0; i < pixels; i++)
            matched[3 * i] = matched[3 * i + 1] = matched[3 * i + 2] = source[i];
    } else {
        for (size_t i = 0; i < pixels; i++)
            matched[i] = colour_luma(source[3 * i], source[3 * i + 1], source[3 * i + 2]);
    }
    dataset_replace_pixels(ctx, dataset, matched);
    dataset->channels = channels;
    return SPICA_OK;
}

Status predict_dataset(Context *ctx, Model *model, const Dataset *dataset, const char *stage, float *embeddings,
                       float *probabilities) {
    Policy policy;
    TRY(predict_policy(ctx, &model->spec, dataset, &policy));
    const ViewKey key = {0};
    const size_t batch = dataset->count < PREDICT_BATCH ? dataset->count : PREDICT_BATCH;
    TRY(infer_rows(ctx, model, dataset, NULL, dataset->count, &policy, key, batch, stage, embeddings, probabilities));
    if (embeddings != NULL) normalize_rows(embeddings, dataset->count, (size_t)model->dimension, NULL);
    if (probabilities != NULL)
        softmax_rows(probabilities, probabilities, dataset->count, (size_t)model->spec.clusters, 1.0f);
    return SPICA_OK;
}

void predict_clusters(const float *probabilities, size_t count, size_t clusters, int32_t *predicted,
                      float *confidences) {
    for (size_t i = 0; i < count; i++) {
        const float *row = probabilities + i * clusters;
        size_t best = 0;
        for (size_t k = 1; k < clusters; k++)
            if (row[k] > row[best]) best = k;
        predicted[i] = (int32_t)best;
        if (confidences != NULL) confidences[i] = row[best];
    }
}
