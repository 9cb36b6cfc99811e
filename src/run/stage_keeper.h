/* How a stage that takes long is kept while it runs: by time and when it is interrupted, its whole state becomes a
 * checkpoint of the run folder, and a later command goes on from there with the same bits.
 *
 *   keeper_open       at the stage's start, in the place of run_stage_start
 *   keeper_resume     when the trainer is open: the state of the checkpoint, if there is one
 *   keeper_between    before every step
 *   keeper_interrupt  with what came of the steps
 *   keeper_record     when the stage is done
 *   keeper_close      in any case */
#ifndef SPICA_RUN_STAGE_KEEPER_H
#define SPICA_RUN_STAGE_KEEPER_H

#include "run/run.h"
#include "state/checkpoint.h"

/* Zeroed may be closed. */
typedef struct StageKeeper {
    const Run *run;
    const char *stage;
    /* Adds everything of the stage that a step changes; for saving and for loading. Set before keeper_resume. */
    Status (*state)(Context *ctx, void *user, StateParts *parts);
    void *user;
    Checkpoint checkpoint; /* found at the start, for sizes that keeper_resume needs to know; closed by it */
    bool found;
    double started, kept; /* clock at the stage's start, and at its last checkpoint in this command */
    double before;        /* seconds that earlier commands spent on the stage */
    double seconds;       /* of the stage so far, as kept */
    uint64_t log_bytes;   /* of log.jsonl, as kept */
} StageKeeper;

/* The stage begins: what is older is forgotten (run_stage_start) and the latest whole checkpoint looked for. */
Status keeper_open(Context *ctx, StageKeeper *keeper, const Run *run, const char *stage);
void keeper_close(Context *ctx, StageKeeper *keeper);

/* *resumed: there was a checkpoint; every place of the state is as it was, and log.jsonl too. */
Status keeper_resume(Context *ctx, StageKeeper *keeper, bool *resumed);

/* SPICA_CANCELLED when the caller asks to stop. Else writes a checkpoint where run.checkpoint_every has passed; one
 * that cannot be written is told, and the stage goes on. SPICA_ERROR_NUMERIC where the state is no longer finite. */
Status keeper_between(Context *ctx, StageKeeper *keeper);

/* After SPICA_CANCELLED the stage is kept as it stands, between two steps. Returns `status`, or why it could not. */
Status keeper_interrupt(Context *ctx, StageKeeper *keeper, Status status);

/* The stage is done with these files and facts, to which the seconds that all commands have spent on it are added:
 * run_stage_record, which removes the checkpoint. */
Status keeper_record(Context *ctx, const StageKeeper *keeper, const char *const *files, json_t *facts);

#endif
