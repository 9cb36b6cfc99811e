#include <stdio.h>

#include "command.h"

static spica_status run(spica_context *context, Console *console, const Arguments *arguments) {
    const char *folder = arguments->operands[0];
    const spica_report_settings settings = {.data = arguments->operand_count > 1 ? arguments->operands[1] : NULL};
    const spica_status status = spica_report(context, folder, &settings, arguments->options);
    if (status != SPICA_OK) return status;
    console_clear(console);
    printf("%s/report.html\n", folder);
    return SPICA_OK;
}

const Command command_report = {
    .name = "report",
    .usage = "RUN [DATA] [OPTIONS]",
    .summary = "writes RUN/report.html: the clusters, their pictures, a map, and how training went",
    .least = 1,
    .most = 2,
    .run = run,
};
