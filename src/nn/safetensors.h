/* The safetensors format: 8 bytes little-endian header length, a JSON header {"__metadata__": {text: text}, name:
 * {"dtype", "shape", "data_offsets": [begin, end]}}, then the tensors' bytes without holes.
 * https://huggingface.co/docs/safetensors; weights.h is what stands on top of it. */
#ifndef SPICA_NN_SAFETENSORS_H
#define SPICA_NN_SAFETENSORS_H

#include <stdint.h>
#include <stdio.h>

#include "base/memory.h"

#define SAFETENSORS_MAX_RANK 8
/* The format's own limit. */
#define SAFETENSORS_MAX_HEADER 100000000u

/* name in files, bytes of an element, whether we read its values */
#define SAFETENSORS_TYPE_LIST(X)                                                                                       \
    X(BOOL, 1, false)                                                                                                  \
    X(U8, 1, false)                                                                                                    \
    X(I8, 1, false)                                                                                                    \
    X(F8_E4M3, 1, false)                                                                                               \
    X(F8_E5M2, 1, false)                                                                                               \
    X(I16, 2, false)                                                                                                   \
    X(U16, 2, false)                                                                                                   \
    X(F16, 2, true)                                                                                                    \
    X(BF16, 2, true)                                                                                                   \
    X(I32, 4, true)                                                                                                    \
    X(U32, 4, false)                                                                                                   \
    X(F32, 4, true)                                                                                                    \
    X(I64, 8, true)                                                                                                    \
    X(U64, 8, false)                                                                                                   \
    X(F64, 8, true)

typedef enum SafetensorsType {
#define SAFETENSORS_ENUM(name, bytes, readable) SAFETENSORS_##name,
    SAFETENSORS_TYPE_LIST(SAFETENSORS_ENUM)
#undef SAFETENSORS_ENUM
        SAFETENSORS_TYPE_COUNT
} SafetensorsType;

typedef struct SafetensorsEntry {
    const char *name;
    SafetensorsType type;
    int rank;
    int64_t shape[SAFETENSORS_MAX_RANK];
    uint64_t count;      /* elements */
    uint64_t begin, end; /* bytes, from the header's end */
} SafetensorsEntry;

typedef struct SafetensorsText {
    const char *key, *value;
} SafetensorsText;

/* A checked header: entries in the order of their bytes, which they fill exactly. Zeroed may be closed. */
typedef struct SafetensorsHeader {
    SafetensorsEntry *entries;
    size_t count;
    SafetensorsText *metadata; /* sorted by key */
    size_t metadata_count;
    uint64_t data_offset; /* of the tensors' bytes in the file */
    Arena arena;          /* owns all of the above */
} SafetensorsHeader;

const char *safetensors_type_name(SafetensorsType type);
size_t safetensors_type_bytes(SafetensorsType type);

/* bytes[count]: the JSON header of a file that has data_bytes after it. SPICA_ERROR_WEIGHTS names path and tensor. */
Status safetensors_parse(Context *ctx, SafetensorsHeader *header, const char *path, const char *bytes, size_t count,
                         uint64_t data_bytes);

/* Opens a file, to be closed with fclose (also after a failure, unless NULL), and reads its header. */
Status safetensors_open(Context *ctx, SafetensorsHeader *header, const char *path, FILE **stream);
void safetensors_header_close(Context *ctx, SafetensorsHeader *header);

/* values[entry->count] = the tensor's values as float32. SPICA_ERROR_WEIGHTS: a type that has no float values. */
Status safetensors_read_values(Context *ctx, const SafetensorsHeader *header, const SafetensorsEntry *entry,
                               const char *path, FILE *stream, float *values);

#endif
