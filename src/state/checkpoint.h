/* Checkpoints inside a stage: RUN/checkpoint/STAGE.ckpt, and STAGE.previous.ckpt, the one before it.
 *
 * A file is written beside its place, synced and renamed, so that whatever happens at least one of the two is whole. It
 * says itself what is in it (docs/formats.md): magic and version with a checksum of their own, a JSON header with the
 * parts' names and sizes, their bytes, and a CRC-32 of everything. */
#ifndef SPICA_STATE_CHECKPOINT_H
#define SPICA_STATE_CHECKPOINT_H

#include <stdio.h>

#include "base/state_parts.h"
#include "state/run_folder.h"

/* Of the files that are written. Files of a newer version are refused. */
#define CHECKPOINT_VERSION 1

/* A file that was found whole. Zeroed may be closed. */
typedef struct Checkpoint {
    FILE *stream;
    char *path;     /* owned */
    json_t *header; /* owned */
    uint64_t body;  /* where the parts' bytes begin */
} Checkpoint;

/* Writes the parts as the stage's latest checkpoint; the one before is kept. Where that fails the old ones stand.
 * Errors: SPICA_ERROR_IO. */
Status checkpoint_write(Context *ctx, const RunFolder *folder, const char *stage, const StateParts *parts);

/* Whether there is a file, whole or not. */
Status checkpoint_exists(Context *ctx, const RunFolder *folder, const char *stage, bool *exists);

/* *found: the latest checkpoint of the stage that is whole; damaged ones are told in the log. SPICA_ERROR_RUN: it is of
 * a newer version. SPICA_ERROR_IO: it could not be read. */
Status checkpoint_find(Context *ctx, const RunFolder *folder, const char *stage, Checkpoint *checkpoint, bool *found);
void checkpoint_close(Context *ctx, Checkpoint *checkpoint);

/* Bytes of a part of the checkpoint, 0 where it has none of that name: for state whose size is not known before. */
size_t checkpoint_part_bytes(const Checkpoint *checkpoint, const char *name);

/* Reads every part into its place and raises the versions. SPICA_ERROR_RUN before any place is touched where names or
 * sizes differ. */
Status checkpoint_load(Context *ctx, Checkpoint *checkpoint, const StateParts *parts);

/* Removes both files of a stage, or those of all stages but one. */
Status checkpoint_remove(Context *ctx, const RunFolder *folder, const char *stage);
Status checkpoint_remove_others(Context *ctx, const RunFolder *folder, const char *stage);

#endif
