/* spica_probe: what a run's features know, asked with labels (SPICE's Table VI). */
#include <math.h>
#include <string.h>

#include "base/files.h"
#include "base/random.h"
#include "cluster/knn_inverted.h"
#include "cluster/linear_classifier.h"
#include "run/options_api.h"
#include "run/predict.h"
#include "run/run.h"

/* Nearest neighbours that vote. */
#define PROBE_NEIGHBOURS 20
/* Of the labelled pictures, one in so many is kept from the linear classifier and scored by it. */
#define PROBE_HELD_OUT 5
/* The classifier's weight decay on features of deviation 1. */
#define PROBE_DECAY 1e-4

/* The labelled pictures and their embeddings. */
typedef struct Probe {
    Dataset dataset;
    int64_t *rows;     /* labelled pictures, shuffled: the held out ones come last; owned */
    int32_t *labels;   /* theirs, owned */
    size_t count, fit; /* labelled; of them, those that the classifier learns from */
    float *features;   /* count x D, L2-normalised, owned */
    size_t dimension;
} Probe;

static void probe_close(Context *ctx, Probe *probe) {
    FREE_ARRAY(ctx, &probe->rows);
    FREE_ARRAY(ctx, &probe->labels);
    FREE_ARRAY(ctx, &probe->features);
    dataset_close(ctx, &probe->dataset);
}

static Status list_labelled(Context *ctx, Probe *probe, const char *data) {
    const Dataset *dataset = &probe->dataset;
    for (size_t i = 0; dataset->labels != NULL && i < dataset->count; i++)
        probe->count += dataset->labels[i] >= 0;
    probe->fit = probe->count - probe->count / PROBE_HELD_OUT;
    if (probe->count / PROBE_HELD_OUT < 1)
        return context_fail(ctx, SPICA_ERROR_DATA, "%s: %zu pictures have a label: a probe needs at least %d", data,
                            probe->count, PROBE_HELD_OUT);
    int64_t *order;
    TRY(NEW_ARRAY(ctx, &order, probe->count));
    Random random = random_at(0, RANDOM_PROBE, probe->count, 0, 0);
    random_permutation(&random, order, probe->count);
    Status status = NEW_ARRAY(ctx, &probe->rows, probe->count);
    if (status == SPICA_OK) status = NEW_ARRAY(ctx, &probe->labels, probe->count);
    for (size_t row = 0, next = 0; status == SPICA_OK && row < dataset->count; row++) {
        if (dataset->labels[row] < 0) continue;
        probe->rows[order[next]] = (int64_t)row;
        probe->labels[order[next++]] = dataset->labels[row];
    }
    FREE_ARRAY(ctx, &order);
    return status;
}

static Status embed_labelled(Context *ctx, Probe *probe, Model *model) {
    float *embeddings;
    probe->dimension = (size_t)model->dimension;
    TRY(NEW_ARRAY(ctx, &embeddings, probe->dataset.count * probe->dimension));
    Status status = predict_dataset(ctx, model, &probe->dataset, "embed", embeddings, NULL);
    if (status == SPICA_OK) status = NEW_ARRAY(ctx, &probe->features, probe->count * probe->dimension);
    for (size_t i = 0; status == SPICA_OK && i < probe->count; i++)
        memcpy(probe->features + i * probe->dimension, embeddings + (size_t)probe->rows[i] * probe->dimension,
               probe->dimension * sizeof *embeddings);
    FREE_ARRAY(ctx, &embeddings);
    return status;
}

/* The share of pictures whose label most of their nearest neighbours have, themselves left out; ties go to the class of
 * the nearer ones. */
