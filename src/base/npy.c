#include "base/npy.h"

#include <string.h>

#include "base/files.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "arrays are read and written as they lie in memory");

/* In the order of NpyType. */
static const struct {
    const char *descriptor, *name;
    size_t bytes;
} npy_types[] = {
    {"<f2", "float16", 2}, {"<f4", "float32", 4}, {"<f8", "float64", 8}, {"|u1", "uint8", 1},
    {"<i4", "int32", 4},   {"<i8", "int64", 8},   {"|b1", "bool", 1},
};
#define NPY_TYPE_COUNT (sizeof npy_types / sizeof npy_types[0])
/* NumPy's own headers have at most 10,000 bytes unless the type is a structure. */
#define NPY_MOST_HEADER ((size_t)1 << 20)

size_t npy_item_bytes(NpyType type) { return npy_types[type].bytes; }
const char *npy_type_name(NpyType type) { return npy_types[type].name; }

/* A place in the header's text: a Python dictionary literal. */
typedef struct HeaderCursor {
    Context *ctx;
    const char *path, *text;
    size_t at, end; /* within text */
    size_t offset;  /* of text in the file */
} HeaderCursor;

static Status header_fail(const HeaderCursor *cursor, const char *expected) {
    return context_fail(cursor->ctx, SPICA_ERROR_DATA, "%s: %s expected in the .npy header at byte %zu", cursor->path,
                        expected, cursor->offset + cursor->at);
}

static void header_skip_space(HeaderCursor *cursor) {
    while (cursor->at < cursor->end && memchr(" \t\r\n", cursor->text[cursor->at], 4) != NULL)
        cursor->at++;
}

/* Takes the character if it comes next. */
static bool header_take(HeaderCursor *cursor, char character) {
    header_skip_space(cursor);
    if (cursor->at == cursor->end || cursor->text[cursor->at] != character) return false;
    cursor->at++;
    return true;
}

static Status header_take_string(HeaderCursor *cursor, char *string, size_t capacity) {
    char quote = '\'';
    if (!header_take(cursor, quote)) {
        quote = '"';
        if (!header_take(cursor, quote)) return header_fail(cursor, "a string");
    }
    for (size_t length = 0; cursor->at < cursor->end && length < capacity; cursor->at++) {
        string[length] = cursor->text[cursor->at];
        if (string[length++] != quote) continue;
        string[length - 1] = '\0';
        cursor->at++;
        return SPICA_OK;
    }
    return header_fail(cursor, "a short string");
}

static bool header_take_word(HeaderCursor *cursor, const char *word) {
    header_skip_space(cursor);
    const size_t length = strlen(word);
    if (cursor->end - cursor->at < length || memcmp(cursor->text + cursor->at, word, length) != 0) return false;
    cursor->at += length;
    return true;
}

static Status header_take_size(HeaderCursor *cursor, size_t *size) {
    header_skip_space(cursor);
    size_t digits = 0;
    for (*size = 0; cursor->at < cursor->end; cursor->at++, digits++) {
        const char character = cursor->text[cursor->at];
        if (character < '0' || character > '9') break;
        const size_t digit = (size_t)(character - '0');
        if (*size > (SIZE_MAX - digit) / 10) return header_fail(cursor, "a smaller size");
        *size = 10 * *size + digit;
    }
    return digits > 0 ? SPICA_OK : header_fail(cursor, "a size");
}

static Status header_take_shape(HeaderCursor *cursor, NpyHeader *header) {
    if (!header_take(cursor, '(')) return header_fail(cursor, "\"(\"");
    header->rank = 0;
    while (!header_take(cursor, ')')) {
        if (header->rank == NPY_MAX_RANK) return header_fail(cursor, "a shape of at most 8 sizes");
        TRY(header_take_size(cursor, &header->shape[header->rank++]));
        if (header_take(cursor, ',')) continue;
        if (!header_take(cursor, ')')) return header_fail(cursor, "\",\" or \")\"");
        break;
    }
    return SPICA_OK;
}

static Status header_take_order(HeaderCursor *cursor, bool *fortran_order) {
    *fortran_order = header_take_word(cursor, "True");
    if (*fortran_order || header_take_word(cursor, "False")) return SPICA_OK;
    return header_fail(cursor, "True or False");
}

static Status header_parse(HeaderCursor *cursor, NpyHeader *header) {
    enum { DESCRIPTOR = 1, ORDER = 2, SHAPE = 4 };
    int seen = 0;
    if (!header_take(cursor, '{')) return header_fail(cursor, "\"{\"");
    while (!header_take(cursor, '}')) {
        char key[16];
        TRY(header_take_string(cursor, key, sizeof key));
        if (!header_take(cursor, ':')) return header_fail(cursor, "\":\"");
        if (strcmp(key, "descr") == 0) {
            seen |= DESCRIPTOR;
            TRY(header_take_string(cursor, header->descriptor, sizeof header->descriptor));
        } else if (strcmp(key, "fortran_order") == 0) {
            seen |= ORDER;
            TRY(header_take_order(cursor, &header->fortran_order));
        } else if (strcmp(key, "shape") == 0) {
            seen |= SHAPE;
            TRY(header_take_shape(cursor, header));
        } else
            return header_fail(cursor, "descr, fortran_order or shape");
        if (header_take(cursor, ',')) continue;
        if (!header_take(cursor, '}')) return header_fail(cursor, "\",\" or \"}\"");
        break;
    }
    if (seen != (DESCRIPTOR | ORDER | SHAPE)) return header_fail(cursor, "descr, fortran_order and shape");
    header->fortran_order = header->fortran_order && header->rank > 1;
    return SPICA_OK;
}

