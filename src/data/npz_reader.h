/* NumPy's archives of arrays (.npz), as numpy.savez and numpy.savez_compressed write them. */
#ifndef SPICA_DATA_NPZ_READER_H
#define SPICA_DATA_NPZ_READER_H

#include "data/reader.h"

extern const DataReader npz_reader;

#endif
