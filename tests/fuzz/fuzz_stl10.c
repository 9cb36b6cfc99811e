/* An STL-10 folder. The first byte tells how many of the others are the file of names, the second how many of the rest
 * are labels; what is left is repeated to two whole pictures, unless the last byte is 0: then it is the file as it
 * stands. */
#include "fuzzing.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    static uint8_t pictures[2 * 27648];
    if (count < 3) return 0;
    size_t left = count - 2;
    const uint8_t *rest = bytes + 2;
    const size_t names = bytes[0] < left ? bytes[0] : left - 1;
    fuzz_file("class_names.txt", rest, names);
    rest += names, left -= names;
    const size_t labels = bytes[1] < left ? bytes[1] : left - 1;
    fuzz_file("test_y.bin", rest, labels);
    rest += labels, left -= labels;
    for (size_t i = 0; i < sizeof pictures; i++)
        pictures[i] = rest[i % left];
    if (bytes[count - 1] == 0)
        fuzz_file("test_X.bin", rest, left);
    else
        fuzz_file("test_X.bin", pictures, sizeof pictures);
    fuzz_dataset(fuzz_folder());
    return 0;
}
