#include "run/inspect_data.h"

#include <stdio.h>
#include <string.h>

#include "data/dataset_measure.h"
#include "run/inspect_embeddings.h"
#include "run/recipe_choice.h"
#include "run/run.h"

/* Bad files that are told one by one; the others are only counted. */
#define BAD_TOLD_MOST 10

/* A text of any bytes. */
static Status add_escaped(Context *ctx, json_t *object, const char *key, const char *text) {
    char *escaped;
    TRY(text_escape(ctx, &escaped, text));
    const Status status = json_add_text(ctx, object, key, escaped);
    FREE_ARRAY(ctx, &escaped);
    return status;
}

/* *member: a new object under `key`, which is the object's. */
static Status add_object(Context *ctx, json_t *object, const char *key, json_t **member) {
    *member = json_object();
    return json_add(ctx, object, key, *member);
}

static Status add_array(Context *ctx, json_t *object, const char *key, json_t **member) {
    *member = json_array();
    return json_add(ctx, object, key, *member);
}

static Status add_rows(Context *ctx, const Dataset *dataset, json_t *object) {
    TRY(json_add_text(ctx, object, "is", "data set"));
    TRY(json_add_text(ctx, object, "kind", dataset->kind));
    TRY(json_add_text(ctx, object, "name", dataset->name));
    if (dataset_has_embeddings(dataset)) return inspect_embeddings(ctx, dataset, object);
    TRY(json_add_integer(ctx, object, "pictures", (int64_t)dataset->count));
    TRY(json_add_integer(ctx, object, "height", dataset->height));
    TRY(json_add_integer(ctx, object, "width", dataset->width));
    return json_add_integer(ctx, object, "channels", dataset->channels);
}

static Status add_splits(Context *ctx, const Dataset *dataset, json_t *object) {
    json_t *splits;
    if (dataset->part_count == 0) return SPICA_OK;
    TRY(add_object(ctx, object, "splits", &splits));
    for (size_t i = 0; i < dataset->part_count; i++)
        TRY(json_add_integer(ctx, splits, dataset->parts[i].name, (int64_t)dataset->parts[i].count));
    return SPICA_OK;
}

static Status add_duplicates(Context *ctx, const Dataset *dataset, json_t *object) {
    int64_t *first;
    size_t duplicates = 0;
    TRY(NEW_ARRAY(ctx, &first, dataset->count));
    const Status status = dataset_find_duplicates(ctx, dataset, first, &duplicates);
    FREE_ARRAY(ctx, &first);
    TRY(status);
    return json_add_integer(ctx, object, "duplicates", (int64_t)duplicates);
}

static Status add_bad_files(Context *ctx, const Dataset *dataset, json_t *object) {
    json_t *rows;
    TRY(json_add_integer(ctx, object, "bad_files", (int64_t)dataset->bad_count));
    if (dataset->bad_count == 0) return SPICA_OK;
    TRY(add_array(ctx, object, "bad", &rows));
    for (size_t i = 0; i < dataset->bad_count && i < BAD_TOLD_MOST; i++) {
        json_t *row = json_object();
        TRY(json_append(ctx, rows, row));
        TRY(add_escaped(ctx, row, "path", dataset->bad[i].path));
        TRY(add_escaped(ctx, row, "reason", dataset->bad[i].reason));
    }
    return SPICA_OK;
}

/* What the files of pictures are, before they were resized. */
static Status add_survey(Context *ctx, const Dataset *dataset, json_t *object) {
    const PictureSurvey *survey = &dataset->survey;
    json_t *kinds, *sizes;
    if (survey->width_most == 0) return SPICA_OK;
    TRY(add_object(ctx, object, "formats", &kinds));
    for (size_t kind = 0; kind < PICTURE_KINDS; kind++)
        if (survey->kinds[kind] > 0)
            TRY(json_add_integer(ctx, kinds, picture_kind_name((PictureKind)kind), (int64_t)survey->kinds[kind]));
    TRY(add_object(ctx, object, "sizes", &sizes));
    TRY(json_add_integer(ctx, sizes, "width_least", survey->width_least));
    TRY(json_add_integer(ctx, sizes, "width_most", survey->width_most));
    TRY(json_add_integer(ctx, sizes, "height_least", survey->height_least));
    TRY(json_add_integer(ctx, sizes, "height_most", survey->height_most));
    return add_bad_files(ctx, dataset, object);
}

static Status add_statistics(Context *ctx, const Dataset *dataset, json_t *object) {
    float mean[3] = {0}, deviation[3] = {0};
    json_t *means, *deviations;
    if (dataset_has_embeddings(dataset)) return SPICA_OK;
    dataset_statistics(dataset, mean, deviation);
    TRY(add_array(ctx, object, "mean", &means));
    TRY(add_array(ctx, object, "deviation", &deviations));
    for (int c = 0; c < dataset->channels; c++) {
        TRY(json_append_real(ctx, means, (double)mean[c]));
        TRY(json_append_real(ctx, deviations, (double)deviation[c]));
    }
    return SPICA_OK;
}

static Status append_escaped(Context *ctx, json_t *array, const char *text) {
    char *escaped;
    TRY(text_escape(ctx, &escaped, text));
    const Status status = json_append(ctx, array, json_string(escaped));
    FREE_ARRAY(ctx, &escaped);
    return status;
}

