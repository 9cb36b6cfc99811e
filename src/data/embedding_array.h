/* Embeddings in place of pictures: an array of floats, N x D. */
#ifndef SPICA_DATA_EMBEDDING_ARRAY_H
#define SPICA_DATA_EMBEDDING_ARRAY_H

#include "data/array_dataset.h"

/* Dataset.kind of embeddings. */
#define EMBEDDINGS_KIND "embeddings"

/* Whether a header is one of floats, of whatever shape and width: pictures are bytes. */
bool array_holds_embeddings(const NpyHeader *header);

/* The rows of part->pictures, whose header was read, become the data set's embeddings, as float32, with part->labels as
 * their labels. Errors: SPICA_ERROR_DATA naming array, shape or row (a number that is not finite), SPICA_ERROR_MEMORY,
 * and the sources' own. */
Status embeddings_read(Context *ctx, Dataset *dataset, const ArrayPart *part, const NpyHeader *header);

#endif
