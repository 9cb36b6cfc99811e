#include "nn/safetensors.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/files.h"
#include "base/half.h"

static const struct {
    const char *name;
    size_t bytes;
    bool readable;
} type_table[SAFETENSORS_TYPE_COUNT] = {
#define SAFETENSORS_ROW(name, bytes, readable) {#name, bytes, readable},
    SAFETENSORS_TYPE_LIST(SAFETENSORS_ROW)
#undef SAFETENSORS_ROW
};

const char *safetensors_type_name(SafetensorsType type) { return type_table[type].name; }
size_t safetensors_type_bytes(SafetensorsType type) { return type_table[type].bytes; }

static Status header_fail(Context *ctx, const char *path, const char *name, const char *reason) {
    return context_fail(ctx, SPICA_ERROR_WEIGHTS, "%s: tensor \"%.100s\" %s", path, name, reason);
}

static Status copy_text(Context *ctx, Arena *arena, const char **copy, const char *text) {
    const size_t bytes = strlen(text) + 1;
    void *block;
    TRY(arena_allocate(ctx, arena, &block, bytes, 1));
    memcpy(block, text, bytes);
    *copy = block;
    return SPICA_OK;
}

/* A JSON integer that is no negative number. */
static bool json_to_size(const json_t *value, uint64_t *size) {
    if (!json_is_integer(value) || json_integer_value(value) < 0) return false;
    *size = (uint64_t)json_integer_value(value);
    return true;
}

static Status parse_type(Context *ctx, SafetensorsEntry *entry, const char *path, const json_t *object) {
    const json_t *dtype = json_object_get(object, "dtype");
    if (!json_is_string(dtype)) return header_fail(ctx, path, entry->name, "has no \"dtype\"");
    for (int t = 0; t < SAFETENSORS_TYPE_COUNT; t++)
        if (strcmp(json_string_value(dtype), type_table[t].name) == 0) {
            entry->type = (SafetensorsType)t;
            return SPICA_OK;
        }
    return context_fail(ctx, SPICA_ERROR_WEIGHTS, "%s: tensor \"%.100s\" has the unknown type \"%.40s\"", path,
                        entry->name, json_string_value(dtype));
}

static Status parse_shape(Context *ctx, SafetensorsEntry *entry, const char *path, const json_t *object) {
    const json_t *shape = json_object_get(object, "shape");
    if (!json_is_array(shape)) return header_fail(ctx, path, entry->name, "has no \"shape\"");
    if (json_array_size(shape) > SAFETENSORS_MAX_RANK)
        return header_fail(ctx, path, entry->name, "has more than 8 dimensions");
    entry->rank = (int)json_array_size(shape);
    entry->count = 1;
    for (int d = 0; d < entry->rank; d++) {
        uint64_t side;
        if (!json_to_size(json_array_get(shape, (size_t)d), &side))
            return header_fail(ctx, path, entry->name, "has a side that is no natural number");
        /* Elements times at most 8 bytes stay below 2^63. */
        if (side != 0 && entry->count > (UINT64_MAX / 16) / side)
            return header_fail(ctx, path, entry->name, "is too large for any file");
        entry->shape[d] = (int64_t)side;
        entry->count *= side;
    }
    return SPICA_OK;
}

static Status parse_offsets(Context *ctx, SafetensorsEntry *entry, const char *path, const json_t *object) {
    const json_t *offsets = json_object_get(object, "data_offsets");
    if (!json_is_array(offsets) || json_array_size(offsets) != 2 ||
        !json_to_size(json_array_get(offsets, 0), &entry->begin) ||
        !json_to_size(json_array_get(offsets, 1), &entry->end) || entry->begin > entry->end)
        return header_fail(ctx, path, entry->name, "has no valid \"data_offsets\"");
    const uint64_t bytes = entry->count * type_table[entry->type].bytes;
    if (entry->end - entry->begin != bytes)
        return context_fail(ctx, SPICA_ERROR_WEIGHTS,
                            "%s: tensor \"%.100s\" needs %" PRIu64 " bytes but its offsets %" PRIu64 " to %" PRIu64
                            " hold %" PRIu64,
                            path, entry->name, bytes, entry->begin, entry->end, entry->end - entry->begin);
    return SPICA_OK;
}

