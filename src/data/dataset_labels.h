/* Labels that a person gives beside a data set. */
#ifndef SPICA_DATA_DATASET_LABELS_H
#define SPICA_DATA_DATASET_LABELS_H

#include "data/dataset.h"

/* Replaces the labels by those of a CSV file with columns path,label (any text), joined on path, or of a .npy of one
 * integer for each row (array_read_labels). Classes are numbered in the order of their texts (whole numbers first, by
 * value), whichever pictures are present. A picture that the table does not name, or with an empty label or a negative
 * integer, gets -1. Errors: SPICA_ERROR_DATA where the file is missing, unreadable or neither of the two, where no
 * picture gets a label, or a path stands there twice with different labels. */
Status dataset_join_labels(Context *ctx, Dataset *dataset, const char *file);

#endif