/* Bytes before the header's text (10 or 12) and of the text. */
static Status prelude_read(Context *ctx, const NpySource *source, size_t *prelude, size_t *length) {
    unsigned char bytes[12] = {0};
    if (source->bytes >= 10) TRY(source->read(ctx, source, bytes, 10));
    if (memcmp(bytes, "\x93NUMPY", 6) != 0)
        return context_fail(ctx, SPICA_ERROR_DATA, "%s: no .npy file (its magic is missing at byte 0)", source->path);
    if (bytes[6] != 1 && bytes[6] != 2)
        return context_fail(ctx, SPICA_ERROR_DATA, "%s: .npy format %d.%d at byte 6; 1.0 and 2.0 are read",
                            source->path, bytes[6], bytes[7]);
    *prelude = 10;
    *length = (size_t)bytes[8] | (size_t)bytes[9] << 8;
    if (bytes[6] == 1) return SPICA_OK;
    *prelude = 12;
    if (source->bytes < 12)
        return context_fail(ctx, SPICA_ERROR_DATA, "%s: the file ends at byte 10, within its header", source->path);
    TRY(source->read(ctx, source, bytes + 10, 2));
    *length |= (size_t)bytes[10] << 16 | (size_t)bytes[11] << 24;
    return SPICA_OK;
}

Status npy_read_header(Context *ctx, const NpySource *source, NpyHeader *header) {
    size_t prelude = 0, length = 0;
    *header = (NpyHeader){0};
    TRY(prelude_read(ctx, source, &prelude, &length));
    if (prelude + length > source->bytes)
        return context_fail(ctx, SPICA_ERROR_DATA, "%s: the .npy header should end at byte %zu; the file ends at %llu",
                            source->path, prelude + length, (unsigned long long)source->bytes);
    if (length > NPY_MOST_HEADER)
        return context_fail(ctx, SPICA_ERROR_DATA, "%s: a .npy header of %zu bytes at byte 8; at most %zu are read",
                            source->path, length, NPY_MOST_HEADER);
    header->start = prelude + length;
    char *text;
    TRY(NEW_ARRAY(ctx, &text, length));
    HeaderCursor cursor = {.ctx = ctx, .path = source->path, .text = text, .end = length, .offset = prelude};
    Status status = source->read(ctx, source, text, length);
    if (status == SPICA_OK) status = header_parse(&cursor, header);
    FREE_ARRAY(ctx, &text);
    return status;
}

void npy_shape_print(char text[NPY_SHAPE_TEXT], const NpyHeader *header) {
    int at = snprintf(text, NPY_SHAPE_TEXT, "(");
    for (int axis = 0; axis < header->rank; axis++)
        at += snprintf(text + at, NPY_SHAPE_TEXT - (size_t)at, "%s%zu", axis > 0 ? ", " : "", header->shape[axis]);
    snprintf(text + at, NPY_SHAPE_TEXT - (size_t)at, "%s)", header->rank == 1 ? "," : "");
}

bool npy_type_find(const char *descriptor, NpyType *type) {
    for (size_t i = 0; i < NPY_TYPE_COUNT; i++) {
        if (strcmp(descriptor, npy_types[i].descriptor) != 0) continue;
        if (type != NULL) *type = (NpyType)i;
        return true;
    }
    return false;
}

/* The element count, with every product checked. */
static Status array_measure(Context *ctx, const char *path, NpyArray *array) {
    array->count = 1;
    bool empty = false;
    for (int axis = 0; axis < array->rank; axis++)
        empty = empty || array->shape[axis] == 0;
    if (empty) array->count = 0;
    const size_t most = SIZE_MAX / 2 / npy_item_bytes(array->type);
    for (int axis = 0; axis < array->rank && !empty; axis++) {
        if (array->shape[axis] > most / array->count)
            return context_fail(ctx, SPICA_ERROR_DATA, "%s: the shape in the .npy header exceeds the address space",
                                path);
        array->count *= array->shape[axis];
    }
    return SPICA_OK;
}

