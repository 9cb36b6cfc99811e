#include "run/stage_keeper.h"

#include "base/log.h"

Status keeper_open(Context *ctx, StageKeeper *keeper, const Run *run, const char *stage) {
    const double now = clock_seconds();
    bool remains;
    *keeper = (StageKeeper){.run = run, .stage = stage, .started = now, .kept = now};
    TRY(run_stage_start(ctx, &run->folder, stage));
    TRY(checkpoint_find(ctx, &run->folder, stage, &keeper->checkpoint, &keeper->found));
    if (keeper->found) return SPICA_OK;
    /* Damaged ones are gone now: the stage begins anew, and so does its part of the log. */
    TRY(checkpoint_exists(ctx, &run->folder, stage, &remains));
    return remains ? SPICA_OK : run_stage_start(ctx, &run->folder, stage);
}

void keeper_close(Context *ctx, StageKeeper *keeper) { checkpoint_close(ctx, &keeper->checkpoint); }

static Status name_parts(Context *ctx, StageKeeper *keeper, StateParts *parts) {
    TRY(STATE_VALUE(ctx, parts, &keeper->seconds, "seconds"));
    TRY(STATE_VALUE(ctx, parts, &keeper->log_bytes, "log_bytes"));
    return keeper->state(ctx, keeper->user, parts);
}

Status keeper_resume(Context *ctx, StageKeeper *keeper, bool *resumed) {
    StateParts parts = {0};
    *resumed = keeper->found;
    if (!keeper->found) return SPICA_OK;
    Status status = name_parts(ctx, keeper, &parts);
    if (status == SPICA_OK) status = checkpoint_load(ctx, &keeper->checkpoint, &parts);
    if (status == SPICA_OK) status = run_log_cut(ctx, &keeper->run->folder, keeper->log_bytes);
    state_parts_close(ctx, &parts);
    checkpoint_close(ctx, &keeper->checkpoint);
    keeper->before = keeper->seconds;
    return status;
}

/* Spent on the stage by all commands. */
static double seconds_spent(const StageKeeper *keeper) { return keeper->before + clock_seconds() - keeper->started; }

/* A state that has left the finite numbers is not worth keeping: the checkpoint before it is. */
static Status check_finite(Context *ctx, const StageKeeper *keeper, const StateParts *parts) {
    const StatePart *part = state_parts_not_finite(parts);
    if (part == NULL) return SPICA_OK;
    return context_fail(ctx, SPICA_ERROR_NUMERIC, "%s: %s is no longer finite: a smaller %s.learning_rate may help",
                        keeper->stage, part->name, keeper->stage);
}

static Status keep(Context *ctx, StageKeeper *keeper) {
    StateParts parts = {0};
    Status status = run_log_bytes(ctx, &keeper->run->folder, &keeper->log_bytes);
    keeper->seconds = seconds_spent(keeper);
    if (status == SPICA_OK) status = name_parts(ctx, keeper, &parts);
    if (status == SPICA_OK) status = check_finite(ctx, keeper, &parts);
    if (status == SPICA_OK) status = checkpoint_write(ctx, &keeper->run->folder, keeper->stage, &parts);
    state_parts_close(ctx, &parts);
    keeper->kept = clock_seconds();
    return status;
}

Status keeper_between(Context *ctx, StageKeeper *keeper) {
    const double every = options_real(&keeper->run->options, "run.checkpoint_every");
    TRY(context_check_cancel(ctx));
    if (every <= 0.0 || clock_seconds() - keeper->kept < every) return SPICA_OK;
    const Status status = keep(ctx, keeper);
    if (status != SPICA_ERROR_IO) return status;
    log_warning(ctx, "no checkpoint now: %s", ctx->reason);
    return SPICA_OK;
}

Status keeper_interrupt(Context *ctx, StageKeeper *keeper, Status status) {
    if (status != SPICA_CANCELLED) return status;
    TRY(keep(ctx, keeper));
    return context_fail(ctx, SPICA_CANCELLED, "cancelled");
}

Status keeper_record(Context *ctx, const StageKeeper *keeper, const char *const *files, json_t *facts) {
    TRY(json_add_real(ctx, facts, "seconds", seconds_spent(keeper)));
    return run_stage_record(ctx, &keeper->run->folder, keeper->stage, files, facts);
}
