/* Status values inside the library, and the macros that pass them on.
 *
 * A function that fails records the reason once, where it is known, with context_fail; a function that only passes an
 * error on uses TRY and adds nothing. */
#ifndef SPICA_BASE_STATUS_H
#define SPICA_BASE_STATUS_H

#include "spica/spica.h"

typedef spica_status Status;
typedef struct spica_context Context;

/* Returns the call's status from the enclosing function unless it is SPICA_OK. */
#define TRY(call)                                                                                                      \
    do {                                                                                                               \
        const Status try_status_ = (call);                                                                             \
        if (try_status_ != SPICA_OK) return try_status_;                                                               \
    } while (0)

/* As TRY, but stores the status and jumps: for functions that have something to close. */
#define TRY_GOTO(status, label, call)                                                                                  \
    do {                                                                                                               \
        (status) = (call);                                                                                             \
        if ((status) != SPICA_OK) goto label;                                                                          \
    } while (0)

/* Records the reason on the context (printf format) and returns `status`, so: return context_fail(ctx, ...); */
Status context_fail(Context *ctx, Status status, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* For clang's analyser, which cannot look into the function: what it returns is `status`. */
#ifdef __clang_analyzer__
#define context_fail(ctx, status, ...) (context_fail((ctx), (status), __VA_ARGS__), (status))
#endif

#endif
