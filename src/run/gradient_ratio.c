#include "run/gradient_ratio.h"

#include <math.h>

#include "base/csv.h"
#include "nn/losses.h"

/* As in the paper K = 8, the pseudo-label is cluster 2 (counted from 1) and cluster 5 has a false high probability. Its
 * numbers are not given; these are ours. */
#define FIGURE_CLUSTERS 8
#define FIGURE_LABEL 1
static const float figure_probabilities[FIGURE_CLUSTERS] = {0.10f, 0.05f, 0.15f, 0.02f, 0.50f, 0.08f, 0.03f, 0.07f};

/* d[clusters] = dL/da at a = log p, whose softmax is p. */
static void loss_gradient(float *d, const float *probabilities, size_t clusters, int32_t label, CrossEntropyKind kind) {
    for (size_t k = 0; k < clusters; k++)
        d[k] = logf(probabilities[k]);
    cross_entropy(d, d, &label, NULL, 1, clusters, kind, 1.0f, 1.0);
}

void gradient_ratios(float *ratios, const float *probabilities, size_t clusters, int32_t label) {
    loss_gradient(ratios, probabilities, clusters, label, CE_DOUBLE_SOFTMAX);
    for (size_t k = 0; k < clusters; k++) /* Eq. A-4: p_k - y_k */
        ratios[k] /= probabilities[k] - (k == (size_t)label ? 1.0f : 0.0f);
}

static Status write_rows(Context *ctx, CsvWriter *writer, const float ratios[FIGURE_CLUSTERS]) {
    static const char *const header[] = {"cluster", "label", "probability", "ratio"};
    for (size_t i = 0; i < sizeof header / sizeof header[0]; i++)
        TRY(csv_add_text(ctx, writer, header[i]));
    TRY(csv_end_row(ctx, writer));
    for (size_t k = 0; k < FIGURE_CLUSTERS; k++) {
        TRY(csv_add_integer(ctx, writer, (int64_t)k + 1));
        TRY(csv_add_integer(ctx, writer, k == FIGURE_LABEL));
        TRY(csv_add_real(ctx, writer, (double)figure_probabilities[k]));
        TRY(csv_add_real(ctx, writer, (double)ratios[k]));
        TRY(csv_end_row(ctx, writer));
    }
    return csv_writer_commit(ctx, writer);
}

Status gradient_ratio_write(Context *ctx, const char *folder) {
    float ratios[FIGURE_CLUSTERS];
    CsvWriter writer = {0};
    char *path;
    gradient_ratios(ratios, figure_probabilities, FIGURE_CLUSTERS, FIGURE_LABEL);
    TRY(path_join(ctx, &path, folder, GRADIENT_RATIOS));
    Status status = csv_writer_open(ctx, &writer, path);
    if (status == SPICA_OK) status = write_rows(ctx, &writer, ratios);
    csv_writer_close(ctx, &writer);
    FREE_ARRAY(ctx, &path);
    return status;
}
