#include "nn/model.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "nn/weights_select.h"

#define FORMAT_VERSION 1
#define ENLARGE_MOST 8.0f
#define PROJECTION_PREFIX "projection."
#define HEAD_PREFIX "head."
#define OVERCLUSTERING_PREFIX "overclustering_head."

/* ---- The network ---- */

static Status check_sizes(Context *ctx, const ModelSpec *spec) {
    if (spec->channels < 1 || spec->height < 1 || spec->width < 1)
        return context_fail(ctx, SPICA_ERROR_OPTION, "a model of pictures of %d x %d x %d", spec->height, spec->width,
                            spec->channels);
    if (spec->sobel && spec->channels != 2)
        return context_fail(ctx, SPICA_ERROR_OPTION, "a model of Sobel filters with %d channels", spec->channels);
    if (!(spec->enlarge >= 0.0f && spec->enlarge <= ENLARGE_MOST))
        return context_fail(ctx, SPICA_ERROR_OPTION, "a model of pictures enlarged by %g", (double)spec->enlarge);
    if (spec->projection < 0 || spec->clusters < 0 || spec->projection_hidden < 0 || spec->head_hidden < 0 ||
        spec->overclusters < 0)
        return context_fail(ctx, SPICA_ERROR_OPTION, "a model with %d projected features and %d clusters",
                            spec->projection, spec->clusters);
    return SPICA_OK;
}

/* The projection; with batch norm: Linear(D,hidden) BN ReLU Linear(hidden,out), projection.0, .1 and .3. */
static Status build_projection(Context *ctx, Model *model, int hidden) {
    const ModelSpec *spec = &model->spec;
    ValueId value;
    if (!spec->projection_norm)
        return mlp_build(ctx, model->net, model->features, PROJECTION_PREFIX, hidden, spec->projection,
                         &model->projection);
    TRY(net_linear(ctx, model->net, model->features, PROJECTION_PREFIX "0", hidden, &value));
    TRY(net_batch_norm(ctx, model->net, value, PROJECTION_PREFIX "1", 0.1f, &value));
    TRY(net_relu(ctx, model->net, value, 0.0f, &value));
    return net_linear(ctx, model->net, value, PROJECTION_PREFIX "3", spec->projection, &model->projection);
}

static Status build_heads(Context *ctx, Model *model) {
    const ModelSpec *spec = &model->spec;
    const int hidden = spec->head_hidden > 0 ? spec->head_hidden : model->dimension;
    if (spec->clusters > 0 && spec->head_linear)
        TRY(net_linear(ctx, model->net, model->features, HEAD_PREFIX "0", spec->clusters, &model->logits));
    else if (spec->clusters > 0)
        TRY(mlp_build(ctx, model->net, model->features, HEAD_PREFIX, hidden, spec->clusters, &model->logits));
    if (spec->overclusters == 0) return SPICA_OK;
    return net_linear(ctx, model->net, model->features, OVERCLUSTERING_PREFIX "0", spec->overclusters,
                      &model->overlogits);
}

static Status build_network(Context *ctx, Model *model) {
    const ModelSpec *spec = &model->spec;
    TRY(check_sizes(ctx, spec));
    TRY(net_open(ctx, &model->net, spec->channels, spec->height, spec->width));
    TRY(backbone_build(ctx, model->net, &spec->backbone, "", &model->features, &model->map));
    int height, width;
    net_shape(model->net, model->features, &model->dimension, &height, &width);
    const int projection_hidden = spec->projection_hidden > 0 ? spec->projection_hidden : model->dimension;
    if (spec->projection > 0) TRY(build_projection(ctx, model, projection_hidden));
    TRY(build_heads(ctx, model));
    if (spec->direct_convolutions) net_use_direct_convolutions(model->net);
    return net_finish(ctx, model->net);
}

Status model_open(Context *ctx, Model *model, const ModelSpec *spec) {
    *model = (Model){.spec = *spec, .projection = -1, .logits = -1, .overlogits = -1};
    const Status status = build_network(ctx, model);
    if (status != SPICA_OK) model_close(ctx, model);
    return status;
}

void model_close(Context *ctx, Model *model) {
    net_close(ctx, &model->net);
    *model = (Model){0};
}

/* ---- The metadata: one row per field of ModelSpec ---- */

#define FIELD(member) offsetof(ModelSpec, member)

