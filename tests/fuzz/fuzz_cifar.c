/* A CIFAR-10 folder. The first byte tells how many of the others are the file of names; the rest are records. */
#include "fuzzing.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    if (count < 2) return 0;
    FuzzInput input = {bytes + 1, count - 1};
    fuzz_take_file(&input, bytes[0], "batches.meta.txt");
    fuzz_take_records(&input, 3073, "test_batch.bin");
    fuzz_dataset(fuzz_folder());
    return 0;
}
