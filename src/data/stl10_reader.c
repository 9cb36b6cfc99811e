#include "data/stl10_reader.h"

#include <stdio.h>
#include <string.h>

#include "base/files.h"
#include "data/record_file.h"

/* https://cs.stanford.edu/~acoates/stl10, "Binary files": pictures of 3 x 96 x 96 bytes, the red plane, then green,
 * then blue, each column after column; labels of one byte, 1 .. 10. */
#define STL_SIDE 96
#define STL_CHANNELS 3
#define STL_PICTURE ((size_t)STL_CHANNELS * STL_SIDE * STL_SIDE)
#define STL_CLASSES 10
#define STL_NAMES_FILE "class_names.txt"
/* The archive's only folder, which may stand in DATA. */
#define STL_FOLDER "stl10_binary"
/* Pictures that are read and turned at a time, 7 MB: they are still in a cache when they are turned. */
#define STL_PIECE ((size_t)256)

static const struct {
    DataSplit split;
    const char *name;
    const char *pictures, *labels; /* labels: NULL where there are none */
    size_t published;              /* pictures of the published data set */
} stl_splits[] = {
    {SPLIT_TRAIN, "train", "train_X.bin", "train_y.bin", 5000},
    {SPLIT_TEST, "test", "test_X.bin", "test_y.bin", 8000},
    {SPLIT_UNLABELLED, "unlabelled", "unlabeled_X.bin", NULL, 100000},
};
#define STL_SPLITS (sizeof stl_splits / sizeof stl_splits[0])

static const char *const stl_classes[STL_CLASSES] = {"airplane", "bird",  "car",    "cat",  "deer",
                                                     "dog",      "horse", "monkey", "ship", "truck"};

/* The files of one split, opened. */
typedef struct StlPart {
    const char *split;
    RecordFile pictures, labels; /* labels: not opened where there are none or none are wanted */
    size_t published;
} StlPart;

/* All files of a request. Zeroed may be closed. */
typedef struct StlSource {
    char *folder; /* DATA, or the one in it; owned */
    StlPart parts[STL_SPLITS];
    size_t part_count;
} StlSource;

static void stl_close(Context *ctx, StlSource *source) {
    for (size_t i = 0; i < source->part_count; i++) {
        record_file_close(ctx, &source->parts[i].pictures);
        record_file_close(ctx, &source->parts[i].labels);
    }
    FREE_ARRAY(ctx, &source->folder);
}

/* Whether a folder of DATA, "." or STL_FOLDER, holds pictures. */
static bool stl_stands_in(const char *data, const char *folder) {
    for (size_t i = 0; i < STL_SPLITS; i++) {
        char path[4096];
        const int length = snprintf(path, sizeof path, "%s/%s/%s", data, folder, stl_splits[i].pictures);
        if (length < (int)sizeof path && path_is_file(path)) return true;
    }
    return false;
}

static Status stl_find_folder(Context *ctx, const char *data, char **folder) {
    return stl_stands_in(data, ".") ? memory_copy_text(ctx, folder, data) : path_join(ctx, folder, data, STL_FOLDER);
}

/* A file of labels that is missing is no error: labels serve evaluation alone. */
static Status stl_open_labels(Context *ctx, StlPart *part, const char *folder, const char *name) {
    char *path;
    TRY(path_join(ctx, &path, folder, name));
    const bool present = path_is_file(path);
    FREE_ARRAY(ctx, &path);
    if (!present) return SPICA_OK;
    TRY(record_file_open(ctx, &part->labels, folder, name, 1));
    if (part->labels.count == part->pictures.count) return SPICA_OK;
    return context_fail(ctx, SPICA_ERROR_DATA, "%s: %zu labels, but %s has %zu pictures", part->labels.path,
                        part->labels.count, part->pictures.name, part->pictures.count);
}

/* whole is what has labels: train and test. */
static bool stl_is_wanted(size_t split, DataSplit wanted) {
    return wanted == SPLIT_WHOLE ? stl_splits[split].labels != NULL : wanted == stl_splits[split].split;
}

static Status stl_open(Context *ctx, StlSource *source, const ReadRequest *request) {
    TRY(stl_find_folder(ctx, request->path, &source->folder));
    for (size_t i = 0; i < STL_SPLITS; i++) {
        if (!stl_is_wanted(i, request->split)) continue;
        StlPart *part = &source->parts[source->part_count++];
        part->split = stl_splits[i].name;
        part->published = stl_splits[i].published;
        TRY(record_file_open(ctx, &part->pictures, source->folder, stl_splits[i].pictures, STL_PICTURE));
        if (request->labels && stl_splits[i].labels != NULL)
            TRY(stl_open_labels(ctx, part, source->folder, stl_splits[i].labels));
    }
    return SPICA_OK;
}

