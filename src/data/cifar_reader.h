/* CIFAR-10 and CIFAR-100 in their binary versions, which differ in files, label bytes and names alone. */
#ifndef SPICA_DATA_CIFAR_READER_H
#define SPICA_DATA_CIFAR_READER_H

#include "data/reader.h"

extern const DataReader cifar10_reader;
extern const DataReader cifar100_reader;

#endif
