/* Initialisations of a network's weights. */
#ifndef SPICA_NN_INIT_H
#define SPICA_NN_INIT_H

#include "base/random.h"
#include "nn/params.h"

typedef enum InitRule {
    INIT_DEFAULT,  /* torchvision's: convolutions Kaiming normal fan-out; linear layers PyTorch's uniform 1/sqrt(fan-in)
                    */
    INIT_GAUSSIAN, /* normal, deviation 0.01, biases 0 */
    INIT_XAVIER,   /* Xavier normal, biases 0 */
    INIT_KAIMING,  /* Kaiming normal fan-in, biases 0 */
} InitRule;

/* Every tensor draws from a sequence of its own, by its place in the table. Batch norm: scale 1, shift 0. */
void init_params(Params *params, InitRule rule, uint64_t seed, RandomPurpose purpose);

#endif
