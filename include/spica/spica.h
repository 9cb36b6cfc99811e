/* spica: group unlabelled pictures into K meaningful clusters.
 *
 * The one public header of libspica. The library never exits, aborts or prints: every fallible function returns a
 * spica_status, and the reason in words (with path, option or byte offset) is kept on the context. A context serves
 * one calling thread at a time; different threads use different contexts.
 */
#ifndef SPICA_SPICA_H
#define SPICA_SPICA_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define SPICA_API __attribute__((visibility("default")))
#else
#define SPICA_API
#endif

/* name, text in words, exit status that the command line gives it */
#define SPICA_STATUS_LIST(X)                                                                                           \
    X(SPICA_OK, "done", 0)                                                                                             \
    X(SPICA_ERROR_OPTION, "wrong option or value", 2)                                                                  \
    X(SPICA_ERROR_DATA, "data missing, unreadable, of wrong format or too few", 3)                                     \
    X(SPICA_ERROR_MEMORY, "out of memory", 1)                                                                          \
    X(SPICA_ERROR_IO, "file could not be read or written", 1)                                                          \
    X(SPICA_ERROR_RUN, "run folder is missing, damaged or of another run", 1)                                          \
    X(SPICA_ERROR_WEIGHTS, "weights file does not fit", 1)                                                             \
    X(SPICA_ERROR_NUMERIC, "computation left the finite numbers", 1)                                                   \
    X(SPICA_ERROR_INTERNAL, "internal error", 1)                                                                       \
    X(SPICA_CANCELLED, "cancelled", 130)

typedef enum spica_status {
#define SPICA_STATUS_NAME(name, text, exit_status) name,
    SPICA_STATUS_LIST(SPICA_STATUS_NAME)
#undef SPICA_STATUS_NAME
} spica_status;

/* The status in words; never NULL. */
SPICA_API const char *spica_status_text(spica_status status);

/* The version of the library in use, "MAJOR.MINOR.PATCH". */
SPICA_API const char *spica_version(void);

typedef enum spica_log_level { SPICA_LOG_DEBUG, SPICA_LOG_INFO, SPICA_LOG_WARNING } spica_log_level;

/* One report of how far a stage has come. Text pointers are valid during the call only. */
typedef struct spica_progress {
    const char *stage;   /* "features", "head", "joint", "embed" ... */
    const char *unit;    /* what done and total count: "step", "picture" */
    double done;         /* units finished */
    double total;        /* units in the stage, 0 when unknown */
    double rate;         /* units a second, 0 when unknown */
    double seconds_left; /* estimate for the stage, negative when unknown */
    double loss;         /* latest training loss, NaN where there is none */
} spica_progress;

/* What a caller may hand to spica_context_open. Zeroed means: all defaults. Callbacks are called from the thread that
 * called the library. */
typedef struct spica_settings {
    void *(*allocate)(void *user, size_t bytes,
                      size_t alignment);      /* NULL: the C library's; alignment: a power of two */
    void (*release)(void *user, void *block); /* set together with allocate, or both NULL */
    void (*log)(void *user, spica_log_level level, const char *line);
    void (*progress)(void *user, const spica_progress *progress);
    int (*cancel)(void *user); /* nonzero: stop at the next step with SPICA_CANCELLED */
    void *user;
} spica_settings;

typedef struct spica_context spica_context;

/* Opens a context. settings may be NULL. *context is NULL after a failure. */
SPICA_API spica_status spica_context_open(spica_context **context, const spica_settings *settings);

/* Closes a context and sets the caller's pointer to NULL; closing NULL is allowed. */
SPICA_API void spica_context_close(spica_context **context);

/* The reason of the latest failure on this context in one line; "" when there was none. Valid until the next call. */
SPICA_API const char *spica_context_reason(const spica_context *context);

#ifdef __cplusplus
}
#endif

#endif
