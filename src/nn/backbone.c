#include "nn/backbone.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Names ---- */

static const struct {
    const char *name;
    BackboneFamily family;
} family_table[] = {
    {"resnet18", BACKBONE_RESNET18},
    {"resnet34", BACKBONE_RESNET34},
    {"resnet50", BACKBONE_RESNET50},
    {"none", BACKBONE_NONE},
};

/* Groups of a WRN and blocks of each. 6 convolutions and the stem's 4 extras per block in three groups (28 = 4 + 6 *
 * 4), or SPICE's WRN-37-2: four groups (37 = 5 + 8 * 4). False: no such depth. */
static bool wrn_layout(int depth, int *groups, int *blocks) {
    *groups = 0;
    if (depth >= 10 && depth <= 1000 && (depth - 4) % 6 == 0) {
        *groups = 3;
        *blocks = (depth - 4) / 6;
    } else if (depth >= 13 && depth <= 1000 && (depth - 5) % 8 == 0) {
        *groups = 4;
        *blocks = (depth - 5) / 8;
    }
    return *groups != 0;
}

/* One to four digits; NULL when there are none. */
static const char *parse_number(const char *text, int *number) {
    const char *end = text;
    *number = 0;
    while (isdigit((unsigned char)*end) && end - text < 4)
        *number = *number * 10 + (*end++ - '0');
    return end > text ? end : NULL;
}

static bool parse_wrn(const char *name, BackboneSpec *spec) {
    int depth, widen, groups, blocks;
    if (strncmp(name, "wrn", 3) != 0) return false;
    const char *end = parse_number(name + 3, &depth);
    if (end == NULL || *end != '-') return false;
    end = parse_number(end + 1, &widen);
    if (end == NULL || *end != '\0' || widen < 1 || !wrn_layout(depth, &groups, &blocks)) return false;
    spec->family = BACKBONE_WRN;
    spec->depth = depth;
    spec->widen = widen;
    return true;
}

Status backbone_parse(Context *ctx, const char *name, BackboneSpec *spec) {
    for (size_t f = 0; f < sizeof family_table / sizeof *family_table; f++)
        if (strcmp(name, family_table[f].name) == 0) {
            spec->family = family_table[f].family;
            spec->depth = 0;
            spec->widen = 0;
            return SPICA_OK;
        }
    if (parse_wrn(name, spec)) return SPICA_OK;
    return context_fail(ctx, SPICA_ERROR_OPTION,
                        "unknown backbone \"%.60s\": resnet18, resnet34, resnet50 or wrnDEPTH-WIDEN (wrn28-2, wrn28-8, "
                        "wrn37-2; DEPTH is 4 + 6n or 5 + 8n)",
                        name);
}

BackboneName backbone_name(const BackboneSpec *spec) {
    BackboneName out;
    if (spec->family == BACKBONE_WRN) {
        snprintf(out.text, sizeof out.text, "wrn%d-%d", spec->depth, spec->widen);
        return out;
    }
    for (size_t f = 0; f < sizeof family_table / sizeof *family_table; f++)
        if (family_table[f].family == spec->family) snprintf(out.text, sizeof out.text, "%s", family_table[f].name);
    return out;
}

static const char *const stem_names[] = {
    [STEM_IMAGENET] = "imagenet", [STEM_STL] = "stl", [STEM_CIFAR] = "cifar", [STEM_SMALL] = "small"};
#define STEM_COUNT (sizeof stem_names / sizeof *stem_names)

const char *backbone_stem_name(BackboneStem stem) { return stem_names[stem]; }

Status backbone_parse_stem(Context *ctx, const char *name, BackboneStem *stem) {
    for (size_t s = 0; s < STEM_COUNT; s++)
        if (strcmp(name, stem_names[s]) == 0) {
            *stem = (BackboneStem)s;
            return SPICA_OK;
        }
    return context_fail(ctx, SPICA_ERROR_OPTION, "unknown stem \"%.60s\": imagenet, stl, cifar or small", name);
}

/* ---- Building: the net, where names begin, and the value that the next layer reads ---- */

typedef struct Builder {
    Context *ctx;
    Net *net;
    const BackboneSpec *spec;
    const char *prefix;
    ValueId value;
} Builder;

typedef struct LayerName {
    char text[72];
} LayerName;

