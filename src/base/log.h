/* What the library tells its caller while it works. It never prints: lines and progress go to the callbacks. */
#ifndef SPICA_BASE_LOG_H
#define SPICA_BASE_LOG_H

#include "base/context.h"

void log_debug(Context *ctx, const char *format, ...) __attribute__((format(printf, 2, 3)));
void log_info(Context *ctx, const char *format, ...) __attribute__((format(printf, 2, 3)));
void log_warning(Context *ctx, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Nothing is passed on from here to log_speak: for work that is thrown away, or that says nothing new. Returns what
 * log_speak takes. */
spica_settings log_silence(Context *ctx);
void log_speak(Context *ctx, spica_settings settings);

/* Measures rate and time left of one stage, and passes at most ten reports a second on. */
typedef struct Progress {
    Context *ctx;
    const char *stage, *unit;
    double total;
    double begun;   /* units that were done before the start: 0, or set after progress_start */
    double started; /* seconds, monotonic clock */
    double reported;
} Progress;

/* stage and unit must outlive the progress. */
void progress_start(Progress *progress, Context *ctx, const char *stage, const char *unit, double total);

/* done: units finished so far; loss: NaN where there is none. */
void progress_update(Progress *progress, double done, double loss);

/* Reports the last state in any case. */
void progress_finish(Progress *progress, double done, double loss);

/* Seconds of the monotonic clock, from an arbitrary start. */
double clock_seconds(void);

#endif
