/* A file of records of one size and nothing else, as binary data sets have them. */
#ifndef SPICA_DATA_RECORD_FILE_H
#define SPICA_DATA_RECORD_FILE_H

#include <stdint.h>
#include <stdio.h>

#include "base/context.h"

/* Zeroed may be closed. */
typedef struct RecordFile {
    const char *name; /* in its folder, the caller's */
    char *path;       /* owned */
    FILE *stream;     /* owned, NULL where no file is open */
    size_t bytes;     /* of a record */
    size_t count;     /* of records, at least 1 */
    size_t next;      /* the record that is read next */
} RecordFile;

/* Errors: SPICA_ERROR_DATA where the file is missing, empty or not a whole number of records, SPICA_ERROR_MEMORY. */
Status record_file_open(Context *ctx, RecordFile *file, const char *folder, const char *name, size_t bytes);

/* records[count x bytes]: the next ones. Errors: SPICA_ERROR_DATA, naming the offset. */
Status record_file_read(Context *ctx, RecordFile *file, uint8_t *records, size_t count);

void record_file_close(Context *ctx, RecordFile *file);

#endif
