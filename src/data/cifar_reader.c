#include "data/cifar_reader.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/files.h"
#include "data/record_file.h"

/* https://www.cs.toronto.edu/~kriz/cifar.html, "Binary version": records of one label byte (CIFAR-100: the coarse
 * label, then the fine one) and 3072 pixel bytes, the red plane, then green, then blue, each 32 rows of 32. */
#define CIFAR_SIDE 32
#define CIFAR_PLANE ((size_t)CIFAR_SIDE * CIFAR_SIDE)
#define CIFAR_CHANNELS 3
#define CIFAR_PICTURE (CIFAR_CHANNELS * CIFAR_PLANE)
#define CIFAR_MOST_LABELS 2
#define CIFAR_MOST_FILES 6
#define CIFAR_MOST_CLASSES 100

/* What one label byte of a record means. */
typedef struct CifarLabels {
    const char *names_file;
    const char *const *names; /* of the published data set */
    size_t count;
} CifarLabels;

typedef struct CifarVersion {
    const char *name;   /* of the kind, and of the published data set */
    const char *folder; /* the archive's only folder, which may stand in DATA */
    struct {
        const char *name;
        size_t published; /* pictures of the published data set */
    } files[CIFAR_MOST_FILES];
    size_t file_count; /* the last one is the test split */
    CifarLabels labels[CIFAR_MOST_LABELS];
    size_t label_count; /* label bytes of a record */
} CifarVersion;

static const char *const cifar10_classes[] = {"airplane", "automobile", "bird",  "cat",  "deer",
                                              "dog",      "frog",       "horse", "ship", "truck"};

static const char *const cifar100_coarse_classes[] = {"aquatic_mammals",
                                                      "fish",
                                                      "flowers",
                                                      "food_containers",
                                                      "fruit_and_vegetables",
                                                      "household_electrical_devices",
                                                      "household_furniture",
                                                      "insects",
                                                      "large_carnivores",
                                                      "large_man-made_outdoor_things",
                                                      "large_natural_outdoor_scenes",
                                                      "large_omnivores_and_herbivores",
                                                      "medium_mammals",
                                                      "non-insect_invertebrates",
                                                      "people",
                                                      "reptiles",
                                                      "small_mammals",
                                                      "trees",
                                                      "vehicles_1",
                                                      "vehicles_2"};

static const char *const cifar100_fine_classes[] = {
    "apple",      "aquarium_fish", "baby",         "bear",       "beaver",      "bed",         "bee",
    "beetle",     "bicycle",       "bottle",       "bowl",       "boy",         "bridge",      "bus",
    "butterfly",  "camel",         "can",          "castle",     "caterpillar", "cattle",      "chair",
    "chimpanzee", "clock",         "cloud",        "cockroach",  "couch",       "crab",        "crocodile",
    "cup",        "dinosaur",      "dolphin",      "elephant",   "flatfish",    "forest",      "fox",
    "girl",       "hamster",       "house",        "kangaroo",   "keyboard",    "lamp",        "lawn_mower",
    "leopard",    "lion",          "lizard",       "lobster",    "man",         "maple_tree",  "motorcycle",
    "mountain",   "mouse",         "mushroom",     "oak_tree",   "orange",      "orchid",      "otter",
    "palm_tree",  "pear",          "pickup_truck", "pine_tree",  "plain",       "plate",       "poppy",
    "porcupine",  "possum",        "rabbit",       "raccoon",    "ray",         "road",        "rocket",
    "rose",       "sea",           "seal",         "shark",      "shrew",       "skunk",       "skyscraper",
    "snail",      "snake",         "spider",       "squirrel",   "streetcar",   "sunflower",   "sweet_pepper",
    "table",      "tank",          "telephone",    "television", "tiger",       "tractor",     "train",
    "trout",      "tulip",         "turtle",       "wardrobe",   "whale",       "willow_tree", "wolf",
    "woman",      "worm"};

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])
_Static_assert(LENGTH(cifar10_classes) == 10, "CIFAR-10 has ten classes");
_Static_assert(LENGTH(cifar100_coarse_classes) == 20, "CIFAR-100 has twenty super-classes");
_Static_assert(LENGTH(cifar100_fine_classes) == CIFAR_MOST_CLASSES, "CIFAR-100 has a hundred classes");

