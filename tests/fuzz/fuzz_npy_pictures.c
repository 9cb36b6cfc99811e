/* A folder of pictures and labels in array files: the first byte tells how many of the others are the labels. The magic
 * number and the format stand before either. */
#include <string.h>

#include "fuzzing.h"

static void write_array(const char *name, const uint8_t *bytes, size_t count) {
    static uint8_t file[1 << 20] = {0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0};
    memcpy(file + 8, bytes, count);
    fuzz_file(name, file, count + 8);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    if (count == 0 || count > 1 << 19) return 0;
    const size_t labels = bytes[0] < count ? bytes[0] : count - 1;
    write_array("label.npy", bytes + 1, labels);
    write_array("data.npy", bytes + 1 + labels, count - 1 - labels);
    fuzz_dataset(fuzz_folder());
    return 0;
}
