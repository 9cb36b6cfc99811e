/* Known labels: who has them, and in the place of stage 2 a head that learns them and what lies close around them. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "methods/inference.h"
#include "methods/spice/labelled_head.h"
#include "methods/spice/spread_labels.h"
#include "run/model_files.h"
#include "run/predict.h"
#include "run/run.h"

/* Clusters are classes; where nobody said how many there are, they are those with known pictures. */
static Status settle_clusters(Context *ctx, Run *run, const char *file) {
    const int64_t clusters = options_integer(&run->options, "run.clusters");
    char text[32];
    if (clusters >= (int64_t)run->known.class_count) return SPICA_OK;
    if (clusters >= 2)
        return context_fail(ctx, SPICA_ERROR_OPTION,
                            "run.clusters = %" PRId64 ", but %s has labels of %zu classes: at least as many clusters",
                            clusters, file, run->known.class_count);
    snprintf(text, sizeof text, "%zu", run->known.class_count);
    return options_set(ctx, &run->options, "run.clusters", text, SOURCE_RECIPE);
}

/* What is learnt from is no evidence of how good the clusters are. */
static Status hide_known(Context *ctx, Run *run) {
    const size_t count = run->dataset.count;
    if (run->dataset.labels == NULL) return SPICA_OK;
    TRY(NEW_ARRAY(ctx, &run->scored, count));
    for (size_t i = 0; i < count; i++)
        run->scored[i] = run->known.labels[i] < 0 ? run->dataset.labels[i] : -1;
    return SPICA_OK;
}

Status run_settle_known(Context *ctx, Run *run) {
    const char *file = options_text(&run->options, "semi.known");
    if (!method_has_stage(&run->options, STAGE_KNOWN)) return SPICA_OK;
    if (*file == '\0')
        return context_fail(ctx, SPICA_ERROR_OPTION,
                            "run.method = semi needs semi.known (--known FILE), the labels to learn from");
    TRY(known_labels_read(ctx, &run->dataset, file, &run->known));
    TRY(settle_clusters(ctx, run, file));
    TRY(hide_known(ctx, run));
    log_info(ctx, "known: %zu pictures of %zu classes have a label to learn from; scores are of the other %zu pictures",
             run->known.count, run->known.class_count, run->dataset.count - run->known.count);
    return SPICA_OK;
}

/* Whether any cluster has the name of a class: a person may have words of his own. */
static bool shares_names(const Run *run) {
    for (size_t k = 0; k < run->known.class_count; k++)
        for (size_t c = 0; c < run->dataset.class_count; c++)
            if (strcmp(run->known.class_names[k], run->dataset.class_names[c]) == 0) return true;
    return false;
}

double run_named_accuracy(const Run *run, const int32_t *predicted) {
    const Dataset *dataset = &run->dataset;
    size_t compared = 0, right = 0;
    if (run->scored == NULL || !shares_names(run)) return NAN;
    for (size_t i = 0; i < dataset->count; i++) {
        if (run->scored[i] < 0) continue;
        const char *class = dataset->class_names[run->scored[i]];
        compared++;
        right +=
            (size_t)predicted[i] < run->known.class_count && strcmp(run->known.class_names[predicted[i]], class) == 0;
    }
    return compared > 0 ? (double)right / (double)compared : (double)NAN;
}

/* ---- the stage ---- */

static Status spread(Context *ctx, const Run *run, SpreadLabels *labels) {
    const size_t count = run->dataset.count;
    SpreadSettings settings;
    float *embeddings = NULL;
    size_t dimension = 0;
    TRY(settings_spread(ctx, &run->options, count, run->known.class_count, &settings));
    TRY(run_folder_read_matrix(ctx, &run->folder, RUN_EMBEDDINGS, count, &dimension, &embeddings));
    const Status status = spread_labels(ctx, &settings, embeddings, count, dimension, run->known.labels, labels);
    FREE_ARRAY(ctx, &embeddings);
    return status;
}

/* features[N x D]: the backbone's on untouched pictures, not normalised. */
static Status infer_features(Context *ctx, const Run *run, Model *model, float *features) {
    const size_t batch = (size_t)options_integer(&run->options, "run.inference_batch");
    const ViewKey key = {0};
    Policy policy;
    TRY(predict_policy(ctx, &model->spec, &run->dataset, &policy));
    return infer_rows(ctx, model, &run->dataset, NULL, run->dataset.count, &policy, key, batch, "embed", features,
                      NULL);
}

/* The head's clusters on all pictures, for the stage's quality. */
static Status add_quality(Context *ctx, const Run *run, Model *model, json_t *facts) {
    const size_t count = run->dataset.count, clusters = (size_t)model->spec.clusters;
    float *probabilities;
    int32_t *predicted = NULL;
    TRY(NEW_ARRAY(ctx, &probabilities, count * clusters));
    Status status = NEW_ARRAY(ctx, &predicted, count);
    if (status == SPICA_OK) status = predict_dataset(ctx, model, &run->dataset, NULL, NULL, probabilities);
    if (status == SPICA_OK) predict_clusters(probabilities, count, clusters, predicted, NULL);
    if (status == SPICA_OK) status = run_add_quality(ctx, run, predicted, facts);
    if (status == SPICA_OK) status = json_add_real(ctx, facts, "acc_named", run_named_accuracy(run, predicted));
    FREE_ARRAY(ctx, &probabilities);
    FREE_ARRAY(ctx, &predicted);
    return status;
}