static const struct {
    const char *key;
    size_t offset;
    int64_t low, high;
    bool later; /* files of before it was there lack it, and mean 0 */
} integer_fields[] = {
    {"width", FIELD(backbone.width), 0, 8192, false},
    {"input_channels", FIELD(channels), 1, 65536, false},
    {"input_height", FIELD(height), 1, 65536, false},
    {"input_width", FIELD(width), 1, 65536, false},
    {"projection_hidden", FIELD(projection_hidden), 0, 1 << 20, false},
    {"projection", FIELD(projection), 0, 1 << 20, false},
    {"projection_norm", FIELD(projection_norm), 0, 1, false},
    {"head_hidden", FIELD(head_hidden), 0, 1 << 20, false},
    {"clusters", FIELD(clusters), 0, 1 << 20, false},
    {"sobel", FIELD(sobel), 0, 1, true},
    {"head_linear", FIELD(head_linear), 0, 1, true},
    {"overclusters", FIELD(overclusters), 0, 1 << 20, true},
    {"direct_convolutions", FIELD(direct_convolutions), 0, 1, true},
};

static const struct {
    const char *key;
    size_t offset;
    bool later;
} real_fields[] = {
    {"relu_slope", FIELD(backbone.relu_slope), false},
    {"bn_momentum", FIELD(backbone.bn_momentum), false},
    {"dropout", FIELD(backbone.dropout), false},
    {"mean_0", FIELD(mean[0]), false},
    {"mean_1", FIELD(mean[1]), false},
    {"mean_2", FIELD(mean[2]), false},
    {"deviation_0", FIELD(deviation[0]), false},
    {"deviation_1", FIELD(deviation[1]), false},
    {"deviation_2", FIELD(deviation[2]), false},
    {"enlarge", FIELD(enlarge), true},
};

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))
#define SPEC_META_COUNT (3 + COUNT_OF(integer_fields) + COUNT_OF(real_fields))

static int *integer_field(ModelSpec *spec, size_t field) {
    return (int *)(void *)((char *)spec + integer_fields[field].offset);
}

static float *real_field(ModelSpec *spec, size_t field) {
    return (float *)(void *)((char *)spec + real_fields[field].offset);
}

static WeightsMeta meta_text(const char *key, const char *value) {
    WeightsMeta meta = {0};
    snprintf(meta.key, sizeof meta.key, "%s", key);
    snprintf(meta.value, sizeof meta.value, "%s", value);
    return meta;
}

static void spec_to_meta(ModelSpec spec, WeightsMeta meta[SPEC_META_COUNT]) {
    char text[NUMBER_TEXT];
    number_print_integer(text, FORMAT_VERSION);
    *meta++ = meta_text("format_version", text);
    *meta++ = meta_text("architecture", backbone_name(&spec.backbone).text);
    *meta++ = meta_text("stem", backbone_stem_name(spec.backbone.stem));
    for (size_t f = 0; f < COUNT_OF(integer_fields); f++) {
        number_print_integer(text, *integer_field(&spec, f));
        *meta++ = meta_text(integer_fields[f].key, text);
    }
    for (size_t f = 0; f < COUNT_OF(real_fields); f++) {
        /* 9 digits give every float32 back. */
        number_print_digits(text, (double)*real_field(&spec, f), 9);
        *meta++ = meta_text(real_fields[f].key, text);
    }
}

typedef struct MetaList {
    const char *path;
    WeightsMeta *entries;
    size_t count;
} MetaList;

static bool meta_has(const MetaList *list, const char *key) {
    return weights_meta_find(list->entries, list->count, key) != NULL;
}

static Status meta_find(Context *ctx, const MetaList *list, const char *key, const char **value) {
    *value = weights_meta_find(list->entries, list->count, key);
    if (*value != NULL) return SPICA_OK;
    return context_fail(ctx, SPICA_ERROR_WEIGHTS, "%s: its metadata has no \"%s\": no model written by spica",
                        list->path, key);
}

static Status meta_integer(Context *ctx, const MetaList *list, const char *key, int64_t low, int64_t high,
                           int64_t *value) {
    const char *text;
    TRY(meta_find(ctx, list, key, &text));
    if (number_parse_integer(text, value) && *value >= low && *value <= high) return SPICA_OK;
    return context_fail(ctx, SPICA_ERROR_WEIGHTS, "%s: metadata \"%s\" is \"%.60s\"", list->path, key, text);
}

static Status meta_real(Context *ctx, const MetaList *list, const char *key, float *value) {
    const char *text;
    double real;
    TRY(meta_find(ctx, list, key, &text));
    if (!number_parse_real(text, &real) || real < -1e6 || real > 1e6)
        return context_fail(ctx, SPICA_ERROR_WEIGHTS, "%s: metadata \"%s\" is \"%.60s\"", list->path, key, text);
    *value = (float)real;
    return SPICA_OK;
}

static Status check_version(Context *ctx, const MetaList *list) {
    int64_t version;
    TRY(meta_integer(ctx, list, "format_version", 1, INT64_MAX, &version));
    if (version <= FORMAT_VERSION) return SPICA_OK;
    return context_fail(ctx, SPICA_ERROR_WEIGHTS,
                        "%s: written by a newer spica: its format version is %lld, this program knows %d", list->path,
                        (long long)version, FORMAT_VERSION);
}

