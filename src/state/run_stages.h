/* Which stages of a run are done: RUN/checkpoint/stages.json. A stage is done when its record stands there and its
 * files have the sizes and checksums that the record tells; where a later stage rewrote one, when that stage is done.
 */
#ifndef SPICA_STATE_RUN_STAGES_H
#define SPICA_STATE_RUN_STAGES_H

#include "state/run_folder.h"

/* *done: the stage is recorded and its files are whole. A damaged or missing file is logged. *facts (may be NULL): what
 * was recorded with it, the caller's until json_decref; NULL when it is not done. */
Status run_stage_find(Context *ctx, const RunFolder *folder, const char *stage, bool *done, json_t **facts);

/* Before a stage is run: forgets it and all stages that were recorded after it, and cuts log.jsonl back to where it
 * stood then, so that a repeated stage does not log twice. */
Status run_stage_start(Context *ctx, const RunFolder *folder, const char *stage);

/* Records that the stage is done with these files of the folder (NULL-ended). facts: an object (seconds, epochs, steps,
 * quality), which stays the caller's; NULL: none. */
Status run_stage_record(Context *ctx, const RunFolder *folder, const char *stage, const char *const *files,
                        json_t *facts);

#endif
