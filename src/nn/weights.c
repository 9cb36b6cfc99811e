#include "nn/weights.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/files.h"
#include "base/log.h"
#include "nn/safetensors.h"
#include "nn/weights_select.h"

/* ---- Writing ---- */

/* One tensor on its way into a file. */
typedef struct Outgoing {
    const char *name;
    const Param *param;
    const float *values;
    SafetensorsType type;
} Outgoing;

/* Wider types first, so that every tensor is aligned to its type, then by name: the order of the official library. */
static int compare_outgoing(const void *a, const void *b) {
    const Outgoing *left = a, *right = b;
    const size_t left_bytes = safetensors_type_bytes(left->type), right_bytes = safetensors_type_bytes(right->type);
    if (left_bytes != right_bytes) return left_bytes > right_bytes ? -1 : 1;
    return strcmp(left->name, right->name);
}

static void collect_table(Outgoing *list, size_t *count, const Param *table, size_t table_count, const float *values,
                          WeightsSelect select, const void *user) {
    for (size_t t = 0; t < table_count; t++) {
        const char *name = select(user, table[t].name);
        if (name == NULL) continue;
        list[(*count)++] = (Outgoing){
            .name = name,
            .param = &table[t],
            .values = values + table[t].offset,
            .type = table[t].kind == PARAM_BATCH_COUNT ? SAFETENSORS_I64 : SAFETENSORS_F32,
        };
    }
}

static json_t *shape_to_json(const Param *param) {
    json_t *shape = json_array();
    for (int d = 0; d < param->rank; d++)
        json_array_append_new(shape, json_integer(param->shape[d]));
    return shape;
}

/* NULL: out of memory, or a text that is no UTF-8. */
static json_t *header_to_json(const Outgoing *list, size_t count, const WeightsMeta *meta, size_t meta_count) {
    json_t *root = json_object(), *metadata = json_object();
    int failed = 0;
    for (size_t m = 0; m < meta_count; m++)
        failed |= json_object_set_new(metadata, meta[m].key, json_string(meta[m].value));
    if (meta_count > 0) failed |= json_object_set(root, "__metadata__", metadata);
    json_decref(metadata);
    json_int_t offset = 0;
    for (size_t i = 0; i < count; i++) {
        const size_t bytes = list[i].param->count * safetensors_type_bytes(list[i].type);
        json_t *entry = json_pack("{s:s, s:o, s:[I, I]}", "dtype", safetensors_type_name(list[i].type), "shape",
                                  shape_to_json(list[i].param), "data_offsets", offset, offset + (json_int_t)bytes);
        failed |= json_object_set_new(root, list[i].name, entry);
        offset += (json_int_t)bytes;
    }
    if (failed == 0) return root;
    json_decref(root);
    return NULL;
}

/* The header's length and its text, padded with spaces so that the tensors begin on a cache line. */
static Status write_header(Context *ctx, FileWriter *writer, const json_t *root) {
    const size_t flags = JSON_COMPACT | JSON_SORT_KEYS;
    const size_t length = json_dumpb(root, NULL, 0, flags);
    if (length == 0) return context_fail(ctx, SPICA_ERROR_MEMORY, "out of memory: header of %s", writer->path);
    const size_t padded = (8 + length + MEMORY_ALIGNMENT - 1) / MEMORY_ALIGNMENT * MEMORY_ALIGNMENT - 8;
    char *text;
    TRY(NEW_ARRAY(ctx, &text, 8 + padded));
    for (size_t i = 0; i < 8; i++)
        text[i] = (char)((uint64_t)padded >> (8 * i) & 0xFFu);
    memset(text + 8, ' ', padded);
    json_dumpb(root, text + 8, length, flags);
    const Status status = file_writer_add(ctx, writer, text, 8 + padded);
    FREE_ARRAY(ctx, &text);
    return status;
}

/* Block of `width`-byte elements: float32 bits, or the number rounded to an int64, both little-endian. */
static void encode_elements(unsigned char *bytes, const float *values, size_t count, SafetensorsType type) {
    const size_t width = safetensors_type_bytes(type);
    for (size_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, &values[i], sizeof bits);
        const bool countable = values[i] > -9e18f && values[i] < 9e18f;
        const uint64_t raw = type == SAFETENSORS_F32 ? bits : (uint64_t)(countable ? llrintf(values[i]) : 0);
        for (size_t b = 0; b < width; b++)
            bytes[i * width + b] = (unsigned char)(raw >> (8 * b));
    }
}

