/* An archive of arrays. The archives of tests/golden/npy are a good corpus to begin with. */
#include "fuzzing.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    fuzz_dataset(fuzz_file("arrays.npz", bytes, count));
    return 0;
}
