/* The rows that a partition is made of. */
#ifndef SPICA_METHODS_PARTITION_INPUT_H
#define SPICA_METHODS_PARTITION_INPUT_H

#include "config/partition_on.h"
#include "data/dataset.h"

/* Zeroed may be closed. */
typedef struct PartitionInput {
    PartitionOn on;
    bool given;                  /* the data are embeddings themselves: no pictures */
    float scale;                 /* of given embeddings: stage 1 divides them by it before it normalises them */
    int height, width, channels; /* of the data */
    size_t values;               /* numbers of a row before any projection: pixels, or an embedding's */
    size_t components;           /* principal components; 0: no projection */
    float *mean;                 /* [values], owned: of the projection */
    float *directions;           /* [components x values], owned */
} PartitionInput;

void partition_input_close(Context *ctx, PartitionInput *input);

/* Numbers of a row that is clustered. */
size_t partition_input_dim(const PartitionInput *input);

/* *rows: [count x pixels] of the data set's pictures, 0 .. 255 as 0 .. 1, of embeddings their numbers; owned by the
 * caller. */
Status partition_pixels(Context *ctx, const Dataset *dataset, float **rows);

/* Finds input->mean and directions of rows[count x values] for input->components, rounded to single precision. */
Status partition_input_fit(Context *ctx, PartitionInput *input, const float *rows, size_t count, uint64_t seed);

/* *rows[count x values] become [count x partition_input_dim]: a new block where there is a projection. */
Status partition_input_project(Context *ctx, const PartitionInput *input, float **rows, size_t count);

#endif
