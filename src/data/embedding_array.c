#include "data/embedding_array.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/half.h"
#include "base/log.h"

/* Bytes that are read at a time where they are not read to their place. */
#define PIECE ((size_t)1 << 15)

/* NumPy's types are a byte order, a letter and a width: "<f4". */
bool array_holds_embeddings(const NpyHeader *header) {
    return header->descriptor[0] != '\0' && header->descriptor[1] == 'f';
}

static Status shape_check(Context *ctx, const char *path, const NpyHeader *header) {
    char text[NPY_SHAPE_TEXT];
    const size_t dimension = header->rank == 2 ? header->shape[1] : 0;
    if (dimension >= 1 && dimension <= EMBEDDING_MOST) return SPICA_OK;
    npy_shape_print(text, header);
    return context_fail(
        ctx, SPICA_ERROR_DATA,
        "%s: floats of shape %s: embeddings are N x D with D from 1 to %d, and pictures are uint8 (|u1)", path, text,
        EMBEDDING_MOST);
}

/* values[count] = the numbers of bytes[count x width of the type]. */
static void numbers_convert(float *values, const uint8_t *bytes, size_t count, NpyType type) {
    for (size_t i = 0; i < count; i++) {
        uint16_t half;
        double wide;
        if (type == NPY_FLOAT16) {
            memcpy(&half, bytes + i * sizeof half, sizeof half);
            values[i] = half_to_float(half);
        } else {
            memcpy(&wide, bytes + i * sizeof wide, sizeof wide);
            values[i] = (float)wide; /* what float32 cannot hold becomes infinite, and is refused */
        }
    }
}

static Status numbers_read(Context *ctx, const NpySource *source, const NpyArray *array, float *values) {
    uint8_t piece[PIECE];
    const size_t width = npy_item_bytes(array->type), capacity = PIECE / width;
    if (array->type == NPY_FLOAT32) return source->read(ctx, source, values, array->count * sizeof *values);
    for (size_t done = 0, count; done < array->count; done += count) {
        count = array->count - done < capacity ? array->count - done : capacity;
        TRY(source->read(ctx, source, piece, count * width));
        numbers_convert(values + done, piece, count, array->type);
    }
    return SPICA_OK;
}

/* What a row's numbers are worth. */
typedef struct RowFacts {
    size_t wrong; /* the first column that is not finite, or D */
    bool zero;    /* all are 0 */
} RowFacts;

static RowFacts row_examine(const float *row, size_t dimension) {
    RowFacts facts = {.wrong = dimension, .zero = true};
    for (size_t d = 0; d < dimension && facts.wrong == dimension; d++) {
        if (!isfinite(row[d])) facts.wrong = d;
        facts.zero = facts.zero && row[d] == 0.0f;
    }
    return facts;
}

/* Every row must be finite; one without a direction is told, since cosines are what rows are compared by. */
static Status rows_check(Context *ctx, const Dataset *dataset, const char *path) {
    const size_t dimension = dataset_dimension(dataset);
    size_t zeros = 0, first_zero = 0, wrong = 0, first_wrong = 0, column = 0;
    for (size_t row = 0; row < dataset->count; row++) {
        const RowFacts facts = row_examine(dataset->embeddings + row * dimension, dimension);
        if (facts.wrong < dimension && wrong++ == 0) {
            first_wrong = row;
            column = facts.wrong;
        } else if (facts.zero && zeros++ == 0) {
            first_zero = row;
        }
    }
    if (wrong > 0)
        return context_fail(ctx, SPICA_ERROR_DATA, "%s: row %zu holds %s in column %zu (%zu of %zu rows are like it)",
                            path, first_wrong,
                            isnan(dataset->embeddings[first_wrong * dimension + column]) ? "NaN" : "an infinite number",
                            column, wrong, dataset->count);
    if (zeros > 0)
        log_warning(ctx, "%s: %zu of %zu rows are 0 throughout and so have no direction, the first is row %zu", path,
                    zeros, dataset->count, first_zero);
    return SPICA_OK;
}

Status embeddings_read(Context *ctx, Dataset *dataset, const ArrayPart *part, const NpyHeader *header) {
    const NpySource *source = &part->pictures;
    NpyArray array;
    TRY(shape_check(ctx, source->path, header));
    TRY(npy_describe(ctx, source, header, &array));
    snprintf(dataset->kind, sizeof dataset->kind, "%s", EMBEDDINGS_KIND);
    TRY(dataset_allocate_embeddings(ctx, dataset, array.shape[0], array.shape[1], source->path));
    TRY(numbers_read(ctx, source, &array, dataset->embeddings));
    TRY(rows_check(ctx, dataset, source->path));
    if (part->labels.path != NULL) TRY(array_read_labels(ctx, dataset, &part->labels, source->path));
    return dataset_number_paths(ctx, dataset, 0, dataset->count, part->name);
}
