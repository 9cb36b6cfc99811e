#include "run/quality.h"

#include <math.h>

#include "base/json_text.h"

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

Status quality_measure(Context *ctx, Quality *quality, const int32_t *predicted, size_t count, size_t clusters,
                       const int32_t *labels, size_t classes) {
    *quality = (Quality){.clusters = clusters, .classes = classes};
    quality->metrics =
        (Metrics){.acc = NAN, .nmi = NAN, .nmi_geometric = NAN, .ari = NAN, .purity = NAN, .pictures = count};
    quality->macro = (MacroMetrics){.f1 = NAN, .balanced_accuracy = NAN};
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

static Status fill_json(Context *ctx, const Quality *quality, char *const *class_names, json_t *object) {
    TRY(quality_add_scores(ctx, object, &quality->metrics));
    TRY(json_add_integer(ctx, object, "clusters", (int64_t)quality->metrics.clusters));
    TRY(json_add_integer(ctx, object, "pictures", (int64_t)quality->metrics.pictures));
    TRY(quality_add_integers(ctx, object, "sizes", quality->sizes, quality->clusters));
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
    };
}
