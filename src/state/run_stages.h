/* Which stages of a run are done: RUN/checkpoint/stages.json. A stage is done when its record stands there and its
 * files have the sizes and checksums that the record tells; where a later stage rewrote one, when that stage is done.
 */
#ifndef SPICA_STATE_RUN_STAGES_H
#define SPICA_STATE_RUN_STAGES_H

#include "state/run_folder.h"

/* *done: the stage is recorded and its files are whole. A damaged or missing file is logged. *facts (may be NULL): what
 * was recorded with it, the caller's until json_decref; NULL when it is not done. */
Status run_stage_find(Context *ctx, const RunFolder *folder, const char *stage, bool *done, json_t **facts);

/* Before a stage is run: forgets it and all stages that were recorded after it with the checkpoints of all other
 * stages, and cuts log.jsonl back to where it stood then, so that a repeated stage does not log twice. With a
 * checkpoint of the stage the log stays: how much of it holds stands there. */
Status run_stage_start(Context *ctx, const RunFolder *folder, const char *stage);

/* Bytes of log.jsonl, 0 when there is none yet; and its end cut off behind so many. */
Status run_log_bytes(Context *ctx, const RunFolder *folder, uint64_t *bytes);
Status run_log_cut(Context *ctx, const RunFolder *folder, uint64_t bytes);

/* Records that the stage is done with these files of the folder (NULL-ended), and removes its checkpoint. facts: an
 * object (seconds, epochs, steps, quality), which stays the caller's; NULL: none. */
Status run_stage_record(Context *ctx, const RunFolder *folder, const char *stage, const char *const *files,
                        json_t *facts);

#endif
