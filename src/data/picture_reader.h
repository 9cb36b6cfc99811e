/* Pictures as files: a folder of any depth, a text file with a path per line, a CSV file path[,label], one picture.
 * They are decoded by helper processes, once, into the cache. */
#ifndef SPICA_DATA_PICTURE_READER_H
#define SPICA_DATA_PICTURE_READER_H

#include "data/reader.h"

extern const DataReader picture_reader;

#endif