static Status parse_metadata(Context *ctx, SafetensorsHeader *header, const char *path, json_t *object) {
    if (!json_is_object(object))
        return context_fail(ctx, SPICA_ERROR_WEIGHTS, "%s: \"__metadata__\" is no object", path);
    void *block;
    TRY(arena_allocate(ctx, &header->arena, &block, json_object_size(object), sizeof *header->metadata));
    header->metadata = block;
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value) {
        if (!json_is_string(value))
            return context_fail(ctx, SPICA_ERROR_WEIGHTS, "%s: metadata \"%.100s\" is no text", path, key);
        SafetensorsText *text = &header->metadata[header->metadata_count++];
        TRY(copy_text(ctx, &header->arena, &text->key, key));
        TRY(copy_text(ctx, &header->arena, &text->value, json_string_value(value)));
    }
    return SPICA_OK;
}

static Status parse_entry(Context *ctx, SafetensorsHeader *header, const char *path, const char *name,
                          const json_t *object) {
    SafetensorsEntry *entry = &header->entries[header->count++];
    TRY(copy_text(ctx, &header->arena, &entry->name, name));
    if (!json_is_object(object)) return header_fail(ctx, path, name, "is described by no object");
    TRY(parse_type(ctx, entry, path, object));
    TRY(parse_shape(ctx, entry, path, object));
    return parse_offsets(ctx, entry, path, object);
}

static Status parse_root(Context *ctx, SafetensorsHeader *header, const char *path, json_t *root) {
    if (!json_is_object(root)) return context_fail(ctx, SPICA_ERROR_WEIGHTS, "%s: byte 8: header is no object", path);
    void *block;
    TRY(arena_allocate(ctx, &header->arena, &block, json_object_size(root), sizeof *header->entries));
    header->entries = block;
    const char *name;
    json_t *value;
    json_object_foreach(root, name, value) {
        if (strcmp(name, "__metadata__") == 0)
            TRY(parse_metadata(ctx, header, path, value));
        else
            TRY(parse_entry(ctx, header, path, name, value));
    }
    return SPICA_OK;
}

static int compare_entries(const void *a, const void *b) {
    const SafetensorsEntry *left = a, *right = b;
    if (left->begin != right->begin) return left->begin < right->begin ? -1 : 1;
    if (left->end != right->end) return left->end < right->end ? -1 : 1;
    return strcmp(left->name, right->name);
}

static int compare_texts(const void *a, const void *b) {
    return strcmp(((const SafetensorsText *)a)->key, ((const SafetensorsText *)b)->key);
}

/* The tensors fill the bytes after the header: no overlap, no hole, nothing beyond the end. */
static Status check_layout(Context *ctx, SafetensorsHeader *header, const char *path, uint64_t data_bytes) {
    if (header->count > 1) qsort(header->entries, header->count, sizeof *header->entries, compare_entries);
    if (header->metadata_count > 1)
        qsort(header->metadata, header->metadata_count, sizeof *header->metadata, compare_texts);
    uint64_t filled = 0;
    for (size_t e = 0; e < header->count; e++) {
        const SafetensorsEntry *entry = &header->entries[e];
        if (entry->begin != filled)
            return context_fail(ctx, SPICA_ERROR_WEIGHTS,
                                "%s: tensor \"%.100s\" begins at offset %" PRIu64 " where %" PRIu64 " is due (%s)",
                                path, entry->name, entry->begin, filled, entry->begin < filled ? "overlap" : "hole");
        if (entry->end > data_bytes)
            return context_fail(ctx, SPICA_ERROR_WEIGHTS,
                                "%s: tensor \"%.100s\" ends at offset %" PRIu64 " but only %" PRIu64
                                " bytes follow the header",
                                path, entry->name, entry->end, data_bytes);
        filled = entry->end;
    }
    if (filled != data_bytes)
        return context_fail(ctx, SPICA_ERROR_WEIGHTS,
                            "%s: %" PRIu64 " bytes follow the header, its tensors take %" PRIu64, path, data_bytes,
                            filled);
    return SPICA_OK;
}

Status safetensors_parse(Context *ctx, SafetensorsHeader *header, const char *path, const char *bytes, size_t count,
                         uint64_t data_bytes) {
    json_error_t error;
    json_t *root = json_loadb(bytes, count, JSON_REJECT_DUPLICATES, &error);
    if (root == NULL)
        return context_fail(ctx, SPICA_ERROR_WEIGHTS, "%s: header is damaged at byte %d: %s", path,
                            error.position < 0 ? 8 : error.position + 8, error.text);
    Status status = parse_root(ctx, header, path, root);
    if (status == SPICA_OK) status = check_layout(ctx, header, path, data_bytes);
    json_decref(root);
    return status;
}

