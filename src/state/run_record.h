/* run.json: where, when, with what and on what a run was made; one session per start. */
#ifndef SPICA_STATE_RUN_RECORD_H
#define SPICA_STATE_RUN_RECORD_H

#include "state/run_folder.h"

/* Adds a session to the folder's run.json, making the file where it is missing. */
Status run_record_begin(Context *ctx, const RunFolder *folder, const RunRecord *record);

#endif
