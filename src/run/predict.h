/* A model's answers for the pictures of a data set. */
#ifndef SPICA_RUN_PREDICT_H
#define SPICA_RUN_PREDICT_H

#include "augment/augment.h"
#include "nn/model.h"

/* The untouched picture as the model wants it: resized to its input, normalised by its mean and deviation.
 * SPICA_ERROR_DATA: the model's input is not square and of another size. */
Status predict_policy(Context *ctx, const ModelSpec *spec, const Dataset *dataset, Policy *policy);

/* Makes the pictures grey or RGB as the model asks: grey by the luma weights of augment's greyscale, RGB by repeating
 * the grey value. SPICA_ERROR_DATA where a model of pictures is given embeddings, one of embeddings pictures, or
 * embeddings of another dimension. */
Status predict_match_channels(Context *ctx, Dataset *dataset, const ModelSpec *spec);

/* embeddings[N x D], L2-normalised, and probabilities[N x K]; either may be NULL. stage names the progress; NULL: none.
 */
Status predict_dataset(Context *ctx, Model *model, const Dataset *dataset, const char *stage, float *embeddings,
                       float *probabilities);

/* clusters[count] = the largest probability's column (ties: the smaller), confidences[count] (may be NULL) its value.
 */
void predict_clusters(const float *probabilities, size_t count, size_t clusters, int32_t *predicted,
                      float *confidences);

#endif