static Status meta_to_spec(Context *ctx, const MetaList *list, ModelSpec *spec) {
    *spec = (ModelSpec){0};
    TRY(check_version(ctx, list));
    const char *architecture, *stem;
    TRY(meta_find(ctx, list, "architecture", &architecture));
    TRY(meta_find(ctx, list, "stem", &stem));
    if (backbone_parse(ctx, architecture, &spec->backbone) != SPICA_OK ||
        backbone_parse_stem(ctx, stem, &spec->backbone.stem) != SPICA_OK)
        return context_fail(ctx, SPICA_ERROR_WEIGHTS, "%s: metadata: %s", list->path, ctx->reason);
    for (size_t f = 0; f < COUNT_OF(integer_fields); f++) {
        int64_t value;
        if (integer_fields[f].later && !meta_has(list, integer_fields[f].key)) continue;
        TRY(meta_integer(ctx, list, integer_fields[f].key, integer_fields[f].low, integer_fields[f].high, &value));
        *integer_field(spec, f) = (int)value;
    }
    for (size_t f = 0; f < COUNT_OF(real_fields); f++) {
        if (real_fields[f].later && !meta_has(list, real_fields[f].key)) continue;
        TRY(meta_real(ctx, list, real_fields[f].key, real_field(spec, f)));
    }
    return SPICA_OK;
}

/* ---- Files ---- */

static unsigned tensor_part(const char *name) {
    if (strncmp(name, PROJECTION_PREFIX, strlen(PROJECTION_PREFIX)) == 0) return MODEL_PROJECTION;
    if (strncmp(name, HEAD_PREFIX, strlen(HEAD_PREFIX)) == 0) return MODEL_HEAD;
    if (strncmp(name, OVERCLUSTERING_PREFIX, strlen(OVERCLUSTERING_PREFIX)) == 0) return MODEL_OVERCLUSTERING_HEAD;
    return MODEL_BACKBONE;
}

/* user: the parts, as unsigned */
static const char *select_parts(const void *user, const char *name) {
    const unsigned *parts = user;
    return (tensor_part(name) & *parts) != 0 ? name : NULL;
}

Status model_write(Context *ctx, const char *path, const Model *model, unsigned parts, const WeightsMeta *extra,
                   size_t extra_count) {
    ModelSpec spec = model->spec;
    if ((parts & MODEL_PROJECTION) == 0) spec.projection = spec.projection_hidden = spec.projection_norm = 0;
    if ((parts & MODEL_HEAD) == 0) spec.clusters = spec.head_hidden = spec.head_linear = 0;
    if ((parts & MODEL_OVERCLUSTERING_HEAD) == 0) spec.overclusters = 0;
    WeightsMeta *meta;
    TRY(NEW_ARRAY(ctx, &meta, extra_count + SPEC_META_COUNT));
    if (extra_count > 0) memcpy(meta, extra, extra_count * sizeof *meta);
    spec_to_meta(spec, meta + extra_count);
    const Status status = weights_write_selected(ctx, path, net_params(model->net), select_parts, &parts, meta,
                                                 extra_count + SPEC_META_COUNT);
    FREE_ARRAY(ctx, &meta);
    return status;
}

/* All metadata of the file; entries owned by the caller. */
static Status read_meta_list(Context *ctx, const char *path, MetaList *list) {
    *list = (MetaList){.path = path};
    size_t capacity;
    TRY(weights_read_meta(ctx, path, NULL, 0, &capacity));
    TRY(NEW_ARRAY(ctx, &list->entries, capacity));
    TRY(weights_read_meta(ctx, path, list->entries, capacity, &list->count));
    /* The file may have been replaced in between. */
    if (list->count > capacity) list->count = capacity;
    return SPICA_OK;
}

static Status read_tensors(Context *ctx, const char *path, Model *model) {
    WeightsReport report;
    TRY(weights_read(ctx, path, net_params(model->net), NULL, &report));
    if (report.missing == 0) return SPICA_OK;
    return context_fail(ctx, SPICA_ERROR_WEIGHTS,
                        "%s: %zu of the tensors that its metadata promises are missing, %zu are there", path,
                        report.missing, report.matched);
}

Status model_read_spec(Context *ctx, const char *path, ModelSpec *spec) {
    MetaList list;
    Status status = read_meta_list(ctx, path, &list);
    if (status == SPICA_OK) status = meta_to_spec(ctx, &list, spec);
    FREE_ARRAY(ctx, &list.entries);
    return status;
}

Status model_read(Context *ctx, const char *path, Model *model) {
    *model = (Model){0};
    ModelSpec spec;
    TRY(model_read_spec(ctx, path, &spec));
    TRY(model_open(ctx, model, &spec));
    const Status status = read_tensors(ctx, path, model);
    if (status != SPICA_OK) model_close(ctx, model);
    return status;
}
