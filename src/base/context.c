#include "base/context.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <omp.h>

#include "base/log.h"
#include "base/memory.h"

const char *spica_status_text(spica_status status) {
    switch (status) {
#define STATUS_CASE(name, text, exit_status)                                                                           \
    case name: return text;
        SPICA_STATUS_LIST(STATUS_CASE)
#undef STATUS_CASE
    }
    return "unknown status";
}

const char *spica_version(void) { return SPICA_VERSION; }

static void *default_allocate(void *user, size_t bytes, size_t alignment) {
    (void)user;
    if (bytes > SIZE_MAX - alignment) return NULL;
    return aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
}

static void default_release(void *user, void *block) {
    (void)user;
    free(block);
}

spica_status spica_context_open(spica_context **context, const spica_settings *settings) {
    spica_settings used = {0};
    if (settings != NULL) used = *settings;
    *context = NULL;
    if ((used.allocate == NULL) != (used.release == NULL)) return SPICA_ERROR_OPTION;
    if (used.allocate == NULL) {
        used.allocate = default_allocate;
        used.release = default_release;
    }
    Context *ctx = used.allocate(used.user, sizeof *ctx, MEMORY_ALIGNMENT);
    if (ctx == NULL) return SPICA_ERROR_MEMORY;
    memset(ctx, 0, sizeof *ctx);
    ctx->settings = used;
    ctx->threads = omp_get_num_procs();
    *context = ctx;
    return SPICA_OK;
}

int context_use_threads(Context *ctx, int64_t asked) {
    const int before = ctx->threads, most = omp_get_thread_limit();
    omp_set_dynamic(0);
    if (asked > 0) ctx->threads = (int)asked;
    if (ctx->threads > most) {
        if (asked > 0) log_warning(ctx, "%d threads instead of %d: OMP_THREAD_LIMIT", most, ctx->threads);
        ctx->threads = most;
    }
    return before;
}

void spica_context_close(spica_context **context) {
    if (*context == NULL) return;
    const spica_settings settings = (*context)->settings;
    settings.release(settings.user, *context);
    *context = NULL;
}

void spica_context_limit_memory(spica_context *context, size_t bytes) { context->memory_limit = bytes; }

const char *spica_context_reason(const spica_context *context) { return context->reason; }

/* One line: a control character in a path or a parsed word must not break it. */
static void reason_make_line(char *text) {
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f) *text = '?';
}

#undef context_fail /* status.h makes it a macro for the analyser */
Status context_fail(Context *ctx, Status status, const char *format, ...) {
    /* The new reason may quote the old one, so it is made beside it. */
    char reason[sizeof ctx->reason];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reason, sizeof reason, format, arguments);
    va_end(arguments);
    reason_make_line(reason);
    memcpy(ctx->reason, reason, sizeof reason);
    return status;
}

Status context_check_cancel(Context *ctx) {
    if (ctx->settings.cancel == NULL || ctx->settings.cancel(ctx->settings.user) == 0) return SPICA_OK;
    return context_fail(ctx, SPICA_CANCELLED, "cancelled");
}
