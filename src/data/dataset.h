/* The Dataset: N pictures of one size as bytes, in data order, with names and, where there are any, labels. Embeddings
 * may stand in their place, of which there are no pictures. */
#ifndef SPICA_DATA_DATASET_H
#define SPICA_DATA_DATASET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/memory.h"
#include "data/picture_kind.h"

/* Which pictures of a data set that has splits. whole is train and test. */
typedef enum DataSplit {
    SPLIT_WHOLE,
    SPLIT_TRAIN,
    SPLIT_TEST,
    SPLIT_UNLABELLED, /* auxiliary pictures: the unlabelled part where there is one, else the whole */
} DataSplit;

/* Which labels of a data set that has two kinds of them. */
typedef enum DataClasses {
    CLASSES_COARSE, /* super-classes, as the papers cluster CIFAR-100 */
    CLASSES_FINE,
} DataClasses;

/* A file that was left out. */
typedef struct BadFile {
    const char *path, *reason; /* relative to DATA; one line */
} BadFile;

/* What pictures that are files were before they became pictures of one size. */
typedef struct PictureSurvey {
    uint32_t width_least, width_most, height_least, height_most; /* as they are looked at */
    uint64_t kinds[PICTURE_KINDS];                               /* how many there are of each PictureKind */
} PictureSurvey;

/* Pictures of a split, which stand together. */
typedef struct DatasetPart {
    const char *name; /* of the split, constant: "train", "test" ... */
    size_t count;
} DatasetPart;
#define DATASET_PARTS_MOST 4

typedef struct Dataset {
    size_t count;                /* N */
    int height, width, channels; /* of every picture; channels is 1 (grey) or 3 (RGB) */
    uint8_t *pixels;             /* N x height x width x channels, owned, or within the mapping */
    float *embeddings;           /* N x channels, owned, in place of pixels; height and width are 1. NULL: pictures */
    int32_t *labels;             /* N class numbers 0 .. class_count-1, owned, or NULL where there are none */
    size_t class_count;          /* 0 without labels */
    char **class_names;          /* class_count texts, owned by arena, or NULL without labels */
    char **paths;                /* N texts: relative to DATA, for arrays FILE#ROW; owned by arena */
    char kind[32];               /* what the reader recognised: "idx", "cifar10", "embeddings" ... */
    char name[32];               /* the known data set, as recipes are named: "fashion-mnist", "cifar10", or "" */
    uint64_t fingerprint;        /* of the pixels, their order and size; labels have no part in it */
    BadFile *bad;                /* bad_count files that hold no picture that can be read; owned by arena */
    size_t bad_count;
    PictureSurvey survey;                  /* of pictures that are files; else all 0 */
    DatasetPart parts[DATASET_PARTS_MOST]; /* in data order; part_count 0: there are no splits */
    size_t part_count;
    void *mapping; /* a file that the pixels lie in, mapped privately, or NULL */
    size_t mapping_bytes;
    Arena arena;
} Dataset;

/* Most numbers of an embedding. */
#define EMBEDDING_MOST 65536

/* Most pixels of a picture file, and seconds that decoding one may take, where the settings say 0. */
#define DATA_MAX_PIXELS 100000000
#define DATA_DECODE_SECONDS 60.0

typedef struct DataSettings {
    DataSplit split;
    DataClasses classes;
    const char *subset; /* of an ImageNet folder: "imagenet10", "imagenet-dogs" or a file of synsets; NULL: all */
    size_t limit;       /* a random subset of this many pictures, fixed by N and limit, in data order; 0: all */
    const char *labels; /* "auto": the data set's own; "folders": those that picture files lie in; "none"; else a CSV
                           file path,label joined on path, or a .npy of one integer a row */
    const char *paths;  /* a text file of a path per line: the names of an array's rows; NULL or "": FILE#ROW */
    /* Pictures that are files: */
    int size;       /* side that they are resized to; 0: their own where all have one of up to 96 pixels, else 96 */
    bool letterbox; /* black beside the picture instead of cropping it */
    bool grey;      /* else RGB */
    bool strict;    /* a file that cannot be read is an error */
    uint64_t max_pixels;   /* larger ones cannot be read; 0: DATA_MAX_PIXELS */
    double decode_seconds; /* 0: DATA_DECODE_SECONDS */
} DataSettings;

/* Reads DATA, a file or a folder, into *dataset, which the caller closes with dataset_close whatever the status.
 * Errors: SPICA_ERROR_DATA naming file and offset, SPICA_ERROR_MEMORY, SPICA_ERROR_IO. */
Status dataset_open(Context *ctx, Dataset *dataset, const char *path, const DataSettings *settings);

/* Frees what the dataset owns and zeroes it; a zeroed dataset may be closed. */
void dataset_close(Context *ctx, Dataset *dataset);

/* Replaces the pixels by others, which become the dataset's. */
void dataset_replace_pixels(Context *ctx, Dataset *dataset, uint8_t *pixels);

/* Whether the rows are embeddings. */
static inline bool dataset_has_embeddings(const Dataset *dataset) { return dataset->embeddings != NULL; }

/* Numbers of an embedding. */
static inline size_t dataset_dimension(const Dataset *dataset) { return (size_t)dataset->channels; }

/* SPICA_ERROR_DATA where there are none; `what` needs them: "PICA". */
Status dataset_require_pictures(Context *ctx, const Dataset *dataset, const char *what);

/* Bytes of a row, be it a picture or an embedding; all rows; one of them. */
static inline size_t dataset_row_bytes(const Dataset *dataset) {
    const size_t values = (size_t)dataset->height * (size_t)dataset->width * (size_t)dataset->channels;
    return dataset_has_embeddings(dataset) ? values * sizeof *dataset->embeddings : values;
}
static inline uint8_t *dataset_rows(const Dataset *dataset) {
    return dataset_has_embeddings(dataset) ? (uint8_t *)dataset->embeddings : dataset->pixels;
}

static inline uint8_t *dataset_row(const Dataset *dataset, size_t row) {
    return dataset_rows(dataset) + row * dataset_row_bytes(dataset);
}

/* First byte of picture `row`. */
static inline const uint8_t *dataset_picture(const Dataset *dataset, size_t row) {
    return dataset->pixels + row * (size_t)dataset->height * (size_t)dataset->width * (size_t)dataset->channels;
}

/* mean[channels], deviation[channels] over all pixels, of values scaled to 0 .. 1. A deviation of 0 becomes 1. Of
 * embeddings, in all three places, 0 and the root mean square of their numbers: scaled so, a row has a length of about
 * sqrt(D) and keeps its direction. */
void dataset_statistics(const Dataset *dataset, float mean[3], float deviation[3]);

#endif
