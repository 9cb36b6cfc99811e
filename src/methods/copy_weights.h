/* A network that begins with the weights of another one. */
#ifndef SPICA_METHODS_COPY_WEIGHTS_H
#define SPICA_METHODS_COPY_WEIGHTS_H

#include "nn/params.h"

/* Every tensor of `to`, weights and buffers, becomes the one of the same name in `from`; those whose names begin with
 * `except` (NULL: none) stay. Calls params_changed. SPICA_ERROR_WEIGHTS, naming `stage` and the tensor, where `from`
 * has none of that name and size. */
Status copy_weights(Context *ctx, const char *stage, Params *to, const Params *from, const char *except);

#endif
