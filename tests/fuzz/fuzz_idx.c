/* An IDX file of pictures: the input is what follows the magic number. */
#include <string.h>

#include "fuzzing.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    static uint8_t file[1 << 20] = {0, 0, 8, 3};
    if (count > sizeof file - 4) return 0;
    memcpy(file + 4, bytes, count);
    fuzz_dataset(fuzz_file("some-images-idx3-ubyte", file, count + 4));
    return 0;
}
