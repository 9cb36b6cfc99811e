/* A model: backbone and, where there are any, projection and clustering head, with all that is needed to feed it.
 * Its weights file can be used alone: the file's metadata holds the whole ModelSpec. */
#ifndef SPICA_NN_MODEL_H
#define SPICA_NN_MODEL_H

#include "nn/backbone.h"
#include "nn/weights.h"

typedef struct ModelSpec {
    BackboneSpec backbone;
    int channels, height, width; /* of the input after augmentation's resizing */
    float mean[3], deviation[3]; /* normalisation of the input */
    int sobel;                   /* 1: the input is the two Sobel filters of the grey picture (channels is 2) */
    float enlarge; /* pictures are resized to this many times the input's sides, of which the centre is taken; 0 or 1:
                      the whole picture */
    int projection_hidden;   /* MoCo's projection; 0: D */
    int projection;          /* its output, 128; 0: none */
    int projection_norm;     /* 1: batch norm before its ReLU, as in SimCLR and MoCo v3 */
    int head_linear;         /* 1: a clustering head is one linear layer (PICA), else Linear ReLU Linear (SPICE) */
    int head_hidden;         /* clustering head; 0: D */
    int clusters;            /* K; 0: no head */
    int direct_convolutions; /* 1: convolutions by plain sums alone (net.h) */
    int overclusters;        /* clusters of a second, linear head that helps to train (PICA); 0: none */
} ModelSpec;

typedef struct Model {
    ModelSpec spec;
    Net *net;           /* owned */
    int dimension;      /* D */
    ValueId features;   /* batch x D, not normalised */
    ValueId map;        /* last feature map */
    ValueId projection; /* batch x projection, not normalised; -1 without */
    ValueId logits;     /* batch x K; -1 without */
    ValueId overlogits; /* batch x overclusters; -1 without */
} Model;

/* Builds the network (weights not initialised). Closed by model_close; a zeroed model may be closed. Tensor names: the
 * backbone's as torchvision's, "projection.0.weight" ..., "head.0.weight" ..., "overclustering_head.0.weight" .... */
Status model_open(Context *ctx, Model *model, const ModelSpec *spec);
void model_close(Context *ctx, Model *model);

/* The file keeps what `parts` names, so that backbone.safetensors has no projection. extra: more metadata. */
typedef enum ModelParts {
    MODEL_BACKBONE = 1,
    MODEL_PROJECTION = 2,
    MODEL_HEAD = 4,
    MODEL_OVERCLUSTERING_HEAD = 8,
} ModelParts;
Status model_write(Context *ctx, const char *path, const Model *model, unsigned parts, const WeightsMeta *extra,
                   size_t extra_count);

/* Opens the model that the file's metadata describes and reads its weights. SPICA_ERROR_WEIGHTS: metadata missing or
 * of a newer format version (in words). */
Status model_read(Context *ctx, const char *path, Model *model);

/* The metadata alone. */
Status model_read_spec(Context *ctx, const char *path, ModelSpec *spec);

#endif
