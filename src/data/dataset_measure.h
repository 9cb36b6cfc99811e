/* What is measured of a data set's pixels. */
#ifndef SPICA_DATA_DATASET_MEASURE_H
#define SPICA_DATA_DATASET_MEASURE_H

#include "data/dataset.h"

/* Dataset.fingerprint of the pictures as they stand. The same on every machine and for every number of threads. */
Status dataset_fingerprint(Context *ctx, const Dataset *dataset, uint64_t *fingerprint);

#endif
