#include "run/inspect_embeddings.h"

#include <math.h>

#include "config/method_stages.h"

static double row_length(const float *row, size_t dimension) {
    double squares = 0.0;
    for (size_t d = 0; d < dimension; d++)
        squares += (double)row[d] * (double)row[d];
    return sqrt(squares);
}

Status inspect_embeddings(Context *ctx, const Dataset *dataset, json_t *object) {
    const size_t dimension = dataset_dimension(dataset);
    double least = INFINITY, most = 0.0, sum = 0.0;
    for (size_t row = 0; row < dataset->count; row++) {
        const double length = row_length(dataset->embeddings + row * dimension, dimension);
        least = fmin(least, length);
        most = fmax(most, length);
        sum += length;
    }
    TRY(json_add_integer(ctx, object, "embeddings", (int64_t)dataset->count));
    TRY(json_add_integer(ctx, object, "dimension", (int64_t)dimension));
    json_t *lengths = json_object();
    TRY(json_add(ctx, object, "lengths", lengths));
    TRY(json_add_real(ctx, lengths, "least", least));
    TRY(json_add_real(ctx, lengths, "mean", sum / (double)dataset->count));
    return json_add_real(ctx, lengths, "most", most);
}

Status inspect_embedding_stages(Context *ctx, const Options *options, json_t *plan) {
    if (method_has_stage(options, STAGE_PICA))
        return json_add_text(ctx, plan, "refused", "the method needs pictures, these are embeddings");
    if (method_has_stage(options, STAGE_JOINT))
        return json_add_text(ctx, plan, "skipped", "features and the training of joint, which need pictures");
    if (method_has_stage(options, STAGE_FEATURES))
        return json_add_text(ctx, plan, "skipped", "features, which needs pictures");
    return SPICA_OK;
}
