/* MNIST's format (IDX, gzipped or not): a folder with the four files under their standard names, or one file. */
#ifndef SPICA_DATA_IDX_READER_H
#define SPICA_DATA_IDX_READER_H

#include "data/reader.h"

extern const DataReader idx_reader;

#endif