static const CifarVersion cifar10 = {
    .name = "cifar10",
    .folder = "cifar-10-batches-bin",
    .files = {{"data_batch_1.bin", 10000},
              {"data_batch_2.bin", 10000},
              {"data_batch_3.bin", 10000},
              {"data_batch_4.bin", 10000},
              {"data_batch_5.bin", 10000},
              {"test_batch.bin", 10000}},
    .file_count = 6,
    .labels = {{"batches.meta.txt", cifar10_classes, LENGTH(cifar10_classes)}},
    .label_count = 1,
};

static const CifarVersion cifar100 = {
    .name = "cifar100",
    .folder = "cifar-100-binary",
    .files = {{"train.bin", 50000}, {"test.bin", 10000}},
    .file_count = 2,
    .labels = {{"coarse_label_names.txt", cifar100_coarse_classes, LENGTH(cifar100_coarse_classes)},
               {"fine_label_names.txt", cifar100_fine_classes, LENGTH(cifar100_fine_classes)}},
    .label_count = 2,
};

/* All files of a request. Zeroed, but for the version, may be closed. */
typedef struct CifarSource {
    const CifarVersion *version;
    char *folder; /* DATA, or the one in it; owned */
    RecordFile parts[CIFAR_MOST_FILES];
    size_t published[CIFAR_MOST_FILES];   /* pictures of the part in the published data set */
    const char *splits[CIFAR_MOST_FILES]; /* that the part belongs to */
    size_t part_count;
    size_t chosen; /* which label byte is the picture's class */
} CifarSource;

static void cifar_close(Context *ctx, CifarSource *source) {
    for (size_t i = 0; i < source->part_count; i++)
        record_file_close(ctx, &source->parts[i]);
    FREE_ARRAY(ctx, &source->folder);
}

/* Whether a folder of DATA, "." or the archive's, holds pictures. */
static bool cifar_stands_in(const CifarVersion *version, const char *data, const char *folder) {
    for (size_t i = 0; i < version->file_count; i++) {
        char path[4096];
        const int length = snprintf(path, sizeof path, "%s/%s/%s", data, folder, version->files[i].name);
        if (length < (int)sizeof path && path_is_file(path)) return true;
    }
    return false;
}

static Status cifar_open(Context *ctx, CifarSource *source, const ReadRequest *request) {
    const CifarVersion *version = source->version;
    if (cifar_stands_in(version, request->path, "."))
        TRY(memory_copy_text(ctx, &source->folder, request->path));
    else
        TRY(path_join(ctx, &source->folder, request->path, version->folder));
    for (size_t i = 0; i < version->file_count; i++) {
        const bool test = i == version->file_count - 1;
        if (request->split == (test ? SPLIT_TRAIN : SPLIT_TEST)) continue;
        source->splits[source->part_count] = test ? "test" : "train";
        source->published[source->part_count] = version->files[i].published;
        RecordFile *part = &source->parts[source->part_count++];
        TRY(record_file_open(ctx, part, source->folder, version->files[i].name, version->label_count + CIFAR_PICTURE));
    }
    return SPICA_OK;
}

/* pixels[side x side x channels] from planes[channels x side x side]. */
static void planes_interleave(uint8_t *pixels, const uint8_t *planes) {
    for (size_t i = 0; i < CIFAR_PLANE; i++)
        for (size_t channel = 0; channel < CIFAR_CHANNELS; channel++)
            pixels[i * CIFAR_CHANNELS + channel] = planes[channel * CIFAR_PLANE + i];
}

/* Every label of a record, wanted or not: a wrong one shows that the file is another one, or damaged. */
static Status cifar_check_labels(Context *ctx, const CifarVersion *version, const RecordFile *part, size_t row,
                                 const uint8_t *labels) {
    for (size_t i = 0; i < version->label_count; i++)
        if (labels[i] >= version->labels[i].count)
            return context_fail(ctx, SPICA_ERROR_DATA, "%s: label %d at byte %" PRIu64 ", expected 0 to %zu",
                                part->path, labels[i], (uint64_t)row * part->bytes + i, version->labels[i].count - 1);
    return SPICA_OK;
}

