/* Pictures as files: a folder of any depth, a tar, a text file with a path per line, a CSV file path[,label], one
 * picture. They are decoded by helper processes, once, into the cache. */
#ifndef SPICA_DATA_PICTURE_READER_H
#define SPICA_DATA_PICTURE_READER_H

#include "data/picture_list.h"
#include "data/reader.h"

/* data.size = 0: pictures of one size keep it up to here; else this is the size. */
#define PICTURE_SIZE_USUAL 96

extern const DataReader picture_reader;

/* Decodes a list's pictures, of which data.limit may leave some out: pixels, sizes and paths of the dataset, and what
 * became of the others. usual_size: what data.size = 0 means, as above. Afterwards the list's entries without a problem
 * are the dataset's rows, in their order; texts of the list have become the dataset's. Errors: SPICA_ERROR_DATA where
 * no picture can be read, or with data.strict not all; those of decode_pictures. */
Status pictures_read_list(Context *ctx, Dataset *dataset, const ReadRequest *request, PictureList *list,
                          int usual_size);

#endif
