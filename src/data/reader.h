/* What a reader of one kind of data set provides, and what readers share. A new kind is one reader and one row in the
 * table of dataset.c. */
#ifndef SPICA_DATA_READER_H
#define SPICA_DATA_READER_H

#include <stdbool.h>

#include "data/dataset.h"

typedef struct ReadRequest {
    const char *path; /* DATA */
    bool folder;      /* DATA is a folder, else it is a regular file */
    bool labels; /* the data set's own labels are wanted; else none reach the dataset, nor are files of them read */
    bool folder_labels; /* and the folders that picture files lie in shall be classes */
    DataSplit split;
    DataClasses classes;
    const DataSettings *settings;
} ReadRequest;

typedef struct DataReader {
    const char *kind;     /* Dataset.kind */
    const char *expected; /* what it recognises, in words, for the message that nothing was recognised */
    bool (*recognise)(const ReadRequest *request);
    /* Fills pixels, sizes, paths, labels and class names, kind and name of a zeroed dataset. Errors: SPICA_ERROR_DATA
     * naming file and offset, SPICA_ERROR_MEMORY. The dataset is the caller's to close in any case. */
    Status (*read)(Context *ctx, Dataset *dataset, const ReadRequest *request);
} DataReader;

/* Room for the pixels and paths of `count` pictures of the dataset's height, width and channels, and for their labels
 * (all -1) where `labels` is set. Errors: SPICA_ERROR_DATA where there are none or too many, SPICA_ERROR_MEMORY. */
Status dataset_allocate(Context *ctx, Dataset *dataset, size_t count, bool labels, const char *path);

/* Room for `count` embeddings of `dimension` numbers and their paths, in place of pixels. Errors as of
 * dataset_allocate. */
Status dataset_allocate_embeddings(Context *ctx, Dataset *dataset, size_t count, size_t dimension, const char *path);

/* chosen[count]: which rows a random subset of `limit` keeps, at most count. A function of count and limit alone. */
Status dataset_choose_rows(Context *ctx, bool *chosen, size_t count, size_t limit);

/* paths[first .. first + count) become FILE#0, FILE#1 ... */
Status dataset_number_paths(Context *ctx, Dataset *dataset, size_t first, size_t count, const char *file);

/* The next `count` pictures are of this split (a constant text), perhaps as those before them. */
void dataset_add_part(Dataset *dataset, const char *split, size_t count);

/* class_count and class_names: copies of `names`, or the numbers 0 .. count-1 where names is NULL. */
Status dataset_name_classes(Context *ctx, Dataset *dataset, const char *const *names, size_t count);

/* names[count]: the lines of a file of the folder, which point into its bytes *text, owned by the caller; where there
 * is no such file, the names of `published`. Errors: SPICA_ERROR_DATA, SPICA_ERROR_MEMORY. */
Status dataset_read_names(Context *ctx, const char *folder, const char *file, const char *const *published,
                          size_t count, char **text, const char **names);

#endif