static Status read_bytes(Context *ctx, const char *path, FILE *stream, void *bytes, size_t count) {
    if (fread(bytes, 1, count, stream) == count) return SPICA_OK;
    if (ferror(stream)) return file_fail(ctx, "cannot read", path);
    return context_fail(ctx, SPICA_ERROR_WEIGHTS, "%s: ends too early", path);
}

static uint64_t little_endian(const unsigned char *bytes, size_t count) {
    uint64_t value = 0;
    for (size_t i = count; i > 0; i--)
        value = value << 8 | bytes[i - 1];
    return value;
}

/* header->data_offset, checked against the size of the file. */
static Status read_header_length(Context *ctx, SafetensorsHeader *header, const char *path, FILE *stream,
                                 uint64_t size) {
    unsigned char bytes[8];
    if (size < sizeof bytes)
        return context_fail(ctx, SPICA_ERROR_WEIGHTS,
                            "%s: no safetensors file: %" PRIu64 " bytes, the header's length takes 8", path, size);
    TRY(read_bytes(ctx, path, stream, bytes, sizeof bytes));
    const uint64_t length = little_endian(bytes, sizeof bytes);
    if (length > SAFETENSORS_MAX_HEADER || length > size - sizeof bytes)
        return context_fail(ctx, SPICA_ERROR_WEIGHTS,
                            "%s: no safetensors file: byte 0 says that the header has %" PRIu64
                            " bytes, the file has %" PRIu64,
                            path, length, size);
    header->data_offset = sizeof bytes + length;
    return SPICA_OK;
}

Status safetensors_open(Context *ctx, SafetensorsHeader *header, const char *path, FILE **stream) {
    *header = (SafetensorsHeader){0};
    *stream = NULL;
    uint64_t size;
    TRY(file_open(ctx, path, stream, &size));
    TRY(read_header_length(ctx, header, path, *stream, size));
    const size_t length = (size_t)(header->data_offset - 8);
    char *bytes;
    TRY(NEW_ARRAY(ctx, &bytes, length));
    Status status = read_bytes(ctx, path, *stream, bytes, length);
    if (status == SPICA_OK) status = safetensors_parse(ctx, header, path, bytes, length, size - header->data_offset);
    FREE_ARRAY(ctx, &bytes);
    return status;
}

void safetensors_header_close(Context *ctx, SafetensorsHeader *header) {
    arena_close(ctx, &header->arena);
    *header = (SafetensorsHeader){0};
}

static float element_to_float(SafetensorsType type, const unsigned char *bytes) {
    const uint64_t raw = little_endian(bytes, type_table[type].bytes);
    const uint32_t low = (uint32_t)raw;
    float single;
    double wide;
    switch (type) {
    case SAFETENSORS_F16: return half_to_float((uint16_t)raw);
    case SAFETENSORS_BF16: {
        const uint32_t bits = low << 16;
        memcpy(&single, &bits, sizeof single);
        return single;
    }
    case SAFETENSORS_F32: memcpy(&single, &low, sizeof single); return single;
    case SAFETENSORS_F64: memcpy(&wide, &raw, sizeof wide); return (float)wide;
    case SAFETENSORS_I32: return (float)(int32_t)low;
    default: return (float)(int64_t)raw;
    }
}

Status safetensors_read_values(Context *ctx, const SafetensorsHeader *header, const SafetensorsEntry *entry,
                               const char *path, FILE *stream, float *values) {
    if (!type_table[entry->type].readable)
        return context_fail(ctx, SPICA_ERROR_WEIGHTS, "%s: tensor \"%.100s\" is of type %s", path, entry->name,
                            type_table[entry->type].name);
    if (fseeko(stream, (off_t)(header->data_offset + entry->begin), SEEK_SET) != 0)
        return file_fail(ctx, "cannot seek in", path);
    unsigned char block[8192];
    const size_t width = type_table[entry->type].bytes, capacity = sizeof block / width;
    for (uint64_t done = 0; done < entry->count;) {
        const size_t count = entry->count - done < capacity ? (size_t)(entry->count - done) : capacity;
        TRY(read_bytes(ctx, path, stream, block, count * width));
        for (size_t i = 0; i < count; i++)
            values[done + i] = element_to_float(entry->type, block + i * width);
        done += count;
    }
    return SPICA_OK;
}
