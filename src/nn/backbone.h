/* Backbones: what the papers train, composed from net.h under torchvision's names. */
#ifndef SPICA_NN_BACKBONE_H
#define SPICA_NN_BACKBONE_H

#include "nn/net.h"

typedef enum BackboneFamily {
    BACKBONE_RESNET18,
    BACKBONE_RESNET34,
    BACKBONE_RESNET50,
    BACKBONE_WRN,
    BACKBONE_NONE, /* for embeddings: the features are the input, 1 x 1 x D */
} BackboneFamily;

typedef enum BackboneStem {
    STEM_IMAGENET, /* 7x7 stride 2, 3x3 max-pool stride 2 */
    STEM_STL,      /* 3x3 stride 1, 2x2 max-pool stride 2 padding 1 */
    STEM_CIFAR,    /* 3x3 stride 1, no pool */
    STEM_SMALL,    /* 3x3 stride 2, no pool: for small machines */
} BackboneStem;

typedef struct BackboneSpec {
    BackboneFamily family;
    BackboneStem stem; /* a WRN has 3x3 stride 1 (CIFAR) or stride 2 (SMALL) */
    int width;         /* ResNet: channels of the first stage, 64 in the papers */
    int depth, widen;  /* WRN-depth-widen: 28-2, 28-8, 37-2 */
    float relu_slope;  /* 0, or 0.1 for the WRNs */
    float bn_momentum; /* PyTorch's: 0.1, or 0.001 for FixMatch's WRNs */
    float dropout;     /* WRNs: between the two convolutions of a block; 0 for ResNets, which have none */
} BackboneSpec;

/* Reads "resnet18", "resnet34", "resnet50", "wrn28-2", "none" ... into family, depth and widen; SPICA_ERROR_OPTION with
 * the known names otherwise. */
Status backbone_parse(Context *ctx, const char *name, BackboneSpec *spec);

/* The name that backbone_parse reads. */
typedef struct BackboneName {
    char text[32];
} BackboneName;
BackboneName backbone_name(const BackboneSpec *spec);

/* "imagenet", "stl", "cifar", "small"; SPICA_ERROR_OPTION with the known names otherwise. */
Status backbone_parse_stem(Context *ctx, const char *name, BackboneStem *stem);
const char *backbone_stem_name(BackboneStem stem);

/* Adds the backbone to the net; *features: after the global average pool, batch x D; *map (may be NULL): the last
 * feature map, for attention maps. Names have `prefix` ("" or "backbone."). */
Status backbone_build(Context *ctx, Net *net, const BackboneSpec *spec, const char *prefix, ValueId *features,
                      ValueId *map);

/* Adds Linear(D,hidden) ReLU Linear(hidden,out): MoCo's projection and SPICE's heads. Names: prefix0, prefix2 as in a
 * torch Sequential ("head.0.weight", "head.2.weight"). */
Status mlp_build(Context *ctx, Net *net, ValueId in, const char *prefix, int hidden, int out, ValueId *logits);

#endif
