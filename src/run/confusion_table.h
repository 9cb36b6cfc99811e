/* A confusion matrix as a CSV file. */
#ifndef SPICA_RUN_CONFUSION_TABLE_H
#define SPICA_RUN_CONFUSION_TABLE_H

#include <stdint.h>

#include "base/csv.h"

/* What the rows (clusters) and columns (classes) are called; names NULL: by their numbers. */
typedef struct ConfusionSide {
    size_t count;
    const char *const *names;
} ConfusionSide;

/* A header "cluster" and the columns' names, then a row for each cluster: its name and counts of pictures.
 * confusion[rows x columns]. The file is replaced atomically. Errors: SPICA_ERROR_IO. */
Status confusion_table_write(Context *ctx, const char *path, const int64_t *confusion, ConfusionSide rows,
                             ConfusionSide columns);

#endif