/* sizes[class_count]: the pictures of each class; returns how many have one. */
static size_t classes_count(const Dataset *dataset, int64_t *sizes) {
    size_t labelled = 0;
    memset(sizes, 0, dataset->class_count * sizeof *sizes);
    for (size_t row = 0; dataset->labels != NULL && row < dataset->count; row++) {
        if (dataset->labels[row] < 0) continue;
        sizes[dataset->labels[row]]++;
        labelled++;
    }
    return labelled;
}

static Status add_labels(Context *ctx, const Dataset *dataset, json_t *object) {
    json_t *names, *counts;
    int64_t *sizes;
    TRY(NEW_ARRAY(ctx, &sizes, dataset->class_count));
    Status status = json_add_integer(ctx, object, "labelled", (int64_t)classes_count(dataset, sizes));
    if (status == SPICA_OK) status = add_array(ctx, object, "classes", &names);
    if (status == SPICA_OK) status = add_array(ctx, object, "class_sizes", &counts);
    for (size_t c = 0; status == SPICA_OK && c < dataset->class_count; c++) {
        status = append_escaped(ctx, names, dataset->class_names[c]);
        if (status == SPICA_OK) status = json_append_integer(ctx, counts, sizes[c]);
    }
    FREE_ARRAY(ctx, &sizes);
    return status;
}

/* How the pictures came to have their size. */
static Status add_decoding(Context *ctx, const Options *options, const Dataset *dataset, json_t *object) {
    const PictureSurvey *survey = &dataset->survey;
    const uint32_t width = (uint32_t)dataset->width, height = (uint32_t)dataset->height;
    char words[96];
    if (survey->width_most == 0) return SPICA_OK;
    if (survey->width_least == width && survey->width_most == width && survey->height_least == height &&
        survey->height_most == height)
        snprintf(words, sizeof words, "all are %d x %d and keep their size", dataset->width, dataset->height);
    else
        snprintf(words, sizeof words, "resized to %d x %d (data.size; data.fit = %s)", dataset->width, dataset->height,
                 options_text(options, "data.fit"));
    return json_add_text(ctx, object, "decoding", words);
}

/* The network and the length of the first stage, which takes most of the time. */
static Status add_first_stage(Context *ctx, const Options *options, const char *stage, json_t *object) {
    static const char *const names[] = {"backbone", "stem", "width", "epochs"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char key[64];
        snprintf(key, sizeof key, "%s.%s", stage, names[i]);
        const long row = option_find(key);
        if (row >= 0) TRY(json_add_text(ctx, object, key, options->texts[row]));
    }
    return SPICA_OK;
}

/* What the network reads. */
static Status add_input(Context *ctx, const Options *options, const Dataset *dataset, json_t *plan) {
    const int64_t size = options_integer(options, "data.size");
    if (dataset_has_embeddings(dataset)) return SPICA_OK;
    TRY(json_add_integer(ctx, plan, "input_height", size > 0 ? size : dataset->height));
    return json_add_integer(ctx, plan, "input_width", size > 0 ? size : dataset->width);
}

/* What spica_cluster would do with it. */
static Status add_plan(Context *ctx, const Options *options, const Dataset *dataset, const RecipeReason *reason,
                       json_t *object) {
    json_t *plan, *stages;
    const char *const *names = method_stages(options);
    TRY(add_object(ctx, object, "cluster", &plan));
    TRY(json_add_text(ctx, plan, "recipe", options_text(options, "run.recipe")));
    TRY(json_add_text(ctx, plan, "reason", reason->text));
    TRY(add_decoding(ctx, options, dataset, plan));
    TRY(add_input(ctx, options, dataset, plan));
    TRY(json_add_text(ctx, plan, "method", options_text(options, "run.method")));
    TRY(add_array(ctx, plan, "stages", &stages));
    for (const char *const *name = names; *name != NULL; name++)
        TRY(json_append(ctx, stages, json_string(*name)));
    if (dataset_has_embeddings(dataset)) return inspect_embedding_stages(ctx, options, plan);
    return *names != NULL ? add_first_stage(ctx, options, *names, plan) : SPICA_OK;
}

static Status add_all(Context *ctx, const Options *options, const Dataset *dataset, const RecipeReason *reason,
                      json_t *object) {
    TRY(add_rows(ctx, dataset, object));
    TRY(add_splits(ctx, dataset, object));
    TRY(add_survey(ctx, dataset, object));
    TRY(add_duplicates(ctx, dataset, object));
    TRY(add_statistics(ctx, dataset, object));
    TRY(add_labels(ctx, dataset, object));
    return add_plan(ctx, options, dataset, reason, object);
}

Status inspect_data(Context *ctx, const char *path, const Options *options, json_t *object) {
    Options used = {0};
    Dataset dataset = {0};
    RecipeReason reason = {0};
    Status status = options_open(ctx, &used);
    if (status == SPICA_OK && options != NULL) status = options_copy(ctx, &used, options);
    if (status == SPICA_OK) status = recipe_choose_and_open(ctx, &used, path, &dataset, &reason);
    if (status == SPICA_OK) status = add_all(ctx, &used, &dataset, &reason, object);
    dataset_close(ctx, &dataset);
    options_close(ctx, &used);
    return status;
}
