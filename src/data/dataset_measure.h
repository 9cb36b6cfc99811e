/* What is measured of a data set's pixels. */
#ifndef SPICA_DATA_DATASET_MEASURE_H
#define SPICA_DATA_DATASET_MEASURE_H

#include "data/dataset.h"

/* Dataset.fingerprint of the pictures as they stand. The same on every machine and for every number of threads. */
Status dataset_fingerprint(Context *ctx, const Dataset *dataset, uint64_t *fingerprint);

/* first[count]: the first picture in data order with the same pixels, byte by byte, or -1 where none comes before.
 * *duplicates: how many have one. Found by a hash of every picture's pixels: one pass over them, and a sort. */
Status dataset_find_duplicates(Context *ctx, const Dataset *dataset, int64_t *first, size_t *duplicates);

/* A 64-bit hash, the same on every machine; no defence against forgery. */
uint64_t bytes_hash(const void *start, size_t count);

/* A hash of both, of which the order counts. */
uint64_t hash_combine(uint64_t state, uint64_t word);

#endif