static Status write_tensor(Context *ctx, FileWriter *writer, const Outgoing *tensor) {
    unsigned char block[16384];
    const size_t width = safetensors_type_bytes(tensor->type), capacity = sizeof block / width;
    for (size_t done = 0; done < tensor->param->count; done += capacity) {
        const size_t left = tensor->param->count - done, count = left < capacity ? left : capacity;
        encode_elements(block, tensor->values + done, count, tensor->type);
        TRY(file_writer_add(ctx, writer, block, count * width));
    }
    return SPICA_OK;
}

static Status write_file(Context *ctx, const char *path, const Outgoing *list, size_t count, const json_t *root) {
    FileWriter writer = {0};
    Status status;
    TRY_GOTO(status, done, file_writer_open(ctx, &writer, path));
    TRY_GOTO(status, done, write_header(ctx, &writer, root));
    for (size_t i = 0; i < count; i++)
        TRY_GOTO(status, done, write_tensor(ctx, &writer, &list[i]));
    status = file_writer_commit(ctx, &writer);
done:
    file_writer_close(ctx, &writer);
    return status;
}

Status weights_write_selected(Context *ctx, const char *path, const Params *params, WeightsSelect select,
                              const void *user, const WeightsMeta *meta, size_t meta_count) {
    Outgoing *list;
    size_t count = 0;
    TRY(NEW_ARRAY(ctx, &list, params->table_count + params->buffer_table_count));
    collect_table(list, &count, params->table, params->table_count, params->values, select, user);
    collect_table(list, &count, params->buffer_table, params->buffer_table_count, params->buffers, select, user);
    qsort(list, count, sizeof *list, compare_outgoing);
    json_t *root = header_to_json(list, count, meta, meta_count);
    Status status = root != NULL ? write_file(ctx, path, list, count, root)
                                 : context_fail(ctx, SPICA_ERROR_INTERNAL, "%s: header cannot be composed", path);
    json_decref(root);
    FREE_ARRAY(ctx, &list);
    return status;
}

/* user: the prefix, or NULL. */
static const char *select_prefix(const void *user, const char *name) {
    const char *prefix = user;
    if (prefix == NULL) return name;
    const size_t length = strlen(prefix);
    return strncmp(name, prefix, length) == 0 ? name + length : NULL;
}

Status weights_write(Context *ctx, const char *path, const Params *params, const char *prefix, const WeightsMeta *meta,
                     size_t meta_count) {
    return weights_write_selected(ctx, path, params, select_prefix, prefix, meta, meta_count);
}

/* ---- Reading ---- */

/* What the network has under the file's name; NULL: nothing. */
static const Param *entry_target(const Params *params, const char *prefix, const SafetensorsEntry *entry,
                                 bool *is_buffer) {
    char name[sizeof params->table->name];
    const size_t prefix_length = prefix != NULL ? strlen(prefix) : 0, length = strlen(entry->name);
    if (prefix_length + length >= sizeof name) return NULL;
    if (prefix != NULL) memcpy(name, prefix, prefix_length);
    memcpy(name + prefix_length, entry->name, length + 1);
    return params_find(params, name, is_buffer);
}

typedef struct ShapeText {
    char text[200];
} ShapeText;

static ShapeText shape_text(int rank, const int64_t *shape) {
    ShapeText out = {.text = "["};
    size_t used = 1;
    for (int d = 0; d < rank; d++)
        used += (size_t)snprintf(out.text + used, sizeof out.text - used, d > 0 ? ", %" PRId64 : "%" PRId64, shape[d]);
    snprintf(out.text + used, sizeof out.text - used, "]");
    return out;
}

static bool same_shape(const SafetensorsEntry *entry, const Param *param) {
    if (entry->rank != param->rank || entry->count != param->count) return false;
    for (int d = 0; d < entry->rank; d++)
        if (entry->shape[d] != param->shape[d]) return false;
    return true;
}

static bool same_type(SafetensorsType type, ParamKind kind) {
    const bool integer = type == SAFETENSORS_I64 || type == SAFETENSORS_I32;
    const bool real =
        type == SAFETENSORS_F16 || type == SAFETENSORS_BF16 || type == SAFETENSORS_F32 || type == SAFETENSORS_F64;
    return kind == PARAM_BATCH_COUNT ? integer : real;
}

static Status check_entry(Context *ctx, const char *path, const SafetensorsEntry *entry, const Param *param) {
    if (!same_shape(entry, param))
        return context_fail(ctx, SPICA_ERROR_WEIGHTS, "%s: tensor \"%.100s\" has shape %s, the network's \"%s\" has %s",
                            path, entry->name, shape_text(entry->rank, entry->shape).text, param->name,
                            shape_text(param->rank, param->shape).text);
    if (!same_type(entry->type, param->kind))
        return context_fail(ctx, SPICA_ERROR_WEIGHTS, "%s: tensor \"%.100s\" has type %s, the network's \"%s\" %s",
                            path, entry->name, safetensors_type_name(entry->type), param->name,
                            param->kind == PARAM_BATCH_COUNT ? "an integer type" : "a floating-point type");
    return SPICA_OK;
}