static Status cifar_read_part(Context *ctx, Dataset *dataset, const CifarSource *source, RecordFile *part,
                              size_t first) {
    uint8_t record[CIFAR_MOST_LABELS + CIFAR_PICTURE];
    for (size_t row = 0; row < part->count; row++) {
        TRY(record_file_read(ctx, part, record, 1));
        TRY(cifar_check_labels(ctx, source->version, part, row, record));
        if (dataset->labels != NULL) dataset->labels[first + row] = record[source->chosen];
        planes_interleave(dataset->pixels + (first + row) * CIFAR_PICTURE, record + source->version->label_count);
    }
    return dataset_number_paths(ctx, dataset, first, part->count, part->name);
}

/* The published data set, by its counts and its classes' names. */
static bool cifar_is_published(const CifarSource *source, const char *const *names) {
    const CifarLabels *labels = &source->version->labels[source->chosen];
    for (size_t i = 0; i < source->part_count; i++)
        if (source->parts[i].count != source->published[i]) return false;
    for (size_t i = 0; i < labels->count; i++)
        if (strcmp(names[i], labels->names[i]) != 0) return false;
    return true;
}

static Status cifar_read_parts(Context *ctx, Dataset *dataset, CifarSource *source, bool labels) {
    size_t count = 0, first = 0;
    for (size_t i = 0; i < source->part_count; i++)
        count += source->parts[i].count;
    dataset->height = dataset->width = CIFAR_SIDE;
    dataset->channels = CIFAR_CHANNELS;
    TRY(dataset_allocate(ctx, dataset, count, labels, source->folder));
    for (size_t i = 0; i < source->part_count; i++) {
        TRY(cifar_read_part(ctx, dataset, source, &source->parts[i], first));
        dataset_add_part(dataset, source->splits[i], source->parts[i].count);
        first += source->parts[i].count;
    }
    return SPICA_OK;
}

static Status cifar_name(Context *ctx, Dataset *dataset, const CifarSource *source) {
    char *text = NULL;
    const char *names[CIFAR_MOST_CLASSES];
    const CifarLabels *labels = &source->version->labels[source->chosen];
    Status status;
    TRY_GOTO(status, close,
             dataset_read_names(ctx, source->folder, labels->names_file, labels->names, labels->count, &text, names));
    if (cifar_is_published(source, names)) snprintf(dataset->name, sizeof dataset->name, "%s", source->version->name);
    if (dataset->labels != NULL) status = dataset_name_classes(ctx, dataset, names, labels->count);
close:
    FREE_ARRAY(ctx, &text);
    return status;
}

static Status cifar_read(Context *ctx, Dataset *dataset, const ReadRequest *request, const CifarVersion *version) {
    CifarSource source = {.version = version};
    Status status;
    if (request->classes == CLASSES_FINE) source.chosen = version->label_count - 1;
    TRY_GOTO(status, close, cifar_open(ctx, &source, request));
    TRY_GOTO(status, close, cifar_read_parts(ctx, dataset, &source, request->labels));
    TRY_GOTO(status, close, cifar_name(ctx, dataset, &source));
close:
    cifar_close(ctx, &source);
    return status;
}

static bool cifar_recognise(const ReadRequest *request, const CifarVersion *version) {
    return request->folder &&
           (cifar_stands_in(version, request->path, ".") || cifar_stands_in(version, request->path, version->folder));
}

static Status cifar10_read(Context *ctx, Dataset *dataset, const ReadRequest *request) {
    return cifar_read(ctx, dataset, request, &cifar10);
}

static Status cifar100_read(Context *ctx, Dataset *dataset, const ReadRequest *request) {
    return cifar_read(ctx, dataset, request, &cifar100);
}

static bool cifar10_recognise(const ReadRequest *request) { return cifar_recognise(request, &cifar10); }
static bool cifar100_recognise(const ReadRequest *request) { return cifar_recognise(request, &cifar100); }

const DataReader cifar10_reader = {
    .kind = "cifar10",
    .expected = "CIFAR-10, binary version (data_batch_1.bin .. data_batch_5.bin, test_batch.bin)",
    .recognise = cifar10_recognise,
    .read = cifar10_read,
};

const DataReader cifar100_reader = {
    .kind = "cifar100",
    .expected = "CIFAR-100, binary version (train.bin, test.bin)",
    .recognise = cifar100_recognise,
    .read = cifar100_read,
};