/* prefix + block + layer: "" "layer1.0." "conv1" */
static LayerName layer_name(const Builder *b, const char *block, const char *layer) {
    LayerName name;
    snprintf(name.text, sizeof name.text, "%s%s%s", b->prefix, block, layer);
    return name;
}

static Status add_conv(Builder *b, const char *block, const char *layer, int channels, int kernel, int stride) {
    return net_conv(b->ctx, b->net, b->value, layer_name(b, block, layer).text, channels, kernel, stride, kernel / 2,
                    &b->value);
}

static Status add_norm(Builder *b, const char *block, const char *layer) {
    return net_batch_norm(b->ctx, b->net, b->value, layer_name(b, block, layer).text, b->spec->bn_momentum, &b->value);
}

static Status add_relu(Builder *b) { return net_relu(b->ctx, b->net, b->value, b->spec->relu_slope, &b->value); }

static int value_channels(const Builder *b, ValueId value) {
    int channels, height, width;
    net_shape(b->net, value, &channels, &height, &width);
    return channels;
}

/* ---- ResNets (He et al. 2015), as torchvision builds and names them ---- */

static Status build_resnet_stem(Builder *b) {
    const BackboneStem stem = b->spec->stem;
    const int kernel = stem == STEM_IMAGENET ? 7 : 3;
    const int stride = stem == STEM_IMAGENET || stem == STEM_SMALL ? 2 : 1;
    TRY(add_conv(b, "", "conv1", b->spec->width, kernel, stride));
    TRY(add_norm(b, "", "bn1"));
    TRY(add_relu(b));
    if (stem == STEM_IMAGENET) return net_max_pool(b->ctx, b->net, b->value, 3, 2, 1, &b->value);
    if (stem == STEM_STL) return net_max_pool(b->ctx, b->net, b->value, 2, 2, 1, &b->value);
    return SPICA_OK;
}

/* The block's end: relu(branch + shortcut), the shortcut being a 1x1 convolution where sizes change. */
static Status join_shortcut(Builder *b, const char *block, ValueId in, int channels, int stride) {
    const ValueId branch = b->value;
    b->value = in;
    if (stride != 1 || value_channels(b, in) != channels) {
        TRY(add_conv(b, block, "downsample.0", channels, 1, stride));
        TRY(add_norm(b, block, "downsample.1"));
    }
    TRY(net_add(b->ctx, b->net, branch, b->value, &b->value));
    return add_relu(b);
}

/* 3x3, 3x3 */
static Status build_basic_block(Builder *b, const char *block, int channels, int stride) {
    const ValueId in = b->value;
    TRY(add_conv(b, block, "conv1", channels, 3, stride));
    TRY(add_norm(b, block, "bn1"));
    TRY(add_relu(b));
    TRY(add_conv(b, block, "conv2", channels, 3, 1));
    TRY(add_norm(b, block, "bn2"));
    return join_shortcut(b, block, in, channels, stride);
}

/* 1x1, 3x3 with the stride, 1x1 to four times the channels */
static Status build_bottleneck(Builder *b, const char *block, int channels, int stride) {
    const ValueId in = b->value;
    TRY(add_conv(b, block, "conv1", channels, 1, 1));
    TRY(add_norm(b, block, "bn1"));
    TRY(add_relu(b));
    TRY(add_conv(b, block, "conv2", channels, 3, stride));
    TRY(add_norm(b, block, "bn2"));
    TRY(add_relu(b));
    TRY(add_conv(b, block, "conv3", channels * 4, 1, 1));
    TRY(add_norm(b, block, "bn3"));
    return join_shortcut(b, block, in, channels * 4, stride);
}

static Status build_resnet(Builder *b) {
    static const int blocks[][4] = {
        [BACKBONE_RESNET18] = {2, 2, 2, 2}, [BACKBONE_RESNET34] = {3, 4, 6, 3}, [BACKBONE_RESNET50] = {3, 4, 6, 3}};
    TRY(build_resnet_stem(b));
    for (int layer = 0; layer < 4; layer++)
        for (int i = 0; i < blocks[b->spec->family][layer]; i++) {
            char block[40];
            snprintf(block, sizeof block, "layer%d.%d.", layer + 1, i);
            const int channels = b->spec->width << layer, stride = layer > 0 && i == 0 ? 2 : 1;
            if (b->spec->family == BACKBONE_RESNET50)
                TRY(build_bottleneck(b, block, channels, stride));
            else
                TRY(build_basic_block(b, block, channels, stride));
        }
    return SPICA_OK;
}

