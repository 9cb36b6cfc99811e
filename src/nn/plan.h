/* A network compiled for one batch size: one list of ready steps and one arena, so that forward and backward are loops
 * over a list and nothing is allocated while training. */
#ifndef SPICA_NN_PLAN_H
#define SPICA_NN_PLAN_H

#include "nn/net.h"

typedef enum PlanKind {
    PLAN_TRAIN,         /* batch statistics; keeps what backward needs */
    PLAN_TRAIN_FORWARD, /* batch statistics, nothing kept: MoCo's key encoder */
    PLAN_INFER,         /* running statistics, folded where possible; buffers reused by liveness */
} PlanKind;

typedef struct PlanSettings {
    PlanKind kind;
    size_t batch;       /* pictures per call, exactly */
    int bn_groups;      /* batch norm over this many equal groups of the batch; 0 and 1: the whole batch */
    ValueId outputs[4]; /* values to be read after forward */
    int output_count;
    bool update_running; /* TRAIN, TRAIN_FORWARD: also move the running statistics (PyTorch's unbiased variance) */
    uint64_t seed;       /* dropout */
    bool recompute;      /* TRAIN: backward computes the convolutions' outputs again instead of keeping them: the same
                            bits, less memory, a third more work. The context may ask for it too */
    int reference;       /* 1: plain C steps instead of the fast ones, for tests */
} PlanSettings;

typedef struct Plan Plan;

/* *plan: closed by plan_close before its network. Uses ctx->threads at every call. Several plans may share a network;
 * a plan sees changed weights after params_changed. */
Status plan_open(Context *ctx, Plan **plan, Net *net, const PlanSettings *settings);
void plan_close(Context *ctx, Plan **plan);

/* input: batch x height x width x channels, NHWC; read during the call (and during plan_backward). */
Status plan_forward(Context *ctx, Plan *plan, const float *input);

/* Output number `index` of the settings after plan_forward: plain NHWC, batch x height x width x channels, for matrices
 * batch x features. Valid until the next plan_forward. */
const float *plan_output(const Plan *plan, int index);

/* TRAIN only. d_outputs[i]: gradient of the loss with respect to output i in plan_output's layout, or NULL for none.
 * Overwrites the network's gradients (no accumulation). */
Status plan_backward(Context *ctx, Plan *plan, const float *const d_outputs[]);

/* Dropout's masks depend on the seed, on how many forwards the plan has made, picture and node. A resumed run sets the
 * number of forwards made so far; a new plan stands at 0. */
void plan_set_step(Plan *plan, uint64_t step);

/* Adds what a plan keeps from one forward to the next, dropout's counter, to a state under this name. */
Status plan_state(Context *ctx, Plan *plan, const char *name, StateParts *parts);

/* Where a training that failed left the finite numbers: `words` becomes "in the weights layer1.0.conv1.weight", or from
 * the last forward "in the output of layer1.0.conv1", "" where all is finite. That forward is run once more, so its
 * input must stand where it did, and the running statistics are moved again. A plan of plain C steps says "". */
Status plan_describe_fault(Context *ctx, Plan *plan, char *words, size_t capacity);

/* Bytes of the plan's arena. */
size_t plan_bytes(const Plan *plan);

#endif
