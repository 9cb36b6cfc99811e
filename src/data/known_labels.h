/* Labels that a person gives to some pictures so that they are learnt from; all other labels of a data set are for
 * evaluation alone. */
#ifndef SPICA_DATA_KNOWN_LABELS_H
#define SPICA_DATA_KNOWN_LABELS_H

#include "data/dataset.h"

/* Zeroed may be closed. */
typedef struct KnownLabels {
    int32_t *labels; /* N class numbers, -1 for pictures without a known label; owned */
    size_t count;    /* pictures with one */
    size_t class_count;
    char **class_names;   /* class_count texts in the order of name_table.h, owned by the arena */
    uint64_t fingerprint; /* of labels and names */
    Arena arena;
} KnownLabels;

/* Reads a CSV file with columns path,label (any text), joined on path; rows with an empty label count nothing, and rows
 * that are no picture's are told in the log. To be closed with known_labels_close, whatever the status.
 * Errors: SPICA_ERROR_DATA naming file and line where the file is missing or no such table, where a path has two
 * labels, where none of a class's pictures is among the data, and where fewer than two classes are left. */
Status known_labels_read(Context *ctx, const Dataset *dataset, const char *file, KnownLabels *known);
void known_labels_close(Context *ctx, KnownLabels *known);

#endif
