/* The only door to oneDNN: convolutions of one shape and pass, in terms of plain pointers and our own layout names.
 * Written against the C API of 2.6; every type of the library stays in dnnl_shim.c. */
#ifndef SPICA_NN_DNNL_SHIM_H
#define SPICA_NN_DNNL_SHIM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/memory.h"

/* How the floats of a batch of pictures lie in memory. BLOCK16: batch, channels/16, height, width, 16 channels, the
 * channels padded with zeros to a multiple of 16. */
typedef enum Layout { LAYOUT_ANY, LAYOUT_NHWC, LAYOUT_NCHW, LAYOUT_BLOCK8, LAYOUT_BLOCK16 } Layout;

typedef enum ConvPass { CONV_FORWARD, CONV_BACKWARD_DATA, CONV_BACKWARD_WEIGHTS } ConvPass;

typedef struct ConvShape {
    size_t batch;
    int in_channels, in_height, in_width;
    int out_channels, out_height, out_width;
    int kernel, stride, padding;
} ConvShape;

/* DIRECT and WINOGRAD: the library's. OWN: own_conv.h. */
typedef enum ConvAlgorithm { CONV_DIRECT, CONV_WINOGRAD, CONV_OWN } ConvAlgorithm;

typedef struct ConvOptions {
    ConvPass pass;
    ConvAlgorithm algorithm; /* WINOGRAD: where the library has a fast kernel for that, else DIRECT */
    Layout in, out;          /* LAYOUT_ANY: the library's choice */
    bool inference;          /* forward without a backward to follow */
    bool bias;               /* forward: + bias */
    bool sum;                /* forward: the output is added to what the output buffer holds */
    bool activate;           /* forward: then ReLU of `slope` */
    float slope;
    int threads; /* the primitive is made for; 1 where the caller runs slices of the batch in parallel */
} ConvOptions;

typedef struct DnnlShim DnnlShim; /* the engine and its stream; one per plan */
typedef struct DnnlConv DnnlConv;

Status shim_open(Context *ctx, DnnlShim **shim);
void shim_close(Context *ctx, DnnlShim **shim);

/* *conv: closed by shim_conv_close before the shim. SPICA_ERROR_INTERNAL where the library cannot. */
Status shim_conv_open(Context *ctx, DnnlShim *shim, DnnlConv **conv, const ConvShape *shape,
                      const ConvOptions *options);
void shim_conv_close(Context *ctx, DnnlConv **conv);

/* The layouts that the convolution has, after LAYOUT_ANY too. LAYOUT_ANY: one without a name here. */
Layout shim_conv_in_layout(const DnnlConv *conv);
Layout shim_conv_out_layout(const DnnlConv *conv);
size_t shim_conv_weight_floats(const DnnlConv *conv); /* in the convolution's own weight layout */
size_t shim_conv_scratch_bytes(const DnnlConv *conv);
const char *shim_conv_name(const DnnlConv *conv); /* the library's name of the kernel */

/* The buffers of one slice of the batch. In backward passes `in` and `out` are the gradients where the pass writes or
 * reads them. */
typedef struct ConvBuffers {
    float *in, *weights, *bias, *out;
    void *scratch;
    int worker; /* who runs the slice */
} ConvBuffers;

/* Whether any worker can run any slice, and slices need not be bound each to their buffers. */
bool shim_conv_runs_anywhere(const DnnlConv *conv);

/* Prepares the convolution for `count` workers, one element of `buffers` each; where it does not run anywhere, for
 * `count` slices with their buffers. */
Status shim_conv_bind(Context *ctx, DnnlConv *conv, const ConvBuffers *buffers, size_t count);

/* Runs slice number `slice` with these buffers, which are those it was bound to where it does not run anywhere. False
 * when the library failed. May run on several threads at once with different workers. */
bool shim_conv_run(const DnnlConv *conv, size_t slice, const ConvBuffers *buffers);

/* Plain OIHW weights into the convolution's layout, and back (for gradients). */
Status shim_conv_pack(Context *ctx, DnnlConv *conv, const float *plain, float *packed);
Status shim_conv_unpack(Context *ctx, DnnlConv *conv, const float *packed, float *plain);

/* "2.6.3": the library that is loaded. */
void shim_library_version(char *text, size_t size);

#endif
