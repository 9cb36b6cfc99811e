#include "base/log.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

static void log_pass(Context *ctx, spica_log_level level, const char *format, va_list arguments) {
    if (ctx->settings.log == NULL) return;
    char line[2048];
    vsnprintf(line, sizeof line, format, arguments);
    ctx->settings.log(ctx->settings.user, level, line);
}

void log_debug(Context *ctx, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    log_pass(ctx, SPICA_LOG_DEBUG, format, arguments);
    va_end(arguments);
}

void log_info(Context *ctx, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    log_pass(ctx, SPICA_LOG_INFO, format, arguments);
    va_end(arguments);
}

void log_warning(Context *ctx, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    log_pass(ctx, SPICA_LOG_WARNING, format, arguments);
    va_end(arguments);
}

spica_settings log_silence(Context *ctx) {
    const spica_settings settings = ctx->settings;
    ctx->settings.log = NULL;
    ctx->settings.progress = NULL;
    return settings;
}

void log_speak(Context *ctx, spica_settings settings) { ctx->settings = settings; }

double clock_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

void progress_start(Progress *progress, Context *ctx, const char *stage, const char *unit, double total) {
    *progress = (Progress){.ctx = ctx, .stage = stage, .unit = unit, .total = total, .started = clock_seconds()};
    progress->reported = progress->started;
}

void progress_finish(Progress *progress, double done, double loss) {
    const spica_settings *settings = &progress->ctx->settings;
    if (settings->progress == NULL) return;
    const double now = clock_seconds(), elapsed = now - progress->started;
    const double rate = elapsed > 0.0 ? (done - progress->begun) / elapsed : 0.0;
    const double left = rate > 0.0 && progress->total > 0.0 ? (progress->total - done) / rate : -1.0;
    const spica_progress report = {
        .stage = progress->stage,
        .unit = progress->unit,
        .done = done,
        .total = progress->total,
        .rate = rate,
        .seconds_left = left,
        .loss = loss,
    };
    settings->progress(settings->user, &report);
    progress->reported = now;
}

void progress_update(Progress *progress, double done, double loss) {
    if (clock_seconds() - progress->reported >= 0.1) progress_finish(progress, done, loss);
}
