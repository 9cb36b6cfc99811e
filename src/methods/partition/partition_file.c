#include "methods/partition/partition_file.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/number.h"
#include "nn/weights.h"

#define FORMAT_VERSION 1
#define TENSORS_MOST 5
#define META_MOST 16
/* No sum of products of two overflows. */
#define NUMBER_MOST ((int64_t)1 << 30)

void partition_close(Context *ctx, Partition *partition) {
    partition_input_close(ctx, &partition->input);
    partition_model_close(ctx, &partition->model);
}

/* A tensor and the pointer that owns its values; columns 0: a vector. */
typedef struct Tensor {
    const char *name;
    float **values;
    size_t rows, columns;
} Tensor;

/* The tensors that the kind of model and input has; returns how many. */
static size_t list_tensors(Partition *partition, Tensor tensors[TENSORS_MOST]) {
    PartitionModel *model = &partition->model;
    PartitionInput *input = &partition->input;
    size_t count = 0;
    tensors[count++] = (Tensor){"centres", &model->centres, model->clusters, model->dim};
    if (model->kind == PARTITION_GMM) {
        tensors[count++] = (Tensor){"variances", &model->variances, model->clusters, model->dim};
        tensors[count++] = (Tensor){"weights", &model->weights, model->clusters, 0};
    }
    if (input->components > 0) {
        tensors[count++] = (Tensor){"pca.mean", &input->mean, input->values, 0};
        tensors[count++] = (Tensor){"pca.directions", &input->directions, input->components, input->values};
    }
    return count;
}

/* The tensors as entries of a table, one after the other in one block. */
static Status open_params(Context *ctx, Params *params, const Tensor *tensors, size_t count) {
    *params = (Params){.table_count = count};
    TRY(NEW_ZEROED(ctx, &params->table, count));
    for (size_t i = 0; i < count; i++) {
        Param *param = &params->table[i];
        snprintf(param->name, sizeof param->name, "%s", tensors[i].name);
        param->kind = PARAM_LINEAR_WEIGHT;
        param->rank = tensors[i].columns > 0 ? 2 : 1;
        param->shape[0] = (int64_t)tensors[i].rows;
        param->shape[1] = (int64_t)tensors[i].columns;
        param->count = tensors[i].rows * (tensors[i].columns > 0 ? tensors[i].columns : 1);
        param->offset = params->count;
        params->count += param->count;
    }
    return NEW_ZEROED(ctx, &params->values, params->count);
}

static void close_params(Context *ctx, Params *params) {
    FREE_ARRAY(ctx, &params->table);
    FREE_ARRAY(ctx, &params->values);
}

/* ---- writing ---- */

static void put_text(WeightsMeta **meta, const char *key, const char *value) {
    snprintf((*meta)->key, sizeof(*meta)->key, "%s", key);
    snprintf((*meta)->value, sizeof(*meta)->value, "%s", value);
    ++*meta;
}

static void put_number(WeightsMeta **meta, const char *key, size_t value) {
    char text[NUMBER_TEXT];
    number_print_integer(text, (int64_t)value);
    put_text(meta, key, text);
}

static void put_real(WeightsMeta **meta, const char *key, double value) {
    char text[NUMBER_TEXT];
    number_print_real(text, value);
    put_text(meta, key, text);
}

static const char *const on_names[] = {"pixels", "embeddings", "pca"};

/* Returns how many entries there are. */
static size_t fill_meta(const Partition *partition, WeightsMeta meta[META_MOST]) {
    const PartitionInput *input = &partition->input;
    WeightsMeta *next = meta;
    put_number(&next, "format_version", FORMAT_VERSION);
    put_text(&next, "algorithm", partition_kind_name(partition->model.kind));
    put_text(&next, "on", on_names[input->on]);
    put_text(&next, "data", input->given ? "embeddings" : "pictures");
    put_real(&next, "scale", (double)input->scale);
    put_number(&next, "clusters", partition->model.clusters);
    put_number(&next, "dimension", partition->model.dim);
    put_number(&next, "values", input->values);
    put_number(&next, "components", input->components);
    put_number(&next, "height", (size_t)input->height);
    put_number(&next, "width", (size_t)input->width);
    put_number(&next, "channels", (size_t)input->channels);
    return (size_t)(next - meta);
}

Status partition_write(Context *ctx, const char *path, const Partition *partition) {
    Partition shown = *partition; /* its tensors are read alone */
    Tensor tensors[TENSORS_MOST];
    WeightsMeta meta[META_MOST] = {0};
    Params params;
    const size_t count = list_tensors(&shown, tensors);
    Status status = open_params(ctx, &params, tensors, count);
    for (size_t i = 0; status == SPICA_OK && i < count; i++)
        memcpy(params.values + params.table[i].offset, *tensors[i].values,
               params.table[i].count * sizeof *params.values);
    if (status == SPICA_OK) status = weights_write(ctx, path, &params, NULL, meta, fill_meta(partition, meta));
    close_params(ctx, &params);
    return status;
}

/* ---- reading ---- */

/* The file's metadata, for looking things up. */
typedef struct Meta {
    const char *path;
    WeightsMeta entries[META_MOST];
    size_t count;
} Meta;

