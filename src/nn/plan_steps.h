/* What a plan is made of; plan.h's inside, shared by plan*.c.
 *
 * A plan is one list of steps, forward then backward. A step that treats every picture alone is sliceable; one that
 * needs the whole batch (finishing a batch norm's statistics, a matrix product) is `whole`. Neighbouring sliceable
 * steps form a segment, which runs slice after slice of the batch, so that what one step writes is still in the cache
 * when the next reads it; a buffer that lives inside one segment holds one slice per worker instead of the batch. */
#ifndef SPICA_NN_PLAN_STEPS_H
#define SPICA_NN_PLAN_STEPS_H

#include <stdatomic.h>

#include "nn/conv_kernel.h"
#include "nn/kernels.h"
#include "nn/net_graph.h"
#include "nn/plan.h"

typedef int BufferId; /* -1: none */

/* What a buffer holds, and where. WHOLE: the batch, one picture behind the other. The others lie in each worker's own
 * part of the arena, so that a core finds there what it has written itself: SHARE, the pictures that are the worker's
 * in every segment, also where another one runs a few of them; SLICE, those of the slice that it is at; COPY, of what
 * has no pictures. */
typedef enum Extent { EXTENT_WHOLE, EXTENT_SHARE, EXTENT_SLICE, EXTENT_COPY } Extent;

typedef struct Buffer {
    size_t unit;     /* floats per picture, or per chunk, or in all */
    size_t chunk;    /* pictures per unit; 0: one unit for all */
    int first, last; /* steps that use it first and last; -1: not used */
    bool pinned;     /* keeps its contents between calls */
    Extent extent;
    size_t stride; /* floats from one worker's to the next one's; of a SHARE besides the pictures between them */
    size_t offset; /* floats from the start of its part of the arena; WHOLE: from the end of its place downwards */
    bool in_gap;   /* WHOLE: at the end of the first worker's part, where that is free at the time */
    float *base;
} Buffer;

/* One batch norm. coefficients: 6 rows for each group: mean, inverse, scale, shift, coefficient, constant. */
typedef struct Norm {
    ValueId node;
    Grid grid;
    size_t chunk; /* pictures per partial sum */
    BufferId partial, backward_partial, coefficients;
} Norm;

/* One convolution with what the plan holds for it. */
typedef struct Conv {
    ValueId node;
    ConvShape shape; /* of the whole batch */
    Layout in, out;
    ValueId folded; /* INFER: the batch norm folded into the weights; -1: none */
    ConvKernel *forward, *data, *weights;
    ConvKernel *again; /* forward, in the backward direction */
    BufferId bias;
    BufferId gradient_packed; /* one part for each group of slices */
    size_t gradient_parts;
} Conv;

typedef struct Slice {
    size_t index, first, count; /* pictures */
    int home;                   /* the worker whose share of the pictures it belongs to */
    int worker, threads;        /* worker: who runs it; threads: that a kernel may use */
} Slice;

typedef struct Step Step;
typedef Status (*StepRun)(Context *ctx, Plan *plan, const Step *step, const Slice *slice);

/* An operand of a combine step: buffer, and the batch norm it goes through, -1: none. */
typedef struct Operand {
    BufferId buffer;
    int norm;
} Operand;

typedef struct ConvStep {
    int conv; /* place in Plan.convs */
    ConvPass pass;
    BufferId in, out, packed; /* packed: the weights as the pass reads them; of a weight gradient -1 */
    bool sum, activate;
    float slope;
} ConvStep;

typedef struct CombineStep {
    Operand a, b;
    BufferId out;
    float slope;
} CombineStep;

typedef struct CombineBackwardStep {
    Operand a, b;
    BufferId g1, g2, out, masked;
    float slope;
} CombineBackwardStep;

typedef struct NormGradientStep {
    int norm;
    BufferId g, x, addend, out;
    bool mask;
    float slope;
} NormGradientStep;

/* Everything else reads one buffer and writes one; `index` is a norm, a convolution or an output where it is said. */
typedef struct UnaryStep {
    BufferId in, out, extra; /* extra: forward input of a linear layer's backward; a max pool's places */
    int index;
} UnaryStep;

