/* What the fuzzing targets share: a context, a scratch folder in memory, the input as a file in it. */
#ifndef SPICA_TESTS_FUZZ_FUZZING_H
#define SPICA_TESTS_FUZZ_FUZZING_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/context.h"
#include "data/dataset.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

/* The folder of this process, made once. */
static inline const char *fuzz_folder(void) {
    static char folder[] = "/dev/shm/spica-fuzz-XXXXXX";
    static int made;
    if (!made && mkdtemp(folder) == NULL) abort();
    made = 1;
    return folder;
}

/* Writes the input to `name` in the folder; the path is valid until the next call. */
static inline const char *fuzz_file(const char *name, const uint8_t *bytes, size_t count) {
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", fuzz_folder(), name);
    FILE *stream = fopen(path, "wb");
    if (stream == NULL || fwrite(bytes, 1, count, stream) != count || fclose(stream) != 0) abort();
    return path;
}

static inline Context *fuzz_context(void) {
    static Context *ctx;
    if (ctx == NULL && spica_context_open(&ctx, NULL) != SPICA_OK) abort();
    ctx->threads = 1;
    return ctx;
}

/* What of an input was not used yet; at least one byte. */
typedef struct FuzzInput {
    const uint8_t *bytes;
    size_t count;
} FuzzInput;

/* The next `wanted` bytes, but not the last one of all, are a file. */
static inline void fuzz_take_file(FuzzInput *input, size_t wanted, const char *name) {
    const size_t count = wanted < input->count ? wanted : input->count - 1;
    fuzz_file(name, input->bytes, count);
    input->bytes += count;
    input->count -= count;
}

/* What is left, repeated to two whole records of `bytes` bytes, is a file; unless its last byte is 0: then as it
 * stands.
 */
static inline void fuzz_take_records(const FuzzInput *input, size_t bytes, const char *name) {
    static uint8_t records[1 << 16];
    if (2 * bytes > sizeof records) abort();
    for (size_t i = 0; i < 2 * bytes; i++)
        records[i] = input->bytes[i % input->count];
    if (input->bytes[input->count - 1] == 0)
        fuzz_file(name, input->bytes, input->count);
    else
        fuzz_file(name, records, 2 * bytes);
}

/* Opens and closes a data set; a failure must have a reason. */
static inline void fuzz_dataset(const char *path) {
    Context *ctx = fuzz_context();
    const DataSettings settings = {.split = SPLIT_TEST};
    Dataset dataset;
    float mean[3], deviation[3];
    const Status status = dataset_open(ctx, &dataset, path, &settings);
    if (status == SPICA_OK)
        dataset_statistics(&dataset, mean, deviation);
    else if (*spica_context_reason(ctx) == '\0')
        abort();
    dataset_close(ctx, &dataset);
}

#endif
