/* Networks: a graph of values over one flat block of parameters, compiled for a batch size into plans.
 *
 * Floor plan of the room:
 *   params.h      the flat blocks: parameters, gradients, buffers, and their table
 *   net.h         this file: building the graph
 *   plan.h        compiling it; forward and backward
 *   dnnl_shim.h   the only file that sees oneDNN's types
 *   kernels.h     what we compute ourselves: add + ReLU, leaky ReLU, pooling, batch norm ...
 *   backbone.h    ResNets and WRNs composed from net.h
 *   init.h        initialisations
 *   losses.h      losses with their gradients
 *   optimiser.h   SGD, Adam, schedules, moving averages: one loop each over the flat block
 *   weights.h     safetensors in and out
 */
#ifndef SPICA_NN_NET_H
#define SPICA_NN_NET_H

#include "nn/params.h"

/* A value of the graph: NHWC pictures (height x width x channels per picture) or, when height and width are 1, rows of
 * a matrix. */
typedef int ValueId;

typedef struct Net Net;

/* *net: an empty graph whose one input is NHWC float pictures; close with net_close. */
Status net_open(Context *ctx, Net **net, int channels, int height, int width);
void net_close(Context *ctx, Net **net);

ValueId net_input(const Net *net);

/* Sides and channels of a value. */
void net_shape(const Net *net, ValueId value, int *channels, int *height, int *width);

/* The parameters; see params.h. Allocated by net_finish. */
Params *net_params(Net *net);

/* Graph builders. Each gives the new value in *out; names are torchvision's module names ("layer1.0.conv1"), from which
 * the tensors get ".weight", ".bias", ".running_mean" .... Sizes that do not fit are SPICA_ERROR_INTERNAL. */
Status net_conv(Context *ctx, Net *net, ValueId in, const char *name, int channels, int kernel, int stride, int padding,
                ValueId *out); /* no bias: batch norm follows */
/* eps 1e-5. momentum: PyTorch's, the new batch's share in the running statistics. */
Status net_batch_norm(Context *ctx, Net *net, ValueId in, const char *name, float momentum, ValueId *out);
/* slope: 0 for ReLU, else leaky ReLU's. */
Status net_relu(Context *ctx, Net *net, ValueId in, float slope, ValueId *out);
Status net_add(Context *ctx, Net *net, ValueId a, ValueId b, ValueId *out);
Status net_max_pool(Context *ctx, Net *net, ValueId in, int kernel, int stride, int padding, ValueId *out);
Status net_global_avg_pool(Context *ctx, Net *net, ValueId in, ValueId *out);
Status net_linear(Context *ctx, Net *net, ValueId in, const char *name, int features, ValueId *out); /* with bias */
Status net_dropout(Context *ctx, Net *net, ValueId in, float probability, ValueId *out);

/* Plans compute the network's convolutions by plain sums, without Winograd's transforms: they round less and take
 * longer. */
void net_use_direct_convolutions(Net *net);

/* Ends building: allocates parameters, gradients and buffers (weights zero, batch norm scale 1, variance 1). */
Status net_finish(Context *ctx, Net *net);

#endif
