#include "run/quality.h"

#include <math.h>
#include <string.h>

#include "base/json_text.h"
#include "base/random.h"
#include "cluster/calibration.h"
#include "cluster/silhouette.h"

static Status compare_labels(Context *ctx, Quality *quality, const int32_t *predicted, size_t count,
                             const int32_t *labels) {
    const size_t clusters = quality->clusters, classes = quality->classes;
    TRY(NEW_ARRAY(ctx, &quality->confusion, clusters * classes));
    TRY(NEW_ARRAY(ctx, &quality->class_of, clusters));
    TRY(NEW_ARRAY(ctx, &quality->by_class, classes));
    confusion_count(quality->confusion, predicted, labels, count, clusters, classes);
    TRY(metrics_compute(ctx, &quality->metrics, quality->confusion, clusters, classes, quality->class_of));
    class_metrics_compute(quality->by_class, &quality->macro, quality->confusion, clusters, classes, quality->class_of);
    return SPICA_OK;
}

/* How many clusters have a picture, and the shares of the smallest and the largest one. */
static void measure_sizes(Quality *quality, size_t count) {
    int64_t least = INT64_MAX, most = 0;
    /* The matrix counts all its rows; what is told is how many clusters have a picture. */
    quality->metrics.clusters = 0;
    for (size_t k = 0; k < quality->clusters; k++) {
        quality->metrics.clusters += quality->sizes[k] > 0;
        if (quality->sizes[k] < least) least = quality->sizes[k];
        if (quality->sizes[k] > most) most = quality->sizes[k];
    }
    if (count == 0 || quality->clusters == 0) return;
    quality->smallest_share = (double)least / (double)count;
    quality->largest_share = (double)most / (double)count;
}

Status quality_measure(Context *ctx, Quality *quality, const int32_t *predicted, size_t count, size_t clusters,
                       const int32_t *labels, size_t classes) {
    *quality = (Quality){.clusters = clusters, .classes = classes};
    quality->metrics =
        (Metrics){.acc = NAN, .nmi = NAN, .nmi_geometric = NAN, .ari = NAN, .purity = NAN, .pictures = count};
    quality->macro = (MacroMetrics){.f1 = NAN, .balanced_accuracy = NAN};
    quality->smallest_share = quality->largest_share = quality->mean_confidence = NAN;
    quality->silhouette = quality->calibration_error = NAN;
    TRY(NEW_ZEROED(ctx, &quality->sizes, clusters));
    for (size_t i = 0; i < count; i++)
        quality->sizes[predicted[i]]++;
    if (labels != NULL && classes > 0) TRY(compare_labels(ctx, quality, predicted, count, labels));
    measure_sizes(quality, count);
    return SPICA_OK;
}

void quality_add_confidences(Quality *quality, const float *confidences, bool probabilities, const int32_t *predicted,
                             size_t count, const int32_t *labels) {
    double sum = 0.0;
    for (size_t i = 0; i < count; i++) {
        sum += (double)confidences[i];
        probabilities = probabilities && confidences[i] >= 0.0f && confidences[i] <= 1.0f;
    }
    quality->mean_confidence = sum / (double)count;
    if (!probabilities || quality->class_of == NULL) return;
    quality->calibration_error = calibration_error(confidences, predicted, labels, count, quality->class_of);
}

/* gathered[size x dim] and labels of the rows that come first in a random order, which they keep. */
static Status gather_sample(Context *ctx, const float *points, const int32_t *labels, size_t count, size_t dim,
                            size_t size, float *gathered, int32_t *gathered_labels) {
    int64_t *order;
    TRY(NEW_ARRAY(ctx, &order, count));
    Random random = random_at(0, RANDOM_SILHOUETTE, count, 0, 0);
    random_permutation(&random, order, count);
    for (size_t i = 0; i < size; i++) {
        memcpy(gathered + i * dim, points + (size_t)order[i] * dim, dim * sizeof *points);
        gathered_labels[i] = labels[order[i]];
    }
    FREE_ARRAY(ctx, &order);
    return SPICA_OK;
}

Status silhouette_sample(Context *ctx, double *mean, const float *points, const int32_t *labels, size_t count,
                         size_t dim, size_t clusters) {
    const size_t size = SILHOUETTE_SAMPLE;
    float *gathered = NULL;
    int32_t *gathered_labels = NULL;
    if (count <= size) return silhouette(ctx, mean, points, labels, count, dim, clusters);
    Status status;
    TRY_GOTO(status, close, NEW_ARRAY(ctx, &gathered, size * dim));
    TRY_GOTO(status, close, NEW_ARRAY(ctx, &gathered_labels, size));
    TRY_GOTO(status, close, gather_sample(ctx, points, labels, count, dim, size, gathered, gathered_labels));
    status = silhouette(ctx, mean, gathered, gathered_labels, size, dim, clusters);
close:
    FREE_ARRAY(ctx, &gathered);
    FREE_ARRAY(ctx, &gathered_labels);
    return status;
}

void quality_close(Context *ctx, Quality *quality) {
    FREE_ARRAY(ctx, &quality->sizes);
    FREE_ARRAY(ctx, &quality->confusion);
    FREE_ARRAY(ctx, &quality->class_of);
    FREE_ARRAY(ctx, &quality->by_class);
}

Status quality_add_scores(Context *ctx, json_t *object, const Metrics *metrics) {
    TRY(json_add_real(ctx, object, "acc", metrics->acc));
    TRY(json_add_real(ctx, object, "nmi", metrics->nmi));
    TRY(json_add_real(ctx, object, "nmi_geometric", metrics->nmi_geometric));
    TRY(json_add_real(ctx, object, "ari", metrics->ari));
    return json_add_real(ctx, object, "purity", metrics->purity);
}