static Status train_head(Context *ctx, const Run *run, const SpreadLabels *labels, Model *model, json_t *facts) {
    LabelledHeadSettings settings;
    float *features = NULL, *weights = NULL;
    double loss;
    settings_labelled_head(&run->options, model->dimension, &settings);
    TRY(NEW_ARRAY(ctx, &features, run->dataset.count * (size_t)model->dimension));
    Status status = infer_features(ctx, run, model, features);
    if (status == SPICA_OK)
        status = labelled_head_train(ctx, &settings, features, run->dataset.count, (size_t)model->dimension,
                                     labels->reliable, &weights, &loss);
    if (status == SPICA_OK) status = model_set_head(ctx, weights, model);
    if (status == SPICA_OK) status = model_file_write(ctx, run, RUN_HEAD, model, MODEL_HEAD);
    if (status == SPICA_OK) status = json_add_integer(ctx, facts, "epochs", settings.epochs);
    if (status == SPICA_OK) status = json_add_real(ctx, facts, "loss", loss);
    FREE_ARRAY(ctx, &features);
    FREE_ARRAY(ctx, &weights);
    return status;
}

static Status add_known_facts(Context *ctx, const Run *run, const SpreadLabels *labels, json_t *facts) {
    char fingerprint[17];
    snprintf(fingerprint, sizeof fingerprint, "%016" PRIx64, run->known.fingerprint);
    TRY(json_add_integer(ctx, facts, "known", (int64_t)run->known.count));
    TRY(json_add_integer(ctx, facts, "known_classes", (int64_t)run->known.class_count));
    TRY(json_add_text(ctx, facts, "known_fingerprint", fingerprint));
    return json_add_integer(ctx, facts, "reliable", (int64_t)labels->report.selected);
}

/* The labelled pictures of stage 3. */
static const int32_t *labelled_pictures(const Run *run, const SpreadLabels *labels) {
    const bool known_alone = strcmp(options_text(&run->options, "semi.labelled"), "known") == 0;
    return known_alone ? labels->seeds : labels->reliable;
}

static Status learn_known(Context *ctx, Run *run, SpreadLabels *labels, json_t *facts) {
    const ModelSpec spec = clustering_spec(run);
    Model model = {0};
    TRY(spread(ctx, run, labels));
    log_info(ctx, "known: %zu of %zu pictures get a reliable label from those around them", labels->report.selected,
             run->dataset.count);
    Status status = run_open_features_model(ctx, run, &spec, &model);
    if (status == SPICA_OK) status = train_head(ctx, run, labels, &model, facts);
    if (status == SPICA_OK) status = run_write_reliable(ctx, run, labelled_pictures(run, labels));
    if (status == SPICA_OK) status = add_known_facts(ctx, run, labels, facts);
    if (status == SPICA_OK) status = add_quality(ctx, run, &model, facts);
    model_close(ctx, &model);
    return status;
}

static Status compute_known(Context *ctx, Run *run, json_t *facts) {
    static const char *const files[] = {RUN_HEAD, RUN_RELIABLE, NULL};
    const double started = clock_seconds();
    SpreadLabels labels = {0};
    TRY(run_stage_start(ctx, &run->folder, STAGE_KNOWN));
    const Status status = learn_known(ctx, run, &labels, facts);
    spread_labels_close(ctx, &labels);
    TRY(status);
    TRY(json_add_real(ctx, facts, "seconds", clock_seconds() - started));
    return run_stage_record(ctx, &run->folder, STAGE_KNOWN, files, facts);
}

/* A run that is gone on with must have learnt from the same labels. */
static Status check_same(Context *ctx, const Run *run, const json_t *facts) {
    char fingerprint[17];
    const char *kept = json_string_value(json_object_get(facts, "known_fingerprint"));
    snprintf(fingerprint, sizeof fingerprint, "%016" PRIx64, run->known.fingerprint);
    if (kept != NULL && strcmp(kept, fingerprint) == 0) return SPICA_OK;
    return context_fail(ctx, SPICA_ERROR_RUN, "%s has learnt from other labels than those of %s", run->folder.path,
                        options_text(&run->options, "semi.known"));
}

Status stage_known(Context *ctx, Run *run) {
    bool done;
    json_t *facts = NULL;
    TRY(run_stage_find(ctx, &run->folder, STAGE_KNOWN, &done, &facts));
    Status status = SPICA_OK;
    if (done) {
        status = check_same(ctx, run, facts);
    } else {
        status = json_new_object(ctx, &facts);
        if (status == SPICA_OK) status = compute_known(ctx, run, facts);
    }
    json_decref(facts);
    return status;
}
