/* One convolution of a plan, by whichever kernel serves its shape and pass: the library's (dnnl_shim.h) or one of our
 * own (own_conv.h). The functions are those of dnnl_shim.h. */
#ifndef SPICA_NN_CONV_KERNEL_H
#define SPICA_NN_CONV_KERNEL_H

#include "nn/dnnl_shim.h"

typedef struct ConvKernel ConvKernel;

/* options->algorithm OWN falls back to the library's best where there is no such kernel; where the library has only
 * plain loops, DIRECT is our gathers. */
Status conv_kernel_open(Context *ctx, DnnlShim *shim, ConvKernel **kernel, const ConvShape *shape,
                        const ConvOptions *options);
void conv_kernel_close(Context *ctx, ConvKernel **kernel);

size_t conv_kernel_weight_floats(const ConvKernel *kernel); /* in the kernel's own form */
size_t conv_kernel_scratch_bytes(const ConvKernel *kernel);
const char *conv_kernel_name(const ConvKernel *kernel);

bool conv_kernel_runs_anywhere(const ConvKernel *kernel);
Status conv_kernel_bind(Context *ctx, ConvKernel *kernel, const ConvBuffers *buffers, size_t count);
bool conv_kernel_run(const ConvKernel *kernel, size_t slice, const ConvBuffers *buffers);

/* Whether several threads may pack at once, each into its own copy. */
bool conv_kernel_packs_anywhere(const ConvKernel *kernel);
Status conv_kernel_pack(Context *ctx, ConvKernel *kernel, const float *plain, float *packed);
Status conv_kernel_unpack(Context *ctx, ConvKernel *kernel, const float *packed, float *plain);

#endif