Status quality_add_integers(Context *ctx, json_t *object, const char *key, const int64_t *values, size_t count) {
    json_t *array = json_array();
    TRY(json_add(ctx, object, key, array));
    for (size_t i = 0; i < count; i++)
        TRY(json_append_integer(ctx, array, values[i]));
    return SPICA_OK;
}

Status quality_add_confusion(Context *ctx, json_t *object, const int64_t *confusion, size_t rows, size_t columns) {
    json_t *array = json_array();
    TRY(json_add(ctx, object, "confusion", array));
    for (size_t r = 0; r < rows; r++) {
        json_t *row = json_array();
        TRY(json_append(ctx, array, row));
        for (size_t c = 0; c < columns; c++)
            TRY(json_append_integer(ctx, row, confusion[r * columns + c]));
    }
    return SPICA_OK;
}

static Status add_class(Context *ctx, json_t *object, const ClassMetrics *one) {
    TRY(json_add_integer(ctx, object, "cluster", one->cluster));
    TRY(json_add_integer(ctx, object, "size", one->size));
    TRY(json_add_real(ctx, object, "precision", one->precision));
    TRY(json_add_real(ctx, object, "recall", one->recall));
    return json_add_real(ctx, object, "f1", one->f1);
}

static Status add_classes(Context *ctx, json_t *object, const Quality *quality) {
    json_t *array = json_array();
    TRY(json_add_real(ctx, object, "macro_f1", quality->macro.f1));
    TRY(json_add_real(ctx, object, "balanced_accuracy", quality->macro.balanced_accuracy));
    TRY(json_add(ctx, object, "by_class", array));
    for (size_t c = 0; c < quality->classes; c++) {
        json_t *one = json_object();
        TRY(json_append(ctx, array, one));
        TRY(add_class(ctx, one, &quality->by_class[c]));
    }
    return SPICA_OK;
}

Status quality_add_names(Context *ctx, json_t *object, const char *key, const char *const *names, size_t count) {
    json_t *array = json_array();
    TRY(json_add(ctx, object, key, array));
    for (size_t i = 0; i < count; i++) {
        char *text = NULL;
        TRY(text_escape(ctx, &text, names[i]));
        const Status status = json_append(ctx, array, json_string(text));
        FREE_ARRAY(ctx, &text);
        TRY(status);
    }
    return SPICA_OK;
}

static Status add_label_free(Context *ctx, json_t *object, const Quality *quality) {
    TRY(json_add_real(ctx, object, "smallest_share", quality->smallest_share));
    TRY(json_add_real(ctx, object, "largest_share", quality->largest_share));
    TRY(json_add_real(ctx, object, "mean_confidence", quality->mean_confidence));
    TRY(json_add_real(ctx, object, "silhouette", quality->silhouette));
    return json_add_real(ctx, object, "calibration_error", quality->calibration_error);
}

static Status fill_json(Context *ctx, const Quality *quality, char *const *class_names, json_t *object) {
    TRY(quality_add_scores(ctx, object, &quality->metrics));
    TRY(json_add_integer(ctx, object, "clusters", (int64_t)quality->metrics.clusters));
    TRY(json_add_integer(ctx, object, "pictures", (int64_t)quality->metrics.pictures));
    TRY(quality_add_integers(ctx, object, "sizes", quality->sizes, quality->clusters));
    TRY(add_label_free(ctx, object, quality));
    if (quality->confusion == NULL) return SPICA_OK;
    TRY(quality_add_confusion(ctx, object, quality->confusion, quality->clusters, quality->classes));
    TRY(quality_add_integers(ctx, object, "class_of", quality->class_of, quality->clusters));
    TRY(add_classes(ctx, object, quality));
    if (class_names == NULL) return SPICA_OK;
    return quality_add_names(ctx, object, "class_names", (const char *const *)class_names, quality->classes);
}

Status quality_json(Context *ctx, const Quality *quality, char *const *class_names, json_t **object) {
    TRY(json_new_object(ctx, object));
    const Status status = fill_json(ctx, quality, class_names, *object);
    if (status == SPICA_OK) return SPICA_OK;
    json_decref(*object);
    *object = NULL;
    return status;
}

void quality_publish(const Quality *quality, spica_quality *published) {
    if (published == NULL) return;
    const Metrics *metrics = &quality->metrics;
    *published = (spica_quality){
        .acc = metrics->acc,
        .nmi = metrics->nmi,
        .nmi_geometric = metrics->nmi_geometric,
        .ari = metrics->ari,
        .purity = metrics->purity,
        .macro_f1 = quality->macro.f1,
        .balanced_accuracy = quality->macro.balanced_accuracy,
        .clusters = metrics->clusters,
        .pictures = metrics->pictures,
        .smallest_share = quality->smallest_share,
        .largest_share = quality->largest_share,
        .mean_confidence = quality->mean_confidence,
        .silhouette = quality->silhouette,
        .calibration_error = quality->calibration_error,
    };
}

spica_quality quality_unknown(void) {
    return (spica_quality){
        .acc = NAN,
        .nmi = NAN,
        .nmi_geometric = NAN,
        .ari = NAN,
        .purity = NAN,
        .macro_f1 = NAN,
        .balanced_accuracy = NAN,
        .smallest_share = NAN,
        .largest_share = NAN,
        .mean_confidence = NAN,
        .silhouette = NAN,
        .calibration_error = NAN,
    };
}
