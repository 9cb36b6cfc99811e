/* A folder of gzipped pictures and labels: the input is compressed here, so that the fuzzer works on what is inside. */
#include <zlib.h>

#include "fuzzing.h"

static void write_compressed(const char *name, uint8_t dimensions, const uint8_t *bytes, size_t count) {
    const uint8_t magic[] = {0, 0, 8, dimensions};
    char path[128];
    snprintf(path, sizeof path, "%s/%s", fuzz_folder(), name);
    gzFile stream = gzopen(path, "wb1");
    if (stream == NULL || gzwrite(stream, magic, 4) != 4 ||
        (count > 0 && gzwrite(stream, bytes, (unsigned)count) != (int)count) || gzclose(stream) != Z_OK)
        abort();
}

/* The first byte tells how many of the others are the file of labels. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    if (count == 0) return 0;
    const size_t labels = bytes[0] < count ? bytes[0] : count - 1;
    write_compressed("t10k-labels-idx1-ubyte.gz", 1, bytes + 1, labels);
    write_compressed("t10k-images-idx3-ubyte.gz", 3, bytes + 1 + labels, count - 1 - labels);
    fuzz_dataset(fuzz_folder());
    return 0;
}
