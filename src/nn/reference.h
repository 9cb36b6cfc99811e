/* The plain C reference of every operation of net.h: one naive loop per node over NHWC, nothing fused, nothing reused,
 * float64 sums. Tests compare the fast plans with it; PlanSettings.reference selects it. */
#ifndef SPICA_NN_REFERENCE_H
#define SPICA_NN_REFERENCE_H

#include "nn/net_graph.h"
#include "nn/plan.h"

typedef struct Reference Reference;

Status reference_open(Context *ctx, Reference **reference, Net *net, const PlanSettings *settings);
void reference_close(Context *ctx, Reference **reference);

/* step: dropout's counter. */
Status reference_forward(Context *ctx, Reference *reference, const float *input, uint64_t step);
Status reference_backward(Context *ctx, Reference *reference, const float *const d_outputs[]);
const float *reference_output(const Reference *reference, int index);

#endif
