/* A file of weights: its header, and the values of every tensor. */
#include "fuzzing.h"
#include "nn/safetensors.h"

/* Elements whose values are read: what a header promises fits the file, so that this only bounds the time. */
#define VALUES_MOST ((uint64_t)1 << 16)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    Context *ctx = fuzz_context();
    SafetensorsHeader header = {0};
    FILE *stream = NULL;
    const char *path = fuzz_file("weights.safetensors", bytes, count);
    Status status = safetensors_open(ctx, &header, path, &stream);
    if (status != SPICA_OK && *spica_context_reason(ctx) == '\0') abort();
    for (size_t i = 0; status == SPICA_OK && i < header.count; i++) {
        const SafetensorsEntry *entry = &header.entries[i];
        if (entry->count > VALUES_MOST) continue;
        float *values = malloc((size_t)entry->count * sizeof *values + 1);
        if (values == NULL) abort();
        (void)safetensors_read_values(ctx, &header, entry, path, stream, values);
        free(values);
    }
    if (stream != NULL) fclose(stream);
    safetensors_header_close(ctx, &header);
    return 0;
}