static size_t count_prefixed(const Param *table, size_t count, const char *prefix) {
    size_t found = 0;
    for (size_t t = 0; t < count; t++)
        found += select_prefix(prefix, table[t].name) != NULL;
    return found;
}

/* Counts, and refuses before anything is changed. */
static Status match_entries(Context *ctx, const char *path, const SafetensorsHeader *header, const Params *params,
                            const char *prefix, WeightsReport *report) {
    *report = (WeightsReport){0};
    bool is_buffer;
    for (size_t e = 0; e < header->count; e++) {
        const Param *param = entry_target(params, prefix, &header->entries[e], &is_buffer);
        if (param == NULL) {
            report->unexpected++;
            continue;
        }
        TRY(check_entry(ctx, path, &header->entries[e], param));
        report->matched++;
    }
    const size_t wanted = count_prefixed(params->table, params->table_count, prefix) +
                          count_prefixed(params->buffer_table, params->buffer_table_count, prefix);
    report->missing = wanted - report->matched;
    if (report->matched > 0) return SPICA_OK;
    return context_fail(ctx, SPICA_ERROR_WEIGHTS,
                        "%s: none of its %zu tensors (%s%.100s ...) matches the network's %zu (%s ...)", path,
                        header->count, prefix != NULL ? prefix : "", header->count > 0 ? header->entries[0].name : "",
                        wanted, params->table_count > 0 ? params->table[0].name : "");
}

static Status read_entries(Context *ctx, const char *path, const SafetensorsHeader *header, FILE *stream,
                           Params *params, const char *prefix) {
    for (size_t e = 0; e < header->count; e++) {
        bool is_buffer;
        const Param *param = entry_target(params, prefix, &header->entries[e], &is_buffer);
        if (param == NULL) continue;
        float *values = (is_buffer ? params->buffers : params->values) + param->offset;
        TRY(safetensors_read_values(ctx, header, &header->entries[e], path, stream, values));
    }
    return SPICA_OK;
}

Status weights_read(Context *ctx, const char *path, Params *params, const char *prefix, WeightsReport *report) {
    SafetensorsHeader header;
    FILE *stream;
    WeightsReport counts = {0};
    Status status;
    TRY_GOTO(status, done, safetensors_open(ctx, &header, path, &stream));
    TRY_GOTO(status, done, match_entries(ctx, path, &header, params, prefix, &counts));
    status = read_entries(ctx, path, &header, stream, params, prefix);
    params_changed(params);
    if (status == SPICA_OK)
        log_info(ctx, "%s: %zu tensors matched, %zu missing, %zu unexpected", path, counts.matched, counts.missing,
                 counts.unexpected);
    if (report != NULL) *report = counts;
done:
    if (stream != NULL) fclose(stream);
    safetensors_header_close(ctx, &header);
    return status;
}

/* A text too long for WeightsMeta is of another program and is left out: half a text would say something else. */
static void collect_meta(Context *ctx, const char *path, const SafetensorsHeader *header, WeightsMeta *meta,
                         size_t capacity, size_t *count) {
    *count = 0;
    for (size_t m = 0; m < header->metadata_count; m++) {
        const SafetensorsText *text = &header->metadata[m];
        if (strlen(text->key) >= sizeof meta->key || strlen(text->value) >= sizeof meta->value) {
            log_debug(ctx, "%s: metadata \"%.40s\" is too long, passed over", path, text->key);
            continue;
        }
        if (*count < capacity) {
            meta[*count] = (WeightsMeta){0};
            memcpy(meta[*count].key, text->key, strlen(text->key));
            memcpy(meta[*count].value, text->value, strlen(text->value));
        }
        (*count)++;
    }
}

Status weights_read_meta(Context *ctx, const char *path, WeightsMeta *meta, size_t capacity, size_t *count) {
    SafetensorsHeader header;
    FILE *stream;
    const Status status = safetensors_open(ctx, &header, path, &stream);
    if (status == SPICA_OK) collect_meta(ctx, path, &header, meta, capacity, count);
    if (stream != NULL) fclose(stream);
    safetensors_header_close(ctx, &header);
    return status;
}

const char *weights_meta_find(const WeightsMeta *meta, size_t count, const char *key) {
    for (size_t m = 0; m < count; m++)
        if (strcmp(meta[m].key, key) == 0) return meta[m].value;
    return NULL;
}
