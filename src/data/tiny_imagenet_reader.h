/* Tiny-ImageNet-200: the folder that its archive unpacks to. */
#ifndef SPICA_DATA_TINY_IMAGENET_READER_H
#define SPICA_DATA_TINY_IMAGENET_READER_H

#include "data/reader.h"

extern const DataReader tiny_imagenet_reader;

#endif
