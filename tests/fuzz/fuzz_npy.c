/* An array file. */
#include "base/npy.h"

#include "fuzzing.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    NpyArray array;
    Context *ctx = fuzz_context();
    const Status status = npy_read(ctx, fuzz_file("array.npy", bytes, count), &array);
    if (status != SPICA_OK && *spica_context_reason(ctx) == '\0') abort();
    npy_close(ctx, &array);
    return 0;
}
