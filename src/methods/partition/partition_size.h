/* Which algorithm can take how many rows. */
#ifndef SPICA_METHODS_PARTITION_SIZE_H
#define SPICA_METHODS_PARTITION_SIZE_H

#include "methods/partition/partition.h"

/* Bytes that partition_fit takes at most, about, with its count rows of dim numbers. */
double partition_bytes(const PartitionSettings *settings, size_t count, size_t dim);

/* SPICA_ERROR_OPTION where the algorithm refuses so many rows, SPICA_ERROR_MEMORY where it needs more than `available`
 * bytes; in words that tell what would do. `other` bytes are taken already (the pictures). */
Status partition_check_size(Context *ctx, const PartitionSettings *settings, size_t count, size_t dim, double other,
                            double available);

#endif
