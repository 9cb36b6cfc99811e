/* An STL-10 folder. The first byte tells how many of the others are the file of names, the second how many of the rest
 * are labels; what is left are pictures. */
#include "fuzzing.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    if (count < 3) return 0;
    FuzzInput input = {bytes + 2, count - 2};
    fuzz_take_file(&input, bytes[0], "class_names.txt");
    fuzz_take_file(&input, bytes[1], "test_y.bin");
    fuzz_take_records(&input, 27648, "test_X.bin");
    fuzz_dataset(fuzz_folder());
    return 0;
}
