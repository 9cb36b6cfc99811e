/* How a training tells that it has left the finite numbers. */
#ifndef SPICA_METHODS_NUMERIC_FAULT_H
#define SPICA_METHODS_NUMERIC_FAULT_H

#include "nn/plan.h"

/* Records and returns SPICA_ERROR_NUMERIC: the loss of `stage` is not finite at this step, and where that began, found
 * in the weights and the last forwards of plans[count] after the fact. NULL plans are passed over. */
Status numeric_fault(Context *ctx, const char *stage, uint64_t step, Plan *const plans[], size_t count);

#endif