#define STEP_BUFFERS 8

struct Step {
    StepRun run;
    const char *name; /* for the profile */
    bool whole;
    bool again;  /* repeats a forward step in the backward direction */
    bool remade; /* makes an element-wise result again: of no weight for the slices, since whether it is `again` depends
                    on PlanSettings.recompute */
    ValueId node;
    Grid grid;
    size_t chunk;                /* pictures that must stay together; a slice is a multiple of it */
    BufferId uses[STEP_BUFFERS]; /* all buffers that it touches, -1 behind the last */
    union {
        ConvStep conv;
        CombineStep combine;
        CombineBackwardStep combine_backward;
        NormGradientStep norm_gradient;
        UnaryStep unary;
    } as;
};

/* Steps first .. last-1, run together slice by slice. */
typedef struct Segment {
    int first, last;
    size_t slices, slice_pictures;
    bool parallel; /* workers run slices side by side, steps in them on one thread */
    bool tied;     /* a kernel of it runs a slice only where it was bound: no worker takes another's */
    size_t groups; /* of neighbouring slices; a group is run by one worker. Its weight gradients are summed as it runs,
                      the groups' at the end, all in order, so that the sums do not depend on the number of threads */
} Segment;

/* The groups of a worker's share that nobody has taken yet: first in the low half, and the one behind the last in the
 * high half. Its worker takes them from the front, others, who are done with their own, from the back: cores are not
 * equally fast at all times. A cache line each. */
typedef struct Queue {
    _Alignas(64) _Atomic uint64_t left;
} Queue;

struct Plan {
    PlanSettings settings;
    Net *net;
    int threads;
    size_t group_pictures;
    DnnlShim *shim;
    Step *steps;
    int step_count, forward_count, step_capacity;
    Segment *segments;
    int segment_count, forward_segments;
    Queue *queues; /* one per worker, of the segment that is run */
    Buffer *buffers;
    int buffer_count, buffer_capacity;
    Norm *norms;
    int norm_count;
    Conv *convs;
    int conv_count;
    float *arena;
    size_t arena_floats;
    BufferId scratch, folded_weights;
    BufferId outputs[4];
    int *unreached; /* entries of Params.table that backward does not reach: their gradients are zeroed */
    int unreached_count;
    uint64_t packed_version; /* INFER: of the parameters in the packed copies; NOT_PACKED */
    uint64_t calls;          /* forwards so far: dropout's step */
    bool forward_done;
    const float *input;
    const float *const *d_outputs;
    double *profile; /* seconds of each step, NULL: not measured */
    struct Reference *reference;
};

#define NOT_PACKED UINT64_MAX

/* The kernel of a convolution step. */
static inline ConvKernel **conv_step_kernel(Conv *convs, const Step *step) {
    Conv *conv = &convs[step->as.conv.conv];
    switch (step->as.conv.pass) {
    case CONV_BACKWARD_DATA: return &conv->data;
    case CONV_BACKWARD_WEIGHTS: return &conv->weights;
    case CONV_FORWARD: break;
    }
    return step->again ? &conv->again : &conv->forward;
}

/* The floats of a buffer that a slice works on. */
static inline float *buffer_at(const Plan *plan, BufferId id, const Slice *slice) {
    const Buffer *buffer = &plan->buffers[id];
    const int part = buffer->extent == EXTENT_SHARE ? slice->home : slice->worker;
    float *base = buffer->base + (size_t)part * buffer->stride;
    if (buffer->chunk == 0 || buffer->extent == EXTENT_SLICE) return base;
    return base + slice->first / buffer->chunk * buffer->unit;
}

static inline float *buffer_or_null(const Plan *plan, BufferId id, const Slice *slice) {
    return id < 0 ? NULL : buffer_at(plan, id, slice);
}

/* The buffers of a convolution step's slice. */
ConvBuffers conv_buffers(const Plan *plan, const Step *step, const Slice *slice);

