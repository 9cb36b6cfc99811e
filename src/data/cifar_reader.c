#include "data/cifar_reader.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/files.h"
#include "data/record_file.h"

/* https://www.cs.toronto.edu/~kriz/cifar.html, "Binary version": records of one label byte and 3072 pixel bytes, the
 * red plane, then green, then blue, each 32 rows of 32. */
#define CIFAR_SIDE 32
#define CIFAR_PLANE ((size_t)CIFAR_SIDE * CIFAR_SIDE)
#define CIFAR_CHANNELS 3
#define CIFAR_RECORD (1 + CIFAR_CHANNELS * CIFAR_PLANE) /* a size_t, as CIFAR_PLANE */
#define CIFAR_CLASSES 10
/* Pictures in each file of the published data set. */
#define CIFAR_PUBLISHED 10000
#define CIFAR_NAMES_FILE "batches.meta.txt"

#define CIFAR_FILES 6
static const char *const cifar_files[CIFAR_FILES] = {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin",
                                                     "data_batch_4.bin", "data_batch_5.bin", "test_batch.bin"};
#define CIFAR_TEST_FILE (CIFAR_FILES - 1)

static const char *const cifar_classes[CIFAR_CLASSES] = {"airplane", "automobile", "bird",  "cat",  "deer",
                                                         "dog",      "frog",       "horse", "ship", "truck"};

/* All files of a request. Zeroed may be closed. */
typedef struct CifarSource {
    RecordFile parts[CIFAR_FILES];
    size_t part_count;
} CifarSource;

static void cifar_close(Context *ctx, CifarSource *source) {
    for (size_t i = 0; i < source->part_count; i++)
        record_file_close(ctx, &source->parts[i]);
}

static Status cifar_open(Context *ctx, CifarSource *source, const ReadRequest *request) {
    for (size_t i = 0; i < CIFAR_FILES; i++) {
        if (request->split == (i == CIFAR_TEST_FILE ? SPLIT_TRAIN : SPLIT_TEST)) continue;
        RecordFile *part = &source->parts[source->part_count++];
        TRY(record_file_open(ctx, part, request->path, cifar_files[i], CIFAR_RECORD));
    }
    return SPICA_OK;
}

/* pixels[side x side x channels] from planes[channels x side x side]. */
static void planes_interleave(uint8_t *pixels, const uint8_t *planes) {
    for (size_t i = 0; i < CIFAR_PLANE; i++)
        for (size_t channel = 0; channel < CIFAR_CHANNELS; channel++)
            pixels[i * CIFAR_CHANNELS + channel] = planes[channel * CIFAR_PLANE + i];
}

static Status cifar_read_part(Context *ctx, Dataset *dataset, RecordFile *part, size_t first) {
    uint8_t record[CIFAR_RECORD];
    for (size_t row = 0; row < part->count; row++) {
        TRY(record_file_read(ctx, part, record, 1));
        if (record[0] >= CIFAR_CLASSES)
            return context_fail(ctx, SPICA_ERROR_DATA, "%s: label %d at byte %" PRIu64 ", expected 0 to %d", part->path,
                                record[0], (uint64_t)row * CIFAR_RECORD, CIFAR_CLASSES - 1);
        if (dataset->labels != NULL) dataset->labels[first + row] = record[0];
        planes_interleave(dataset->pixels + (first + row) * CIFAR_CHANNELS * CIFAR_PLANE, record + 1);
    }
    return dataset_number_paths(ctx, dataset, first, part->count, part->name);
}

/* The published data set, by its counts and its classes' names. */
static bool cifar_is_published(const CifarSource *source, const char *const *names) {
    for (size_t i = 0; i < source->part_count; i++)
        if (source->parts[i].count != CIFAR_PUBLISHED) return false;
    for (size_t i = 0; i < CIFAR_CLASSES; i++)
        if (strcmp(names[i], cifar_classes[i]) != 0) return false;
    return true;
}

static Status cifar_read_parts(Context *ctx, Dataset *dataset, CifarSource *source, const ReadRequest *request) {
    size_t count = 0, first = 0;
    for (size_t i = 0; i < source->part_count; i++)
        count += source->parts[i].count;
    dataset->height = dataset->width = CIFAR_SIDE;
    dataset->channels = CIFAR_CHANNELS;
    TRY(dataset_allocate(ctx, dataset, count, request->labels, request->path));
    for (size_t i = 0; i < source->part_count; i++) {
        TRY(cifar_read_part(ctx, dataset, &source->parts[i], first));
        first += source->parts[i].count;
    }
    return SPICA_OK;
}

static Status cifar_name(Context *ctx, Dataset *dataset, const CifarSource *source, const ReadRequest *request) {
    char *text = NULL;
    const char *names[CIFAR_CLASSES];
    Status status;
    TRY_GOTO(status, close,
             dataset_read_names(ctx, request->path, CIFAR_NAMES_FILE, cifar_classes, CIFAR_CLASSES, &text, names));
    if (cifar_is_published(source, names)) snprintf(dataset->name, sizeof dataset->name, "cifar10");
    if (request->labels) status = dataset_name_classes(ctx, dataset, names, CIFAR_CLASSES);
close:
    FREE_ARRAY(ctx, &text);
    return status;
}

static Status cifar_read(Context *ctx, Dataset *dataset, const ReadRequest *request) {
    CifarSource source = {0};
    Status status;
    TRY_GOTO(status, close, cifar_open(ctx, &source, request));
    TRY_GOTO(status, close, cifar_read_parts(ctx, dataset, &source, request));
    TRY_GOTO(status, close, cifar_name(ctx, dataset, &source, request));
close:
    cifar_close(ctx, &source);
    return status;
}

static bool cifar_recognise(const ReadRequest *request) {
    if (!request->folder) return false;
    for (size_t i = 0; i < CIFAR_FILES; i++) {
        char path[4096];
        const int length = snprintf(path, sizeof path, "%s/%s", request->path, cifar_files[i]);
        if (length < (int)sizeof path && path_is_file(path)) return true;
    }
    return false;
}

const DataReader cifar_reader = {
    .kind = "cifar10",
    .expected = "CIFAR-10, binary version (data_batch_1.bin .. data_batch_5.bin, test_batch.bin)",
    .recognise = cifar_recognise,
    .read = cifar_read,
};