/* In place, from channels x columns x rows to rows x columns x channels. */
static void picture_turn(uint8_t *pixels) {
    uint8_t planes[STL_PICTURE];
    memcpy(planes, pixels, sizeof planes);
    for (size_t y = 0; y < STL_SIDE; y++)
        for (size_t x = 0; x < STL_SIDE; x++)
            for (size_t channel = 0; channel < STL_CHANNELS; channel++)
                pixels[(y * STL_SIDE + x) * STL_CHANNELS + channel] = planes[(channel * STL_SIDE + x) * STL_SIDE + y];
}

static Status stl_read_pictures(Context *ctx, Dataset *dataset, RecordFile *file, size_t first) {
    for (size_t row = 0; row < file->count; row += STL_PIECE) {
        const size_t count = file->count - row < STL_PIECE ? file->count - row : STL_PIECE;
        uint8_t *pixels = dataset->pixels + (first + row) * STL_PICTURE;
        TRY(record_file_read(ctx, file, pixels, count));
#pragma omp parallel for schedule(static) num_threads(ctx->threads)
        for (size_t i = 0; i < count; i++)
            picture_turn(pixels + i * STL_PICTURE);
    }
    return dataset_number_paths(ctx, dataset, first, file->count, file->name);
}

/* labels[file.count] */
static Status stl_read_labels(Context *ctx, RecordFile *file, int32_t *labels) {
    for (size_t row = 0; row < file->count; row++) {
        uint8_t label;
        TRY(record_file_read(ctx, file, &label, 1));
        if (label < 1 || label > STL_CLASSES)
            return context_fail(ctx, SPICA_ERROR_DATA, "%s: label %d at byte %zu, expected 1 to %d", file->path, label,
                                row, STL_CLASSES);
        labels[row] = label - 1;
    }
    return SPICA_OK;
}

static Status stl_read_parts(Context *ctx, Dataset *dataset, StlSource *source) {
    size_t count = 0, first = 0;
    bool labels = false;
    for (size_t i = 0; i < source->part_count; i++) {
        count += source->parts[i].pictures.count;
        labels = labels || source->parts[i].labels.stream != NULL;
    }
    dataset->height = dataset->width = STL_SIDE;
    dataset->channels = STL_CHANNELS;
    TRY(dataset_allocate(ctx, dataset, count, labels, source->folder));
    for (size_t i = 0; i < source->part_count; i++) {
        StlPart *part = &source->parts[i];
        if (part->labels.stream != NULL) TRY(stl_read_labels(ctx, &part->labels, dataset->labels + first));
        TRY(stl_read_pictures(ctx, dataset, &part->pictures, first));
        dataset_add_part(dataset, part->split, part->pictures.count);
        first += part->pictures.count;
    }
    return SPICA_OK;
}

/* The published data set, by its counts and its classes' names. */
static bool stl_is_published(const StlSource *source, const char *const *names) {
    for (size_t i = 0; i < source->part_count; i++)
        if (source->parts[i].pictures.count != source->parts[i].published) return false;
    for (size_t i = 0; i < STL_CLASSES; i++)
        if (strcmp(names[i], stl_classes[i]) != 0) return false;
    return true;
}

static Status stl_name(Context *ctx, Dataset *dataset, const StlSource *source) {
    char *text = NULL;
    const char *names[STL_CLASSES];
    Status status;
    TRY_GOTO(status, close,
             dataset_read_names(ctx, source->folder, STL_NAMES_FILE, stl_classes, STL_CLASSES, &text, names));
    if (stl_is_published(source, names)) snprintf(dataset->name, sizeof dataset->name, "stl10");
    if (dataset->labels != NULL) status = dataset_name_classes(ctx, dataset, names, STL_CLASSES);
close:
    FREE_ARRAY(ctx, &text);
    return status;
}

static Status stl_read(Context *ctx, Dataset *dataset, const ReadRequest *request) {
    StlSource source = {0};
    Status status;
    TRY_GOTO(status, close, stl_open(ctx, &source, request));
    TRY_GOTO(status, close, stl_read_parts(ctx, dataset, &source));
    TRY_GOTO(status, close, stl_name(ctx, dataset, &source));
close:
    stl_close(ctx, &source);
    return status;
}

static bool stl_recognise(const ReadRequest *request) {
    return request->folder && (stl_stands_in(request->path, ".") || stl_stands_in(request->path, STL_FOLDER));
}

const DataReader stl10_reader = {
    .kind = "stl10",
    .expected = "STL-10, binary version (train_X.bin, test_X.bin, unlabeled_X.bin)",
    .recognise = stl_recognise,
    .read = stl_read,
};
