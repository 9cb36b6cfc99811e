#include "run/quality.h"

#include <math.h>

#include "base/json_text.h"

static Status compare_labels(Context *ctx, Quality *quality, const int32_t *predicted, size_t count,
                             const int32_t *labels) {
    const size_t clusters = quality->clusters, classes = quality->classes;
    TRY(NEW_ARRAY(ctx, &quality->confusion, clusters * classes));
    TRY(NEW_ARRAY(ctx, &quality->class_of, clusters));
    confusion_count(quality->confusion, predicted, labels, count, clusters, classes);
    return metrics_compute(ctx, &quality->metrics, quality->confusion, clusters, classes, quality->class_of);
}

Status quality_measure(Context *ctx, Quality *quality, const int32_t *predicted, size_t count, size_t clusters,
                       const int32_t *labels, size_t classes) {
    *quality = (Quality){.clusters = clusters, .classes = classes};
    quality->metrics =
        (Metrics){.acc = NAN, .nmi = NAN, .nmi_geometric = NAN, .ari = NAN, .purity = NAN, .pictures = count};
    TRY(NEW_ZEROED(ctx, &quality->sizes, clusters));
    for (size_t i = 0; i < count; i++)
        quality->sizes[predicted[i]]++;
    if (labels != NULL && classes > 0) TRY(compare_labels(ctx, quality, predicted, count, labels));
    /* The matrix counts all its rows; what is told is how many clusters have a picture. */
    quality->metrics.clusters = 0;
    for (size_t k = 0; k < clusters; k++)
        quality->metrics.clusters += quality->sizes[k] > 0;
    return SPICA_OK;
}

void quality_close(Context *ctx, Quality *quality) {
    FREE_ARRAY(ctx, &quality->sizes);
    FREE_ARRAY(ctx, &quality->confusion);
    FREE_ARRAY(ctx, &quality->class_of);
}

Status quality_add_scores(Context *ctx, json_t *object, const Metrics *metrics) {
    TRY(json_add_real(ctx, object, "acc", metrics->acc));
    TRY(json_add_real(ctx, object, "nmi", metrics->nmi));
    TRY(json_add_real(ctx, object, "nmi_geometric", metrics->nmi_geometric));
    TRY(json_add_real(ctx, object, "ari", metrics->ari));
    return json_add_real(ctx, object, "purity", metrics->purity);
}

static Status add_integers(Context *ctx, json_t *object, const char *key, const int64_t *values, size_t count) {
    json_t *array = json_array();
    TRY(json_add(ctx, object, key, array));
    for (size_t i = 0; i < count; i++)
        TRY(json_append_integer(ctx, array, values[i]));
    return SPICA_OK;
}

static Status add_confusion(Context *ctx, json_t *object, const Quality *quality) {
    json_t *rows = json_array();
    TRY(json_add(ctx, object, "confusion", rows));
    for (size_t k = 0; k < quality->clusters; k++) {
        json_t *row = json_array();
        TRY(json_append(ctx, rows, row));
        for (size_t c = 0; c < quality->classes; c++)
            TRY(json_append_integer(ctx, row, quality->confusion[k * quality->classes + c]));
    }
    return add_integers(ctx, object, "class_of", quality->class_of, quality->clusters);
}

static Status add_names(Context *ctx, json_t *object, char *const *names, size_t count) {
    json_t *array = json_array();
    TRY(json_add(ctx, object, "class_names", array));
    for (size_t i = 0; i < count; i++) {
        char *text = NULL;
        TRY(text_escape(ctx, &text, names[i]));
        const Status status = json_append(ctx, array, json_string(text));
        FREE_ARRAY(ctx, &text);
        TRY(status);
    }
    return SPICA_OK;
}

static Status fill_json(Context *ctx, const Quality *quality, char *const *class_names, json_t *object) {
    TRY(quality_add_scores(ctx, object, &quality->metrics));
    TRY(json_add_integer(ctx, object, "clusters", (int64_t)quality->metrics.clusters));
    TRY(json_add_integer(ctx, object, "pictures", (int64_t)quality->metrics.pictures));
    TRY(add_integers(ctx, object, "sizes", quality->sizes, quality->clusters));
    if (quality->confusion == NULL) return SPICA_OK;
    TRY(add_confusion(ctx, object, quality));
    if (class_names == NULL) return SPICA_OK;
    return add_names(ctx, object, class_names, quality->classes);
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
        .clusters = metrics->clusters,
        .pictures = metrics->pictures,
    };
}
