#include <stdio.h>

#include "command.h"

static spica_status run(spica_context *context, Console *console, const Arguments *arguments) {
    (void)console, (void)arguments;
    char *text = NULL;
    const spica_status status = spica_options_manual(context, &text);
    if (status != SPICA_OK) return status;
    fputs(text, stdout);
    spica_text_free(context, &text);
    return SPICA_OK;
}

const Command command_options = {
    .name = "options",
    .usage = "",
    .summary = "prints the manual of all options (docs/options.md)",
    .least = 0,
    .most = 0,
    .run = run,
};
