/* STL-10 in its binary version: train_X.bin, train_y.bin, test_X.bin, test_y.bin, unlabeled_X.bin, class_names.txt. */
#ifndef SPICA_DATA_STL10_READER_H
#define SPICA_DATA_STL10_READER_H

#include "data/reader.h"

extern const DataReader stl10_reader;

#endif
