#include "nn/conv_kernel.h"

#include <string.h>

#include "nn/own_conv.h"

struct ConvKernel {
    DnnlConv *library; /* NULL: our own */
    OwnConv own;
};

/* For shapes that none of its kernels is made for, as from 8 to 16 channels in blocks of 16, the library has plain
 * loops, with which a network takes thirty times as long. */
static bool is_plain_loop(const DnnlConv *conv) { return strncmp(shim_conv_name(conv), "ref", 3) == 0; }

static Status open_library(Context *ctx, DnnlShim *shim, ConvKernel *kernel, const ConvShape *shape,
                           const ConvOptions *options) {
    TRY(shim_conv_open(ctx, shim, &kernel->library, shape, options));
    if (!is_plain_loop(kernel->library) || !own_conv_serves(shape, options)) return SPICA_OK;
    shim_conv_close(ctx, &kernel->library);
    kernel->own = own_conv_make(shape, options);
    return SPICA_OK;
}

Status conv_kernel_open(Context *ctx, DnnlShim *shim, ConvKernel **kernel, const ConvShape *shape,
                        const ConvOptions *options) {
    TRY(NEW_ZEROED(ctx, kernel, 1));
    if (options->algorithm == CONV_OWN && own_conv_serves(shape, options)) {
        (*kernel)->own = own_conv_make(shape, options);
        return SPICA_OK;
    }
    const Status status = open_library(ctx, shim, *kernel, shape, options);
    if (status != SPICA_OK) FREE_ARRAY(ctx, kernel);
    return status;
}

void conv_kernel_close(Context *ctx, ConvKernel **kernel) {
    if (*kernel == NULL) return;
    shim_conv_close(ctx, &(*kernel)->library);
    FREE_ARRAY(ctx, kernel);
}

size_t conv_kernel_weight_floats(const ConvKernel *kernel) {
    return kernel->library != NULL ? shim_conv_weight_floats(kernel->library) : own_conv_weight_floats(&kernel->own);
}

size_t conv_kernel_scratch_bytes(const ConvKernel *kernel) {
    return kernel->library != NULL ? shim_conv_scratch_bytes(kernel->library) : own_conv_scratch_bytes(&kernel->own);
}

const char *conv_kernel_name(const ConvKernel *kernel) {
    return kernel->library != NULL ? shim_conv_name(kernel->library) : own_conv_name(&kernel->own);
}

bool conv_kernel_runs_anywhere(const ConvKernel *kernel) {
    return kernel->library == NULL || shim_conv_runs_anywhere(kernel->library);
}

Status conv_kernel_bind(Context *ctx, ConvKernel *kernel, const ConvBuffers *buffers, size_t count) {
    return kernel->library != NULL ? shim_conv_bind(ctx, kernel->library, buffers, count) : SPICA_OK;
}

bool conv_kernel_run(const ConvKernel *kernel, size_t slice, const ConvBuffers *buffers) {
    if (kernel->library != NULL) return shim_conv_run(kernel->library, slice, buffers);
    own_conv_run(&kernel->own, buffers);
    return true;
}

bool conv_kernel_packs_anywhere(const ConvKernel *kernel) { return kernel->library == NULL; }

Status conv_kernel_pack(Context *ctx, ConvKernel *kernel, const float *plain, float *packed) {
    if (kernel->library != NULL) return shim_conv_pack(ctx, kernel->library, plain, packed);
    own_conv_pack(&kernel->own, plain, packed);
    return SPICA_OK;
}

Status conv_kernel_unpack(Context *ctx, ConvKernel *kernel, const float *packed, float *plain) {
    if (kernel->library != NULL) return shim_conv_unpack(ctx, kernel->library, packed, plain);
    own_conv_unpack(&kernel->own, packed, plain);
    return SPICA_OK;
}
