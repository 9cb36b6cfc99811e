#include <stdio.h>

#include "command.h"

static spica_status run(spica_context *context, Console *console, const Arguments *arguments) {
    size_t count, dimension;
    const spica_status status = spica_embed(context, arguments->operands[0], arguments->operands[1], arguments->options,
                                            arguments->output, &count, &dimension);
    if (status != SPICA_OK) return status;
    console_clear(console);
    printf("%zu x %zu float32: %s\n", count, dimension, arguments->output);
    return SPICA_OK;
}

const Command command_embed = {
    .name = "embed",
    .usage = "RUN|WEIGHTS DATA -o FILE.npy [OPTIONS]",
    .summary = "writes the L2-normalised embeddings of the pictures of DATA",
    .least = 2,
    .most = 2,
    .output_needed = "FILE.npy, for the embeddings",
    .takes_output = true,
    .run = run,
};
