/* The graph behind net.h, as plan_build.c and reference.c read it. One node makes one value: a ValueId is the node's
 * index, and nodes stand in an order in which every node follows its inputs. */
#ifndef SPICA_NN_NET_GRAPH_H
#define SPICA_NN_NET_GRAPH_H

#include "nn/net.h"

typedef enum NodeKind {
    NODE_INPUT,
    NODE_CONV,
    NODE_BATCH_NORM,
    NODE_RELU,
    NODE_ADD,
    NODE_MAX_POOL,
    NODE_AVG_POOL,
    NODE_LINEAR,
    NODE_DROPOUT,
} NodeKind;

#define NORM_EPSILON 1e-5 /* PyTorch's default */

typedef struct Node {
    NodeKind kind;
    ValueId in[2];               /* -1: none */
    int channels, height, width; /* of the value it makes */
    int kernel, stride, padding; /* convolution, max pool */
    float slope;                 /* ReLU */
    float momentum;              /* batch norm */
    float probability;           /* dropout */
    int weight, bias;            /* places in Params.table: weight and bias, or scale and shift; -1: none */
    int running;                 /* place of the running mean in Params.buffer_table; variance and count follow */
    bool matrix;                 /* a plain matrix of batch x channels: comes from a pool over everything or a linear
                                    layer */
} Node;

struct Net {
    Context *ctx; /* whose allocator holds the blocks; never used for reasons */
    Node *nodes;
    int count, capacity;
    Params params;
    size_t table_capacity, buffer_table_capacity;
    bool finished;
    bool direct; /* net_use_direct_convolutions */
};

static inline const Node *net_node(const Net *net, ValueId value) { return &net->nodes[value]; }

static inline size_t node_pixels(const Node *node) { return (size_t)node->height * (size_t)node->width; }

/* The node's weight, bias (of index +1 in the table) and running statistics in the flat blocks. */
static inline float *net_values(const Net *net, int place) {
    return net->params.values + net->params.table[place].offset;
}
static inline float *net_gradients(const Net *net, int place) {
    return net->params.gradients + net->params.table[place].offset;
}
static inline float *net_buffers(const Net *net, int place) {
    return net->params.buffers + net->params.buffer_table[place].offset;
}

#endif
