/* The state while a graph becomes steps; shared by plan_build.c (forward) and plan_backward.c. */
#ifndef SPICA_NN_PLAN_BUILDER_H
#define SPICA_NN_PLAN_BUILDER_H

#include "nn/plan_steps.h"

/* A summand of a value's gradient: a buffer, or (norm >= 0) what batch norm's backward makes of the buffer when the
 * value's own gradient is wanted at last. */
typedef struct Contribution {
    BufferId buffer;
    int norm;
    bool mask; /* the buffer still lacks the activation's mask */
    float slope;
    bool shared; /* others read the buffer too: not to be overwritten */
} Contribution;

#define CONTRIBUTIONS 8

/* Neighbouring element-wise nodes that one kernel computes: [batch norm] [+ [batch norm]] [activation]. */
typedef struct Group {
    ValueId a, b;           /* operands before their batch norms; b -1: none */
    ValueId a_norm, b_norm; /* batch norm nodes, -1: none */
    float slope;            /* 1: no activation */
} Group;

typedef struct Value {
    bool needed;  /* an output depends on it */
    bool emitted; /* computed by the steps so far */
    bool output;
    bool gradient;  /* depends on parameters */
    int readers;    /* needed nodes that read it */
    int unread;     /* of them, not yet emitted */
    ValueId reader; /* one of them */
    Layout layout;
    Grid grid;
    BufferId buffer;
    BufferId recomputed; /* backward: a second making of it, -1 */
    bool again;          /* backward: `buffer` is a second making of it */
    Group group;         /* element-wise values: how they are made */
    Contribution contributions[CONTRIBUTIONS];
    int contribution_count;
} Value;

typedef struct Builder {
    Context *ctx;
    Plan *plan;
    const Net *net;
    Value *values;
    int *norm_of;   /* node -> place in Plan.norms, -1 */
    int *conv_of;   /* node -> place in Plan.convs, -1 */
    ValueId *order; /* values in the order in which steps compute them */
    int order_count;
    int *unpacks; /* convolutions whose weight gradients still lie in the library's layout */
    int unpack_count;
    Layout house; /* what the convolutions prefer */
    bool again;   /* the steps that are added repeat forward ones */
} Builder;

/* The node that a value reads at place k, dropouts skipped where they do nothing; -1: none. */
ValueId builder_in(const Builder *builder, ValueId value, int k);

Status buffer_add(Builder *builder, size_t unit, size_t chunk, BufferId *id);
/* A buffer for a batch of the value's pictures. */
Status buffer_like(Builder *builder, ValueId value, BufferId *id);
void buffer_pin(Builder *builder, BufferId id);
/* A buffer for the weights of a convolution step, whose size its kernel will tell. */
Status buffer_for_packed(Builder *builder, BufferId *id);

/* Step.uses: the buffers that a step touches. */
#define USES(...)                                                                                                      \
    { __VA_ARGS__, -1 }

/* Appends a step. */
Status step_add(Builder *builder, const Step *step);
size_t chunk_for(const Builder *builder, size_t rows);
bool group_is_simple(const Group *group);
Operand group_operand(const Builder *builder, ValueId value, ValueId norm);

/* plan_backward.c */
Status build_backward(Builder *builder);

#endif