/* ---- Wide ResNets (Zagoruyko and Komodakis 2016) with FixMatch's pre-activation blocks ---- */

/* conv2(act(bn2(conv1(act(bn1(x)))))) + shortcut. The shortcut of the first group's first block reads the activated
 * value (activate_before), every other one the block's input. */
static Status build_wrn_block(Builder *b, const char *block, int channels, int stride, bool activate_before) {
    ValueId shortcut = b->value;
    const bool projects = stride != 1 || value_channels(b, shortcut) != channels;
    TRY(add_norm(b, block, "bn1"));
    TRY(add_relu(b));
    if (projects && activate_before) shortcut = b->value;
    TRY(add_conv(b, block, "conv1", channels, 3, stride));
    TRY(add_norm(b, block, "bn2"));
    TRY(add_relu(b));
    if (b->spec->dropout > 0.0f) TRY(net_dropout(b->ctx, b->net, b->value, b->spec->dropout, &b->value));
    TRY(add_conv(b, block, "conv2", channels, 3, 1));
    const ValueId branch = b->value;
    b->value = shortcut;
    if (projects) TRY(add_conv(b, block, "convShortcut", channels, 1, stride));
    return net_add(b->ctx, b->net, branch, b->value, &b->value);
}

static Status build_wrn(Builder *b) {
    int groups, blocks;
    if (!wrn_layout(b->spec->depth, &groups, &blocks))
        return context_fail(b->ctx, SPICA_ERROR_OPTION, "no WRN has depth %d", b->spec->depth);
    TRY(add_conv(b, "", "conv1", 16, 3, b->spec->stem == STEM_SMALL ? 2 : 1));
    for (int group = 0; group < groups; group++)
        for (int i = 0; i < blocks; i++) {
            char block[40];
            snprintf(block, sizeof block, "block%d.layer.%d.", group + 1, i);
            const int first_stride = group > 0 || groups == 4 ? 2 : 1;
            TRY(build_wrn_block(b, block, (16 * b->spec->widen) << group, i == 0 ? first_stride : 1,
                                group == 0 && i == 0));
        }
    TRY(add_norm(b, "", "bn1"));
    return add_relu(b);
}

/* ---- */

static Status check_spec(Context *ctx, const BackboneSpec *spec) {
    if (spec->family == BACKBONE_NONE) return SPICA_OK;
    if (spec->family == BACKBONE_WRN) {
        if (spec->widen < 1 || spec->widen > 512)
            return context_fail(ctx, SPICA_ERROR_OPTION, "a WRN widened %d times: 1 to 512 is possible", spec->widen);
        if (spec->stem != STEM_CIFAR && spec->stem != STEM_SMALL)
            return context_fail(ctx, SPICA_ERROR_OPTION, "a WRN has the stem cifar or small, not %s",
                                backbone_stem_name(spec->stem));
        return SPICA_OK;
    }
    if (spec->width < 1 || spec->width > 8192)
        return context_fail(ctx, SPICA_ERROR_OPTION, "a ResNet of width %d: 1 to 8192 is possible", spec->width);
    if (spec->dropout > 0.0f)
        return context_fail(ctx, SPICA_ERROR_OPTION, "dropout is part of the WRNs only, not of %s",
                            backbone_name(spec).text);
    return SPICA_OK;
}

Status backbone_build(Context *ctx, Net *net, const BackboneSpec *spec, const char *prefix, ValueId *features,
                      ValueId *map) {
    TRY(check_spec(ctx, spec));
    Builder builder = {.ctx = ctx, .net = net, .spec = spec, .prefix = prefix, .value = net_input(net)};
    if (spec->family == BACKBONE_WRN)
        TRY(build_wrn(&builder));
    else if (spec->family != BACKBONE_NONE)
        TRY(build_resnet(&builder));
    if (map != NULL) *map = builder.value;
    return net_global_avg_pool(ctx, net, builder.value, features);
}

Status mlp_build(Context *ctx, Net *net, ValueId in, const char *prefix, int hidden, int out, ValueId *logits) {
    LayerName first, second;
    snprintf(first.text, sizeof first.text, "%s0", prefix);
    snprintf(second.text, sizeof second.text, "%s2", prefix);
    TRY(net_linear(ctx, net, in, first.text, hidden, &in));
    TRY(net_relu(ctx, net, in, 0.0f, &in));
    return net_linear(ctx, net, in, second.text, out, logits);
}