static Status score_neighbours(Context *ctx, const Probe *probe, double *accuracy) {
    const size_t most = PROBE_NEIGHBOURS + 1, k = most < probe->count ? most : probe->count;
    const size_t classes = probe->dataset.class_count;
    int32_t *neighbours = NULL, *votes = NULL;
    size_t right = 0;
    Status status = NEW_ARRAY(ctx, &neighbours, probe->count * k);
    if (status == SPICA_OK) status = NEW_ARRAY(ctx, &votes, classes);
    if (status == SPICA_OK)
        status = knn_neighbours(ctx, neighbours, probe->features, probe->count, probe->dimension, k);
    for (size_t i = 0; status == SPICA_OK && i < probe->count; i++) {
        int32_t best = -1;
        memset(votes, 0, classes * sizeof *votes);
        for (size_t n = 0, asked = 0; n < k && asked < PROBE_NEIGHBOURS; n++) {
            const int32_t neighbour = neighbours[i * k + n];
            if (neighbour == (int32_t)i) continue;
            const int32_t label = probe->labels[neighbour];
            asked++;
            if (++votes[label] > (best < 0 ? 0 : votes[best])) best = label;
        }
        right += best == probe->labels[i];
    }
    *accuracy = (double)right / (double)probe->count;
    FREE_ARRAY(ctx, &neighbours);
    FREE_ARRAY(ctx, &votes);
    return status;
}

/* Columns to mean 0 and deviation 1 over the rows that the classifier learns from. */
static void standardise(const Probe *probe) {
    const size_t dim = probe->dimension;
    for (size_t d = 0; d < dim; d++) {
        double sum = 0.0, squares = 0.0;
        for (size_t i = 0; i < probe->fit; i++)
            sum += (double)probe->features[i * dim + d];
        const double mean = sum / (double)probe->fit;
        for (size_t i = 0; i < probe->fit; i++) {
            const double value = (double)probe->features[i * dim + d] - mean;
            squares += value * value;
        }
        const double deviation = sqrt(squares / (double)probe->fit), scale = deviation > 0.0 ? 1.0 / deviation : 0.0;
        for (size_t i = 0; i < probe->count; i++)
            probe->features[i * dim + d] = (float)(((double)probe->features[i * dim + d] - mean) * scale);
    }
}

/* Learns from four fifths, and is right on this share of the last fifth. */
static Status score_linear(Context *ctx, const Probe *probe, double *accuracy) {
    const LinearSettings settings = {.classes = probe->dataset.class_count, .decay = PROBE_DECAY};
    const size_t dim = probe->dimension, held_out = probe->count - probe->fit;
    float *weights = NULL;
    int32_t *predicted = NULL;
    size_t right = 0;
    standardise(probe);
    Status status = NEW_ARRAY(ctx, &weights, settings.classes * (dim + 1));
    if (status == SPICA_OK) status = NEW_ARRAY(ctx, &predicted, held_out);
    if (status == SPICA_OK)
        status = linear_fit(ctx, &settings, probe->features, probe->labels, probe->fit, dim, weights, NULL);
    if (status == SPICA_OK)
        status = linear_predict(ctx, weights, probe->features + probe->fit * dim, held_out, dim, settings.classes,
                                predicted);
    for (size_t i = 0; status == SPICA_OK && i < held_out; i++)
        right += predicted[i] == probe->labels[probe->fit + i];
    *accuracy = (double)right / (double)held_out;
    FREE_ARRAY(ctx, &weights);
    FREE_ARRAY(ctx, &predicted);
    return status;
}

/* One line of the answer: the features of this weights file. */
static Status probe_model(Context *ctx, Probe *probe, const char *path, const char *name, json_t *probes) {
    Model model = {0};
    double neighbours = NAN, linear = NAN;
    json_t *object;
    Status status = model_read(ctx, path, &model);
    if (status == SPICA_OK) status = predict_match_channels(ctx, &probe->dataset, &model.spec);
    if (status == SPICA_OK) status = embed_labelled(ctx, probe, &model);
    model_close(ctx, &model);
    if (status == SPICA_OK) status = score_neighbours(ctx, probe, &neighbours);
    if (status == SPICA_OK) status = score_linear(ctx, probe, &linear);
    FREE_ARRAY(ctx, &probe->features);
    TRY(status);
    TRY(json_new_object(ctx, &object));
    TRY(json_append(ctx, probes, object));
    TRY(json_add_text(ctx, object, "weights", name));
    TRY(json_add_real(ctx, object, "linear", linear));
    return json_add_real(ctx, object, "neighbours", neighbours);
}

