/* NumPy's array files: any uint8 array of pictures, or data.npy and label.npy as SPICE's authors' program keeps them;
 * an array of floats is embeddings. */
#ifndef SPICA_DATA_NPY_READER_H
#define SPICA_DATA_NPY_READER_H

#include "data/reader.h"

extern const DataReader npy_reader;

#endif
