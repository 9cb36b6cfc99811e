/* The context: who allocates, who listens, how many threads, and why the last call failed. */
#ifndef SPICA_BASE_CONTEXT_H
#define SPICA_BASE_CONTEXT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

struct spica_context {
    spica_settings settings;   /* the caller's, allocate and release always set */
    int threads;               /* threads for the calls made with this context, at least 1 */
    bool recompute;            /* training plans keep less and compute it again (PlanSettings.recompute) */
    size_t memory_limit;       /* bytes that may be in use at once; 0: no limit */
    atomic_size_t memory_used; /* bytes of all blocks that are not freed yet */
    char reason[1024];         /* latest failure, one line */
};

/* ctx->threads becomes `asked`, where that is not 0, and at most what OMP_THREAD_LIMIT allows, which is told;
 * OMP_DYNAMIC is turned off for the calling thread. OpenBLAS would wait for ever for threads that do not come. Returns
 * what it was before. */
int context_use_threads(Context *ctx, int64_t asked);

/* SPICA_CANCELLED when the caller's cancel callback asks to stop, else SPICA_OK. Called once per training step. */
Status context_check_cancel(Context *ctx);

#endif
