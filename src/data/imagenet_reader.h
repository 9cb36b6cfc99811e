/* Some classes of ImageNet: its folders by synset, whole or those of ImageNet-10 and ImageNet-Dogs alone. */
#ifndef SPICA_DATA_IMAGENET_READER_H
#define SPICA_DATA_IMAGENET_READER_H

#include "data/reader.h"

extern const DataReader imagenet_reader;

#endif
