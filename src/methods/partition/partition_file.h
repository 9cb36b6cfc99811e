/* What assigns other pictures to the clusters of a partition, as a file: safetensors with the tensors `centres` and,
 * where they are, `variances`, `weights`, `pca.mean` and `pca.directions`. */
#ifndef SPICA_METHODS_PARTITION_FILE_H
#define SPICA_METHODS_PARTITION_FILE_H

#include "methods/partition/partition.h"
#include "methods/partition/partition_input.h"

/* Zeroed may be closed. */
typedef struct Partition {
    PartitionInput input;
    PartitionModel model;
} Partition;

void partition_close(Context *ctx, Partition *partition);

/* The file is replaced atomically. Errors: SPICA_ERROR_IO. */
Status partition_write(Context *ctx, const char *path, const Partition *partition);

/* To be closed with partition_close whatever the status. Errors: SPICA_ERROR_IO; SPICA_ERROR_WEIGHTS: not such a file,
 * damaged, or of a newer format. */
Status partition_read(Context *ctx, const char *path, Partition *partition);

#endif
