/* The terminal: results on stdout, everything else on stderr. */
#ifndef SPICA_CLI_CONSOLE_H
#define SPICA_CLI_CONSOLE_H

#include <stdbool.h>

#include "spica/spica.h"

typedef struct Console {
    bool terminal;       /* stderr is one: a progress line is redrawn in place */
    bool colour;         /* a terminal, and NO_COLOR is not set */
    bool quiet;          /* no log and no progress; errors still */
    bool line_shown;     /* a progress line stands at the cursor */
    double next_plain;   /* monotonic seconds before which no plain progress line is due */
    char stage_text[32]; /* its copy: the library's text lives during the call only */
} Console;

void console_open(Console *console);

/* The callbacks for spica_context_open; user is the Console. */
void console_log(void *user, spica_log_level level, const char *line);
void console_progress(void *user, const spica_progress *progress);

/* "spica: message" on stderr, in one line, after the progress line is gone. */
void console_error(Console *console, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Removes the progress line. */
void console_clear(Console *console);

/* Catches SIGINT, SIGTERM and, unless it is ignored, SIGHUP: the first one asks the library to stop, the second ends
 * the process at once. */
void signals_catch(void);

/* The cancel callback: nonzero after a signal. */
int signals_cancel(void *user);

/* 130 after SIGINT, 143 after SIGTERM, 129 after SIGHUP, else 0. */
int signals_exit_status(void);

#endif