Status npy_describe(Context *ctx, const NpySource *source, const NpyHeader *header, NpyArray *array) {
    *array = (NpyArray){.rank = header->rank};
    memcpy(array->shape, header->shape, sizeof array->shape);
    if (!npy_type_find(header->descriptor, &array->type))
        return context_fail(ctx, SPICA_ERROR_DATA,
                            "%s: type %s of the .npy header is none of <f2 <f4 <f8 |u1 <i4 <i8 |b1", source->path,
                            header->descriptor);
    if (header->fortran_order)
        return context_fail(ctx, SPICA_ERROR_DATA, "%s: the array is in Fortran order; C order is expected",
                            source->path);
    TRY(array_measure(ctx, source->path, array));
    const uint64_t bytes = (uint64_t)array->count * npy_item_bytes(array->type), rest = source->bytes - header->start;
    if (rest != bytes)
        return context_fail(
            ctx, SPICA_ERROR_DATA, "%s: the header promises %llu bytes of elements from byte %llu; the file holds %llu",
            source->path, (unsigned long long)bytes, (unsigned long long)header->start, (unsigned long long)rest);
    return SPICA_OK;
}

static Status file_source_read(Context *ctx, const NpySource *source, void *bytes, size_t count) {
    return fread(bytes, 1, count, source->stream) == count ? SPICA_OK : file_fail(ctx, "cannot read", source->path);
}

NpySource npy_file_source(FILE *stream, const char *path, uint64_t bytes) {
    return (NpySource){.path = path, .bytes = bytes, .read = file_source_read, .stream = stream};
}

static Status array_read(Context *ctx, const char *path, NpyArray *array, bool with_data) {
    *array = (NpyArray){0};
    FILE *stream;
    uint64_t file_bytes;
    TRY(file_open(ctx, path, &stream, &file_bytes));
    NpyHeader header;
    const NpySource source = npy_file_source(stream, path, file_bytes);
    Status status;
    TRY_GOTO(status, end, npy_read_header(ctx, &source, &header));
    TRY_GOTO(status, end, npy_describe(ctx, &source, &header, array));
    if (!with_data) goto end;
    TRY_GOTO(status, end, memory_allocate(ctx, &array->data, array->count, npy_item_bytes(array->type)));
    status = source.read(ctx, &source, array->data, array->count * npy_item_bytes(array->type));
end:
    fclose(stream);
    return status;
}

Status npy_read(Context *ctx, const char *path, NpyArray *array) { return array_read(ctx, path, array, true); }

Status npy_inspect(Context *ctx, const char *path, NpyArray *array) { return array_read(ctx, path, array, false); }

void npy_close(Context *ctx, NpyArray *array) {
    memory_free(ctx, &array->data);
    *array = (NpyArray){0};
}

/* header[capacity] becomes magic, version, length and text, padded so that the elements start at a multiple of 64. */
static size_t header_format(char *header, size_t capacity, const NpyArray *array) {
    int at = snprintf(header, capacity, "%-10s{'descr': '%s', 'fortran_order': False, 'shape': (", "",
                      npy_types[array->type].descriptor);
    for (int axis = 0; axis < array->rank; axis++)
        at += snprintf(header + at, capacity - (size_t)at, "%s%zu", axis == 0 ? "" : ", ", array->shape[axis]);
    at += snprintf(header + at, capacity - (size_t)at, "%s), }", array->rank == 1 ? "," : "");
    const size_t total = ((size_t)at + 1 + 63) / 64 * 64;
    memset(header + at, ' ', total - (size_t)at);
    header[total - 1] = '\n';
    memcpy(header, "\x93NUMPY\x01", 7);
    header[7] = 0;
    header[8] = (char)((total - 10) & 0xff);
    header[9] = (char)((total - 10) >> 8);
    return total;
}

Status npy_write(Context *ctx, const char *path, const NpyArray *array) {
    char header[384]; /* 8 sizes of 20 digits and the rest fit */
    const size_t header_bytes = header_format(header, sizeof header, array);
    FileWriter writer;
    Status status;
    TRY_GOTO(status, end, file_writer_open(ctx, &writer, path));
    TRY_GOTO(status, end, file_writer_add(ctx, &writer, header, header_bytes));
    TRY_GOTO(status, end, file_writer_add(ctx, &writer, array->data, array->count * npy_item_bytes(array->type)));
    TRY_GOTO(status, end, file_writer_commit(ctx, &writer));
end:
    file_writer_close(ctx, &writer);
    return status;
}

static Status matrix_write(Context *ctx, const char *path, NpyType type, const void *values, size_t rows,
                           size_t columns) {
    NpyArray array = {.type = type, .rank = columns == 0 ? 1 : 2, .shape = {rows, columns}};
    array.count = columns == 0 ? rows : rows * columns;
    array.data = (void *)(uintptr_t)values; /* only read */
    return npy_write(ctx, path, &array);
}

Status npy_write_float(Context *ctx, const char *path, const float *values, size_t rows, size_t columns) {
    return matrix_write(ctx, path, NPY_FLOAT32, values, rows, columns);
}

Status npy_write_int32(Context *ctx, const char *path, const int32_t *values, size_t rows, size_t columns) {
    return matrix_write(ctx, path, NPY_INT32, values, rows, columns);
}
