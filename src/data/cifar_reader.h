/* CIFAR-10 in its binary version: data_batch_1.bin .. data_batch_5.bin, test_batch.bin, batches.meta.txt. */
#ifndef SPICA_DATA_CIFAR_READER_H
#define SPICA_DATA_CIFAR_READER_H

#include "data/reader.h"

extern const DataReader cifar_reader;

#endif
