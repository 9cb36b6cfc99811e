/* The value of partition.on: which rows the classic algorithms cluster. */
#ifndef SPICA_CONFIG_PARTITION_ON_H
#define SPICA_CONFIG_PARTITION_ON_H

#include "config/options.h"

typedef enum PartitionOn {
    PARTITION_ON_PIXELS,     /* "pixels": scaled to 0 .. 1 */
    PARTITION_ON_EMBEDDINGS, /* "embeddings": of stage 1, L2-normalised */
    PARTITION_ON_COMPONENTS, /* "pca:N": the first N principal components of the pixels */
} PartitionOn;

/* *components: N of "pca:N", else 0. "auto" is pixels. False: none of these texts, or N is not 1 to 1,000,000. */
bool partition_on_parse(const char *text, PartitionOn *on, size_t *components);

/* What the options of a checked run mean: those of moco-kmeans the embeddings. */
PartitionOn partition_on_resolve(const Options *options, size_t *components);

#endif