/* Rows of Norm.coefficients. */
typedef enum NormRow { NORM_MEAN, NORM_INVERSE, NORM_SCALE, NORM_SHIFT, NORM_COEFFICIENT, NORM_CONSTANT } NormRow;
#define NORM_ROWS 6

float *norm_row(const Plan *plan, const Norm *norm, NormRow row);
void norm_task(const Plan *plan, const Norm *norm, NormTask *task);
Grid layout_grid(Layout layout, int channels, int height, int width);

/* plan_steps.c: the steps' run functions. */
Status step_import(Context *ctx, Plan *plan, const Step *step, const Slice *slice);
Status step_export(Context *ctx, Plan *plan, const Step *step, const Slice *slice);
Status step_import_gradient(Context *ctx, Plan *plan, const Step *step, const Slice *slice);
Status step_conv(Context *ctx, Plan *plan, const Step *step, const Slice *slice);
Status step_weight_gradient(Context *ctx, Plan *plan, const Step *step, const Slice *slice);
Status step_unpack(Context *ctx, Plan *plan, const Step *step, const Slice *slice);
Status step_combine(Context *ctx, Plan *plan, const Step *step, const Slice *slice);
Status step_statistics(Context *ctx, Plan *plan, const Step *step, const Slice *slice);
Status step_norm_finish(Context *ctx, Plan *plan, const Step *step, const Slice *slice);
Status step_combine_backward(Context *ctx, Plan *plan, const Step *step, const Slice *slice);
Status step_norm_backward_finish(Context *ctx, Plan *plan, const Step *step, const Slice *slice);
Status step_norm_gradient(Context *ctx, Plan *plan, const Step *step, const Slice *slice);
Status step_max_pool(Context *ctx, Plan *plan, const Step *step, const Slice *slice);
Status step_max_pool_backward(Context *ctx, Plan *plan, const Step *step, const Slice *slice);
Status step_avg_pool(Context *ctx, Plan *plan, const Step *step, const Slice *slice);
Status step_avg_pool_backward(Context *ctx, Plan *plan, const Step *step, const Slice *slice);
Status step_linear(Context *ctx, Plan *plan, const Step *step, const Slice *slice);
Status step_linear_backward(Context *ctx, Plan *plan, const Step *step, const Slice *slice);
Status step_dropout(Context *ctx, Plan *plan, const Step *step, const Slice *slice);

/* INFER: packs the weights where they have changed. */
Status plan_refresh(Context *ctx, Plan *plan);

/* Packs a convolution step's weights into the worker's copy, or into the only one. */
Status plan_pack_step(Context *ctx, Plan *plan, const Step *step, int worker);

/* Whether the steps of a segment with such slices pack the weights that they read when they are run. Not INFER: weights
 * change with every step of a training, and a copy that lives no longer than the one step takes less memory; where
 * there are several slices, than the segment. */
static inline bool packs_in_steps(const Plan *plan, size_t slice_pictures) {
    return plan->settings.kind != PLAN_INFER && slice_pictures == plan->settings.batch;
}

/* Not INFER: packs the weights that the segment's convolutions read, unless they do themselves. To be called before the
 * segment is run: once with SHARED_COPIES, and by every worker for the copies that are its own. */
#define SHARED_COPIES (-1)
Status plan_pack_segment(Context *ctx, Plan *plan, const Segment *segment, int worker);

/* Measures every step of the following calls (seconds add up in plan->profile) until `on` is false. */
Status plan_profile(Context *ctx, Plan *plan, bool on);

/* plan_build.c: the graph -> steps and symbolic buffers. */
Status plan_build(Context *ctx, Plan *plan);

/* plan_memory.c: segments, primitives, the arena. */
Status plan_place(Context *ctx, Plan *plan);

/* The first of the groups, and behind the last one, that are a worker's share: they are dealt out in order. */
size_t plan_share_start(const Plan *plan, const Segment *segment, int worker);
/* The first slice of a group; of the one behind the last: the number of slices. */
size_t plan_group_start(const Segment *segment, size_t group);
/* A slice as its own worker runs it, with kernels on one thread where the segment is parallel. */
Slice plan_slice(const Plan *plan, const Segment *segment, size_t index);

#endif
