/* How much slower the double softmax learns than a single one, by probability (SPICE's Fig. A.1). */
#ifndef SPICA_RUN_GRADIENT_RATIO_H
#define SPICA_RUN_GRADIENT_RATIO_H

#include "base/memory.h"

#define GRADIENT_RATIOS "gradient-ratio.csv"

/* r_k of Eq. A-6 for one prediction: ratios[clusters] = (dL/da_k by the double softmax) / (dL/da_k by a single one) for
 * probabilities[clusters], all above 0 and below 1, and the pseudo-label. */
void gradient_ratios(float *ratios, const float *probabilities, size_t clusters, int32_t label);

/* The file of the figure's case, a prediction of 8 clusters that favours another one than the pseudo-label's, in
 * `folder`. Errors: SPICA_ERROR_IO. */
Status gradient_ratio_write(Context *ctx, const char *folder);

#endif