static Status meta_fail(Context *ctx, const Meta *meta, const char *key) {
    const char *value = weights_meta_find(meta->entries, meta->count, key);
    return context_fail(ctx, SPICA_ERROR_WEIGHTS, "%s: no partition's file: metadata %s is %.40s", meta->path, key,
                        value != NULL ? value : "missing");
}

static Status meta_number(Context *ctx, const Meta *meta, const char *key, int64_t low, size_t *value) {
    const char *text = weights_meta_find(meta->entries, meta->count, key);
    int64_t number;
    if (text == NULL || !number_parse_integer(text, &number) || number < low || number > NUMBER_MOST)
        return meta_fail(ctx, meta, key);
    *value = (size_t)number;
    return SPICA_OK;
}

static Status meta_scale(Context *ctx, const Meta *meta, float *scale) {
    const char *text = weights_meta_find(meta->entries, meta->count, "scale");
    double value;
    if (text == NULL || !number_parse_real(text, &value)) return meta_fail(ctx, meta, "scale");
    *scale = (float)value;
    return SPICA_OK;
}

static Status meta_version(Context *ctx, const Meta *meta) {
    size_t version = 0;
    TRY(meta_number(ctx, meta, "format_version", 1, &version));
    if (version <= FORMAT_VERSION) return SPICA_OK;
    return context_fail(ctx, SPICA_ERROR_WEIGHTS,
                        "%s: written by a newer spica: its format version is %zu, this program knows %d", meta->path,
                        version, FORMAT_VERSION);
}

static Status meta_names(Context *ctx, const Meta *meta, Partition *partition) {
    const char *algorithm = weights_meta_find(meta->entries, meta->count, "algorithm");
    const char *on = weights_meta_find(meta->entries, meta->count, "on");
    size_t place = 0;
    if (algorithm == NULL || !partition_kind_find(algorithm, &partition->model.kind) ||
        !partition_assigns(partition->model.kind))
        return meta_fail(ctx, meta, "algorithm");
    while (on != NULL && place < 3 && strcmp(on, on_names[place]) != 0)
        place++;
    if (on == NULL || place == 3) return meta_fail(ctx, meta, "on");
    partition->input.on = (PartitionOn)place;
    const char *data = weights_meta_find(meta->entries, meta->count, "data");
    if (data == NULL) return meta_fail(ctx, meta, "data");
    partition->input.given = strcmp(data, "embeddings") == 0;
    return SPICA_OK;
}

static Status meta_sizes(Context *ctx, const Meta *meta, Partition *partition) {
    PartitionInput *input = &partition->input;
    size_t sides[3] = {0};
    TRY(meta_scale(ctx, meta, &input->scale));
    TRY(meta_number(ctx, meta, "clusters", 1, &partition->model.clusters));
    TRY(meta_number(ctx, meta, "dimension", 1, &partition->model.dim));
    TRY(meta_number(ctx, meta, "values", 1, &input->values));
    TRY(meta_number(ctx, meta, "components", 0, &input->components));
    TRY(meta_number(ctx, meta, "height", 1, &sides[0]));
    TRY(meta_number(ctx, meta, "width", 1, &sides[1]));
    TRY(meta_number(ctx, meta, "channels", 1, &sides[2]));
    input->height = (int)sides[0];
    input->width = (int)sides[1];
    input->channels = (int)sides[2];
    return partition_input_dim(input) == partition->model.dim ? SPICA_OK : meta_fail(ctx, meta, "dimension");
}

static Status take_tensor(Context *ctx, const Tensor *tensor, const Params *params, const Param *param) {
    TRY(NEW_ARRAY(ctx, tensor->values, param->count));
    memcpy(*tensor->values, params->values + param->offset, param->count * sizeof *params->values);
    return SPICA_OK;
}

static Status read_tensors(Context *ctx, const char *path, Partition *partition) {
    Tensor tensors[TENSORS_MOST];
    Params params;
    WeightsReport report = {0};
    const size_t count = list_tensors(partition, tensors);
    const spica_settings spoken = log_silence(ctx);
    Status status = open_params(ctx, &params, tensors, count);
    if (status == SPICA_OK) status = weights_read(ctx, path, &params, NULL, &report);
    log_speak(ctx, spoken);
    if (status == SPICA_OK && report.missing > 0)
        status =
            context_fail(ctx, SPICA_ERROR_WEIGHTS, "%s: %zu of %zu tensors are missing", path, report.missing, count);
    for (size_t i = 0; status == SPICA_OK && i < count; i++)
        status = take_tensor(ctx, &tensors[i], &params, &params.table[i]);
    close_params(ctx, &params);
    return status;
}

Status partition_read(Context *ctx, const char *path, Partition *partition) {
    Meta meta = {.path = path};
    *partition = (Partition){0};
    TRY(weights_read_meta(ctx, path, meta.entries, META_MOST, &meta.count));
    if (meta.count > META_MOST) meta.count = META_MOST;
    TRY(meta_version(ctx, &meta));
    TRY(meta_names(ctx, &meta, partition));
    TRY(meta_sizes(ctx, &meta, partition));
    return read_tensors(ctx, path, partition);
}
