/* A CIFAR-100 folder. The first byte tells how many of the others are the file of the coarse names; the rest is
 * repeated to two whole records, unless the last byte is 0: then it is the file as it stands. */
#include "fuzzing.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    static uint8_t records[2 * 3074];
    if (count < 2) return 0;
    const size_t names = bytes[0] < count - 1 ? bytes[0] : count - 2;
    const uint8_t *rest = bytes + 1 + names;
    const size_t left = count - 1 - names;
    for (size_t i = 0; i < sizeof records; i++)
        records[i] = rest[i % left];
    fuzz_file("coarse_label_names.txt", bytes + 1, names);
    if (bytes[count - 1] == 0)
        fuzz_file("test.bin", rest, left);
    else
        fuzz_file("test.bin", records, sizeof records);
    fuzz_dataset(fuzz_folder());
    return 0;
}