/* The features after stage 1 and at the end, as far as the run has them. */
static Status probe_models(Context *ctx, Probe *probe, const RunFolder *folder, json_t *probes) {
    static const char *const names[] = {RUN_BACKBONE, RUN_MODEL};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char *path = NULL;
        TRY(run_folder_path(ctx, folder, names[i], &path));
        const Status status = path_exists(path) ? probe_model(ctx, probe, path, names[i], probes) : SPICA_OK;
        FREE_ARRAY(ctx, &path);
        TRY(status);
    }
    if (json_array_size(probes) > 0) return SPICA_OK;
    return context_fail(ctx, SPICA_ERROR_RUN, "%s: neither %s nor %s: the run's first stage is not done", folder->path,
                        RUN_BACKBONE, RUN_MODEL);
}

/* The run's own data under the run's own options, or other data under the caller's. */
static Status open_data(Context *ctx, const RunFolder *folder, const char *data, const char *labels,
                        const spica_options *options, Probe *probe) {
    Options own = {0};
    json_t *record = NULL;
    Status status = options_open(ctx, &own);
    if (status == SPICA_OK) status = run_folder_read_json(ctx, folder, RUN_RECORD, &record);
    if (status == SPICA_OK && data == NULL) status = run_folder_options(ctx, folder, &own);
    if (status == SPICA_OK && data != NULL && options != NULL) status = options_copy(ctx, &own, &options->options);
    if (status == SPICA_OK && labels != NULL) status = options_set(ctx, &own, "data.labels", labels, SOURCE_USER);
    if (data == NULL) data = json_string_value(json_object_get(json_object_get(record, "data"), "path"));
    if (status == SPICA_OK && data == NULL)
        status = context_fail(ctx, SPICA_ERROR_RUN, "%s/%s does not tell the data", folder->path, RUN_RECORD);
    if (status == SPICA_OK) status = run_open_dataset(ctx, &own, data, &probe->dataset);
    if (status == SPICA_OK) status = list_labelled(ctx, probe, data);
    json_decref(record);
    options_close(ctx, &own);
    return status;
}

static Status answer(Context *ctx, Probe *probe, const RunFolder *folder, char **json) {
    json_t *object, *probes = json_array();
    TRY(json_new_object(ctx, &object));
    Status status = json_add(ctx, object, "probes", probes);
    if (status == SPICA_OK) status = json_add_integer(ctx, object, "pictures", (int64_t)probe->count);
    if (status == SPICA_OK) status = json_add_integer(ctx, object, "held_out", (int64_t)(probe->count - probe->fit));
    if (status == SPICA_OK) status = json_add_integer(ctx, object, "classes", (int64_t)probe->dataset.class_count);
    if (status == SPICA_OK) status = probe_models(ctx, probe, folder, probes);
    if (status == SPICA_OK) status = json_text_write(ctx, object, true, json);
    json_decref(object);
    return status;
}

spica_status spica_probe(spica_context *context, const char *run, const char *data, const char *labels,
                         const spica_options *options, char **json) {
    RunFolder folder = {0};
    Probe probe = {0};
    const int threads = options_use_threads(context, options);
    *json = NULL;
    Status status = run_folder_open_existing(context, &folder, run);
    if (status == SPICA_OK) status = open_data(context, &folder, data, labels, options, &probe);
    if (status == SPICA_OK) status = answer(context, &probe, &folder, json);
    probe_close(context, &probe);
    run_folder_close(context, &folder);
    context->threads = threads;
    return status;
}
