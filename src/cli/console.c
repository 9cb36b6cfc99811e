#include "console.h"

#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Seconds between two progress lines where stderr is a file or a pipe. */
#define PLAIN_INTERVAL 30.0

static double monotonic_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

void console_open(Console *console) {
    *console = (Console){.terminal = isatty(STDERR_FILENO) != 0};
    const char *no_color = getenv("NO_COLOR");
    console->colour = console->terminal && (no_color == NULL || no_color[0] == '\0');
}

void console_clear(Console *console) {
    if (console->line_shown) fputs("\r\033[K", stderr);
    console->line_shown = false;
}

void console_log(void *user, spica_log_level level, const char *line) {
    Console *console = user;
    if (console->quiet || level == SPICA_LOG_DEBUG) return;
    console_clear(console);
    if (level != SPICA_LOG_WARNING)
        fprintf(stderr, "%s\n", line);
    else if (console->colour)
        fprintf(stderr, "\033[33mwarning:\033[0m %s\n", line);
    else
        fprintf(stderr, "warning: %s\n", line);
}

/* "59 s", "12 min", "1 h 05 min" */
static void format_seconds(char *text, size_t size, double seconds) {
    const long whole = lround(seconds);
    if (whole < 60)
        snprintf(text, size, "%ld s", whole);
    else if (whole < 3600)
        snprintf(text, size, "%ld min %02ld s", whole / 60, whole % 60);
    else
        snprintf(text, size, "%ld h %02ld min", whole / 3600, whole % 3600 / 60);
}

static void progress_text(char *text, size_t size, const spica_progress *progress) {
    char left[48] = "", loss[32] = "", rate[64] = "";
    if (progress->seconds_left >= 0.0) {
        char seconds[32];
        format_seconds(seconds, sizeof seconds, progress->seconds_left);
        snprintf(left, sizeof left, ", %s left", seconds);
    }
    if (!isnan(progress->loss)) snprintf(loss, sizeof loss, ", loss %.4f", progress->loss);
    if (progress->rate > 0.0)
        snprintf(rate, sizeof rate, ", %.*f %ss/s", progress->rate < 100.0 ? 1 : 0, progress->rate, progress->unit);
    snprintf(text, size, "%s: %.0f of %.0f %ss%s%s%s", progress->stage, progress->done, progress->total, progress->unit,
             rate, loss, left);
}

void console_progress(void *user, const spica_progress *progress) {
    Console *console = user;
    if (console->quiet) return;
    char text[256];
    progress_text(text, sizeof text, progress);
    if (console->terminal) {
        fprintf(stderr, "\r\033[K%s", text);
        fflush(stderr);
        console->line_shown = true;
        return;
    }
    const double now = monotonic_seconds();
    if (strcmp(console->stage_text, progress->stage) != 0) {
        snprintf(console->stage_text, sizeof console->stage_text, "%s", progress->stage);
        console->next_plain = now + PLAIN_INTERVAL;
    }
    if (now < console->next_plain) return;
    fprintf(stderr, "%s\n", text);
    console->next_plain = now + PLAIN_INTERVAL;
}

void console_error(Console *console, const char *format, ...) {
    console_clear(console);
    fputs(console->colour ? "\033[31mspica:\033[0m " : "spica: ", stderr);
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
}

static volatile sig_atomic_t caught_signal;

static void signal_caught(int number) {
    if (caught_signal != 0) _exit(128 + number);
    caught_signal = number;
}

/* A terminal that is closed asks to stop, too; but whoever started the program with nohup wants it to go on. */
static void catch_hangup(const struct sigaction *action) {
    struct sigaction before;
    if (sigaction(SIGHUP, NULL, &before) == 0 && before.sa_handler == SIG_IGN) return;
    sigaction(SIGHUP, action, NULL);
}

void signals_catch(void) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = signal_caught;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    catch_hangup(&action);
    /* A reader that goes away shows as a write error, which is reported, instead of a silent end. */
    action.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &action, NULL);
}

int signals_cancel(void *user) {
    (void)user;
    return caught_signal != 0;
}

int signals_exit_status(void) { return caught_signal == 0 ? 0 : 128 + (int)caught_signal; }
